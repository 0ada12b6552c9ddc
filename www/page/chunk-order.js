/** The order of the table's rows. */

/** @typedef {import('../glossa/index.js').Chunk} Chunk */
/** @typedef {'text' | 'entity' | 'begin' | 'confidence'} Column */

const words = new Intl.Collator('en', { numeric: true });

/** @type {Record<Column, (chunk: Chunk) => string | number>} */
const VALUES = {
  text: ({ text }) => text,
  entity: ({ entity }) => entity,
  begin: ({ begin }) => begin,
  confidence: ({ confidence }) => confidence,
};

/**
 * The indices of the chunks in the order of a column; those that are alike in it stay in the order of the text.
 * @param {Chunk[]} chunks in the order of the text
 * @param {Column} column
 * @param {boolean} descending
 * @returns {Uint32Array}
 */
export function ordered(chunks, column, descending) {
  const values = chunks.map(VALUES[column]);
  const ranks = ranksOf(values);
  const { length } = chunks;
  // Numbers that hold both rank and index are sorted several times faster than indices by a function; they are exact, as both
  // are below 2^26.
  const keys = Float64Array.from(values, (value, i) => {
    const rank = /** @type {number} */ (ranks.get(value));
    return (descending ? ranks.size - rank : rank) * length + i;
  }).sort();
  return Uint32Array.from(keys, (key) => key % length);
}

/**
 * The place of each value among all, from 0 on.
 * @param {(string | number)[]} values all of them words, or all of them numbers
 */
function ranksOf(values) {
  const distinct = [...new Set(values)];
  // Words that only look alike, such as one with a letter and one with the letter's parts, stay apart.
  distinct.sort((a, b) => (typeof a === 'string' ? words.compare(a, String(b)) || (a < b ? -1 : 1) : a - Number(b)));
  return new Map(distinct.map((value, rank) => [value, rank]));
}
