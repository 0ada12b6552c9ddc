import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { csvCell, toCsv } from '../../www/page/save-results.js';

test('cells are those of the command line', () => {
  const cases = JSON.parse(readFileSync(new URL('../golden/csv_cells.json', import.meta.url), 'utf8'));
  assert.ok(cases.length > 10);
  for (const { text, written } of cases) assert.equal(csvCell(text), written);
});

test('numbers stay numbers', () => {
  const chunk = { begin: 0, end: 2, text: '-1', entity: 'Value', confidence: 0.5 };
  assert.equal(toCsv({ chunks: [chunk] }), "begin,end,entity,confidence,text\n0,2,Value,0.5000,'-1\n");
});
