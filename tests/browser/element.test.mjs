// <glossa-text>: text of any page with its entities marked.
/* global said -- the pages set it */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SENTENCE, browser, root, serve } from './harness.mjs';
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
