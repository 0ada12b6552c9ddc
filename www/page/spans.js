/**
 * Cuts a long document into spans that are laid out on their own: those out of sight are not laid out at all. A
 * megabyte in one piece takes a browser seconds each time a highlight changes.
 */

/** Code units of a span, unless its last line or chunk goes on. */
const SPAN = 4000;
/** Times that length from which on a span ends after a word rather than a line, and a length later anywhere. */
const LONGEST = 4;
/** Code units of a span that has grown by edits, above which the text is cut anew. */
const LONGEST_EDITED = SPAN * (LONGEST + 2);

/**
 * Where the span from `begin` on ends: after a line, or in a very long line after a word, never in a chunk.
 * @param {string} text
 * @param {number} begin
 * @param {{ begin: number, end: number }[]} chunks in the order of the text
 * @param {number} next the index of the first chunk that ends after `begin`
 * @param {number} [least] the code units of a span, if they are to be more
 * @returns {number}
 */
export function spanEnd(text, begin, chunks, next, least = 0) {
  const length = Math.max(SPAN, least);
  let from = begin + length;
  for (;;) {
    const end = cut(text, from, Math.max(from, begin + LONGEST * length), length);
    while (next < chunks.length && chunks[next].end <= end) next++;
    if (next === chunks.length || chunks[next].begin >= end) return end;
    from = chunks[next].end;
  }
}

/**
 * The end of the first line from `from` on; from `long` on a word's will do; and from a `length` later, any character's. No more
 * of the text is looked at: a text may be one line.
 * @param {string} text
 * @param {number} from
 * @param {number} long
 * @param {number} length
 */
function cut(text, from, long, length) {
  const line = text.slice(from, long).indexOf('\n');
  if (line >= 0) return from + line + 1;
  const space = text.slice(long, long + length).search(/[ \n]/);
  if (space >= 0) return long + space + 1;
  const end = long + length;
  if (end >= text.length) return text.length;
  return isLowSurrogate(text, end) ? end + 1 : end;
}

/**
 * @param {string} text
 * @param {number} at
 */
const isLowSurrogate = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/**
 * Where the spans of an edited text begin and end, and which chunks they have, if they are to stay what they are but for the edit;
 * null if they cannot: the edit goes over a span's end, empties a span or makes it too long, or a chunk goes over one's end.
 * @param {{ begin: number, end: number }[]} spans
 * @param {import('./text-edit.js').Edit} edit
 * @param {{ begin: number, end: number }[]} chunks of the edited text, in its order
 * @returns {{ begin: number, end: number, first: number, after: number }[] | null}
 */
export function movedSpans(spans, edit, chunks) {
  const places = [];
  const edited = editedSpan(spans, edit);
  if (edited < 0 || spans[edited].end < edit.end) return null;
  let next = 0;
  for (const [i, span] of spans.entries()) {
    const begin = span.begin + (i > edited ? edit.shift : 0);
    const end = span.end + (i >= edited ? edit.shift : 0);
    const first = next;
    while (next < chunks.length && chunks[next].end <= end) next += 1;
    const isTooLong = i === edited && edit.shift > 0 && end - begin > LONGEST_EDITED;
    if (end <= begin || isTooLong || chunks[next]?.begin < end) return null;
    places.push({ begin, end, first, after: next });
  }
  return places;
}

/**
 * The index of the span in which a text is edited: what is written between two spans is in the later one.
 * @param {{ end: number }[]} spans
 * @param {import('./text-edit.js').Edit} edit
 */
export const editedSpan = (spans, { begin }) => spans.findIndex(({ end }, i) => begin < end || i === spans.length - 1);
