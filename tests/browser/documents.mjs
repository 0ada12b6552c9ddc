// What a person does with many documents, and sees of them.
import assert from 'node:assert/strict';
import { SENTENCE } from './harness.mjs';

const LONG = 300_000;

/** A page of a context's, whose errors are kept for {@link close}. */
export async function openIn(context, address) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.stack));
  await page.goto(address);
  return page;
}

export async function close(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export const list = (page) => page.getByTestId('documents');
export const rowsShown = (page) => list(page).getByRole('option');

/** The rows that are elements, in the order in which they are seen: their words, state and whether they are chosen. */
export async function shown(page) {
  // Rows are drawn with the next frame.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return rowsShown(page).evaluateAll((rows) =>
    rows
      .map((row) => ({
        place: Number(row.getAttribute('aria-posinset')),
        of: Number(row.getAttribute('aria-setsize')),
        title: row.querySelector('.row-title').textContent,
        state: row.querySelector('.row-state').dataset.state,
        words: [...row.querySelectorAll('.row-state > span')].map((span) => span.textContent).join(' · '),
        chosen: row.getAttribute('aria-selected') === 'true',
      }))
      .sort((one, other) => one.place - other.place),
  );
}

/** Records of JSON lines: each has the sentence in which the tiny model finds three chunks, one to three times. */
export const record = (i) => JSON.stringify({ id: `PMID ${i}`, text: `Study ${i}. ${SENTENCE.repeat(1 + (i % 3))}` });
export const records = (count) => Array.from({ length: count }, (_, i) => record(i)).join('\n');

export const file = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

/** Opens files by the picker that is there: the text box's, or the list's. */
export async function openFiles(page, ...files) {
  const picker = (await list(page).isVisible()) ? 'add-files' : 'open-text';
  await page.getByTestId(picker).setInputFiles(files);
}

/** Waits until what the status says fits. */
export const says = (page, words) =>
  page.waitForFunction((source) => new RegExp(source).test(document.querySelector('[data-testid="status"]').textContent), words.source, {
    timeout: LONG,
  });

const number = (words) => Number(words.replaceAll(',', ''));

/** How many documents are done, of how many, as the status says it. */
export async function progress(page) {
  const found = (await page.getByTestId('status').textContent()).match(/([\d,]+) of ([\d,]+) documents/);
  return found && found.slice(1).map(number);
}

/** Waits until some of the documents are done, and not all. */
export async function inTheMiddle(page) {
  const found = await page.waitForFunction(() => {
    const { textContent } = document.querySelector('[data-testid="status"]');
    const [, done, total] = textContent.match(/([\d,]+) of ([\d,]+) documents/) ?? [];
    return done > '0' && { done, total };
  });
  const { done, total } = await found.jsonValue();
  return { done: number(done), total: number(total) };
}

export const databases = (page) => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
