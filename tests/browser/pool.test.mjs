// Several workers of one annotator: the same results, one binary, and a worker's death is the death of one request.
/* global sentence, textOf, windowsRun, workers -- open() sets them in the page */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SENTENCE, browser, serve } from './harness.mjs';

const LONG = 900_000;
let chromium;
let server;
let page;

before(async () => {
  chromium = await browser();
  server = await serve({ '/elsewhere/plain.html': '<!doctype html><title>plain</title>' });
});

after(async () => {
  await chromium?.close();
  server?.close();
});

/** A new page that remembers the workers that are made, and how far each has told that its requests are. */
async function open() {
  await page?.close();
  page = await chromium.newPage();
  await page.goto(`${server.address}elsewhere/plain.html`);
  await page.evaluate((sentence) => {
    const { Worker } = globalThis;
    globalThis.sentence = sentence;
    globalThis.workers = [];
    /** Windows run of each request, over all workers. */
    globalThis.windowsRun = new Map();
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        workers.push(this);
        this.addEventListener('message', ({ data: { id, event } }) => {
          if (event?.stage === 'annotate') windowsRun.set(`${workers.indexOf(this)}:${id}`, event.done);
        });
      }
    };
    /** A text of so many characters and more, with three chunks in each sentence. */
    globalThis.textOf = (length) => sentence.repeat(Math.ceil(length / sentence.length));
  }, SENTENCE);
}

test('many texts give what one at a time give, in their order, by workers that share one binary', { timeout: LONG }, async () => {
  await open();
  const before = server.requests.length;
  const { one, many, workers, info, progress } = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const texts = Array.from({ length: 60 }, (_, i) => sentence.repeat(10 + i));
    const alone = await Annotator.create({ model: '/tiny/', workers: 1 });
    const one = [];
    for (const text of texts) one.push(await alone.annotate(text));
    alone.dispose();
    const isKept = async () => (await (await caches.open('glossa-hashed')).keys()).some(({ url }) => url.includes('.wasm'));
    while (!(await isKept())) await new Promise((resolve) => setTimeout(resolve, 20));
    workers.length = 0;
    const annotator = await Annotator.create({ model: '/tiny/', workers: 2 });
    await annotator.annotate(texts[0]);
    const idle = workers.length;
    const progress = [];
    const outcomes = await Array.fromAsync(annotator.annotateAll(texts, { onProgress: ({ done, total }) => progress.push([done, total]) }));
    const many = outcomes.map(({ annotation }) => annotation);
    const { info } = annotator;
    const made = workers.length;
    annotator.dispose();
    return { one, many, workers: [idle, made], info, progress };
  });
  assert.deepEqual(one.map(({ chunks }) => chunks.length), one.map((_, i) => 3 * (10 + i)));
  assert.deepEqual(many, one);
  assert.deepEqual(workers, [1, 2], 'the second is started for many texts only');
  assert.equal(info.workers, 2);
  assert.deepEqual([progress[0], progress.at(-1)], [[0, 60], [60, 60]]);
  const binaries = server.requests.slice(before).filter((path) => path.endsWith('.wasm'));
  assert.equal(binaries.length, 1, 'the second annotator has it from the device');
});

test('the windows of a long text are shared, and give what one worker gives', { timeout: LONG }, async () => {
  await open();
  const found = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const text = sentence.repeat(1500);
    const results = {};
    for (const [name, source] of Object.entries({
      bundle: { model: '/tiny/' },
      argmax: { model: '/tiny/', options: { decoding: 'argmax' } },
      'hugging face': { model: '/golden/models/hf_cellular/' },
    })) {
      const run = async (workers, progress) => {
        const annotator = await Annotator.create({ ...source, workers });
        const onProgress = progress && (({ done, total }) => progress.push([done, total]));
        const annotation = await annotator.annotate(text, { onProgress });
        const made = annotator.info.workers;
        annotator.dispose();
        return { annotation, made };
      };
      const progress = [];
      results[name] = { one: await run(1), two: await run(2, progress), progress };
    }
    return results;
  });
  for (const [name, { one, two, progress }] of Object.entries(found)) {
    const { length } = one.annotation.chunks;
    if (name === 'hugging face') assert.ok(length > 0);
    else assert.equal(length, 3 * 1500, name);
    assert.deepEqual(two.annotation, one.annotation, name);
    assert.deepEqual([one.made, two.made], [1, 2], name);
    const { windows } = one.annotation;
    assert.deepEqual(progress.at(-1), [windows, windows], name);
    assert.ok(progress.every(([done], i) => i === 0 || done >= progress[i - 1][0]), `${name}: progress goes back`);
  }
});

test('a worker that dies fails its own request, and is replaced', { timeout: LONG }, async () => {
  await open();
  const codes = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const messages = [];
    const code = (promise) => promise.then(() => 'done', ({ code, message }) => (messages.push(message), code));
    const annotator = await Annotator.create({ model: '/tiny/?v=2', workers: 2 });
    const expected = (await annotator.annotate('IL-2 gene expression')).chunks.length;
    const long = Array.from({ length: 4 }, () => code(annotator.annotate(textOf(70_000))));
    const short = code(annotator.annotate('NF-kappa B'));
    while (annotator.info.workers < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    // As a browser does when a worker throws what nobody catches.
    workers[0].dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
    const codes = { long: await Promise.all(long), short: await short, messages };
    codes.again = (await annotator.annotate('IL-2 gene expression')).chunks.length === expected;
    // No string: the bindings throw what is no error of the engine's, after which a worker counts as lost.
    workers.forEach((worker) => worker.postMessage({ id: 1e9, type: 'annotate', text: 7, options: {} }));
    while (annotator.info.workers > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    codes.replaced = (await annotator.annotate('IL-2 gene expression')).chunks.length === expected;
    codes.workers = annotator.info.workers;
    const trapped = code(annotator.annotate(textOf(9_000)));
    workers.at(-1).dispatchEvent(new MessageEvent('message', { data: { type: 'failed', message: 'the engine stopped: unreachable' } }));
    codes.trapped = await trapped;
    codes.afterTrap = (await annotator.annotate('IL-2 gene expression')).chunks.length === expected;
    annotator.dispose();
    return codes;
  });
  const [memory, trap] = codes.messages;
  assert.match(memory, /^http:\S+\/tiny\/: out of memory\. The tab has not enough memory for it: .*smaller file/);
  assert.match(trap, /^http:\S+\/tiny\/: the engine stopped: unreachable\. Try again: /);
  assert.deepEqual([codes.trapped, codes.afterTrap], ['worker_failed', true]);
  assert.deepEqual([...codes.long].sort(), ['done', 'done', 'done', 'worker_failed']);
  assert.equal(codes.short, 'done');
  assert.ok(codes.again && codes.replaced);
  assert.equal(codes.workers, 1, 'one is enough for a short text');
});

test('cancelling reaches all workers, and they go on', { timeout: LONG }, async () => {
  await open();
  const codes = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const code = (promise) => promise.then(() => 'done', ({ code }) => code);
    const annotator = await Annotator.create({ model: '/tiny/', workers: 2 });
    const sum = () => [...windowsRun.values()].reduce((sum, windows) => sum + windows, 0);
    const bothRun = () => new Set([...windowsRun.keys()].map((key) => key.split(':')[0])).size === 2;
    /** Cancels a run once both workers are at it. Tells how it ended, and how many windows it went on to. */
    const cancel = async (run) => {
      windowsRun.clear();
      const controller = new AbortController();
      const running = code(run(controller.signal));
      while (!bothRun()) await new Promise((resolve) => setTimeout(resolve, 20));
      controller.abort();
      const result = await running;
      // A worker serves one request after the other: when both have served one of these, the old ones are over.
      const [one, two] = await Promise.all([1, 2].map(() => annotator.annotate(textOf(50_000))));
      const before = sum() - one.windows - two.windows;
      return { result, before, chunks: [one, two].map(({ chunks }) => chunks.length) };
    };
    const many = Array.from({ length: 300 }, () => textOf(9_000));
    const long = textOf(2_700_000);
    const all = await annotator.annotate(textOf(9_000));
    const codes = {
      windows: 300 * all.windows,
      expected: Array(2).fill(3 * Math.ceil(50_000 / sentence.length)),
      many: await cancel((signal) => Array.fromAsync(annotator.annotateAll(many, { signal }))),
      long: await cancel((signal) => annotator.annotate(long, { signal })),
      option: await code(annotator.annotate(textOf(90_000), { threshold: 2 })),
      workers: await code(Annotator.create({ model: '/tiny/', workers: 0 })),
    };
    const waiting = code(Array.fromAsync(annotator.annotateAll(many)));
    annotator.dispose();
    codes.disposed = await waiting;
    return codes;
  });
  for (const { result, before, chunks } of [codes.many, codes.long]) {
    assert.equal(result, 'cancelled');
    assert.ok(before < codes.windows, `${before} of about ${codes.windows} windows were run`);
    assert.deepEqual(chunks, codes.expected);
  }
  assert.equal(codes.option, 'option_invalid');
  assert.equal(codes.workers, 'option_invalid');
  assert.equal(codes.disposed, 'disposed');
});

test('many texts: one that fails does not end the others, and no more are taken than are asked for', { timeout: LONG }, async () => {
  await open();
  const found = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/tiny/', workers: 2 });
    const tell = ({ index, annotation, error }) => [index, annotation?.chunks.length ?? error.code];
    const mixed = await Array.fromAsync(annotator.annotateAll([sentence, 7, '', sentence.repeat(2), null]), tell);
    let taken = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) {
          taken += 1;
          yield sentence.repeat(100);
        }
      } finally {
        closed = true;
      }
    }
    const some = [];
    for await (const outcome of annotator.annotateAll(endless())) {
      some.push(tell(outcome));
      if (some.length === 5) break;
    }
    const slow = async function* () {
      yield sentence;
      // The first result is there before the second text is.
      await first;
      yield sentence;
    };
    let go;
    const first = new Promise((resolve) => (go = resolve));
    const late = [];
    for await (const outcome of annotator.annotateAll(slow())) {
      late.push(tell(outcome));
      go();
    }
    const broken = async function* () {
      yield sentence;
      throw new RangeError('the source broke off');
    };
    const seen = [];
    const source = await (async () => {
      for await (const outcome of annotator.annotateAll(broken())) seen.push(tell(outcome));
    })().then(() => 'done', String);
    const option = await Array.fromAsync(annotator.annotateAll([sentence], { threshold: 2 })).then(() => 'done', ({ code }) => code);
    const still = (await annotator.annotate(sentence)).chunks.length;
    annotator.dispose();
    return { mixed, some, taken, closed, late, seen, source, option, still };
  });
  assert.deepEqual(found.mixed, [[0, 3], [1, 'input_invalid'], [2, 0], [3, 6], [4, 'input_invalid']]);
  assert.deepEqual(found.some, [0, 1, 2, 3, 4].map((index) => [index, 300]));
  assert.ok(found.closed && found.taken < 60, `${found.taken} texts were taken for 5 results`);
  assert.deepEqual(found.late, [[0, 3], [1, 3]]);
  assert.equal(found.source, 'RangeError: the source broke off');
  assert.deepEqual([found.option, found.still], ['option_invalid', 3]);
});

test('a document is annotated with what it has', { timeout: LONG }, async () => {
  await open();
  const found = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/tiny/', workers: 1 });
    const mention = { spans: [{ begin: 0, end: 4 }], text: 'IL-2', entity: 'Gene', identifier: '3558' };
    const given = { id: '7', text: sentence, passages: [{ begin: 0, end: 10, kind: 'title' }], mentions: [mention] };
    const document = await annotator.annotateDocument(given);
    annotator.dispose();
    return { document, given };
  });
  assert.equal(found.given.mentions.length, 1, 'what is given stays as it is');
  const [first, ...others] = found.document.mentions;
  assert.deepEqual(first, found.given.mentions[0]);
  assert.deepEqual(others.map(({ entity, text, by }) => [entity, text, by.who]), [['DNA', 'IL-2 gene', 'model'], ['protein', 'NF-kappa B', 'model'], ['cell_type', 'T cells', 'model']]);
  assert.deepEqual(found.document.passages, found.given.passages);
});
