// Times the kernels of linear layers alone in headless Chromium, and checks them against the scalar one. Each of the
// two binaries is compiled from benches/kernels.rs alone, in seconds. Prints the best of many runs.
//
//   node benches/kernels.mjs [ROWS [LARGEST_WEIGHT]]
//
// Weights up to 60 let the 16-bit kernel take two steps, up to 30 four.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browser, root, serve } from '../tests/browser/harness.mjs';

const SHAPES = [
  [384, 384, 0],
  [384, 1536, 1],
  [1536, 384, 0],
  [768, 3072, 1],
  [3072, 768, 0],
];

/** The path of a binary of the kernels: `simd` or `relaxed-simd`. */
export function compile(name) {
  const out = join(root, 'target', 'kernels', `${name}.wasm`);
  mkdirSync(join(root, 'target', 'kernels'), { recursive: true });
  const features = name === 'simd' ? [] : ['--cfg', 'feature="relaxed-simd"'];
  const flags = ['--edition=2021', '--crate-type=cdylib', '--crate-name=kernels', '-Copt-level=3', '-Cpanic=abort'];
  const target = ['--target=wasm32-unknown-unknown', '-Ctarget-feature=+simd128', '-Ccodegen-units=1', '-Clto=fat'];
  execFileSync('rustc', [...flags, ...target, ...features, join(root, 'benches', 'kernels.rs'), '-o', out]);
  return out;
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
      const made = make(rows, k, n, most, gelu);
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
