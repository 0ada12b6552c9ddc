// The integrity strings that `./build.sh package` lists, as a host uses them: in an import map and in attributes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { blocksOf } from '../../scripts/site/markdown.mjs';
import { integrityOf } from '../../scripts/supply/shipped-files.mjs';
import { IN_SENTENCE, SENTENCE, browser, places, root, serve } from './harness.mjs';

const integrity = integrityOf(join(root, 'www'));
const modules = Object.entries(integrity).filter(([path]) => /^glossa\/[\w-]+\.js$/.test(path));
const OTHER = `sha384-${'A'.repeat(64)}`;
let chromium;
let server;

/** A page whose import map has these strings by path. */
const page = (strings) => {
  const map = { integrity: Object.fromEntries(strings.map(([path, string]) => [`/${path}`, string])) };
  return `<!doctype html><title>host</title><script type="importmap">${JSON.stringify(map)}</script>`;
};

before(async () => {
  chromium = await browser();
  server = await serve({
    '/host/right.html': page(modules),
    '/host/wrong.html': page(modules.map(([path, string]) => [path, path === 'glossa/pool.js' ? OTHER : string])),
    '/host/script.html': `<!doctype html><title>host</title><script type="module" src="/pkg/app.js" integrity="${OTHER}"></script>`,
  });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

async function annotated(path) {
  const tab = await chromium.newPage();
  await tab.goto(`${server.address}${path}`);
  return tab.evaluate(async (text) => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/tiny/' });
    const { chunks } = await annotator.annotate(text);
    annotator.dispose();
    return chunks;
  }, SENTENCE);
}

test('a page that lists the integrity of all modules annotates', { timeout: 60_000 }, async () => {
  assert.ok(modules.length > 10);
  assert.deepEqual(places(await annotated('host/right.html')), IN_SENTENCE);
});

test('a module or a script that is not the listed one does not run', { timeout: 60_000 }, async () => {
  await assert.rejects(annotated('host/wrong.html'), /Failed to fetch dynamically imported module/);
  const tab = await chromium.newPage();
  const refused = tab.waitForEvent('console', { predicate: (message) => /integrity/.test(message.text()) });
  await Promise.all([refused, tab.goto(`${server.address}host/script.html`)]);
});

test('the lines of docs/security.md hold a page to the files that they list', { timeout: 60_000 }, async () => {
  const [html, ...others] = blocksOf('docs/security.md', 'html');
  assert.deepEqual(others, []);
  const filled = (change = (string) => string) =>
    html.replaceAll(/(host\.example\/([\w./-]+)"[^"]*")sha384-…/g, (_, before, path) => `${before}${change(integrity[path])}`).replaceAll('https://host.example/', '/');
  assert.doesNotMatch(filled(), /…|host\.example/);
  const own = await serve({ '/right.html': `<!doctype html>${filled()}`, '/wrong.html': `<!doctype html>${filled(() => OTHER)}` });
  const tab = await chromium.newPage();
  await tab.goto(`${own.address}right.html`);
  assert.equal(await tab.evaluate(async () => typeof (await import('/glossa/index.js')).Annotator), 'function');
  const refused = tab.waitForEvent('console', { predicate: (message) => /integrity/.test(message.text()) });
  await Promise.all([refused, tab.goto(`${own.address}wrong.html`)]);
  await assert.rejects(tab.evaluate(() => import('/glossa/index.js')), /Failed to fetch/);
  own.close();
});
