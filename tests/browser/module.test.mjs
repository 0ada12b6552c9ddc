// The ES module from a page that is not ours, and the wasm under it against recorded cases.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, INSECURE, SENTENCE, browser, bundle, expected, places, root, serve } from './harness.mjs';

const LONG = 300_000;
let chromium;
let server;
let page;

/** Relative to the page; the copy that is served stands in a folder of its own. */
const PIPELINE = {
  glossaPipeline: 1,
  model: '../tiny',
  options: { cleanupMode: 'shrink' },
  annotate: { whiteList: ['DNA', 'protein'], replaceLabels: { DNA: 'GENE', protein: 'GENE' } },
  format: 'csv',
};

before(async () => {
  chromium = await browser();
  server = await serve({
    '/elsewhere/plain.html': '<!doctype html><title>plain</title>',
    '/elsewhere/setups/one.json': JSON.stringify({ ...PIPELINE, model: '../../tiny' }),
  });
  page = await chromium.newPage();
  await page.goto(`${server.address}elsewhere/plain.html`);
});

after(async () => {
  await chromium?.close();
  server?.close();
});

test('five lines annotate', { timeout: LONG }, async () => {
  const texts = expected.map(({ text }) => text);
  const { found, stages } = await page.evaluate(async (texts) => {
    const { Annotator } = await import('/glossa/index.js');
    const stages = new Set();
    const annotator = await Annotator.create({ model: '/tiny/', onProgress: ({ stage }) => stages.add(stage) });
    const found = [];
    for (const text of texts) found.push((await annotator.annotate(text)).chunks);
    annotator.dispose();
    return { found, stages: [...stages] };
  }, texts);
  assert.deepEqual(found.map(places), expected.map(({ chunks }) => places(chunks)));
  found.flat().forEach((chunk, i) => {
    const { confidence } = expected.flatMap(({ chunks }) => chunks)[i];
    assert.ok(Math.abs(chunk.confidence - confidence) < 1e-3, `${chunk.confidence} is not ${confidence}`);
    assert.deepEqual(Object.keys(chunk).sort(), ['begin', 'confidence', 'end', 'entity', 'text']);
  });
  assert.deepEqual(stages, ['engine', 'download', 'prepare', 'ready']);
});

test('the scores of labels are asked for by an option, and are the same from several workers', { timeout: LONG }, async () => {
  const { bare, scored, nullish, refused, long } = await page.evaluate(async (sentence) => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/tiny/', workers: 2 });
    const of = async (text, options) => (await annotator.annotate(text, options)).chunks;
    const found = {
      bare: await of(sentence),
      scored: await of(sentence, { labelScores: 3 }),
      nullish: await of(sentence, { labelScores: null }),
      refused: await of(sentence, { labelScores: 21 }).then(() => 'none', ({ code, message }) => `${code}: ${message}`),
      // So long that its windows are shared.
      long: (await of(sentence.repeat(1500), { labelScores: 3 })).slice(-3),
    };
    annotator.dispose();
    return found;
  }, SENTENCE);
  assert.deepEqual(scored.map(({ tokens: _, ...chunk }) => chunk), bare);
  assert.deepEqual(nullish, bare);
  assert.match(refused, /^option_invalid: .*labelScores/);
  const texts = ({ tokens }) => tokens.map(({ begin, end }) => SENTENCE.slice(begin, end));
  assert.deepEqual(scored.map(texts), [['IL-2', 'gene'], ['NF-kappa', 'B'], ['T', 'cells']]);
  for (const { labels, ...place } of scored.flatMap(({ tokens }) => tokens)) {
    assert.deepEqual(Object.keys(place), ['begin', 'end']);
    assert.equal(labels.length, 3);
    const scores = labels.map(({ score }) => score);
    assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
    assert.ok(scores.reduce((sum, score) => sum + score) <= 1 + 1e-5);
  }
  const names = ({ tokens }) => tokens.map(({ labels }) => labels[0].label);
  // Viterbi took IL-2 for DNA, for the sake of the gene.
  assert.deepEqual(scored.map(names), [['B-protein', 'I-DNA'], ['B-protein', 'I-protein'], ['B-cell_type', 'I-cell_type']]);
  assert.deepEqual(long.map(names), scored.map(names));
  const last = SENTENCE.length * 1499;
  assert.deepEqual(long.map(({ tokens }) => tokens[0].begin - last), scored.map(({ tokens }) => tokens[0].begin));
});

test('a model is on its way before the engine is there, and comes once', { timeout: LONG }, async () => {
  const path = '/pkg/relaxed-simd/glossa_bg.wasm';
  let modelAsked;
  const asked = new Promise((resolve) => (modelAsked = resolve));
  const files = await bundle('/models/mine/');
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
  const found = await plain.evaluate(async (text) => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/models/mine/' });
    const { chunks } = await annotator.annotate(text);
    annotator.dispose();
    return chunks;
  }, SENTENCE);
  assert.deepEqual(places(found), IN_SENTENCE);
  const times = Object.keys(files).map((file) => own.requests.filter((request) => request === file).length);
  assert.deepEqual(times, [1, 1, 1]);
  own.close();
  await plain.close();
});

test('a lone surrogate, CRLF and NUL keep text.slice(begin, end) === chunk.text', { timeout: LONG }, async () => {
  const found = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/tiny/' });
    const texts = ['IL-2\uD800 and\r\nNF-kappa\0B', '\uDC00\uD83E\uDDEC GATA-1 e\u0301\r\n\r\nCD28', 'T\u0301 cells\uD83D'];
    const found = [];
    for (const text of texts) {
      const { chunks } = await annotator.annotate(text);
      found.push(chunks.map(({ begin, end, text: shown }) => [text.slice(begin, end) === shown, begin, end]));
    }
    annotator.dispose();
    return found;
  });
  assert.deepEqual(found, [
    [[true, 0, 5], [true, 11, 21]],
    [[true, 4, 10], [true, 17, 21]],
    [[true, 0, 9]],
  ]);
});

test('errors and cancelling have codes', { timeout: LONG }, async () => {
  const codes = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const code = (promise) => promise.then(() => 'none', (error) => (error instanceof Error ? error.code : 'no error'));
    const annotator = await Annotator.create({ model: '/tiny/' });
    const long = 'IL-2 and NF-kappa B. '.repeat(20_000);
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const running = code(annotator.annotate(long, { signal: controller.signal, onProgress }));
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
  const { downloadModel } = await import('/glossa/worker/download-model.js');
  const { loadEngine } = await import('/glossa/worker/wasm-binary.js');
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
      const { name, files } = await downloadModel(`${location.origin}/golden/models/${model}`, () => {});
      annotators.set(key, Annotator.fromFiles(name, files, options));
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
    const { Annotator, readPipeline } = await import('/glossa/index.js');
    const text = 'IL-2  gene expression requires NF-kappa B.';
    const run = async (pipeline, more = {}, options = {}) => {
      const annotator = await Annotator.create({ pipeline, ...more });
      const { chunks } = await annotator.annotate(text, options);
      annotator.dispose();
      return chunks.map(({ entity, text, confidence }) => [entity, text, confidence]);
    };
    const precision = async (source) => {
      const annotator = await Annotator.create(source);
      annotator.dispose();
      return annotator.info.precision;
    };
    const code = (promise) => promise.then(() => 'none', ({ code, message }) => `${code}: ${message}`);
    const json = JSON.stringify(document);
    return {
      object: await run(document),
      text: await run(json),
      address: await run('/elsewhere/setups/one.json'),
      file: await run(new File([json], 'one.json')),
      called: await run(document, {}, { replaceLabels: {} }),
      overruled: await run({ ...document, model: '/nothing/' }, { model: '/tiny/' }, { whiteList: ['DNA'] }),
      precision: {
        usual: await precision({ pipeline: document }),
        overruled: await precision({ pipeline: document, options: { precision: 'int8' } }),
      },
      read: await readPipeline('/elsewhere/setups/one.json'),
      key: await code(readPipeline({ ...document, optoins: {} })),
      option: await code(Annotator.create({ pipeline: { ...document, options: { cleanupMod: 'each' } } })),
      version: await code(readPipeline({ ...document, glossaPipeline: 2 })),
      missing: await code(readPipeline('/elsewhere/none.json')),
      nameless: await code(Annotator.create({ pipeline: { glossaPipeline: 1 } })),
      percent: await code(Annotator.create({ pipeline: { ...document, model: '/100%/' } })),
      cyclic: await code(readPipeline(Object.assign(document, { model: document }))),
    };
  }, PIPELINE);
  const [gene, protein] = ['IL-2  gene', 'NF-kappa B'];
  const pairs = (chunks) => chunks.map(([entity, text]) => [entity, text]);
  assert.deepEqual(pairs(found.object), [['GENE', gene], ['GENE', protein]]);
  for (const way of ['text', 'address', 'file']) assert.deepEqual(found[way], found.object);
  assert.deepEqual(pairs(found.called), [['DNA', gene], ['protein', protein]]);
  assert.deepEqual(pairs(found.overruled), [['GENE', gene]]);
  assert.deepEqual([found.precision.usual, found.precision.overruled], ['f32', 'int8']);
  assert.equal(found.read.model, `${server.address}tiny`);
  assert.equal(found.read.options.cleanupMode, 'shrink');
  assert.deepEqual(found.read.annotate.entities, ['DNA', 'protein']);
  assert.equal(found.read.format, 'csv');
  assert.match(found.key, /^pipeline_invalid: .*did you mean "options"/);
  assert.match(found.option, /^pipeline_invalid: .*did you mean "cleanupMode"/);
  assert.match(found.version, /^pipeline_invalid: .*version 2/);
  assert.match(found.missing, /^file_missing: .*none\.json/);
  assert.match(found.nameless, /^option_invalid: .*model/);
  assert.match(found.percent, /^option_invalid: .*100%.*%25/);
  assert.match(found.cyclic, /^pipeline_invalid: /);
});

test('a listed file of another content is refused, whoever hashes it', { timeout: LONG }, async () => {
  const flipped = (bytes) => {
    const copy = Buffer.from(bytes);
    copy[copy.length >> 1] ^= 1;
    return copy;
  };
  const other = await serve({
    '/plain.html': '<!doctype html><title>plain</title>',
    ...(await bundle('/models/whole/')),
    ...(await bundle('/models/other/', { 'model.onnx': flipped })),
    ...(await bundle('/models/short/', { 'vocab.txt': (bytes) => bytes.subarray(1) })),
    ...(await bundle('/models/long/', { 'vocab.txt': (bytes) => Buffer.concat([bytes, bytes]) })),
  });
  for (const [host, secure] of [['127.0.0.1', true], [INSECURE, false]]) {
    const plain = await chromium.newPage();
    await plain.goto(`${other.address.replace('127.0.0.1', host)}plain.html`);
    assert.equal(await plain.evaluate(() => isSecureContext), secure);
    const found = await plain.evaluate(async () => {
      const { Annotator } = await import('/glossa/index.js');
      const load = (model) =>
        Annotator.create({ model }).then(
          (annotator) => annotator.dispose(),
          ({ code, message }) => `${code}: ${message.replace(location.origin, '')}`,
        );
      const names = ['whole', 'other', 'short', 'long'];
      return Promise.all(names.map((name) => load(`/models/${name}/`)));
    });
    const [whole, flippedGraph, short, long] = found;
    assert.equal(whole, undefined);
    const mismatch = (file) => `file_mismatch: ${file}: is not the file that it should be: expected`;
    assert.match(flippedGraph, new RegExp(`^${mismatch('/models/other/model.onnx')} sha256 [0-9a-f]{64}, found sha256 `));
    assert.equal(short, `${mismatch('/models/short/vocab.txt')} 181 bytes, found 180 bytes`);
    assert.equal(long, `${mismatch('/models/long/vocab.txt')} 181 bytes, found more`);
    await plain.close();
  }
  other.close();
});
