// The engine is loaded once for all who ask; a failure may be tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEngine } from '../../www/glossa/worker/wasm-binary.js';

// Here its binary cannot be fetched: its address is a file's.
test('an attempt after a failure is shared too, and not undone by others who waited for the failure', async () => {
  let again;
  const first = loadEngine();
  first.catch(() => {
    again = loadEngine();
  });
  const second = loadEngine();
  assert.equal(second, first);
  await assert.rejects(second, { code: 'file_unreadable', message: /opened from the disk \(file:\/\/\)/ });
  assert.notEqual(again, first);
  assert.equal(loadEngine(), again);
  await assert.rejects(again, { code: 'file_unreadable' });
});
