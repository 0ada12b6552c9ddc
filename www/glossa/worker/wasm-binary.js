/** The engine's WebAssembly binary: which of the two, and where it comes from. */

import { fetchFile } from '../fetch-file.js';
import * as hashedCache from '../hashed-cache.js';
import { canHash, sha256 } from '../sha256.js';

/**
 * The folder that has a folder of each binary. This module and the bundle of the worker, `pkg/worker/worker.js`, are
 * both two folders below the folder of the page, so the same relative address does for both.
 */
const BINARIES = new URL('../../pkg/', import.meta.url);

/** A module with one function, which executes `i32x4.relaxed_dot_i8x16_i7x16_add_s`. */
const RELAXED_SIMD_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // its code, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f], // three vectors of zeros
  ...[0xfd, 0x93, 0x02, 0x0b], // the instruction
);

/** `relaxed-simd`, or `simd` for browsers that would refuse that binary. */
export const binaryName = () => (WebAssembly.validate(RELAXED_SIMD_PROBE) ? 'relaxed-simd' : 'simd');

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
 */
export function loadEngine(compiled) {
  engine ??= start(compiled);
  // A failed download may be tried again.
  engine.catch(() => (engine = undefined));
  return engine;
}

/** @param {WebAssembly.Module} [compiled] */
async function start(compiled) {
  const folder = new URL(`${binaryName()}/`, BINARIES);
  /** @type {Bindings} */
  const bindings = await import(new URL('glossa.js', folder).href);
  compiled ??= await download(new URL('glossa_bg.wasm', folder).href, bindings.sha256);
  await bindings.default({ module_or_path: compiled });
  return { bindings, compiled };
}

/**
 * @param {string} address
 * @param {string} [hash]
 */
async function download(address, hash) {
  const cached = hash && (await hashedCache.get(address, hash));
  if (cached) return compile(cached);
  const response = await fetchFile(address);
  if (hash && canHash) void keep(response.clone(), address, hash).catch(() => {});
  return compile(response);
}

/**
 * @param {Response} response
 * @param {string} address
 * @param {string} hash
 */
async function keep(response, address, hash) {
  const content = new Uint8Array(await response.arrayBuffer());
  if ((await sha256(content)) === hash) await hashedCache.put(address, hash, content, 'application/wasm');
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
