// Downloads over networks and from hosts as they are: cut, stalled, short, wrong, slow, sent elsewhere.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostAndPage } from './faulty-host.mjs';
import { IN_SENTENCE, SENTENCE, browser, bundle, places, root } from './harness.mjs';
import { zipOf } from './hosts.mjs';

const LONG = 120_000;
const MODEL = '/m/model.onnx';
const ENGINE = '/pkg/relaxed-simd/glossa_bg.wasm';
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

/** A page that is not ours, in a browser that has nothing yet, and a host of the tiny model at `/m/`. */
async function open(t, more = {}) {
  const { host, server, page } = await hostAndPage(t, chromium, { ...(await bundle('/m/')), ...more });
  await page.exposeFunction('loaded', (bytes) => host.loaded(bytes));
  await page.goto(`${server.address}plain.html`);
  const besides = host.content('/m/vocab.txt').length;
  return { host, server, page, size: host.content(MODEL).length, besides };
}

/** The chunks that a model finds in the sentence, or the error's code and message. */
const find = (page, options) =>
  page.evaluate(
    async ([options, text]) => {
      const { Annotator } = await import('/glossa/index.js');
      try {
        const onProgress = ({ stage, loaded }) => stage === 'download' && globalThis.loaded(loaded);
        const annotator = await Annotator.create({ workers: 1, onProgress, ...options });
        const { chunks } = await annotator.annotate(text);
        annotator.dispose();
        return { chunks };
      } catch ({ code, message }) {
        return { error: `${code}: ${message.replaceAll(location.origin, '')}` };
      }
    },
    [options, SENTENCE],
  );

async function finds(page, options) {
  const { chunks, error } = await find(page, options);
  assert.deepEqual(chunks && places(chunks), IN_SENTENCE, error);
}

for (const version of ['etag', 'last-modified']) {
  test(`a download that is cut short goes on where it was, of the same version by its ${version}`, { timeout: LONG }, async (t) => {
    const { host, page, besides } = await open(t);
    host.version = version;
    host.fault(MODEL, { besides, cutAt: 5000, times: 2 });
    await finds(page, { model: '/m/' });
    assert.deepEqual(host.rangesOf(MODEL), [null, 'bytes=5000-', 'bytes=10000-']);
    const conditions = host.asked.filter(({ range }) => range).map(({ ifRange }) => Boolean(ifRange));
    assert.deepEqual(conditions, [true, true]);
  });
}

test('without a name for the version only what is checked by its hash goes on where it was', { timeout: LONG }, async (t) => {
  const { host, page, besides } = await open(t, { '/zips/tiny.zip': zipOf(await bundle('')) });
  host.version = 'none';
  host.fault(MODEL, { besides, cutAt: 5000, times: 1 });
  host.fault('/zips/tiny.zip', { cutAt: 500, times: 1 });
  await finds(page, { model: '/m/' });
  assert.deepEqual(host.rangesOf(MODEL), [null, 'bytes=5000-']);
  await finds(page, { model: '/zips/tiny.zip' });
  assert.deepEqual(host.rangesOf('/zips/tiny.zip'), [null, null]);
});

test('a download from another origin goes on where it was', { timeout: LONG }, async (t) => {
  const zip = '/zips/tiny.zip';
  const { host, server, page, besides } = await open(t, { [zip]: zipOf(await bundle('')) });
  const elsewhere = server.address.replace('127.0.0.1', 'localhost');
  host.headers['access-control-allow-origin'] = '*';
  host.fault(MODEL, { besides, cutAt: 5000, times: 1 });
  await finds(page, { model: `${elsewhere}m/` });
  assert.deepEqual(host.rangesOf(MODEL), [null, 'bytes=5000-']);
  // Of what has no hash the version has to be seen.
  host.fault(zip, { cutAt: 500, times: 1 });
  await finds(page, { model: `${elsewhere}zips/tiny.zip` });
  assert.deepEqual(host.rangesOf(zip), [null, null]);
  host.asked = [];
  host.headers['access-control-expose-headers'] = 'ETag';
  host.fault(zip, { cutAt: 500, times: 1 });
  await finds(page, { model: `${elsewhere}zips/tiny.zip` });
  assert.deepEqual(host.rangesOf(zip), [null, 'bytes=500-']);
  assert.deepEqual(host.asked.map(({ ifRange }) => ifRange), [undefined, undefined]);
});

test('a host that sends no parts begins again, once', { timeout: LONG }, async (t) => {
  const { host, page, size, besides } = await open(t);
  host.ranges = false;
  host.fault(MODEL, { besides, cutAt: 5000, times: 1 });
  await finds(page, { model: '/m/' });
  assert.equal(host.rangesOf(MODEL).length, 2);
  await page.evaluate(() => caches.delete('glossa-hashed'));
  host.asked = [];
  host.fault(MODEL, { besides, cutAt: 5000 });
  const { error } = await find(page, { model: '/m/' });
  const reason = `the download came as far as 5000 of ${size} bytes: the connection broke off`;
  assert.ok(error.startsWith(`file_unreadable: ${MODEL}: cannot be read: ${reason}`), error);
  assert.match(error, /try again later$/);
  const [first, second, ...others] = host.rangesOf(MODEL);
  assert.deepEqual([first, second], [null, 'bytes=5000-']);
  assert.ok(others.length < 3, 'it is not begun again and again');
});

test('a connection that is always cut is given up, and the message says how far it came', { timeout: LONG }, async (t) => {
  const { host, page, size, besides } = await open(t);
  host.fault(MODEL, { besides, cutAt: 100 });
  const { error } = await find(page, { model: '/m/', stallTimeout: 5000 });
  const ranges = host.rangesOf(MODEL);
  const far = 100 * ranges.length;
  assert.ok(error.startsWith(`file_unreadable: ${MODEL}: cannot be read: the download came as far as ${far} of ${size} bytes: `), error);
  assert.deepEqual(ranges, [null, ...ranges.slice(1).map((_, i) => `bytes=${100 * (i + 1)}-`)]);
  assert.equal(ranges.length, 6);
  host.fault(MODEL);
  await finds(page, { model: '/m/' });
});

test('a host that is gone in the middle is told as how far it came', { timeout: LONG }, async (t) => {
  const { host, page, size } = await open(t);
  host.fault(MODEL, { stallAt: 5000, times: 1 });
  const finding = find(page, { model: '/m/', stallTimeout: 1500 });
  while (!host.stalled.length) await new Promise((resolve) => setTimeout(resolve, 10));
  host.fault(MODEL, { status: 503 });
  const { error } = await finding;
  const reason = `the download came as far as 5000 of ${size} bytes: the host answers with status 503; try again later`;
  assert.equal(error, `file_unreadable: ${MODEL}: cannot be read: ${reason}`);
});

test('a download that stands still is ended, and goes on where it was', { timeout: LONG }, async (t) => {
  const { host, page, size } = await open(t);
  host.fault(MODEL, { stallAt: 5000, times: 1 });
  await finds(page, { model: '/m/', stallTimeout: 1500 });
  assert.deepEqual(host.rangesOf(MODEL), [null, 'bytes=5000-']);
  await page.evaluate(() => caches.delete('glossa-hashed'));
  host.fault(MODEL, { stallAt: 0 });
  const { error } = await find(page, { model: '/m/', stallTimeout: 1500 });
  const reason = `the download came as far as 0 of ${size} bytes: nothing came for 1.5 seconds; try again later`;
  assert.equal(error, `file_unreadable: ${MODEL}: cannot be read: ${reason}`);
  assert.equal(host.stalled.length, 3, 'it is waited for twice in vain, not more often');
});

test('a host that does not answer is asked once more, for whatever file; without a limit it is waited for', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t, { '/setup.json': JSON.stringify({ glossaPipeline: 1, model: '/m/' }), [ENGINE]: await readFile(join(root, 'www', ENGINE)) });
  for (const path of ['/m/manifest.json', MODEL, ENGINE, '/setup.json']) {
    host.fault(path, { silent: true });
    host.asked = [];
    const source = path === '/setup.json' ? { pipeline: path } : { model: '/m/' };
    const { error } = await find(page, { ...source, stallTimeout: 2000 });
    const reason = 'the host did not answer: nothing came for 2 seconds; try again later';
    assert.equal(error, `file_unreadable: ${path}: cannot be read: ${reason}`);
    assert.equal(host.rangesOf(path).length, 2);
    host.goOn();
    if (path === MODEL) {
      const finding = finds(page, { model: '/m/', stallTimeout: 0 });
      while (!host.stalled.length) await new Promise((resolve) => setTimeout(resolve, 10));
      // Another load, with a limit, ends before the first goes on.
      assert.match((await find(page, { model: '/m/', stallTimeout: 500 })).error, /^file_unreadable/);
      host.fault(path);
      host.goOn();
      await finding;
      await page.evaluate(() => caches.delete('glossa-hashed'));
    }
    host.fault(path);
  }
});

test('the engine goes on where it was, and a script that does not come is told', { timeout: LONG }, async (t) => {
  const script = '/pkg/relaxed-simd/glossa.js';
  const more = Object.fromEntries(await Promise.all([ENGINE, script].map(async (path) => [path, await readFile(join(root, 'www', path))])));
  const { host, page } = await open(t, more);
  host.fault(ENGINE, { stallAt: 2_000_000, times: 1 });
  await finds(page, { model: '/m/', stallTimeout: 2000 });
  assert.equal(host.rangesOf(ENGINE).length, 2);
  assert.match(host.rangesOf(ENGINE)[1], /^bytes=\d+-$/);
  host.fault(script, { silent: true, times: 1 });
  const { error } = await find(page, { model: '/m/', stallTimeout: 3000 });
  assert.equal(error, `file_unreadable: ${script}: cannot be read: it has not come within 3 seconds`);
  await finds(page, { model: '/m/' });
});

test('what has gone on where it was is checked, and comes anew if its parts do not fit', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  host.version = 'none';
  const whole = host.content(MODEL);
  host.fault(MODEL, { stallAt: 5000, times: 1 });
  const finding = finds(page, { model: '/m/', stallTimeout: 1500 });
  while (!host.stalled.length) await new Promise((resolve) => setTimeout(resolve, 10));
  host.fault(MODEL, { wrong: true, times: 1 });
  await finding;
  assert.deepEqual(host.rangesOf(MODEL), [null, 'bytes=5000-', null]);
  assert.deepEqual(host.content(MODEL), whole);
});

test('a file that is short, or another, is asked for once more before it is told', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  for (const [fault, found] of [
    [{ short: 5000 }, /found 5000 bytes$/],
    [{ wrong: true }, /expected sha256 [0-9a-f]{64}, found sha256 [0-9a-f]{64}$/],
  ]) {
    host.asked = [];
    host.fault(MODEL, { ...fault, times: 1 });
    await finds(page, { model: '/m/' });
    assert.deepEqual(host.rangesOf(MODEL), [null, null]);
    await page.evaluate(() => caches.delete('glossa-hashed'));
    host.fault(MODEL, fault);
    const { error } = await find(page, { model: '/m/' });
    assert.match(error, /^file_mismatch: \/m\/model\.onnx: is not the file that it should be/);
    assert.match(error, found);
    assert.equal(host.rangesOf(MODEL).length, 4);
    host.fault(MODEL);
  }
});

test('a redirect to another origin is refused unless that is allowed', { timeout: LONG }, async (t) => {
  const { host, server, page } = await open(t, { '/other/model.onnx': (await bundle(''))['model.onnx'], '/setup.json': '{}', '/other/setup.json': JSON.stringify({ glossaPipeline: 1, model: '/m/' }) });
  host.headers['access-control-allow-origin'] = '*';
  const origin = server.address.slice(0, -1);
  const elsewhere = origin.replace('127.0.0.1', 'localhost');
  host.fault(MODEL, { redirect: `${elsewhere}/other/model.onnx?X-Signature=secret` });
  const { error } = await find(page, { model: '/m/' });
  // The page's own origin is left out of what `find` gives.
  assert.equal(
    error,
    `redirect_refused: ${MODEL}:  sends the download on to ${elsewhere}, which is not allowed. If the files may come from there, ` +
      `allow it: allowedOrigins: ['${elsewhere}']`,
  );
  for (const allowed of [elsewhere, `${elsewhere}/`]) await finds(page, { model: '/m/', allowedOrigins: [allowed] });
  await page.evaluate(() => caches.delete('glossa-hashed'));
  for (const allowedOrigins of [[], [origin], ['https://example.org']]) {
    assert.match((await find(page, { model: '/m/', allowedOrigins })).error, /^redirect_refused/);
  }
  host.fault(MODEL, { redirect: `${origin}/other/model.onnx` });
  await finds(page, { model: '/m/' });
  host.fault(MODEL);
  host.fault('/setup.json', { redirect: `${elsewhere}/other/setup.json` });
  await finds(page, { pipeline: '/setup.json', allowedOrigins: [elsewhere] });
  assert.match((await find(page, { pipeline: '/setup.json' })).error, /^redirect_refused: \/setup\.json/);
});

test('limits and origins that are none are refused before anything is downloaded', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  for (const [options, message] of [
    [{ stallTimeout: -1 }, /^option_invalid: option stallTimeout: -1 is not a number of milliseconds/],
    [{ stallTimeout: '30s' }, /^option_invalid: option stallTimeout: 30s is not/],
    [{ stallTimeout: 2 ** 31 }, /^option_invalid: option stallTimeout/],
    [{ allowedOrigins: 'https://example.org' }, /^option_invalid: option allowedOrigins: a list of origins is required/],
    [{ allowedOrigins: ['example.org'] }, /^option_invalid: option allowedOrigins: "example\.org" is not an origin/],
    [{ allowedOrigins: ['https://example.org/models'] }, /is not an origin/],
    [{ allowedOrigins: ['ftp://example.org'] }, /is not an origin/],
    [{ allowedOrigins: [null] }, /is not an origin/],
  ]) {
    assert.match((await find(page, { model: '/m/', ...options })).error, message);
  }
  assert.deepEqual(host.asked, []);
});
