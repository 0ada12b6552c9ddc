// Finds the places of Glossa's W3C annotations with readers of other projects: Apache Annotator over a page of jsdom, by position
// and by quote, and Recogito's text annotator.
//
//     node web-annotation.mjs FOLDER
//
// FOLDER has documents.jsonl and documents.jsonld. Prints a line for each reader, and what differs; the exit code is 1 if anything does.

import { JSDOM } from 'jsdom';
import { check } from './documents.mjs';

const dom = new JSDOM('<!DOCTYPE html><body></body>');
for (const name of ['window', 'document', 'Node', 'NodeFilter', 'Range', 'Document', 'Text', 'Element', 'HTMLElement']) {
  globalThis[name] ??= name === 'window' ? dom.window : dom.window[name];
}
// They look for a page when they are loaded.
const { createTextPositionSelectorMatcher, createTextQuoteSelectorMatcher } = await import('@apache-annotator/dom');
const { parseW3CTextAnnotation } = await import('@recogito/text-annotator');

// A quote is sought through the whole text for each match.
const LONGEST_SEARCHED = 10_000;

/** Each mention with its document and its annotation. */
function* annotations(file, documents) {
  const items = JSON.parse(file).first.items[Symbol.iterator]();
  for (const document of documents) {
    for (const chunk of document.chunks) yield { ...document, chunk, spans: chunk.spans ?? [chunk], item: items.next().value };
  }
}

async function* inPage(file, documents) {
  for (const { id, text, chunk, spans, item } of annotations(file, documents)) {
    document.body.textContent = text;
    const node = document.body.firstChild;
    const targets = [item.target].flat();
    if (targets.length !== spans.length || item.body[0].value !== chunk.entity) yield `${id}: another annotation: ${item.id}`;
    for (const [i, { selector }] of targets.entries()) {
      const { begin, end } = spans[i];
      const isThere = (range) => range.startContainer === node && range.startOffset === begin && range.endOffset === end;
      const ranges = [];
      for await (const range of createTextPositionSelectorMatcher(selector[0])(document.body)) ranges.push(range);
      if (ranges.length !== 1 || !isThere(ranges[0])) yield `${id}: by position ${ranges.join()}, not ${begin} to ${end}`;
      if (text.length > LONGEST_SEARCHED) continue;
      let isFound = false;
      for await (const range of createTextQuoteSelectorMatcher(selector[1])(document.body)) isFound ||= isThere(range);
      if (!isFound) yield `${id}: by quote: ${JSON.stringify(selector[1])}`;
    }
  }
}

function* byRecogito(file, documents) {
  for (const { id, text, chunk, spans, item } of annotations(file, documents)) {
    // It has one place for an annotation.
    if (spans.length > 1) continue;
    const { parsed, error } = parseW3CTextAnnotation(item);
    const [place] = parsed?.target.selector ?? [];
    // It counts UTF-16, where the model counts code points: they agree without characters beyond the BMP.
    const before = text.slice(0, chunk.end);
    const agree = [...before].length === before.length;
    if (parsed?.bodies[0]?.value !== chunk.entity) yield `${id}: ${JSON.stringify(parsed?.bodies)}, not ${chunk.entity}`;
    const isThere = !agree || (place?.start === chunk.begin && place.end === chunk.end);
    if (error || place?.quote !== chunk.text || !isThere) yield `${id}: ${error} ${JSON.stringify(place)}, not ${JSON.stringify(chunk)}`;
  }
}

await check(process.argv[2], [
  ['jsonld', 'Apache Annotator', inPage],
  ['jsonld', 'Recogito', byRecogito],
]);
