// What is asked for of each layout of a model, and what becomes of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { filesOf, loadRequest } from '../../www/glossa/load-request.js';
import { downloadModel } from '../../www/glossa/worker/download-model.js';
import { GRAPH_FILES, GRAPH_FOLDERS, graphPaths } from '../../www/glossa/worker/graph-files.js';

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
async function download(model, served, dtype, integrity) {
  files = served;
  requests = [];
  let last;
  const { name, files: found, hashed, verified } = await downloadModel(`${address}${model}`, (event) => (last = event), { dtype, integrity });
  await verified;
  const text = (content) => Buffer.concat([content].flat()).toString();
  const texts = Object.fromEntries(Object.entries(found).map(([path, content]) => [path, text(content)]));
  return { name: name.replace(address, ''), texts, hashed, requests, last };
}

const failure = (model, served, integrity) =>
  download(model, served, undefined, integrity).then(
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
  const mismatch = '/m/model.onnx: is not the file that it should be: expected';
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

test('an export folder of another class is told by its assets, and read as a Hugging Face folder if it is one', async () => {
  const served = { '/m/assets/vocab.txt': 'words', '/m/assets/merges.txt': 'pairs', '/m/model.onnx': 'graph' };
  assert.deepEqual((await download('/m', served)).texts, { 'assets/merges.txt': '' });
  const whole = { ...served, '/m/config.json': '{}', '/m/tokenizer.json': '{}' };
  assert.deepEqual(Object.keys((await download('/m', whole)).texts), ['config.json', 'tokenizer.json', 'model.onnx']);
  const deberta = { '/m/assets/labels.txt': 'O', '/m/assets/spm.model': 'pieces', '/m/model.onnx': 'graph' };
  assert.deepEqual((await download('/m', deberta)).texts, { 'assets/spm.model': '' });
});

const huggingFace = (...more) =>
  Object.fromEntries([...['config.json', 'tokenizer.json'], ...more].map((path) => [`/m/${path}`, '{}']));

test('a Hugging Face folder: of several ONNX files the smallest that runs well, or the one of the type asked for', async () => {
  const served = huggingFace('vocab.txt', 'onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx', 'model_q4.onnx');
  const graphs = async (dtype) => Object.keys((await download('/m', served, dtype)).texts).slice(2);
  assert.deepEqual(await graphs(), ['onnx/model_quantized.onnx']);
  assert.deepEqual(await graphs('auto'), ['onnx/model_quantized.onnx']);
  assert.deepEqual(await graphs('fp32'), ['onnx/model.onnx']);
  assert.deepEqual(await graphs('q4'), ['model_q4.onnx']);
  assert.deepEqual(await graphs('int8'), []);
  assert.ok(!requests.includes('/m/vocab.txt'));
  for (const only of ['model.onnx', 'onnx/model.onnx', 'model_optimized.onnx', 'onnx/model_O3.onnx', 'onnx/model_bnb4.onnx']) {
    const { texts, requests } = await download('/m', huggingFace(only));
    assert.deepEqual(Object.keys(texts), ['config.json', 'tokenizer.json', only]);
    assert.equal(requests.filter((path) => path === `/m/${only}`).length, 1);
  }
});

test('a Hugging Face folder without tokenizer.json: the vocabulary and what belongs to it', async () => {
  const config = { '/m/config.json': '{}', '/m/model.onnx': 'graph' };
  const of = async (...paths) => {
    const served = { ...config, ...Object.fromEntries(paths.map((path) => [`/m/${path}`, path])) };
    const { texts } = await download('/m', served);
    return Object.entries(texts).filter(([path]) => path !== 'config.json' && path !== 'model.onnx');
  };
  assert.deepEqual(await of('vocab.txt', 'spm.model'), [['vocab.txt', 'vocab.txt']]);
  const byteLevel = ['vocab.json', 'merges.txt', 'added_tokens.json'];
  assert.deepEqual(await of(...byteLevel), byteLevel.map((path) => [path, path]));
  // Its size would be for nothing: only that it is there is told.
  assert.deepEqual(await of('sentencepiece.bpe.model', 'added_tokens.json'), [['sentencepiece.bpe.model', '']]);
});

test('the map of special tokens is asked for where the configuration may need it', async () => {
  const map = '/m/special_tokens_map.json';
  const served = (config) => ({ ...huggingFace('model.onnx'), [map]: '{}', '/m/tokenizer_config.json': config });
  assert.ok((await download('/m', served('{}'))).requests.includes(map));
  assert.ok((await download('/m', huggingFace('model.onnx'))).requests.includes(map));
  assert.ok(!(await download('/m', served('{"added_tokens_decoder": {}}'))).requests.includes(map));
});

test('the names of ONNX files are those that the library knows', async () => {
  const source = await readFile(new URL('../../src/model/graph_files.rs', import.meta.url), 'utf8');
  const theirs = [...source.matchAll(/\(Dtype::(\w+), "([^"]+)"\)/g)].map(([, dtype, name]) => `${dtype.toLowerCase()} ${name}`);
  const ours = Object.entries(GRAPH_FILES).flatMap(([dtype, names]) => names.map((name) => `${dtype} ${name}`));
  assert.ok(theirs.length > 10);
  assert.deepEqual(ours.sort(), theirs.sort());
  const [, folders] = /GRAPH_FOLDERS: [^=]*= \[(.*)\]/.exec(source);
  assert.deepEqual(GRAPH_FOLDERS.map((folder) => folder.replace('/', '')), JSON.parse(`[${folders}]`));
  // Every file is tried, each once.
  assert.equal(new Set(graphPaths()).size, ours.length * GRAPH_FOLDERS.length);
  assert.equal(graphPaths().length, ours.length * GRAPH_FOLDERS.length);
});

test('a folder with nothing of a model is left to the reader of models', async () => {
  assert.deepEqual((await download('/m', {})).texts, {});
});

test('a zip is one file, and must be there', async () => {
  const { name, texts } = await download('/some/model.ZIP', { '/some/model.ZIP': 'PK' });
  assert.deepEqual([name, texts], ['/some', { 'model.ZIP': 'PK' }]);
  assert.equal(await failure('/some/model.zip', {}), 'file_missing: /some/model.zip: no such file');
});

const sri = (text, algorithm = 'sha256') => `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`;

test('integrity: a bundle by its manifest, a zip by its bytes, and nothing else', async () => {
  const all = manifest(listed('model.onnx', 'graph'), listed('vocab.txt', 'words'));
  const bundle = { '/m/manifest.json': all, '/m/model.onnx': 'graph', '/m/vocab.txt': 'words' };
  const right = [sri(all), sri(all, 'sha384'), sri(all, 'sha512').replaceAll('=', ''), `${sri('other')} ${sri(all)}?option`];
  // Of several algorithms the strongest counts.
  right.push(`${sri('other')} ${sri(all, 'sha512')}`);
  for (const integrity of right) {
    const { texts } = await download('/m/', bundle, undefined, integrity);
    assert.deepEqual(Object.keys(texts).sort(), ['manifest.json', 'model.onnx', 'vocab.txt'], integrity);
  }
  for (const integrity of [sri('other'), `${sri(all)} ${sri('other', 'sha512')}`]) {
    assert.match(await failure('/m/', bundle, integrity), /^file_mismatch: .*\/m\/manifest\.json: is not the file that it should be/);
    assert.deepEqual(requests, ['/m/manifest.json']);
  }
  assert.deepEqual((await download('/m.zip', { '/m.zip': 'zip' }, undefined, sri('zip'))).texts, { 'm.zip': 'zip' });
  assert.match(await failure('/m.zip', { '/m.zip': 'zip' }, sri('other')), /^file_mismatch: .*m\.zip: is not the file/);
  const folder = { '/m/assets/vocab.txt': 'words', '/m/assets/labels.txt': 'O', '/m/model.onnx': 'graph' };
  assert.match(await failure('/m/', folder, sri('words')), /^option_invalid: option integrity: at .* is neither a manifest\.json/);
});

test('integrity: what is no hash is refused before anything is asked for', () => {
  // A page has a base address.
  globalThis.document = { baseURI: `${address}/` };
  const load = (source) => () => loadRequest({ model: 'm/', ...source }, {});
  for (const integrity of ['', 'abc', 'md5-abc', `${sri('x')} abc`, 'sha256-', 7]) {
    assert.throws(load({ integrity }), ({ code, message }) => code === 'option_invalid' && message.startsWith('option integrity'));
  }
  const integrity = sri('x');
  assert.throws(load({ integrity, files: {} }), { code: 'option_invalid' });
  assert.throws(load({ integrity, model: { manifest: {}, files: {} } }), { code: 'option_invalid' });
  assert.equal(load({ integrity })().integrity, integrity);
  delete globalThis.document;
});

test('integrity: a host’s answer', async () => {
  const answer = () => new Response('zip');
  assert.equal(await (await filesOf(answer(), sri('zip'))).files['model.zip'].text(), 'zip');
  await assert.rejects(filesOf(answer(), sri('other')), { code: 'file_mismatch' });
  await assert.rejects(filesOf(answer(), 'other'), { code: 'option_invalid' });
});
