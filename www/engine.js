/** Picks the engine's binary by what the browser's WebAssembly knows, before any is fetched. */

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

/** The bindings of the right binary, ready to use; only that one is fetched. */
export function loadEngine() {
  engine ??= (async () => {
    const bindings = await import(`./pkg/${binary()}/glossa.js`);
    await bindings.default();
    return bindings;
  })();
  // A failed download may be tried again.
  engine.catch(() => (engine = undefined));
  return engine;
}
