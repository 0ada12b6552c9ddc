// The text stays in the tab: whatever a program on the page, in its worker or in its service worker would call, nothing comes
// to hosts elsewhere. Each way out is also tried where nothing forbids it, and comes there, so that the listener hears it.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { IN_SENTENCE, SENTENCE, launching, serve } from './harness.mjs';
import { marks, settled } from './page.mjs';
import { OF_PAGES, OF_SERVICE_WORKERS, OF_WORKERS, attempt, listener } from './ways-out.mjs';

const LONG = 300_000;
const ELSEWHERE = 'elsewhere.test';
const SECRET = 'SECRET';

let browser;
let server;
let other;

before(async () => {
  browser = await chromium.launch({ ...launching, args: [...launching.args, `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`] });
});

after(() => browser?.close());

async function start(extra = {}) {
  other = await listener();
  server = await serve({
    '/free/': '<!doctype html><title>nothing is forbidden here</title>',
    '/free/worker.js': 'onmessage = () => {};',
    '/free/service-worker.js': 'onmessage = () => {};',
    ...extra,
  });
}

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await server?.stop();
  await other?.stop();
  server = other = undefined;
});

/** The page, which has read a text, in a browser that has been there before. */
async function annotated() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
  await page.reload();
  await annotate(page);
  return { context, page };
}

async function annotate(page, text = SENTENCE) {
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
}

/** Tries every way to this host, to one on another port, and to one of another name. */
async function attemptAll(thread, ways) {
  for (const [name, way] of Object.entries(ways)) {
    other.mark = `${SECRET} ${name}`;
    for (const host of [`http://127.0.0.1:${other.port}/`, `http://${ELSEWHERE}:${other.port}/`, server.address]) {
      await attempt(thread, way, addressed(host, SECRET, name));
    }
  }
}

/** Tries every way where nothing is forbidden, and waits until it has come. */
async function attemptFreely(threadOf, ways) {
  const context = await browser.newContext();
  for (const [name, way] of Object.entries(ways)) {
    const page = await context.newPage();
    await page.goto(`${server.address}free/`);
    const free = await threadOf(page);
    other.mark = `FREE ${name}`;
    await attempt(free, way, addressed(`http://127.0.0.1:${other.port}/`, 'FREE', name));
    // WebRTC's datagrams have no address in them.
    await other.until(name === 'WebRTC' ? 'UDP FREE WebRTC' : addressed('/', 'FREE', name));
    await page.close();
  }
}

const addressed = (host, mark, name) => `${host}${mark}/${name.replaceAll(' ', '-')}?${mark}`;

/** The ways by which something came to the page's own host. */
const atHome = () => [...new Set(server.received.match(/(?<=\/SECRET\/)[^?]+/g))];

test('no way out of the page', { timeout: LONG }, async () => {
  await start();
  const { context, page } = await annotated();
  await attemptAll(page, OF_PAGES);
  await attemptFreely((page) => page, OF_PAGES);
  assert.doesNotMatch(other.heard, /SECRET/);
  assert.deepEqual(atHome(), ['import'], 'its own host can be asked for a script');
  // It is still the same page, which works.
  assert.equal(context.pages().length, 1);
  assert.deepEqual(await marks(page), IN_SENTENCE);
  await annotate(page, SENTENCE.repeat(2));
  assert.equal((await marks(page)).length, 6);
});

test('no way out of the worker that has read the text', { timeout: LONG }, async () => {
  await start();
  const { page } = await annotated();
  const [worker] = page.workers();
  await attemptAll(worker, OF_WORKERS);
  await attemptFreely(async (page) => {
    const begun = page.waitForEvent('worker');
    await page.evaluate(() => void new Worker('/free/worker.js', { type: 'module' }));
    return begun;
  }, OF_WORKERS);
  assert.doesNotMatch(other.heard, /SECRET/);
  assert.deepEqual(atHome(), ['import'], 'its own host can be asked for a script');
  await annotate(page, SENTENCE.repeat(2));
  assert.equal((await marks(page)).length, 6, 'it still works');
});

test('no way out of the service worker', { timeout: LONG }, async () => {
  await start();
  const { context, page } = await annotated();
  await attemptAll(context.serviceWorkers()[0], OF_SERVICE_WORKERS);
  await attemptFreely(async (page) => {
    await page.evaluate(() => navigator.serviceWorker.register('/free/service-worker.js').then(() => {}));
    const isFree = (worker) => worker.url().endsWith('/free/service-worker.js');
    return page.context().serviceWorkers().find(isFree) ?? page.context().waitForEvent('serviceworker', isFree);
  }, OF_SERVICE_WORKERS);
  assert.doesNotMatch(other.heard, /SECRET/);
  assert.deepEqual(atHome(), []);
  await page.reload();
  await annotate(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);
});
