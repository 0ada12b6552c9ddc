// Progress is told as often as a person can follow it, and what was told last is true.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { PROGRESS_MS, throttled } from '../../www/glossa/worker/throttled.js';

const downloaded = (loaded) => ({ stage: 'download', file: 'model.onnx', loaded, total: 1000 });

/** Runs with a clock that stands still until it is moved. */
function withClock(run) {
  let now = 1_000_000;
  const clock = mock.method(performance, 'now', () => now);
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    run((milliseconds) => {
      now += milliseconds;
      mock.timers.tick(milliseconds);
    });
  } finally {
    mock.timers.reset();
    clock.mock.restore();
  }
}

test('of a download that stands still, all that has come is told', () => {
  withClock((wait) => {
    const sent = [];
    const tell = throttled(({ loaded }) => sent.push(loaded));
    for (const loaded of [0, 100, 200, 300]) tell(downloaded(loaded));
    assert.deepEqual(sent, [0]);
    wait(PROGRESS_MS);
    assert.deepEqual(sent, [0, 300]);
    wait(10 * PROGRESS_MS);
    assert.deepEqual(sent, [0, 300], 'nothing is told twice');
  });
});

test('the end of a stage and the beginning of the next are told at once, and nothing older after them', () => {
  withClock((wait) => {
    const sent = [];
    const tell = throttled((event) => sent.push(event));
    const prepared = (loaded) => ({ stage: 'prepare', loaded, total: 50 });
    tell(downloaded(0));
    tell(downloaded(999));
    tell(downloaded(1000));
    tell(prepared(0));
    tell(prepared(1));
    tell(prepared(50));
    wait(10 * PROGRESS_MS);
    assert.deepEqual(sent, [downloaded(0), downloaded(1000), prepared(0), prepared(50)]);
  });
});
