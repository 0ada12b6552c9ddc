// What stays on the device: a second visit works without a network.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, SENTENCE, browser, serve } from './harness.mjs';
import { marks, settled } from './page.mjs';

const LONG = 300_000;
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

/** The page with the tiny model. */
async function open(server, options = {}) {
  const context = await chromium.newContext(options);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`${server.address}?model=tiny/`);
  return page;
}

const ready = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));

async function annotate(page) {
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  return marks(page);
}

const count = (server, end) => server.requests.filter((path) => path.endsWith(end)).length;

test('the second visit works without a network', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server);
  await ready(page);
  assert.deepEqual(await annotate(page), IN_SENTENCE);
  // The page was there before its service worker; this visit goes through it altogether.
  await page.reload();
  assert.deepEqual(await annotate(page), IN_SENTENCE);
  assert.equal(count(server, 'model.onnx'), 1, 'the model came over the network once');
  assert.equal(count(server, '.wasm'), 1, 'and so did the engine');
  await server.stop();

  await page.reload();
  assert.equal(await page.title(), 'Glossa: biomedical entities, in this tab');
  assert.deepEqual(await annotate(page), IN_SENTENCE);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the page and its worker are a script each', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server, { serviceWorkers: 'block' });
  await annotate(page);
  const scripts = server.requests.filter((path) => path.endsWith('.js')).sort();
  assert.deepEqual(scripts, ['/pkg/app.js', '/pkg/relaxed-simd/glossa.js', '/pkg/worker/worker.js']);
  server.close();
  await page.context().close();
});

test('where service workers are denied the page works all the same', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server, { serviceWorkers: 'block' });
  assert.deepEqual(await annotate(page), IN_SENTENCE);
  assert.deepEqual(page.complaints, []);
  server.close();
  await page.context().close();
});
