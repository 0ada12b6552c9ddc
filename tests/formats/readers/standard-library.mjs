// Reads files that Glossa wrote with JavaScript's own JSON and strings, whose offsets are UTF-16.
//
//     node standard-library.mjs FOLDER
//
// FOLDER has documents.jsonl and the files named in the last lines, written from it. Prints a line for each, and what differs; the
// exit code is 1 if anything does.

import { check, codePointPieces, lines, pieces, places } from './documents.mjs';

/** A reading of a file that has one value for each document: `of` gives the text and [begin, end, entity] of a value. */
const each = (values, of, expected) =>
  function* (file, documents) {
    const found = values(file);
    if (found.length !== documents.length) yield `${found.length} documents, not ${documents.length}`;
    for (const [i, document] of documents.entries()) yield* places(document, ...of(found[i], document), expected(document));
  };

const json = (file) => JSON.parse(file);

function* chunksHaveTheirTexts(file, documents) {
  for (const { id, text, chunks } of documents) {
    for (const chunk of chunks) {
      const there = (chunk.spans ?? [chunk]).map(({ begin, end }) => text.slice(begin, end)).join(' ');
      if (there !== chunk.text) yield `${id}: ${there} at ${JSON.stringify(chunk)}`;
    }
  }
}

const ofDoccano = ({ text, label }) => [text, label];

const ofSpacy = ({ text, ents, spans }) => [text, (spans?.sc ?? ents).map(({ start, end, label }) => [start, end, label])];

const ofLabelStudio = ({ data, predictions, annotations }) => [
  data.text,
  [...predictions, ...annotations].flatMap(({ result }) => result.map(({ value }) => [value.start, value.end, value.labels[0]])),
];

const ofPubAnnotation = ({ text, denotations }) => [
  text,
  denotations.flatMap(({ span, obj }) => [span].flat().map(({ begin, end }) => [begin, end, obj])),
];

// Passages leave out what is between them.
const ofBioc = ({ passages }, { text }) => {
  const letters = [...text];
  const isThere = passages.every((passage) => {
    const { length } = [...passage.text];
    return letters.slice(passage.offset, passage.offset + length).join('') === passage.text;
  });
  const annotations = passages.flatMap((passage) => passage.annotations);
  const found = annotations.flatMap(({ locations, infons }) => locations.map((at) => [at.offset, at.offset + at.length, infons.type]));
  return [isThere ? text : 'another', found];
};

await check(process.argv[2], [
  ['jsonl', 'JavaScript JSON', chunksHaveTheirTexts],
  ['doccano.jsonl', 'JavaScript JSON', each(lines, ofDoccano, codePointPieces)],
  ['bioc.json', 'JavaScript JSON', each((file) => json(file).documents, ofBioc, codePointPieces)],
  ['pubannotation.json', 'JavaScript JSON', each(json, ofPubAnnotation, codePointPieces)],
  ['label-studio.json', 'JavaScript JSON', each(json, ofLabelStudio, pieces)],
  ['spacy.jsonl', 'JavaScript JSON', each(lines, ofSpacy, codePointPieces)],
]);
