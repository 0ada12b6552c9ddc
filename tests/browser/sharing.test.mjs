// What several callers of the package wait for at once is never ended by one of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IN_SENTENCE, SENTENCE, browser, bundle, places, serve } from './harness.mjs';

const LONG = 120_000;
let chromium;
let files;

before(async () => {
  chromium = await browser();
  files = await bundle('/m/');
});

after(() => chromium?.close());

/** A page that has the package, on a server whose model `/m/` comes when it is released. */
async function open() {
  const waiting = [];
  const closed = [];
  let released = false;
  const server = await serve({
    '/plain.html': '<!doctype html><title>plain</title>',
    ...files,
    '/m/model.onnx': (_, response) => {
      const answer = () => response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(files['/m/model.onnx']);
      if (released) return answer();
      response.on('close', () => closed.push(response));
      return waiting.push(answer);
    },
    '/setup.json': JSON.stringify({ glossaPipeline: 1, model: '/m/', annotate: { entities: ['DNA'] } }),
  });
  const page = await chromium.newPage();
  await page.goto(`${server.address}plain.html`);
  await page.evaluate(async (sentence) => {
    const { Annotator, readPipeline } = await import('/glossa/index.js');
    /** How a promise ends: 'done', or the error's code. */
    const end = (promise) => promise.then(() => 'done', ({ code }) => code ?? 'no code');
    Object.assign(globalThis, { Annotator, readPipeline, end, sentence });
  }, SENTENCE);
  /** Resolves when so many requests for the model have come. */
  const asked = async (count) => {
    while (waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const release = () => {
    released = true;
    for (const answer of waiting) answer();
  };
  const close = async () => {
    await page.close();
    await server.stop();
  };
  return { page, server, asked, release, closed, close };
}

/* global Annotator, readPipeline, end, sentence, controllers, loads, annotator, running -- set in the page */

test('of two loads of one model, with a signal each, one is cancelled', { timeout: LONG }, async () => {
  for (const ended of [0, 1]) {
    const { page, asked, release, closed, close } = await open();
    await page.evaluate(() => {
      globalThis.controllers = [new AbortController(), new AbortController()];
      globalThis.loads = controllers.map(({ signal }) => Annotator.create({ model: '/m/', signal }));
      for (const load of loads) load.catch(() => {});
    });
    // The browser may leave it at one request for the same file until that has been answered.
    await asked(1);
    assert.equal(await page.evaluate((ended) => (controllers[ended].abort(), end(loads[ended])), ended), 'cancelled');
    release();
    const found = await page.evaluate(async (other) => {
      const annotator = await loads[other];
      const { chunks } = await annotator.annotate(sentence);
      annotator.dispose();
      return chunks;
    }, 1 - ended);
    assert.deepEqual(places(found), IN_SENTENCE);
    assert.ok(closed.length <= 2);
    await close();
  }
});

test('a load that is given up frees its worker and its download; the next one is answered', { timeout: LONG }, async () => {
  const { page, asked, release, closed, close } = await open();
  await page.evaluate(() => {
    const { terminate } = Worker.prototype;
    globalThis.ended = 0;
    Worker.prototype.terminate = function () {
      globalThis.ended += 1;
      return terminate.call(this);
    };
    globalThis.controllers = [new AbortController()];
    globalThis.loads = [Annotator.create({ model: '/m/', signal: controllers[0].signal })];
    loads[0].catch(() => {});
  });
  await asked(1);
  assert.equal(await page.evaluate(() => (controllers[0].abort(), end(loads[0]))), 'cancelled');
  assert.equal(await page.evaluate(() => globalThis.ended), 1);
  while (!closed.length) await new Promise((resolve) => setTimeout(resolve, 10));
  release();
  assert.equal(await page.evaluate(() => end(Annotator.create({ model: '/m/' }).then((annotator) => annotator.dispose()))), 'done');
  await close();
});

test('a pipeline that is opened, or given up, while its model loads', { timeout: LONG }, async () => {
  const { page, asked, release, close } = await open();
  await page.evaluate(() => {
    globalThis.controllers = [new AbortController()];
    const [{ signal }] = controllers;
    globalThis.loads = [
      Annotator.create({ model: '/m/' }),
      Annotator.create({ pipeline: '/setup.json', signal }),
      Annotator.create({ pipeline: '/setup.json' }),
    ];
    for (const load of loads) load.catch(() => {});
  });
  await asked(1);
  const codes = await page.evaluate(async () => {
    const read = await readPipeline('/setup.json');
    const given = new AbortController();
    const reading = end(readPipeline('/setup.json', { signal: given.signal }));
    given.abort();
    controllers[0].abort();
    return [read.annotate.entities, await reading, await end(loads[1])];
  });
  assert.deepEqual(codes, [['DNA'], 'cancelled', 'cancelled']);
  release();
  const found = await page.evaluate(async () => {
    const chunks = [];
    for (const load of [loads[0], loads[2]]) {
      const annotator = await load;
      chunks.push((await annotator.annotate(sentence)).chunks);
      annotator.dispose();
    }
    return chunks;
  });
  assert.deepEqual(found.map(places), [IN_SENTENCE, IN_SENTENCE.filter(({ entity }) => entity === 'DNA')]);
  await close();
});

test('a load while a text is read, and a text while a load is given up', { timeout: LONG }, async () => {
  const { page, asked, close } = await open();
  await page.evaluate(async () => {
    globalThis.annotator = await Annotator.create({ model: '/tiny/', workers: 1 });
    globalThis.controllers = [new AbortController()];
    globalThis.running = annotator.annotate(sentence.repeat(2000));
    globalThis.loads = [Annotator.create({ model: '/m/', signal: controllers[0].signal })];
    loads[0].catch(() => {});
  });
  await asked(1);
  const found = await page.evaluate(async () => {
    const meanwhile = annotator.annotate(sentence);
    controllers[0].abort();
    const codes = [await end(loads[0]), await end(running)];
    const { chunks } = await meanwhile;
    const { length } = (await running).chunks;
    annotator.dispose();
    return { codes, chunks, length };
  });
  assert.deepEqual(found.codes, ['cancelled', 'done']);
  assert.deepEqual([places(found.chunks), found.length], [IN_SENTENCE, 6000]);
  await close();
});

test('of texts that are read at once, also in parts of several workers, one is given up', { timeout: LONG }, async () => {
  const { page, release, close } = await open();
  release();
  const found = await page.evaluate(async () => {
    const results = {};
    for (const workers of [1, 2]) {
      const annotator = await Annotator.create({ model: '/m/', workers });
      const text = sentence.repeat(1500);
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      const first = end(annotator.annotate(text, { signal: controller.signal, onProgress }));
      const second = annotator.annotate(text);
      const all = end(Array.fromAsync(annotator.annotateAll([text, sentence], { signal: controller.signal })));
      const third = Array.fromAsync(annotator.annotateAll([sentence, text]));
      results[workers] = [await first, (await second).chunks.length, await all, (await third).map(({ annotation }) => annotation.chunks.length)];
      annotator.dispose();
    }
    return results;
  });
  const expected = ['cancelled', 4500, 'cancelled', [3, 4500]];
  assert.deepEqual(found, { 1: expected, 2: expected });
  await close();
});

test('what is under way when an annotator is disposed of is told so, and another annotator is not touched', { timeout: LONG }, async () => {
  const { page, release, close } = await open();
  release();
  const found = await page.evaluate(async () => {
    const [one, other] = await Promise.all([Annotator.create({ model: '/m/', workers: 2 }), Annotator.create({ model: '/m/' })]);
    const text = sentence.repeat(1500);
    const calls = [one.annotate(text), one.annotate(sentence), Array.fromAsync(one.annotateAll([text, sentence]))].map(end);
    const elsewhere = other.annotate(sentence);
    one.dispose();
    const codes = await Promise.all(calls);
    const { workers } = one.info;
    const { chunks } = await elsewhere;
    other.dispose();
    return { codes, workers, chunks };
  });
  assert.deepEqual([found.codes, found.workers], [['disposed', 'disposed', 'disposed'], 0]);
  assert.deepEqual(places(found.chunks), IN_SENTENCE);
  await close();
});
