// Models on hosts as they are: what these answer with for files that they do not have, and addresses of all kinds.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { downloadModel } from '../../www/glossa/worker/download-model.js';

/** What is served, by path. */
let files;
let requests;
let server;
let address;

before(async () => {
  server = createServer(({ url }, response) => {
    requests.push(url);
    const body = files[url];
    if (typeof body === 'function') return body(response);
    if (body === undefined) return files.otherwise ? files.otherwise(response) : response.writeHead(404).end();
    response.writeHead(200).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const listed = (path, text) => ({ path, bytes: Buffer.byteLength(text), sha256: sha256(text) });
const manifest = (...files) => JSON.stringify({ files });

/** What hosts answer with instead of a file. */
const status = (code) => (response) => response.writeHead(code, { 'content-type': 'application/xml' }).end('<Error/>');
const page = (type) => (response) => response.writeHead(200, { 'content-type': type }).end('<!DOCTYPE html><p>My site');

/** The files as text, the paths that were asked for, and the last progress. */
async function download(model, served) {
  files = served;
  requests = [];
  let last;
  const { name, files: found, hashed, verified } = await downloadModel(`${address}${model}`, (event) => (last = event));
  await verified;
  const text = (content) => Buffer.concat([content].flat()).toString();
  const texts = Object.fromEntries(Object.entries(found).map(([path, content]) => [path, text(content)]));
  return { name: name.replace(address, ''), texts, hashed, requests, last };
}

const failure = (model, served) =>
  download(model, served).then(
    () => assert.fail('it was downloaded'),
    ({ code, message }) => `${code}: ${message.replace(address, '')}`,
  );

test('what a host says of a file that a manifest lists, in words', async () => {
  const served = (body) => ({ '/m/manifest.json': manifest(listed('model.onnx', 'graph')), '/m/model.onnx': body });
  const words = {
    500: 'the host failed (status 500, Internal Server Error); try again later',
    418: 'the host does not give it (status 418)',
    403: 'the host refuses it, or does not have it (status 403, Forbidden)',
    429: 'the host has been asked too often (status 429, Too Many Requests); try again later',
  };
  for (const [code, reason] of Object.entries(words)) {
    const expected = `file_unreadable: /m/model.onnx: cannot be read: ${reason}`;
    assert.equal(await failure('/m', served(status(Number(code)))), expected);
  }
  const missing = 'file_missing: /m/model.onnx: no such file: the host answers with a web page instead';
  assert.equal(await failure('/m', served(page('text/html'))), missing);
});

const EXPORT = { '/m/assets/vocab.txt': '<s>\nwords', '/m/assets/labels.txt': 'O', '/m/model.onnx': 'graph' };
const HUGGING_FACE = { '/m/config.json': '{}', '/m/tokenizer.json': '[]', '/m/onnx/model.onnx': '\0\x08graph' };
const EXPORT_FOUND = { 'assets/vocab.txt': '<s>\nwords', 'assets/labels.txt': 'O', 'model.onnx': 'graph' };
const HUGGING_FACE_FOUND = { 'config.json': '{}', 'tokenizer.json': '[]', 'onnx/model.onnx': '\0\x08graph' };

for (const [host, otherwise] of Object.entries({
  'a web page': page('text/html; charset=utf-8'),
  'a web page without a type': (response) => response.writeHead(200).end('\ufeff\n<!-- a --> <html lang="en">'),
  'a web page of another type': page('application/json'),
  'words that are called a web page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('Not found'),
  'status 403': status(403),
  'status 401': status(401),
})) {
  test(`a host that answers with ${host} for what it does not have`, async () => {
    assert.deepEqual((await download('/m', { ...EXPORT, otherwise })).texts, EXPORT_FOUND);
    assert.deepEqual((await download('/m', { ...HUGGING_FACE, otherwise })).texts, HUGGING_FACE_FOUND);
    const graph = await failure('/m', { '/m/config.json': '{}', otherwise });
    const nothing = await failure('/m', { otherwise });
    if (host.startsWith('status')) {
      assert.match(graph, /^file_unreadable: \/m\/model\.onnx: .*refuses it.*\(status 40[13], \w+\)$/);
      assert.match(nothing, /^file_unreadable: \/m\/manifest\.json: .*refuses it.* The same goes for .*config\.json/);
    } else {
      assert.match(graph, /^file_missing: \/m\/model\.onnx: no such file: the host answers with a web page instead$/);
      assert.match(nothing, /^model_unrecognised: \/m: no model known: the host answers with a web page instead of .*config/);
    }
  });
}

test('a host that has nothing to send has no such file', async () => {
  const otherwise = (response) => response.writeHead(204).end();
  assert.deepEqual((await download('/m', { ...HUGGING_FACE, otherwise })).texts, HUGGING_FACE_FOUND);
});

test('files that their host calls web pages are what they are', async () => {
  const as = (body) => (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(body);
  const called = Object.fromEntries(Object.entries(HUGGING_FACE).map(([path, body]) => [path, as(body)]));
  assert.deepEqual((await download('/m', called)).texts, HUGGING_FACE_FOUND);
});

test('other failures are no sign that a file is missing', async () => {
  const otherwise = status(503);
  const reason = 'the host failed (status 503, Service Unavailable); try again later';
  assert.equal(await failure('/m', { ...EXPORT, otherwise }), `file_unreadable: /m/manifest.json: cannot be read: ${reason}`);
});

test('a host that is not there', async () => {
  const message = await downloadModel('http://127.0.0.1:9/m', () => {}).catch(({ code, message }) => `${code}: ${message}`);
  assert.match(message, /^file_unreadable: http:\/\/127\.0\.0\.1:9\/m\/manifest\.json: cannot be read: there was no answer/);
});

test("an address's query holds for every file, and errors do not show it", async () => {
  const query = '?v=2&X-Amz-Signature=secret';
  const signed = (files) => Object.fromEntries(Object.entries(files).map(([path, body]) => [path + query, body]));
  const { name, texts } = await download(`/m/${query}`, signed(HUGGING_FACE));
  assert.deepEqual([name, texts], ['/m', HUGGING_FACE_FOUND]);
  const listing = manifest(listed('a b#c?.onnx', 'graph'));
  const bundle = await download(`/m${query}#top`, signed({ '/m/manifest.json': listing, '/m/a%20b%23c%3F.onnx': 'graph' }));
  assert.deepEqual(bundle.texts, { 'manifest.json': listing, 'a b#c?.onnx': 'graph' });
  const missing = await failure(`/m${query}`, signed({ '/m/manifest.json': listing }));
  assert.equal(missing, 'file_missing: /m/a%20b%23c%3F.onnx: no such file');
  const zip = await download(`/some/model.zip${query}`, signed({ '/some/model.zip': 'PK' }));
  assert.deepEqual([zip.name, zip.texts, zip.requests], ['/some', { 'model.zip': 'PK' }, [`/some/model.zip${query}`]]);
});

test('a zip is known by its first bytes where its address does not tell', async () => {
  const { name, texts, last } = await download('/download/17?token=x', { '/download/17?token=x': 'PK\x03\x04' });
  assert.deepEqual([name, texts], ['/download', { '17.zip': 'PK\x03\x04' }]);
  assert.deepEqual([last.loaded, last.total], [4, 0]);
  assert.deepEqual((await download('/download/18', { '/download/18': 'no zip' })).texts, {});
});

test("an archive's size is told if the host tells what will be read", async () => {
  const sent = (headers, body) => ({ '/a.zip': (response) => response.writeHead(200, headers).end(body) });
  const plain = await download('/a.zip', sent({ 'content-length': 4 }, 'PK34'));
  assert.deepEqual([plain.last.loaded, plain.last.total], [4, 4]);
  const packed = gzipSync('PK34'.repeat(100));
  const compressed = await download('/a.zip', sent({ 'content-encoding': 'gzip', 'content-length': packed.length }, packed));
  assert.deepEqual([compressed.last.loaded, compressed.last.total], [400, 0]);
});
