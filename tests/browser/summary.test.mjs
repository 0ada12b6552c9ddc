// The summary of many documents on the page: what it counts, what it leads to, what is saved of it, and how it looks.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EXAMPLES } from '../../www/page/examples.js';
import { ABSTRACTS } from './abstracts.mjs';
import { close, file, list, openFiles, openIn, record, records, says, shown } from './documents.mjs';
import { browser, screenshots, serve } from './harness.mjs';
import { problems, tooWide } from './page.mjs';

const LONG = 300_000;
let chromium;
let server;

before(async () => {
  chromium = await browser();
  server = await serve();
});

after(async () => {
  await chromium?.close();
  server?.close();
});

async function open({ query = '?model=tiny/', ...options } = {}) {
  return openIn(await chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options }), server.address + query);
}

/** A page with so many documents that are done. */
async function withDocuments(count, options) {
  const page = await open(options);
  await openFiles(page, file('all.jsonl', records(count)));
  await says(page, new RegExp(`in ${count} documents\\.`));
  return page;
}

const section = (page) => page.locator('#summary');
const table = (page, name) => page.getByTestId(`summary-${name}`);

/** Opens the summary, and waits until all is counted. */
async function openSummary(page) {
  await page.getByTestId('summary').click();
  await isCounted(page);
}

const isCounted = (page) =>
  page.waitForFunction(() => document.querySelector('#summary:not([hidden], [aria-busy])') && document.querySelector('#summary-count').textContent);

/** The words of a table's rows; those of documents under a mention are none of them. */
const cells = (page, name) =>
  table(page, name).locator('tbody tr:not(.mention-opened)').evaluateAll((rows) => rows.map(({ cells }) => [...cells].map(({ textContent }) => textContent)));

const mention = (page, words) => table(page, 'mentions').getByRole('button', { name: words, exact: true });
const reads = (page, words) =>
  page.waitForFunction((words) => document.querySelector('[data-testid="document"]').textContent.includes(words), words);
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.testid || document.activeElement.className);

/** What a press on a button saves. */
async function saved(page, id) {
  const download = page.waitForEvent('download');
  await page.getByTestId(id).click();
  const found = await download;
  return { name: found.suggestedFilename(), content: await readFile(await found.path(), 'utf8') };
}

test('the summary counts what the list counts, by entity and by mention', { timeout: LONG }, async () => {
  const page = await withDocuments(60);
  assert.ok(await section(page).isHidden());
  await openSummary(page);
  // Of 60 documents each third has the sentence once, twice, thrice.
  assert.equal(await page.locator('#summary-count').textContent(), '360 chunks in 60 of 60 documents');
  await says(page, /^360 chunks in 60 documents/);
  const counts = new Map();
  await page.setViewportSize({ width: 1280, height: 9000 });
  await list(page).evaluate((box) => (box.style.minHeight = '8000px'));
  const rows = await shown(page);
  assert.equal(rows.length, 60);
  for (const { words } of rows) {
    for (const [, entity, count] of words.matchAll(/(DNA|protein|cell_type) (\d+)/g)) counts.set(entity, (counts.get(entity) ?? 0) + Number(count));
  }
  assert.deepEqual([...counts.values()], [120, 120, 120]);
  const entities = await cells(page, 'entities');
  assert.deepEqual(entities, [...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([entity, count]) => [entity, String(count), '60']));
  assert.deepEqual((await cells(page, 'mentions')).sort(), [
    ['IL-2 gene', 'DNA', '120', '60'],
    ['NF-kappa B', 'protein', '120', '60'],
    ['T cells', 'cell_type', '120', '60'],
  ]);
  assert.equal(await section(page).locator('.chart-bar').count(), 3);
  await page.getByTestId('close-summary').click();
  assert.ok(await section(page).isHidden());
  assert.equal(await focused(page), 'summary');
  await close(page);
});

test('an entity is chosen in the table or the chart, and its mentions are shown', { timeout: LONG }, async () => {
  const page = await withDocuments(6);
  await openSummary(page);
  const texts = async () => (await cells(page, 'mentions')).map(([text]) => text);
  const entity = (name) => table(page, 'entities').getByRole('button', { name, exact: true });
  await entity('protein').click();
  assert.deepEqual(await texts(), ['NF-kappa B']);
  assert.equal(await page.locator('#mentions-title').textContent(), 'Most frequent mentions of protein');
  assert.equal(await entity('protein').getAttribute('aria-pressed'), 'true');
  await section(page).locator('.chart-row[data-entity="DNA"]').click();
  assert.deepEqual(await texts(), ['IL-2 gene']);
  assert.equal(await entity('protein').getAttribute('aria-pressed'), 'false');
  await page.getByTestId('all-entities').click();
  assert.equal((await texts()).length, 3);
  await entity('DNA').click();
  await entity('DNA').click();
  assert.equal((await texts()).length, 3, 'once more: all again');
  await close(page);
});

test('a mention leads to its documents, and a document is opened at the mention', { timeout: LONG }, async () => {
  const page = await withDocuments(120);
  await openSummary(page);
  await mention(page, 'NF-kappa B').click();
  const documents = section(page).locator('.mention-document');
  assert.equal(await documents.count(), 50);
  assert.equal(await documents.first().textContent(), 'Study 0. IL-2 gene expression requires NF-kappa B in human T cells. all.jsonl, line 1');
  const more = section(page).locator('.mention-opened .quiet');
  assert.equal(await more.textContent(), 'Show 50 more of 70');
  await more.click();
  assert.equal(await more.textContent(), 'Show 20 more of 20');
  await more.press('Enter');
  assert.equal(await documents.count(), 120);
  assert.ok(await more.isHidden());
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Study 100\./, 'the focus goes on');
  await documents.nth(76).click();
  await reads(page, 'Study 76.');
  await page.waitForFunction(() => document.querySelector('[data-testid="chunks"] tr[aria-current]')?.dataset.entity === 'protein');
  assert.ok((await shown(page)).find(({ chosen }) => chosen).title.startsWith('Study 76.'));
  assert.equal(await focused(page), 'document');
  assert.equal(await page.locator('[data-testid="document"] mark.active').first().textContent(), 'NF-kappa B');
  const { y } = await page.getByTestId('document').boundingBox();
  assert.ok(y >= 0 && y < 450, `the document is on the screen: ${y}`);
  await page.getByTestId('summary').click();
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Study 76\./, 'the button leads back');
  await mention(page, 'NF-kappa B').click();
  assert.equal(await documents.count(), 0, 'once more: closed');
  // A text that was being written gives way, and stays.
  await mention(page, 'T cells').click();
  await page.getByTestId('new-text').click();
  await page.getByTestId('input').fill('A draft.');
  await documents.nth(3).click();
  await reads(page, 'Study 3.');
  assert.ok(await list(page).isVisible());
  await page.getByTestId('new-text').click();
  assert.equal(await page.getByTestId('input').inputValue(), 'A draft.');
  await close(page);
});

test('it says what has changed since, and counts anew when asked', { timeout: LONG }, async () => {
  const page = await withDocuments(5);
  await openSummary(page);
  const news = page.getByTestId('summary-news');
  const tells = (words) => page.waitForFunction((words) => document.querySelector('[data-testid="summary-news"]').textContent === words, words);
  assert.equal(await news.textContent(), '');
  assert.ok(await page.getByTestId('refresh-summary').isHidden());
  await openFiles(page, file('more.jsonl', `${record(5)}\n${record(6)}\n${record(7)}`));
  await says(page, /in 8 documents\./);
  await tells('3 documents have changed since.');
  assert.match(await page.locator('#summary-count').textContent(), /of 5 documents/, 'what is read does not change by itself');
  await page.getByTestId('refresh-summary').click();
  await tells('');
  assert.equal(await page.locator('#summary-count').textContent(), '45 chunks in 8 of 8 documents');
  assert.ok(await page.getByTestId('refresh-summary').isHidden());
  // A text that is changed has no result until it is annotated; as long as the options are others, that waits for the user.
  await page.getByTestId('mode').selectOption('truncate');
  await page.getByTestId('edit-text').click();
  await page.getByTestId('input').fill('CD28.');
  await page.getByTestId('back-to-documents').click();
  await list(page).focus();
  await page.keyboard.press('End');
  await tells('1 document has changed since.');
  await page.getByTestId('refresh-summary').click();
  await tells('');
  assert.match(await page.getByTestId('summary-notes').textContent(), /^1 document is not counted: waiting, failed, or changed and not annotated anew\.$/);
  await page.getByTestId('mode').selectOption('window');
  await page.getByTestId('annotate').click();
  await says(page, /in 8 documents\./);
  await page.getByTestId('close-summary').click();
  await openSummary(page);
  assert.ok((await cells(page, 'mentions')).some(([text]) => text === 'CD28'), 'it is counted anew when it is opened');
  assert.ok(await page.getByTestId('summary-notes').isHidden());
  await page.getByTestId('threshold').fill('1');
  await tells('The minimum confidence has changed since.');
  await page.getByTestId('refresh-summary').click();
  await tells('');
  assert.equal(await page.locator('#summary-count').textContent(), '0 chunks in 0 of 8 documents at a confidence of 1.00 or more');
  assert.equal(await page.getByTestId('summary-notes').textContent(), 'Nothing was found in them.');
  await page.getByTestId('forget').click();
  await page.getByTestId('forget').click();
  await page.waitForFunction(() => document.querySelector('#documents-pane').hidden);
  assert.ok(await section(page).isHidden());
  assert.equal(await section(page).locator('tbody tr').count(), 0, 'nothing is left of them');
  await close(page);
});

test('the tables and the chart are saved', { timeout: LONG }, async () => {
  const page = await open();
  const extra = JSON.stringify({ id: 'formula', text: 'We saw il-2 GENE and IL-2  gene and IL-2 gene, CD28.' });
  await openFiles(page, file('all.jsonl', `${records(60)}\n${extra}`));
  await says(page, /in 61 documents\./);
  await openSummary(page);
  const entities = await saved(page, 'download-entities');
  assert.equal(entities.name, 'glossa-entities.csv');
  const table = (content) => content.trimEnd().split('\n').map((row) => row.split(','));
  const numbers = (rows) => rows.map((row) => row.map((cell) => cell.replaceAll(',', '')));
  assert.deepEqual(table(entities.content), [['entity', 'chunks', 'documents'], ...numbers(await cells(page, 'entities'))]);
  const mentions = await saved(page, 'download-mentions');
  assert.equal(mentions.name, 'glossa-mentions.csv');
  const [head, ...rows] = table(mentions.content);
  assert.deepEqual(head, ['entity', 'text', 'chunks', 'documents']);
  assert.deepEqual(rows, numbers(await cells(page, 'mentions')).map(([text, entity, ...counts]) => [entity, text, ...counts]));
  assert.ok(rows.some(([, text]) => text === 'IL-2 gene'));
  const chart = await saved(page, 'download-chart');
  assert.equal(chart.name, 'glossa-entities.svg');
  assert.match(chart.content, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.doesNotMatch(chart.content, /class=|var\(|oklch|NaN/);
  const elsewhere = await page.context().newPage();
  const drawn = await elsewhere.evaluate((content) => {
    const parsed = new DOMParser().parseFromString(content, 'image/svg+xml');
    const all = (query, of) => [...parsed.querySelectorAll(query)].map(of);
    return {
      words: all('text', ({ textContent }) => textContent),
      fills: all('g rect, text', (shape) => shape.getAttribute('fill')),
      error: parsed.querySelector('parsererror')?.textContent,
    };
  }, chart.content);
  assert.equal(drawn.error, undefined);
  assert.deepEqual(drawn.words, numbers(await cells(page, 'entities')).flatMap(([entity, chunks]) => [entity, chunks]));
  for (const fill of drawn.fills) assert.match(fill, /^#[0-9a-f]{6}$/);
  assert.ok(new Set(drawn.fills).size > 4, 'the entities have colours of their own');
  const other = await withDocuments(3, { colorScheme: 'dark' });
  await openSummary(other);
  const inDark = (await saved(other, 'download-chart')).content;
  assert.equal(inDark.match(/<text[^>]*fill="([^"]+)"/)[1], chart.content.match(/<text[^>]*fill="([^"]+)"/)[1], 'paper is light');
  await close(other);
  await close(page);
});

test('it is used by the keyboard alone', { timeout: LONG }, async () => {
  const page = await withDocuments(60);
  await page.getByTestId('summary').focus();
  await page.keyboard.press('Enter');
  await isCounted(page);
  assert.equal(await focused(page), 'summary-title');
  const tabTo = async (condition) => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(condition)) return;
    }
    assert.fail(`the Tab key does not lead there: ${condition}`);
  };
  await tabTo(() => document.activeElement.matches('button.entity[data-entity="cell_type"]'));
  await page.keyboard.press('Enter');
  assert.deepEqual((await cells(page, 'mentions')).map(([text]) => text), ['T cells']);
  await tabTo(() => document.activeElement.matches('#summary .chunk'));
  await page.keyboard.press('Space');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'true');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await reads(page, 'Study 1.');
  assert.equal(await focused(page), 'document');
  await page.keyboard.press('p');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.entity), 'protein', 'the keys go on from the mention');
  await close(page);
});

test('ten thousand documents are counted while the page stays awake', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(10_000)));
  await says(page, /in 10,000 documents\./);
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((tasks) => tasks.getEntries().forEach(({ duration }) => (globalThis.longest = Math.max(globalThis.longest, duration)))).observe({ entryTypes: ['longtask'] });
  });
  const begun = Date.now();
  await openSummary(page);
  const took = Date.now() - begun;
  assert.match(await page.locator('#summary-count').textContent(), /^\d+,\d{3} chunks in 10,000 of 10,000 documents$/);
  const longest = await page.evaluate(() => globalThis.longest);
  console.log(`# ten thousand documents counted in ${took} ms, longest task ${longest} ms`);
  assert.ok(longest < 500, `a task of ${longest} ms`);
  await mention(page, 'T cells').click();
  assert.match(await section(page).locator('.mention-opened .fine').textContent(), /^These are the first 1,000 of 10,000\./);
  await close(page);
});

for (const [name, width] of [['wide', 1280], ['narrow', 390]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing in the summary, and nothing is wider than the screen: ${name}, ${colorScheme}`, { timeout: LONG }, async () => {
      const page = await open({ query: '', viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
      const check = async (state) => {
        assert.deepEqual(await problems(page), [], state);
        const over = await tooWide(page);
        assert.ok(over <= 0, `${state}: ${over} pixels too wide`);
        await page.screenshot({ path: join(screenshots, `summary-${state}-${name}-${colorScheme}.png`), fullPage: true });
      };
      await page.getByTestId('model').selectOption('models/clinical_trials/');
      const trial = JSON.stringify({ id: 'trial', text: EXAMPLES.clinical_trials });
      await openFiles(page, file('abstracts.jsonl', `${ABSTRACTS}\n${trial}`));
      await says(page, /in 13 documents\./);
      await openSummary(page);
      await check('open');
      const first = table(page, 'mentions').locator('.chunk').first();
      await table(page, 'entities').locator('button').nth(1).click();
      await first.click();
      await openFiles(page, file('one.txt', 'CD28 in ten patients.'));
      await says(page, /in 14 documents\./);
      await page.waitForFunction(() => document.querySelector('[data-testid="summary-news"]').textContent);
      await check('chosen');
      if (name === 'wide' && colorScheme === 'dark') {
        await page.emulateMedia({ media: 'print' });
        await page.pdf({ path: join(screenshots, 'summary-printed.pdf'), format: 'A4' });
        const left = await section(page).locator('button:visible').evaluateAll((buttons) => buttons.map(({ className }) => className));
        assert.deepEqual(left.filter((kind) => !['entity', 'chunk', 'mention-document'].includes(kind)), [], 'nothing to press is printed');
      }
      await close(page);
    });
  }
}
