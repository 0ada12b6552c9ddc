/**
 * Cuts a long document into spans that are laid out on their own: those out of sight are not laid out at all. A
 * megabyte in one piece takes a browser seconds each time a highlight changes.
 */

/** Code units of a span, unless its last line or chunk goes on. */
const SPAN = 4000;
/** Code units from which on a span ends after a word rather than a line. */
const LONGEST_SPAN = 16_000;

/**
 * Where the span from `begin` on ends: after a line, or in a very long line after a word, never in a chunk.
 * @param {string} text
 * @param {number} begin
 * @param {{ begin: number, end: number }[]} chunks in the order of the text
 * @param {number} next the index of the first chunk that ends after `begin`
 * @returns {number}
 */
export function spanEnd(text, begin, chunks, next) {
  let from = begin + SPAN;
  for (;;) {
    const line = text.indexOf('\n', from) + 1 || text.length;
    const word = text.indexOf(' ', Math.max(from, begin + LONGEST_SPAN)) + 1 || text.length;
    const end = Math.min(line, word);
    while (next < chunks.length && chunks[next].end <= end) next++;
    if (next === chunks.length || chunks[next].begin >= end) return end;
    from = chunks[next].end;
  }
}
