// The table of chunks: sorted by its heads, and linked with the text in both directions.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { join } from 'node:path';
import { SENTENCE, browser as launch, screenshots, serve } from './harness.mjs';
import { dropText, networkAccount, rows, settled } from './page.mjs';

const LONG = 300_000;

let browser;
let server;
before(async () => {
  browser = await launch();
  server = await serve();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function annotated({ text = SENTENCE.repeat(40), model = 'tiny/', ...options } = {}) {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(`${server.address}?model=${model}`);
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
  return page;
}

const head = (page, column) => page.getByTestId('chunks').locator(`thead [data-column="${column}"]`);
const sorting = (page) =>
  page.getByTestId('chunks').locator('th[aria-sort]').evaluateAll((heads) => heads.map((th) => `${th.textContent} ${th.ariaSort}`));
const column = (page, i) =>
  page.getByTestId('chunks').locator('tbody tr').evaluateAll((found, i) => found.map((row) => row.cells[i].textContent), i);
const selected = (page) => page.getByTestId('chunks').locator('tbody tr[aria-current="true"]');
const begin = (element) => element.evaluate(({ dataset }) => Number(dataset.begin));
/** What the keyboard is at: a mark, or a row. */
const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement.closest('mark, tr');
    return at && `${at.localName} ${at.dataset.begin}`;
  });

/** Whether an element is in the part of its scrolling box that is seen. */
const isSeenIn = (element, box) =>
  element.evaluate((element, box) => {
    const [its, outer] = [element, document.querySelector(box)].map((each) => each.getBoundingClientRect());
    return its.top >= outer.top && its.bottom <= outer.bottom + 1;
  }, box);

test('the heads sort the table, once more the other way round, and say so', { timeout: LONG }, async () => {
  const page = await annotated({ text: SENTENCE.repeat(3) });
  const inText = await rows(page);
  assert.deepEqual(await sorting(page), ['begin ascending']);
  await head(page, 'entity').click();
  assert.deepEqual(await sorting(page), ['entity ascending']);
  assert.deepEqual(await column(page, 1), [...await column(page, 1)].sort((a, b) => a.localeCompare(b)));
  assert.deepEqual((await rows(page)).slice(0, 3).map(({ begin }) => begin), inText.filter(({ entity }) => entity === 'cell_type').map(({ begin }) => begin));
  await head(page, 'entity').press('Enter');
  assert.deepEqual(await sorting(page), ['entity descending']);
  assert.deepEqual(await column(page, 1), [...await column(page, 1)].sort((a, b) => b.localeCompare(a)));
  await head(page, 'confidence').click();
  const confidences = (await column(page, 4)).map(Number);
  assert.deepEqual(confidences, [...confidences].sort((a, b) => a - b));
  await head(page, 'text').click();
  assert.deepEqual((await column(page, 0))[0], 'IL-2 gene');
  await head(page, 'begin').click();
  assert.deepEqual(await rows(page), inText);
  // Another result is sorted as the one before was.
  await head(page, 'begin').click();
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.deepEqual(await sorting(page), ['begin descending']);
  assert.deepEqual((await rows(page)).map(({ begin }) => begin), [50, 30, 0]);
});

test('a mark selects its row without moving the page, and a row goes to its mark', { timeout: LONG }, async () => {
  const page = await annotated();
  const document = page.getByTestId('document');
  await document.evaluate((box) => (box.scrollTop = box.scrollHeight));
  const mark = document.locator('mark').nth(118);
  const place = await begin(mark);
  await mark.scrollIntoViewIfNeeded();
  const at = await page.evaluate(() => scrollY);
  await mark.click();
  assert.equal(await begin(selected(page)), place);
  assert.equal(await selected(page).count(), 1);
  assert.ok(await isSeenIn(selected(page), '#chunks-scroller'));
  assert.equal(await page.evaluate(() => scrollY), at);
  assert.match(await mark.getAttribute('class'), /active/);
  // It stays selected when the pointer goes elsewhere.
  await page.mouse.move(2, 2);
  assert.match(await mark.getAttribute('class'), /active/);

  await page.locator('#chunks-scroller').evaluate((box) => (box.scrollTop = 0));
  await page.getByTestId('chunks').locator('tbody tr').nth(1).click();
  assert.equal(await begin(selected(page)), 30);
  const first = document.locator('mark[data-begin="30"]');
  // It is seen to go there, which takes a moment.
  while (!(await isSeenIn(first, '[data-testid="document"]'))) await page.waitForTimeout(50);
  // A place without a mark selects nothing.
  await document.click({ position: { x: 400, y: 5 } });
  assert.equal(await selected(page).count(), 0);
});

test('by the keyboard: from mark to mark, to the row and back, with the score said', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.getByTestId('document').focus();
  await page.keyboard.press('n');
  assert.equal(await focused(page), 'mark 0');
  const score = await page.evaluate(() => {
    const mark = document.activeElement;
    return [mark.title, getComputedStyle(mark, '::before').content];
  });
  assert.match(score[0], /^DNA, confidence \d\.\d\d$/);
  assert.ok(score[1].includes(score[0]), score[1]);
  await page.keyboard.press('n');
  await page.keyboard.press('n');
  await page.keyboard.press('p');
  assert.equal(await focused(page), 'mark 30');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'tr 30');
  assert.equal(await begin(selected(page)), 30);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'tr 50');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'mark 50');
  await page.getByTestId('document').focus();
  await page.keyboard.press('Shift+P');
  assert.equal(await focused(page), 'mark 30', 'it goes on from where one was');
});

test('a table of 20,000 chunks has a few hundred rows at a time, wherever one goes', { timeout: LONG }, async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.address}?model=tiny/`);
  await dropText(page, 'long.txt', SENTENCE, 7000);
  await page.waitForFunction(() => Number(document.querySelector('#count').textContent.replace(',', '')) >= 20_000);
  await settled(page);
  const body = page.getByTestId('chunks').locator('tbody tr');
  assert.equal(await body.count(), 200);
  await page.getByTestId('document').evaluate((box) => (box.scrollTop = box.scrollHeight));
  // Its mark is made when it comes near the screen.
  const place = SENTENCE.length * 6999 + 50;
  await page.locator(`[data-testid="document"] mark[data-begin="${place}"]`).click();
  assert.equal(await begin(selected(page)), place);
  assert.ok(await isSeenIn(selected(page), '#chunks-scroller'));
  assert.ok((await body.count()) <= 200);
  // Rows before it can be had, and those drawn stay in their order.
  await page.locator('#earlier').click();
  const begins = (await rows(page)).map(({ begin }) => begin);
  assert.ok(begins.length > 200 && begins.length <= 400);
  assert.deepEqual(begins, [...begins].sort((a, b) => a - b));
  await head(page, 'begin').click();
  assert.equal((await rows(page))[0].begin, place, 'the last comes first');
  assert.equal(await body.count(), 200);
  assert.equal(await page.locator('#more').textContent(), 'Show 200 more of 20,800');
  await page.locator('#more').click();
  assert.equal(await body.count(), 400);
});

test('screenshots of the table and of the account of the network', { timeout: LONG }, async () => {
  for (const [width, colorScheme] of [[1280, 'light'], [1280, 'dark'], [390, 'light'], [390, 'dark']]) {
    const page = await (await browser.newContext({ viewport: { width, height: 900 }, colorScheme })).newPage();
    await page.goto(server.address);
    await page.getByTestId('example').first().click();
    await settled(page);
    await head(page, 'confidence').click();
    await page.getByTestId('chunks').locator('tbody tr').nth(2).click();
    await networkAccount(page);
    const fits = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(fits, `${width} ${colorScheme}`);
    await page.screenshot({ path: join(screenshots, `table-${width}-${colorScheme}.png`), fullPage: true });
    await page.context().close();
  }
});
