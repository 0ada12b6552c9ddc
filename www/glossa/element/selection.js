/** The selection, or the caret, while the nodes that it is in are split and joined. */

import { readText } from './read-text.js';

/** @typedef {[node: Node, offset: number]} Point */
/** @typedef {import('./read-text.js').Piece} Piece */

/**
 * Does something that leaves the text of an element as it is, but not its nodes, and puts the selection back.
 * @param {Element} target
 * @param {() => void} change
 */
export function keepingSelection(target, change) {
  const selection = selectionOf(target.getRootNode());
  if (!selection?.anchorNode || !selection.focusNode) return change();
  /** @type {Point[]} */
  const points = [
    [selection.anchorNode, selection.anchorOffset],
    [selection.focusNode, selection.focusOffset],
  ];
  if (!points.some(([node]) => target.contains(node))) return change();
  const before = readText(target).pieces;
  const places = points.map((point) => offsetOf(before, point) ?? liveAt(point));
  change();
  const after = readText(target).pieces;
  const [from, to] = places.map((place) => (typeof place === 'number' ? pointAt(after, place) : pointOf(place)));
  if (from && to) selection.setBaseAndExtent(...from, ...to);
}

/**
 * @param {Node} root
 * @returns {Selection | null} in a shadow root that of its own, where browsers have one
 */
function selectionOf(root) {
  const { getSelection: own } = /** @type {{ getSelection?: () => Selection | null }} */ (/** @type {unknown} */ (root));
  return own ? own.call(root) : getSelection();
}

/**
 * @param {Piece[]} pieces
 * @param {Point} point
 * @returns {number | undefined} where the point is in the text, if it is in one of its nodes
 */
function offsetOf(pieces, [node, offset]) {
  const piece = pieces.find((one) => one.node === node);
  return piece && piece.begin + offset;
}

/**
 * @param {Piece[]} pieces
 * @param {number} at
 * @returns {Point | null} null if there is no text
 */
function pointAt(pieces, at) {
  const piece = pieces.find(({ begin, end }) => begin <= at && at <= end);
  return piece ? [piece.node, at - piece.begin] : null;
}

/**
 * A point between nodes, as in an empty line, or outside the text. A range goes along with what is put in and taken away beside it.
 * @param {Point} point
 */
function liveAt(point) {
  const range = new Range();
  range.setStart(...point);
  return range;
}

/**
 * @param {Range} range
 * @returns {Point}
 */
const pointOf = ({ startContainer, startOffset }) => [startContainer, startOffset];
