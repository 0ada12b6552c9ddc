/** The engine's WebAssembly binary: which of the two, and where it comes from. */

import { DEFAULT_RULES } from '../download-rules.js';
import { GlossaError } from '../errors.js';
import { fetchFile, readable } from '../fetch-file.js';
import { joined } from '../file-content.js';
import * as hashedCache from '../hashed-cache.js';
import { canHash, sha256 } from '../sha256.js';
import { binaryName } from './binary-name.js';
import { engineFiles } from './engine-files.js';

/**
 * What wasm-bindgen makes of `src/wasm.rs`, as far as it is called from here.
 * @typedef {object} Bindings
 * @property {(options: { module_or_path: WebAssembly.Module }) => Promise<unknown>} default
 * @property {BoundAnnotatorClass} Annotator
 * @property {new (files: object[], options?: object) => BoundReader} DocumentReader
 * @property {BoundWriterClass} DocumentWriter
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
 * @property {(job: Job) => Omit<import('../annotator.js').Annotation, 'windows' | 'windowsRun'>} finish
 * @property {(text: string, options?: object) => object} annotate
 * @property {(text: string, options?: object) => { begin: number, end: number, label?: string, score?: number }[]} label
 * @property {() => void} free
 *
 * @typedef {{ readonly done: number, readonly total: number, readonly ran: number, reuseWindows: () => void, free: () => void }} Job
 *
 * @typedef {{ next: (milliseconds: number) => import('../documents.js').DocumentRecord[], free: () => void }} BoundReader
 *
 * @typedef {(new (format: string, options?: object) => BoundWriter) & { formats: () => import('../documents.js').FormatInfo[],
 *   richText: (document: import('../documents.js').Document) => string }} BoundWriterClass
 *
 * @typedef {object} BoundWriter
 * @property {(document: object) => void} document
 * @property {() => { bytes: Uint8Array<ArrayBuffer>, warnings: import('../documents.js').Warning[] }} finish
 * @property {() => void} free
 */

/** @typedef {import('../download-rules.js').DownloadRules} DownloadRules */

/** @typedef {{ bindings: Bindings, compiled: WebAssembly.Module }} Engine `compiled`: the binary */

/** @type {Promise<Engine> | undefined} */
let engine;
/** Engines that have been given up. */
let renewals = 0;
/** @type {string | undefined} the folder that has a folder of each binary; undefined for the engine's own */
let folder;

/**
 * Has binaries come from another folder from now on.
 * @param {string} address absolute
 */
export function takeBinariesFrom(address) {
  folder = address;
}

/**
 * The bindings of the right binary, ready to use, and the binary compiled. Only that binary is downloaded.
 * @param {object} [options]
 * @param {WebAssembly.Module} [options.compiled] the binary, if another worker has compiled it
 * @param {DownloadRules} [options.rules]
 * @returns {Promise<Engine>}
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `file_mismatch`, `redirect_refused`
 */
export function loadEngine({ compiled, rules = DEFAULT_RULES } = {}) {
  if (engine) return engine;
  const starting = start(compiled, rules);
  engine = starting;
  // A failed download may be tried again. Whoever has done so is not to be disturbed.
  starting.catch(() => {
    if (engine === starting) engine = undefined;
  });
  return starting;
}

/**
 * Another engine, with memory of its own, in place of one that has trapped.
 * @param {WebAssembly.Module} compiled
 * @param {DownloadRules} [rules]
 * @returns {Promise<Engine>}
 */
export function renewEngine(compiled, rules) {
  dropEngine();
  return loadEngine({ compiled, rules });
}

/** Has whoever asks next for an engine get another. */
export function dropEngine() {
  renewals += 1;
  engine = undefined;
}

/**
 * @param {WebAssembly.Module | undefined} compiled
 * @param {DownloadRules} rules
 */
async function start(compiled, rules) {
  const { bindings, hash, address } = await engineFiles(binaryName(), folder, renewals, rules);
  compiled ??= await compiledBinary(address, hash, rules);
  await bindings.default({ module_or_path: compiled });
  return { bindings, compiled };
}

/**
 * The binary, compiled while it comes and is checked: the one that is kept, or if that is damaged, the host's.
 * @param {string} address
 * @param {string | undefined} hash
 * @param {DownloadRules} rules
 */
async function compiledBinary(address, hash, rules) {
  const kept = hash && (await hashedCache.get(address, hash));
  const compiled = kept && (await compiledIfWhole(kept, hash));
  if (compiled) {
    void hashedCache.tidy(address, hash, hashedCache.ENGINE);
    return compiled;
  }
  if (kept) await hashedCache.remove(address, hash);
  else {
    try {
      return await download(address, hash, rules);
    } catch (error) {
      if (/** @type {GlossaError} */ (error).code !== 'file_mismatch') throw error;
    }
  }
  // What the browser has of it may be older than the bindings.
  return download(address, hash, rules, 'reload');
}

/**
 * @param {Response} kept
 * @param {string} hash
 * @returns {Promise<WebAssembly.Module | undefined>} undefined if it is damaged
 */
async function compiledIfWhole(kept, hash) {
  const content = kept.clone().arrayBuffer().then(sha256);
  const compiling = compile(kept);
  compiling.catch(() => {});
  return (await content.catch(() => undefined)) === hash ? compiling : undefined;
}

/**
 * The host's binary, which is kept if it is the one that belongs to the bindings: a site that is just being replaced may have
 * one of them new and the other old.
 * @param {string} address
 * @param {string | undefined} hash
 * @param {DownloadRules} rules
 * @param {RequestCache} [cache]
 */
async function download(address, hash, rules, cache) {
  const file = await fetchFile(address, { rules, cache });
  const compiling = compile(file.response.clone());
  // That it is another binary explains any other failure.
  compiling.catch(() => {});
  const checked = hash !== undefined && canHash;
  const content = joined(await file.read({ checked }));
  if (checked) {
    const found = await readable(sha256(content), address);
    if (found !== hash) throw notOfThisVersion(address, hash, found);
    void keep(address, hash, content);
  }
  // Its connection may have broken off, and the rest have come by another.
  return compiling.catch(() => WebAssembly.compile(content));
}

/**
 * @param {string} address
 * @param {string} hash
 * @param {Uint8Array<ArrayBuffer>} content
 */
async function keep(address, hash, content) {
  await hashedCache.put(address, hash, content, hashedCache.ENGINE);
  await hashedCache.tidy(address, hash, hashedCache.ENGINE);
}

/**
 * @param {string} address
 * @param {string} hash
 * @param {string} found
 */
function notOfThisVersion(address, hash, found) {
  const file = `${address}: is not of the version of the engine's other files: expected sha256 ${hash}, found sha256 ${found}`;
  return new GlossaError('file_mismatch', `${file}. The site may just have been replaced: load the page again`);
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
