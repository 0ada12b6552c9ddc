/** Picks the engine's binary by what the browser's WebAssembly knows, before any is fetched. */

import { get } from './kept.js';

/** A module of one function that uses `i32x4.relaxed_dot_i8x16_i7x16_add_s`. */
const RELAXED = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x0a, 0x13, 0x01, 0x11, 0x00], // its code, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f], // three vectors of zeros
  ...[0xfd, 0x93, 0x02, 0x0b], // the instruction
);

/** `relaxed-simd`, or `simd` for engines that would refuse that binary. */
export const binary = () => (WebAssembly.validate(RELAXED) ? 'relaxed-simd' : 'simd');

let engine;

/**
 * The bindings of the right binary, ready to use, and the binary compiled; only that one is fetched.
 * @param {WebAssembly.Module} [compiled] the binary, where another worker has it already
 * @returns {Promise<{ bindings: object, compiled: WebAssembly.Module }>}
 */
export function loadEngine(compiled) {
  engine ??= (async () => {
    const folder = new URL(`./pkg/${binary()}/`, import.meta.url);
    const bindings = await import(new URL('glossa.js', folder).href);
    const address = new URL('glossa_bg.wasm', folder);
    // It may be on the device, or else the service worker keeps that very content.
    if (bindings.sha256) address.hash = `sha256=${bindings.sha256}`;
    compiled ??= await compile(address.href);
    await bindings.default({ module_or_path: compiled });
    return { bindings, compiled };
  })();
  // A failed download may be tried again.
  engine.catch(() => (engine = undefined));
  return engine;
}

/** Compiles while the binary comes, and so that the browser may keep what it compiled. */
async function compile(address) {
  const response = await get(address);
  if (!response.ok) throw new Error(`${response.url}: status ${response.status}`);
  const named = response.headers.get('content-type')?.startsWith('application/wasm');
  // Some hosts do not know the type, without which browsers do not compile what is still coming.
  return named ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
