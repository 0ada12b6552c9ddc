// The ES module from a page that is not ours, and the wasm under it against recorded cases.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browser, bundle, root, serve } from './harness.mjs';

const LONG = 300_000;
let chromium;
let server;
let page;

/** Relative to the page; the copy that is served stands in a folder of its own. */
const PIPELINE = {
  glossaPipeline: 1,
  model: '../models/cellular',
  options: { cleanupMode: 'shrink' },
  annotate: { whiteList: ['DNA', 'protein'], replaceLabels: { DNA: 'GENE', protein: 'GENE' } },
  format: 'csv',
};

before(async () => {
  chromium = await browser();
  server = await serve({
    '/elsewhere/plain.html': '<!doctype html><title>plain</title>',
    '/elsewhere/setups/one.json': JSON.stringify({ ...PIPELINE, model: '../../models/cellular' }),
  });
  page = await chromium.newPage();
  await page.goto(`${server.address}elsewhere/plain.html`);
});

after(async () => {
  await chromium?.close();
  server?.close();
});

test('five lines annotate', { timeout: LONG }, async () => {
  const { chunks, text, stages } = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const stages = [];
    const annotator = await Annotator.create({
      model: '/models/cellular/',
      onProgress: (event) => stages.push(event.stage),
    });
    const text = 'IL-2 gene expression requires NF-kappa B.';
    const { chunks } = await annotator.annotate(text);
    annotator.dispose();
    return { chunks, text, stages };
  });
  assert.ok(chunks.length >= 1);
  for (const chunk of chunks) {
    assert.deepEqual(Object.keys(chunk).sort(), ['begin', 'confidence', 'end', 'entity', 'text']);
    assert.equal(text.slice(chunk.begin, chunk.end), chunk.text);
    assert.ok(chunk.confidence > 0 && chunk.confidence <= 1);
  }
  for (const stage of ['download', 'prepare', 'ready']) assert.ok(stages.includes(stage), stage);
});

test('a model is on its way before the engine is there, and comes once', { timeout: LONG }, async () => {
  const path = '/pkg/relaxed-simd/glossa_bg.wasm';
  let modelAsked;
  const asked = new Promise((resolve) => (modelAsked = resolve));
  const files = await bundle('/models/mine/', 'cellular');
  const own = await serve({
    '/plain.html': '<!doctype html><title>plain</title>',
    ...files,
    '/models/mine/model.onnx': (_, response) => {
      modelAsked();
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(files['/models/mine/model.onnx']);
    },
    [path]: async (_, response) => {
      await asked;
      response.writeHead(200, { 'content-type': 'application/wasm' }).end(await readFile(join(root, 'www', path)));
    },
  });
  const plain = await chromium.newPage();
  await plain.goto(`${own.address}plain.html`);
  const found = await plain.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const annotator = await Annotator.create({ model: '/models/mine/' });
    const { chunks } = await annotator.annotate('IL-2 gene expression requires NF-kappa B.');
    annotator.dispose();
    return chunks.length;
  });
  assert.ok(found >= 1);
  const times = Object.keys(files).map((file) => own.requests.filter((request) => request === file).length);
  assert.deepEqual(times, [1, 1, 1]);
  own.close();
  await plain.close();
});

test('a lone surrogate, CRLF and NUL keep text.slice(begin, end) === chunk.text', { timeout: LONG }, async () => {
  const wrong = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const annotator = await Annotator.create({ model: '/models/cellular/' });
    const texts = ['IL-2\uD800 and\r\nNF-kappa\0B', '\uDC00\uD83E\uDDEC GATA-1 e\u0301\r\n\r\nCD28', 'T\u0301 cells\uD83D'];
    const wrong = [];
    let count = 0;
    for (const text of texts) {
      const { chunks } = await annotator.annotate(text);
      count += chunks.length;
      wrong.push(...chunks.filter((chunk) => text.slice(chunk.begin, chunk.end) !== chunk.text));
    }
    annotator.dispose();
    return count >= 3 ? wrong : `only ${count} chunks`;
  });
  assert.deepEqual(wrong, []);
});

test('errors and cancelling have codes', { timeout: LONG }, async () => {
  const codes = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const code = (promise) => promise.then(() => 'none', (error) => (error instanceof Error ? error.code : 'no error'));
    const annotator = await Annotator.create({ model: '/models/cellular/' });
    const long = 'IL-2 and NF-kappa B. '.repeat(20_000);
    const controller = new AbortController();
    const running = code(annotator.annotate(long, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 300);
    const codes = {
      missing: await code(Annotator.create({ model: '/nothing/' })),
      threshold: await code(annotator.annotate('IL-2', { threshold: 2 })),
      entity: await code(annotator.annotate('IL-2', { entities: ['Nothing'] })),
      unknown: await code(annotator.annotate('IL-2', { modus: 'x' })),
      text: await code(annotator.annotate(7)),
      aborted: await code(annotator.annotate('IL-2', { signal: AbortSignal.abort() })),
      cancelled: await running,
    };
    codes.after = (await annotator.annotate('IL-2 gene')).chunks.length;
    annotator.dispose();
    codes.disposed = await code(annotator.annotate('IL-2'));
    return codes;
  });
  assert.deepEqual(codes, {
    missing: 'model_unrecognised',
    threshold: 'option_invalid',
    entity: 'option_invalid',
    unknown: 'option_invalid',
    text: 'input_invalid',
    aborted: 'cancelled',
    cancelled: 'cancelled',
    after: 1,
    disposed: 'disposed',
  });
});

test('recorded cases of Spark NLP agree through wasm', { timeout: LONG }, async () => {
  let compared = 0;
  for (const name of ['cellular', 'trials', 'cellular_uncased']) {
    const file = await readFile(join(root, 'tests', 'golden', 'cases', `pipeline_${name}.jsonl`), 'utf8');
    const cases = file.trim().split('\n').map((line) => JSON.parse(line)).filter((_, i) => i % 5 === 0);
    const differences = await page.evaluate(compare, cases);
    assert.deepEqual(differences, []);
    compared += cases.length;
  }
  assert.ok(compared >= 200, `${compared} cases`);
});

/** Runs in the page: which cases differ, scores beyond 1e-4 included. */
async function compare(cases) {
  const { loadEngine } = await import('/engine.js');
  const { bindings } = await loadEngine();
  const { Annotator } = bindings;
  const annotators = new Map();
  const differences = [];
  const same = (ours, recorded) =>
    Array.isArray(ours)
      ? ours.length === recorded.length && ours.every((value, i) => same(value, recorded[i]))
      : typeof ours === 'number'
        ? Math.abs(ours - recorded) <= 1e-4
        : ours === recorded;
  for (const { text, model, case_sensitive, max_sentence_length, tokens, ner, chunks } of cases) {
    const options = {
      caseSensitive: case_sensitive,
      maxSentenceLength: max_sentence_length,
      pieces: 'first',
      precision: 'f32',
      labelFromSeparator: true,
    };
    const key = JSON.stringify([model, options]);
    if (!annotators.has(key)) {
      annotators.set(key, await Annotator.fetch(`${location.origin}/golden/models/${model}`, options));
    }
    const annotator = annotators.get(key);
    const labelled = annotator.label(text, { mode: 'truncate' });
    const ours = {
      tokens: labelled.map(({ begin, end }) => [begin, end - 1, text.slice(begin, end)]),
      ner: labelled
        .filter(({ label }) => label !== undefined)
        .map(({ begin, end, label, score }) => [begin, end - 1, label, score]),
      chunks: annotator
        .annotate(text, { mode: 'truncate', padAsO: false })
        .chunks.map(({ begin, end, entity, confidence }) => [begin, end - 1, text.slice(begin, end), entity, confidence]),
    };
    for (const [field, recorded] of Object.entries({ tokens, ner, chunks })) {
      if (!same(ours[field], recorded)) differences.push({ text, field, ours: ours[field], recorded });
    }
  }
  return differences.slice(0, 3);
}

test('a pipeline is taken as an object, as text, at an address and as a file', { timeout: LONG }, async () => {
  const found = await page.evaluate(async (document) => {
    const { Annotator, readPipeline } = await import('/glossa.js');
    const text = 'IL-2  gene expression requires NF-kappa B.';
    const run = async (pipeline, more = {}, options = {}) => {
      const annotator = await Annotator.create({ pipeline, ...more });
      const { chunks } = await annotator.annotate(text, options);
      annotator.dispose();
      return chunks.map(({ entity, text, confidence }) => [entity, text, confidence]);
    };
    const code = (promise) => promise.then(() => 'none', ({ code, message }) => `${code}: ${message}`);
    const json = JSON.stringify(document);
    return {
      object: await run(document),
      text: await run(json),
      address: await run('/elsewhere/setups/one.json'),
      file: await run(new File([json], 'one.json')),
      called: await run(document, {}, { replaceLabels: {} }),
      overruled: await run(document, { options: { precision: 'f32' }, model: '/models/cellular/' }, { whiteList: ['DNA'] }),
      read: await readPipeline('/elsewhere/setups/one.json'),
      key: await code(readPipeline({ ...document, optoins: {} })),
      option: await code(Annotator.create({ pipeline: { ...document, options: { cleanupMod: 'each' } } })),
      version: await code(readPipeline({ ...document, glossaPipeline: 2 })),
      missing: await code(readPipeline('/elsewhere/none.json')),
      nameless: await code(Annotator.create({ pipeline: { glossaPipeline: 1 } })),
      cyclic: await code(readPipeline(Object.assign(document, { model: document }))),
    };
  }, PIPELINE);
  assert.ok(found.object.length >= 1);
  assert.ok(found.object.every(([entity]) => entity === 'GENE'), JSON.stringify(found.object));
  for (const way of ['text', 'address', 'file']) assert.deepEqual(found[way], found.object);
  assert.deepEqual(found.called.map(([, text]) => text), found.object.map(([, text]) => text));
  assert.ok(found.called.every(([entity]) => entity === 'DNA' || entity === 'protein'));
  assert.ok(found.overruled.length <= found.object.length);
  assert.equal(found.read.model, `${server.address}models/cellular`);
  assert.equal(found.read.options.cleanupMode, 'shrink');
  assert.deepEqual(found.read.annotate.entities, ['DNA', 'protein']);
  assert.equal(found.read.format, 'csv');
  assert.match(found.key, /^pipeline_invalid: .*did you mean "options"/);
  assert.match(found.option, /^pipeline_invalid: .*did you mean "cleanupMode"/);
  assert.match(found.version, /^pipeline_invalid: .*version 2/);
  assert.match(found.missing, /^file_missing: .*none\.json/);
  assert.match(found.nameless, /^option_invalid: .*model/);
  assert.match(found.cyclic, /^pipeline_invalid: /);
});
