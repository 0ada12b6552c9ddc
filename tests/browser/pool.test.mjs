// Several workers of one annotator: the same results, one binary, and a worker's death is the death of one request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { browser, serve } from './harness.mjs';

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

/** A new page that remembers the workers that are made. */
async function open() {
  await page?.close();
  page = await chromium.newPage();
  await page.goto(`${server.address}elsewhere/plain.html`);
  await page.evaluate(() => {
    const { Worker } = globalThis;
    globalThis.workers = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        workers.push(this);
      }
    };
    const words = ['IL-2 gene', 'expression of', 'NF-kappa B', 'in T cells', 'and the CD28', 'promoter, which', 'binds', 'GATA-1.'];
    // A text of so many characters, never twice the same sentence.
    globalThis.textOf = (length, seed = 1) => {
      let text = '';
      for (let state = seed; text.length < length; state = (state * 1103515245 + 12345) % 2147483648) {
        text += `${words[Math.floor(state / 65536) % words.length]} `;
      }
      return text.slice(0, length);
    };
  });
}

test('many texts give what one at a time give, in their order, by workers that share one binary', { timeout: LONG }, async () => {
  await open();
  const before = server.requests.length;
  const { one, many, workers, info, progress } = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const texts = Array.from({ length: 60 }, (_, i) => textOf(300 + 40 * i, i + 1));
    const alone = await Annotator.create({ model: '/models/cellular/', workers: 1 });
    const one = [];
    for (const text of texts) one.push(await alone.annotate(text));
    alone.dispose();
    workers.length = 0;
    const annotator = await Annotator.create({ model: '/models/cellular/', workers: 2 });
    await annotator.annotate(texts[0]);
    const idle = workers.length;
    const progress = [];
    const many = await annotator.annotateAll(texts, { onProgress: ({ done, total }) => progress.push([done, total]) });
    const { info } = annotator;
    const made = workers.length;
    annotator.dispose();
    return { one, many, workers: [idle, made], info, progress };
  });
  assert.ok(one.flatMap(({ chunks }) => chunks).length > 100);
  assert.deepEqual(many, one);
  assert.deepEqual(workers, [1, 2], 'the second is started for many texts only');
  assert.equal(info.workers, 2);
  assert.deepEqual([progress[0], progress.at(-1)], [[0, 60], [60, 60]]);
  const binaries = server.requests.slice(before).filter((path) => path.endsWith('.wasm'));
  assert.equal(binaries.length, 2, 'one for each annotator');
});

test('the windows of a long text are shared, and give what one worker gives', { timeout: LONG }, async () => {
  await open();
  const found = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const text = textOf(90_000);
    const results = {};
    for (const [name, source] of Object.entries({
      bundle: { model: '/models/cellular/' },
      viterbi: { model: '/models/cellular/', options: { decoding: 'viterbi' } },
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
    assert.ok(one.annotation.chunks.length > 300, `${name}: ${one.annotation.chunks.length} chunks`);
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
    const { Annotator } = await import('/glossa.js');
    const code = (promise) => promise.then(() => 'done', ({ code }) => code);
    const annotator = await Annotator.create({ model: '/models/cellular/', workers: 2 });
    const expected = (await annotator.annotate('IL-2 gene expression')).chunks.length;
    const long = [1, 2].map((seed) => code(annotator.annotate(textOf(70_000, seed))));
    const short = code(annotator.annotate('NF-kappa B'));
    while (annotator.info.workers < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    // As a browser does when a worker throws what nobody catches.
    workers[0].dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }));
    const codes = { long: await Promise.all(long), short: await short };
    codes.again = (await annotator.annotate('IL-2 gene expression')).chunks.length === expected;
    // No string: the bindings throw what is no error of the engine's, after which a worker counts as lost.
    workers.forEach((worker) => worker.postMessage({ id: 1e9, type: 'annotate', text: 7, options: {} }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    codes.left = annotator.info.workers;
    codes.replaced = (await annotator.annotate('IL-2 gene expression')).chunks.length === expected;
    annotator.dispose();
    return codes;
  });
  assert.deepEqual([...codes.long].sort(), ['done', 'worker_failed']);
  assert.equal(codes.short, 'done');
  assert.ok(codes.again && codes.replaced);
});

test('cancelling reaches all workers, and they go on', { timeout: LONG }, async () => {
  await open();
  const codes = await page.evaluate(async () => {
    const { Annotator } = await import('/glossa.js');
    const code = (promise) => promise.then(() => 'done', ({ code }) => code);
    const annotator = await Annotator.create({ model: '/models/cellular/', workers: 2 });
    const cancel = async (run) => {
      const controller = new AbortController();
      const running = code(run(controller.signal));
      setTimeout(() => controller.abort(), 1500);
      const result = await running;
      const start = performance.now();
      const { chunks } = await annotator.annotate('IL-2 gene expression');
      return [result, chunks.length, performance.now() - start < 1000];
    };
    const many = Array.from({ length: 300 }, (_, i) => textOf(3000, i + 1));
    const codes = {
      many: await cancel((signal) => annotator.annotateAll(many, { signal })),
      long: await cancel((signal) => annotator.annotate(textOf(900_000), { signal })),
      wrong: await code(annotator.annotateAll(['IL-2', 7])),
      option: await code(annotator.annotate(textOf(90_000), { threshold: 2 })),
      workers: await code(Annotator.create({ model: '/models/cellular/', workers: 0 })),
    };
    const waiting = code(annotator.annotateAll(many));
    annotator.dispose();
    codes.disposed = await waiting;
    return codes;
  });
  assert.deepEqual(codes.many, ['cancelled', 1, true]);
  assert.deepEqual(codes.long, ['cancelled', 1, true]);
  assert.equal(codes.wrong, 'input_invalid');
  assert.equal(codes.option, 'option_invalid');
  assert.equal(codes.workers, 'option_invalid');
  assert.equal(codes.disposed, 'disposed');
});
