// The package in an app that a bundler has put together, imported as the README says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { IN_SENTENCE, SENTENCE, browser, places, root, serve } from './harness.mjs';

test('a bundler leaves the import of the README as it is', { timeout: 120_000 }, async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, imported] = readme.match(/`(await import\([^`]*)`/);
  const app = `
    const { Annotator } = ${imported};
    const annotator = await Annotator.create({ model: '/tiny/' });
    window.found = (await annotator.annotate(${JSON.stringify(SENTENCE)})).chunks;`;
  const bundled = await build({
    stdin: { contents: app, resolveDir: root },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    logLevel: 'warning',
  });
  const server = await serve({
    '/app.html': '<!doctype html><title>app</title><script type="module" src="assets/app.js"></script>',
    '/assets/app.js': bundled.outputFiles[0].text,
  });
  const chromium = await browser();
  const page = await chromium.newPage();
  await page.goto(`${server.address}app.html`);
  const found = await page.waitForFunction(() => window.found);
  assert.deepEqual(places(await found.jsonValue()), IN_SENTENCE);
  await chromium.close();
  await server.stop();
});
