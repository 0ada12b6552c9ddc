// Chunks as they are kept: what is unpacked is what was packed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack, unpack } from '../../www/page/documents/packed.js';

const TEXT = 'IL-2 😀 β-catenin \ud800 treat-\r\nment';
const chunk = (begin, end, entity, confidence, more = {}) => ({ begin, end, text: TEXT.slice(begin, end), entity, confidence, ...more });

test('chunks come back as they were, with their text, in their order', () => {
  const chunks = [chunk(0, 4, 'DNA', 0.1), chunk(5, 7, 'protein', 0.30000001192092896), chunk(8, 17, 'DNA', 1), chunk(18, 19, 'x', 0)];
  assert.deepEqual(unpack(structuredClone(pack(chunks)), TEXT), chunks);
  assert.deepEqual(unpack(pack([]), TEXT), []);
});

test('what a chunk has beside its text comes back, and others get nothing', () => {
  const chunks = [chunk(20, 32, 'DNA', 0.5, { result: 'treatment' }), chunk(0, 4, 'DNA', 0.5)];
  assert.deepEqual(unpack(structuredClone(pack(chunks)), TEXT), chunks);
  assert.ok(!('result' in unpack(pack(chunks), TEXT)[1]));
});
