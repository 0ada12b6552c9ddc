// The README's lines in JavaScript, in a page beside the folders that they import from.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blocksOf } from '../../scripts/site/markdown.mjs';
import { browser, serve } from './harness.mjs';

let chromium;
before(async () => {
  chromium = await browser();
});
after(() => chromium?.close());

test('the lines of the README find entities', { timeout: 120_000 }, async () => {
  for (const code of blocksOf('README.md', 'js')) {
    const server = await serve({ '/shown.html': '<!doctype html><title>shown</title><script type="module" src="shown.js"></script>', '/shown.js': code });
    const page = await chromium.newPage();
    const said = [];
    page.on('console', (message) => message.type() === 'log' && said.push(message.text()));
    const both = page.waitForEvent('console', { predicate: (message) => message.text().includes('NF-kappa B') });
    await Promise.all([both, page.goto(`${server.address}shown.html`)]);
    assert.match(said[0], /^0 9 IL-2 gene DNA 0\.\d+$/);
    assert.match(said[1], /^30 40 NF-kappa B protein 0\.\d+$/);
    await server.stop();
  }
});
