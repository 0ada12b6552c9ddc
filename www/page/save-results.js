/** Saves what was found: as JSON or CSV, to the clipboard or into a file. */

import { slices } from './slices.js';

/**
 * What is saved of an annotation.
 * @typedef {object} Result
 * @property {string} text
 * @property {string} [model]
 * @property {string} mode
 * @property {number} threshold
 * @property {number} [truncatedFrom]
 * @property {import('./judging/findings.js').Finding[]} chunks
 */

/** Chunks, and code units of a text, that are written at once. */
const BATCH = 1000;
const PIECE = 1_000_000;

/**
 * The annotation with its text, which the offsets refer to, as JSON.
 * @param {Result} result
 * @returns {Generator<string>} parts of the document
 */
export function* jsonParts({ text, model, mode, threshold, truncatedFrom, chunks }) {
  yield '{\n  "text": "';
  for (let at = 0; at < text.length; ) {
    const end = pieceEnd(text, at);
    yield JSON.stringify(text.slice(at, end)).slice(1, -1);
    at = end;
  }
  yield '"';
  for (const [name, value] of Object.entries({ model, mode, threshold, truncatedFrom })) {
    if (value !== undefined) yield `,\n  ${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  }
  yield ',\n  "chunks": [';
  for (let i = 0; i < chunks.length; i += BATCH) {
    // An array of its own, without its brackets, as far to the right as it is deep.
    const batch = JSON.stringify(chunks.slice(i, i + BATCH).map(plain), null, 2).slice(1, -2).replaceAll('\n', '\n  ');
    yield i ? `,${batch}` : batch;
  }
  yield chunks.length ? '\n  ]\n}\n' : ']\n}\n';
}

/**
 * A finding without what only the page needs of it.
 * @param {import('./judging/findings.js').Finding} finding
 */
function plain({ begin, end, spans, text, entity, confidence, result, layer, by, time }) {
  const pieces = spans && spans.length > 1 ? { spans } : {};
  return { begin, end, ...pieces, text, entity, confidence, result, layer, by, time };
}

/**
 * Where a piece of the text from `at` on ends: in no pair of surrogates, which JSON would write as escapes.
 * @param {string} text
 * @param {number} at
 */
function pieceEnd(text, at) {
  const end = at + PIECE;
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end + 1 : end;
}

/**
 * A text as a cell of CSV: with an apostrophe before what a spreadsheet would take for a formula, and quoted as in RFC 4180.
 * `src/formats/cell.rs` does the same for the command line.
 * @param {string} text
 */
export function csvCell(text) {
  const cell = /^'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * A row per chunk; the columns are those of the command line without its id. Offsets count UTF-16 code units.
 * @param {Pick<Result, 'chunks'>} result
 * @returns {Generator<string>} parts of the document
 */
export function* csvParts({ chunks }) {
  yield 'begin,end,entity,confidence,text\n';
  for (let i = 0; i < chunks.length; i += BATCH) {
    const rows = chunks.slice(i, i + BATCH).map(({ begin, end, text, entity, confidence }) =>
      [begin, end, csvCell(entity), confidence?.toFixed(4) ?? '', csvCell(text)].join(','),
    );
    yield `${rows.join('\n')}\n`;
  }
}

/**
 * Makes all parts; the browser may draw in between.
 * @template Made
 * @param {Iterable<string>} parts
 * @param {(part: string) => Made} as what is made of each
 */
export async function written(parts, as) {
  /** @type {Made[]} */
  const made = [];
  const pause = slices();
  for (const part of parts) {
    made.push(as(part));
    await pause();
  }
  return made;
}

/** The link that is followed to save a file; made beforehand, as the running page makes none: see `stay-in-tab.js`. */
const link = /** @type {HTMLAnchorElement} */ (globalThis.document?.createElement('a'));

/**
 * Saves text as a file.
 * @param {string} name
 * @param {string} type MIME type
 * @param {Iterable<string>} parts
 */
export async function save(name, type, parts) {
  // Of one long text a browser would make bytes at one go.
  saveBytes(name, type, new Blob(await written(parts, (part) => new Blob([part]))));
}

/**
 * Saves bytes as a file.
 * @param {string} name
 * @param {string} type MIME type
 * @param {BlobPart} bytes
 */
export function saveBytes(name, type, bytes) {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * The parts as one text.
 * @param {Iterable<string>} parts
 */
export const joined = async (parts) => (await written(parts, (part) => part)).join('');

/**
 * Puts text on the clipboard.
 * @param {string} content
 * @returns {Promise<boolean>} whether the browser allowed it; it does so on https and localhost only
 */
export async function copy(content) {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    return false;
  }
}
