// A person judges what was found: by mouse, keys and touch, one by one and many at once; layers; saving it all.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ABSTRACTS } from './abstracts.mjs';
import { SENTENCE, browser, screenshots, serve } from './harness.mjs';
import { close, file, openFiles, openIn, records, rowsShown, says, shown } from './documents.mjs';
import { besideThePage, chooseModel, inState, problems, settled, tooWide } from './page.mjs';

const LONG = 300_000;
/** The tiny model finds DNA, protein, cell_type in each sentence, and a protein in between. */
const TEXT = `${SENTENCE}It binds NF-kappa B too. ${SENTENCE}`;
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

async function open(options = {}, query = '?model=tiny/') {
  return openIn(await chromium.newContext({ viewport: { width: 1280, height: 900 }, ...options }), server.address + query);
}

async function annotated(text = TEXT, options = {}) {
  const page = await open(options);
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
  return page;
}

/** All marks: text, entity, and the decision if there is one. */
const judged = (page) =>
  page.getByTestId('document').locator('mark:not([data-part])').evaluateAll((found) =>
    found.map(({ textContent, dataset }) => [textContent, dataset.entity, ...(dataset.judged ? [dataset.judged] : [])].join(' / ')),
  );

/** Waits until the marks are these. */
async function become(page, wanted) {
  const read = (source) =>
    [...document.querySelectorAll('[data-testid="document"] mark:not([data-part])')]
      .map(({ textContent, dataset }) => [textContent, dataset.entity, ...(dataset.judged ? [dataset.judged] : [])].join(' / '))
      .join('\n') === source;
  await page.waitForFunction(read, wanted.join('\n'), { timeout: 10_000 }).catch(async () => assert.deepEqual(await judged(page), wanted));
}

const START = ['IL-2 gene / DNA', 'NF-kappa B / protein', 'T cells / cell_type', 'NF-kappa B / protein', 'IL-2 gene / DNA', 'NF-kappa B / protein', 'T cells / cell_type'];
const withChanges = (changes, from = START) => from.map((mark, i) => changes[i] ?? mark);

async function saved(page, button) {
  const started = page.waitForEvent('download');
  await page.getByTestId(button).click();
  const download = await started;
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

async function savedAs(page, format) {
  await page.getByTestId('save-format').selectOption(format);
  return saved(page, 'save-as');
}

const lines = ({ content }) => content.toString('utf8').trim().split('\n').map((line) => JSON.parse(line));

/** The rows of the agreement, once they say of all of them what is wanted. */
async function agreement(page) {
  const details = page.getByTestId('agreement');
  await details.evaluate((element) => (element.open = true));
  return details.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent).join(' ')));
}

test('by keys alone: accept, reject, relabel, move, add; undo takes all of it back, redo does it again', { timeout: LONG }, async () => {
  const page = await annotated();
  assert.ok(await page.getByTestId('judge').isHidden(), 'nothing asks to be judged before a mark is chosen');
  assert.ok(await page.locator('#judging').isHidden());
  await page.getByTestId('document').focus();
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const states = [START];
  const then = async (keys, changes, from) => {
    await press(...keys);
    const wanted = withChanges(changes, from ?? states.at(-1));
    await become(page, wanted);
    states.push(wanted);
  };
  await then(['n', 'a'], { 0: 'IL-2 gene / DNA / accepted' });
  await then(['n', 'r'], { 1: 'NF-kappa B / protein / rejected' });
  await then(['n', '1'], { 2: 'T cells / DNA / accepted' });
  await then(['Shift+ArrowLeft'], { 2: 'human T cells / DNA / accepted' });
  await then(['Control+ArrowLeft'], { 2: 'human T cell / DNA / accepted' });
  await then(['p', 'p', 'r'], { 0: 'IL-2 gene / DNA / rejected' });
  // The word after what is chosen, made longer by one, as the second entity.
  const entities = await page.getByTestId('judge-entity').locator('option').evaluateAll((options) => options.map(({ value }) => value));
  await press('m', 'ArrowRight', '2');
  const added = [...states.at(-1)];
  added.splice(1, 0, `expression requires / ${entities[1]} / accepted`);
  await then(['Enter'], {}, added);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'expression requires', 'it has the focus');
  for (const state of states.slice(0, -1).reverse()) {
    await press('z');
    await become(page, state);
  }
  assert.ok(await page.getByTestId('undo').isDisabled());
  for (const state of states.slice(1)) {
    await press('y');
    await become(page, state);
  }
  // Once more takes a decision back; what was added is removed.
  await press('r');
  await become(page, states.at(-2));
  await page.keyboard.press('Control+z');
  await become(page, states.at(-1));
  await press('?');
  assert.ok(await page.getByTestId('keys').isVisible());
  await close(page);
});

test('by mouse: a mark is judged in the bar, selected words are added', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.locator('mark').nth(1).click();
  assert.equal(await page.locator('#judge-what').textContent(), 'NF-kappa B protein, confidence 0.88, suggested by tiny');
  await page.getByTestId('accept').click();
  await become(page, withChanges({ 1: 'NF-kappa B / protein / accepted' }));
  assert.equal(await page.getByTestId('accept').getAttribute('aria-pressed'), 'true');
  await page.getByTestId('judge-entity').selectOption('DNA');
  await become(page, withChanges({ 1: 'NF-kappa B / DNA / accepted' }));
  await page.locator('#judge-ends [data-end="begin"][data-direction="-1"]').click();
  await become(page, withChanges({ 1: 'requires NF-kappa B / DNA / accepted' }));
  await page.getByTestId('judge-by').selectOption('character');
  await page.locator('#judge-ends [data-end="end"][data-direction="-1"]').click();
  await become(page, withChanges({ 1: 'requires NF-kappa / DNA / accepted' }));
  // A double click selects a word.
  const word = await page.evaluate(() => {
    const range = new Range();
    const text = [...document.querySelector('[data-testid="document"]').childNodes].find(({ textContent }) => textContent.includes('binds'));
    const at = text.textContent.indexOf('binds');
    range.setStart(text, at);
    range.setEnd(text, at + 5);
    const { x, y, width, height } = range.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  });
  await page.mouse.dblclick(word.x, word.y);
  await page.waitForFunction(() => document.querySelector('#judge-what').textContent === 'binds is to be added as:');
  await page.getByTestId('judge-entity').selectOption('protein');
  await page.getByTestId('add-finding').click();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]:nth-of-type(4)')?.textContent === 'binds');
  assert.equal(await page.locator('#judge-what').textContent(), 'binds protein, added by hand');
  assert.equal(await page.getByTestId('document').evaluate((element) => element.textContent), TEXT, 'the text is as it was');
  await close(page);
});

test('an entity that no model has is named, and given again in another document', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(2)));
  await settled(page);
  const name = async (entity) => {
    await page.getByTestId('judge-entity').selectOption({ label: 'another…' });
    await page.getByTestId('judge-new-entity').fill(entity);
    await page.keyboard.press('Enter');
  };
  await page.locator('mark').nth(1).click();
  await name('  transcription factor ');
  await become(page, ['IL-2 gene / DNA', 'NF-kappa B / transcription factor / accepted', 'T cells / cell_type']);
  assert.ok(await page.getByTestId('judge-new-entity').isHidden());
  assert.ok(await page.getByTestId('legend').getByText('transcription factor').isVisible());
  await rowsShown(page).nth(1).click();
  await page.waitForFunction(() => document.querySelectorAll('mark').length === 6);
  await page.locator('mark').nth(1).click();
  await page.getByTestId('judge-entity').selectOption('transcription factor');
  await page.waitForFunction(() => document.querySelector('mark[data-judged]')?.dataset.entity === 'transcription factor');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]')?.dataset.entity === 'transcription factor');
  await close(page);
});

test('by keys in the table what has the focus is judged, whatever is selected', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.locator('mark').nth(0).click();
  await page.locator('#chunks-scroller tbody tr').nth(3).locator('button').focus();
  await page.keyboard.press('r');
  await become(page, withChanges({ 3: 'NF-kappa B / protein / rejected' }));
  assert.equal(await page.evaluate(() => document.activeElement.closest('tr')?.dataset.begin), '68', 'the focus stays');
  await close(page);
});

test('by touch: a tap on a mark, a tap on what is decided', { timeout: LONG }, async () => {
  const page = await annotated(TEXT, { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
  await page.locator('mark').nth(2).tap();
  await page.getByTestId('reject').tap();
  await become(page, withChanges({ 2: 'T cells / cell_type / rejected' }));
  await page.getByTestId('next-finding').tap();
  await page.getByTestId('accept').tap();
  await become(page, withChanges({ 2: 'T cells / cell_type / rejected', 3: 'NF-kappa B / protein / accepted' }));
  await page.getByTestId('undo').tap();
  await page.getByTestId('undo').tap();
  await become(page, START);
  await close(page);
});

test('filters say what is decided at once; it is one step to undo', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.getByTestId('open-judging').click();
  const rowsAre = (count) => page.waitForFunction((count) => document.querySelectorAll('#chunks-scroller tbody tr').length === count, count);
  await rowsAre(7);
  await page.getByTestId('filter-text').fill('kappa');
  await rowsAre(3);
  await page.getByTestId('filter-text').fill('');
  await page.getByTestId('filter-confidence').selectOption('middle');
  const middle = await page.evaluate(() => [...document.querySelectorAll('#chunks-scroller tbody .confidence')].map(({ textContent }) => Number(textContent)));
  assert.ok(middle.length > 0 && middle.every((confidence) => confidence >= 0.5 && confidence < 0.9), `${middle}`);
  await page.getByTestId('filter-confidence').selectOption('');
  await page.getByTestId('filter-entity').selectOption('DNA');
  await rowsAre(2);
  assert.equal(await page.locator('#filter-shown').textContent(), '2 of 7 shown');
  assert.equal(await page.getByTestId('accept-shown').textContent(), 'Accept 2 undecided');
  await page.getByTestId('accept-shown').click();
  const accepted = withChanges({ 0: 'IL-2 gene / DNA / accepted', 4: 'IL-2 gene / DNA / accepted' });
  await become(page, accepted);
  await page.getByTestId('filter-entity').selectOption('');
  await page.getByTestId('filter-state').selectOption('undecided');
  await rowsAre(5);
  await page.getByTestId('reject-shown').click();
  await rowsAre(0);
  await page.getByTestId('filter-state').selectOption('rejected');
  await rowsAre(5);
  await page.getByTestId('undo').click();
  await become(page, accepted);
  await page.getByTestId('undo').click();
  await become(page, START);
  await page.getByTestId('redo').click();
  await become(page, accepted);
  await close(page);
});

test('the next least certain is always one that is undecided', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.getByTestId('document').focus();
  const seen = [];
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('u');
    const { title, key } = await page.evaluate(() => ({ title: document.activeElement.title, key: document.activeElement.dataset.begin }));
    seen.push([Number(title.match(/confidence ([\d.]+)/)[1]), key]);
    await page.keyboard.press('a');
    await page.waitForFunction((key) => document.querySelector(`mark[data-begin="${key}"]`).dataset.judged === 'accepted', key);
  }
  assert.deepEqual(seen.map(([confidence]) => confidence), seen.map(([confidence]) => confidence).sort());
  assert.equal(new Set(seen.map(([, key]) => key)).size, 7);
  await close(page);
});

test('the same decision is offered for what is alike, here and in all documents, and never made unasked', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(5)));
  await settled(page);
  await page.locator('mark').nth(1).click();
  await page.getByTestId('reject').click();
  await page.waitForFunction(() => document.querySelectorAll('mark[data-judged]').length === 1);
  assert.ok((await page.locator('#judge-same').textContent()).startsWith('protein “NF-kappa B” rejected: the same for '));
  await page.getByTestId('same-everywhere').click();
  await page.waitForFunction(() => document.querySelector('#judge-same').textContent === 'Decided so: 8 others in 4 documents.');
  const judgedIn = async () => (await shown(page)).map(({ words }) => Number(words.match(/(\d+) judged/)?.[1] ?? 0));
  assert.deepEqual(await judgedIn(), [1, 2, 3, 1, 2]);
  await page.getByTestId('documents-state').selectOption('judged');
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '5');
  await page.getByTestId('undo').click();
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '1 of 5');
  await page.getByTestId('documents-state').selectOption('');
  // In a document with several.
  await rowsShown(page).nth(2).click();
  await page.waitForFunction(() => document.querySelectorAll('mark').length === 9);
  await page.locator('mark').nth(0).click();
  await page.getByTestId('accept').click();
  await page.getByTestId('same-here').click();
  await page.waitForFunction(() => document.querySelectorAll('mark[data-judged="accepted"]').length === 3);
  assert.deepEqual(await judgedIn(), [1, 0, 3, 0, 0]);
  await close(page);
});

test('decisions outlive a reload, another run, and a change of the text around them', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3)));
  await settled(page);
  await page.locator('mark').nth(0).click();
  await page.getByTestId('judge-entity').selectOption('protein');
  await page.waitForFunction(() => document.querySelector('mark[data-judged]')?.dataset.entity === 'protein');
  await page.locator('mark').nth(2).click();
  await page.getByTestId('reject').click();
  const wanted = ['IL-2 gene / protein / accepted', 'NF-kappa B / protein', 'T cells / cell_type / rejected'];
  await become(page, wanted);
  await page.reload();
  await become(page, wanted);
  await page.getByTestId('mode').selectOption('truncate');
  await page.getByTestId('annotate').click();
  // Of the 13 chunks of the first windows, without the one that was rejected.
  await says(page, /^12 chunks in 3 documents\. The texts/);
  await become(page, wanted);
  await page.getByTestId('edit-text').click();
  const before = await page.getByTestId('input').inputValue();
  await page.getByTestId('input').fill(`Earlier words. ${before.replace('T cells', 'B cells')}`);
  await page.keyboard.press('Control+Enter');
  await page.waitForFunction(() => /1 decision dropped: its words were changed\./.test(document.querySelector('[data-testid="note"]').textContent));
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Earlier'));
  await page.waitForFunction(() => document.querySelector('mark[data-judged]')?.textContent === 'IL-2 gene');
  assert.equal(await page.locator('mark[data-judged]').count(), 1);
  await page.getByTestId('back-to-documents').click();
  await page.getByTestId('remove-document').click();
  assert.equal(await page.getByTestId('remove-document').textContent(), 'Remove for good');
  await page.getByTestId('remove-document').click();
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '2');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('#documents-count').textContent === '2');
  await close(page);
});

test('nothing is decided about a text that has been changed and not been annotated since', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(3)));
  await settled(page);
  await page.locator('mark').nth(0).click();
  await page.getByTestId('accept').click();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]'));
  await page.getByTestId('edit-text').click();
  await page.getByTestId('input').fill(`Before. ${SENTENCE}`);
  // It is taken, but its model is not there.
  await chooseModel(page, 'models/missing/');
  await page.getByTestId('annotate').click();
  await inState(page, 'error');
  assert.ok((await page.getByTestId('document').evaluate((element) => element.textContent)).startsWith('Study 0.'), 'what was found before is still read');
  await page.locator('mark').nth(1).click();
  assert.ok(await page.getByTestId('judge').isHidden());
  await page.keyboard.press('r');
  await chooseModel(page, 'tiny/');
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Before.'));
  await become(page, ['IL-2 gene / DNA / accepted', 'NF-kappa B / protein', 'T cells / cell_type']);
  await close(page);
});

test('a text that was judged keeps its decisions when it is annotated again, changed, and joins a list', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('one.txt', TEXT));
  await settled(page);
  await page.locator('mark').nth(0).click();
  await page.getByTestId('accept').click();
  const wanted = withChanges({ 0: 'IL-2 gene / DNA / accepted' });
  await become(page, wanted);
  await page.getByTestId('input').fill(`First. ${TEXT}`);
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('First.'));
  await become(page, wanted);
  await page.getByTestId('input').fill(TEXT);
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('IL-2'));
  await become(page, wanted);
  await openFiles(page, file('two.txt', SENTENCE));
  await says(page, /in 2 documents/);
  await rowsShown(page).first().click();
  await become(page, wanted);
  assert.match((await shown(page))[0].words, /1 judged/);
  await close(page);
});

test('how the model agrees with the decisions is counted over all documents as they are made', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(2)));
  await settled(page);
  await page.getByTestId('document').focus();
  for (const key of ['n', 'a', 'n', 'r', 'n', '1']) await page.keyboard.press(key);
  await page.waitForFunction(() => document.querySelectorAll('mark[data-judged]').length === 3);
  await rowsShown(page).nth(1).click();
  await page.waitForFunction(() => document.querySelectorAll('mark').length === 6 && !document.querySelector('mark[data-judged]'));
  await page.locator('mark').nth(1).click();
  await page.getByTestId('accept').click();
  await page.waitForFunction(() => document.querySelectorAll('mark[data-judged]').length === 1);
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="agreement"] tbody tr').length === 4);
  const first = await page.getByTestId('judge-entity').locator('option').first().getAttribute('value');
  assert.equal(first, 'DNA');
  assert.deepEqual(await agreement(page), [
    'DNA 1 0 1 1.00 0.50 0.67',
    'cell_type 0 1 0 0.00 – 0.00',
    'protein 1 1 0 0.50 1.00 0.67',
    'all 2 2 1 0.50 0.67 0.57',
  ]);
  await close(page);
});

test('annotations that came with a file are a layer; what is saved has them, the decisions, and the passages as they came', { timeout: LONG }, async () => {
  const page = await open();
  const pubtator = `7|t|IL-2 gene\n7|a|${SENTENCE.trim()}\n7\t0\t9\tIL-2 gene\tGene\t3558\n7\t10\t14\tIL-2\tGene\t-\n`;
  await openFiles(page, file('b.pubtator', pubtator), file('c.txt', SENTENCE));
  await says(page, /in 2 documents/);
  await page.getByTestId('layers').waitFor();
  assert.deepEqual(await page.getByTestId('layers').locator('label').allTextContents(), ['tiny', 'from the file']);
  const both = await judged(page);
  assert.deepEqual(both.filter((mark) => mark.includes('Gene')), ['IL-2 gene / Gene', 'IL-2 / Gene']);
  assert.ok(both.includes('IL-2 gene / DNA'), 'the model’s are there too');
  await page.getByTestId('layers').getByText('tiny').click();
  await become(page, ['IL-2 gene / Gene', 'IL-2 / Gene']);
  await page.locator('mark').first().click();
  assert.equal(await page.locator('#judge-what').textContent(), 'IL-2 gene Gene, suggested by the file');
  await page.getByTestId('accept').click();
  await become(page, ['IL-2 gene / Gene / accepted', 'IL-2 / Gene']);
  await page.getByTestId('layers').getByText('from the file').click();
  await page.getByTestId('layers').getByText('tiny').click();
  await page.waitForFunction(() => document.querySelector('mark[data-entity="DNA"]') && !document.querySelector('mark[data-layer="from the file"]'));
  await page.getByTestId('layers').getByText('from the file').click();
  await page.waitForFunction(() => document.querySelector('mark[data-layer="from the file"]'));

  const [first, second] = lines(await savedAs(page, 'jsonl'));
  assert.equal(first.id, '7');
  assert.deepEqual(first.passages.map(({ kind }) => kind), ['title', 'abstract']);
  const accepted = first.chunks.find(({ entity, begin }) => entity === 'Gene' && begin === 0);
  assert.equal(accepted.by.who, 'person');
  assert.equal(accepted.identifier, '3558');
  assert.match(accepted.time, /^\d{4}-\d\d-\d\dT/);
  const found = first.chunks.find(({ entity }) => entity === 'DNA');
  assert.deepEqual(found.by, { who: 'model', name: 'tiny' });
  assert.ok(found.confidence > 0);
  assert.equal(second.chunks.length, 3);
  await page.getByTestId('save-which').selectOption('one');
  const bioc = (await savedAs(page, 'bioc-xml')).content.toString();
  assert.equal(bioc.match(/<passage>/g).length, 2);
  const back = (await savedAs(page, 'pubtator')).content.toString();
  assert.ok(back.includes('7\t0\t9\tIL-2 gene\tGene\t3558'), back);
  assert.ok(back.startsWith('7|t|IL-2 gene\n7|a|'));
  await close(page);
});

test('every format that is written is offered, and what it does not hold is said', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.locator('mark').nth(0).click();
  await page.getByTestId('reject').click();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]'));
  const offered = await page.getByTestId('save-format').locator('option').evaluateAll((options) => options.map(({ value }) => value));
  const plain = await (await chromium.newContext()).newPage();
  await plain.goto(`${server.address}plain.html`);
  const known = await plain.evaluate(async () => (await (await import('/glossa/index.js')).formats()).filter(({ written }) => written));
  assert.deepEqual([...offered].sort(), known.map(({ name }) => name).filter((name) => name !== 'table').sort());
  const ends = new Map(known.map(({ name, extension, filePerDocument }) => [name, filePerDocument ? 'zip' : extension]));
  for (const format of offered) {
    const { name, content } = await savedAs(page, format);
    assert.equal(name, `glossa.${ends.get(format)}`);
    assert.ok(content.length > 20, format);
    if (name.endsWith('.zip')) assert.equal(content.subarray(0, 2).toString(), 'PK');
    else assert.ok(content.toString().includes('NF-kappa B') || format === 'conll', format);
  }
  const [document] = lines(await savedAs(page, 'jsonl'));
  assert.equal(document.chunks.length, 6, 'what was rejected is not saved');
  const { chunks } = JSON.parse((await saved(page, 'download-json')).content);
  assert.equal(chunks.length, 6);
  await savedAs(page, 'text');
  await page.waitForFunction(() => document.querySelector('[data-testid="note"]').textContent.startsWith('Saved. What this format does not hold: '));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByTestId('copy-rich').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="copy-rich"]').textContent === 'Copied');
  const html = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return (await item.getType('text/html')).text();
  });
  assert.match(html, /NF-kappa B.*protein/s);
  await close(page);
  await plain.context().close();
});

test('several models run in one go, each a layer; what lies across another is readable', { timeout: LONG }, async () => {
  const page = await open();
  await page.getByTestId('input').fill(TEXT);
  await page.getByTestId('beside').getByText('Cellular').click();
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.equal(await page.getByTestId('layers').locator('label').count(), 2);
  const layers = await page.locator('mark').evaluateAll((found) => [...new Set(found.map(({ dataset }) => dataset.layer))]);
  assert.equal(layers.length, 2, `${layers}`);
  assert.equal(await page.getByTestId('document').evaluate((element) => element.textContent), TEXT);
  // Without it, it is one model again, and as it was.
  await page.getByTestId('beside').getByText('Cellular').click();
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="layers"]').hidden);
  await become(page, START);
  await close(page);
});

test('marks that cross are drawn in pieces, and the text is as it was', { timeout: LONG }, async () => {
  const page = await open();
  const ann = 'T1\tA 0 9\tIL-2 gene\nT2\tB 5 20\tgene expression\nT3\tC 5 9;30 38\tgene NF-kappa\nT4\tA 0 9\tIL-2 gene\n';
  await openFiles(page, file('c.ann', ann), file('c.txt', SENTENCE));
  await settled(page);
  const text = await page.getByTestId('document').evaluate((element) => element.textContent);
  assert.equal(text, SENTENCE);
  const pieces = await page.locator('mark[data-layer="from the file"]').evaluateAll((found) => {
    const all = {};
    for (const { dataset, textContent } of found) (all[`${dataset.entity} ${dataset.begin}-${dataset.end}`] ??= []).push(textContent);
    return all;
  });
  assert.deepEqual(pieces['B 5-20'].join(''), 'gene expression');
  assert.deepEqual(pieces['C 5-38'], ['gene', 'NF-kappa']);
  assert.ok(pieces['A 0-9'].length >= 2);
  await close(page);
});

test('a mark under the pointer or with the focus shows the best labels of its tokens', { timeout: LONG }, async () => {
  const page = await annotated();
  const scores = page.getByTestId('label-scores');
  const read = () => scores.locator('tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent)));
  await page.locator('mark').nth(1).hover();
  await scores.waitFor();
  const tokens = await read();
  assert.deepEqual(tokens.map(([token]) => token), ['NF-kappa', 'B']);
  for (const [, ...labels] of tokens) {
    assert.equal(labels.length, 3);
    const values = labels.map((words) => Number(words.match(/^\S+ ([\d.]+)$/)[1]));
    assert.ok(values[0] >= values[1] && values[1] >= values[2] && values[0] + values[1] + values[2] <= 1.02, `${values}`);
  }
  assert.match(tokens[0][1], /^B-protein /);
  await page.mouse.move(5, 5);
  await scores.waitFor({ state: 'hidden' });
  await page.getByTestId('document').focus();
  await page.keyboard.press('n');
  await scores.waitFor();
  // The page scrolls to a mark that is chosen by keys, for as long as that takes: the scores stay with the mark.
  const distance = () =>
    page.evaluate(
      () => document.querySelector('[data-testid="label-scores"]').getBoundingClientRect().top - document.activeElement.getBoundingClientRect().top,
    );
  const before = await distance();
  const scrolled = await page.evaluate(async () => {
    const from = scrollY;
    document.body.style.minHeight = '300vh';
    for (let step = 0; step < 5; step++) {
      scrollBy({ top: 10, behavior: 'instant' });
      await new Promise(requestAnimationFrame);
    }
    return scrollY - from;
  });
  assert.ok(scrolled > 0);
  assert.ok(await scores.isVisible());
  assert.ok(Math.abs((await distance()) - before) < 2);
  await page.evaluate(() => document.body.style.removeProperty('min-height'));
  await page.keyboard.press('Escape');
  await scores.waitFor({ state: 'hidden' });
  // What was decided otherwise still shows what the model weighed.
  await page.keyboard.press('n');
  await page.keyboard.press('1');
  await page.waitForFunction(() => document.querySelector('mark[data-judged]')?.dataset.entity === 'DNA');
  await page.keyboard.press('n');
  await page.keyboard.press('p');
  await scores.waitFor();
  assert.match((await read())[0][1], /^B-protein /);
  await close(page);
});

test('scores that could not be had, as the model was not in memory, are there when it is', { timeout: LONG }, async () => {
  const page = await open();
  await openFiles(page, file('all.jsonl', records(2)));
  await settled(page);
  // Without a model on the device none is loaded before it is asked for.
  await besideThePage(page, '', async () => {
    for (const name of await caches.keys()) await caches.delete(name);
  });
  await page.reload();
  const first = page.locator('mark').first();
  await first.hover();
  await page.waitForTimeout(1000);
  assert.ok(await page.getByTestId('label-scores').isHidden());
  await page.mouse.move(5, 5);
  await openFiles(page, file('third.jsonl', JSON.stringify({ id: 'third', text: SENTENCE })), file('fourth.txt', SENTENCE));
  await says(page, /in 4 documents/);
  await rowsShown(page).first().click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Study 0.') && document.querySelector('mark'));
  await first.hover();
  await page.getByTestId('label-scores').waitFor();
  await close(page);
});

test('what is accepted stays shown below the minimum confidence, and is not told as left out', { timeout: LONG }, async () => {
  const page = await annotated();
  await page.locator('mark').nth(0).click();
  await page.getByTestId('accept').click();
  await page.waitForFunction(() => document.querySelector('mark[data-judged]'));
  await page.getByTestId('threshold').fill('1');
  await become(page, ['IL-2 gene / DNA / accepted']);
  await says(page, /^1 chunk \(6 of lower confidence left out\)/);
  await close(page);
});

for (const [name, width] of [['wide', 1280], ['narrow', 390]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing while one judges, and nothing is wider than the screen: ${name}, ${colorScheme}`, { timeout: LONG }, async () => {
      const page = await open({ viewport: { width, height: 900 }, colorScheme });
      const check = async (state) => {
        assert.deepEqual(await problems(page), [], state);
        const over = await tooWide(page);
        assert.ok(over <= 0, `${state}: ${over} pixels too wide`);
        await page.screenshot({ path: join(screenshots, `judging-${state}-${name}-${colorScheme}.png`), fullPage: true });
      };
      const pubtator = `7|t|IL-2 gene\n7|a|${TEXT}\n7\t0\t9\tIL-2 gene\tGene\t3558\n7\t40\t62\tNF-kappa B in human T c\tComplex\t-\n`.replace(/7\t40.*\n/, '');
      await openFiles(page, file('b.pubtator', pubtator), file('c.txt', SENTENCE));
      await says(page, /in 2 documents/);
      await page.locator('mark').nth(2).click();
      await check('chosen');
      await page.getByTestId('reject').click();
      await page.waitForFunction(() => document.querySelectorAll('mark[data-judged]').length === 1);
      await page.getByTestId('next-finding').click();
      await page.getByTestId('accept').click();
      await page.waitForFunction(() => document.querySelectorAll('mark[data-judged]').length === 2);
      await page.getByTestId('agreement').evaluate((element) => (element.open = true));
      await check('decided');
      await page.getByTestId('show-keys').click();
      await check('keys');
      await close(page);
    });
  }
}

for (const [name, width] of [['wide', 1280], ['narrow', 390]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`abstracts with annotations of their own are read by both models that are shipped, and judged: ${name}, ${colorScheme}`, { timeout: LONG }, async () => {
      const page = await open({ viewport: { width, height: 900 }, colorScheme }, '');
      const picture = async (what, locator) => {
        await page.mouse.move(0, 0);
        await (locator ?? page).screenshot({ path: join(screenshots, `${what}-${name}-${colorScheme}.png`), ...(locator ? {} : { fullPage: true }) });
      };
      const abstracts = ABSTRACTS.split('\n').map((line) => JSON.parse(line).text);
      const pubtator = abstracts.map((text, i) => {
        const [, gene] = text.match(/(NF-kappa B|GATA-1|AP-1|Bcl-2|HIV-1|CD28|c-Myb|STAT5|LMP1|RAR-alpha)/) ?? [];
        const at = text.indexOf(gene);
        return `${i + 1}|t|${text}\n${i + 1}|a|\n${gene ? `${i + 1}\t${at}\t${at + gene.length}\t${gene}\tGene\t-\n` : ''}`;
      });
      await page.getByTestId('beside').getByText('Clinical trials').click();
      await openFiles(page, file('abstracts.pubtator', pubtator.join('\n')));
      await says(page, /in 12 documents\./);
      await rowsShown(page).nth(2).click();
      await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.includes('AP-1') && document.querySelector('mark'));
      const layers = await page.getByTestId('layers').locator('label').allTextContents();
      assert.equal(layers.length, 3, `${layers}`);
      await picture('layers', page.locator('.reader'));
      await page.getByTestId('document').focus();
      for (const key of ['n', 'a', 'n', 'r', 'n', 'a', 'n']) await page.keyboard.press(key);
      await page.waitForFunction(() => document.querySelectorAll('tr[data-judged]').length === 3);
      await picture('judging', page.locator('.reader'));
      await page.getByTestId('agreement').evaluate((element) => (element.open = true));
      await picture('judged');
      await page.getByTestId('summary').click();
      await page.waitForFunction(() => document.querySelectorAll('#summary svg').length > 0);
      await picture('summary', page.locator('#summary'));
      await close(page);
    });
  }
}
