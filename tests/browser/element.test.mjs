// <glossa-text>: text of any page with its entities marked.
/* global said -- the pages set it */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SENTENCE, TINY, browser, root, serve } from './harness.mjs';
import { problems } from './page.mjs';

const LONG = 300_000;
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

/** A page of its own with this content; it notes the element's events. */
async function open(body, { headers = {}, extra = {}, ...options } = {}) {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><script src="/note.js"></script>
    <script type="module" src="/glossa/element.js"></script><body><main><h1>A page</h1>${body}</main>`;
  const server = await serve({
    '/page.html': (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(html),
    '/note.js': `globalThis.said = []; globalThis.note = ({ type, detail }) => said.push([type, detail.error?.code ?? detail.annotation?.chunks.length ?? detail.stage]);
      for (const type of ['glossa-annotated', 'glossa-error']) addEventListener(type, note);`,
    ...extra,
  });
  const page = await chromium.newPage({ viewport: { width: 900, height: 600 }, ...options });
  page.setDefaultTimeout(30_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  await page.goto(`${server.address}page.html`);
  page.server = server;
  return page;
}

async function close(page) {
  assert.deepEqual(page.complaints.filter((words) => !words.includes('404')), []);
  page.server.close();
  await page.close();
}

const done = (page, selector = 'glossa-text') => page.locator(`${selector}[data-state="done"]`).first().waitFor({ state: 'attached' });
const marks = (page, selector = '') =>
  page.locator(`${selector} mark[data-glossa]`).evaluateAll((found) => found.map(({ textContent, dataset }) => `${textContent}: ${dataset.entity}`));
const IN_SENTENCE = ['IL-2 gene: DNA', 'NF-kappa B: protein', 'T cells: cell_type'];

test('an element marks its own text, which is there before', { timeout: LONG }, async () => {
  const page = await open(`<glossa-text model="/tiny/">${SENTENCE}</glossa-text>`);
  assert.equal(await page.locator('glossa-text').textContent(), SENTENCE);
  await done(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);
  assert.equal(await page.locator('glossa-text').textContent(), SENTENCE);
  const { text, chunks, state } = await page.locator('glossa-text').evaluate(({ text, chunks, state }) => ({ text, chunks, state }));
  assert.equal(state, 'done');
  for (const chunk of chunks) assert.equal(text.slice(chunk.begin, chunk.end), chunk.text);
  assert.deepEqual(await page.evaluate(() => said), [['glossa-annotated', 3]]);
  assert.match(await page.locator('mark').first().getAttribute('title'), /^DNA, confidence 0\.\d\d$/);
  assert.deepEqual(await problems(page), []);
  await close(page);
});

test('marks lie within one another where chunks overlap', { timeout: LONG }, async () => {
  const page = await open('<glossa-text model="/sets/">aspirin for colon cancer, skin; co<b>lon can</b>cer</glossa-text>');
  const before = await page.locator('glossa-text').innerHTML();
  await done(page);
  const shown = await page.locator('glossa-text').evaluate((element) => {
    const copy = element.cloneNode(true);
    for (const mark of copy.querySelectorAll('mark')) mark.replaceWith(`[${mark.dataset.entity[0]} `, ...mark.childNodes, ']');
    return copy.textContent;
  });
  // A chunk over several text nodes has a mark in each.
  assert.equal(shown, '[C aspirin] for [D [A colon] cancer], [D [A skin]]; [D [A co]][D [A lon] can][D cer]');
  assert.ok(await page.locator('glossa-text').evaluate(({ text, chunks }) => chunks.every(({ begin, end, text: own }) => text.slice(begin, end) === own)));
  await page.locator('glossa-text').evaluate((element) => element.removeAttribute('model'));
  await page.locator('glossa-text mark').first().waitFor({ state: 'detached' });
  await page.locator('glossa-text').evaluate((element) => element.normalize());
  assert.equal(await page.locator('glossa-text').innerHTML(), before);
  await close(page);
});

test('marks of any places: each has its text, nested or not, and leaves none behind', { timeout: LONG }, async () => {
  const page = await open('');
  const wrong = await page.evaluate(async () => {
    const [{ Marks }, { readText }] = await Promise.all([import('/glossa/element/marks.js'), import('/glossa/element/read-text.js')]);
    let state = 1;
    const below = (most) => (state = (state * 48271) % 0x7fffffff) % most;
    const wrong = [];
    for (let round = 0; round < 300; round++) {
      const target = document.createElement('p');
      for (let i = 0; i <= below(4); i++) {
        const text = document.createTextNode('abcdefghij'.slice(0, 1 + below(10)));
        if (below(2)) target.append(text);
        else target.appendChild(document.createElement('b')).append(text);
      }
      document.body.append(target);
      target.normalize();
      const before = target.innerHTML;
      const { text, pieces } = readText(target);
      const places = Array.from({ length: below(9) }, () => {
        const begin = below(text.length);
        return { begin, end: begin + 1 + below(text.length - begin) };
      }).sort((one, other) => one.begin - other.begin || other.end - one.end);
      const marks = new Marks();
      marks.put(pieces, places, ({ begin, end }) => Object.assign(document.createElement('mark'), { title: `${begin}-${end}` }));
      const shown = new Map();
      for (const mark of target.querySelectorAll('mark')) shown.set(mark.title, (shown.get(mark.title) ?? '') + mark.textContent);
      const times = (one) => places.filter(({ begin, end }) => begin === one.begin && end === one.end).length;
      const isRight = places.every((one) => {
        const length = (one.end - one.begin) * times(one);
        const words = shown.get(`${one.begin}-${one.end}`);
        return words?.length === length && (times(one) > 1 || words === text.slice(one.begin, one.end));
      });
      if (!isRight || target.textContent !== text || !marks.areThere) wrong.push(['put', before, places, target.innerHTML]);
      marks.remove();
      target.normalize();
      if (target.innerHTML !== before) wrong.push(['remove', before, places, target.innerHTML]);
      target.remove();
    }
    return wrong.slice(0, 2);
  });
  assert.deepEqual(wrong, []);
  await close(page);
});

test('markup, blocks, line breaks and what is no text', { timeout: LONG }, async () => {
  const page = await open(`<glossa-text model="/tiny/"><p>The <em>IL</em>-2 gene, &#x1F9EC; here.</p><p>IL-2</p><p>gene</p>
    <ul><li>T</li><li>cells</li></ul>NF-kappa<br>B<script>var x = 'CD28';</script><style>/* CD28 */</style><textarea>CD28</textarea><b hidden>CD28</b></glossa-text>`);
  await done(page);
  const { text, found } = await page.locator('glossa-text').evaluate(({ text, chunks }) => ({ text, found: chunks.map((chunk) => chunk.text) }));
  assert.match(text, /^The IL-2 gene, \u{1F9EC} here\.\n\nIL-2\n\ngene\n/u);
  assert.doesNotMatch(text, /CD28/);
  assert.equal(found[0], 'IL-2 gene');
  assert.ok(found.every((words) => !words.includes('\n\n')), 'no chunk goes over the end of a block');
  // It lies over two text nodes.
  assert.deepEqual((await marks(page)).slice(0, 2), ['IL: DNA', '-2 gene: DNA']);
  assert.equal(await page.locator('em').textContent(), 'IL');
  await close(page);
});

test('for, src, threshold, entities, disabled', { timeout: LONG }, async () => {
  const page = await open(
    `<p id="there">${SENTENCE}</p><glossa-text id="a" for="there" model="/tiny/" entities="DNA, protein"></glossa-text>
     <glossa-text id="b" src="/text.txt" model="/tiny/"></glossa-text>`,
    { extra: { '/text.txt': `One.\n${SENTENCE}` } },
  );
  await done(page, '#a');
  await done(page, '#b');
  assert.deepEqual(await marks(page, '#there'), IN_SENTENCE.slice(0, 2));
  assert.equal(await page.locator('#b').textContent(), `One.\n${SENTENCE}`);
  assert.deepEqual(await marks(page, '#b'), IN_SENTENCE);
  await page.locator('#a').evaluate((element) => element.removeAttribute('entities'));
  await page.waitForFunction(() => document.querySelectorAll('#there mark').length === 3);
  await page.locator('#a').evaluate((element) => element.setAttribute('threshold', '1'));
  await page.waitForFunction(() => document.querySelectorAll('#there mark').length === 0);
  await page.locator('#b').evaluate((element) => (element.toggleAttribute('disabled', true)));
  await page.waitForFunction(() => document.querySelectorAll('#b mark').length === 0);
  assert.equal(await page.locator('#b').textContent(), `One.\n${SENTENCE}`);
  assert.equal(await page.locator('#there').evaluate((element) => element.childNodes.length), 1, 'the text is one node, as it was');
  await close(page);
});

test('errors are events, and may be tried again', { timeout: LONG }, async () => {
  const page = await open(`<glossa-text id="a" model="/nowhere/">${SENTENCE}</glossa-text><glossa-text id="b" for="nothing" model="/tiny/"></glossa-text>
    <glossa-text id="c" model="/tiny/" threshold="much">${SENTENCE}</glossa-text><glossa-text id="d" model="/tiny/" src="/no.txt"></glossa-text>`);
  for (const id of ['a', 'b', 'c', 'd']) await page.locator(`#${id}[data-state="error"]`).waitFor({ state: 'attached' });
  const codes = (await page.evaluate(() => said)).map(([, code]) => code).sort();
  assert.deepEqual(codes, ['file_missing', 'model_unrecognised', 'option_invalid', 'option_invalid']);
  assert.equal(await page.locator('#a').textContent(), SENTENCE);
  const again = await page.locator('#a').evaluate(async (element) => {
    const failed = await element.annotate().catch(({ code }) => code);
    element.setAttribute('model', '/tiny/');
    return [failed, (await element.annotate()).chunks.length];
  });
  assert.deepEqual(again, ['model_unrecognised', 3]);
  await close(page);
});

test('a model is what its integrity says, or is not loaded', { timeout: LONG }, async () => {
  const sri = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`;
  const right = sri(readFileSync(join(root, TINY, 'manifest.json')));
  const page = await open(`<glossa-text id="a" model="/tiny/" integrity="${right}">${SENTENCE}</glossa-text>
    <glossa-text id="b" model="/tiny/" integrity="${sri('another')}">${SENTENCE}</glossa-text>`);
  await done(page, '#a');
  await page.locator('#b[data-state="error"]').waitFor({ state: 'attached' });
  assert.deepEqual(await page.evaluate(() => said.map(([, found]) => found).sort()), [3, 'file_mismatch']);
  assert.deepEqual(await marks(page, '#a'), IN_SENTENCE);
  await page.locator('#b').evaluate((element, right) => element.setAttribute('integrity', right), right);
  await done(page, '#b');
  assert.deepEqual(await marks(page, '#b'), IN_SENTENCE);
  await close(page);
});

test('a text that is changed is annotated anew, by a script or by one who writes', { timeout: LONG }, async () => {
  const page = await open(`<glossa-text id="a" model="/tiny/">${SENTENCE}</glossa-text><p id="own" contenteditable>${SENTENCE.trim()}</p><glossa-text id="b" for="own" model="/tiny/"></glossa-text>`);
  await done(page, '#a');
  await done(page, '#b');
  await page.evaluate(() => document.querySelector('#a').replaceChildren('CD28 and ', 'T cells'));
  await page.waitForFunction(() => document.querySelectorAll('#a mark').length === 2);
  assert.deepEqual(await marks(page, '#a'), ['CD28: protein', 'T cells: cell_type']);
  // What a framework does: it writes to the node that it has made.
  await page.evaluate(() => (document.querySelector('#a').firstChild.data = 'IL-2 gene here.'));
  await page.waitForFunction(() => document.querySelector('#a mark')?.dataset.entity === 'DNA');
  await page.evaluate(() => {
    const { firstChild } = document.querySelector('#own');
    getSelection().setPosition(firstChild, firstChild.length);
  });
  await page.locator('#own').focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' In CD28');
  await page.waitForFunction(() => document.querySelectorAll('#own mark').length === 4);
  await page.keyboard.type(' too');
  await page.waitForFunction(() => document.querySelector('#b').text.endsWith('CD28 too'));
  assert.equal(await page.locator('#own').textContent(), `${SENTENCE.trim()} In CD28 too`, 'the caret stays where one writes');
  await close(page);
});

/** Does something in the page to `#a`, and waits for the annotation that follows: the text that it has then, and the one annotated. */
async function andAgain(page, change, argument) {
  const before = await page.evaluate(() => said.length);
  await page.evaluate(change, argument);
  await page.waitForFunction((before) => said.length > before, before);
  return page.evaluate(() => [document.querySelector('#a').textContent, document.querySelector('glossa-text').text]);
}

test('what a framework does to the text nodes that it has made', { timeout: LONG }, async () => {
  const page = await open('<div id="a"></div><glossa-text for="a" model="/tiny/"></glossa-text>');
  await page.evaluate((text) => {
    globalThis.nodes = ['One: ', text, 'two.'].map((data) => new Text(data));
    document.querySelector('#a').replaceChildren(...globalThis.nodes);
  }, SENTENCE);
  await page.waitForFunction(() => document.querySelectorAll('#a mark').length === 3);
  const cases = [
    // An entity begins the node, of which nothing is left in it: neither is this a change of its characters.
    [() => (globalThis.nodes[1].data = ''), 'One: two.'],
    [() => (globalThis.nodes[1].data = 'CD28 and T cells. '), 'One: CD28 and T cells. two.'],
    [() => globalThis.nodes[1].after(' More. '), 'One: CD28 and T cells.  More. two.'],
    [() => document.querySelector('#a').prepend(globalThis.nodes[1]), 'CD28 and T cells. One:  More. two.'],
    [() => globalThis.nodes[1].remove(), 'One:  More. two.'],
  ];
  // The same characters once more: the marks have gone with what was behind them.
  await andAgain(page, (text) => (globalThis.nodes[1].data = text), SENTENCE);
  assert.equal(await page.locator('#a mark').count(), 3);
  for (const [change, text] of cases) assert.deepEqual(await andAgain(page, change), [text, text]);
  await close(page);
});

test('what others do to text nodes takes nothing away', { timeout: LONG }, async () => {
  const page = await open(`<glossa-text id="a" model="/tiny/">${SENTENCE}</glossa-text>`);
  await done(page);
  await page.evaluate(() => document.querySelector('#a').normalize());
  const annotate = () => document.querySelector('#a').annotate();
  assert.deepEqual(await andAgain(page, annotate), [SENTENCE, SENTENCE]);
  assert.deepEqual(await marks(page), IN_SENTENCE);
  // As one who marks what was searched for.
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.querySelector('#a'), NodeFilter.SHOW_TEXT);
    const all = [];
    while (walker.nextNode()) all.push(walker.currentNode);
    for (const node of all.filter(({ length }) => length > 2)) {
      const found = node.splitText(1);
      found.splitText(1);
      const mark = document.createElement('b');
      found.replaceWith(mark);
      mark.append(found);
    }
  });
  assert.deepEqual(await andAgain(page, annotate), [SENTENCE, SENTENCE]);
  assert.equal((await marks(page)).map((mark) => mark.split(':')[0]).join(''), 'IL-2 geneNF-kappa BT cells');
  // Marks of a copy are none of its own.
  await andAgain(page, () => {
    const copy = document.querySelector('#a').cloneNode(true);
    document.querySelector('#a').replaceWith(copy);
  });
  assert.equal(await page.locator('mark mark').count(), 0);
  assert.equal((await marks(page)).map((mark) => mark.split(':')[0]).join(''), 'IL-2 geneNF-kappa BT cells');
  await close(page);
});

test('one who writes: paragraphs, line breaks, the caret', { timeout: LONG }, async () => {
  const page = await open(`<div id="a" contenteditable><p>${SENTENCE.trim()}</p></div><glossa-text for="a" model="/tiny/"></glossa-text>`);
  await done(page);
  const html = () => page.locator('#a').evaluate((element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('mark').forEach((mark) => mark.replaceWith(...mark.childNodes));
    return copy.innerHTML;
  });
  const pause = async () => {
    const before = await page.evaluate(() => said.length);
    return () => page.waitForFunction((before) => said.length > before, before);
  };
  const caretBehind = (words) =>
    page.evaluate((words) => {
      const walker = document.createTreeWalker(document.querySelector('#a'), NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const at = walker.currentNode.data.indexOf(words);
        if (at >= 0) return getSelection().setPosition(walker.currentNode, at + words.length);
      }
    }, words);
  // In a mark.
  await caretBehind('NF-');
  let annotated = await pause();
  await page.keyboard.press('Enter');
  await annotated();
  assert.equal(await html(), '<p>IL-2 gene expression requires NF-</p><p>kappa B in human T cells.</p>');
  assert.equal(await page.locator('mark mark').count(), 0);
  annotated = await pause();
  await page.keyboard.press('Backspace');
  await annotated();
  assert.equal(await html(), `<p>${SENTENCE.trim()}</p>`);
  // It is two text nodes now, as the browser has left it.
  assert.deepEqual((await marks(page, '#a')).slice(1, 3), ['NF-: protein', 'kappa B: protein']);
  await caretBehind(' in');
  annotated = await pause();
  await page.keyboard.press('Shift+Enter');
  await annotated();
  assert.match(await html(), /^<p>IL-2 gene expression requires NF-kappa B in<br>(&nbsp;| )human T cells\.<\/p>$/);
  // The new line is empty, and the caret is in it when the marks have come.
  await caretBehind('.');
  annotated = await pause();
  await page.keyboard.press('Enter');
  await annotated();
  annotated = await pause();
  await page.keyboard.type('CD28');
  await annotated();
  assert.match(await html(), /<p>CD28<\/p>$/);
  await close(page);
});

test('the selection stays where the text is the same, in a shadow root too', { timeout: LONG }, async () => {
  const page = await open('<div id="host"></div>');
  await page.evaluate((text) => {
    const shadow = document.querySelector('#host').attachShadow({ mode: 'open' });
    shadow.innerHTML = `<glossa-text model="/tiny/">${text}</glossa-text>`;
  }, SENTENCE);
  await page.waitForFunction(() => said.length === 1);
  const selected = await page.evaluate(async () => {
    const { shadowRoot } = document.querySelector('#host');
    const element = shadowRoot.querySelector('glossa-text');
    const [first, second] = element.querySelectorAll('mark');
    const selection = shadowRoot.getSelection();
    // Backwards, from one mark to another.
    selection.setBaseAndExtent(second.firstChild, 2, first.firstChild, 3);
    const before = selection.toString();
    element.setAttribute('entities', 'cell_type');
    await element.annotate();
    const { anchorOffset, focusOffset } = shadowRoot.getSelection();
    return [before, shadowRoot.getSelection().toString(), anchorOffset > focusOffset, element.querySelectorAll('mark').length];
  });
  assert.deepEqual(selected, ['2 gene expression requires NF', '2 gene expression requires NF', true, 1]);
  await close(page);
});

test('a text that changes while it is annotated gets its own result', { timeout: LONG }, async () => {
  const page = await open('<glossa-text id="a" model="/tiny/" loading="eager"></glossa-text>');
  const results = await page.evaluate(async (text) => {
    const element = document.querySelector('#a');
    element.textContent = text.repeat(400);
    // The model is still to be loaded.
    const first = element.annotate();
    await new Promise((resolve) => element.addEventListener('glossa-progress', resolve, { once: true }));
    element.textContent = `One. ${text}`;
    const second = await first;
    // It is said once, and not again for the change that it has taken into account.
    element.textContent = 'Of CD28';
    const third = await element.annotate();
    await new Promise((resolve) => setTimeout(resolve, 600));
    return [second, third].map(({ chunks }) => chunks.map((chunk) => `${chunk.begin} ${chunk.text}`));
  }, SENTENCE);
  assert.deepEqual(results, [['5 IL-2 gene', '35 NF-kappa B', '55 T cells'], ['3 CD28']]);
  assert.deepEqual(await marks(page), ['CD28: protein']);
  assert.deepEqual((await page.evaluate(() => said)).at(-2), ['glossa-annotated', 3]);
  await close(page);
});

test('two elements and one text', { timeout: LONG }, async () => {
  const page = await open(
    `<div id="there">${SENTENCE}<p id="in">${SENTENCE}</p><glossa-text id="own" model="/tiny/">${SENTENCE}</glossa-text></div>
     <glossa-text id="a" for="there" model="/tiny/"></glossa-text>`,
  );
  await done(page, '#a');
  await done(page, '#own');
  assert.equal(await page.locator('#there mark').count(), 9, 'one in another has its own text');
  assert.equal(await page.locator('#a').evaluate(({ chunks }) => chunks.length), 6);
  const before = await page.locator('#there').textContent();
  for (const id of ['there', 'in']) {
    const code = await page.evaluate(async (id) => {
      const element = Object.assign(document.createElement('glossa-text'), { id: 'other' });
      element.setAttribute('for', id);
      element.setAttribute('model', '/tiny/');
      document.body.append(element);
      const code = await element.annotate().catch(({ code }) => code);
      element.remove();
      return code;
    }, id);
    assert.equal(code, 'option_invalid');
  }
  assert.equal(await page.locator('#there').textContent(), before);
  assert.equal(await page.locator('#there mark').count(), 9);
  // When the first has gone, another may.
  await page.evaluate(() => document.querySelector('#a').remove());
  await page.waitForFunction(() => document.querySelectorAll('#there mark').length === 3);
  await page.evaluate(() => document.querySelector('#there').insertAdjacentHTML('afterend', '<glossa-text id="late" for="in" model="/tiny/"></glossa-text>'));
  await done(page, '#late');
  assert.equal(await page.locator('#in mark').count(), 3);
  await close(page);
});

test('src is shown without marks too; a model that is taken away takes its marks along', { timeout: LONG }, async () => {
  const page = await open('<glossa-text id="a" src="/one.txt"></glossa-text><glossa-text id="b" src="/two.txt" model="/tiny/" disabled></glossa-text>', {
    extra: { '/one.txt': SENTENCE, '/two.txt': 'Of CD28' },
  });
  await page.waitForFunction(() => document.querySelector('#a').textContent && document.querySelector('#b').textContent);
  await page.locator('#a[data-state="waiting"]').waitFor();
  assert.equal(page.workers().length, 0);
  await page.evaluate(() => document.querySelector('#a').setAttribute('model', '/tiny/'));
  await done(page, '#a');
  assert.deepEqual(await marks(page), IN_SENTENCE);
  await page.evaluate(() => document.querySelector('#a').setAttribute('src', '/two.txt'));
  await page.waitForFunction(() => document.querySelector('#a mark')?.textContent === 'CD28');
  assert.equal(await page.locator('#a').evaluate(({ text }) => text), 'Of CD28');
  await page.evaluate(() => document.querySelector('#a').removeAttribute('model'));
  await page.locator('#a[data-state="waiting"]').waitFor();
  assert.equal(await page.locator('mark').count(), 0);
  await page.evaluate(() => document.querySelector('#b').removeAttribute('disabled'));
  await done(page, '#b');
  assert.deepEqual(await marks(page, '#b'), ['CD28: protein']);
  await close(page);
});

test('offsets: line ends, emoji, combining marks, and what is shown later', { timeout: LONG }, async () => {
  const page = await open('<glossa-text id="a" model="/tiny/"><p id="p"></p><p id="q" hidden>CD28</p></glossa-text>');
  const given = 'Cafe\u0301 \u{1F468}\u200D\u{1F52C} in\r\nT cells\r\n\r\nof \u{1F9EC}CD28 and IL-2\tgene.';
  await page.evaluate((given) => (document.querySelector('#p').textContent = given), given);
  await page.waitForFunction(() => document.querySelectorAll('#p mark').length > 1);
  const read = () => page.locator('#a').evaluate(({ text, chunks }) => ({ text, chunks }));
  let { text, chunks } = await read();
  assert.equal(text, given);
  for (const chunk of chunks) assert.equal(text.slice(chunk.begin, chunk.end), chunk.text);
  const pieces = await page.locator('mark').evaluateAll((all) => all.map(({ textContent, dataset: { begin, end } }) => [textContent, Number(begin), Number(end)]));
  for (const [piece, begin, end] of pieces) assert.equal(text.slice(begin, end), piece);
  await page.evaluate(() => (document.querySelector('#q').hidden = false));
  await page.waitForFunction(() => document.querySelector('#q mark'));
  ({ text, chunks } = await read());
  assert.equal(text, `${given}\n\nCD28`);
  assert.equal(chunks.at(-1).begin, given.length + 2);
  await close(page);
});

test('states and progress are told, and a property may be there before the module', { timeout: LONG }, async () => {
  const manifest = readFileSync(join(root, TINY, 'manifest.json'), 'utf8');
  const page = await open(`<glossa-text id="a">${SENTENCE}</glossa-text>`, {
    extra: {
      '/note.js': `globalThis.states = []; globalThis.stages = [];
        addEventListener('glossa-progress', ({ detail, target }) => stages.push([target.id, detail.stage]));
        new MutationObserver(() => {
          const { state, dataset, ariaBusy } = document.querySelector('#a');
          const now = [state, dataset.state, ariaBusy].join();
          if (states.at(-1) !== now) states.push(now);
        }).observe(document, { subtree: true, attributeFilter: ['data-state', 'aria-busy'] });
        // The document has been read, and modules are still to come.
        document.addEventListener('readystatechange', () => {
          const files = Object.fromEntries(['model.onnx', 'vocab.txt'].map((name) => [name, '/tiny/' + name]));
          document.querySelector('#a').source = { manifest: ${manifest}, files };
        }, { once: true });`,
    },
  });
  await done(page);
  assert.equal(await page.evaluate(() => Object.hasOwn(document.querySelector('#a'), 'source')), false);
  const { states, stages } = await page.evaluate(() => ({ states: globalThis.states, stages: globalThis.stages }));
  assert.deepEqual(states.filter((state) => !state.startsWith('waiting')), ['loading,loading,true', 'annotating,annotating,true', 'done,done,']);
  assert.ok(stages.some(([id, stage]) => id === 'a' && stage === 'ready'));
  await close(page);
});

test('forced colours, and a name of the page\'s own', { timeout: LONG }, async () => {
  const page = await open(`<own-text model="/tiny/">${SENTENCE}</own-text>`, { forcedColors: 'active' });
  await page.evaluate(async () => (await import('/glossa/element.js')).defineElement('own-text'));
  await done(page, 'own-text');
  const [mark, around] = await page.evaluate(() => ['mark', 'own-text'].map((name) => getComputedStyle(document.querySelector(name)).backgroundColor));
  assert.notEqual(mark, around);
  assert.deepEqual(await marks(page, 'own-text'), IN_SENTENCE);
  assert.deepEqual(await problems(page), []);
  await close(page);
});

test('elements share an annotator, which goes with the last of them', { timeout: LONG }, async () => {
  const page = await open(Array(12).fill(`<p><glossa-text model="/tiny/" loading="eager">${SENTENCE}</glossa-text></p>`).join(''));
  await page.waitForFunction(() => document.querySelectorAll('[data-state="done"]').length === 12);
  assert.equal(page.workers().length, 1);
  assert.equal(page.server.requests.filter((path) => path.endsWith('.onnx')).length, 1);
  await page.evaluate(() => document.querySelectorAll('p').forEach((one) => one.remove()));
  for (let i = 0; page.workers().length && i < 100; i++) await page.waitForTimeout(200);
  assert.equal(page.workers().length, 0);
  await page.evaluate((text) => (document.querySelector('main').innerHTML = `<glossa-text model="/tiny/">${text}</glossa-text>`), SENTENCE);
  await done(page);
  await close(page);
});

test('a text waits until it is near the screen, and one that is moved keeps its marks', { timeout: LONG }, async () => {
  const page = await open(`<div style="height: 4000px"></div><glossa-text model="/tiny/">${SENTENCE}</glossa-text><div id="there"></div>`);
  await page.waitForTimeout(700);
  assert.equal(page.workers().length, 0, 'nothing is loaded for what nobody sees');
  await page.evaluate(() => document.querySelector('glossa-text').scrollIntoView());
  await done(page);
  await page.evaluate(() => document.querySelector('#there').append(document.querySelector('glossa-text')));
  await page.waitForFunction(() => said.length === 2);
  assert.deepEqual(await marks(page), IN_SENTENCE);
  await page.evaluate(() => {
    globalThis.gone = document.querySelector('glossa-text');
    globalThis.gone.remove();
  });
  await page.waitForFunction(() => !globalThis.gone.querySelector('mark'));
  assert.equal(await page.evaluate(() => globalThis.gone.textContent), SENTENCE);
  await close(page);
});

test('in a shadow root, under a strict policy, in both colour schemes, and as a property', { timeout: LONG }, async () => {
  const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'";
  for (const colorScheme of ['light', 'dark']) {
    const page = await open('<div id="host"></div>', {
      colorScheme,
      headers: { 'content-security-policy': policy },
      extra: {
        '/note.js': `globalThis.said = []; addEventListener('glossa-annotated', ({ detail }) => said.push(detail.annotation.chunks.length));
          addEventListener('DOMContentLoaded', async () => {
            const { Annotator } = await import('/glossa/index.js');
            const root = document.querySelector('#host').attachShadow({ mode: 'open' });
            root.innerHTML = '<glossa-text id="a" model="/tiny/">${SENTENCE}</glossa-text> <glossa-text id="b">${SENTENCE}</glossa-text>';
            root.querySelector('#b').source = await Annotator.create({ model: '/tiny/', workers: 1 });
          });`,
      },
    });
    await page.waitForFunction(() => said.length === 2);
    const found = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector('#host');
      const all = [...shadowRoot.querySelectorAll('mark')];
      return [all.map(({ textContent }) => textContent), getComputedStyle(all[0]).borderBlockEndWidth];
    });
    assert.deepEqual(found, [['IL-2 gene', 'NF-kappa B', 'T cells', 'IL-2 gene', 'NF-kappa B', 'T cells'], '2px']);
    assert.deepEqual(await problems(page), []);
    await close(page);
  }
});

test('the page styles marks as it likes', { timeout: LONG }, async () => {
  const page = await open(`<style>mark[data-entity="DNA"] { background: rgb(1, 2, 3) } glossa-text { --x: 1 } mark { --glossa-colour: rgb(9, 9, 9) }</style>
    <glossa-text model="/tiny/">${SENTENCE}</glossa-text>`);
  await done(page);
  const styles = await page.locator('mark').evaluateAll((all) => all.map((mark) => [getComputedStyle(mark).backgroundColor, getComputedStyle(mark).borderBlockEndColor]));
  assert.equal(styles[0][0], 'rgb(1, 2, 3)');
  assert.equal(styles[1][1], 'rgb(9, 9, 9)');
  await close(page);
});

test('where there is no page, the module does nothing', () => {
  const script = `const { GlossaText, defineElement } = await import(${JSON.stringify(join(root, 'www/glossa/element.js'))}); defineElement(); console.log(typeof GlossaText);`;
  assert.equal(execFileSync('node', ['--input-type=module', '--eval', script], { encoding: 'utf8' }).trim(), 'function');
});
