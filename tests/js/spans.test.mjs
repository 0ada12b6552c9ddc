// Where long documents are cut to be laid out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanEnd } from '../../www/page/spans.js';

/** All spans of a text, as begin and end. */
function cut(text, chunks = []) {
  const spans = [];
  for (let begin = 0, end; begin < text.length; begin = end) {
    const next = chunks.filter((chunk) => chunk.end <= begin).length;
    end = spanEnd(text, begin, chunks, next);
    spans.push([begin, end]);
  }
  return spans;
}

test('a short text is one span', () => {
  assert.deepEqual(cut('a\nb'), [[0, 3]]);
  assert.deepEqual(cut(''), []);
});

test('spans end after a line', () => {
  const line = `${'x'.repeat(2999)}\n`;
  assert.deepEqual(cut(line.repeat(5)), [[0, 6000], [6000, 12_000], [12_000, 15_000]]);
});

test('a line without end is cut after a word', () => {
  const spans = cut('word '.repeat(10_000));
  assert.deepEqual(spans.slice(0, 2), [[0, 16_005], [16_005, 32_010]]);
  assert.equal(spans.at(-1)[1], 50_000);
});

test('a text without a space is cut all the same, and no pair of surrogates', () => {
  const spans = cut(`x${'🧬'.repeat(30_000)}`);
  assert.deepEqual(spans, [[0, 20_001], [20_001, 40_001], [40_001, 60_001]]);
});

test('the longer a text, the longer its spans, if so asked', () => {
  assert.equal(spanEnd('line\n'.repeat(100_000), 0, [], 0, 30_000), 30_005);
});

test('no chunk is cut, whatever it holds', () => {
  const text = 'x'.repeat(3990) + ' a long\nchunk\nof lines '.repeat(10) + 'y'.repeat(5000);
  const chunks = [{ begin: 10, end: 20 }, { begin: 3991, end: 4200 }, { begin: 4200, end: 4210 }];
  for (const [begin, end] of cut(text, chunks)) {
    const torn = chunks.find((chunk) => chunk.begin < end && end < chunk.end);
    assert.equal(torn, undefined, `${begin} to ${end}`);
  }
  assert.equal(cut(text).flat().at(-1), text.length);
});
