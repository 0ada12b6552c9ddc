// Many documents on the page: the list, what is seen of each while the rest is annotated, and a text of one's own beside them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ABSTRACTS } from './abstracts.mjs';
import { IN_SENTENCE, SENTENCE, browser, screenshots, serve } from './harness.mjs';
import { close, databases, file, inTheMiddle, list, openFiles, openIn, progress, record, records, rowsShown, says, shown } from './documents.mjs';
import { inState, marks, problems, rows, settled, status, tooWide } from './page.mjs';

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

async function open(options = {}, query = '?model=tiny/') {
  return openIn(await chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options }), server.address + query);
}


/** Waits until a document whose text has these words is the one that is read. */
const reads = (page, words) =>
  page.waitForFunction((words) => document.querySelector('[data-testid="document"]').textContent.includes(words), words);

test('one text is no list; the list appears with the second document', { timeout: LONG }, async () => {
  const page = await open();
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  await openFiles(page, file('first.txt', `One. ${SENTENCE}`));
  await reads(page, 'One.');
  await settled(page);
  assert.ok(await list(page).isHidden());
  assert.ok(await page.getByTestId('pause').isHidden());
  assert.equal(await page.getByTestId('annotate').textContent(), 'Annotate');
  assert.deepEqual(await databases(page), [], 'one text is kept nowhere');

  await openFiles(page, file('first.txt', `One. ${SENTENCE}`));
  await settled(page);
  assert.ok(await list(page).isHidden(), 'the same file again is no second document');
  await openFiles(page, file('second.txt', `Two. ${SENTENCE}`));
  await reads(page, 'Two.');
  await says(page, /6 chunks in 2 documents\. The texts did not leave this tab/);
  assert.deepEqual((await shown(page)).map(({ title, words, chosen }) => [title, words, chosen]), [
    [`One. ${SENTENCE.trim()}`, 'first.txt · DNA 1 · protein 1 · cell_type 1', false],
    [`Two. ${SENTENCE.trim()}`, 'second.txt · DNA 1 · protein 1 · cell_type 1', true],
  ]);
  assert.deepEqual((await marks(page)).map(({ begin, entity }) => [begin - 5, entity]), IN_SENTENCE.map(({ begin, entity }) => [begin, entity]));
  assert.ok(await page.getByTestId('input').isHidden());
  assert.equal(await page.getByTestId('annotate').textContent(), 'Annotate all');
  await close(page);
});

test('files come by the picker, dropped, and pasted; a folder too', { timeout: LONG }, async () => {
  const page = await open();
  const bring = (type, names) =>
    page.evaluate(([type, names, sentence]) => {
      const data = new DataTransfer();
      for (const name of names) data.items.add(new File([`${name}: ${sentence}`], name));
      const init = { bubbles: true, cancelable: true };
      const event = type === 'drop' ? new DragEvent('drop', { ...init, dataTransfer: data }) : new ClipboardEvent('paste', { ...init, clipboardData: data });
      document.body.dispatchEvent(event);
    }, [type, names, SENTENCE]);
  await openFiles(page, file('b.txt', SENTENCE), file('a.txt', SENTENCE));
  await says(page, /in 2 documents\./);
  await bring('drop', ['d.txt', 'c.txt']);
  await says(page, /in 4 documents\./);
  await bring('paste', ['e.txt']);
  await says(page, /in 5 documents\./);
  assert.deepEqual((await shown(page)).map(({ words }) => words.split(' ')[0]), ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'e.txt']);
  // A picture that a word processor copies beside a text is not brought.
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['x'], 'image.png', { type: 'image/png' }));
    data.setData('text/plain', 'IL-2');
    document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: data }));
  });
  await settled(page);
  assert.equal((await shown(page)).length, 5);
  await close(page);
});

test('files that come while others are opened, annotated, or just done all come, and are annotated', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('a.txt', SENTENCE), file('b.txt', SENTENCE));
  await says(page, /2 documents/);
  const all = 60;
  await page.evaluate(
    async ([all, sentence]) => {
      for (let i = 0; i < all; i++) {
        const data = new DataTransfer();
        data.items.add(new File([`${i}: ${sentence}`], `file ${i}.txt`));
        document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
        // At once, or when those before are opened, or about done.
        await new Promise((resolve) => setTimeout(resolve, 7 * (i % 10)));
      }
    },
    [all, SENTENCE],
  );
  await says(page, new RegExp(`^${3 * (all + 2)} chunks in ${all + 2} documents\\.`));
  assert.ok((await shown(page)).every(({ state }) => state === 'done'));
  await close(page);
});

test('a bad record and a bad file fail beside good ones, with the reason', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', `${record(1)}\n{"id": 2}\n${record(3)}`), file('paper.pdf', '%PDF-1.7'));
  await says(page, /chunks in 2 documents, 2 failed/);
  assert.match(await page.getByTestId('note').textContent(), /2 documents of 4 could not be read; the list says why/);
  const found = await shown(page);
  assert.deepEqual(found.map(({ state }) => state), ['done', 'failed', 'done', 'failed']);
  assert.match(found[1].words, /^failed: records are/);
  await page.getByTestId('documents-state').selectOption('failed');
  await page.waitForFunction(() => document.querySelectorAll('[role="option"]').length === 2);
  assert.equal(await page.locator('#documents-count').textContent(), '2 of 4');
  await rowsShown(page).filter({ hasText: 'paper.pdf' }).click();
  await page.waitForFunction(() => /Not read: paper\.pdf is a PDF\. Copy its text/.test(document.querySelector('#unread').textContent));
  assert.ok(await page.locator('#results').isHidden());
  assert.ok(await page.getByTestId('edit-text').isHidden());
  await close(page);
});

test('a document is read while the rest is annotated, and comes first', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3000)));
  await inState(page, 'running');
  assert.ok(await page.getByTestId('pause').isVisible());
  await list(page).focus();
  await page.keyboard.press('End');
  await reads(page, 'Study 2999.');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="document"] mark').length === 9);
  assert.equal(await status(page).getAttribute('data-state'), 'running', 'the rest still runs');
  const [done, total] = await progress(page);
  assert.ok(done < total, `${done} of ${total}`);
  assert.equal((await rows(page)).length, 9);
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  await close(page);
});

test('the work is paused, goes on, and is cancelled; annotating again does the rest', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(2000)));
  await inTheMiddle(page);
  await page.getByTestId('pause').click();
  await inState(page, 'paused');
  assert.equal(await page.getByTestId('pause').textContent(), 'Go on');
  // What was under way comes to its end.
  await page.waitForFunction(() => !document.querySelector('[data-state="running"]'));
  await page.waitForTimeout(500);
  const paused = await progress(page);
  await page.waitForTimeout(500);
  assert.deepEqual(await progress(page), paused);
  await page.getByTestId('pause').click();
  await page.waitForFunction((words) => !document.querySelector('[data-testid="status"]').textContent.includes(words), `${paused[0]} of`);
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  const said = await status(page).textContent();
  const [, done, waiting] = said.match(/Cancelled: .* in ([\d,]+) documents, ([\d,]+) not annotated\. “Annotate all” does the rest/).map((n) => Number(n.replaceAll(',', '')));
  assert.ok(done >= paused[0] && done + waiting === 2000, said);
  await page.getByTestId('documents-state').selectOption('waiting');
  await page.waitForFunction((of) => document.querySelector('[role="option"]')?.getAttribute('aria-setsize') === of, String(waiting));
  await page.getByTestId('documents-state').selectOption('');
  await page.getByTestId('annotate').click();
  await says(page, /in 2,000 documents\./);
  await close(page);
});

test('opening is cancelled: what has come stays, and nothing is annotated', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(20_000)));
  await page.waitForFunction(() => /Opening: [\d,]+ documents/.test(document.querySelector('[data-testid="status"]').textContent));
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  const count = Number((await page.locator('#documents-count').textContent()).replaceAll(',', ''));
  assert.ok(count > 0 && count < 20_000, `${count}`);
  await says(page, /^Cancelled: 0 chunks in 0 documents, [\d,]+ not annotated\. “Annotate all” does the rest/);
  assert.ok((await shown(page)).every(({ state }) => state === 'waiting'));
  assert.equal(await page.locator('#unread').textContent(), 'This document has not been annotated yet.');
  await close(page);
});

test('documents that come while a text is annotated take its place, and the text stays', { timeout: LONG }, async () => {
  const page = await open();
  const long = SENTENCE.repeat(3000);
  await page.getByTestId('input').fill(long);
  const running = inState(page, 'running');
  await page.getByTestId('annotate').click();
  await running;
  await openFiles(page, file('all.jsonl', records(3)));
  await says(page, /18 chunks in 3 documents/);
  assert.ok((await page.getByTestId('document').evaluate((element) => element.textContent)).startsWith('Study 0.'));
  assert.equal((await marks(page)).length, 3);
  await page.getByTestId('new-text').click();
  assert.ok((await page.getByTestId('input').inputValue()) === long);
  await close(page);
});

test('a text changed while its document is annotated has its own result', { timeout: LONG }, async () => {
  const page = await open();
  const running = inState(page, 'running');
  await openFiles(page, file('all.jsonl', `${JSON.stringify({ text: SENTENCE.repeat(3000) })}\n${record(1)}`));
  await running;
  await page.getByTestId('edit-text').click();
  await page.getByTestId('input').fill('CD28.');
  await page.keyboard.press('Control+Enter');
  await says(page, /7 chunks in 2 documents\./);
  assert.deepEqual((await marks(page)).map(({ text }) => text), ['CD28']);
  await page.getByTestId('back-to-documents').click();
  assert.equal((await shown(page))[0].title, 'CD28.');
  await close(page);
});

test('the list is searched by names and by whole texts', { timeout: LONG }, async () => {
  const page = await open();
  const deep = JSON.stringify({ id: 'deep', text: `${SENTENCE.repeat(20)} Metformin is named far below.` });
  await openFiles(page, file('all.jsonl', `${records(300)}\n${deep}`));
  await settled(page);
  const search = async (words, count) => {
    await page.getByTestId('documents-search').fill(words);
    await page.waitForFunction((count) => document.querySelector('#documents-count').textContent === count, count);
  };
  await search('metFORMIN', '1 of 301');
  assert.deepEqual((await shown(page)).map(({ words }) => words.split(' ')[0]), ['deep']);
  await search('pmid 29', '11 of 301');
  await search('nowhere', '0 of 301');
  assert.equal(await page.locator('#documents-none').textContent(), 'No document has “nowhere”.');
  await search('', '301');
  await close(page);
});

test('the counts of the list follow the minimum confidence', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3)));
  await settled(page);
  await page.getByTestId('threshold').fill('1');
  await page.waitForFunction(() => document.querySelector('.row-state').textContent.includes('no entities'));
  assert.match(await status(page).textContent(), /^0 chunks in 3 documents/);
  await page.getByTestId('threshold').fill('0');
  await page.waitForFunction(() => document.querySelector('.row-state').textContent.includes('protein 1'));
  assert.match(await status(page).textContent(), /^18 chunks in 3 documents/);
  await close(page);
});

test('another set-up is for all documents, and what was found before is read until then', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3)));
  await settled(page);
  await page.getByTestId('mode').selectOption('truncate');
  assert.match(await page.locator('#stale').textContent(), /options have changed/);
  assert.equal((await marks(page)).length, 3);
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('#stale').hidden);
  await settled(page);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.deepEqual((await shown(page)).map(({ state }) => state), ['done', 'done', 'done']);
  await close(page);
});

test('a text that is being written stays apart, is kept nowhere, and joins when it is annotated', { timeout: LONG }, async () => {
  const page = await open();
  await page.getByTestId('input').fill('A draft about CD28.');
  await openFiles(page, file('all.jsonl', records(2)));
  await settled(page);
  assert.equal((await shown(page)).length, 2);
  await page.getByTestId('new-text').click();
  assert.equal(await page.getByTestId('input').inputValue(), 'A draft about CD28.');
  await page.getByTestId('back-to-documents').click();
  await rowsShown(page).nth(0).click();
  await reads(page, 'Study 0.');
  await page.getByTestId('new-text').click();
  await page.getByTestId('input').press('End');
  await page.keyboard.type(' More.');
  await page.keyboard.press('Control+Enter');
  await reads(page, 'A draft about CD28. More.');
  await says(page, /in 3 documents/);
  assert.deepEqual((await marks(page)).map(({ text }) => text), ['CD28']);
  assert.deepEqual((await shown(page)).map(({ title }) => title).at(-1), 'A draft about CD28. More.');
  await close(page);
});

test('the text of a document is changed, and only that is annotated anew', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3)));
  await settled(page);
  await page.getByTestId('edit-text').click();
  assert.equal(await page.locator('#text-title').textContent(), 'Text of the document');
  await page.getByTestId('input').fill('CD28.');
  // To go on to another document keeps the change, and has it annotated.
  await page.getByTestId('back-to-documents').click();
  await rowsShown(page).nth(1).click();
  await reads(page, 'Study 1.');
  await page.waitForFunction(() => {
    const first = document.querySelector('[role="option"][aria-posinset="1"]');
    return first.textContent.includes('CD28.') && first.querySelector('.row-state').dataset.state === 'done';
  });
  await says(page, /in 3 documents\./);
  assert.deepEqual((await shown(page)).map(({ title, state }) => [title.slice(0, 7), state]), [
    ['CD28.', 'done'],
    ['Study 1', 'done'],
    ['Study 2', 'done'],
  ]);
  await rowsShown(page).nth(0).click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"] mark')?.textContent === 'CD28');
  await close(page);
});

test('the list is used by keys alone, and told to screen readers', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(500)));
  await settled(page);
  await list(page).focus();
  for (const [key, place] of [['ArrowDown', 2], ['End', 500], ['ArrowUp', 499], ['Home', 1], ['ArrowUp', 1]]) {
    await page.keyboard.press(key);
    await reads(page, `Study ${place - 1}.`);
    await page.waitForFunction((place) => document.querySelector('[aria-selected="true"]')?.getAttribute('aria-posinset') === String(place), place);
    const active = await list(page).getAttribute('aria-activedescendant');
    const row = page.locator(`#${active}`);
    assert.deepEqual([await row.getAttribute('aria-posinset'), await row.getAttribute('aria-setsize')], [String(place), '500']);
    assert.equal(await row.getAttribute('aria-selected'), 'true');
    const [box, inner] = [await list(page).boundingBox(), await row.boundingBox()];
    assert.ok(inner.y >= box.y - 1 && inner.y + inner.height <= box.y + box.height + 1, `${key}: the row is seen`);
  }
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => Number(document.querySelector('[aria-selected="true"]').getAttribute('aria-posinset')) > 4);
  assert.ok(await list(page).evaluate((box) => box === document.activeElement), 'the focus stays');
  // Scrolled away, the chosen row is still there for who listens.
  await list(page).evaluate((box) => (box.scrollTop = box.scrollHeight));
  await page.waitForFunction(() => [...document.querySelectorAll('[role="option"]')].some((row) => row.getAttribute('aria-posinset') === '500'));
  assert.equal(await page.locator(`#${await list(page).getAttribute('aria-activedescendant')}`).count(), 1);
  await close(page);
});

test('ten thousand documents are opened and scrolled with few elements', { timeout: LONG }, async () => {
  const page = await open();
  const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
  const before = await elements();
  await openFiles(page, file('all.jsonl', records(10_000)));
  await inTheMiddle(page);
  assert.equal(await page.locator('#documents-count').textContent(), '10,000');
  for (const at of [0, 0.3, 0.7, 1]) {
    await list(page).evaluate((box, at) => (box.scrollTop = at * (box.scrollHeight - box.clientHeight)), at);
    const first = Math.round(at * 9_985);
    await page.waitForFunction((first) => [...document.querySelectorAll('[role="option"]')].some((row) => Math.abs(Number(row.getAttribute('aria-posinset')) - first) < 30), first);
    assert.ok((await rowsShown(page).count()) < 40, 'rows');
    const more = (await elements()) - before;
    assert.ok(more < 450, `${more} elements more`);
  }
  await page.getByTestId('documents-search').fill('Study 9876.');
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '1 of 10,000');
  await rowsShown(page).first().click();
  await reads(page, 'Study 9876.');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="document"] mark').length > 0);
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  await close(page);
});

test('abstracts are read by a model that is shipped; the list counts what is marked', { timeout: LONG }, async () => {
  const page = await open({}, '');
  await openFiles(page, file('abstracts.jsonl', ABSTRACTS));
  await says(page, /in 12 documents\./);
  for (const row of (await shown(page)).slice(0, 4)) {
    await list(page).getByRole('option').and(page.locator(`[aria-posinset="${row.place}"]`)).click();
    await reads(page, row.title.slice(0, 60));
    const counts = new Map();
    for (const { entity } of await marks(page)) counts.set(entity, (counts.get(entity) ?? 0) + 1);
    assert.ok(counts.size > 0);
    for (const [entity, count] of [...counts].sort(([, one], [, other]) => other - one).slice(0, 1)) assert.ok(row.words.includes(`${entity} ${count}`), row.words);
  }
  await page.screenshot({ path: join(screenshots, 'documents.png'), fullPage: true, clip: { x: 0, y: 0, width: 1280, height: 950 } });
  await close(page);
});

for (const [name, width] of [['wide', 1280], ['narrow', 390]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing in the list, and nothing is wider than the screen: ${name}, ${colorScheme}`, { timeout: LONG }, async () => {
      const page = await open({ viewport: { width, height: 900 }, colorScheme });
      const check = async (state) => {
        assert.deepEqual(await problems(page), [], state);
        const over = await tooWide(page);
        assert.ok(over <= 0, `${state}: ${over} pixels too wide`);
        await page.screenshot({ path: join(screenshots, `documents-${state}-${name}-${colorScheme}.png`), fullPage: true });
      };
      await openFiles(page, file('abstracts.jsonl', `${record(0)}\n{}\n${records(1500)}`));
      await inTheMiddle(page);
      await page.getByTestId('pause').click();
      await inState(page, 'paused');
      await check('paused');
      await page.getByTestId('cancel').click();
      await inState(page, 'cancelled');
      await rowsShown(page).nth(1).click();
      await page.waitForFunction(() => !document.querySelector('#unread').hidden);
      await check('failed');
      await page.getByTestId('documents-search').fill('nowhere');
      await page.waitForFunction(() => document.querySelector('#documents-count').textContent.startsWith('0 of'));
      await page.getByTestId('forget').click();
      await check('search');
      await page.getByTestId('new-text').click();
      await check('new-text');
      await close(page);
    });
  }
}

test('the field’s formats are read, each record a document, and what is left out is said', { timeout: LONG }, async () => {
  const page = await open();
  const pubtator = `7|t|IL-2 gene\n7|a|${SENTENCE}\n7\t0\t4\tIL-2\tGene\t-\n\n8|t|CD28.\n8|a|\n`;
  await openFiles(
    page,
    file('a.nbib', 'PMID- 5\nTI  - IL-2 gene.\n\nPMID- 6\nTI  - CD28.\n'),
    file('b.pubtator', pubtator),
    file('c.ann', 'T1\tDNA 0 4\tIL-2\n'),
    file('c.txt', 'IL-2 gene in a pair.'),
    file('d.xml', '<collection><source/><date/><key/><document><id>d9</id><passage><offset>0</offset><text>CD28</text></passage></document></collection>'),
    file('e.xml', '<tree/>'),
    file('f.txt', '9|t|A plain name.\n9|a|\n'),
  );
  await says(page, /chunks in 7 documents, 1 failed/);
  const found = await shown(page);
  assert.deepEqual(found.map(({ words }) => words.split(' ')[0]), ['5', '6', '7', '8', 'c', 'd9', 'failed:', '9']);
  const { title, words } = found[6];
  assert.deepEqual([title, words], ['e.xml', 'failed: it looks like XML, not like plain text']);
  assert.deepEqual(found.map(({ state }) => state), ['done', 'done', 'done', 'done', 'done', 'done', 'failed', 'done']);
  await close(page);
});

test('a zip of documents is a list, its annotations are a layer; what is saved as a zip is opened again', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('a.ann', 'T1\tGene 0 4\tIL-2\n'), file('a.txt', 'IL-2 gene.'), file('b.txt', 'CD28.'), file('b.ann', ''));
  await says(page, /in 2 documents/);
  await page.getByTestId('save-format').selectOption('brat');
  const started = page.waitForEvent('download');
  await page.getByTestId('save-as').click();
  const path = await (await started).path();
  await page.getByTestId('forget').click();
  await page.getByTestId('forget').click();
  await page.waitForFunction(() => document.querySelector('#documents-pane').hidden);
  await page.getByTestId('open-text').setInputFiles({ name: 'all.zip', mimeType: 'application/zip', buffer: await readFile(path) });
  await says(page, /in 2 documents/);
  assert.deepEqual((await shown(page)).map(({ title }) => title), ['IL-2 gene.', 'CD28.']);
  await page.waitForFunction(() => document.querySelector('mark[data-layer="from the file"][data-entity="Gene"]'));
  await close(page);
});
