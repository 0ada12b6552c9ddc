// The package on hosts as they are, and in pages that browsers deny something.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IN_SENTENCE, SENTENCE, browser, bundle, places, root, serve } from './harness.mjs';
import { HOSTS, folder, zipOf } from './hosts.mjs';

const LONG = 120_000;
let chromium;

before(async () => {
  chromium = await browser();
});

after(() => chromium?.close());

/** A page that is not ours, on a server with these files. */
async function open(files) {
  const server = await serve({ '/plain.html': '<!doctype html><title>plain</title>', ...files });
  const page = await chromium.newPage();
  await page.goto(`${server.address}plain.html`);
  return { server, page };
}

async function close({ server, page }) {
  await page.close();
  await server.stop();
}

/** What a model finds in the sentence, or the error's code and message. */
const find = (page, model, text = SENTENCE, options = {}) =>
  page.evaluate(
    async ([model, text, options]) => {
      const { Annotator } = await import('/glossa/index.js');
      try {
        const annotator = await Annotator.create({ model, ...options });
        const { chunks } = await annotator.annotate(text);
        const { name } = annotator.info;
        annotator.dispose();
        return { name, chunks };
      } catch ({ code, message }) {
        return { error: `${code}: ${message.replaceAll(location.origin, '')}` };
      }
    },
    [model, text, options],
  );

for (const layout of ['cellular', 'hf_cellular']) {
  test(`${layout}: a host's answer for what it does not have changes nothing`, { timeout: LONG }, async () => {
    const files = await folder(`golden/models/${layout}`);
    const found = [];
    for (const [name, answer] of Object.entries(HOSTS)) {
      const own = await open(await answer('/m/', files));
      const { chunks, error } = await find(own.page, '/m/');
      assert.ok(chunks?.length > 0, `${name}: ${error}`);
      found.push(chunks);
      const { error: none } = await find(own.page, '/m/nothing/');
      assert.match(none, /^(model_unrecognised|file_unreadable): \/m\/nothing/, name);
      assert.doesNotMatch(none, /JsValue/);
      await close(own);
    }
    for (const chunks of found) assert.deepEqual(chunks, found[0]);
  });
}

test('a bundle, a folder and a zip at addresses with a query', { timeout: LONG }, async () => {
  const files = await bundle('');
  const zip = zipOf(files);
  const asked = [];
  const signed = (body) => (request, response) => {
    asked.push(request.url);
    if (!request.url.endsWith('?X-Amz-Signature=a%2Fb&v=2')) return response.writeHead(403).end('<Error/>');
    return response.writeHead(200, { 'content-type': 'binary/octet-stream' }).end(body);
  };
  const own = await open({
    ...Object.fromEntries(Object.entries(files).map(([name, body]) => [`/signed/${name}`, signed(body)])),
    '/zips/tiny.zip': signed(zip),
    '/download/17': signed(zip),
  });
  for (const path of ['/signed/', '/signed', '/zips/tiny.zip', '/download/17']) {
    const { chunks, error } = await find(own.page, `${path}?X-Amz-Signature=a%2Fb&v=2`);
    assert.deepEqual(chunks && places(chunks), IN_SENTENCE, `${path}: ${error}`);
  }
  const { error } = await find(own.page, '/zips/tiny.zip?X-Amz-Signature=secret');
  assert.match(error, /^file_unreadable: \/zips\/tiny\.zip: cannot be read: the host refuses it.* \(status 403, Forbidden\)$/);
  const cached = await own.page.evaluate(async () => {
    const { isModelCached } = await import('/glossa/index.js');
    return [await isModelCached('/signed/?v=3'), await isModelCached('/signed'), await isModelCached('/zips/')];
  });
  assert.deepEqual(cached, [true, true, false]);
  const blob = await own.page.evaluate(async (bytes) => {
    const { Annotator } = await import('/glossa/index.js');
    const model = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
    const annotator = await Annotator.create({ model });
    const { chunks } = await annotator.annotate('IL-2 gene');
    annotator.dispose();
    return chunks.length;
  }, [...zip]);
  assert.equal(blob, 1, "a blob's address");
  await close(own);
});

test('a host elsewhere: redirected, and one that does not allow it', { timeout: LONG }, async () => {
  const allow = { 'access-control-allow-origin': '*', 'content-type': 'application/octet-stream' };
  const other = await serve(
    Object.fromEntries(
      Object.entries(await bundle('/m/')).map(([path, body]) => [path, (_, response) => response.writeHead(200, allow).end(body)]),
    ),
  );
  const redirect = (to) => (request, response) => response.writeHead(302, { location: to(request.url) }).end();
  const own = await open({
    ...Object.fromEntries(
      ['manifest.json', 'model.onnx', 'vocab.txt'].map((name) => [`/here/${name}`, redirect(() => `${other.address}m/${name}`)]),
    ),
    '/login/manifest.json': redirect(() => '/plain.html'),
  });
  assert.deepEqual(places((await find(own.page, `${other.address}m/`)).chunks), IN_SENTENCE);
  assert.match((await find(own.page, '/here/')).error, /^redirect_refused: \/here\/manifest\.json: .* allowedOrigins/);
  const allowedOrigins = [other.address.slice(0, -1)];
  assert.deepEqual(places((await find(own.page, '/here/', SENTENCE, { allowedOrigins })).chunks), IN_SENTENCE);
  assert.match((await find(own.page, '/login/')).error, /^model_unrecognised: \/login: no model known: the host answers with a web page/);
  const denied = await find(own.page, `${other.address}elsewhere/`);
  assert.match(denied.error, /^file_unreadable: .*elsewhere\/manifest\.json: .*no answer .*does not allow pages of .*CORS/);
  await other.stop();
  assert.match((await find(own.page, `${other.address}elsewhere/`)).error, /^file_unreadable: .*no answer .*network/);
  await close(own);
});

test('an engine that is missing, a web page, or of another version', { timeout: LONG }, async () => {
  const path = '/pkg/relaxed-simd/glossa_bg.wasm';
  const page = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>My site');
  const binary = await readFile(join(root, 'www', path));
  const other = Buffer.concat([binary, Buffer.from([0, 2, 1, 1])]);
  for (const [files, expected] of [
    [{ [path]: (_, response) => response.writeHead(404).end() }, /^file_missing: \/pkg\/relaxed-simd\/glossa_bg\.wasm: no such file$/],
    [{ [path]: page }, /^file_missing: .*glossa_bg\.wasm: no such file: the host answers with a web page instead$/],
    [{ [path]: other }, /^file_mismatch: .*glossa_bg\.wasm: is not of the version .*load the page again$/],
    [{ '/pkg/relaxed-simd/glossa.js': page }, /^file_missing: .*glossa\.js: no such file: the host answers with a web page instead$/],
    [{ '/glossa/worker/worker.js': page }, /^worker_failed: the worker cannot be started: .*\/glossa\/worker\/worker\.js has to be there as it is, with the engine's files/],
  ]) {
    const own = await open(files);
    assert.match((await find(own.page, '/tiny/')).error, expected);
    await close(own);
  }
});

test('a download that stalls is counted to where it stalls; a compressed one by what is read', { timeout: LONG }, async () => {
  const files = await bundle('/m/');
  const graph = files['/m/model.onnx'];
  const half = graph.length >> 1;
  let goOn;
  const own = await open({
    ...files,
    '/m/model.onnx': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': graph.length });
      // Piece by piece, so that the last follows another within the time of one message.
      for (let at = 0; at < half; at += 1000) response.write(graph.subarray(at, Math.min(at + 1000, half)));
      goOn = () => response.end(graph.subarray(half));
    },
    '/packed.zip': (_, response) => {
      const body = gzipSync(zipOf({ 'manifest.json': Buffer.alloc(100_000, 32) }));
      response.writeHead(200, { 'content-type': 'application/zip', 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
    },
  });
  const listed = files['/m/vocab.txt'].length + graph.length;
  await own.page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    globalThis.events = [];
    globalThis.created = Annotator.create({ model: '/m/', onProgress: (event) => globalThis.events.push(event) });
  });
  const expected = { loaded: listed - graph.length + half, total: listed };
  await own.page.waitForFunction(
    ({ loaded, total }) => globalThis.events.some((event) => event.stage === 'download' && event.loaded === loaded && event.total === total),
    expected,
    { timeout: LONG },
  );
  goOn();
  const events = await own.page.evaluate(async () => {
    (await globalThis.created).dispose();
    return globalThis.events.filter(({ stage }) => stage === 'download');
  });
  assert.deepEqual([events.at(-1).loaded, events.at(-1).total], [listed, listed]);
  const packed = await own.page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const totals = new Set();
    const onProgress = (event) => event.stage === 'download' && totals.add(event.total);
    await Annotator.create({ model: '/packed.zip', onProgress }).catch(() => {});
    return [...totals];
  });
  assert.deepEqual(packed, [0], 'the length that is told is not of what is read');
  await close(own);
});

test('a frame without an origin of its own is told why nothing works there', { timeout: LONG }, async () => {
  const shared = (path) => async (_, response) => {
    const headers = { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' };
    response.writeHead(200, headers).end(await readFile(join(root, 'www', path)));
  };
  const scripts = (await folder('www/glossa', { from: root, only: /\.js$/ }));
  const own = await open({
    ...Object.fromEntries(Object.keys(scripts).map((path) => [`/glossa/${path}`, shared(`glossa/${path}`)])),
    '/frame.html': '<!doctype html><title>frame</title>',
    '/host.html': '<!doctype html><iframe sandbox="allow-scripts" src="frame.html"></iframe>',
  });
  await own.page.goto(`${own.server.address}host.html`);
  const frame = own.page.frames().find((frame) => frame.url().endsWith('frame.html'));
  const error = await frame.evaluate(async (address) => {
    const { Annotator } = await import(`${address}glossa/index.js`);
    return Annotator.create({ model: '/tiny/' }).catch(({ code, message }) => `${code}: ${message}`);
  }, own.server.address);
  assert.match(error, /^worker_failed: the worker cannot be started: .*sandbox without allow-same-origin/);
  await close(own);
});

test('where storage is denied everything works, each time from the network', { timeout: LONG }, async () => {
  const denied = `Object.defineProperty(globalThis, 'caches', {
    get() { throw new DOMException('denied', 'SecurityError'); },
  });\n`;
  const worker = String(await readFile(join(root, 'www', 'glossa', 'worker', 'worker.js')));
  const own = await open({ '/glossa/worker/deny.js': denied, '/glossa/worker/worker.js': `import './deny.js';\n${worker}` });
  for (const times of [1, 2]) {
    const { chunks, error } = await find(own.page, '/tiny/');
    assert.deepEqual(chunks && places(chunks), IN_SENTENCE, error);
    assert.equal(own.server.requests.filter((path) => path === '/tiny/model.onnx').length, times);
  }
  await close(own);
});

test('weights beside the ONNX file are downloaded with it', { timeout: LONG }, async () => {
  const path = 'tests/cases/02-external-data';
  const { runs } = JSON.parse(await readFile(join(root, path, 'expected.json'), 'utf8'));
  const { expected } = runs.find(({ name }) => name === 'torch-default');
  const records = (await readFile(join(root, path, 'input0.jsonl'), 'utf8')).trim().split('\n');
  const { text } = JSON.parse(records[0]);
  const file = (name) => readFile(join(root, path, name));
  const files = {
    '/m/config.json': await file('model/config.json'),
    '/m/tokenizer.json': await file('model/tokenizer.json'),
    '/m/tokenizer_config.json': await file('model/tokenizer_config.json'),
    '/m/onnx/model.onnx': await file('ext2/model.onnx'),
  };
  const whole = await open({ ...files, '/m/onnx/model.onnx_data': await file('ext2/model.onnx_data') });
  const { chunks, error } = await find(whole.page, '/m/', text);
  assert.equal(error, undefined);
  assert.deepEqual(
    places(chunks),
    expected[0].map(([begin, end, text, entity]) => ({ begin, end, text, entity })),
  );
  const info = await whole.page.evaluate(async () => {
    const { Annotator } = await import('/glossa/index.js');
    const annotator = await Annotator.create({ model: '/m/' });
    const { info } = annotator;
    annotator.dispose();
    return info;
  });
  assert.match(info.file, /\/m\/onnx\/model\.onnx$/);
  await close(whole);
  const lacking = await open(files);
  assert.match((await find(lacking.page, '/m/', text)).error, /^file_missing: \/m\/onnx\/model\.onnx_data/);
  await close(lacking);
});
