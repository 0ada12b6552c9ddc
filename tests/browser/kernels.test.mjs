// The kernels of both browser binaries give the bits of the scalar one, in the browser's own engine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compile, measure } from '../../crates/glossa-kernels/benches/kernels.mjs';
import { browser, serve, skipFor } from './harness.mjs';

const skip = skipFor(whatIsMissing());

/** What there is no binary of the kernels for want of. */
function whatIsMissing() {
  const target = ['--print=target-libdir', '--target=wasm32-unknown-unknown'];
  try {
    const library = execFileSync('rustc', target, { encoding: 'utf8' }).trim();
    return !existsSync(library) && 'no standard library for WebAssembly';
  } catch (error) {
    return `no rustc: ${error.message}`;
  }
}

test('every kernel gives the same bits', { skip }, async () => {
  const names = ['simd', 'relaxed-simd'];
  const binaries = names.map((name) => [`/${name}.wasm`, readFileSync(compile(name))]);
  const server = await serve({ '/b.html': '<!doctype html>', ...Object.fromEntries(binaries) });
  const chromium = await browser();
  try {
    const page = await chromium.newPage();
    await page.goto(`${server.address}b.html`);
    const found = {};
    for (const name of names) {
      const kernels = await page.evaluate(measure, { name, shapes: [], rows: 1, most: 1 });
      // Which of them comes first depends on the processor.
      found[name] = kernels.map(({ kernel, different }) => [kernel, different]).sort();
    }
    assert.deepEqual(found, {
      simd: [['scalar', 0], ['wide', 0]],
      'relaxed-simd': [['dot', 0], ['dot16', 0], ['scalar', 0]],
    });
  } finally {
    await chromium.close();
    server.close();
  }
});
