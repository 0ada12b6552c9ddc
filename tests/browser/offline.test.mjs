// What the service worker keeps: a second visit works without a network, and new content takes the place of old.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { browser, serve } from './harness.mjs';
import { marks, settled } from './page.mjs';

const LONG = 300_000;
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

async function open(server, options = {}) {
  const context = await chromium.newContext(options);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(server.address);
  return page;
}

const ready = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
const kept = (page) =>
  page.evaluate(async () => {
    const keys = await (await caches.open('glossa-hashed')).keys();
    return keys.map(({ url }) => url.slice(location.origin.length)).sort();
  });

async function annotate(page) {
  await page.locator('[data-testid="example"][data-example="cellular"]').click();
  await settled(page);
  return marks(page);
}

test('the second visit works without a network', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server);
  await ready(page);
  const online = await annotate(page);
  assert.ok(online.length > 5);
  // The page was there before its service worker; this visit goes through it altogether.
  await page.reload();
  assert.deepEqual(await annotate(page), online);
  await page.waitForFunction(async () => (await (await caches.open('glossa-hashed')).keys()).length >= 2);
  const models = server.requests.filter((path) => path.endsWith('model.onnx')).length;
  await server.stop();

  await page.reload();
  assert.equal(await page.title(), 'Glossa: biomedical entities, in this tab');
  assert.deepEqual(await annotate(page), online);
  assert.equal(models, 1, 'the model came over the network once');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('kept content has the hash that was asked for, and is replaced by its successor', { timeout: LONG }, async () => {
  const contents = { '/models/mine/part.bin': 'first' };
  const server = await serve({
    '/models/mine/part.bin': (_, response) =>
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(contents['/models/mine/part.bin']),
  });
  const page = await open(server);
  await ready(page);
  await page.reload();
  const hash = (text) => createHash('sha256').update(text).digest('hex');
  const get = (sha256) =>
    page.evaluate(async (fragment) => (await fetch(`/models/mine/part.bin${fragment}`)).text(), `#sha256=${sha256}`);
  const mine = async () => (await kept(page)).filter((path) => path.startsWith('/models/mine/'));
  const until = (count) =>
    page.waitForFunction(
      async (count) => {
        const keys = await (await caches.open('glossa-hashed')).keys();
        return keys.filter(({ url }) => url.includes('/models/mine/')).length === count;
      },
      count,
    );

  assert.equal(await get(hash('other')), 'first');
  await page.waitForTimeout(300);
  assert.deepEqual(await mine(), [], 'it is not what was asked for');

  assert.equal(await get(hash('first')), 'first');
  await until(1);
  contents['/models/mine/part.bin'] = 'second';
  assert.equal(await get(hash('first')), 'first', 'from the device');
  assert.equal(await get(hash('second')), 'second');
  await page.waitForFunction(async (path) => caches.match(path), `/models/mine/part.bin?sha256=${hash('second')}`);
  await until(1);
  assert.deepEqual(await mine(), [`/models/mine/part.bin?sha256=${hash('second')}`]);
  server.close();
  await page.context().close();
});

test('a file of the page is written again when the server says that it has changed', { timeout: LONG }, async () => {
  let version = '"one"';
  let visits = 0;
  const server = await serve({
    '/settings.css': (_, response) =>
      response.writeHead(200, { 'content-type': 'text/css', etag: version, 'x-visit': ++visits }).end('p { }'),
  });
  const page = await open(server);
  await ready(page);
  const keptOf = () => page.evaluate(async () => (await caches.match('/settings.css'))?.headers.get('x-visit'));
  const until = (visit) =>
    page.waitForFunction(async (visit) => (await caches.match('/settings.css'))?.headers.get('x-visit') === visit, visit);
  await page.reload();
  await until('2');
  await page.reload();
  await page.waitForTimeout(300);
  assert.equal(visits, 3);
  assert.equal(await keptOf(), '2', 'the same version is not written again');
  version = '"two"';
  await page.reload();
  await until('4');
  server.close();
  await page.context().close();
});

test('the page and its worker are a script each', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server, { serviceWorkers: 'block' });
  await annotate(page);
  const scripts = server.requests.filter((path) => path.endsWith('.js')).sort();
  assert.deepEqual(scripts, ['/pkg/app.js', '/pkg/relaxed-simd/glossa.js', '/pkg/worker.js']);
  server.close();
  await page.context().close();
});

test('where service workers are denied the page works all the same', { timeout: LONG }, async () => {
  const server = await serve();
  const page = await open(server, { serviceWorkers: 'block' });
  assert.ok((await annotate(page)).length > 5);
  assert.deepEqual(page.complaints, []);
  server.close();
  await page.context().close();
});
