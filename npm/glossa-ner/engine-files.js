/**
 * The engine's files in the npm package: the bindings are part of the worker's script, and the binaries lie beside it, each by an
 * address that bundlers find.
 */

import { hashes, makeBindings } from 'glossa-bindings';

/** @type {Record<string, () => URL>} */
const BINARIES = {
  simd: () => new URL('./simd/glossa_bg.wasm', import.meta.url),
  'relaxed-simd': () => new URL('./relaxed-simd/glossa_bg.wasm', import.meta.url),
};

/**
 * See `www/glossa/worker/engine-files.js`. Each call makes bindings of their own, since they hold one engine.
 * @param {string} name of the binary
 * @param {string} [folder] the address of another folder of binaries
 */
export async function engineFiles(name, folder) {
  const address = folder ? new URL(`${name}/glossa_bg.wasm`, folder) : BINARIES[name]();
  return { bindings: makeBindings(), hash: hashes[name], address: address.href };
}
