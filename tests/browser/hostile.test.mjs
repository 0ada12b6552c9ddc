// Files made to harm, opened on the page: each is refused with its code, or read, and the page goes on with the model before.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { IN_SENTENCE, SENTENCE, browser, root, serve } from './harness.mjs';
import { chooseModel, marks, settled, status } from './page.mjs';

const LONG = 300_000;
const HOSTILE = join(root, 'tests', 'hostile');
const TOKENIZERS = join(root, 'tests', 'tokenizers', 'hostile');
const LABELS = 20_000;
let chromium;
let server;
let page;
let made;

before(async () => {
  chromium = await browser();
  server = await serve();
  made = await mkdtemp(join(tmpdir(), 'glossa-hostile-'));
  page = await chromium.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`${server.address}?model=tiny/`);
});

after(async () => {
  await chromium?.close();
  server?.close();
  if (made) await rm(made, { recursive: true });
});

/** A folder of the repository as it is. */
const folder = (name) => async () => ({ folder: join(HOSTILE, name, 'model'), text: await readFile(join(HOSTILE, name, 'text.txt'), 'utf8') });

/** A tokenizer under its own name, beside the model that it belongs to. */
const tokenizer = (name, text) => async () => {
  const at = join(made, name.replace('.json', ''));
  await mkdir(at);
  for (const file of ['config.json', 'model.onnx']) await cp(join(TOKENIZERS, file), join(at, file));
  await cp(join(TOKENIZERS, name), join(at, 'tokenizer.json'));
  return { folder: at, text };
};

const pipeline = (name, text) => async () => ({ pipeline: join(HOSTILE, name, 'pipeline.json'), text });

/** One file under another, so that what is written of it twice doubles each time. */
async function duplicateOutputs() {
  const at = join(made, 'duplicate-outputs');
  await cp(join(HOSTILE, 'duplicate-outputs', 'model'), at, { recursive: true });
  await writeFile(join(at, 'model.onnx'), gunzipSync(await readFile(join(at, 'model.onnx.gz'))));
  await rm(join(at, 'model.onnx.gz'));
  return { folder: at, text: 'IL-2 gen' };
}

/** An ONNX graph that gives so many labels for each piece, and their names: in protocol buffers, field by field. */
async function manyLabels() {
  const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))]);
  const number = (field, value) => Buffer.from([...varint(field * 8), ...varint(value)]);
  const bytes = (field, ...parts) => {
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
    return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
  };
  const node = (operator, inputs, output) => bytes(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, operator));
  const tensor = (name, rows, columns) => {
    const ones = Buffer.from(new Float32Array(rows * columns).fill(1).buffer);
    return bytes(5, number(1, rows), number(1, columns), number(2, 1), bytes(8, name), bytes(9, ones));
  };
  const value = (field, name, type) => bytes(field, bytes(1, name), bytes(2, bytes(1, number(1, type))));
  const graph = bytes(7,
    node('Gather', ['table', 'input_ids'], 'embedded'), node('MatMul', ['embedded', 'weights'], 'logits'), bytes(2, 'g'),
    tensor('table', 4, 1), tensor('weights', 1, LABELS), value(11, 'input_ids', 7), value(12, 'logits', 1));
  const at = join(made, 'many-labels');
  await mkdir(join(at, 'assets'), { recursive: true });
  await writeFile(join(at, 'model.onnx'), Buffer.concat([number(1, 8), graph, bytes(8, bytes(1, ''), number(2, 17))]));
  const labels = Array.from({ length: LABELS - 1 }, (_, i) => `B-${i}`);
  await writeFile(join(at, 'assets', 'labels.txt'), ['O', ...labels, ''].join('\n'));
  await writeFile(join(at, 'assets', 'vocab.txt'), '[UNK]\n[CLS]\n[SEP]\na\n');
  return { folder: at, text: 'IL-2 gene expression' };
}

/** Each case: what is opened, then the code and the words that it is refused with; without them it is read. */
const CASES = {
  'LayerNormalization of an axis far below zero': [folder('layernorm-axis'), 'graph_invalid', /there is no axis/],
  'an output that is named as nothing is': [folder('output-name'), 'graph_invalid', /output/],
  'a Gather beyond its table': [folder('gather-out-of-range'), 'inference_failed', /index 4 of a table of 4 rows/],
  'a Pad by a negative number': [folder('pad-negative'), 'graph_invalid', /pads by/],
  'a Pad to more than there is memory': [folder('pad-shape-too-large'), 'graph_invalid', /Pad/],
  'a reduction over axes that are not there': [folder('reduce-axes'), 'graph_invalid', /axis|axes/],
  'a constant of 32 GB': [folder('allocation'), 'graph_invalid', /./],
  'outputs of one name that double each time': [duplicateOutputs, 'graph_invalid', /is given twice/],
  'a Transpose by what is no permutation': [folder('transpose-perm'), 'graph_invalid', /no permutation/],
  'a Transpose that repeats an axis': [folder('transpose-repeated'), 'graph_invalid', /no permutation/],
  'a pattern whose analysis doubles with each bracket': [pipeline('regex-width', 'IL-2 gene expression')],
  'a back-reference that fails at every character': [pipeline('regex-backreference', 'a'.repeat(200_000)), 'option_invalid', /more steps on this text than are allowed/],
  'references of Java that multiply a name': [async () => ({ zip: join(HOSTILE, 'java-reference-bomb', 'model.zip'), text: SENTENCE }), 'archive_invalid', /more bytes than the record/],
  '20,000 labels': [manyLabels],
  'a normaliser that doubles a letter 34 times': [tokenizer('growing_normalizer.json', 'a'), 'vocabulary_invalid', /times longer/],
  'a template with a piece that is not there': [tokenizer('undefined_in_template.json', 'a'), 'vocabulary_invalid', /template|special/i],
  'a word of 10,000 letters without a limit of the tokenizer': [tokenizer('unlimited_words.json', 'a'.repeat(10_000))],
};

for (const [name, [make, code, said]] of Object.entries(CASES)) {
  test(name, { timeout: LONG }, async () => {
    const { folder, zip, pipeline, text } = await make();
    await page.getByTestId('input').fill(text);
    const [door, path] = folder ? ['own-folder', folder] : zip ? ['own-zip', zip] : ['open-pipeline', pipeline];
    await page.getByTestId(door).setInputFiles(path);
    await page.waitForSelector('[data-testid="status"]:is([data-state="done"], [data-state="error"])', { timeout: LONG });
    const shown = await status(page).textContent();
    assert.equal((await status(page).getAttribute('data-code')) ?? undefined, code, shown);
    if (code) assert.match(shown, said);
    assert.equal(await page.getByTestId('input').inputValue(), text);

    await page.getByTestId('reset-settings').dispatchEvent('click');
    await chooseModel(page, 'tiny/');
    await page.getByTestId('input').fill(SENTENCE);
    await page.getByTestId('annotate').click();
    await settled(page);
    assert.deepEqual(await marks(page), IN_SENTENCE);
    assert.deepEqual(page.complaints, []);
  });
}
