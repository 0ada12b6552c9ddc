// Workers that end, hang, trap or run out of memory, calls that are given up, and annotators that are disposed of, at every moment.
/* global Annotator, annotator, end, running, sentence, controller -- open() and the tests set them in the page */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Gate } from './gate.mjs';
import { IN_SENTENCE, INSECURE, SENTENCE, browser, bundle, places, serve } from './harness.mjs';
import { dropText, marks, settled, status } from './page.mjs';

const LONG = 300_000;
/** Sentences of a text that takes seconds, so that much can happen meanwhile. */
const MANY = 10_000;
const gate = new Gate();
let chromium;
let server;

before(async () => {
  chromium = await browser();
  const files = await bundle('/held/');
  server = await serve({
    '/plain.html': '<!doctype html><title>plain</title>',
    ...files,
    '/held/model.onnx': async (_, response) => {
      await gate.pass();
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(files['/held/model.onnx']);
    },
  });
});

after(async () => {
  await chromium?.close();
  await server?.stop();
});

/** A page that has the package; it is closed when the test ends. */
async function open(context, { host = '127.0.0.1', of = chromium } = {}) {
  const page = await of.newPage();
  context.after(async () => {
    gate.open();
    await page.close();
  });
  page.made = [];
  page.on('worker', (worker) => page.made.push(worker));
  await page.goto(`${server.address.replace('127.0.0.1', host)}plain.html`);
  await page.evaluate(async (sentence) => {
    const { Annotator } = await import('/glossa/index.js');
    /** How a promise ends: 'done', or the error's code. */
    const end = (promise) => promise.then(() => 'done', ({ code }) => code ?? 'no code');
    Object.assign(globalThis, { Annotator, end, sentence });
  }, SENTENCE);
  return page;
}

/** Resolves when what is asked of the page, or of the test, is true. */
async function until(condition) {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const create = (page, options = {}) =>
  page.evaluate(async (options) => void (globalThis.annotator = await Annotator.create({ model: '/tiny/', ...options })), options);

/** Starts on a text that takes a while. Resolves when the worker is at it. */
async function start(page, sentences = MANY) {
  await page.evaluate(
    (sentences) => {
      globalThis.windowsRun = 0;
      globalThis.controller = new AbortController();
      const onProgress = ({ done }) => (globalThis.windowsRun = done);
      globalThis.running = annotator.annotate(sentence.repeat(sentences), { onProgress, signal: controller.signal });
      globalThis.ended = '';
      running.catch(({ message }) => (globalThis.ended = message));
    },
    sentences,
  );
  await until(() => page.evaluate(() => globalThis.windowsRun > 0 || globalThis.ended));
  assert.equal(await page.evaluate(() => globalThis.ended), '');
}

/** The worker ends, without an event or a message. */
const close = (worker) => worker.evaluate(() => self.close());

/** The worker does not come to take messages any more. */
const hang = (worker) => worker.evaluate(() => void setTimeout(() => { for (;;); }));

const ended = (page) => page.evaluate(() => end(running));
const found = async (page) => places(await page.evaluate(async () => (await annotator.annotate(sentence)).chunks));
/** The number of workers that hold their lock, by which their end is noticed. */
const locks = (page) => page.evaluate(async () => (await navigator.locks.query()).held.length);
const alive = (page) => page.workers().length;

test('a worker that ends without a word is replaced, and what it was at is done by another', { timeout: LONG }, async (context) => {
  const page = await open(context);
  gate.close();
  await page.evaluate(() => void (globalThis.creating = Annotator.create({ model: '/held/', workers: 1 })));
  await gate.held();
  await close(page.made[0]);
  await until(() => page.made.length === 2);
  gate.open();
  await page.evaluate(async () => void (globalThis.annotator = await globalThis.creating));
  assert.deepEqual(await found(page), IN_SENTENCE, 'closed while it loaded');

  await close(page.made[1]);
  assert.deepEqual(await found(page), IN_SENTENCE, 'closed while it was idle');
  assert.equal(page.made.length, 3);

  await start(page);
  await close(page.made[2]);
  assert.equal(await page.evaluate(async () => (await running).chunks.length), 3 * MANY, 'closed while it was at work');
  assert.equal(page.made.length, 4);
});

test('of several workers that share a text one ends without a word, and nothing of the text is missing', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 2 });
  await start(page);
  await until(() => page.made.length === 2);
  await until(() => page.evaluate(() => globalThis.windowsRun > 1000));
  await close(page.made[1]);
  const { chunks, windows } = await page.evaluate(() => running);
  assert.deepEqual([chunks.length, chunks.at(-1).end], [3 * MANY, SENTENCE.length * MANY - (SENTENCE.length - IN_SENTENCE[2].end)]);
  assert.ok(windows > MANY / 2);
});

test('on the page, work goes on without a worker that ended, and can be cancelled and asked for again', { timeout: LONG }, async (context) => {
  const page = await chromium.newPage();
  context.after(() => page.close());
  const made = [];
  page.on('worker', (worker) => made.push(worker));
  await page.addInitScript(() => {
    // One worker, so that it is the one that works.
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 1 });
    const { Worker } = globalThis;
    let count = 0;
    /** Which of the workers have told that they are at a text. */
    globalThis.atWork = new Set();
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        const index = count++;
        this.addEventListener('message', ({ data: { event } }) => event?.stage === 'annotate' && event.done > 0 && globalThis.atWork.add(index));
      }
    };
  });
  await page.goto(`${server.address}?model=tiny/`);
  const run = async () => {
    await page.evaluate(() => globalThis.atWork.clear());
    await dropText(page, 'long.txt', SENTENCE, MANY);
    await atWork();
  };
  const atWork = () => until(() => page.evaluate((index) => globalThis.atWork.has(index), made.length - 1));
  const check = async () => {
    await page.getByTestId('clear-text').click();
    await page.getByTestId('input').fill(SENTENCE);
    await page.getByTestId('annotate').click();
    await settled(page);
    assert.deepEqual(await marks(page), IN_SENTENCE);
  };
  await run();
  await close(made.at(-1));
  await settled(page);
  assert.match(await status(page).textContent(), /^30,000 chunks/);
  assert.equal(made.length, 2);

  await run();
  for (const count of [2, 3]) {
    await until(() => made.length === count);
    await atWork();
    await close(made.at(-1));
  }
  await settled(page, 'error');
  assert.equal(await status(page).getAttribute('data-code'), 'worker_failed');
  assert.equal(await page.locator('#length').textContent(), '590,000 characters');
  await check();

  await run();
  await hang(made.at(-1));
  await page.getByTestId('cancel').click();
  await settled(page, 'cancelled');
  await check();
});

test('a request is tried once more, and not for ever', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1 });
  await start(page);
  for (const time of [0, 1]) {
    await until(() => page.made.length === time + 1);
    await page.evaluate(() => (globalThis.windowsRun = 0));
    await until(() => page.evaluate(() => globalThis.windowsRun > 0));
    await close(page.made[time]);
  }
  assert.equal(await ended(page), 'worker_failed');
  assert.match(await page.evaluate(() => globalThis.ended), /\/tiny\/: the worker ended without a word\. Try again/);
  assert.deepEqual(await found(page), IN_SENTENCE);

  gate.close();
  await page.evaluate(() => void (globalThis.running = Annotator.create({ model: '/held/' })));
  await gate.held();
  await close(page.made.at(-1));
  const { length } = page.made;
  await until(() => page.made.length > length);
  await until(async () => (await locks(page)) === 2);
  await close(page.made.at(-1));
  assert.equal(await ended(page), 'worker_failed');
});

test('a worker that hangs at a text is given up after the limit of silence', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1, silenceTimeout: 2000 });
  await start(page);
  await hang(page.made[0]);
  assert.equal(await ended(page), 'worker_failed');
  assert.match(await page.evaluate(() => globalThis.ended), /\/tiny\/: the engine has given no sign of life for 2 seconds\. Try again/);
  assert.deepEqual(await found(page), IN_SENTENCE);
  await until(() => alive(page) === 1);
});

test('where there are no locks, a worker that ends is noticed by its silence', { timeout: LONG }, async (context) => {
  const page = await open(context, { host: INSECURE });
  assert.equal(await page.evaluate(() => navigator.locks), undefined);
  await create(page, { workers: 1, silenceTimeout: 2000 });
  await start(page);
  await close(page.made[0]);
  assert.equal(await ended(page), 'worker_failed');
  assert.deepEqual(await found(page), IN_SENTENCE);
});

test('a model whose preparation goes on for ever is given up with load_limit, a download that takes long is not', { timeout: LONG }, async (context) => {
  const page = await open(context);
  gate.close();
  const load = (options) =>
    page.evaluate((options) => {
      globalThis.running = Annotator.create({ model: '/held/', ...options });
      running.catch(({ message }) => (globalThis.ended = message));
      // As often as the worker is pinged, and twice as long.
      globalThis.ticks = 0;
      setInterval(() => (globalThis.ticks += 1), 200);
    }, options);
  await load({ loadTimeout: 2000 });
  await gate.held();
  await until(() => page.evaluate(() => globalThis.ticks > 22));
  await hang(page.made[0]);
  assert.equal(await ended(page), 'load_limit');
  assert.match(await page.evaluate(() => globalThis.ended), /\/held\/: it was not ready after 2 seconds of work without progress.*loadTimeout/);
  await until(() => alive(page) === 0);
  gate.open();
  await load({ loadTimeout: 0 });
  assert.equal(await ended(page), 'done');
  const refused = await page.evaluate(() =>
    Promise.all([{ loadTimeout: -1 }, { silenceTimeout: '5' }, { loadTimeout: NaN }].map((more) => end(Annotator.create({ model: '/tiny/', ...more })))),
  );
  assert.deepEqual(refused, Array(3).fill('option_invalid'));
});

test('an abort ends a worker that does not stop, and leaves one that does', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1 });
  await start(page);
  await page.evaluate(() => controller.abort());
  assert.equal(await ended(page), 'cancelled');
  assert.deepEqual(await found(page), IN_SENTENCE);
  assert.equal(page.made.length, 1);

  await start(page);
  await hang(page.made[0]);
  const gone = new Promise((resolve) => page.made[0].once('close', resolve));
  await page.evaluate(() => controller.abort());
  assert.equal(await ended(page), 'cancelled', 'at once');
  assert.deepEqual(await found(page), IN_SENTENCE, 'by another worker');
  await gone;
  assert.deepEqual([page.made.length, alive(page)], [2, 1]);
});

test('an abort reaches a worker that cuts a text of 10 MB into words, which is one call of the engine', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1 });
  const codes = await page.evaluate(async () => {
    const controller = new AbortController();
    const running = end(annotator.annotate(sentence.repeat(170_000), { signal: controller.signal }));
    controller.abort();
    return [await running, (await annotator.annotate(sentence)).chunks.length];
  });
  assert.deepEqual(codes, ['cancelled', 3]);
});

test('a trap and an error that nobody catches fail one request', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1 });
  for (const [fault, said] of [
    [() => void setTimeout(() => { throw new Error('a fault of the engine'); }), /a fault of the engine/],
    [() => void setTimeout(() => WebAssembly.instantiate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 5, 1, 3, 0, 0, 11)).then(() => {}, (trap) => { setTimeout(() => { throw trap; }); })), /unreachable/],
  ]) {
    await start(page);
    await page.made.at(-1).evaluate(fault);
    assert.equal(await ended(page), 'worker_failed');
    assert.match(await page.evaluate(() => globalThis.ended), said);
    assert.deepEqual(await found(page), IN_SENTENCE);
    await until(() => alive(page) === 1);
  }
});

test('a text that the memory does not hold fails its request, and the next one is answered', { timeout: LONG }, async (context) => {
  // Pages of 64 KiB: what the tiny model and a short text take, and not much more.
  const small = await browser({ args: ['--js-flags=--wasm-max-mem-pages=640'] });
  context.after(() => small.close());
  const page = await open(context, { of: small });
  await create(page, { workers: 1 });
  await page.evaluate(() => {
    globalThis.running = annotator.annotate(sentence.repeat(170_000));
    running.catch(({ message }) => (globalThis.ended = message));
  });
  assert.equal(await ended(page), 'worker_failed');
  assert.match(await page.evaluate(() => globalThis.ended), /\/tiny\/: the engine stopped: /);
  assert.deepEqual(await found(page), IN_SENTENCE);
});

test('dispose leaves no worker behind, at whatever moment', { timeout: LONG }, async (context) => {
  const page = await open(context);
  const during = (stage) => page.evaluate(async (stage) => {
    const controller = new AbortController();
    const codes = [];
    let told;
    const reached = new Promise((resolve) => (told = resolve));
    const onProgress = (event) => event.stage === stage && told();
    const creating = Annotator.create({ model: '/tiny/', workers: 2, signal: controller.signal, onProgress });
    creating.catch(() => {});
    if (stage) await reached;
    controller.abort();
    codes.push(await end(creating));
    // The first is ready before it can be given up.
    if (codes[0] === 'done') (await creating).dispose();
    return codes[0];
  }, stage);
  for (const stage of [null, 'engine', 'download', 'prepare']) {
    assert.equal(await during(stage), 'cancelled', `while it loads: ${stage}`);
    await until(() => alive(page) === 0);
  }
  const moments = {
    'when it is ready': () => [],
    'with a call that has just begun': (annotator) => [annotator.annotate(sentence)],
    'with many calls': (annotator) => Array.from({ length: 100 }, () => annotator.annotate(sentence.repeat(1000))),
    'while a second worker starts': async (annotator) => {
      const calls = Array.from({ length: 20 }, () => annotator.annotate(sentence.repeat(1000)));
      while (annotator.info.workers < 2) await new Promise((resolve) => setTimeout(resolve));
      return calls;
    },
    'within a long text': async (annotator) => {
      let told;
      const reached = new Promise((resolve) => (told = resolve));
      const call = annotator.annotate(sentence.repeat(5000), { onProgress: ({ done }) => done > 10 && told() });
      await reached;
      return [call];
    },
    'within an abort': (annotator) => {
      const controller = new AbortController();
      const call = annotator.annotate(sentence.repeat(50_000), { signal: controller.signal });
      controller.abort();
      return [call, annotator.annotate(sentence)];
    },
  };
  for (const [moment, calls] of Object.entries(moments)) {
    const codes = await page.evaluate(async (source) => {
      const annotator = await Annotator.create({ model: '/tiny/', workers: 2 });
      const calls = await eval(source)(annotator);
      const codes = calls.map(end);
      annotator.dispose();
      annotator.dispose();
      const late = await end(annotator.annotate(sentence));
      return [late, annotator.info.workers, ...new Set(await Promise.all(codes))];
    }, String(calls));
    const expected = { 'when it is ready': [], 'within an abort': ['cancelled', 'disposed'] }[moment] ?? ['disposed'];
    assert.deepEqual(codes, ['disposed', 0, ...expected], moment);
    await until(() => alive(page) === 0);
  }
});

test('a hundred calls at once are answered, each with its own result', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 2 });
  const lengths = await page.evaluate(async () => {
    const calls = Array.from({ length: 100 }, (_, i) => annotator.annotate(sentence.repeat(i)));
    return (await Promise.all(calls)).map(({ chunks }) => chunks.length);
  });
  assert.deepEqual(lengths, Array.from({ length: 100 }, (_, i) => 3 * i));
  assert.ok(alive(page) <= 2);
});

test('10,000 documents leave the memory as it was after 1,000', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1 });
  const devtools = await page.context().newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize;
  };
  /** Bytes of the engine's memory: its bindings are a module, which is there once. */
  const engine = () => page.made[0].evaluate(async (address) => (await (await import(address)).default()).memory.buffer.byteLength, `${server.address}pkg/relaxed-simd/glossa.js`);
  const annotate = (from, to) => page.evaluate(async ([from, to]) => {
    let chunks = 0;
    for (let i = from; i < to; i += 100) {
      const texts = Array.from({ length: 100 }, (_, k) => `${i + k}. ${sentence.repeat(1 + (k % 7))}`);
      for await (const { annotation } of annotator.annotateAll(texts)) chunks += annotation.chunks.length;
    }
    return chunks;
  }, [from, to]);
  const first = await annotate(0, 1000);
  const before = [await heap(), await engine()];
  const rest = await annotate(1000, 10_000);
  const after = [await heap(), await engine()];
  assert.equal(rest, 9 * first);
  assert.equal(after[1], before[1], 'the engine’s memory');
  assert.ok(after[0] < before[0] + 500_000, `the page’s heap: ${before[0]} bytes, then ${after[0]}`);
});

test('a clock that is set, a computer that sleeps and a tab that is frozen end no worker', { timeout: LONG }, async (context) => {
  const page = await open(context);
  await create(page, { workers: 1, silenceTimeout: 60_000 });
  const worker = page.made[0];
  for (const year of [1980, 2080]) {
    const set = (year) => {
      const { Date } = globalThis.real ?? globalThis;
      globalThis.real = { Date };
      const shift = new Date(year, 0).getTime() - Date.now();
      globalThis.Date = class extends Date {
        constructor(...given) {
          super(...(given.length ? given : [Date.now() + shift]));
        }
        static now = () => Date.now() + shift;
      };
      return new globalThis.Date().getFullYear();
    };
    await start(page);
    assert.deepEqual([await page.evaluate(set, year), await worker.evaluate(set, year)], [year, year]);
    assert.equal(await ended(page), 'done', `the clock is set to ${year}`);
  }
  const devtools = await page.context().newCDPSession(page);
  await start(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  assert.equal(await ended(page), 'done', 'frozen');

  const other = await open(context);
  await other.clock.install();
  await create(other, { workers: 1, silenceTimeout: 60_000 });
  await start(other);
  // A day passes at once: each timer that was due meanwhile fires once.
  await other.clock.fastForward(86_400_000);
  assert.equal(await ended(other), 'done', 'asleep');
  assert.deepEqual([page.made.length, other.made.length], [1, 1]);
});
