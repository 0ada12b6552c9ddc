// What documents.jsonl says of the files beside it, and what is said of each reading of one: documents.py for Node.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** How many code points stand before a place in UTF-16. */
export const codePoint = (text, unit) => [...text.slice(0, unit)].length;

/** [begin, end, entity] of all pieces of a document, in UTF-16. */
export const pieces = ({ chunks }) =>
  chunks.flatMap((chunk) => (chunk.spans ?? [chunk]).map(({ begin, end }) => [begin, end, chunk.entity]));

/** The same in code points. */
export const codePointPieces = (document) =>
  pieces(document).map(([begin, end, entity]) => [codePoint(document.text, begin), codePoint(document.text, end), entity]);

const inOrder = (found) => JSON.stringify(found.map((one) => JSON.stringify(one)).sort());

/** The differences of a document's text and pieces from what was found. */
export function* places(document, text, found, expected) {
  if (text !== document.text) yield `${document.id}: another text`;
  if (inOrder(found) !== inOrder(expected)) yield `${document.id}: read ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`;
}

/**
 * Reads the files of a folder, prints a line for each reading, with its differences, and sets the exit code.
 * @param {string} folder
 * @param {[extension: string, reader: string, read: (file: string, documents: any[]) => Iterable<string> | AsyncIterable<string>][]} readings
 *   a file's name behind `documents.`, the reader's, and what yields each difference between the file's text and the documents
 */
export async function check(folder, readings) {
  const documents = lines(readFileSync(join(folder, 'documents.jsonl'), 'utf8'));
  for (const [extension, reader, read] of readings) {
    const name = `documents.${extension}`;
    const differences = [];
    try {
      for await (const difference of read(readFileSync(join(folder, name), 'utf8'), documents)) differences.push(difference);
    } catch (error) {
      // Whatever a reader throws at a file is what it says of it.
      differences.push(String(error.stack));
    }
    const result = differences.length > 0 ? `${differences.length} DIFFERENCES` : `${documents.length} documents as written`;
    console.log(`${name.padEnd(28)} ${reader.padEnd(24)} ${result}`);
    for (const difference of differences) console.log(`    ${difference.slice(0, 400)}`);
    if (differences.length > 0) process.exitCode = 1;
  }
}
