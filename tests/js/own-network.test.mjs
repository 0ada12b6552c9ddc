// What the service worker asks for.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { fetch as ask } from '../../www/service-worker/own-network.js';

const { fetch } = globalThis;
const FILE = 'https://host.test/glossa/pkg/app.js';
let asked;

beforeEach(() => {
  asked = [];
  globalThis.fetch = async (what) => {
    asked.push(what);
    return new Response('');
  };
});

afterEach(() => Object.assign(globalThis, { fetch }));

test("files by their plain addresses, and a client's requests as they are", async () => {
  const request = new Request(`${FILE}?model=models/mine/`);
  await ask(FILE, { cache: 'no-cache' });
  await ask(request);
  assert.deepEqual(asked, [FILE, request]);
});

test('nothing that could carry a text', async () => {
  const refused = { name: 'TypeError', message: /does not ask for that/ };
  await assert.rejects(ask(`${FILE}?text`), refused);
  await assert.rejects(ask(FILE, { method: 'POST', body: 'text' }), refused);
  await assert.rejects(ask(FILE, { method: 'PUT' }), refused);
  await assert.rejects(ask(new Request(FILE, { method: 'POST', body: 'text' })), refused);
  assert.deepEqual(asked, []);
});
