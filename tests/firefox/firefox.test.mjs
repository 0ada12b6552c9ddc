// The page and the module in Firefox as it is released: what another browser does otherwise is workers, storage and policies.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { IN_SENTENCE, SENTENCE, bundle, places, serve } from '../browser/harness.mjs';

const LONG = 120_000;
const FIREFOX = process.env.FIREFOX ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

let firefox;
let server;
let context;

before(async () => {
  firefox = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true });
});
after(() => firefox?.close());

beforeEach(async () => {
  server = await serve({ '/plain.html': '<!doctype html><title>plain</title>' });
  context = await firefox.createBrowserContext();
});
afterEach(async () => {
  await context.close();
  server.close();
});

async function open(path) {
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(server.address + path);
  return page;
}

const by = (name) => `[data-testid="${name}"]`;

/** Annotates the sentence on the page, and what is marked in it then. */
async function annotate(page) {
  await page.waitForSelector(by('input'));
  await page.$eval(
    by('input'),
    (input, text) => {
      input.value = text;
      input.dispatchEvent(new Event('input', { bubbles: true }));
    },
    SENTENCE,
  );
  await page.click(by('annotate'));
  await page.waitForFunction(
    () => ['done', 'error'].includes(document.querySelector('[data-testid="status"]').dataset.state),
    { timeout: LONG },
  );
  return page.$$eval('mark', (marks) => marks.map((mark) => mark.firstChild.textContent));
}

const TEXTS = IN_SENTENCE.map(({ text }) => text);

test('the page finds entities', { timeout: LONG }, async () => {
  const page = await open('?model=tiny/');
  assert.deepEqual(await annotate(page), TEXTS);
  assert.deepEqual(page.complaints, []);
});

test('the second visit works without a network', { timeout: LONG }, async () => {
  const page = await open('?model=tiny/');
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  assert.deepEqual(await annotate(page), TEXTS);
  await page.reload();
  assert.deepEqual(await annotate(page), TEXTS);
  await server.stop();
  await page.reload();
  assert.deepEqual(await annotate(page), TEXTS);
  assert.deepEqual(page.complaints, []);
});

test('the module annotates, cancels, and goes on after files that are no model', { timeout: LONG }, async () => {
  const page = await open('plain.html');
  const files = Object.fromEntries(
    Object.entries(await bundle('')).map(([path, content]) => [path, content.toString('base64')]),
  );
  const found = await page.evaluate(
    async (files, sentence) => {
      const { Annotator } = await import('/glossa/index.js');
      const code = (promise) => promise.then(() => 'none', (error) => error.code);
      const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const own = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, bytes(text)]));
      const annotator = await Annotator.create({ files: own, name: 'own' });
      const aborting = new AbortController();
      const cancelled = code(annotator.annotate(sentence.repeat(3000), { signal: aborting.signal }));
      aborting.abort();
      const codes = {
        cancelled: await cancelled,
        broken: await code(Annotator.create({ files: { ...own, 'model.onnx': bytes(files['model.onnx']).slice(99) } })),
        missing: await code(Annotator.create({ model: '/nothing/' })),
      };
      const { chunks } = await annotator.annotate(sentence);
      annotator.dispose();
      codes.disposed = await code(annotator.annotate(sentence));
      return { codes, chunks };
    },
    files,
    SENTENCE,
  );
  assert.deepEqual(places(found.chunks), IN_SENTENCE);
  assert.deepEqual(found.codes, {
    cancelled: 'cancelled',
    broken: 'file_mismatch',
    missing: 'model_unrecognised',
    disposed: 'disposed',
  });
});
