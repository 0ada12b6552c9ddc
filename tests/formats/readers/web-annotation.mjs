// Finds the places of Glossa's W3C annotations with readers of other projects: Apache Annotator over a page of jsdom, by position
// and by quote, and Recogito's text annotator.
//
//     node web-annotation.mjs FOLDER MODULES
//
// FOLDER has documents.jsonl and documents.jsonld; MODULES is where @apache-annotator/dom and @apache-annotator/selector 0.2.0,
// @recogito/text-annotator 4.1.1 and jsdom are installed. Prints what differs; the exit code is 1 if anything does.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, modules] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), 'x.js'));
const { JSDOM } = require('jsdom');
const dom = new JSDOM('<!DOCTYPE html><body></body>');
for (const name of ['window', 'document', 'Node', 'NodeFilter', 'Range', 'Document', 'Text', 'Element', 'HTMLElement']) {
  globalThis[name] ??= name === 'window' ? dom.window : dom.window[name];
}
const annotator = pathToFileURL(join(resolve(modules), '@apache-annotator/dom/lib/index.js')).href;
const { createTextPositionSelectorMatcher, createTextQuoteSelectorMatcher } = await import(annotator);
const recogito = pathToFileURL(join(resolve(modules), '@recogito/text-annotator/dist/text-annotator.es.js')).href;
const { parseW3CTextAnnotation } = await import(recogito);

const lines = readFileSync(join(folder, 'documents.jsonl'), 'utf8').split('\n').filter(Boolean);
const items = JSON.parse(readFileSync(join(folder, 'documents.jsonld'), 'utf8')).first.items[Symbol.iterator]();
let wrong = 0;
let places = 0;
const differs = (...what) => {
  wrong += 1;
  console.log(...what);
};

for (const { id, text, chunks } of lines.map((line) => JSON.parse(line))) {
  document.body.textContent = text;
  const node = document.body.firstChild;
  for (const chunk of chunks) {
    const item = items.next().value;
    const targets = [item.target].flat();
    const spans = chunk.spans ?? [chunk];
    if (targets.length !== spans.length || item.body[0].value !== chunk.entity) differs(id, 'another annotation', item);
    for (const [i, { selector }] of targets.entries()) {
      places += 1;
      const { begin, end } = spans[i];
      const position = createTextPositionSelectorMatcher(selector[0]);
      let range;
      for await (range of position(document.body));
      if (range?.startContainer !== node || range.startOffset !== begin || range.endOffset !== end) {
        differs(id, 'by position', range?.startOffset, range?.endOffset, 'not', begin, end);
      }
      // Each match of a quote is sought through the whole text.
      const quote = createTextQuoteSelectorMatcher(selector[1]);
      let found = text.length > 10_000;
      if (!found) for await (const range of quote(document.body)) found ||= range.startOffset === begin && range.endOffset === end;
      if (!found) differs(id, 'by quote', selector[1]);
    }
    if (targets.length > 1) continue;
    const { parsed, error } = parseW3CTextAnnotation(item);
    const [place] = parsed?.target.selector ?? [];
    // It counts UTF-16, where the model counts code points: they agree without characters beyond the BMP.
    const before = text.slice(0, chunk.end);
    const agree = [...before].length === before.length;
    const isThere = !agree || (place?.start === chunk.begin && place.end === chunk.end);
    if (error || place?.quote !== chunk.text || !isThere) differs(id, 'Recogito', error, place, chunk);
  }
}
console.log(`${places} places found`);
process.exitCode = wrong || places === 0 ? 1 : 0;
