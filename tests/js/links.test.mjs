// The Markdown of the repository: its links lead somewhere, and all of docs/ is in the book.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ELSEWHERE, chapters } from '../../scripts/site/book.mjs';
import { ROOT, anchors, changeLinks, codeBlocks, codeSpans, leadsOut, links, pages, readPage, resolved } from '../../scripts/site/markdown.mjs';

/** Links that lead nowhere, of pages by their paths. */
function dead(paths, read) {
  return paths.flatMap((page) => links(read(page)).filter((target) => !leadsOut(target)).flatMap((target) => {
    const { path, anchor } = resolved(page, target);
    const isThere = paths.includes(path) || existsSync(join(ROOT, path));
    const isNamed = anchor === undefined || (path.endsWith('.md') && isThere && anchors(read(path)).has(anchor));
    return isThere && isNamed ? [] : [`${page}: ${target}`];
  }));
}

test('every link and anchor of the Markdown leads somewhere', () => {
  assert.ok(pages().length > 20);
  assert.deepEqual(dead(pages(), readPage), []);
});

test('a link that leads nowhere is found', () => {
  const made = {
    'made/one.md': '# One `thing`, and another\n[a](#one-thing-and-another) [b](two.md#more) [c](https://files.test/) [`d`](two.md) ![e](../LICENSE)\n',
    'made/two.md': '## More\n## More\n[a](#more-1) `[not](a-link.md)`\n\n```sh\n[nor](this.md)\n```\n',
  };
  const read = (path) => made[path];
  assert.deepEqual(dead(Object.keys(made), read), []);
  made['made/two.md'] += '[x](one.md#another) [y](three.md) <img src="../none.png"> [z](#more-2) [w](../LICENSE#part)\n';
  assert.deepEqual(dead(Object.keys(made), read), ['one.md#another', 'three.md', '../none.png', '#more-2', '../LICENSE#part'].map((target) => `made/two.md: ${target}`));
});

test('every page of docs/ is in the summary of the book', () => {
  const listed = links(readPage('docs/SUMMARY.md')).map((target) => resolved('docs/SUMMARY.md', target).path);
  assert.equal(new Set(listed).size, listed.length);
  const wanted = pages().filter((path) => path.startsWith('docs/') && path !== 'docs/SUMMARY.md');
  assert.deepEqual(wanted.filter((path) => !listed.includes(path)), []);
});

test('the book has what its chapters link to: a chapter, or a file that is copied beside them', () => {
  const placed = chapters();
  const isThere = (/** @type {string} */ path) =>
    placed.has(path) || path in ELSEWHERE || (!path.endsWith('.md') && statSync(join(ROOT, path)).isFile());
  const wrong = [...placed.keys()].flatMap((page) =>
    links(readPage(page)).filter((target) => !leadsOut(target) && !target.startsWith('#') && !isThere(resolved(page, target).path)).map((target) => `${page}: ${target}`));
  assert.deepEqual(wrong, []);
});

test('code and links of a page are told apart', () => {
  const text = 'A `[b](c)` [d `e`](f.md#g)\n\n   ```sh\n   h [i](j)\n   ```\n\n````md\n```js\nk\n```\n````\n';
  assert.deepEqual(links(text), ['f.md#g']);
  assert.deepEqual(codeSpans(text), ['[b](c)', 'e']);
  assert.deepEqual(codeBlocks(text), [
    { language: 'sh', code: 'h [i](j)\n', line: 3 },
    { language: 'md', code: '```js\nk\n```\n', line: 7 },
  ]);
  assert.equal(changeLinks(text, (target) => `<${target}>`), text.replace('f.md#g', '<f.md#g>'));
});
