// The formats of the package, in a tab: the same documents and files as the command line makes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browser, root, serve } from './harness.mjs';

const LONG = 300_000;
const FIELD = join(root, 'tests', 'texts', 'formats-of-the-field');
const GLOSSA = join(root, 'target', 'release', 'glossa');
let chromium;
let server;
let page;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'glossa-formats-'));
  chromium = await browser();
  server = await serve({ '/plain.html': '<!doctype html><title>plain</title>' });
  page = await chromium.newPage();
  await page.goto(`${server.address}plain.html`);
});

after(async () => {
  await chromium?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The records of files {name: content as base64 or text}, in the tab. */
const readInTab = (files, options = {}) =>
  page.evaluate(
    async ({ files, options }) => {
      const { readDocuments } = await import('/glossa/index.js');
      const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const named = Object.entries(files).map(([name, base64]) => new File([bytes(base64)], name));
      const records = [];
      for await (const record of readDocuments(named, options)) records.push(record);
      return records;
    },
    { files, options },
  );

const base64 = (content) => Buffer.from(content).toString('base64');

/** What the command line makes of a file. */
function converted(name, content, ...flags) {
  writeFileSync(join(folder, name), content);
  const { stdout, status, stderr } = spawnSync(GLOSSA, ['convert', ...flags, name], { cwd: folder, maxBuffer: 1 << 28 });
  return { bytes: stdout, status, messages: String(stderr) };
}

test('files of the field are read as on the command line', { timeout: LONG }, async () => {
  for (const file of readdirSync(FIELD)) {
    const content = readFileSync(join(FIELD, file));
    const name = file.replace('.txt', '.pubtator');
    const records = await readInTab({ [name]: base64(content) });
    const lines = String(converted(name, content, '--to', 'jsonl').bytes).trim().split('\n').map((line) => JSON.parse(line));
    assert.ok(records.length > 0, name);
    assert.deepEqual(records.map(({ id, document }) => [id, document.text]), lines.map(({ id, text }) => [id, text]), name);
    for (const { document } of records) {
      for (const { spans, text } of document.mentions) {
        assert.equal(spans.map(({ begin, end }) => document.text.slice(begin, end)).join(' '), text);
      }
    }
  }
});

const DOCUMENTS = [
  {
    id: 'a/1',
    text: 'IL-2 gene \u{1F9EC} TNF-α\nCD28 binds in e\u0301 cells.',
    passages: [{ begin: 0, end: 18, kind: 'title' }, { begin: 19, end: 42, kind: 'abstract' }],
    mentions: [
      { spans: [{ begin: 0, end: 9 }], text: 'IL-2 gene', entity: 'DNA', confidence: 0.5, by: { who: 'model', name: 'tiny' } },
      { spans: [{ begin: 13, end: 18 }], text: 'TNF-α', entity: 'protein', by: { who: 'person', name: 'Ada' }, time: '2026-01-02T03:04:05Z' },
    ],
  },
  { id: 'b', text: '', mentions: [] },
];

test('what is written is read again, in every format that is read', { timeout: LONG }, async () => {
  const written = await page.evaluate(async (documents) => {
    const { formats, readDocuments, writeDocuments } = await import('/glossa/index.js');
    const results = [];
    for (const { name, extension, read, written, filePerDocument } of await formats()) {
      if (!written) continue;
      const { bytes, warnings } = await writeDocuments(documents, name);
      const again = [];
      const file = { name: `x.${filePerDocument ? 'zip' : extension}`, content: bytes };
      // Tables are of mentions, texts without them: neither is what was written.
      if (read && !['csv', 'tsv', 'text'].includes(name)) {
        for await (const record of readDocuments([file], { from: name })) again.push(record);
      }
      results.push({ name, length: bytes.length, warnings, again });
    }
    return results;
  }, DOCUMENTS);
  assert.ok(written.length > 12);
  for (const { name, length, warnings, again } of written) {
    assert.ok(length > 0, name);
    for (const { what, times } of warnings) assert.ok(what && times > 0, name);
    for (const { document, error, problems } of again) assert.deepEqual([error, problems, Boolean(document)], [undefined, [], true], name);
    const found = again.flatMap(({ document }) => document.mentions.map(({ entity }) => entity));
    if (again.length) assert.deepEqual(found, ['DNA', 'protein'], name);
  }
  const mentions = (name) => written.find((one) => one.name === name).again[0].document.mentions;
  for (const name of ['jsonl', 'bioc-xml', 'bioc-json', 'brat', 'pubannotation']) {
    const [by, person] = mentions(name).map(({ by, confidence, time }) => ({ by, confidence, time }));
    assert.deepEqual([by.by.who, by.by.name, by.confidence], ['model', 'tiny', 0.5], name);
    assert.deepEqual([person.by.who, person.by.name, person.time], ['person', 'Ada', '2026-01-02T03:04:05Z'], name);
  }
});

test('the files are those of the command line, byte by byte', { timeout: LONG }, async () => {
  const content = readFileSync(join(FIELD, 'pubtator.txt'));
  const records = await readInTab({ 'a.pubtator': base64(content) });
  for (const format of ['bioc-xml', 'bioc-json', 'pubtator', 'conll', 'jsonl', 'csv', 'html', 'brat']) {
    const bytes = await page.evaluate(
      async ({ documents, format }) => {
        const { writeDocuments } = await import('/glossa/index.js');
        return [...(await writeDocuments(documents, format)).bytes];
      },
      { documents: records.map(({ document }) => document), format },
    );
    const { bytes: expected } = converted('a.pubtator', content, '--to', format);
    assert.deepEqual(Buffer.from(bytes), expected, format);
  }
});

test('zips, gzip and pairs of files are read, and a bad file among them is told', { timeout: LONG }, async () => {
  writeFileSync(join(folder, 'one.nbib'), 'PMID- 7\nTI  - IL-2 gene\n');
  writeFileSync(join(folder, 'two.nbib'), 'PMID- 8\nTI  - CD28\n');
  execFileSync('gzip', ['-kf', 'two.nbib'], { cwd: folder });
  const records = await readInTab({
    'one.nbib': base64(readFileSync(join(folder, 'one.nbib'))),
    'two.nbib.gz': base64(readFileSync(join(folder, 'two.nbib.gz'))),
    'c.ann': base64('T1\tDNA 0 4\tIL-2\n'),
    'paper.pdf': base64('%PDF-1.7'),
    'c.txt': base64('IL-2'),
    'broken.json': base64('{"documents": ['),
    'last.txt': base64('CD28'),
  });
  assert.deepEqual(records.map(({ id, error }) => [id, error?.code]), [
    ['7', undefined],
    ['8', undefined],
    ['c', undefined],
    ['paper.pdf', 'input_invalid'],
    ['broken.json:1', 'input_invalid'],
    ['last.txt', undefined],
  ]);
});

test('what cannot be read or written is coded, and a reader that is left ends its worker', { timeout: LONG }, async () => {
  const codes = await page.evaluate(async () => {
    const { readDocuments, writeDocuments } = await import('/glossa/index.js');
    const code = async (work) => {
      try {
        return await work();
      } catch (error) {
        return error.code;
      }
    };
    const read = async (options) => {
      const records = readDocuments([new File(['IL-2'], 'a.txt')], options);
      const { value } = await records.next();
      await records.return();
      return value.document.text;
    };
    return {
      text: await code(() => read({})),
      format: await code(() => read({ from: 'nope' })),
      option: await code(() => read({ form: 'text' })),
      unwritten: await code(() => writeDocuments([], 'medline')),
      unknown: await code(() => writeDocuments([], 'nope')),
      place: await code(() => writeDocuments([{ id: 'a', text: 'IL', mentions: [{ spans: [{ begin: 0, end: 9 }], text: 'x', entity: 'y' }] }], 'jsonl')),
      shape: await code(() => writeDocuments([{ id: 7 }], 'jsonl')),
      aborted: await code(() => read({ signal: AbortSignal.abort() })),
    };
  });
  assert.deepEqual(codes, {
    text: 'IL-2',
    format: 'option_invalid',
    option: 'option_invalid',
    unwritten: 'option_invalid',
    unknown: 'option_invalid',
    place: 'input_invalid',
    shape: 'input_invalid',
    aborted: 'cancelled',
  });
  while (page.workers().length) await new Promise((resolve) => setTimeout(resolve, 20));
});
