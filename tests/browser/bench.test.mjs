// The page of the benchmarks (bench/) runs our engine with what the page and the package have today. Its peers are not installed here.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serve } from '../../bench/server.mjs';
import { SENTENCE, browser } from './harness.mjs';

test('the benchmarks’ page loads both binaries, and they annotate', async () => {
  const server = await serve();
  const chromium = await browser();
  try {
    const page = await chromium.newPage();
    await page.goto(server.address);
    await page.waitForFunction(() => globalThis.bench);
    const found = await page.evaluate(async (text) => {
      const { loadOurs } = await import('/engines.js');
      const chunks = [];
      for (const binary of ['relaxed-simd', 'simd']) {
        const { load, memory } = await loadOurs(binary);
        const annotator = await load('/www/models/cellular/');
        chunks.push(annotator.annotate(text, { mode: 'truncate' }).chunks.length, memory.buffer.byteLength > 1e6);
      }
      return chunks;
    }, SENTENCE);
    assert.ok(found[0] > 0);
    assert.deepEqual(found, [found[0], true, found[0], true]);
  } finally {
    await chromium.close();
    server.close();
  }
});
