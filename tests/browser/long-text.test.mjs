// Texts of megabytes on the page: what is drawn and sent at a time is bounded, nothing of the text is lost, and what is too long is
// refused before anything is lost.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, SENTENCE, browser, serve } from './harness.mjs';
import { dropText, inState, marks, settled, status } from './page.mjs';

const LONG = 300_000;
/** Marks that may be there: those that are kept, and those on the screen and near it. */
const MOST_MARKS = 25_000;
/** Chunks of a message from the worker. */
const MOST_CHUNKS = 2000;
const LIMIT = 20_000_000;
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

async function open(context) {
  const page = await chromium.newPage();
  context.after(() => page.close());
  page.setDefaultTimeout(60_000);
  // Counts what workers send, and the marks that are there whenever the document has changed.
  await page.addInitScript(() => {
    const { Worker } = globalThis;
    globalThis.chunksOfMessages = [];
    globalThis.marksSeen = 0;
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', ({ data: { chunks, value } }) => {
          const found = chunks ?? value?.chunks;
          if (found) globalThis.chunksOfMessages.push(found.length);
        });
      }
    };
    addEventListener('DOMContentLoaded', () => {
      const target = document.querySelector('[data-testid="document"]');
      const count = () => (globalThis.marksSeen = Math.max(globalThis.marksSeen, target.getElementsByTagName('mark').length));
      new MutationObserver(count).observe(target, { childList: true, subtree: true });
    });
  });
  await page.goto(`${server.address}?model=tiny/`);
  return page;
}

const box = (page) => page.getByTestId('input').evaluate(({ value, readOnly }) => ({ value, readOnly }));
const length = (page) => page.locator('#length').textContent();

async function saved(page) {
  const started = page.waitForEvent('download');
  await page.getByTestId('download-json').click();
  return JSON.parse(await readFile(await (await started).path(), 'utf8'));
}

test('of a text of 2 MB all is annotated, and a part is drawn at a time', { timeout: LONG }, async (context) => {
  const page = await open(context);
  const paragraph = `${SENTENCE.repeat(4)}\r\n`;
  const text = paragraph.repeat(Math.ceil(2_000_000 / paragraph.length));
  const count = (3 * text.length * 4) / paragraph.length;
  await dropText(page, 'long.txt', paragraph, text.length / paragraph.length);
  await inState(page, 'running');
  const { value, readOnly } = await box(page);
  assert.ok(readOnly && value.length > 10_000 && value.length <= 20_000, `${value.length} characters in the box`);
  assert.match(await page.locator('#long-text').textContent(), /shows the beginning of a text of 2,000,\d{3} characters\. All of it is annotated/);
  await settled(page);
  assert.match(await status(page).textContent(), new RegExp(`^${count.toLocaleString('en')} chunks`));

  const { messages, seen, shown } = await page.evaluate(() => ({
    messages: globalThis.chunksOfMessages,
    seen: globalThis.marksSeen,
    shown: document.querySelector('[data-testid="document"]').textContent,
  }));
  assert.ok(shown === text, 'the document is the text, and can be searched and copied');
  assert.equal(messages.reduce((sum, chunks) => sum + chunks), count);
  assert.ok(Math.max(...messages) <= MOST_CHUNKS);
  assert.ok(seen > 100 && seen < 5000, `${seen} marks at first`);

  const result = await saved(page);
  assert.ok(result.text === text);
  assert.equal(result.chunks.length, count);
  const wrong = result.chunks.filter(({ begin, end, text: found }) => text.slice(begin, end) !== found);
  assert.deepEqual(wrong, []);

  // To the end, screen by screen, and further than what is kept.
  const view = page.getByTestId('document');
  for (let part = 1; part <= 40; part++) {
    await view.evaluate((element, part) => (element.scrollTop = (element.scrollHeight * part) / 40), part);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  }
  const last = result.chunks.at(-1);
  await page.waitForSelector(`[data-testid="document"] mark[data-begin="${last.begin}"]`);
  assert.ok((await page.evaluate(() => globalThis.marksSeen)) < MOST_MARKS);
  assert.ok((await view.evaluate((element) => element.textContent)) === text);

  // What was taken away is made again where it is asked for.
  await page.getByTestId('chunks').locator('tbody tr').nth(1).getByRole('button').click();
  const first = page.locator('[data-testid="document"] mark.active');
  await first.waitFor();
  assert.equal(await first.getAttribute('data-begin'), String(IN_SENTENCE[1].begin));
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector('mark.active').getBoundingClientRect();
    return top > 0 && bottom < innerHeight;
  });
  await page.getByTestId('legend').locator('[data-entity="protein"]').click();
  await view.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await page.waitForFunction(() => {
    const { top, bottom } = document.querySelector('[data-testid="document"]').getBoundingClientRect();
    const onScreen = [...document.querySelectorAll('mark')].filter((mark) => {
      const place = mark.getBoundingClientRect();
      return place.top > top && place.bottom < bottom;
    });
    return onScreen.length > 3 && onScreen.every(({ dataset }) => (dataset.entity === 'protein') === ('hidden' in dataset));
  });
});

test('a long text is pasted, cleared, and replaced by a paste over the whole', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const input = page.getByTestId('input');
  const paste = async (text) => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await input.press('Control+v');
  };
  const long = SENTENCE.repeat(5000);
  await input.fill('Before. After.');
  await input.evaluate((area) => area.setSelectionRange(8, 8));
  await paste(long);
  assert.equal(await length(page), `${(long.length + 14).toLocaleString('en')} characters`);
  assert.ok((await box(page)).value.startsWith('Before. IL-2 gene'));

  // In the middle of what is only a beginning nothing is pasted; over the whole it is.
  await input.evaluate((area) => area.setSelectionRange(3, 3));
  await paste('x');
  assert.equal(await length(page), `${(long.length + 14).toLocaleString('en')} characters`);
  await input.press('Control+a');
  await paste(SENTENCE);
  assert.deepEqual(await box(page), { value: SENTENCE, readOnly: false });
  assert.ok(await page.locator('#long-text').isHidden());
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);

  await input.press('Control+a');
  await paste(long);
  await page.getByTestId('clear-text').click();
  assert.deepEqual([await box(page), await length(page)], [{ value: '', readOnly: false }, '']);
  await page.keyboard.type('IL-2');
  assert.equal((await box(page)).value, 'IL-2');
});

test('a text that is too long is refused before anything is lost', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.match(await page.getByTestId('input').getAttribute('placeholder'), /Up to 20 million characters/);
  const refused = async (act, said) => {
    await page.getByTestId('annotate').click();
    await settled(page);
    await act();
    await inState(page, 'error');
    assert.equal(await status(page).getAttribute('data-code'), 'input_invalid');
    assert.match(await status(page).textContent(), said);
    assert.deepEqual(await box(page), { value: SENTENCE, readOnly: false });
    assert.deepEqual(await marks(page), IN_SENTENCE);
  };
  await refused(() => dropText(page, 'huge.txt', 'IL-2 ', 10_000_000), /huge\.txt has 50\.0 MB, more than this page can show\. The command line reads it: glossa annotate huge\.txt/);
  await refused(() => dropText(page, 'large.txt', 'IL-2 ', LIMIT / 5 + 1), /large\.txt: 20,000,005 characters are more than this page can show, which is 20,000,000/);
  const paste = () =>
    page.getByTestId('input').evaluate((area, times) => {
      const data = new DataTransfer();
      data.setData('text/plain', 'IL-2 '.repeat(times));
      area.select();
      area.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
    }, LIMIT / 5 + 1);
  await refused(paste, /Not pasted: 20,000,005 characters are more .* The text is as you left it/);
});

test('a text of one line without a space is drawn in parts too', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await dropText(page, 'sequence.txt', 'ACGT', 100_000);
  await settled(page);
  const { parts, whole } = await page.getByTestId('document').evaluate((element) => ({
    parts: [...element.children].map((part) => part.textContent.length),
    whole: element.textContent === 'ACGT'.repeat(100_000),
  }));
  assert.ok(whole);
  assert.ok(parts.length > 10 && Math.max(...parts) <= 20_000, `the longest part has ${Math.max(...parts)} characters`);
});
