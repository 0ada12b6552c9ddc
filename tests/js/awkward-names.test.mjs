// Names that mean something to JavaScript, and a `%` that is no escape.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoded, ModelAddress, strayPercent } from '../../www/glossa/model-address.js';
import { renamed } from '../../www/page/result-view.js';
import { meant, written } from '../../www/page/written-words.js';

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

test('words that are names of objects stay what they are', () => {
  assert.deepEqual(written([...NAMES, '\n', '\t']), [...NAMES, '\\n', '\\t']);
  assert.deepEqual(meant([...NAMES, '\\n', '\\t']), [...NAMES, '\n', '\t']);
});

test('labels that are names of objects are renamed only if they are listed', () => {
  assert.deepEqual(renamed(NAMES, {}, []), NAMES);
  const replaceLabels = JSON.parse('{"__proto__": "A", "toString": "B"}');
  assert.deepEqual(renamed(NAMES, { replaceLabels }, []), ['A', 'constructor', 'B', 'hasOwnProperty']);
});

test('a % that is no escape is kept', () => {
  for (const part of ['100%', '%zz', '%E0%A4%A', '%']) assert.equal(decoded(part), part);
  assert.equal(decoded('caf%C3%A9'), 'caf\u{E9}');
  assert.equal(new ModelAddress('https://host.example/100%.zip').archive.file, '100%.zip');
});

test('a % that is no escape is found in a path', () => {
  for (const [path, found] of [['/100%', '%'], ['/a%zz/', '%zz'], ['/%E0%A4%A', '%A'], ['/50%-off/m', '%-o']]) {
    assert.equal(strayPercent(path), found);
  }
  for (const path of ['/', '/caf%C3%A9/', '/100%25/', '/%ff']) assert.equal(strayPercent(path), undefined);
});
