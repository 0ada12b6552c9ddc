/**
 * Cuts a long document into spans that are laid out on their own: those out of sight are not laid out at all. A
 * megabyte in one piece takes a browser seconds each time a highlight changes.
 */

/** Code units of a span, unless its last line or chunk goes on. */
const SPAN = 4000;
/** Times that length from which on a span ends after a word rather than a line, and a length later anywhere. */
const LONGEST = 4;

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
