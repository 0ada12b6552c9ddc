// What stays on the device: a second visit works without a network, and new content takes the place of old.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, SENTENCE, browser, bundle, serve, until } from './harness.mjs';
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
/** Paths of the files that are kept by their hash, and the hashes. */
const kept = (page) =>
  page.evaluate(async () => {
    const keys = await (await caches.open('glossa-hashed')).keys();
    return keys.map(({ url }) => url.slice(location.origin.length)).sort();
  });

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

test('a model is kept without a service worker, replaced by its successor, and not taken if damaged', { timeout: LONG }, async () => {
  let model = await bundle('');
  const file = (name, type) => [
    `/models/mine/${name}`,
    (_, response) => response.writeHead(200, { 'content-type': type }).end(model[name]),
  ];
  const server = await serve({
    '/plain.html': '<!doctype html><title>plain</title>',
    ...Object.fromEntries([
      file('manifest.json', 'application/json'),
      file('model.onnx', 'application/octet-stream'),
      file('vocab.txt', 'text/plain'),
    ]),
  });
  const context = await chromium.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(`${server.address}plain.html`);
  const load = () =>
    page.evaluate(async () => {
      const { Annotator, isModelCached } = await import('/glossa/index.js');
      const before = await isModelCached('/models/mine/');
      const outcome = await Annotator.create({ model: '/models/mine/' }).then(
        (annotator) => annotator.dispose() ?? 'loaded',
        ({ code }) => code,
      );
      return [before, outcome];
    });
  const mine = async () => (await kept(page)).filter((path) => path.startsWith('/models/mine/'));
  const isKept = async (path) => Boolean(await (await caches.open('glossa-hashed')).match(path));
  const listed = () =>
    JSON.parse(model['manifest.json']).files.map(({ path, sha256 }) => `/models/mine/${path}?sha256=${sha256}`).sort();

  assert.deepEqual(await load(), [false, 'loaded']);
  for (const path of listed()) await until(page, isKept, path);
  assert.deepEqual(await mine(), listed());
  assert.deepEqual(await load(), [true, 'loaded']);
  assert.equal(count(server, 'model.onnx'), 1);

  const first = listed();
  model = successor(model);
  assert.deepEqual(await load(), [true, 'loaded']);
  for (const path of listed()) await until(page, isKept, path);
  await until(page, async (path) => !(await (await caches.open('glossa-hashed')).match(path)), first[1]);
  assert.deepEqual(await mine(), listed());
  assert.deepEqual([count(server, 'model.onnx'), count(server, 'vocab.txt')], [1, 2], 'only what has changed comes again');

  const [, vocabulary] = listed();
  await page.evaluate(async (path) => {
    const cache = await caches.open('glossa-hashed');
    const content = new Uint8Array(await (await cache.match(path)).arrayBuffer());
    content[0] ^= 1;
    await cache.put(path, new Response(content));
  }, vocabulary);
  assert.deepEqual(await load(), [true, 'file_mismatch']);
  assert.deepEqual(await load(), [true, 'loaded'], 'the damaged file has been removed');
  assert.equal(count(server, 'vocab.txt'), 3);
  server.close();
  await context.close();
});

/** The model with another word in its vocabulary, and so with another manifest. */
function successor(model) {
  const vocabulary = Buffer.from(model['vocab.txt'].toString().replace(/\n$/, 's\n'));
  const manifest = JSON.parse(model['manifest.json']);
  const entry = manifest.files.find(({ path }) => path === 'vocab.txt');
  entry.bytes = vocabulary.length;
  entry.sha256 = createHash('sha256').update(vocabulary).digest('hex');
  return { ...model, 'vocab.txt': vocabulary, 'manifest.json': JSON.stringify(manifest) };
}

test("a model's manifest is written again when the server says that it has changed, and not when a web page comes instead", { timeout: LONG }, async () => {
  let version = '"one"';
  let type = 'application/json';
  const server = await serve({
    '/models/mine/manifest.json': (_, response) => response.writeHead(200, { 'content-type': type, etag: version }).end('{}'),
    '/plain.html': '<!doctype html><title>plain</title>',
  });
  const page = await open(server);
  await ready(page);
  const [worker] = page.context().serviceWorkers();
  await worker.evaluate(() => {
    const { put } = Cache.prototype;
    globalThis.keysWritten = [];
    Cache.prototype.put = function (key, response) {
      globalThis.keysWritten.push(String(key));
      return put.call(this, key, response);
    };
  });
  // The page asks for nothing itself; another of its folder has the same service worker. It has a manifest only after it has
  // been decided whether to write it.
  const other = await page.context().newPage();
  await other.goto(`${server.address}plain.html`);
  const written = async () => {
    await other.evaluate(() => fetch('models/mine/manifest.json').then((response) => response.text()));
    const paths = await worker.evaluate(() => globalThis.keysWritten.splice(0));
    return paths.filter((path) => path.endsWith('/models/mine/manifest.json')).length;
  };
  assert.equal(await written(), 1);
  assert.equal(await written(), 0, 'the same version is not written again');
  version = '"two"';
  assert.equal(await written(), 1);
  [version, type] = ['"three"', 'text/html'];
  assert.equal(await written(), 0);
  server.close();
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
