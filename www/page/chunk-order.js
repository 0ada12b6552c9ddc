/** The order of the table's rows. */

/** @typedef {import('./judging/findings.js').Finding} Chunk */
/** @typedef {'text' | 'entity' | 'begin' | 'confidence'} Column */

const words = new Intl.Collator('en', { numeric: true });

/** Above every rank. */
const TOP = 2 ** 30;

/**
 * The indices of the chunks in the order of a column; those that are alike in it stay in the order of the text.
 * @param {Chunk[]} chunks in the order of the text, up to 8 million
 * @param {Column} column
 * @param {boolean} descending
 * @returns {Uint32Array}
 */
export function ordered(chunks, column, descending) {
  const { length } = chunks;
  const order = new Uint32Array(length);
  if (column === 'begin') {
    for (let i = 0; i < length; i++) order[i] = descending ? length - 1 - i : i;
    return order;
  }
  const ranks = column === 'confidence' ? bitsOf(chunks) : ranksOf(chunks, column);
  // Numbers that hold both rank and index are sorted many times faster than indices by a function.
  const keys = new Float64Array(length);
  for (let i = 0; i < length; i++) keys[i] = (descending ? TOP - ranks[i] : ranks[i]) * length + i;
  keys.sort();
  for (let i = 0; i < length; i++) order[i] = keys[i] % length;
  return order;
}

/**
 * The confidences as the bits of single precision numbers, which they are: of numbers from 0 to 1 these have the same order. What
 * has none is as the least certain.
 * @param {Chunk[]} chunks
 */
function bitsOf(chunks) {
  const confidences = new Float32Array(chunks.length);
  for (let i = 0; i < chunks.length; i++) confidences[i] = chunks[i].confidence ?? 0;
  return new Uint32Array(confidences.buffer);
}

/**
 * The places of words among all that there are, from 0 on.
 * @param {Chunk[]} chunks
 * @param {'text' | 'entity'} column
 */
function ranksOf(chunks, column) {
  /** @type {Map<string, number>} */
  const places = new Map();
  for (const chunk of chunks) places.set(chunk[column], 0);
  // Words that only look alike, such as one with a letter and one with the letter's parts, stay apart.
  const distinct = [...places.keys()].sort((a, b) => words.compare(a, b) || (a < b ? -1 : 1));
  distinct.forEach((word, place) => places.set(word, place));
  const ranks = new Uint32Array(chunks.length);
  for (let i = 0; i < chunks.length; i++) ranks[i] = places.get(chunks[i][column]) ?? 0;
  return ranks;
}
