// The page's own account of the network, against what its browser really sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { watch } from '../../scripts/egress.mjs';
import { SENTENCE, browser as launch, serve } from './harness.mjs';
import { dropText, networkAccount, settled } from './page.mjs';
import { OF_PAGES, OF_WORKERS, attempt, listener } from './ways-out.mjs';

const LONG = 300_000;

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** The service worker's script, which the browser asks for by itself, and no page sees. */
const BY_THE_BROWSER = /\/service-worker\.js$/;

/** Milliseconds by which the clocks of the log and of the page may differ. */
const SKEW = 20;

test('through a whole session the page says of its network what the browser’s own log says', { timeout: LONG }, async () => {
  const { requests, address, accounts } = await watch({ model: 'tiny/' });
  assert.equal(accounts.length, 3);
  for (const { kind, since, until, sent, withText, blocked, origins } of accounts) {
    const logged = (from, to) =>
      requests
        .filter((request) => request.address.startsWith(address) && !BY_THE_BROWSER.test(request.address))
        .filter(({ time, bytes }) => bytes > 0 && time >= from && time <= to)
        .map((request) => request.address)
        .sort();
    const surely = logged(since + SKEW, until - SKEW);
    const perhaps = logged(since - SKEW, until + SKEW);
    if (surely.length === perhaps.length) assert.deepEqual([...sent].sort(), surely);
    for (const sure of surely) assert.ok(sent.includes(sure), sure);
    for (const said of sent) assert.ok(perhaps.includes(said), said);
    assert.deepEqual([withText, blocked], [[], []]);
    assert.equal(kind, sent.length ? 'without-text' : 'no-request');
    assert.deepEqual(origins.map((said) => said.split(',')[0]), [`${address.slice(0, -1)}`]);
  }
  const [first, , offline] = accounts;
  for (const end of ['tiny/model.onnx', 'glossa_bg.wasm']) assert.ok(first.sent.some((sent) => sent.endsWith(end)), end);
  assert.match(first.words, /^Nothing of yours was sent since your text came in at \d\d:\d\d\. \d+ requests for files, by parts of this page that did not have it\.$/);
  assert.match(offline.words, /^0 bytes sent since your text came in at \d\d:\d\d: no request was made\.$/);
});

/** The page, at work on a text, in a context of its own. */
async function atWork() {
  const server = await serve();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
  const account = await networkAccount(page);
  assert.equal(account.kind, 'no-text');
  assert.match(account.words, /^No text yet\. This page is \d+ files from 127\.0\.0\.1:\d+\.$/);
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  return { server, context, page };
}

test('attempts that are blocked, on the page, in its workers and its service worker, are shown as such', { timeout: LONG }, async () => {
  const { server, context, page } = await atWork();
  const other = await listener();
  const elsewhere = `http://127.0.0.1:${other.port}/`;
  const seen = async () => (await networkAccount(page)).blocked;
  assert.deepEqual(await seen(), []);
  await attempt(page, OF_PAGES.image, `${elsewhere}page`);
  await attempt(page.workers()[0], OF_WORKERS.import, `${elsewhere}worker`);
  await attempt(page.workers()[0], OF_WORKERS.fetch, `${elsewhere}taken`);
  await attempt(page, OF_PAGES.fetch, `${elsewhere}taken`);
  await attempt(context.serviceWorkers()[0], (address) => new WebSocket(address), 'ws://127.0.0.1/');
  const blocked = await seen();
  assert.deepEqual([...blocked].sort(), [
    'the model’s worker: fetch (taken away)',
    `the model’s worker: ${elsewhere}worker (script-src-elem)`,
    'the service worker: WebSocket (taken away)',
    'this page: fetch (taken away)',
    `this page: ${elsewhere}page (img-src)`,
  ].sort());
  const { kind, words, withText, origins } = await networkAccount(page);
  assert.match(words, / 5 attempts to reach the network were blocked\.$/);
  assert.deepEqual([kind, withText, origins.length], ['without-text', [], 1]);
  assert.equal(other.heard, '');
  await context.close();
  await other.stop();
  await server.stop();
});

test('a text begins the account before its model is asked for, however it comes in', { timeout: LONG }, async () => {
  const server = await serve();
  const bring = {
    'typed in': async (page) => {
      await page.getByTestId('input').pressSequentially('IL-2');
      await page.getByTestId('annotate').click();
    },
    'an example': (page) => page.getByTestId('example').first().click(),
    'a file': (page) => page.getByTestId('open-text').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from(SENTENCE) }),
    dropped: (page) => dropText(page, 'a.txt', SENTENCE, 1),
  };
  for (const [how, act] of Object.entries(bring)) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.address);
    await act(page);
    await settled(page);
    const { kind, sent } = await networkAccount(page);
    assert.equal(kind, 'without-text', how);
    assert.ok(sent.includes(`${server.address}models/cellular/model.onnx`), `${how}: ${sent}`);
    await context.close();
  }
  await server.stop();
});

test('a request by a part of the page that has the text is shown as that', { timeout: LONG }, async () => {
  const { server, context, page } = await atWork();
  const sent = async () => (await networkAccount(page)).withText;
  assert.deepEqual(await sent(), []);
  // A page can ask its own host for a script: `import()` cannot be taken away.
  await page.evaluate(() => import('/page/element.js?by-the-page').catch(() => {}));
  await page.workers()[0].evaluate((address) => import(`${address}by-the-worker.js`).catch(() => {}), server.address);
  assert.deepEqual(await sent(), [`${server.address}page/element.js?by-the-page`, `${server.address}by-the-worker.js`]);
  const { kind, words } = await networkAccount(page);
  assert.equal(kind, 'with-text');
  assert.match(words, /^2 requests were made since your text came in at \d\d:\d\d, by parts of this page that have it\./);
  await context.close();
  await server.stop();
});
