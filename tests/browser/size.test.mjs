// What a visitor downloads stays as small as promised.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotli } from '../../bench/opening.mjs';
import { root, skipFor } from './harness.mjs';

for (const name of ['relaxed-simd', 'simd']) {
  test(`the binary ${name} is at most 2.3 MB compressed`, (context) => {
    const file = join(root, 'www', 'pkg', name, 'glossa_bg.wasm');
    // Where build.sh gets no sources of the standard library, panics speak, and the file is a tenth larger.
    if (readFileSync(file).includes('called `Option::unwrap()` on a `None` value')) {
      return context.skip(skipFor('built without the sources of the standard library'));
    }
    const bytes = brotli(file);
    assert.ok(bytes <= 2_300_000, `${bytes} bytes`);
  });
}

for (const name of ['cellular', 'biomedical', 'clinical_trials']) {
  test(`the model ${name} is at most 24 MB`, () => {
    const { size } = statSync(join(root, 'www', 'models', name, 'model.onnx'));
    assert.ok(size <= 24_000_000, `${size} bytes`);
  });
}
