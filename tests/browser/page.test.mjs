// The page as a person uses it: with the models that it offers where these matter, otherwise with a tiny one.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, SENTENCE, browser, bundle, root, screenshots, serve } from './harness.mjs';
import { chooseModel, dropText, marks, rows, settled, status } from './page.mjs';

const LONG = 300_000;
let chromium;
let server;

before(async () => {
  chromium = await browser();
  const truncated = (bytes) => bytes.subarray(0, bytes.length - 5000);
  const flipped = (bytes) => {
    const copy = Buffer.from(bytes);
    copy[copy.length >> 1] ^= 1;
    return copy;
  };
  const fewerLabels = (bytes) => {
    const manifest = JSON.parse(bytes);
    manifest.labels.pop();
    return JSON.stringify(manifest);
  };
  server = await serve({
    ...(await bundle('/broken/hash/', { 'model.onnx': flipped })),
    ...(await bundle('/broken/short/', { 'model.onnx': truncated })),
    ...(await bundle('/broken/labels/', { 'manifest.json': fewerLabels })),
    '/broken/json/manifest.json': '{"format": ',
    '/broken/html/manifest.json': '<!doctype html>',
    ...(await truncatedExport('/broken/graph/')),
  });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

test('chunks of two label sets overlap: each has its mark and its row', { timeout: LONG }, async () => {
  const page = await open();
  await chooseModel(page, '/sets/');
  await page.getByTestId('input').fill('aspirin for colon cancer');
  await page.getByTestId('annotate').click();
  await settled(page);
  const found = ['aspirin: Chemical', 'colon cancer: Disease', 'colon: Anatomy'];
  const named = (all) => all.map(({ text, entity }) => `${text}: ${entity}`);
  assert.deepEqual(named(await marks(page)), found);
  assert.deepEqual(named(await rows(page)), found);
  assert.equal(await page.getByTestId('document').locator('mark[data-entity="Disease"] > mark[data-entity="Anatomy"]').count(), 1);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

/** An export folder, which has no hashes, with half an ONNX file: only the parser can tell. */
async function truncatedExport(at) {
  const from = join(root, 'tests', 'golden', 'models', 'cellular');
  const read = (path) => readFile(join(from, path));
  const graph = await read('model.onnx');
  return {
    [`${at}model.onnx`]: graph.subarray(0, graph.length >> 1),
    [`${at}assets/vocab.txt`]: await read('assets/vocab.txt'),
    [`${at}assets/labels.txt`]: await read('assets/labels.txt'),
  };
}

async function open(options = {}, query = '') {
  const page = await chromium.newPage(options);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(server.address + query);
  return page;
}

for (const model of ['cellular', 'biomedical', 'clinical_trials']) {
  test(`the ${model} example is annotated without a network request`, { timeout: LONG }, async () => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    const example = page.getByTestId('example').and(page.locator(`[data-example="${model}"]`));
    await example.click();
    await settled(page);

    const text = await page.getByTestId('input').inputValue();
    assert.equal(await page.getByTestId('document').evaluate((element) => element.textContent), text);
    const found = await marks(page);
    assert.ok(found.length > 0);
    for (const { begin, end, text: marked } of found) assert.equal(text.slice(begin, end), marked);
    assert.deepEqual(await rows(page), found);

    // The same text again, with everything loaded: nothing may leave the tab.
    const before = asked().length;
    const sent = [];
    page.on('request', (request) => sent.push(request.url()));
    await page.getByTestId('input').fill(`${text} IL-2 and metformin 500 mg.`);
    await page.getByTestId('annotate').click();
    await page.waitForFunction(
      (length) =>
        document.querySelector('[data-testid="status"]').dataset.state === 'done' &&
        document.querySelector('[data-testid="document"]').textContent.length > length,
      text.length,
      { timeout: LONG },
    );
    assert.deepEqual(sent, []);
    assert.equal(asked().length, before);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
}

/** What has been asked of the server, but for the browser's own looks at whether there is a newer service worker. */
const asked = () => server.requests.filter((path) => !path.endsWith('service-worker.js'));

test('the page fits the screen, wide and narrow, and follows the colour scheme', { timeout: LONG }, async () => {
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      const page = await open({ viewport: { width, height: 900 }, colorScheme });
      await page.locator('[data-testid="example"][data-example="clinical_trials"]').click();
      await settled(page);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the screen of ${width}`);
      const [ink, paper] = await page.evaluate(brightness);
      assert.ok(colorScheme === 'light' ? paper - ink > 150 : ink - paper > 150, `${colorScheme}: ${ink} on ${paper}`);
      const image = await page.screenshot({ fullPage: true });
      writeFileSync(join(screenshots, `page-${width}-${colorScheme}.png`), image);
      if (process.env.GLOSSA_UPDATE && width === 1280 && colorScheme === 'light') {
        writeFileSync(join(root, 'www', 'screenshot.png'), image);
      }
      await page.close();
    }
  }
});

/** Runs in the page: how bright its text and its background are, 0 to 255. */
function brightness() {
  const { color, backgroundColor } = getComputedStyle(document.body);
  const context = document.createElement('canvas').getContext('2d');
  return [color, backgroundColor].map((value) => {
    context.fillStyle = value;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
}

test('an empty or blank text gives an empty result', { timeout: LONG }, async () => {
  const page = await open();
  for (const text of ['', ' \n\t ']) {
    await page.getByTestId('input').fill(text);
    await page.getByTestId('annotate').click();
    await settled(page);
    assert.deepEqual(await rows(page), []);
  }
  await page.close();
});

test('odd characters keep their places', { timeout: LONG }, async () => {
  const page = await open({}, '?model=tiny/');
  const text = '\u{1F9EC} IL-2\u0000 and e\u0301 NF-\u03BAB\u200D in \u{1D4AF} T\u0301 cells \u{1F469}\u200D\u{1F52C} GATA-1.\nCD28\ttoo';
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
  const shown = await page.getByTestId('document').evaluate((element) => element.textContent);
  const input = await page.getByTestId('input').inputValue();
  assert.equal(shown, input);
  const found = await marks(page);
  assert.deepEqual(found.map(({ text }) => text), ['IL-2\u0000', 'NF-\u03BAB\u200D', 'T\u0301 cells', 'GATA-1', 'CD28']);
  for (const { begin, end, text: marked } of found) assert.equal(input.slice(begin, end), marked);
  await page.close();
});

const BROKEN = {
  'broken/hash/': 'file_mismatch',
  'broken/short/': 'file_mismatch',
  'broken/labels/': 'labels_mismatch',
  'broken/json/': 'manifest_invalid',
  'broken/html/': 'model_unrecognised',
  'broken/graph/': 'graph_invalid',
  'broken/nothing-here/': 'model_unrecognised',
};

test('a model that cannot be loaded is a coded error that names the file, and nothing is lost', { timeout: LONG }, async () => {
  for (const [folder, code] of Object.entries(BROKEN)) {
    const page = await open({}, `?model=${folder}`);
    await page.getByTestId('input').fill('IL-2 stays here.');
    await page.getByTestId('annotate').click();
    await settled(page, 'error');
    assert.equal(await status(page).getAttribute('data-code'), code);
    assert.match(await status(page).textContent(), new RegExp(folder.replaceAll('/', '.')));
    assert.equal(await page.getByTestId('input').inputValue(), 'IL-2 stays here.');

    await chooseModel(page, 'tiny/');
    await page.getByTestId('annotate').click();
    await settled(page);
    assert.deepEqual(await rows(page), [{ begin: 0, end: 4, text: 'IL-2', entity: 'protein' }]);
    await page.close();
  }
});

const golden = (path) => join(root, 'tests', 'golden', 'models', path);

test('a saved model of Spark NLP opens as the zip it is, chosen or dropped', { timeout: LONG }, async () => {
  const page = await open({ viewport: { width: 1280, height: 900 } }, '?model=golden/models/cellular/');
  await page.getByTestId('input').fill('Treatment with metformin (500 mg twice daily) lowered HbA1c by 1.2 +/- 0.3%.');
  await page.getByTestId('annotate').click();
  await settled(page);
  const exported = await rows(page);
  assert.ok(exported.length > 0);
  await page.getByTestId('own-zip').setInputFiles(golden('saved_hub_root.zip'));
  await settled(page);
  const chosen = await rows(page);
  assert.deepEqual(chosen, exported, 'the zip holds the same model as the export folder');
  assert.deepEqual(await marks(page), chosen);

  const bytes = [...(await readFile(golden('saved_hub_nested_with_crc.zip')))];
  const transfer = await page.evaluateHandle((content) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(content)], 'nested.zip'));
    return data;
  }, bytes);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  assert.ok(await page.evaluate(() => 'dropping' in document.documentElement.dataset));
  await page.getByTestId('document').evaluate((element) => element.replaceChildren());
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await page.waitForFunction(
    () =>
      document.querySelector('[data-testid="status"]').dataset.state === 'done' &&
      document.querySelector('[data-testid="document"] mark'),
    undefined,
    { timeout: LONG },
  );
  assert.equal(await page.getByTestId('model').inputValue(), 'local:nested.zip');
  assert.deepEqual(await rows(page), chosen);
  writeFileSync(join(screenshots, 'zip-dropped.png'), await page.screenshot());
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('a Hugging Face folder opens as it is, and half a zip is an error', { timeout: LONG }, async () => {
  const page = await open();
  await page.getByTestId('input').fill('IL-2 gene expression requires NF-kappa B.');
  await page.getByTestId('own-folder').setInputFiles(golden('hf_cellular'));
  await settled(page);
  assert.equal(await page.getByTestId('model').inputValue(), 'local:hf_cellular');
  const found = await rows(page);
  await chooseModel(page, 'golden/models/hf_cellular/');
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.ok(found.length > 0);
  assert.deepEqual(await rows(page), found, 'chosen or downloaded, it is the same model');

  const zip = await readFile(golden('saved_hub_root.zip'));
  const half = zip.subarray(0, zip.length >> 1);
  await page.getByTestId('own-zip').setInputFiles({ name: 'x.zip', mimeType: 'application/zip', buffer: half });
  await settled(page, 'error');
  assert.equal(await status(page).getAttribute('data-code'), 'archive_invalid');
  assert.match(await status(page).textContent(), /x\.zip/);
  assert.equal(await page.getByTestId('input').inputValue(), 'IL-2 gene expression requires NF-kappa B.');
  await page.close();
});

test('a text of 1 MB leaves the page responsive: progress moves and cancel works', { timeout: LONG }, async () => {
  const page = await open();
  const times = Math.ceil(1_000_000 / SENTENCE.length);
  await dropText(page, 'long.txt', SENTENCE, times);
  const progress = () => status(page).textContent();
  await page.waitForFunction(
    () => /window [\d,]+ of [\d,]{3,}/i.test(document.querySelector('[data-testid="status"]').textContent),
    undefined,
    { timeout: LONG },
  );
  const first = await progress();
  await page.waitForFunction(
    (shown) => document.querySelector('[data-testid="status"]').textContent !== shown,
    first,
    { timeout: LONG },
  );
  await page.getByTestId('cancel').click();
  await settled(page, 'cancelled');
  assert.equal(await page.locator('#length').textContent(), `${(times * SENTENCE.length).toLocaleString('en')} characters`);
  await page.getByTestId('clear-text').click();

  await chooseModel(page, 'tiny/');
  await page.getByTestId('input').fill(SENTENCE);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.deepEqual(await marks(page), IN_SENTENCE);
  await page.close();
});

test('a long document is cut into spans that keep its text and its marks', { timeout: LONG }, async () => {
  const page = await open({}, '?model=tiny/');
  const text = SENTENCE.repeat(500);
  await page.getByTestId('input').fill(text);
  await page.getByTestId('annotate').click();
  await settled(page);
  assert.equal(await page.getByTestId('document').evaluate((element) => element.textContent), text);
  const found = await marks(page);
  const expected = Array.from({ length: 500 }, (_, i) =>
    IN_SENTENCE.map(({ begin, end, ...rest }) => ({ begin: begin + i * SENTENCE.length, end: end + i * SENTENCE.length, ...rest })),
  );
  assert.deepEqual(found, expected.flat());
  const longest = await page.getByTestId('document').locator('.text-span').evaluateAll((spans) =>
    Math.max(...spans.map((span) => span.textContent.length)),
  );
  assert.ok(longest < text.length / 1.5, `a span of ${longest} characters`);
  await page.close();
});
