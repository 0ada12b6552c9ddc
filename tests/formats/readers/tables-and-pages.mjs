// Reads tables, HTML and BioC XML that Glossa wrote with Papa Parse and jsdom.
//
//     node tables-and-pages.mjs FOLDER
//
// FOLDER has documents.jsonl and the files named in the last lines, written from it. Prints a line for each, and what differs; the
// exit code is 1 if anything does.

import { JSDOM } from 'jsdom';
import Papa from 'papaparse';
import { check, codePointPieces, pieces, places } from './documents.mjs';

const table = (delimiter) =>
  function* (file, documents) {
    const { data, errors } = Papa.parse(file, { header: true, delimiter, skipEmptyLines: true });
    yield* errors.map((error) => JSON.stringify(error));
    // A cell that a spreadsheet would take for a formula has an apostrophe before it.
    const plain = (cell) => (delimiter === ',' ? cell.replace(/^'/, '') : cell);
    for (const document of documents) {
      const rows = data.filter(({ id }) => plain(id) === document.id);
      const found = rows.map(({ begin, end, entity }) => [Number(begin), Number(end), entity]);
      const whole = document.chunks.map(({ begin, end, entity }) => [begin, end, entity]);
      yield* places(document, document.text, found, whole);
      const texts = (all) => all.map(({ text }) => plain(text)).sort().join('\n');
      if (texts(rows) !== texts(document.chunks)) yield `${document.id}: other texts: ${texts(rows)}`;
    }
  };

const letters = (text) => text.replace(/\s+/g, '');

// HTML has no NUL.
const visible = (text) => letters(text.replaceAll('\0', '\ufffd'));

function* page(file, documents) {
  const articles = [...new JSDOM(file).window.document.querySelectorAll('article')];
  if (articles.length !== documents.length) yield `${articles.length} articles`;
  for (const [i, document] of documents.entries()) {
    const text = [...articles[i].querySelectorAll('p.text')].map((part) => part.textContent).join('');
    if (visible(text) !== visible(document.text)) yield `${document.id}: another text`;
    const marks = [...articles[i].querySelectorAll('mark[data-label]')];
    const found = marks.map((mark) => ({ entity: mark.dataset.label.split(' ')[0], text: visible(mark.textContent) }));
    for (const [begin, end, entity] of pieces(document)) {
      // Of a mark that another crosses, the last part has the label.
      const isMark = (mark) => mark.entity === entity.split(' ')[0] && visible(document.text.slice(begin, end)).endsWith(mark.text);
      const at = found.findIndex(isMark);
      if (at < 0) yield `${document.id}: no mark of ${begin} to ${end} ${entity}`;
      else found.splice(at, 1);
    }
    if (found.length > 0) yield `${document.id}: marks of no mention: ${JSON.stringify(found)}`;
  }
}

function* bioc(file, documents) {
  const { document: xml } = new JSDOM(file, { contentType: 'text/xml' }).window;
  const found = [...xml.querySelectorAll('document')];
  if (found.length !== documents.length) yield `${found.length} documents`;
  for (const [i, document] of documents.entries()) {
    const annotations = [...found[i].querySelectorAll('annotation')];
    const of = (annotation) => {
      const entity = annotation.querySelector('infon[key=type]').textContent;
      const place = (location) => ['offset', 'length'].map((name) => Number(location.getAttribute(name)));
      return [...annotation.querySelectorAll('location')].map(place).map(([offset, length]) => [offset, offset + length, entity]);
    };
    yield* places(document, document.text, annotations.flatMap(of), codePointPieces(document));
    const text = [...found[i].querySelectorAll('passage > text')].map((part) => part.textContent).join('');
    // XML has no control characters: they are blanks.
    // eslint-disable-next-line no-control-regex
    if (letters(text) !== letters(document.text.replace(/[\0-\x1f]/g, ' '))) yield `${document.id}: another text`;
  }
}

await check(process.argv[2], [
  ['csv', 'Papa Parse', table(',')],
  ['tsv', 'Papa Parse', table('\t')],
  ['html', 'jsdom', page],
  ['bioc.xml', 'jsdom', bioc],
]);
