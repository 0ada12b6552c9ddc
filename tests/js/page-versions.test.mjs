// Versions of the page on the device: whole ones, and none that hides for ever what the host has.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { pageFiles } from '../../scripts/page-files.mjs';
import { PageVersions } from '../../www/service-worker/page-versions.js';

const SCOPE = 'https://host.test/glossa/';
const HOUR_MS = 60 * 60 * 1000;
const { fetch } = globalThis;
const { now } = Date;
/** What the host has, by path, and what was asked of it. */
let host;
let asked;
/** The browser's caches by name. */
let stored;

const keyOf = (key) => (typeof key === 'string' ? key : key.url);

beforeEach(() => {
  stored = new Map();
  asked = [];
  const cacheOf = (entries) => ({
    match: async (key) => entries.get(keyOf(key))?.clone(),
    put: async (key, response) => void entries.set(keyOf(key), response),
    delete: async (key) => entries.delete(keyOf(key)),
    keys: async () => [...entries.keys()].map((url) => ({ url })),
  });
  globalThis.caches = {
    has: async (name) => stored.has(name),
    keys: async () => [...stored.keys()],
    delete: async (name) => stored.delete(name),
    open: async (name) => cacheOf(stored.get(name) ?? stored.set(name, new Map()).get(name)),
  };
  globalThis.fetch = async (address) => {
    const path = address.slice(SCOPE.length) || './';
    asked.push(path);
    const body = host[path];
    if (body instanceof Error) throw body;
    return new Response(body ?? '', { status: body === undefined ? 404 : 200 });
  };
});

afterEach(() => {
  delete globalThis.caches;
  Object.assign(globalThis, { fetch });
  Date.now = now;
});

/** A deployment whose files say their version. */
function deployed(number, more = {}) {
  const files = {
    './': `<link rel="stylesheet" href="page/style.css"><script type="module" src="pkg/app.js"></script> ${number}`,
    'page/style.css': '@import "more.css"; p { background: url(dot.svg) }',
    'page/more.css': 'p { }',
    'page/dot.svg': '<svg/>',
    'pkg/app.js': `app ${number}`,
    'pkg/worker/worker.js': 'worker',
    ...Object.fromEntries(
      ['simd', 'relaxed-simd'].flatMap((name) => [[`pkg/${name}/glossa.js`, name], [`pkg/${name}/glossa_bg.wasm`, `${name} wasm`]]),
    ),
    ...more,
  };
  const listing = pageFiles((path) => files[path === 'index.html' ? './' : path]);
  return { ...files, 'pkg/page-files.json': JSON.stringify(listing) };
}

const text = async (versions, version, path) => (await versions.file(version, SCOPE + path))?.text();

test('the list has what HTML and style sheets refer to, and what scripts ask for', () => {
  const { files, version } = JSON.parse(deployed(1)['pkg/page-files.json']);
  const paths = ['./', 'page/dot.svg', 'page/more.css', 'page/style.css', 'pkg/app.js', 'pkg/worker/worker.js'];
  assert.deepEqual(files.map(({ path }) => path), paths);
  assert.equal(files[4].sha256, createHash('sha256').update('app 1').digest('hex'));
  assert.notEqual(JSON.parse(deployed(2)['pkg/page-files.json']).version, version);
});

test('a version is kept whole; of the next only what has changed is asked for', async () => {
  host = deployed(1);
  const versions = new PageVersions(SCOPE);
  const one = await versions.update();
  assert.equal(await versions.current(), one);
  assert.equal(await text(versions, one, 'pkg/app.js?x'), 'app 1');
  asked = [];
  host = deployed(2);
  const two = await versions.update();
  assert.deepEqual(asked.sort(), ['./', 'pkg/app.js', 'pkg/page-files.json']);
  assert.deepEqual([await text(versions, one, 'pkg/app.js'), await text(versions, two, 'pkg/app.js')], ['app 1', 'app 2']);
  host = deployed(3);
  const three = await versions.update();
  await versions.keepOnly(new Set());
  const left = await Promise.all([one, two, three].map((version) => text(versions, version, 'pkg/app.js')));
  assert.deepEqual(left, [undefined, 'app 2', 'app 3'], 'the one before stays for a visit that is about to begin with it');
});

test('callers at once share the work, and a failure is not shared with those who come later', async () => {
  host = { ...deployed(1), 'pkg/app.js': new TypeError('no network') };
  const versions = new PageVersions(SCOPE);
  const both = [versions.update(), versions.update()];
  for (const one of both) await assert.rejects(one, /no network/);
  assert.equal(asked.filter((path) => path === 'pkg/page-files.json').length, 1);
  assert.equal(await versions.current(), undefined);
  assert.deepEqual([...stored.keys()].filter((name) => name.startsWith('glossa-page-version')), []);
  host = deployed(1);
  assert.equal(await versions.update(), await versions.current());
});

test('files that do not fit the list leave the version before the newest, for an hour', async () => {
  host = deployed(1);
  const versions = new PageVersions(SCOPE);
  const one = await versions.update();
  host = { ...deployed(2), 'pkg/app.js': 'app 1' };
  await assert.rejects(versions.update(), /pkg\/app\.js is not the file that is listed/);
  assert.equal(await versions.current(), one);
  Date.now = () => now() + HOUR_MS / 2;
  await assert.rejects(versions.update());
  assert.equal(await versions.current(), one);
  Date.now = () => now() + 2 * HOUR_MS;
  await assert.rejects(versions.update());
  assert.equal(await versions.current(), undefined);
  assert.equal(await text(versions, one, 'pkg/app.js'), 'app 1', 'tabs that have it keep it');
  host = deployed(2);
  assert.equal(await versions.update(), await versions.current());
});

test('a page that was changed without its list is not hidden for ever, one that is late is no reason', async () => {
  host = deployed(1);
  const versions = new PageVersions(SCOPE);
  const one = await versions.update();
  const check = () => versions.checkPage(one).catch(() => {});
  host['./'] += 'changed by hand';
  await check();
  host = deployed(1);
  await check();
  Date.now = () => now() + 2 * HOUR_MS;
  host['./'] += 'changed by hand';
  await check();
  assert.equal(await versions.current(), one, 'it fitted meanwhile');
  Date.now = () => now() + 4 * HOUR_MS;
  host['./'] = new TypeError('no network');
  await check();
  assert.equal(await versions.current(), one);
  host['./'] = 'changed by hand';
  await check();
  assert.equal(await versions.current(), undefined);
});

test('a host without the list', async () => {
  const versions = new PageVersions(SCOPE);
  for (const listing of [undefined, '<!doctype html>', '{}', 'null', '{"version": "x", "files": [], "engines": {}}']) {
    host = { 'pkg/page-files.json': listing };
    assert.equal(await versions.update(), undefined, listing);
  }
  host = { 'pkg/page-files.json': new TypeError('no network') };
  await assert.rejects(versions.update(), /no network/);
});
