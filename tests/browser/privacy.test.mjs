// The text stays in the tab: whatever a program on the page, in its worker or in its service worker would call, nothing comes
// to hosts elsewhere. Each way out is also tried where nothing forbids it, and comes there, so that the listener hears it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { work } from '../../scripts/egress.mjs';
import { IN_SENTENCE, SENTENCE, launching, root, serve } from './harness.mjs';
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
  }
  await context.close();
}

const addressed = (host, mark, name) => `${host}${mark}/${name.replaceAll(' ', '-')}?${mark}`;

/** The ways by which something came to the page's own host. */
const atHome = () => [...new Set(server.received.match(/(?<=\/SECRET\/)[^?]+/g))];

const POLICY = /http-equiv="Content-Security-Policy" content="([^"]*)"/;

test('the policy forbids nothing that is done on the page, and would tell', { timeout: LONG }, async () => {
  const html = await readFile(join(root, 'www', 'index.html'), 'utf8');
  const [, policy] = html.match(POLICY);
  const reports = [];
  let told = () => {};
  await start({
    // The same policy once more, by a header: only such a one can have violations reported. A worker inherits both.
    '/': (_, response) => {
      const headers = { 'content-type': 'text/html', 'content-security-policy-report-only': `${policy}; report-uri /report` };
      response.writeHead(200, headers).end(html);
    },
    '/report': async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      response.writeHead(204).end();
      const report = JSON.parse(body)['csp-report'];
      reports.push(`${report['effective-directive']} ${report['blocked-uri']}`);
      told();
    },
  });
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await work(page, `${server.address}?model=tiny/`, SENTENCE);
  const forbidden = `http://127.0.0.1:${other.port}/`;
  await attempt(page, OF_PAGES.image, `${forbidden}page`);
  await attempt(page.workers()[0], OF_WORKERS.import, `${forbidden}worker`);
  while (reports.length < 2) await new Promise((resolve) => (told = resolve));
  assert.deepEqual(reports.sort(), [`img-src ${forbidden}page`, `script-src-elem ${forbidden}worker`]);
});

test('no way out of the page', { timeout: LONG }, async () => {
  await start();
  const { context, page } = await annotated();
  await attemptAll(page, OF_PAGES);
  await attemptFreely((page) => page, OF_PAGES);
  assert.doesNotMatch(other.heard, /SECRET/);
  assert.deepEqual(atHome(), ['import'], 'its own host can be asked for a script');
  // It is still the same page, at the same address, which works.
  await page.evaluate((secret) => history.pushState({}, '', `/?${secret}`), SECRET).catch(() => {});
  await page.evaluate((secret) => (document.cookie = `text=${secret}`), SECRET).catch(() => {});
  assert.deepEqual(context.pages().map((page) => page.url()), [`${server.address}?model=tiny/`]);
  assert.deepEqual(await context.cookies(), []);
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

test('before it reads a text, the worker is bound to its host by the policy', { timeout: LONG }, async () => {
  await start();
  const { page } = await annotated();
  const begun = page.waitForEvent('worker');
  await page.reload();
  const worker = await begun;
  await page.waitForFunction(() => document.querySelector('[data-testid="status"]').textContent.startsWith('Ready'));
  await attemptAll(worker, OF_WORKERS);
  await attemptFreely((page) => page, { fetch: OF_PAGES.fetch });
  assert.doesNotMatch(other.heard, /SECRET/);
  await annotate(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);
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

test('a worker whose script is not there is told as such, and the text stays', { timeout: LONG }, async () => {
  const missing = (_, response) => response.writeHead(404).end();
  await start({ '/pkg/worker/worker.js': missing });
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page, 'error');
  assert.match(await page.getByTestId('status').textContent(), /the worker cannot be started: .*\/pkg\/worker\/worker\.js/);
  assert.equal(await page.getByTestId('input').inputValue(), SENTENCE);
});

test('no string becomes markup or a script', { timeout: LONG }, async () => {
  await start();
  const { page } = await annotated();
  const refused = await page.evaluate(async (address) => {
    // Until the next task a test may do more than the page.
    await new Promise((resolve) => setTimeout(resolve));
    const sinks = {
      markup: () => (document.body.innerHTML = '<p>x</p>'),
      adjacent: () => document.body.insertAdjacentHTML('beforeend', '<p>x</p>'),
      parsed: () => new DOMParser().parseFromString('<p>x</p>', 'text/html'),
      written: () => document.write('<p>x</p>'),
      evaluated: () => new Function('return 1'),
      worker: () => new Worker(address),
      policy: () => trustedTypes.createPolicy('other', { createHTML: (text) => text }),
      'policy of the same name': () => trustedTypes.createPolicy('glossa', { createHTML: (text) => text }),
    };
    return Object.entries(sinks).filter(([, sink]) => {
      try {
        sink();
        return false;
      } catch {
        return true;
      }
    }).map(([name]) => name);
  }, `${server.address}pkg/worker/worker.js`);
  assert.deepEqual(refused, ['markup', 'adjacent', 'parsed', 'written', 'evaluated', 'worker', 'policy', 'policy of the same name']);
});

test('the browser does not bring the text back', { timeout: LONG }, async () => {
  await start({ '/box.html': '<!doctype html><textarea data-testid="input"></textarea>' });
  const page = await (await browser.newContext()).newPage();
  const left = async (address) => {
    await page.goto(address);
    await page.getByTestId('input').fill(SENTENCE);
    const found = [];
    await Promise.all([page.waitForEvent('load'), page.evaluate(() => location.reload())]);
    found.push(await page.getByTestId('input').inputValue());
    await page.getByTestId('input').fill(SENTENCE);
    await page.goto(`${server.address}free/`);
    await page.goBack();
    found.push(await page.getByTestId('input').inputValue());
    return found;
  };
  const [, goneBackTo] = await left(`${server.address}box.html`);
  assert.equal(goneBackTo, SENTENCE, 'as it does with other pages');
  assert.deepEqual(await left(`${server.address}?model=tiny/`), ['', '']);
});

test('browsers are told not to have the text checked, continued or translated, which some do elsewhere', { timeout: LONG }, async () => {
  await start();
  const { page } = await annotated();
  const told = await page.getByTestId('input').evaluate(({ spellcheck, writingSuggestions, translate }) => ({ spellcheck, writingSuggestions, translate }));
  assert.deepEqual(told, { spellcheck: false, writingSuggestions: 'false', translate: false });
  for (const id of ['document', 'chunks', 'documents', 'documents-search']) assert.equal(await page.getByTestId(id).evaluate(({ translate }) => translate), false, id);
});
