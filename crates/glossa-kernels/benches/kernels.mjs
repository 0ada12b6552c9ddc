// Times the int8 kernels in headless Chromium, and compares them with the scalar one. Each of the two binaries is
// compiled from this crate and kernels.rs by rustc, in seconds. Prints the best of many runs.
//
//   [V8_FLAGS=--no-enable-avx-vnni] node crates/glossa-kernels/benches/kernels.mjs [ROWS [LARGEST_WEIGHT]]
//
// Without AVX-VNNI the engine makes the code of processors that have AVX2 only.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browser, root, serve } from '../../../tests/browser/harness.mjs';

const SHAPES = [
  [384, 384, 0],
  [384, 1536, 1],
  [1536, 384, 0],
  [768, 3072, 1],
  [3072, 768, 0],
];

/** Compiles a binary of the kernels, `simd` or `relaxed-simd`, and returns its path. */
export function compile(name) {
  const crate = join(root, 'crates', 'glossa-kernels');
  const out = join(root, 'target', 'kernels', name);
  mkdirSync(out, { recursive: true });
  const flags = ['--edition=2021', '--target=wasm32-unknown-unknown', '-Ctarget-feature=+simd128', '-Copt-level=3'];
  const rustc = (source, ...more) =>
    execFileSync('rustc', [...flags, '-Ccodegen-units=1', '-Cpanic=abort', ...more, join(crate, source)]);
  const features = name === 'simd' ? [] : ['--cfg', 'feature="relaxed-simd"'];
  const library = join(out, 'libglossa_kernels.rlib');
  rustc('src/lib.rs', '--crate-type=rlib', '--crate-name=glossa_kernels', ...features, '-o', library);
  const binary = join(out, 'kernels.wasm');
  const extern = ['--extern', `glossa_kernels=${library}`];
  rustc('benches/kernels.rs', '--crate-type=cdylib', '--crate-name=kernels', '-Clto=fat', ...extern, '-o', binary);
  return binary;
}

/** Runs in the page: names, numbers of differing outputs, and GOP/s per kernel and shape. */
export async function measure({ name, shapes, rows, most }) {
  const { instance } = await WebAssembly.instantiateStreaming(fetch(`/${name}.wasm`));
  const { kernels, name: address, name_length, different, make, run_layer, memory } = instance.exports;
  const rounds = [];
  for (let kernel = 0; kernel < kernels(); kernel++) {
    const bytes = new Uint8Array(memory.buffer, address(kernel), name_length(kernel));
    const found = { kernel: new TextDecoder().decode(bytes), different: different(kernel), gops: [] };
    for (const [k, n, gelu] of shapes) {
      const made = make(kernel, rows, k, n, most, gelu);
      const operations = 2 * rows * k * n;
      const times = found.kernel === 'scalar' ? 1 : Math.ceil(5e7 / operations);
      run_layer(kernel, made, times);
      const all = [];
      for (let i = 0; i < (found.kernel === 'scalar' ? 3 : 60); i++) {
        const start = performance.now();
        run_layer(kernel, made, times);
        all.push((operations * times) / (performance.now() - start) / 1e6);
      }
      found.gops.push(Math.max(...all));
    }
    rounds.push(found);
  }
  return rounds;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [rows = 128, most = 60] = process.argv.slice(2).map(Number);
  // A page that is isolated from others has a finer clock.
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const isolated = (type, body) => (_request, response) =>
    response.writeHead(200, { 'content-type': type, ...headers }).end(body);
  const extra = { '/b.html': isolated('text/html', '<!doctype html>') };
  for (const name of ['simd', 'relaxed-simd']) {
    extra[`/${name}.wasm`] = isolated('application/wasm', readFileSync(compile(name)));
  }
  const server = await serve(extra);
  const chromium = await browser();
  const page = await chromium.newPage();
  await page.goto(`${server.address}b.html`);
  console.log(`GOP/s, ${rows} rows`.padEnd(24), ...SHAPES.map(([k, n]) => `${k}x${n}`.padStart(9)));
  for (const name of ['simd', 'relaxed-simd']) {
    for (const { kernel, different, gops } of await page.evaluate(measure, { name, shapes: SHAPES, rows, most })) {
      const cells = gops.map((value) => value.toFixed(1).padStart(9));
      console.log(`${name} ${kernel}`.padEnd(24), ...cells, different ? `${different} outputs DIFFER` : 'exact');
    }
  }
  await chromium.close();
  server.close();
}
