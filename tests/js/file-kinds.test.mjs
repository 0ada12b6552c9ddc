// What a file that is brought to the page is taken for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify } from '../../www/page/file-kinds.js';

const file = (name, content = 'IL-2 gene.') => [name, new File([content], name.split('/').pop())];
const bytes = (...values) => new Uint8Array(values);

/** What one file, or several, are taken for: a text, the kind of something else, or why it cannot be used. */
async function found(...pairs) {
  try {
    const { kind, text } = await identify(pairs);
    return text ?? kind;
  } catch (error) {
    if (!error.code) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test('texts by whatever name are texts', async () => {
  for (const name of ['abstract.txt', 'README', 'notes.md', 'a.b.c', 'ABSTRACT.TXT', 'refs.nbib', 'refs.ris', 'table.csv']) {
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
    const { text: read, notes } = await identify([file('a.txt', content)]);
    assert.deepEqual([read, notes], [text, []], what);
  }
  const { text, notes } = await identify([file('old.txt', bytes(0x49, 0x4c, 0x2d, 0x32, 0x20, 0xb5, 0x6d))]);
  assert.equal(text, 'IL-2 µm');
  assert.match(notes[0], /old\.txt is not UTF-8 and was read as Windows-1252/);
});

test('what is not all prose is read as it stands, and said', async () => {
  for (const [name, content, said] of [
    ['x.nbib', 'PMID- 1\r\nTI  - IL-2.', /MEDLINE record: its field tags/],
    ['x.txt', 'PMID- 1\nTI  - IL-2.', /MEDLINE/],
    ['x.txt', '10092805|t|IL-2.\n10092805|a|Gene.', /PubTator/],
    ['x.ris', 'TY  - JOUR\nTI  - IL-2.', /RIS/],
  ]) {
    const { text, notes } = await identify([file(name, content)]);
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
    ['article.nxml', '<article>', /tags would be read as text/],
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
  assert.match(await found(file('a.txt'), file('b.txt')), /2 files.*one file at a time.*glossa annotate/);
  assert.match(await found(file('texts/a.txt'), file('texts/b.txt')), /folder texts is no model/);
  assert.match(await found(file('hub/config.txt'), file('hub/model.safetensors')), /hub has weights, but no ONNX file.*optimum-cli/);
});

test('a record is its text, and many records are for the command line', async () => {
  const line = (text) => JSON.stringify({ id: 1, text });
  assert.equal(await found(file('one.jsonl', `\uFEFF${line('IL-2.')}\r\n`)), 'IL-2.');
  assert.equal(await found(file('saved.json', JSON.stringify({ text: 'IL-2.', chunks: [] }))), 'IL-2.');
  assert.match(await found(file('two.jsonl', `${line('a')}\n\n${line('b')}\n`)), /2 records.*glossa annotate two\.jsonl/);
  assert.match(await found(file('bad.jsonl', `${line('a')}\nIL-2`)), /bad\.jsonl, line 2/);
  assert.match(await found(file('none.jsonl', '\n')), /no record/);
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
