// What a file that is brought to the page is taken for, and which documents are read from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocuments } from '../../www/page/documents/read-documents.js';
import { identify, looksOfTheField } from '../../www/page/file-kinds.js';
import { zipNames } from '../../www/page/zip-names.js';

const file = (name, content = 'IL-2 gene.') => [name, new File([content], name.split('/').pop())];
const bytes = (...values) => new Uint8Array(values);

const listOf = async (items) => {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
};

/** The documents that files are read as. */
async function documents(...pairs) {
  const { kind, files } = await identify(pairs);
  assert.equal(kind, 'documents');
  return listOf(readDocuments(files));
}

/** What one file, or several, are taken for: the texts, the kind of something else, or why it cannot be used. */
async function found(...pairs) {
  try {
    const { kind, files } = await identify(pairs);
    if (kind !== 'documents') return kind;
    const read = await listOf(readDocuments(files));
    return read.map(({ text, problem }) => (problem ? `${problem.code}: ${problem.message}` : text)).join(' | ');
  } catch (error) {
    if (!error.code) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test('texts by whatever name are texts', async () => {
  for (const name of ['abstract.txt', 'README', 'notes.md', 'a.b.c', 'ABSTRACT.TXT', 'refs.ris', 'model.tex']) {
    assert.equal(await found(file(name)), 'IL-2 gene.', name);
  }
  assert.equal(await found(file('in a folder/abstract.txt')), 'IL-2 gene.');
});

test('a text is decoded by its byte order mark, or told if its encoding is a guess', async () => {
  const utf16 = (text, big) => {
    const buffer = Buffer.from(text, 'utf16le');
    return big ? buffer.swap16() : buffer;
  };
  for (const [what, content, text] of [
    ['UTF-8 with a mark', Buffer.from('\uFEFFβ-catenin'), 'β-catenin'],
    ['UTF-16 LE', utf16('\uFEFFβ-catenin'), 'β-catenin'],
    ['UTF-16 BE', utf16('\uFEFFβ-catenin', true), 'β-catenin'],
    ['UTF-16 without a mark', utf16('IL-2 gene'), 'IL-2 gene'],
    ['UTF-16 BE without a mark', utf16('IL-2 gene', true), 'IL-2 gene'],
  ]) {
    const [{ text: read, notes }] = await documents(file('a.txt', content));
    assert.deepEqual([read, notes], [text, []], what);
  }
  const [{ text, notes }] = await documents(file('old.txt', bytes(0x49, 0x4c, 0x2d, 0x32, 0x20, 0xb5, 0x6d)));
  assert.equal(text, 'IL-2 µm');
  assert.match(notes[0], /old\.txt is not UTF-8 and was read as Windows-1252/);
});

test('what is not all prose is read as it stands, and said', async () => {
  for (const [name, content, said] of [
    ['x.ris', 'TY  - JOUR\nTI  - IL-2.', /RIS/],
    ['x.tex', '\\section{IL-2}', /LaTeX/],
  ]) {
    const [{ text, notes }] = await documents(file(name, content));
    assert.equal(text, content);
    assert.match(notes.join(), said);
  }
});

test('what is no text is refused with what to do', async () => {
  for (const [name, content, said] of [
    ['paper.pdf', 'anything', /a PDF\. Copy its text and paste it/],
    ['paper', '%PDF-1.7 …', /a PDF/],
    ['paper.docx', bytes(0x50, 0x4b, 3, 4), /word processor’s document.*plain text/],
    ['paper.txt', '{\\rtf1 …', /word processor/],
    ['old', bytes(0xd0, 0xcf, 0x11, 0xe0), /word processor/],
    ['table.xlsx', bytes(0x50, 0x4b, 3, 4), /spreadsheet/],
    ['book.epub', bytes(0x50, 0x4b, 3, 4), /e-book/],
    ['page.html', '<p>IL-2</p>', /web page/],
    ['page', '<!DOCTYPE html><p>', /web page/],
    ['article.tei', '<TEI>', /tags would be read as text/],
    ['article', '<?xml version="1.0"?>', /tags would be read/],
    ['scan.png', bytes(0x89, 0x50, 0x4e, 0x47), /picture/],
    ['model.tar.gz', bytes(0x1f, 0x8b), /Unpack it first/],
    ['pytorch_model.bin', bytes(0, 1), /optimum-cli export onnx/],
    ['model.safetensors', bytes(0, 1), /optimum-cli export onnx/],
    ['noise', bytes(1, 2, 3, 0, 5, 6, 7, 8), /neither text nor a model/],
    ['empty.txt', '', /empty\.txt is empty/],
  ]) {
    const answer = await found(file(name, content));
    assert.match(answer, /^input_invalid: /, name);
    assert.match(answer, said);
  }
  assert.match(await found(), /no file/);
  assert.match(await found(file('hub/config.txt'), file('hub/model.safetensors')), /hub has weights, but no ONNX file.*optimum-cli/);
});

test('many files are many documents, in the order of their names, and what cannot be read is one with a problem', async () => {
  const read = await documents(file('b10.txt', 'ten'), file('b9.txt', 'nine'), file('a.pdf', '%PDF-1.7'), file('empty.txt', ''));
  assert.deepEqual(read.map(({ id, text, place }) => [id, text, place]), [
    ['a.pdf', '', 'a.pdf'],
    ['b9.txt', 'nine', 'b9.txt'],
    ['b10.txt', 'ten', 'b10.txt'],
    ['empty.txt', '', 'empty.txt'],
  ]);
  assert.match(read[0].problem.message, /a\.pdf is a PDF\. Copy its text/);
  assert.match(read[3].problem.message, /empty\.txt is empty/);
  const { name, files } = await identify([file('texts/a.txt', 'a'), file('texts/.DS_Store', bytes(0, 1)), file('texts/b.txt', 'b')]);
  assert.equal(name, 'texts');
  assert.deepEqual((await listOf(readDocuments(files))).map(({ id }) => id), ['texts/a.txt', 'texts/b.txt']);
});

test('a file that cannot be read to its end is a document with a problem', async () => {
  const gone = new File(['IL-2'], 'gone.txt');
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new Error('it is gone')) });
  const [{ problem, id }] = await listOf(readDocuments([['gone.txt', gone]]));
  assert.deepEqual([id, problem.code], ['gone.txt', 'file_unreadable']);
  assert.match(problem.message, /gone\.txt: cannot be read: it is gone/);
});

test('each record is a document, and a bad one is told with its line', async () => {
  const line = (text, id = 1) => JSON.stringify({ id, text });
  assert.equal(await found(file('one.jsonl', `\uFEFF${line('IL-2.')}\r\n`)), 'IL-2.');
  assert.equal(await found(file('saved.json', JSON.stringify({ text: 'IL-2.', chunks: [] }))), 'IL-2.');
  assert.match(await found(file('none.jsonl', '\n')), /no record/);
  const read = await documents(file('mixed.jsonl', `${line('a', 'PMID 7')}\n\nIL-2\n${line('b', 3)}\n{"text": "c"}`));
  assert.deepEqual(read.map(({ id, text, place }) => [id, text, place]), [
    ['PMID 7', 'a', 'mixed.jsonl, line 1'],
    ['mixed.jsonl, line 3', '', 'mixed.jsonl, line 3'],
    ['3', 'b', 'mixed.jsonl, line 4'],
    ['mixed.jsonl, line 5', 'c', 'mixed.jsonl, line 5'],
  ]);
  assert.match(read[1].problem.message, /mixed\.jsonl, line 3: records are \{"id"/);
  const array = await documents(file('array.json', JSON.stringify([{ text: 'a' }, { no: 'text' }])));
  assert.deepEqual(array.map(({ text, place, problem }) => [text, place, problem?.code]), [
    ['a', 'array.json, record 1', undefined],
    ['', 'array.json, record 2', 'input_invalid'],
  ]);
  const wide = await documents(file('wide.jsonl', Buffer.from(`\uFEFF${line('β')}\n${line('µ')}`, 'utf16le')));
  assert.deepEqual(wide.map(({ text }) => text), ['β', 'µ']);
});

test('records of large files are read a part at a time, whole over the ends of parts', { timeout: 60_000 }, async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `${'β'.repeat(40_000)} ${i}`);
  const large = file('large.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'));
  assert.ok(large[1].size > 3e6);
  let most = 0;
  const slice = large[1].slice.bind(large[1]);
  large[1].slice = (from, to) => {
    most = Math.max(most, to - from);
    return slice(from, to);
  };
  assert.deepEqual((await documents(large)).map(({ text }) => text), texts);
  assert.ok(most <= 1 << 20);
  // A line without an end is not kept in memory.
  const endless = file('endless.jsonl', [Buffer.alloc(41e6, 'a'), `\n${JSON.stringify({ text: 'b' })}`].join(''));
  const [first, second] = await documents(endless);
  assert.match(first.problem.message, /line 1 is longer than this page can show.*glossa annotate endless\.jsonl$/);
  assert.equal(second.text, 'b');
});

test('a pipeline is JSON, also one with a mistake', async () => {
  for (const content of ['{"glossaPipeline": 1}', '{"glossaPipeline": 1,', '{}', '[]', '{"glossaPipeline": 1, "text": "x"}']) {
    assert.equal(await found(file('mine.json', content)), 'pipeline', content);
  }
});

test('a model is a zip, an ONNX file, or a folder that has what models have', async () => {
  assert.equal(await found(file('model.zip', 'PK')), 'model');
  assert.equal(await found(file('download', 'PK\x03\x04')), 'model');
  assert.equal(await found(file('model.onnx', bytes(8, 7))), 'model');
  for (const paths of [
    ['hub/config.json', 'hub/vocab.txt'],
    ['hub/onnx/model.onnx', 'hub/README.md'],
    ['saved/metadata/part-00000', 'saved/fields/x'],
    ['model.onnx', 'labels.txt'],
  ]) {
    assert.equal(await found(...paths.map((path) => file(path))), 'model', paths.join());
  }
  const { name, model } = await identify(['hub/config.json', 'hub/model.onnx', 'hub/pytorch_model.bin'].map((path) => file(path)));
  assert.deepEqual([name, Object.keys(model.files)], ['hub', ['config.json', 'model.onnx']]);
});

test('a text in a format of the field is known by what it begins with', () => {
  for (const text of ['PMID- 1\nTI  - IL-2.', '10092805|t|IL-2.\n10092805|a|Gene.', '1|t|IL-2\r\n1|a|\r\n']) assert.ok(looksOfTheField(text), text);
  for (const text of ['IL-2', 'The PMID- 1 is one', '1|t|IL-2', 'TY  - JOUR']) assert.ok(!looksOfTheField(text), text);
});

/** A zip of empty files, stored. */
function zip(...names) {
  const encoder = new TextEncoder();
  const record = (signature, length, fields) => {
    const view = new DataView(new ArrayBuffer(length));
    view.setUint32(0, signature, true);
    for (const [at, value, long] of fields) long ? view.setUint32(at, value, true) : view.setUint16(at, value, true);
    return new Uint8Array(view.buffer);
  };
  const [locals, entries] = [[], []];
  for (const name of names.map((name) => encoder.encode(name))) {
    entries.push(record(0x02014b50, 46, [[28, name.length]]), name);
    locals.push(record(0x04034b50, 30, [[26, name.length]]), name);
  }
  const size = (parts) => parts.reduce((all, { length }) => all + length, 0);
  const end = record(0x06054b50, 22, [[8, names.length], [10, names.length], [12, size(entries), true], [16, size(locals), true], [20, 5]]);
  return new File([...locals, ...entries, end, 'words'], 'some.zip');
}

test('a zip is a model or documents by the names in it', async () => {
  assert.deepEqual(await zipNames(zip('a.txt', 'b/β.ann')), ['a.txt', 'b/β.ann']);
  assert.equal(await zipNames(new File(['PK\x03\x04 cut off'], 'half.zip')), null);
  const kind = async (...names) => (await identify([['some.zip', zip(...names)]])).kind;
  assert.equal(await kind('a.txt', 'a.ann'), 'documents');
  assert.equal(await kind('articles.nbib'), 'documents');
  assert.equal(await kind('model.onnx', 'vocab.txt'), 'model');
  assert.equal(await kind('metadata/part-00000', 'fields/notes.txt'), 'model');
  assert.equal(await kind('pytorch_model.bin', 'vocab.txt'), 'model');
  assert.equal(await kind('image.png'), 'model', 'which is refused with words when it is loaded');
});
