// The order of the table's rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordered } from '../../www/page/chunk-order.js';

const chunks = [
  ['IL-10', 'protein', 0.5],
  ['il-2', 'DNA', 0.9],
  ['IL-2', 'protein', 0.5],
  ['β-actin', 'DNA', 0.25],
  ['IL-10', 'RNA', 0.75],
].map(([text, entity, confidence], i) => ({ begin: i * 10, end: i * 10 + text.length, text, entity, confidence }));

const order = (column, descending = false) => [...ordered(chunks, column, descending)];

test('rows are sorted by words as people sort them, numbers in them by their size', () => {
  assert.deepEqual(order('text').map((i) => chunks[i].text), ['il-2', 'IL-2', 'IL-10', 'IL-10', 'β-actin']);
});

test('what is alike in a column stays in the order of the text, either way round', () => {
  assert.deepEqual(order('begin'), [0, 1, 2, 3, 4]);
  assert.deepEqual(order('begin', true), [4, 3, 2, 1, 0]);
  assert.deepEqual(order('entity'), [1, 3, 0, 2, 4]);
  assert.deepEqual(order('entity', true), [4, 0, 2, 1, 3]);
  assert.deepEqual(order('confidence'), [3, 0, 2, 4, 1]);
  assert.deepEqual(order('confidence', true), [1, 4, 0, 2, 3]);
});

test('half a million rows keep their order exactly', () => {
  const many = Array.from({ length: 500_000 }, (_, i) => ({ ...chunks[i % 5], begin: i }));
  const found = ordered(many, 'confidence', false);
  assert.equal(new Set(found).size, many.length);
  for (let place = 1; place < found.length; place++) {
    const [before, after] = [many[found[place - 1]], many[found[place]]];
    const isInOrder = before.confidence < after.confidence || (before.confidence === after.confidence && before.begin < after.begin);
    if (!isInOrder) assert.fail(`place ${place}`);
  }
  assert.deepEqual([...ordered([], 'text', false)], []);
});
