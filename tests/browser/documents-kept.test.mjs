// Documents are kept on the device: a reload or a closed tab loses none, what is forgotten is gone, and where nothing can be kept the
// work goes on.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium as launcher } from 'playwright-core';
import { SENTENCE, TINY, browser, launching, root, serve } from './harness.mjs';
import { close, databases, file, inTheMiddle, list, openFiles, openIn, record, records, rowsShown, says, shown } from './documents.mjs';
import { inState, marks, settled, status } from './page.mjs';

const LONG = 300_000;
let chromium;
let server;

before(async () => {
  chromium = await browser();
  server = await serve({ '/plain.html': '<!doctype html><title>plain</title>' });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

const open = (context, query = '?model=tiny/') => openIn(context, server.address + query);

const count = (page) => page.locator('#documents-count').textContent();

/** Every document's words in the kept list, by name. */
const entries = (page) =>
  page.evaluate(async () => {
    const database = await new Promise((resolve) => (indexedDB.open('glossa-documents').onsuccess = ({ target }) => resolve(target.result)));
    const all = (name) => new Promise((resolve) => (database.transaction(name).objectStore(name).getAll().onsuccess = ({ target }) => resolve(target.result)));
    const [kept, results] = [await all('entries'), await all('results')];
    database.close();
    return { done: kept.filter(({ state }) => state === 'done').length, of: kept.length, results: results.length };
  });

test('a reload in the middle of the work loses nothing, and it goes on where it was', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('all.jsonl', `${records(2500)}\n{"id": 1}`));
  await inTheMiddle(page);
  await page.reload();
  // Nobody presses anything.
  await inState(page, 'running');
  assert.equal(await count(page), '2,501');
  const [, total] = (await status(page).textContent()).match(/of ([\d,]+) documents/);
  assert.ok(Number(total.replaceAll(',', '')) < 2500, `${total} are left`);
  await says(page, /chunks in 2,500 documents, 1 failed/);
  assert.deepEqual(await entries(page), { done: 2500, of: 2501, results: 2500 });
  assert.equal(await page.getByTestId('model').inputValue(), 'tiny/');
  await rowsShown(page).nth(2).click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="document"] mark').length === 9);
  assert.match(await status(page).textContent(), /^14,997 chunks/);
  await close(page);
});

test('a tab that was closed or has crashed loses nothing; another visit goes on, with the set-up as it was', { timeout: LONG }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'glossa-'));
  let context = await launcher.launchPersistentContext(folder, launching);
  const first = await open(context);
  await first.getByTestId('mode').selectOption('truncate');
  await first.getByTestId('threshold').fill('0.1');
  await openFiles(first, file('all.jsonl', records(2500)));
  await inTheMiddle(first);
  const crash = await context.newCDPSession(first);
  crash.send('Page.crash').catch(() => {});
  await first.waitForEvent('crash');
  await first.close();
  const second = await open(context, '');
  await inState(second, 'running');
  assert.equal(await second.getByTestId('mode').inputValue(), 'truncate');
  assert.equal(await second.getByTestId('threshold').inputValue(), '0.1');
  assert.match(await second.getByTestId('model').inputValue(), /tiny\/$/);
  await inTheMiddle(second);
  await context.close();
  context = await launcher.launchPersistentContext(folder, launching);
  const third = await open(context, '');
  await says(third, /in 2,500 documents\./);
  assert.deepEqual(third.complaints, []);
  await context.close();
  await rm(folder, { recursive: true });
});

test('what was paused stays paused, what was cancelled stays so, and what is done is shown', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('all.jsonl', records(2500)));
  await inTheMiddle(page);
  await page.getByTestId('pause').click();
  await inState(page, 'paused');
  await page.waitForTimeout(500);
  await page.reload();
  await inState(page, 'paused');
  assert.match(await status(page).textContent(), /not annotated/);
  await page.getByTestId('pause').click();
  await inState(page, 'running');
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  await page.reload();
  await inState(page, 'done');
  assert.match(await status(page).textContent(), /not annotated/);
  await page.getByTestId('annotate').click();
  await says(page, /in 2,500 documents\./);
  await page.reload();
  await says(page, /in 2,500 documents\./);
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="document"] mark').length === 3);
  await close(page);
});

test('paused at an earlier visit, it can be cancelled', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('all.jsonl', records(2500)));
  await inTheMiddle(page);
  await page.getByTestId('pause').click();
  await page.waitForTimeout(500);
  await page.reload();
  await inState(page, 'paused');
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  assert.ok(await page.getByTestId('pause').isHidden());
  await close(page);
});

test('a model of the user’s own has to be brought again, which is said', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await page.getByTestId('own-folder').setInputFiles(join(root, TINY));
  await page.waitForFunction(() => document.querySelector('[data-testid="model"]').value === 'local:tiny');
  await openFiles(page, file('all.jsonl', records(2500)));
  await inTheMiddle(page);
  await page.reload();
  await says(page, /The model “tiny” was a file of yours: open it again, then annotate the rest/);
  await page.getByTestId('own-folder').setInputFiles(join(root, TINY));
  await says(page, /in 2,500 documents\./);
  await close(page);
});

test('forget everything: the documents are gone from the page and the device', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('all.jsonl', records(2500)));
  await inTheMiddle(page);
  assert.deepEqual(await databases(page), ['glossa-documents']);
  await page.getByTestId('forget').click();
  assert.equal(await page.locator('#documents-kept').textContent(), 'All documents and what was found in them?');
  await page.getByTestId('keep').click();
  assert.equal(await page.locator('#documents-kept').textContent(), 'Kept on this device until you forget them.');
  await page.getByTestId('forget').click();
  await page.getByTestId('forget').click();
  await says(page, /The documents are forgotten/);
  assert.deepEqual(await databases(page), []);
  assert.ok(await list(page).isHidden());
  assert.equal(await page.getByTestId('input').inputValue(), '');
  assert.ok(!(await page.evaluate(() => document.body.textContent.includes('Study 1'))), 'no text is left on the page');
  assert.equal(await page.getByTestId('annotate').textContent(), 'Annotate');
  // It is as at the first visit: one text is one text.
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.equal((await marks(page)).length, 3);
  assert.deepEqual(await databases(page), []);
  await openFiles(page, file('a.txt', SENTENCE), file('b.txt', SENTENCE));
  await says(page, /in 2 documents/);
  assert.deepEqual(await databases(page), ['glossa-documents']);
  await page.reload();
  await says(page, /in 2 documents/);
  await close(page);
});

const DENIED = {
  'storage is denied': [
    "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };",
    /lets this page keep nothing\. The documents are in this tab alone/,
  ],
  'there is no storage': [
    "Object.defineProperty(globalThis, 'indexedDB', { get: () => undefined });",
    /does not keep the documents\. What is new is in this tab alone/,
  ],
};
for (const [what, [script, words]] of Object.entries(DENIED)) {
  test(`${what}: it is said, and the work goes on in memory`, { timeout: LONG }, async () => {
    const page = await open(await chromium.newContext());
    await page.addInitScript(script);
    await page.reload();
    await openFiles(page, file('all.jsonl', records(300)));
    await says(page, /in 300 documents\./);
    assert.match(await page.locator('#documents-kept').textContent(), words);
    assert.match(await page.getByTestId('note').textContent(), words);
    await list(page).focus();
    await page.keyboard.press('End');
    await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Study 299.'));
    assert.equal((await marks(page)).length, 9);
    await page.getByTestId('documents-search').fill('Study 298');
    await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '1 of 300');
    await page.getByTestId('forget').click();
    await page.getByTestId('forget').click();
    await says(page, /The documents are forgotten/);
    await close(page);
  });
}

test('storage is full: it is said, the work goes on in memory, and a reload has what was kept', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(server.address).origin, quotaSize: 1_000_000 });
  await openFiles(page, file('first.jsonl', records(20)));
  await says(page, /in 20 documents/);
  const long = (i) => JSON.stringify({ id: i, text: `Long ${i}. ${SENTENCE.repeat(4000)}` });
  await openFiles(page, file('second.jsonl', Array.from({ length: 20 }, (_, i) => long(i)).join('\n')));
  await says(page, /in 40 documents/);
  assert.match(await page.locator('#documents-kept').textContent(), /no room left for this page\. What is new is in this tab alone/);
  assert.match(await page.getByTestId('note').textContent(), /no room left/);
  await list(page).focus();
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Long 19.'));
  assert.ok((await page.locator('#count').textContent()) === '12,000');
  await page.reload();
  await page.waitForFunction(() => /\d/.test(document.querySelector('#documents-count').textContent));
  const kept = Number(await count(page));
  assert.ok(kept >= 20 && kept < 40, `${kept} kept`);
  await settled(page);
  assert.deepEqual((await shown(page)).slice(0, 3).map(({ state }) => state), ['done', 'done', 'done']);
  await close(page);
});

test('another tab does not write over the documents of the first', { timeout: LONG }, async () => {
  const context = await chromium.newContext();
  const first = await open(context);
  await openFiles(first, file('all.jsonl', records(20)));
  await says(first, /in 20 documents/);
  const second = await open(context);
  await second.waitForTimeout(1500);
  assert.ok(await list(second).isHidden());
  await openFiles(second, file('a.txt', SENTENCE), file('b.txt', SENTENCE));
  await says(second, /in 2 documents/);
  assert.match(await second.locator('#documents-kept').textContent(), /Another tab has the documents.*a reload loses them/);
  assert.deepEqual(await entries(first), { done: 20, of: 20, results: 20 });
  await second.getByTestId('forget').click();
  await second.getByTestId('forget').click();
  await says(second, /Ready/);
  assert.deepEqual(await entries(first), { done: 20, of: 20, results: 20 }, 'the first tab has its documents');
  await first.close();
  await second.reload();
  await says(second, /in 20 documents/);
  await close(second);
});

test('a browser that has removed the texts meanwhile is told by the document', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('all.jsonl', records(20)));
  await says(page, /in 20 documents/);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.clearDataForOrigin', { origin: new URL(server.address).origin, storageTypes: 'indexeddb' });
  await rowsShown(page).nth(3).click();
  await page.waitForFunction(() => /has removed the text of this document/.test(document.querySelector('#unread').textContent));
  await openFiles(page, file('new.txt', SENTENCE));
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="document"] mark').length === 3);
  assert.match(await page.locator('#documents-kept').textContent(), /in this tab alone/);
  await close(page);
});

test('a reload warns where it would lose a text, and not where it would not', { timeout: LONG }, async () => {
  const page = await open(await chromium.newContext());
  await openFiles(page, file('a.txt', SENTENCE), file('b.txt', record(1)));
  await settled(page);
  const announce = () => page.evaluate(() => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { type: 'new-version' } })));
  await announce();
  const button = page.getByTestId('new-version').getByRole('button');
  await page.getByTestId('new-text').click();
  await page.getByTestId('input').fill('A draft.');
  await button.click();
  assert.match(await page.getByTestId('new-version').textContent(), /Reloading empties the text box/);
  await page.getByTestId('input').fill('');
  await Promise.all([page.waitForEvent('load'), button.click()]);
  await says(page, /in 2 documents/);
  await announce();
  await Promise.all([page.waitForEvent('load'), button.click()]);
  await says(page, /in 2 documents/);
  await close(page);
});

test('documents that an earlier version of the page kept are there', { timeout: LONG }, async () => {
  const context = await chromium.newContext();
  const plain = await openIn(context, `${server.address}plain.html`);
  await plain.evaluate(
    (text) =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('glossa-documents', 1);
        opening.onerror = reject;
        opening.onupgradeneeded = () => {
          opening.result.createObjectStore('entries', { keyPath: 'key' });
          for (const name of ['texts', 'results', 'work']) opening.result.createObjectStore(name);
        };
        opening.onsuccess = () => {
          const database = opening.result;
          const transaction = database.transaction(['entries', 'texts'], 'readwrite');
          for (const key of [1, 2]) {
            transaction.objectStore('entries').put({ key, id: `old ${key}`, place: 'old', beginning: text, length: text.length, state: 'waiting', found: {} });
            transaction.objectStore('texts').put(text, key);
          }
          transaction.oncomplete = () => {
            database.close();
            resolve();
          };
        };
      }),
    'IL-2 gene expression requires NF-kappa B in human T cells.',
  );
  await plain.goto(`${server.address}?model=tiny/`);
  await plain.waitForFunction(() => document.querySelector('#documents-count').textContent === '2');
  await plain.getByTestId('annotate').click();
  await says(plain, /^6 chunks in 2 documents/);
  await plain.locator('mark').first().click();
  await plain.getByTestId('accept').click();
  await plain.waitForFunction(() => document.querySelector('mark[data-judged]'));
  await plain.reload();
  await plain.waitForFunction(() => document.querySelector('mark[data-judged]'));
  await close(plain);
});
