/**
 * From files to documents: text files, one document each, and records of JSON or JSON lines. `field-files.js` reads the field's
 * formats.
 */

import { GlossaError } from '../../glossa/index.js';
import { megabytes } from '../counted.js';
import { decodeText } from '../decode-text.js';
import { bytesOf, looksOfTheField, refusal, refusedAs, whatIsMixed } from '../file-kinds.js';
import { LONGEST_TEXT, tooLong } from '../input-text.js';
import { documentsOfTheField, ofTheField } from './field-files.js';

/** @typedef {import('../bring-files.js').PathAndFile} PathAndFile */

/**
 * A document as a file has it. One that cannot be read has no text, and `problem`.
 * @typedef {object} ReadDocument
 * @property {string} id
 * @property {string} text
 * @property {string} place the file, and where in it
 * @property {GlossaError} [problem]
 * @property {string[]} [notes] what the user should know of how it was read
 * @property {Given} [given]
 * @property {import('../judging/findings.js').Decision[]} [decisions] what a person has decided about it on the page
 */

/**
 * What a file says of a document beside its text, as it was read.
 * @typedef {Pick<import('../../glossa/documents.js').Document, 'passages' | 'mentions' | 'info'>} Given
 */

/** Bytes of a character in most texts, at most. */
const MOST_BYTES = 2;
/** Bytes of a file that are read at once. */
const PART = 1 << 20;
const LINE_FEED = 10;

/** Files that systems put into folders, which nobody means to bring. */
const OF_SYSTEMS = /(^|\/)(\.[^/]+|__MACOSX\/.*|Thumbs\.db|desktop\.ini)$/i;

/**
 * The documents in files, in the order of the files. What cannot be read is a document with a problem, and the others go on.
 * @param {PathAndFile[]} files all that were brought together
 * @returns {AsyncGenerator<ReadDocument>}
 */
export async function* readDocuments(files) {
  let field = ofTheField(files);
  const isField = new Set(field.map(([path]) => path));
  for (const [path, file] of files) {
    if (files.length > 1 && OF_SYSTEMS.test(path)) continue;
    if (isField.has(path)) {
      // All together, at the place of the first: they are read by one worker, and some belong together.
      for await (const document of documentsOfTheField(field)) yield checked(document);
      field = [];
      continue;
    }
    try {
      let isEmpty = true;
      for await (const document of documentsOf(path, file)) {
        yield document;
        isEmpty = false;
      }
      if (isEmpty) throw refusal(`${path} has no record.`);
    } catch (error) {
      if (!(error instanceof GlossaError)) throw error;
      yield { id: path, text: '', place: path, problem: error };
    }
  }
}

/**
 * Reads so far that one document is told from many.
 * @param {AsyncGenerator<ReadDocument>} documents
 * @returns {Promise<{ only: ReadDocument | undefined, all: AsyncIterable<ReadDocument> }>} `only`: the one that there is
 * @throws {GlossaError} `input_invalid`: there is none
 */
export async function readAhead(documents) {
  const first = await documents.next();
  if (first.done) throw refusal('There is no text in what was brought.');
  const second = await documents.next();
  if (second.done) return { only: first.value, all: inSequence([first.value]) };
  return { only: undefined, all: inSequence([first.value, second.value], documents) };
}

/**
 * Some items, then others.
 * @template Item
 * @param {...(Iterable<Item> | AsyncIterable<Item>)} parts
 */
export async function* inSequence(...parts) {
  for (const part of parts) yield* part;
}

/**
 * @param {string} path
 * @param {File} file
 * @returns {AsyncGenerator<ReadDocument>}
 */
async function* documentsOf(path, file) {
  const refused = await refusedAs(file);
  if (refused) throw refusal(`${path} is ${refused}`);
  if (!file.size) throw refusal(`${path} is empty.`);
  if (/\.(jsonl|ndjson)$/i.test(file.name)) {
    yield* jsonLines(path, file);
    return;
  }
  // What is surely too long is not even read.
  if (file.size > MOST_BYTES * LONGEST_TEXT) throw tooLarge(`${path} has ${megabytes(file.size)} MB, more than this page can show`, path);
  const { text, notes } = decode(await bytesOf(file, path), path);
  if (/\.json$/i.test(file.name)) {
    yield* records(path, text, notes);
    return;
  }
  if (looksOfTheField(text)) {
    for await (const document of documentsOfTheField([[path, file]])) yield checked(document);
    return;
  }
  const mixed = whatIsMixed(file.name, text);
  if (mixed) notes.push(`${path} is ${mixed} are read as text too.`);
  yield withText({ id: path, place: path, text, notes });
}

/**
 * The records of JSON lines, read a part at a time: such files are large.
 * @param {string} path
 * @param {File} file
 * @returns {AsyncGenerator<ReadDocument>}
 */
async function* jsonLines(path, file) {
  let number = 0;
  for await (const bytes of linesOf(file, path)) {
    number += 1;
    const place = `${path}, line ${number}`;
    try {
      if (!bytes) throw tooLarge(`${place} is longer than this page can show`, path);
      const { text, notes } = decode(bytes, path);
      if (text.trim()) yield record(parsed(text), place, notes);
    } catch (error) {
      if (!(error instanceof GlossaError)) throw error;
      yield { id: place, text: '', place, problem: error };
    }
  }
}

/**
 * The bytes of each line; null for one that is too long.
 * @param {File} file
 * @param {string} path
 * @returns {AsyncGenerator<Uint8Array | null>}
 */
async function* linesOf(file, path) {
  const head = decodeText(await bytesOf(file.slice(0, 4096), path));
  if (head?.encoding === 'UTF-16') {
    if (file.size > MOST_BYTES * LONGEST_TEXT) throw tooLarge(`${path} has ${megabytes(file.size)} MB of UTF-16`, path);
    const { text } = decode(await bytesOf(file, path), path);
    for (const line of text.split('\n')) yield new TextEncoder().encode(line);
    return;
  }
  /** @type {Uint8Array[]} the pieces of a line that goes over parts */
  let pieces = [];
  let length = 0;
  const line = () => (length > MOST_BYTES * LONGEST_TEXT ? null : joined(pieces, length));
  for (let at = 0; at < file.size; at += PART) {
    const part = await bytesOf(file.slice(at, at + PART), path);
    for (let from = 0; from < part.length; ) {
      const found = part.indexOf(LINE_FEED, from);
      const piece = part.subarray(from, found < 0 ? part.length : found);
      length += piece.length;
      if (length <= MOST_BYTES * LONGEST_TEXT) pieces.push(piece);
      from += piece.length + 1;
      if (found < 0) continue;
      yield line();
      [pieces, length] = [[], 0];
    }
  }
  if (length) yield line();
}

/**
 * @param {Uint8Array[]} pieces
 * @param {number} length
 */
function joined(pieces, length) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/**
 * A record of JSON, or all in an array.
 * @param {string} path
 * @param {string} text
 * @param {string[]} notes
 * @returns {Generator<ReadDocument>}
 */
function* records(path, text, notes) {
  const value = parsed(text);
  const found = Array.isArray(value) ? value : [value];
  for (const [i, one] of found.entries()) {
    const place = found.length > 1 ? `${path}, record ${i + 1}` : path;
    try {
      yield record(one, place, notes);
    } catch (error) {
      if (!(error instanceof GlossaError)) throw error;
      yield { id: place, text: '', place, problem: error };
    }
  }
}

/**
 * @param {any} value
 * @param {string} place
 * @param {string[]} notes
 * @returns {ReadDocument}
 */
function record(value, place, notes) {
  if (typeof value?.text !== 'string') throw refusal(`${place}: records are {"id": …, "text": "…"}, and this is none.`);
  const { id } = value;
  const named = (typeof id === 'string' && id) || typeof id === 'number';
  return withText({ id: named ? String(id) : place, place, text: value.text, notes });
}

/**
 * A document, or the problem that it is too long.
 * @param {ReadDocument} document
 * @returns {ReadDocument}
 */
function checked(document) {
  const { id, place, text } = document;
  return text.length > LONGEST_TEXT ? { id, place, text: '', problem: tooLarge(`${place}: ${tooLong(text.length)}`, place) } : document;
}

/** @param {ReadDocument} document */
function withText(document) {
  const { text, place } = document;
  if (text.length > LONGEST_TEXT) throw tooLarge(`${place}: ${tooLong(text.length)}`, place);
  return document;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {string} path
 */
function decode(bytes, path) {
  const decoded = decodeText(bytes);
  if (!decoded) {
    throw refusal(`${path} is neither text nor a model. A model is a zip, or a folder with an ONNX file, as Spark NLP or Hugging Face has it.`);
  }
  const isGuess = decoded.encoding === 'Windows-1252';
  return { text: decoded.text, notes: isGuess ? [`${path} is not UTF-8 and was read as Windows-1252: check its special characters.`] : [] };
}

/**
 * @param {string} message
 * @param {string} path
 */
const tooLarge = (message, path) => refusal(`${message}. The command line reads it: glossa annotate ${path.replace(/, (line|record) \d+$/, '')}`);
