/** Lists of words in one line, such as the characters that separate tokens. */

/** How characters that cannot be typed into a line are written there. */
const WRITTEN = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
const MEANT = new Map([...WRITTEN].map(([character, written]) => [written, character]));

/**
 * The words that are meant by those of a line.
 * @param {string[]} words
 */
export const meant = (words) => words.map((word) => MEANT.get(word) ?? word);

/**
 * Words as they are written into a line.
 * @param {string[]} words
 */
export const written = (words) => words.map((word) => WRITTEN.get(word) ?? word);
