// Whatever is deployed, and however slowly it comes: a visit has one version of the page, old or new.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deployments, version } from './deployments.mjs';
import { IN_SENTENCE, SENTENCE, browser, until } from './harness.mjs';
import { marks, settled } from './page.mjs';

const LONG = 60_000;
let chromium;
let one;
let two;

before(async () => {
  chromium = await browser();
  one = version(1);
  two = version(2);
});

after(() => chromium?.close());

/** A browser that has visited version 1, and keeps it. */
async function visited() {
  const server = await deployments();
  server.deploy(one);
  const context = await chromium.newContext();
  // The versions that a page's workers, and their engines, say they have.
  await context.addInitScript(() => {
    const { Worker } = globalThis;
    globalThis.workerVersions = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', ({ data }) => data.type === 'version' && globalThis.workerVersions.push(data.version));
      }
    };
  });
  const open = async () => {
    const page = await context.newPage();
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    await page.goto(`${server.address}?model=tiny/`);
    return page;
  };
  const page = await open();
  await kept(page, one);
  // Until then a reload would still be without the service worker.
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: LONG });
  await page.reload();
  assert.deepEqual(await shown(page), [1, 1, 1]);
  return { server, context, open, page };
}

/** Waits until a version is the one that visits begin with. */
const kept = (page, { number }) =>
  until(
    page,
    async (number) => {
      const cache = await caches.open('glossa-page-state');
      const current = await cache.match(`${location.origin}/?state=current`);
      return (await current?.text()) === number;
    },
    number,
  );

/** The versions of HTML, style sheet and script of a page, once it runs. */
async function shown(page) {
  await page.waitForFunction(() => document.body.dataset.script, undefined, { timeout: LONG });
  return page.evaluate(() => {
    const { html, script } = document.body.dataset;
    return [html, getComputedStyle(document.body).getPropertyValue('--css'), script].map(Number);
  });
}

async function annotate(page) {
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  return { found: await marks(page), workers: [...new Set(await page.evaluate(() => globalThis.workerVersions))] };
}

const reloaded = async (page) => {
  await page.reload();
  return shown(page);
};

for (const slow of ['index.html', 'page/style.css', 'pkg/app.js', 'pkg/page-files.json']) {
  test(`while ${slow} of a new version is slow, a visit has the old one`, { timeout: LONG }, async () => {
    const { server, context, page } = await visited();
    const release = server.hold(slow);
    server.deploy(two);
    assert.deepEqual(await reloaded(page), [1, 1, 1]);
    assert.deepEqual(await reloaded(page), [1, 1, 1]);
    const { found, workers } = await annotate(page);
    assert.deepEqual([found, workers], [IN_SENTENCE, [1]]);
    release();
    await kept(page, two);
    assert.deepEqual(await reloaded(page), [2, 2, 2]);
    assert.deepEqual((await annotate(page)).workers, [2]);
    assert.deepEqual(page.complaints, []);
    await context.close();
    await server.stop();
  });
}

test('half a deployment is no version', { timeout: LONG }, async () => {
  const { server, context, page } = await visited();
  const { 'pkg/app.js': script, 'pkg/page-files.json': listing, ...others } = two;
  for (const half of [{ ...others, 'pkg/page-files.json': listing }, { ...one, 'index.html': two['index.html'], 'pkg/app.js': script }]) {
    server.deploy({ ...one, ...half });
    assert.deepEqual(await reloaded(page), [1, 1, 1]);
    assert.deepEqual(await reloaded(page), [1, 1, 1]);
  }
  server.deploy({ ...two, 'pkg/app.js': '<!doctype html>' });
  assert.deepEqual(await reloaded(page), [1, 1, 1]);
  server.deploy(two);
  await page.reload();
  await kept(page, two);
  assert.deepEqual(await reloaded(page), [2, 2, 2]);
  assert.deepEqual(page.complaints, []);
  await context.close();
  await server.stop();
});

test('what worked without a network works so in the next version, with its engine', { timeout: LONG }, async () => {
  const { server, context, page } = await visited();
  assert.deepEqual((await annotate(page)).found, IN_SENTENCE);
  const engines = () => server.requests.filter((path) => path.endsWith('.wasm')).length;
  assert.equal(engines(), 1);
  const other = version(3, { engine: true });
  server.deploy(other);
  await page.reload();
  await kept(page, other);
  assert.equal(engines(), 2, 'the engine comes with the version');
  await server.stop();
  assert.deepEqual(await reloaded(page), [3, 3, 3]);
  const { found, workers } = await annotate(page);
  assert.deepEqual([found, workers], [IN_SENTENCE, [3]]);
  assert.deepEqual(page.complaints, []);
  await context.close();
});

test('of two tabs each keeps its version, also when the service worker has been restarted', { timeout: LONG }, async () => {
  const { server, context, page: old, open } = await visited();
  server.deploy(two);
  const other = await open();
  await kept(other, two);
  assert.deepEqual(await reloaded(other), [2, 2, 2]);
  const session = await context.newCDPSession(other);
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  assert.deepEqual(await annotate(old), { found: IN_SENTENCE, workers: [1] });
  assert.deepEqual(await annotate(other), { found: IN_SENTENCE, workers: [2] });
  assert.deepEqual(await reloaded(old), [2, 2, 2]);
  assert.deepEqual(await reloaded(other), [2, 2, 2]);
  await context.close();
  await server.stop();
});

test('pages that start while a new version comes have one version each', { timeout: LONG }, async () => {
  const { server, context, open } = await visited();
  server.deploy(two);
  const pages = await Promise.all(Array.from({ length: 4 }, open));
  const found = await Promise.all(pages.map(shown));
  for (const versions of found) assert.equal(new Set(versions).size, 1, versions.join());
  for (const [i, page] of pages.entries()) assert.deepEqual((await annotate(page)).workers, [found[i][0]]);
  await context.close();
  await server.stop();
});

test('a host without the list of files has no versions, and its page works', { timeout: LONG }, async () => {
  const server = await deployments();
  server.deploy({ ...one, 'pkg/page-files.json': '<!doctype html>' });
  const context = await chromium.newContext();
  const page = await context.newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: LONG });
  const { 'pkg/page-files.json': _, ...unlisted } = two;
  server.deploy(unlisted);
  assert.deepEqual(await reloaded(page), [2, 2, 2]);
  await context.close();
  await server.stop();
});

test('a page that is deployed without the list takes the place of a version that is kept', { timeout: LONG }, async () => {
  const { server, context, page } = await visited();
  server.deploy({ ...two, 'pkg/page-files.json': '<!doctype html>' });
  assert.deepEqual(await reloaded(page), [2, 2, 2]);
  server.deploy({ 'index.html': '<!doctype html><p>Another page' });
  await page.reload();
  assert.equal(await page.locator('body').textContent(), 'Another page');
  await server.stop();
  assert.deepEqual(await reloaded(page), [1, 1, 1]);
  await context.close();
});

const note = (page) => page.getByTestId('new-version');

test('of two tabs the old one is told of the new version, and keeps its own until it is reloaded, on a slow network too', { timeout: LONG }, async () => {
  const { server, context, page: old, open } = await visited();
  await annotate(old);
  await old.getByTestId('input').fill('A text that is still being written.');
  const other = version(2, { engine: true });
  const [script, engine] = ['pkg/worker/worker.js', 'pkg/relaxed-simd/glossa_bg.wasm'];
  const release = [script, engine].map((path) => server.hold(path));
  server.deploy(other);
  const fresh = await open();
  assert.deepEqual(await shown(fresh), [1, 1, 1], 'the new version has not come');
  assert.deepEqual(await annotate(fresh), { found: IN_SENTENCE, workers: [1] });
  assert.equal(await note(old).textContent(), '');
  for (const go of release) go();
  await kept(fresh, other);
  for (const page of [old, fresh]) await note(page).getByText('A newer version of this page is ready.').waitFor();
  // What each begins now is still of its own version: a pipeline file is read by another worker, with another engine. Each of
  // the two says its version.
  const inWorker = async (page) => {
    await page.evaluate(() => globalThis.workerVersions.splice(0));
    const buffer = Buffer.from('{"glossaPipeline": 1}');
    await page.getByTestId('open-pipeline').setInputFiles({ name: 'pipeline.json', mimeType: 'application/json', buffer });
    await page.waitForFunction(() => globalThis.workerVersions.length >= 2, undefined, { timeout: LONG });
    return [...new Set(await page.evaluate(() => globalThis.workerVersions))];
  };
  assert.deepEqual(await inWorker(old), [1]);
  assert.deepEqual(await inWorker(fresh), [1]);
  assert.equal(await old.getByTestId('input').inputValue(), 'A text that is still being written.');
  // A text is not lost by one press.
  await note(old).getByRole('button').click();
  await note(old).getByText('Reloading empties the text box.').waitFor();
  assert.equal(await old.getByTestId('input').inputValue(), 'A text that is still being written.');
  await Promise.all([old.waitForEvent('load'), note(old).getByRole('button').click()]);
  assert.deepEqual(await shown(old), [2, 2, 2]);
  assert.deepEqual(await annotate(old), { found: IN_SENTENCE, workers: [2] });
  assert.equal(await note(old).textContent(), '');
  await fresh.getByTestId('input').fill('');
  await Promise.all([fresh.waitForEvent('load'), note(fresh).getByRole('button').click()]);
  assert.deepEqual(await shown(fresh), [2, 2, 2]);
  assert.deepEqual([...old.complaints, ...fresh.complaints], []);
  await context.close();
  await server.stop();
});

test('a tab that is looked at again asks for a newer version', { timeout: LONG }, async () => {
  const { server, context, page } = await visited();
  server.deploy(two);
  const [worker] = context.serviceWorkers();
  const look = () => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  const requests = () => server.requests.filter((path) => path === '/pkg/page-files.json').length;
  const before = requests();
  await look();
  await page.evaluate(() => navigator.serviceWorker.ready);
  assert.equal(requests(), before, 'not again within an hour');
  await worker.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 2 * 60 * 60 * 1000;
  });
  await look();
  await note(page).getByText('A newer version of this page is ready.').waitFor();
  assert.deepEqual(await annotate(page), { found: IN_SENTENCE, workers: [1] });
  assert.deepEqual(await reloaded(page), [2, 2, 2]);
  await context.close();
  await server.stop();
});
