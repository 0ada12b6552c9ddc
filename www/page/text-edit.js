/** What an edit has changed in a text. */

/**
 * The code units from `begin` up to `end` have become others, so many that what stands behind has moved by `shift`.
 * @typedef {{ begin: number, end: number, shift: number }} Edit
 */

/**
 * The edit by which one text has become another: the shortest range that has changed.
 * @param {string} before
 * @param {string} after
 * @returns {Edit}
 */
export function editBetween(before, after) {
  const shorter = Math.min(before.length, after.length);
  let begin = 0;
  while (begin < shorter && before.charCodeAt(begin) === after.charCodeAt(begin)) begin += 1;
  const shift = after.length - before.length;
  let end = before.length;
  const least = begin + Math.max(0, -shift);
  while (end > least && before.charCodeAt(end - 1) === after.charCodeAt(end - 1 + shift)) end -= 1;
  return { begin, end, shift };
}

/**
 * Where a range is after an edit; null if the edit is in it.
 * @param {{ begin: number, end: number }} range
 * @param {Edit} edit
 */
export function followed({ begin, end }, edit) {
  if (end <= edit.begin) return { begin, end };
  return begin >= edit.end ? { begin: begin + edit.shift, end: end + edit.shift } : null;
}
