// What is said of a worker that is lost or cannot be started.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadLimit, lost, notLoaded, notStarted, silent } from '../../www/glossa/worker-failure.js';

test('a lost worker: the model, the reason and what to do', () => {
  const trap = lost('the engine stopped: unreachable', 'https://host.test/models/mine');
  assert.match(trap, /^https:\/\/host\.test\/models\/mine: the engine stopped: unreachable\. Try again: .*new worker/);
  const memory = lost('the engine stopped: Out of memory: Cannot allocate Wasm memory for new instance', 'mine.zip');
  assert.match(memory, /^mine\.zip: the engine stopped: .*not enough memory.*command line$/);
  assert.match(lost('the worker stopped'), /^the worker stopped\. Try again/);
});

test('a worker that says nothing: for how long, and which option sets the limit', () => {
  assert.match(lost(silent(120_000), 'mine.zip'), /^mine\.zip: the engine has given no sign of life for 2 minutes\. Try again/);
  assert.match(loadLimit('mine.zip', 600_000), /^mine\.zip: it was not ready after 10 minutes of work without progress.*loadTimeout/);
  assert.match(loadLimit('mine.zip', 45_000), /after 45 seconds/);
});

test('a worker that cannot be started: the reason by where the page is', () => {
  const say = (protocol, origin) => notStarted('https://cdn.test/worker.js', new Error('no access'), { location: { protocol }, origin });
  assert.match(say('file:', 'null'), /no access\. .*opened from the disk \(file:\/\/\).*web server/);
  assert.match(say('https:', 'null'), /no access\. .*sandbox without allow-same-origin/);
  assert.match(say('https:', 'https://site.test'), /https:\/\/cdn\.test\/worker\.js, has to be on the page's own site, https:\/\/site\.test/);
  assert.match(notLoaded('https://site.test/worker.js'), /https:\/\/site\.test\/worker\.js has to be there .*workerUrl and wasmUrl .*worker-src/);
});
