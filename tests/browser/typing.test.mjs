// Annotating as one types: what it runs, what it leaves as it is, and when it does nothing.
/* global windowsRun, markElements -- open() sets them in the page */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { longDocument } from '../../bench/texts.js';
import { Gate } from './gate.mjs';
import { file, openFiles, says } from './documents.mjs';
import { browser, root, serve } from './harness.mjs';
import { marks, rows, settled, status } from './page.mjs';

const LONG = 300_000;
const TEXT = 'IL-2 gene expression in T cells.';
const gate = new Gate();
let chromium;
let server;

/** Before the worker's script: results wait at the gate before they are told, and a text with a certain word fails. */
const WRAPPED = `
  const tell = postMessage;
  const ask = fetch.bind(globalThis, new URL('/may-be-told', import.meta.url));
  globalThis.postMessage = async (message) => {
    if (message.value?.chunks) await ask();
    tell(message);
  };
  addEventListener('message', (event) => {
    const { id, text } = event.data;
    if (!text?.includes('unrunnable')) return;
    event.stopImmediatePropagation();
    tell({ id, type: 'error', code: 'inference_failed', message: 'its values are no finite numbers' });
  });`;

before(async () => {
  chromium = await browser();
  const worker = await readFile(join(root, 'www/pkg/worker/worker.js'), 'utf8');
  server = await serve({
    '/pkg/worker/worker.js': (_, response) =>
      response.writeHead(200, { 'content-type': 'application/javascript', 'cache-control': 'no-store' }).end(WRAPPED + worker),
    '/may-be-told': async (_, response) => {
      await gate.pass();
      response.end();
    },
  });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

/** A page that notes, of each annotation, on how many windows the model was run. */
async function open(options = {}, query = '?model=tiny/') {
  gate.open();
  const page = await chromium.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.addInitScript(() => {
    const { Worker } = globalThis;
    globalThis.windowsRun = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', ({ data: { value } }) => {
          if (value?.chunks) windowsRun.push([value.windowsRun, value.windows]);
        });
      }
    };
  });
  await page.goto(server.address + query);
  return page;
}

async function annotated(page, text) {
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
}

/** Puts the caret somewhere in the text. */
const caret = (page, at) =>
  page.getByTestId('input').evaluate((area, at) => {
    area.focus();
    area.setSelectionRange(at, at);
  }, at);

/** Waits until what is shown is of the text in the box. */
const caughtUp = (page) =>
  page.waitForFunction(() => {
    const find = (id) => document.querySelector(`[data-testid="${id}"]`);
    return find('document').textContent === find('input').value && find('status').dataset.state === 'done';
  });

const runs = (page) => page.evaluate(() => windowsRun);

/** Notes which elements the marks are, and the text of each. */
const noteMarks = (page) =>
  page.evaluate(() => {
    globalThis.markElements = [...document.querySelectorAll('[data-testid="document"] mark')];
  });

/** How many of the marks that were noted are still there, and how many marks are new. */
const keptMarks = (page) =>
  page.evaluate(() => {
    const now = new Set(document.querySelectorAll('[data-testid="document"] mark'));
    const kept = markElements.filter((mark) => now.has(mark)).length;
    return { gone: markElements.length - kept, made: now.size - kept };
  });

const described = (page) =>
  page.getByTestId('document').locator('mark').evaluateAll((marks) => marks.map((mark) => [mark.title, mark.dataset.hue]));

test('a keystroke in a long text runs two windows at most, and marks elsewhere stay', { timeout: LONG }, async () => {
  const page = await open({}, '');
  const text = longDocument(10_000);
  await annotated(page, text);
  const [[all, windows]] = await runs(page);
  assert.equal(all, windows);
  assert.ok(windows > 20);
  const pane = page.getByTestId('document');
  const places = [0.02, 0.31, 0.5, 0.77, 0.99].map((part) => text.indexOf(' ', Math.floor(text.length * part)));
  for (const place of places) {
    await caret(page, place);
    await noteMarks(page);
    const scrolled = await pane.evaluate((element) => (element.scrollTop = element.scrollHeight / 3, element.scrollTop));
    const before = (await runs(page)).length;
    await page.keyboard.type('s');
    await caughtUp(page);
    const counts = (await runs(page)).slice(before);
    assert.equal(counts.length, 1);
    assert.ok(counts[0][0] >= 1 && counts[0][0] <= 2, `${counts[0]} windows at ${place}`);
    const { gone, made } = await keptMarks(page);
    assert.ok(gone + made <= 6, `${gone} marks have gone and ${made} are new at ${place}`);
    assert.equal(await pane.evaluate((element) => element.scrollTop), scrolled);
    assert.match(await status(page).textContent(), /[12] of \d+ windows in/);
  }
  const shown = [await marks(page), await rows(page), await described(page)];
  const fresh = await open({}, '');
  await annotated(fresh, await page.getByTestId('input').inputValue());
  assert.deepEqual(shown, [await marks(fresh), await rows(fresh), await described(fresh)]);
  assert.deepEqual([...page.complaints, ...fresh.complaints], []);
  await page.close();
  await fresh.close();
});

test('a text edited in many ways is shown as a new one', { timeout: LONG }, async () => {
  const page = await open();
  const fresh = await open();
  await annotated(page, longDocument(9000));
  const edits = [
    (text) => text.slice(0, 100) + text.slice(130),
    (text) => `${text}\n\nIL-2 gene expression in T cells.`,
    (text) => text.replace('\n\n', ' '),
    // Over the end of a span of the document.
    (text) => text.slice(0, 3000) + text.slice(6000),
    (text) => text.slice(0, 10),
    () => '',
    () => 'T cells',
    (text) => `${text} and ${'NF-kappa B in T cells. '.repeat(900)}`,
    (text) => text.replaceAll('. ', '.\n'),
    (text) => text.slice(5),
  ];
  for (const [i, edit] of edits.entries()) {
    const text = edit(await page.getByTestId('input').inputValue());
    await page.getByTestId('input').fill(text);
    await caughtUp(page);
    await annotated(fresh, text);
    assert.deepEqual([await marks(page), await rows(page)], [await marks(fresh), await rows(fresh)], `edit ${i}`);
  }
  assert.deepEqual([...page.complaints, ...fresh.complaints], []);
  await page.close();
  await fresh.close();
});

test('of several edits the last counts', { timeout: LONG }, async () => {
  const page = await open();
  await annotated(page, TEXT);
  await caret(page, TEXT.length);
  await page.keyboard.type(' NF-kappa B in CD28', { delay: 20 });
  await caughtUp(page);
  assert.equal((await runs(page)).length, 2, 'a word in one go is annotated once');
  // One edit is being annotated when the next comes.
  gate.close();
  await page.keyboard.type(' and');
  await gate.held();
  await page.keyboard.type(' IL-2');
  gate.open();
  await caughtUp(page);
  assert.match(await page.getByTestId('document').textContent(), / and IL-2$/);
  assert.equal((await marks(page)).at(-1).text, 'IL-2');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a text that takes long is said to be annotated, and can be cancelled', { timeout: LONG }, async () => {
  const page = await open();
  await annotated(page, TEXT);
  gate.close();
  await caret(page, 0);
  await page.keyboard.type('NF-kappa B. ');
  await gate.held();
  await page.waitForSelector('[data-testid="status"][data-state="running"]');
  await page.getByTestId('cancel').click();
  assert.equal(await status(page).getAttribute('data-state'), 'cancelled');
  assert.equal(await page.getByTestId('document').textContent(), TEXT);
  assert.ok(await page.getByText('The text has changed since').isVisible());
  gate.open();
  await page.getByTestId('input').focus();
  await page.keyboard.type('In ');
  await caughtUp(page);
  assert.ok(await page.getByText('The text has changed since').isHidden());
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('Annotate, pressed while an edit is being annotated, lets it go on and says so', { timeout: LONG }, async () => {
  const page = await open();
  await annotated(page, TEXT);
  gate.close();
  await caret(page, 0);
  await page.keyboard.type('In ');
  await gate.held();
  await page.getByTestId('annotate').click();
  assert.equal(await status(page).getAttribute('data-state'), 'running');
  gate.open();
  await caughtUp(page);
  assert.equal((await runs(page)).length, 2);
  await page.close();
});

test('an error is shown, and the next edit is annotated', { timeout: LONG }, async () => {
  const page = await open();
  await annotated(page, TEXT);
  await caret(page, TEXT.length);
  await page.keyboard.type(' unrunnable');
  await page.waitForSelector('[data-testid="status"][data-state="error"]');
  assert.equal(await status(page).getAttribute('data-code'), 'inference_failed');
  assert.equal(await page.getByTestId('document').textContent(), TEXT);
  assert.ok(await page.getByText('The text has changed since').isVisible());
  await page.keyboard.press('Backspace');
  await caughtUp(page);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('one who has annotated nothing yet is not annotated unasked', { timeout: LONG }, async () => {
  const page = await open();
  // A blank text is no reason to annotate what is written next.
  await page.getByTestId('annotate').click();
  await settled(page);
  await page.getByTestId('input').focus();
  await page.keyboard.type(TEXT);
  await page.waitForTimeout(1500);
  assert.deepEqual(await runs(page), []);
  assert.equal(page.workers().length, 0, 'no model is loaded');
  assert.deepEqual(await marks(page), []);
  await page.close();
});

test('an edit under another set-up waits for Annotate', { timeout: LONG }, async () => {
  const page = await open();
  await annotated(page, TEXT);
  await page.getByTestId('model').selectOption('models/clinical_trials/');
  await caret(page, 0);
  await page.keyboard.type('In ');
  await page.waitForTimeout(1000);
  assert.equal((await runs(page)).length, 1);
  assert.ok(await page.getByText('The text has changed since').isVisible());
  await page.getByTestId('model').selectOption('tiny/');
  await page.getByTestId('input').focus();
  await page.keyboard.type('fact ');
  await caughtUp(page);
  await page.close();
});

test('nothing moves for one who wants no motion, and what was switched off stays so', { timeout: LONG }, async () => {
  const page = await open({ viewport: { width: 390, height: 800 }, reducedMotion: 'reduce' });
  await annotated(page, `${TEXT} `.repeat(60));
  await page.getByTestId('legend').locator('[data-entity="DNA"]').click();
  await page.getByTestId('input').scrollIntoViewIfNeeded();
  await caret(page, 5);
  const scrolled = await page.evaluate(() => scrollY);
  await page.keyboard.type('NF-kappa B ');
  await caughtUp(page);
  assert.equal(await page.evaluate(() => scrollY), scrolled);
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'input');
  assert.equal(await page.getByTestId('legend').locator('[data-entity="DNA"]').getAttribute('aria-pressed'), 'false');
  const hidden = page.getByTestId('document').locator('mark[data-hidden]');
  assert.ok((await hidden.count()) >= 50);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('the text of a document of the list is annotated anew as it is edited, and what was decided stays', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('a.txt', `${TEXT} NF-kappa B. ${TEXT}`), file('b.txt', TEXT));
  await says(page, /in 2 documents/);
  await page.locator('mark').nth(2).click();
  await page.getByTestId('accept').click();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]'));
  await page.getByTestId('edit-text').click();
  const before = (await runs(page)).length;
  await caret(page, 0);
  await page.keyboard.type('CD28. ');
  await caughtUp(page);
  assert.equal((await runs(page)).length, before + 1, 'no other document is annotated');
  assert.equal((await marks(page))[0].text, 'CD28');
  assert.deepEqual(await page.locator('mark[data-judged]').allTextContents(), ['NF-kappa B']);
  assert.match(await status(page).textContent(), /in 2 documents/);
  await page.reload();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('CD28.'));
  assert.deepEqual(await page.locator('mark[data-judged]').allTextContents(), ['NF-kappa B']);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('annotations that came with a file are not given up for a keystroke', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('a.pubtator', `7|t|${TEXT}\n7|a|NF-kappa B.\n7\t0\t9\tIL-2 gene\tGene\t3558\n`));
  await settled(page);
  await caret(page, 0);
  await page.keyboard.type('The ');
  await page.waitForTimeout(1000);
  assert.equal((await runs(page)).length, 1);
  assert.ok(await page.getByText('The text has changed since').isVisible());
  assert.equal(await page.locator('mark[data-layer="from the file"]').count(), 1);
  await page.getByTestId('annotate').click();
  await caughtUp(page);
  await page.keyboard.press('Control+Home');
  await page.getByTestId('input').focus();
  await page.keyboard.type('CD28 ');
  await caughtUp(page);
  assert.equal((await runs(page)).length, 3);
  await page.close();
});
