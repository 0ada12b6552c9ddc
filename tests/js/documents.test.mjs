// The documents of the page's list, where nothing is kept: in memory, as in a browser without a database.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Documents, MOST_DOCUMENTS } from '../../www/page/documents/documents.js';

const NEVER = new AbortController().signal;
const KEPT = { model: 'm/', name: 'm', pipeline: { options: {}, annotate: {} } };

async function* numbered(count, text = (i) => `Text ${i}.`) {
  for (let i = 1; i <= count; i++) yield { id: `id ${i}`, text: text(i), place: `file, line ${i}` };
}

async function opened(count, text) {
  const documents = new Documents(() => {});
  const { keys } = await documents.add(numbered(count, text), NEVER, () => {});
  return { documents, keys };
}

const chunk = (entity, confidence) => ({ begin: 0, end: 4, text: 'Text', entity, confidence });
const result = (chunks, setup = 'a') => ({ setup, mode: 'window', chunks, entities: ['DNA'] });

test('the list holds a limited number of documents', { timeout: 120_000 }, async () => {
  const documents = new Documents(() => {});
  const { keys, notes } = await documents.add(numbered(MOST_DOCUMENTS + 5), NEVER, () => {});
  assert.equal(keys.length, MOST_DOCUMENTS);
  assert.match(notes[0], /holds 100,000 documents; the rest was left out\. The command line reads all/);
});

test('what is annotated is kept, counted at any confidence, and not done again with the same set-up', async () => {
  const { documents, keys } = await opened(3);
  assert.equal(await documents.begin('a', KEPT), true);
  const annotate = async (text) => {
    if (text === 'Text 2.') throw new Error('it cannot be done');
    return result([chunk('DNA', 0.25), chunk('DNA', 0.75), chunk('RNA', 0.5)]);
  };
  const done = [];
  await documents.run(annotate, () => false, (key) => done.push(key), NEVER);
  assert.deepEqual(done.sort(), keys);
  const [first, second] = documents.entries;
  assert.deepEqual(documents.counts(first, 0), [['DNA', 2], ['RNA', 1]]);
  assert.deepEqual(documents.counts(first, 0.5), [['DNA', 1], ['RNA', 1]]);
  assert.deepEqual(documents.counts(first, 0.76), []);
  assert.deepEqual([documents.stateOf(second), second.problem], ['failed', 'it cannot be done']);
  assert.equal(documents.summary(0), '6 chunks in 2 documents, 1 failed');
  assert.equal(documents.summary(0.7), '2 chunks in 2 documents, 1 failed');
  const { text, result: kept } = await documents.open(keys[0]);
  assert.equal(text, 'Text 1.');
  assert.deepEqual(kept, result([chunk('DNA', 0.25), chunk('DNA', 0.75), chunk('RNA', 0.5)]));

  // The one that failed is tried again; with another set-up all are.
  await documents.begin('a', KEPT);
  assert.equal(documents.queue.progress.total, 1);
  await documents.begin('b', KEPT);
  assert.equal(documents.queue.progress.total, 3);
});

test('an error that all documents would have ends the work, and none has failed', async () => {
  const { documents } = await opened(3);
  await documents.begin('a', KEPT);
  await assert.rejects(documents.run(() => Promise.reject(new Error('no model')), () => true, () => {}, NEVER), /no model/);
  documents.queue.clear();
  assert.equal(documents.summary(0), '0 chunks in 0 documents, 3 not annotated');
});

test('a result that comes for a text that was changed meanwhile is dropped', async () => {
  const { documents, keys } = await opened(1);
  await documents.begin('a', KEPT);
  const seen = [];
  const annotate = async (text) => {
    seen.push(text);
    if (text === 'Text 1.') await documents.setText(keys[0], 'Another.');
    return result([chunk('DNA', 1)]);
  };
  await documents.run(annotate, () => false, () => {}, NEVER);
  assert.deepEqual(seen, ['Text 1.', 'Another.']);
  const { text, entry } = await documents.open(keys[0]);
  assert.deepEqual([text, entry.state, entry.beginning, entry.id], ['Another.', 'done', 'Another.', 'id 1']);
});

test('work that is cancelled leaves what was under way as it was', async () => {
  const { documents } = await opened(5);
  await documents.begin('a', KEPT);
  const controller = new AbortController();
  const annotate = () => {
    controller.abort();
    return Promise.resolve(result([chunk('DNA', 1)]));
  };
  await assert.rejects(documents.run(annotate, () => false, () => {}, controller.signal), { code: 'cancelled' });
  documents.queue.clear();
  assert.ok(documents.entries.every(({ state, found }) => state === 'waiting' && !Object.keys(found).length));
});

test('a search looks into names and whole texts, in any case, and ends when another begins', async () => {
  const { documents, keys } = await opened(30, (i) => `${'x '.repeat(400)}${i === 7 ? 'METFORMIN' : ''}`);
  const search = async (query, signal = NEVER) => {
    let last = new Set();
    await documents.search(query, (found) => (last = new Set(found)), signal);
    return [...last];
  };
  assert.deepEqual(await search('metformin'), [keys[6]]);
  assert.deepEqual(await search('ID 30'), [keys[29]]);
  assert.deepEqual(await search('line 2'), [keys[1], ...keys.slice(19, 29)]);
  const ended = new AbortController();
  ended.abort();
  assert.deepEqual(await search('metformin', ended.signal), []);
});

test('what is forgotten is gone, and new documents are other ones', async () => {
  const { documents, keys } = await opened(3);
  await documents.forget();
  assert.deepEqual([documents.entries, documents.work], [[], null]);
  assert.equal(await documents.open(keys[0]), null);
  const { keys: others } = await documents.add(numbered(1), NEVER, () => {});
  assert.ok(!keys.includes(others[0]));
});
