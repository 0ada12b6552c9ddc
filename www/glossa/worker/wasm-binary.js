/** The engine's WebAssembly binary: which of the two, and where it comes from. */

import { GlossaError, fileUnreadable, messageOf } from '../errors.js';
import { fetchFile, readable } from '../fetch-file.js';
import * as hashedCache from '../hashed-cache.js';
import { canHash, sha256 } from '../sha256.js';
import { binaryName } from './binary-name.js';

/**
 * The folder that has a folder of each binary. This module and the bundle of the worker, `pkg/worker/worker.js`, are
 * both two folders below the folder of the page, so the same relative address does for both.
 */
const BINARIES = new URL('../../pkg/', import.meta.url);

/**
 * What wasm-bindgen makes of `src/wasm.rs`, as far as it is called from here.
 * @typedef {object} Bindings
 * @property {(options: { module_or_path: WebAssembly.Module }) => Promise<unknown>} default
 * @property {string} [sha256] of the binary; `build.sh` adds it
 * @property {BoundAnnotatorClass} Annotator
 *
 * @typedef {object} BoundAnnotatorClass
 * @property {(name: string, files: Record<string, unknown>, options?: object, onProgress?: (event: any) => void,
 *   hashed?: string[]) => BoundAnnotator} fromFiles
 * @property {(name: string, files: Record<string, unknown>) => string[]} externalFiles
 * @property {(text: string, name: string) => import('../pipeline-file.js').ParsedPipeline} parsePipeline
 *
 * @typedef {object} BoundAnnotator
 * @property {() => Omit<import('../annotator.js').Info, 'workers'>} info
 * @property {(text: string, options: object) => Job} begin
 * @property {(job: Job, milliseconds: number) => boolean} advance
 * @property {(job: Job, window: number) => Float32Array} run
 * @property {(job: Job, values: Float32Array) => void} accept
 * @property {(job: Job) => Omit<import('../annotator.js').Annotation, 'windows'>} finish
 * @property {(text: string, options?: object) => object} annotate
 * @property {(text: string, options?: object) => { begin: number, end: number, label?: string, score?: number }[]} label
 * @property {() => void} free
 *
 * @typedef {{ readonly done: number, readonly total: number, free: () => void }} Job
 */

/** @type {Promise<{ bindings: Bindings, compiled: WebAssembly.Module }> | undefined} */
let engine;

/**
 * The bindings of the right binary, ready to use, and the binary compiled. Only that binary is downloaded.
 * @param {WebAssembly.Module} [compiled] the binary, if another worker has compiled it
 * @returns {Promise<{ bindings: Bindings, compiled: WebAssembly.Module }>}
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `file_mismatch`
 */
export function loadEngine(compiled) {
  if (engine) return engine;
  const starting = start(compiled);
  engine = starting;
  // A failed download may be tried again. Whoever has done so is not to be disturbed.
  starting.catch(() => {
    if (engine === starting) engine = undefined;
  });
  return starting;
}

/** @param {WebAssembly.Module} [compiled] */
async function start(compiled) {
  const folder = new URL(`${binaryName()}/`, BINARIES);
  const bindings = await importBindings(new URL('glossa.js', folder).href);
  compiled ??= await download(new URL('glossa_bg.wasm', folder).href, bindings.sha256);
  await bindings.default({ module_or_path: compiled });
  return { bindings, compiled };
}

/**
 * @param {string} address
 * @returns {Promise<Bindings>}
 */
async function importBindings(address) {
  try {
    // Bundlers are not to follow it.
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ address);
  } catch (error) {
    // `import` does not tell what is wrong with a script; a request for it may.
    await fetchFile(address);
    throw fileUnreadable(address, messageOf(error), error);
  }
}

/**
 * The binary, compiled while it comes and is checked.
 * @param {string} address
 * @param {string} [hash]
 */
async function download(address, hash) {
  const cached = hash && (await hashedCache.get(address, hash));
  if (cached) return compile(cached);
  const response = await fetchFile(address);
  const checked = hash && canHash ? check(response.clone(), address, hash) : undefined;
  const compiling = compile(response);
  // That it is another binary explains any other failure.
  compiling.catch(() => {});
  await checked;
  return compiling;
}

/**
 * Keeps the binary, unless it is not the one that belongs to the bindings: a site that is just being replaced may have
 * one of them new and the other old.
 * @param {Response} response
 * @param {string} address
 * @param {string} hash
 */
async function check(response, address, hash) {
  const content = new Uint8Array(await readable(response.arrayBuffer(), address));
  const found = await sha256(content);
  if (found !== hash) {
    const file = `${address}: is not of the version of the engine's other files: expected sha256 ${hash}, found sha256 ${found}`;
    throw new GlossaError('file_mismatch', `${file}. The site may just have been replaced: load the page again`);
  }
  void hashedCache.put(address, hash, content, hashedCache.ENGINE);
}

/**
 * Compiles while the binary comes, which also lets the browser keep the compiled code.
 * @param {Response} response
 */
async function compile(response) {
  // Some hosts do not know the type, without which browsers refuse to compile a response.
  const typed = response.headers.get('content-type')?.startsWith('application/wasm');
  return typed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
