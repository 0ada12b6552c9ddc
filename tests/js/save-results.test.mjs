import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { csvCell, csvParts, joined, jsonParts } from '../../www/page/save-results.js';

test('cells are those of the command line', () => {
  const cases = JSON.parse(readFileSync(new URL('../golden/csv_cells.json', import.meta.url), 'utf8'));
  assert.ok(cases.length > 10);
  for (const { text, written } of cases) assert.equal(csvCell(text), written);
});

test('numbers stay numbers', () => {
  const chunk = { begin: 0, end: 2, text: '-1', entity: 'Value', confidence: 0.5 };
  assert.equal([...csvParts({ chunks: [chunk] })].join(''), "begin,end,entity,confidence,text\n0,2,Value,0.5000,'-1\n");
});

test('a result of any length is one document, in parts', async () => {
  const chunk = (begin) => ({ begin, end: begin + 2, text: 'a\n"', entity: 'Value', confidence: 0.5 });
  for (const [text, count] of [['', 0], ['one\n"line"', 1], ['x'.repeat(999_999) + '🧬'.repeat(600_000), 2500]]) {
    const result = { text, model: 'm', mode: 'window', threshold: 0, truncatedFrom: undefined, chunks: Array.from({ length: count }, (_, i) => chunk(i)) };
    assert.equal(await joined(jsonParts(result)), `${JSON.stringify(result, null, 2)}\n`);
    assert.ok(Math.max(...[...jsonParts(result)].map(({ length }) => length)) < 1_100_000);
    const rows = await joined(csvParts(result));
    assert.equal(rows, ['begin,end,entity,confidence,text', ...result.chunks.map(({ begin, end }) => `${begin},${end},Value,0.5000,"a\n"""`), ''].join('\n'));
  }
});
