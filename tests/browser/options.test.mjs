// The panel of options, and pipelines that go from the page to the command line and back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { TINY, browser, root, screenshots, serve } from './harness.mjs';
import { inState, marks, rows, settled, status } from './page.mjs';

const LONG = 300_000;
const TEXT = 'IL-2  gene expression and NF-kappa B activation through CD28 requires reactive oxygen production by T cells.';
/** What the tiny model finds in it. */
const FOUND = [
  { begin: 0, end: 10, entity: 'DNA', text: 'IL-2  gene' },
  { begin: 26, end: 36, entity: 'protein', text: 'NF-kappa B' },
  { begin: 56, end: 60, entity: 'protein', text: 'CD28' },
  { begin: 100, end: 107, entity: 'cell_type', text: 'T cells' },
];
let chromium;
let server;
let folder;

before(async () => {
  chromium = await browser();
  server = await serve();
  folder = await mkdtemp(join(tmpdir(), 'glossa-'));
  await symlink(join(root, TINY), join(folder, 'tiny'));
});

after(async () => {
  await chromium?.close();
  server?.close();
  if (folder) await rm(folder, { recursive: true });
});

async function open(options = {}) {
  const page = await chromium.newPage(options);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`${server.address}?model=tiny/`);
  return page;
}

const setting = (page, name) => page.getByTestId(`setting-${name}`);

async function annotate(page, state = 'done') {
  await page.getByTestId('annotate').click();
  await settled(page, state);
}

async function download(page) {
  const started = page.waitForEvent('download');
  await page.getByTestId('download-pipeline').click();
  return readFile(await (await started).path(), 'utf8');
}

/** Chunks by the command line, as the page's table has them. */
async function commandLine(pipeline) {
  await writeFile(join(folder, 'pipeline.json'), pipeline);
  await writeFile(join(folder, 'text.txt'), TEXT);
  const command = join(root, 'target', 'release', 'glossa');
  const flags = ['annotate', '--pipeline', join(folder, 'pipeline.json'), '--to', 'jsonl', join(folder, 'text.txt')];
  const { stdout } = await promisify(execFile)(command, flags);
  return JSON.parse(stdout).chunks.map(({ begin, end, entity, text }) => ({ begin, end, entity, text }));
}

test('options change what is found, and what went wrong stands beside them', { timeout: LONG }, async () => {
  const page = await open();
  await page.getByTestId('input').fill(TEXT);
  await annotate(page);
  assert.deepEqual(await rows(page), FOUND);
  assert.match(await status(page).textContent(), /1 window in [\d,]+ ms, f32$/);

  const panel = page.getByTestId('settings');
  assert.equal(await setting(page, 'excludeEntities').isVisible(), false);
  await panel.locator('> summary').click();
  assert.ok((await panel.evaluate((element) => element.scrollWidth <= element.clientWidth)), 'it is too wide');
  await setting(page, 'excludeEntities').fill('protein');
  assert.ok(await page.getByText('The options have changed since').isVisible());
  await setting(page, 'replaceLabels').fill('DNA = Gene');
  await annotate(page);
  const changed = await rows(page);
  assert.deepEqual(changed, [{ ...FOUND[0], entity: 'Gene' }, FOUND[3]]);
  assert.deepEqual(await marks(page), changed);
  assert.ok(await page.getByTestId('legend').locator('[data-entity="Gene"]').isVisible());

  for (const [name, value, message] of [
    ['excludeEntities', 'protien', /"protien" is none of .*protein/],
    ['splitPattern', '(a', /"\(a": unclosed group/],
    ['prefixPattern', 'x', /does not begin with/],
    ['maxSentenceLength', '513', /513 is not 1 to 512/],
    ['minLength', 'two', /"two" is not a whole number/],
    ['replaceLabels', 'DNA', /"DNA" is not old=new/],
    ['encoding', 'huggingFace', /needs a Hugging Face folder/],
    ['aggregationStrategy', 'max', /for Hugging Face folders/],
  ]) {
    await page.getByTestId('reset-settings').click();
    const control = setting(page, name);
    await panel.evaluate((element) => element.querySelectorAll('details').forEach((fold) => (fold.open = true)));
    if (await control.evaluate((element) => element.tagName === 'SELECT')) await control.selectOption(value);
    else await control.fill(value);
    await annotate(page, 'error');
    assert.equal(await status(page).getAttribute('data-code'), 'option_invalid');
    assert.equal(await control.getAttribute('aria-invalid'), 'true', name);
    assert.match(await page.locator(`#option-${name}-problem`).textContent(), message);
    assert.equal(await page.getByTestId('input').inputValue(), TEXT);
    assert.deepEqual(await rows(page), changed, 'the last result stays');
  }

  // The model loaded before the errors is still there: nothing is fetched.
  await page.getByTestId('reset-settings').click();
  const sent = [];
  page.on('request', (request) => sent.push(request.url()));
  await annotate(page);
  assert.deepEqual(await rows(page), FOUND);
  assert.deepEqual(sent, []);

  await setting(page, 'precision').selectOption('int8');
  await annotate(page);
  assert.match(await status(page).textContent(), / ms, int8$/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a pipeline goes from the page to the command line and back', { timeout: LONG }, async () => {
  const page = await open({ viewport: { width: 1280, height: 900 } });
  await page.getByTestId('input').fill(TEXT);
  await page.getByTestId('settings').locator('> summary').click();
  await setting(page, 'cleanupMode').selectOption('shrink');
  await setting(page, 'replaceLabels').fill('DNA=Gene');
  await setting(page, 'ignoreStopWords').fill('and of \\n');
  await setting(page, 'exceptions').fill('NF-kappa B\nIL-\\d+');
  await setting(page, 'splitChars').fill('-\\.');
  await setting(page, 'caseSensitiveExceptions').uncheck();
  await setting(page, 'padAsO').uncheck();
  await setting(page, 'precision').selectOption('int8');
  await setting(page, 'format').selectOption('jsonl');
  await page.getByTestId('threshold').fill('0.4');
  await annotate(page);
  const found = await rows(page);
  assert.ok(found.length > 0);

  const pipeline = await download(page);
  assert.deepEqual(JSON.parse(pipeline), {
    glossaPipeline: 1,
    model: 'tiny',
    options: {
      cleanupMode: 'shrink',
      precision: 'int8',
      tokenizer: { exceptions: ['NF-kappa B', 'IL-\\d+'], caseSensitiveExceptions: false, splitChars: ['-', '\\.'] },
    },
    annotate: {
      replaceLabels: { DNA: 'Gene' },
      ignoreStopWords: ['and', 'of', '\n'],
      padAsO: false,
      mode: 'window',
      threshold: 0.4,
    },
    format: 'jsonl',
  });
  assert.deepEqual(await commandLine(pipeline), found);
  for (const [width, name] of [[1280, 'options-1280'], [390, 'options-390']]) {
    await page.setViewportSize({ width, height: 900 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `too wide at ${width}`);
    await writeFile(join(screenshots, `${name}.png`), await page.screenshot({ fullPage: true }));
  }
  await page.close();

  const other = await open();
  await other.getByTestId('settings').locator('> summary').click();
  await other.getByTestId('model').selectOption('models/clinical_trials/');
  await other.getByTestId('input').fill(TEXT);
  await other.getByTestId('open-pipeline').setInputFiles(join(folder, 'pipeline.json'));
  await settled(other);
  assert.deepEqual(await rows(other), found);
  assert.equal(await download(other), pipeline);
  assert.equal(await other.getByTestId('model').inputValue(), 'tiny/');

  // A pipeline written by hand, dropped; what cannot be opened changes nothing.
  const byHand = { glossaPipeline: 1, model: './models/clinical_trials/', annotate: { whiteList: ['Drug'], mode: 'truncate' } };
  const drop = async (content, name = 'mine.json') => {
    const transfer = await other.evaluateHandle(([content, name]) => {
      const data = new DataTransfer();
      data.items.add(new File([content], name));
      return data;
    }, [content, name]);
    await other.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  };
  for (const [broken, message] of [
    ['{"glossaPipeline": 1, "modle": "x"}', /did you mean "model"/],
    ['{"glossaPipeline": 1, "annotate": {"mode": "windo"}}', /did you mean "window"/],
    ['{"glossaPipeline": 2}', /version 2/],
    ['{"glossaPipeline": 1,', /EOF|expected/],
    ['{"glossaPipeline": 1, "options": {"tokenizer": {"exceptions": ["a\\nb"]}}}', /exceptions.*cannot be shown/],
  ]) {
    await drop(broken);
    await inState(other, 'error');
    assert.equal(await status(other).getAttribute('data-code'), 'pipeline_invalid');
    assert.match(await status(other).textContent(), message);
    assert.equal(await download(other), pipeline);
    assert.deepEqual(await rows(other), found);
    assert.equal(await other.getByTestId('input').inputValue(), TEXT);
    await annotate(other);
  }
  await drop(JSON.stringify(byHand));
  await other.waitForFunction(() => document.querySelector('[data-testid="mode"]').value === 'truncate', undefined, { timeout: LONG });
  assert.equal(await other.getByTestId('model').inputValue(), 'models/clinical_trials/');
  assert.equal(await setting(other, 'entities').inputValue(), 'Drug');
  assert.equal(await setting(other, 'exceptions').inputValue(), '');
  await settled(other);
  assert.deepEqual(other.complaints, []);
  await other.close();
});
