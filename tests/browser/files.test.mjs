// Files that are dropped on the page or chosen: a text is a text, a model only what is one, and all else a clear no.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TINY, browser, root, serve } from './harness.mjs';
import { inState, marks, rows, settled, status } from './page.mjs';

const LONG = 300_000;
const TEXT = 'IL-2 gene expression requires NF-kappa B.';
const CRLF = 'IL-2 gene.\r\n\r\nIt requires NF-kappa B.\r\n';
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

async function open() {
  const page = await chromium.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`${server.address}?model=tiny/`);
  return page;
}

/** Drops files on an element as a person does. */
async function drop(page, on, ...files) {
  const transfer = await page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, content } of files) data.items.add(new File([new Uint8Array(content)], name));
    return data;
  }, files.map(([name, content]) => ({ name, content: [...Buffer.from(content)] })));
  await page.dispatchEvent(on, 'drop', { dataTransfer: transfer });
}

const chosenModel = (page) => page.getByTestId('model').inputValue();
test('a text that is dropped on the page, or chosen, is annotated', { timeout: LONG }, async () => {
  const page = await open();
  await drop(page, '[data-testid="input"]', ['abstract.txt', TEXT]);
  await settled(page);
  assert.equal(await page.getByTestId('input').inputValue(), TEXT);
  assert.deepEqual((await marks(page)).map(({ text }) => text), ['IL-2 gene', 'NF-kappa B']);

  await drop(page, 'body', ['old.nbib', Buffer.from('PMID- 1\nTI  - \x93IL-2\x94.', 'latin1')]);
  await page.waitForFunction(() => document.querySelector('[data-testid="input"]').value.includes('“'));
  await settled(page);
  assert.equal(await page.getByTestId('input').inputValue(), '“IL-2”.');
  assert.match(await page.getByTestId('note').textContent(), /Windows-1252/);
  assert.equal(await chosenModel(page), 'tiny/');

  await page.getByTestId('open-text').setInputFiles({ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('\uFEFFCD28.') });
  await page.waitForFunction(() => document.querySelector('[data-testid="input"]').value === 'CD28.');
  await settled(page);
  assert.deepEqual((await marks(page)).map(({ begin, text }) => [begin, text]), [[0, 'CD28']]);
  assert.ok(await page.getByTestId('note').isHidden(), 'what was said of the file before is gone');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('what is neither text nor model is refused, and changes nothing', { timeout: LONG }, async () => {
  const page = await open();
  await drop(page, 'body', ['abstract.txt', TEXT]);
  await settled(page);
  const found = await rows(page);
  for (const [files, said] of [
    [[['paper.pdf', '%PDF-1.7']], /a PDF\. Copy its text and paste it here/],
    [[['paper.docx', 'PK\x03\x04']], /word processor/],
    [[['scan.png', '\x89PNG']], /picture/],
    [[['hub/config.txt', 'a'], ['hub/model.safetensors', 'b']], /weights, but no ONNX file/],
    [[['none.jsonl', '\n']], /no record/],
    [[], /no file/],
  ]) {
    await page.getByTestId('annotate').click();
    await inState(page, 'done');
    if (files.length) await drop(page, 'body', ...files);
    else await page.evaluate(() => {
      const event = new Event('drop', { bubbles: true, cancelable: true });
      document.body.dispatchEvent(Object.assign(event, { dataTransfer: { types: ['Files'], items: [] } }));
    });
    await inState(page, 'error');
    assert.match(await status(page).textContent(), said);
    assert.equal(await status(page).getAttribute('data-code'), 'input_invalid');
    assert.equal(await chosenModel(page), 'tiny/');
    assert.equal(await page.getByTestId('input').inputValue(), TEXT);
    assert.deepEqual(await rows(page), found);
  }
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a file that is not read to its end can be cancelled, one that cannot be read is told', { timeout: LONG }, async () => {
  const page = await open();
  /** Drops a file whose reading goes as `file(resolve, reject)` says. */
  const dropEntry = (file) =>
    page.evaluate((source) => {
      const entry = { isFile: true, fullPath: '/slow.txt', file: eval(source) };
      const event = new Event('drop', { bubbles: true, cancelable: true });
      const items = [{ webkitGetAsEntry: () => entry }];
      document.body.dispatchEvent(Object.assign(event, { dataTransfer: { types: ['Files'], items } }));
    }, String(file));
  await dropEntry(() => {});
  await inState(page, 'loading');
  await page.getByTestId('cancel').click();
  await inState(page, 'cancelled');
  await dropEntry((_, reject) => reject(new DOMException('it is gone', 'NotFoundError')));
  await inState(page, 'error');
  assert.equal(await status(page).getAttribute('data-code'), 'file_unreadable');
  assert.match(await status(page).textContent(), /it is gone/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a model that cannot be loaded leaves the one before chosen and usable', { timeout: LONG }, async () => {
  const page = await open();
  const offered = () => page.getByTestId('model').evaluate((select) => [...select.options].map(({ value }) => value));
  await page.getByTestId('input').fill(TEXT);
  await page.getByTestId('annotate').click();
  await settled(page);
  const [before, found] = [await offered(), await rows(page)];

  await drop(page, 'body', ['half.zip', 'PK\x03\x04 and no more']);
  await inState(page, 'error');
  assert.match(await status(page).textContent(), /half\.zip.*The model is “tiny\/” as before/);
  assert.deepEqual([await chosenModel(page), await offered()], ['tiny/', before]);
  await page.getByTestId('open-pipeline').setInputFiles({
    name: 'p.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"glossaPipeline": 1, "model": "models/nowhere"}'),
  });
  await page.waitForFunction(() => /nowhere/.test(document.querySelector('[data-testid="status"]').textContent));
  assert.deepEqual([await chosenModel(page), await offered()], ['tiny/', before]);

  // A good model, and then files of the same name that are none: the good one stays.
  const good = join(root, TINY);
  await page.getByTestId('own-folder').setInputFiles(good);
  await inState(page, 'done');
  assert.equal(await chosenModel(page), 'local:tiny');
  await page.evaluate(async (manifest) => {
    const file = new File([manifest], 'manifest.json');
    Object.defineProperty(file, 'webkitRelativePath', { value: 'tiny/manifest.json' });
    const input = document.querySelector('[data-testid="own-folder"]');
    Object.defineProperty(input, 'files', { configurable: true, get: () => [file] });
    input.dispatchEvent(new Event('change'));
    delete input.files;
  }, await readFile(join(good, 'manifest.json'), 'utf8'));
  await inState(page, 'error');
  assert.equal(await chosenModel(page), 'local:tiny');
  await page.getByTestId('annotate').click();
  await inState(page, 'done');
  assert.deepEqual(await rows(page), found);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a text keeps its line ends, and the result says how they count', { timeout: LONG }, async () => {
  const page = await open();
  const context = page.context();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const saved = async () => {
    const started = page.waitForEvent('download');
    await page.getByTestId('download-json').click();
    return JSON.parse(await readFile(await (await started).path(), 'utf8'));
  };
  const checked = async (text, said) => {
    await settled(page);
    const result = await saved();
    assert.equal(result.text, text);
    assert.equal(await page.getByTestId('document').evaluate((element) => element.textContent), text);
    for (const { begin, end, text: found } of result.chunks) assert.equal(text.slice(begin, end), found);
    assert.deepEqual(result.chunks.map(({ begin }) => begin), [text.indexOf('IL-2'), text.indexOf('NF-kappa')]);
    assert.match(await page.locator('#offsets').textContent(), said);
  };
  await drop(page, 'body', ['windows.txt', CRLF]);
  await checked(CRLF, /CR LF and counts as two/);

  // An edit keeps them too.
  await page.getByTestId('input').press('Control+Home');
  await page.getByTestId('input').pressSequentially('The ');
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('The '));
  await checked(`The ${CRLF}`, /counts as two/);

  await page.getByTestId('input').fill(CRLF.replaceAll('\r', ''));
  await page.getByTestId('input').press('Control+a');
  await page.getByTestId('input').press('Delete');
  await page.getByTestId('input').pressSequentially('IL-2\nNF-kappa B');
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('IL-2\n'));
  await checked('IL-2\nNF-kappa B', /A line end counts as one/);

  await page.evaluate((text) => navigator.clipboard.writeText(text), `Pasted: ${CRLF}`);
  await page.getByTestId('input').press('Control+a');
  await page.getByTestId('input').press('Control+v');
  await page.getByTestId('annotate').click();
  await page.waitForFunction(() => document.querySelector('[data-testid="document"]').textContent.startsWith('Pasted'));
  await checked(`Pasted: ${CRLF}`, /counts as two/);
  await page.close();
});
