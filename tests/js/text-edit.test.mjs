// What an edit has changed in a text, and which spans of the document stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { movedSpans } from '../../www/page/spans.js';
import { editBetween } from '../../www/page/text-edit.js';

const EDITS = [
  ['abc', 'abc', { begin: 3, end: 3, shift: 0 }],
  ['abc', 'abXc', { begin: 2, end: 2, shift: 1 }],
  ['abc', 'ac', { begin: 1, end: 2, shift: -1 }],
  ['abc', 'aXYc', { begin: 1, end: 2, shift: 1 }],
  ['abc', '', { begin: 0, end: 3, shift: -3 }],
  ['', 'abc', { begin: 0, end: 0, shift: 3 }],
  // Where the same stands on both sides: the range is the last that it may be.
  ['aaa', 'aaaa', { begin: 3, end: 3, shift: 1 }],
  ['aaaa', 'aaa', { begin: 3, end: 4, shift: -1 }],
  ['abab', 'ababab', { begin: 4, end: 4, shift: 2 }],
];

for (const [before, after, edit] of EDITS) {
  test(`from ${JSON.stringify(before)} to ${JSON.stringify(after)}`, () => assert.deepEqual(editBetween(before, after), edit));
}

test('an edit tells how to make one text of the other', () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  for (let i = 0; i < 500; i++) {
    const before = Array.from({ length: random(12) }, () => 'ab\n'[random(3)]).join('');
    const at = random(before.length + 1);
    const after = before.slice(0, at) + 'ba'.slice(random(3)) + before.slice(at + random(3));
    const { begin, end, shift } = editBetween(before, after);
    assert.ok(begin <= end && end <= before.length);
    assert.equal(before.slice(0, begin) + after.slice(begin, end + shift) + before.slice(end), after);
  }
});

const SPANS = [{ begin: 0, end: 10 }, { begin: 10, end: 20 }, { begin: 20, end: 30 }];
const chunk = (begin, end) => ({ begin, end });

test('spans stay but for the edit, and have the chunks that are in them', () => {
  const chunks = [chunk(1, 3), chunk(12, 23), chunk(24, 26)];
  assert.deepEqual(movedSpans(SPANS, { begin: 12, end: 13, shift: 4 }, chunks), [
    { begin: 0, end: 10, first: 0, after: 1 },
    { begin: 10, end: 24, first: 1, after: 2 },
    { begin: 24, end: 34, first: 2, after: 3 },
  ]);
});

test('what is written between two spans is in the later one, and behind the last in the last', () => {
  const ends = (edit) => movedSpans(SPANS, edit, []).map(({ end }) => end);
  assert.deepEqual(ends({ begin: 10, end: 10, shift: 2 }), [10, 22, 32]);
  assert.deepEqual(ends({ begin: 30, end: 30, shift: 2 }), [10, 20, 32]);
});

test('spans cannot stay', () => {
  assert.equal(movedSpans([], { begin: 0, end: 0, shift: 1 }, []), null, 'there are none');
  assert.equal(movedSpans(SPANS, { begin: 8, end: 12, shift: -4 }, []), null, 'the edit goes over an end');
  assert.equal(movedSpans(SPANS, { begin: 10, end: 20, shift: -10 }, []), null, 'one would be empty');
  assert.equal(movedSpans(SPANS, { begin: 12, end: 12, shift: 50_000 }, []), null, 'one would be too long');
  assert.equal(movedSpans(SPANS, { begin: 12, end: 12, shift: 1 }, [chunk(8, 12)]), null, 'a chunk goes over an end');
});
