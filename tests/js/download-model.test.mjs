// What is asked for of each layout of a model, and what becomes of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
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
    if (body instanceof Error) return response.writeHead(500).end();
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const listed = (path, text) => ({ path, bytes: Buffer.byteLength(text), sha256: sha256(text) });
const manifest = (...files) => JSON.stringify({ files });

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

test('a bundle: what its manifest lists, checked', async () => {
  const all = manifest(listed('model.onnx', 'graph'), listed('vocab.txt', 'words'));
  const served = { '/m/manifest.json': all, '/m/model.onnx': 'graph', '/m/vocab.txt': 'words' };
  const { name, texts, hashed, requests, last } = await download('/m/', served);
  assert.equal(name, '/m');
  assert.deepEqual(texts, { 'manifest.json': all, 'model.onnx': 'graph', 'vocab.txt': 'words' });
  assert.deepEqual(hashed.sort(), ['model.onnx', 'vocab.txt']);
  assert.deepEqual(requests.sort(), Object.keys(served).sort());
  assert.deepEqual([last.stage, last.loaded, last.total], ['download', 10, 10]);
});

test('a bundle whose files are not those listed', async () => {
  const served = (body) => ({ '/m/manifest.json': manifest(listed('model.onnx', 'graph')), '/m/model.onnx': body });
  const mismatch = '/m/model.onnx: does not match its manifest: expected';
  assert.equal(await failure('/m', served('grap')), `file_mismatch: ${mismatch} 5 bytes, found 4 bytes`);
  assert.equal(await failure('/m', served('graphs')), `file_mismatch: ${mismatch} 5 bytes, found more`);
  const hashes = `sha256 ${sha256('graph')}, found sha256 ${sha256('grapf')}`;
  assert.equal(await failure('/m', served('grapf')), `file_mismatch: ${mismatch} ${hashes}`);
  assert.equal(await failure('/m', served(undefined)), 'file_missing: /m/model.onnx: no such file');
  const failed = 'cannot be read: the host failed (status 500, Internal Server Error); try again later';
  assert.equal(await failure('/m', served(new Error())), `file_unreadable: /m/model.onnx: ${failed}`);
});

test('an invalid manifest is left to the reader of models, with no other file', async () => {
  for (const broken of ['{"files": ', '{}', '{"files": [{"path": "x"}]}', '{"files": [{"path": "x", "sha256": "", "bytes": -1}]}']) {
    const { texts, requests } = await download('/m', { '/m/manifest.json': broken });
    assert.deepEqual(texts, { 'manifest.json': broken });
    assert.deepEqual(requests, ['/m/manifest.json']);
  }
});

test('a Spark NLP export folder', async () => {
  const served = { '/m/assets/vocab.txt': 'words', '/m/assets/labels.txt': 'O', '/m/model.onnx': 'graph' };
  const { texts, hashed, last } = await download('/m', served);
  assert.deepEqual(texts, { 'assets/vocab.txt': 'words', 'assets/labels.txt': 'O', 'model.onnx': 'graph' });
  assert.deepEqual(hashed, []);
  assert.equal(last.total, 0);
});

test('a Hugging Face folder: of several places the first', async () => {
  const served = {
    '/m/config.json': '{}',
    '/m/tokenizer.json': '{}',
    '/m/vocab.txt': 'words',
    '/m/onnx/model.onnx': 'graph',
    '/m/onnx/model_quantized.onnx': 'other',
  };
  const { texts, requests } = await download('/m', served);
  assert.deepEqual(Object.keys(texts), ['config.json', 'tokenizer.json', 'onnx/model.onnx']);
  assert.ok(!requests.includes('/m/vocab.txt') && !requests.includes('/m/onnx/model_quantized.onnx'));
});

test('a folder with nothing of a model is left to the reader of models', async () => {
  assert.deepEqual((await download('/m', {})).texts, {});
});

test('a zip is one file, and must be there', async () => {
  const { name, texts } = await download('/some/model.ZIP', { '/some/model.ZIP': 'PK' });
  assert.deepEqual([name, texts], ['/some', { 'model.ZIP': 'PK' }]);
  assert.equal(await failure('/some/model.zip', {}), 'file_missing: /some/model.zip: no such file');
});
