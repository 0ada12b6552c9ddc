// The page's options are those of the schema, which is made from the library's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FIELDS, FORMAT, NOT_ENTERED, TOOLBAR } from '../../www/page/option-fields.js';
import { readSchema } from '../../www/page/option-schema.js';

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const schema = JSON.parse(read('www/glossa/options.schema.json'));
const options = readSchema(schema);

test('the page has every option of the schema, and no other', () => {
  const shown = FIELDS.filter((field) => field !== FORMAT).map(({ name }) => name);
  assert.deepEqual([...shown, ...TOOLBAR, ...NOT_ENTERED].sort(), [...options.keys()].sort());
});

/** Defaults that the schema has in descriptions only. */
const DESCRIBED = { aggregationStrategy: 'simple', caseSensitiveExceptions: true };

test('kinds, values and defaults are those of the schema', () => {
  const { load, annotate } = schema;
  const properties = { ...load.properties, ...load.properties.tokenizer.properties, ...annotate.properties };
  for (const field of FIELDS.filter((field) => field !== FORMAT)) {
    const { type, oneOf, enum: values, default: usual = DESCRIBED[field.name] } = properties[field.name];
    const allowed = oneOf?.map(({ const: value }) => value) ?? values;
    if (field.kind === 'choice') {
      const offered = field.choices.map(([value]) => value).filter(Boolean);
      assert.deepEqual(offered.sort(), [...(allowed ?? ['true', 'false'])].sort(), field.name);
      assert.equal(field.choices[0][0], usual ?? '', field.name);
    } else if (field.kind === 'check') {
      assert.deepEqual([type, field.usual], ['boolean', usual], field.name);
    } else {
      assert.ok(type !== 'boolean' && !allowed, field.name);
      assert.equal(['lines', 'names', 'words', 'characters', 'escaped'].includes(field.kind), type === 'array', field.name);
    }
  }
});

test('the toolbar offers the values of the schema', () => {
  const page = read('www/index.html');
  const [, mode] = /<select data-testid="mode"[^>]*>(.*?)<\/select>/s.exec(page);
  assert.deepEqual([...mode.matchAll(/value="(\w+)"/g)].map(([, value]) => value), options.get('mode').values);
  const [, min, max] = /data-testid="threshold" min="(\d+)" max="(\d+)"/.exec(page);
  assert.deepEqual([Number(min), Number(max)], [options.get('threshold').minimum, options.get('threshold').maximum]);
});
