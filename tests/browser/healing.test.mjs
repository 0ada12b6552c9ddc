// What is kept on the device is whole or comes anew: damaged files, full or deleted storage, hosts that fail after a good visit.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hostAndPage } from './faulty-host.mjs';
import { IN_SENTENCE, SENTENCE, browser, bundle, places, root, serve } from './harness.mjs';
import { marks, settled } from './page.mjs';

const LONG = 180_000;
const MODEL = '/m/model.onnx';
const VOCABULARY = '/m/vocab.txt';
const MANIFEST = '/m/manifest.json';
const ENGINE = '/pkg/relaxed-simd/glossa_bg.wasm';
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

/** A page that is not ours, in a browser that has nothing yet, and a host of the tiny model at `/m/` and of the engine. */
async function open(t, more = {}) {
  const files = { ...(await bundle('/m/')), [ENGINE]: await readFile(join(root, 'www', ENGINE)) };
  const { host, server, page } = await hostAndPage(t, chromium, files, more);
  await page.goto(`${server.address}plain.html`);
  return { host, server, page };
}

/** What the model at `/m/` finds in the sentence, or the error's code. */
const find = (page) =>
  page.evaluate(async (text) => {
    const { Annotator } = await import('/glossa/index.js');
    try {
      // What a worker has to keep, it keeps as long as it runs.
      globalThis.annotator?.dispose();
      globalThis.annotator = await Annotator.create({ model: '/m/', workers: 1 });
      const { chunks } = await globalThis.annotator.annotate(text);
      return { chunks };
    } catch ({ code, message }) {
      return { code, message };
    }
  }, SENTENCE);

async function finds(page) {
  const { chunks, message } = await find(page);
  assert.deepEqual(chunks && places(chunks), IN_SENTENCE, message);
}

/** Keys of the files that are kept, from the page's origin on. */
const kept = (page) =>
  page.evaluate(async () => {
    const keys = await (await caches.open('glossa-hashed')).keys();
    return keys.map(({ url }) => url.slice(location.origin.length)).sort();
  });

/** Waits until just these files are kept. */
async function untilKept(page, keys) {
  const wanted = [...keys].sort();
  let found = [];
  for (let i = 0; i < 600 && found.join() !== wanted.join(); i++) {
    found = await kept(page);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(found, wanted);
}

/** The keys under which a host's files are kept. */
function keysOf(host) {
  const { files } = JSON.parse(host.content(MANIFEST));
  const engine = createHash('sha256').update(host.content(ENGINE)).digest('hex');
  return [`${MANIFEST}?manifest`, `${ENGINE}?sha256=${engine}`, ...files.map(({ path, sha256 }) => `/m/${path}?sha256=${sha256}`)];
}

/** Visits once, so that all is kept. */
async function visit(host, page) {
  await finds(page);
  await untilKept(page, keysOf(host));
  host.asked = [];
}

/** Damages a file where it is kept. */
const damage = (page, path, how, name = 'glossa-hashed') =>
  page.evaluate(
    async ([path, how, name]) => {
      const caching = (await caches.keys()).filter((key) => key.startsWith(name));
      for (const cache of await Promise.all(caching.map((key) => caches.open(key)))) {
        const [key] = await cache.keys(path, { ignoreSearch: !path.includes('?') });
        if (!key) continue;
        const response = await cache.match(key);
        let content = new Uint8Array(await response.arrayBuffer());
        if (how === 'changed') content[content.length >> 1] ^= 1;
        if (how === 'truncated') content = content.slice(0, -100);
        if (how === 'empty') content = new Uint8Array();
        await cache.put(key, new Response(content, { headers: response.headers }));
        return;
      }
      throw new Error(`${path} is not kept`);
    },
    [path, how, name],
  );

for (const how of ['changed', 'truncated', 'empty']) {
  test(`a kept file that is ${how} comes anew in the same load`, { timeout: LONG }, async (t) => {
    const { host, page } = await open(t);
    await visit(host, page);
    for (const path of [MODEL, VOCABULARY, ENGINE]) {
      host.asked = [];
      await damage(page, path, how);
      await finds(page);
      assert.equal(host.rangesOf(path).length, 1, `${path} comes once`);
      await untilKept(page, keysOf(host));
      await finds(page);
      assert.equal(host.rangesOf(path).length, 1, `${path} is whole again`);
    }
    await damage(page, MANIFEST, how);
    await finds(page);
    await untilKept(page, keysOf(host));
  });
}

test('a damaged file is told if the host has no other, and comes when it has', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  await visit(host, page);
  for (const path of [MODEL, VOCABULARY, ENGINE]) {
    for (const [fault, code] of [[{ wrong: true }, 'file_mismatch'], [{ status: 404 }, 'file_missing'], [{ status: 500 }, 'file_unreadable']]) {
      await damage(page, path, 'changed');
      host.fault(path, fault);
      host.asked = [];
      assert.equal((await find(page)).code, code, path);
      assert.equal(host.rangesOf(path).length, 1);
      host.fault(path);
      await finds(page);
      await untilKept(page, keysOf(host));
    }
  }
});

test('a damaged model that makes the engine trap comes anew into another engine', { timeout: LONG }, async (t) => {
  const path = '/pkg/relaxed-simd/glossa.js';
  const bindings = String(await readFile(join(root, 'www', path)));
  const model = (await bundle(''))['model.onnx'];
  // An engine that has trapped does nothing any more.
  const trapping = `
    let trapped = false;
    const { fromFiles } = Annotator;
    Annotator.fromFiles = (name, files, ...more) => {
      const model = files['model.onnx'];
      trapped ||= model[model.length >> 1] !== ${model[model.length >> 1]};
      if (trapped) throw new WebAssembly.RuntimeError('unreachable');
      return fromFiles.call(Annotator, name, files, ...more);
    };`;
  const { host, page } = await open(t, { [path]: bindings + trapping });
  await visit(host, page);
  await damage(page, MODEL, 'changed');
  await finds(page);
  assert.equal(host.rangesOf(MODEL).length, 1);
});

test('what the browser has kept for longer than the host has it is asked for anew', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  host.headers = { 'cache-control': 'max-age=3600' };
  await visit(host, page);
  await page.evaluate(() => caches.delete('glossa-hashed'));
  const before = host.content(VOCABULARY);
  succeed(host);
  host.headers = { 'cache-control': 'no-store' };
  // The browser's own cache still has the manifest and the vocabulary of before, as they are allowed to be an hour old.
  await page.evaluate(() => fetch('/m/manifest.json', { cache: 'reload' }));
  await finds(page);
  await untilKept(page, keysOf(host));
  assert.notDeepEqual(host.content(VOCABULARY), before);
  assert.equal(host.rangesOf(VOCABULARY).length, 1);
});

/** Gives the model another word in its vocabulary, and so another manifest. */
function succeed(host) {
  const vocabulary = Buffer.from(host.content(VOCABULARY).toString().replace(/\n$/, 's\n'));
  const manifest = JSON.parse(host.content(MANIFEST));
  const entry = manifest.files.find(({ path }) => path === 'vocab.txt');
  entry.bytes = vocabulary.length;
  entry.sha256 = createHash('sha256').update(vocabulary).digest('hex');
  host.replace(VOCABULARY, vocabulary);
  host.replace(MANIFEST, JSON.stringify(manifest));
}

test('a model is kept without a service worker and replaced by its successor', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  const isCached = () => page.evaluate(async () => (await import('/glossa/index.js')).isModelCached('/m/'));
  assert.equal(await isCached(), false);
  await visit(host, page);
  assert.equal(await isCached(), true);
  await finds(page);
  assert.deepEqual(host.asked.map(({ path }) => path), [MANIFEST]);
  succeed(host);
  await finds(page);
  await untilKept(page, keysOf(host));
  assert.deepEqual([host.rangesOf(MODEL).length, host.rangesOf(VOCABULARY).length], [0, 1], 'only what has changed comes again');
});

test('a version that was left behind is removed when the one that is wanted is used', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  // As of workers that ended before they had removed what was before.
  await page.evaluate(
    async (paths) => {
      const cache = await caches.open('glossa-hashed');
      for (const path of paths) for (const hash of ['a', 'b', 'c']) await cache.put(`${path}?sha256=${hash.repeat(64)}`, new Response(hash));
    },
    [MODEL, ENGINE],
  );
  await finds(page);
  // Of the engine there may be a tab that still has the version before.
  const before = `${ENGINE}?sha256=${'c'.repeat(64)}`;
  await untilKept(page, [...keysOf(host), before]);
  host.asked = [];
  // The same on a visit to which nothing comes over the network.
  const [engine] = keysOf(host).filter((key) => key.startsWith(ENGINE));
  await page.evaluate(async ([path, engine]) => {
    const cache = await caches.open('glossa-hashed');
    const whole = await cache.match(engine);
    await cache.delete(engine);
    await cache.put(`${path}?sha256=${'d'.repeat(64)}`, new Response('d'));
    await cache.put(engine, whole);
  }, [ENGINE, engine]);
  await finds(page);
  assert.deepEqual(host.asked.map(({ path }) => path), [MANIFEST]);
  await untilKept(page, [...keysOf(host), `${ENGINE}?sha256=${'d'.repeat(64)}`]);
});

test('whatever the host answers after a good visit, what is kept stays and does', { timeout: LONG }, async (t) => {
  const { host, server, page } = await open(t);
  await visit(host, page);
  for (const fault of [
    { status: 404 },
    { status: 403 },
    { status: 500 },
    { page: true },
    { short: 20 },
    { cutAt: 20 },
    { silent: true },
    { redirect: '/plain.html' },
    { redirect: `${server.address.replace('127.0.0.1', 'localhost')}plain.html` },
  ]) {
    for (const path of [MANIFEST, MODEL, VOCABULARY, ENGINE]) host.fault(path, fault);
    await finds(page);
    assert.deepEqual(await kept(page), keysOf(host).sort(), JSON.stringify(fault));
  }
  // Where nothing is kept, each is told.
  await page.evaluate(() => caches.delete('glossa-hashed'));
  host.fault(MANIFEST, { status: 500 });
  assert.equal((await find(page)).code, 'file_unreadable');
});

test('a manifest that comes too late for a load is for the next', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  await visit(host, page);
  succeed(host);
  host.fault(MANIFEST, { silent: true, times: 1 });
  await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    globalThis.annotator?.dispose();
    globalThis.annotator = await Annotator.create({ model: '/m/', workers: 1 });
  });
  assert.equal(host.rangesOf(VOCABULARY).length, 0, 'the one that is kept does');
  host.goOn();
  await untilKept(page, keysOf(host));
  assert.equal(host.rangesOf(VOCABULARY).length, 1);
});

test('a version that cannot be loaded does not take the place of the one before', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  await visit(host, page);
  const before = keysOf(host);
  succeed(host);
  const manifest = JSON.parse(host.content(MANIFEST));
  host.replace(MANIFEST, JSON.stringify({ ...manifest, labels: ['O'] }));
  assert.equal((await find(page)).code, 'labels_mismatch');
  const found = await kept(page);
  for (const key of before) assert.ok(found.includes(key), key);
  host.fault(MANIFEST, { status: 500 });
  await finds(page);
});

test('all workers of an annotator have one version of the model, whatever its host has when they load', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  await visit(host, page);
  await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    globalThis.annotator.dispose();
    globalThis.annotator = await Annotator.create({ model: '/m/', workers: 2 });
  });
  host.asked = [];
  succeed(host);
  const [workers, ...found] = await page.evaluate(async (text) => {
    const many = await Array.fromAsync(globalThis.annotator.annotateAll(Array(4).fill(text.repeat(1000))));
    return [globalThis.annotator.info.workers, ...many.map(({ annotation }) => annotation.chunks.length)];
  }, SENTENCE);
  assert.deepEqual([workers, found], [2, [3000, 3000, 3000, 3000]]);
  assert.deepEqual(host.asked, [], 'nothing of the new version is asked for');
});

/** Scripts that run in the worker before all others. */
async function inWorker(script) {
  const worker = String(await readFile(join(root, 'www', 'glossa', 'worker', 'worker.js')));
  return { '/glossa/worker/first.js': script, '/glossa/worker/worker.js': `import './first.js';\n${worker}` };
}

for (const [what, script] of Object.entries({
  'storage is full': "Cache.prototype.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));",
  'storage fails': "CacheStorage.prototype.open = () => Promise.reject(new DOMException('failed', 'UnknownError'));",
  'what is kept cannot be read': "Cache.prototype.match = () => Promise.reject(new DOMException('failed', 'UnknownError'));",
  'what is kept breaks off': `
    const { match } = Cache.prototype;
    Cache.prototype.match = async function (...given) {
      const found = await match.apply(this, given);
      return found && new Response(new ReadableStream({ start: (it) => it.error(new TypeError('broken')) }), found);
    };`,
})) {
  test(`where ${what} everything works, from the network`, { timeout: LONG }, async (t) => {
    const { host, page } = await open(t, await inWorker(script));
    for (const times of [1, 2]) {
      await finds(page);
      assert.deepEqual([host.rangesOf(MODEL).length, host.rangesOf(ENGINE).length], [times, times]);
    }
  });
}

test('where storage is full, what is not wanted any more makes room', { timeout: LONG }, async (t) => {
  const script = `
    const { put } = Cache.prototype;
    Cache.prototype.put = async function (key, response) {
      const full = (await this.keys(key, { ignoreSearch: true })).some(({ url }) => url.endsWith('old'));
      if (full) throw new DOMException('full', 'QuotaExceededError');
      return put.call(this, key, response);
    };`;
  const { host, page } = await open(t, await inWorker(script));
  await page.evaluate(async (path) => (await caches.open('glossa-hashed')).put(`${path}?sha256=old`, new Response('old')), MODEL);
  await finds(page);
  await untilKept(page, keysOf(host));
});

test('storage that is deleted while a model is open', { timeout: LONG }, async (t) => {
  const { host, page } = await open(t);
  await visit(host, page);
  const found = await page.evaluate(async (text) => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/m/', workers: 2 });
    for (const name of await caches.keys()) await caches.delete(name);
    const one = await annotator.annotate(text);
    // So much that another worker is started, and loads the model.
    const many = await Array.fromAsync(annotator.annotateAll(Array(4).fill(text.repeat(400))));
    annotator.dispose();
    return [one.chunks.length, ...many.map(({ annotation }) => annotation.chunks.length)];
  }, SENTENCE);
  assert.deepEqual(found, [3, 1200, 1200, 1200, 1200]);
  await finds(page);
  await untilKept(page, keysOf(host));
});

/** Our own page, visited so that all of it is kept, with its service worker. */
async function openPage(t) {
  const faults = new Map();
  const own = ['/', '/pkg/page-files.json', '/pkg/app.js', '/pkg/worker/worker.js', '/pkg/relaxed-simd/glossa.js', ENGINE, '/page/style.css',
    '/page/options.css', '/page/print.css', '/tiny/manifest.json', '/tiny/model.onnx', '/tiny/vocab.txt'];
  const files = Object.fromEntries(
    await Promise.all(
      own.map(async (path) => {
        const folder = path.startsWith('/tiny/') ? ['tests', 'models'] : ['www'];
        return [path, await readFile(join(root, ...folder, path === '/' ? 'index.html' : path))];
      }),
    ),
  );
  const type = { js: 'text/javascript', css: 'text/css', json: 'application/json', wasm: 'application/wasm', onnx: 'application/octet-stream', txt: 'text/plain' };
  const asked = [];
  const answer = (path) => (_, response) => {
    asked.push(path);
    const fault = faults.get(path);
    if (fault) return response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<!doctype html><p>My site');
    const headers = { 'content-type': type[path.split('.').at(-1)] ?? 'text/html', 'cache-control': 'no-store' };
    return response.writeHead(200, headers).end(files[path]);
  };
  const server = await serve(Object.fromEntries(own.map((path) => [path, answer(path)])));
  const context = await chromium.newContext();
  t.after(async () => {
    await context.close();
    await server.stop();
  });
  const page = await context.newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: LONG });
  await annotate(page);
  await page.reload();
  await annotate(page);
  const fault = (paths, status) => {
    for (const path of paths) faults.set(path, { status });
  };
  return { server, page, own, asked, fault, heal: () => faults.clear() };
}

async function annotate(page) {
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);
}

test("the page's files are whole or come anew", { timeout: LONG }, async (t) => {
  const { page, asked, server } = await openPage(t);
  const paths = ['/', '/pkg/app.js', '/page/style.css', '/pkg/worker/worker.js', '/pkg/relaxed-simd/glossa.js', '/pkg/page-files.json'];
  for (const [i, path] of paths.entries()) {
    const how = ['changed', 'truncated', 'empty'][i % 3];
    await damage(page, path, how, 'glossa-page-version');
    asked.length = 0;
    await page.reload();
    await annotate(page);
    assert.ok(asked.includes(path), `${path} comes anew`);
    asked.length = 0;
    await page.reload();
    await annotate(page);
    assert.deepEqual(asked.filter((path) => /\.(js|css)$/.test(path)), [], 'and is whole again');
  }
  // Without a network what there is does.
  await damage(page, '/page/style.css', 'truncated', 'glossa-page-version');
  await server.stop();
  await page.reload();
  await annotate(page);
});

test('a file that is damaged while its tab is open comes anew, or not at all if the host has another', { timeout: LONG }, async (t) => {
  const { page, asked, fault } = await openPage(t);
  await page.reload();
  // The page asks for nothing itself; its worker does, until it has read a text. It starts when the model is loaded ahead.
  const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
  // The page has it: nothing else asks for this file.
  const path = '/page/style.css';
  await damage(page, path, 'changed', 'glossa-page-version');
  const ask = () =>
    worker.evaluate((path) => fetch(`${location.origin}${path}`).then(({ status }) => status, () => 'an error'), path);
  asked.length = 0;
  assert.equal(await ask(), 200);
  assert.equal(asked.filter((one) => one === path).length, 1);
  await damage(page, path, 'changed', 'glossa-page-version');
  for (const status of [200, 404, 500]) {
    fault([path], status);
    assert.equal(await ask(), 'an error', `${status} with a web page`);
  }
});

for (const status of [404, 500, 200]) {
  const what = status === 200 ? 'a web page for every file but the page' : `status ${status} for everything`;
  test(`a host that answers with ${what} after a good visit: the page opens and annotates`, { timeout: LONG }, async (t) => {
    const { page, own, fault, heal } = await openPage(t);
    fault(status === 200 ? own.filter((path) => path !== '/') : own, status);
    for (let i = 0; i < 2; i++) {
      await page.reload();
      await annotate(page);
    }
    heal();
    await page.reload();
    await annotate(page);
  });
}
