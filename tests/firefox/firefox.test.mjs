// The page and the module in Firefox as it is released: what another browser does otherwise is workers, storage and policies.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { IN_SENTENCE, SENTENCE, bundle, places, root, serve } from '../browser/harness.mjs';
import { OF_PAGES, OF_WORKERS, attempt, listener } from '../browser/ways-out.mjs';

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

test('a worker that ends without a word is replaced', { timeout: LONG }, async () => {
  const script = await readFile(join(root, 'www', 'glossa', 'worker', 'worker.js'), 'utf8');
  const hook = `addEventListener('message', (event) => {
    if (event.data !== 'close') return;
    event.stopImmediatePropagation();
    self.close();
  });`;
  const own = await serve({ '/plain.html': '<!doctype html><title>plain</title>', '/glossa/worker/worker.js': `${hook}\n${script}` });
  try {
    const page = await context.newPage();
    await page.goto(`${own.address}plain.html`);
    const found = await page.evaluate(async (sentence) => {
      const { Worker } = globalThis;
      const workers = [];
      globalThis.Worker = class extends Worker {
        constructor(...given) {
          super(...given);
          workers.push(this);
        }
      };
      const { Annotator } = await import('/glossa/index.js');
      const annotator = await Annotator.create({ model: '/tiny/', workers: 1 });
      let told;
      const atWork = new Promise((resolve) => (told = resolve));
      const running = annotator.annotate(sentence.repeat(5000), { onProgress: ({ done }) => done > 0 && told() });
      await atWork;
      workers[0].postMessage('close');
      const { length } = (await running).chunks;
      annotator.dispose();
      return [length, workers.length];
    }, SENTENCE);
    assert.deepEqual(found, [15_000, 2]);
  } finally {
    await own.stop();
  }
});

test('a text of megabytes is annotated, and a part of it is drawn', { timeout: LONG }, async () => {
  const page = await open('?model=tiny/');
  await page.waitForSelector(by('input'));
  await page.evaluate((sentence) => {
    const data = new DataTransfer();
    data.items.add(new File([`${sentence}\n`.repeat(20_000)], 'long.txt'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, SENTENCE);
  await page.waitForSelector('[data-testid="status"][data-state="done"]', { timeout: LONG });
  const shown = await page.evaluate((sentence) => {
    const view = document.querySelector('[data-testid="document"]');
    return { whole: view.textContent === `${sentence}\n`.repeat(20_000), marks: view.querySelectorAll('mark').length };
  }, SENTENCE);
  assert.ok(shown.whole);
  assert.ok(shown.marks > 100 && shown.marks < 10_000, `${shown.marks} marks`);
  await page.$eval(by('document'), (view) => (view.scrollTop = view.scrollHeight));
  await page.waitForSelector(`mark[data-begin="${19_999 * (SENTENCE.length + 1)}"]`);
  assert.deepEqual(page.complaints, []);
});

test('what was found is judged by keys, and kept with the documents; a mark shows the scores of its labels', { timeout: LONG }, async () => {
  const page = await open('?model=tiny/');
  await page.waitForSelector(by('input'));
  await page.evaluate((sentence) => {
    const data = new DataTransfer();
    data.items.add(new File([['one', 'two'].map((id) => JSON.stringify({ id, text: sentence })).join('\n')], 'all.jsonl'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, SENTENCE);
  await page.waitForFunction(() => /in 2 documents/.test(document.querySelector('[data-testid="status"]').textContent), { timeout: LONG });
  await page.waitForSelector('mark');
  const judged = (wanted) =>
    page.waitForFunction(
      (wanted) => [...document.querySelectorAll('mark')].map(({ dataset }) => `${dataset.entity} ${dataset.judged ?? ''}`.trim()).join() === wanted,
      { timeout: 10_000 },
      wanted,
    );
  await page.focus(by('document'));
  await page.keyboard.press('n');
  await page.waitForSelector(`${by('label-scores')}:popover-open tr`);
  for (const key of ['a', 'n', 'r', 'n', '1', 'z', 'y']) await page.keyboard.press(key);
  await judged('DNA accepted,protein rejected,DNA accepted');
  await page.reload();
  await judged('DNA accepted,protein rejected,DNA accepted');
  assert.deepEqual(page.complaints, []);
});

/** A worker's script that tries all ways out as soon as it is told to. */
const trying = (port, mark) => `
addEventListener('message', () => {
  const ways = [${Object.values(OF_WORKERS).join(', ')}];
  for (const way of ways) (async () => way('http://127.0.0.1:${port}/${mark}'))().catch(() => {});
});
`;

test('no way out of the page, nor out of its worker', { timeout: LONG }, async () => {
  const other = await listener();
  const worker = await readFile(join(root, 'www', 'pkg', 'worker', 'worker.js'), 'utf8');
  server.close();
  server = await serve({
    '/pkg/worker/worker.js': worker + trying(other.port, 'SECRET'),
    '/free.html': '<!doctype html><title>nothing is forbidden here</title>',
    '/free.js': trying(other.port, 'FREE'),
  });
  const page = await open('?model=tiny/');
  assert.deepEqual(await annotate(page), TEXTS);
  for (const [name, way] of Object.entries(OF_PAGES)) {
    other.mark = `SECRET ${name}`;
    await attempt(page, way, `http://127.0.0.1:${other.port}/SECRET`);
  }
  const free = await open('free.html');
  await free.evaluate(() => new Worker('/free.js', { type: 'module' }).postMessage('go'));
  await attempt(free, OF_PAGES.image, `http://127.0.0.1:${other.port}/FREE-image`);
  for (const come of ['GET /FREE ', 'POST /FREE ', 'GET /FREE-image ']) await other.until(come);
  assert.doesNotMatch(other.heard, /SECRET/);
  assert.deepEqual(await annotate(page), TEXTS, 'it is still the same page, which works');
  await other.stop();
});

test('documents are listed, annotated, kept over a reload and forgotten', { timeout: LONG }, async () => {
  const page = await open('?model=tiny/');
  await page.waitForFunction(() => document.querySelector('[data-testid="status"]').textContent.startsWith('Ready'));
  await page.evaluate((sentence) => {
    const data = new DataTransfer();
    const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify({ id: i, text: `Study ${i}. ${sentence}` }));
    data.items.add(new File([lines.join('\n')], 'all.jsonl'));
    data.items.add(new File(['%PDF-1.7'], 'paper.pdf'));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
  }, SENTENCE);
  const says = (words) =>
    page.waitForFunction((words) => document.querySelector('[data-testid="status"]').textContent.includes(words), { timeout: LONG }, words);
  await says('90 chunks in 30 documents, 1 failed');
  await page.reload();
  await says('90 chunks in 30 documents, 1 failed');
  await page.focus(by('documents'));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Study 2.'));
  assert.equal((await page.$$('mark')).length, 3);
  assert.ok((await page.$$('[role="option"]')).length < 30);
  await page.click(by('forget'));
  await page.click(by('forget'));
  await says('The documents are forgotten');
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)), []);
  assert.deepEqual(page.complaints, []);
});
