// examples/page.html, beside the folders of www/ as its first comment says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { browser, root, serve } from './harness.mjs';

test('the example page annotates its text', async () => {
  const server = await serve({ '/example.html': await readFile(join(root, 'examples', 'page.html')) });
  const chromium = await browser();
  try {
    const page = await chromium.newPage();
    await page.goto(`${server.address}example.html`);
    await page.click('#annotate');
    await page.waitForFunction(() => document.querySelectorAll('#chunks li').length > 0);
    const chunks = await page.$$eval('#chunks li', (items) => items.map((item) => item.textContent));
    assert.ok(chunks.some((chunk) => chunk.startsWith('protein: NF-kappa B (')), chunks.join('\n'));
    assert.equal(await page.textContent('#status'), `${chunks.length} entities`);
  } finally {
    await chromium.close();
    await server.stop();
  }
});
