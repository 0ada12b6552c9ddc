// Which visit has which version of the page, also when the service worker has been restarted.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ClientNotes } from '../../www/service-worker/client-notes.js';

const SCOPE = 'https://host.test/glossa/';
const DAY_MS = 24 * 60 * 60 * 1000;
const { now } = Date;
let stored;
let open;

/** As much of the browser's caches as notes need. */
beforeEach(() => {
  stored = new Map();
  open = [];
  const cache = {
    match: async (key) => stored.get(key)?.clone(),
    put: async (key, response) => void stored.set(key, response),
    delete: async (key) => stored.delete(key),
    keys: async () => [...stored.keys()].map((url) => ({ url })),
  };
  globalThis.caches = { open: async () => cache };
});

afterEach(() => {
  delete globalThis.caches;
  Date.now = now;
});

const clients = { get: async (id) => open.find((client) => client.id === id), matchAll: async () => open };
/** The notes of a service worker that has just been started. */
const started = (scope = SCOPE) => new ClientNotes(scope, clients);

test('a note outlives the service worker', async () => {
  await started().note('a', 'one');
  assert.equal(await started().versionOf('a'), 'one');
  assert.equal(await started().versionOf('b'), undefined);
  assert.equal(await started('https://host.test/').versionOf('a'), undefined, 'another page of the origin');
});

test('a page that is just starting, of which the browser does not know yet, keeps its note', async () => {
  const notes = started();
  await notes.note('starting', 'one');
  assert.deepEqual(await started().versionsInUse(), new Set(['one']));
  assert.equal(await started().versionOf('starting'), 'one');
});

test('a version is in use as long as a client has it, and for a day', async () => {
  await started().note('open', 'one');
  await started().note('closed', 'two');
  open = [{ id: 'open', type: 'window' }];
  const later = now() + 2 * DAY_MS;
  Date.now = () => later;
  assert.deepEqual(await started().versionsInUse(), new Set(['one']));
  assert.equal(await started().versionOf('closed'), undefined);
});

test('pages that began without the service worker get a version, others keep theirs', async () => {
  await started().note('a', 'one');
  open = ['a', 'b', 'c'].map((id) => ({ id, type: 'window', url: id === 'c' ? `${SCOPE}example.html` : SCOPE }));
  await started().noteOpen('two', (address) => address === SCOPE);
  const versions = await Promise.all(['a', 'b', 'c'].map((id) => started().versionOf(id)));
  assert.deepEqual(versions, ['one', 'two', undefined], 'another page has none');
});

test('a thread of which nothing was noted has the version that all pages have', async () => {
  await started().note('a', 'one');
  open = [{ id: 'a', type: 'window' }, { id: 'thread', type: 'worker' }];
  assert.equal(await started().versionOf('thread'), 'one');
  open.push({ id: 'b', type: 'window' });
  await started().note('b', 'two');
  assert.equal(await started().versionOf('thread'), undefined);
});

test('where storage is denied, the service worker remembers as long as it runs', async () => {
  globalThis.caches = { open: async () => Promise.reject(new DOMException('denied', 'SecurityError')) };
  const notes = started();
  await notes.note('a', 'one');
  assert.equal(await notes.versionOf('a'), 'one');
});

test('a worker that begins from a blob has the version of the page that tells of it', async () => {
  const notes = started();
  await notes.note('a', 'one');
  await notes.note('b', 'two');
  open = [
    ...['a', 'b'].map((id) => ({ id, type: 'window', url: SCOPE })),
    ...['a', 'b', 'c'].map((id) => ({ id: `worker-${id}`, type: 'worker', url: `blob:${SCOPE}${id}` })),
  ];
  assert.equal(await notes.versionOf('worker-a'), undefined, 'the pages have two versions');
  // The worker asks for its script before it is noted.
  const told = [notes.noteWorker(`blob:${SCOPE}a`, 'a'), notes.noteWorker(`blob:${SCOPE}b`, 'b')];
  assert.deepEqual(await Promise.all(['worker-a', 'worker-b'].map((id) => notes.versionOf(id))), ['one', 'two']);
  await Promise.all(told);
  assert.equal(await started().versionOf('worker-b'), 'two', 'also when the service worker has been restarted');
  assert.equal(await notes.versionOf('worker-c'), undefined, 'of which no page has told');
});
