// The queue of documents: their order, how many are under way, pausing, and how long the rest takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue } from '../../www/page/documents/queue.js';
import { timeLeft } from '../../www/page/counted.js';

/** A queue with work that is done when the test says so. */
function started({ documents, length = 1000, now, prefer }) {
  const queue = new Queue(now);
  for (let key = 1; key <= documents; key++) queue.add(key, length);
  if (prefer) queue.prefer(prefer);
  const controller = new AbortController();
  const begun = [];
  const ends = new Map();
  const done = queue.run((key) => {
    begun.push(key);
    return new Promise((resolve, reject) => ends.set(key, { resolve, reject }));
  }, controller.signal);
  /** Lets documents be done, and what follows begin. */
  const finish = async (keys, annotated = true) => {
    for (const key of keys) ends.get(key).resolve(annotated);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, controller, begun, ends, done, finish };
}

test('documents are done in order, the one that is read before the others', async () => {
  const { queue, begun, done, finish } = started({ documents: 200, prefer: 150 });
  assert.deepEqual(begun.slice(0, 3), [150, 1, 2]);
  assert.ok(begun.length >= 16 && begun.length <= 64, `${begun.length} under way`);
  assert.ok(queue.isRunning(1) && queue.isWaiting(199));
  queue.prefer(180);
  await finish([150]);
  assert.equal(begun.at(-1), 180);
  for (let i = 0; i < begun.length; i++) if (begun[i] !== 150) await finish([begun[i]], begun[i] !== 7);
  await done;
  assert.equal(new Set(begun).size, 200);
  assert.deepEqual([queue.progress.done, queue.progress.total, queue.progress.failed], [200, 200, 1]);
});

test('long documents are not all begun at once', () => {
  assert.ok(started({ documents: 50, length: 100_000 }).begun.length <= 2);
});

test('while it is paused nothing begins, and it goes on where it was', async () => {
  const { queue, begun, done, finish } = started({ documents: 100 });
  queue.paused = true;
  const before = [...begun];
  await finish(before);
  assert.deepEqual(begun, before);
  assert.equal(queue.progress.done, before.length);
  queue.paused = false;
  assert.ok(begun.length > before.length);
  for (let i = before.length; i < begun.length; i++) await finish([begun[i]]);
  await done;
});

test('it says when it takes no more, as soon as the last is done', async () => {
  const { queue, begun, ends, done } = started({ documents: 1 });
  assert.ok(!queue.isOver);
  ends.get(1).resolve(true);
  await done;
  assert.ok(queue.isOver);
  queue.add(2, 10);
  assert.deepEqual(begun, [1]);
  queue.clear();
  assert.ok(!queue.isOver);
});

test('what is added meanwhile is done too', async () => {
  const { queue, begun, done, finish } = started({ documents: 2 });
  queue.add(3, 10);
  await finish([1, 2]);
  assert.deepEqual(begun, [1, 2, 3]);
  await finish([3]);
  await done;
});

test('cancelled, it ends at once; an error that all would have ends it too', async () => {
  const one = started({ documents: 3 });
  one.controller.abort();
  await assert.rejects(one.done, { code: 'cancelled' });
  const other = started({ documents: 3 });
  other.ends.get(2).reject(new Error('no model'));
  await assert.rejects(other.done, /no model/);
});

test('the time that is left counts what is under way and leaves out pauses', async () => {
  let time = 0;
  const { queue, finish } = started({ documents: 40, length: 700, now: () => time });
  assert.equal(queue.progress.millisecondsLeft, undefined);
  time = 10_000;
  await finish([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(queue.progress.millisecondsLeft, 30_000);
  queue.paused = true;
  time = 1_000_000;
  assert.equal(queue.progress.millisecondsLeft, 30_000);
  assert.deepEqual([20_000, 61_000, 60 * 60_000, 5 * 3_600_000].map(timeLeft), [
    'less than a minute left',
    'about 1 minute left',
    'about 60 minutes left',
    'about 5 hours left',
  ]);
});

test('a hundred thousand documents are no burden', { timeout: 20_000 }, async () => {
  const queue = new Queue();
  for (let key = 0; key < 100_000; key++) queue.add(key, 1000);
  await queue.run(async () => queue.progress.total === 100_000, new AbortController().signal);
  assert.deepEqual([queue.progress.done, queue.progress.failed], [100_000, 0]);
});
