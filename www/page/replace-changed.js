/** Puts new nodes in the place of old ones, of which those stay that need not go: who points at one, or reads it, is not disturbed. */

/** What may change of a mark that stays. */
const OF_PLACE = ['data-begin', 'data-end', 'data-hue', 'data-hidden', 'title'];
/** What makes it another mark. */
const OF_KIND = ['data-entity', 'data-judged', 'data-layer', 'data-part'];

/** Comparisons of nodes that have changed, above which none of them stays: a few milliseconds' work. */
const MOST_COMPARED = 1_000_000;

/**
 * Gives an element the nodes of a fragment. Nodes stay that look as those that are to be there, in their order.
 * @param {Element} target
 * @param {DocumentFragment} made
 * @param {(kept: Element, made: Element) => void} onKept is called with each element that stays, and the one that it stays instead of
 */
export function replaceChanged(target, made, onKept) {
  const [before, after] = [[...target.childNodes], [...made.childNodes]];
  /** @type {Node | null} */
  let behind = null;
  let [i, j] = [before.length, after.length];
  for (const [atBefore, atAfter] of [...inCommon(before.map(looks), after.map(looks)), [-1, -1]]) {
    while (--i > atBefore) before[i].remove();
    while (--j > atAfter) behind = target.insertBefore(after[j], behind);
    if (i < 0) break;
    keep(before[i], after[j], onKept);
    behind = before[i];
  }
}

/**
 * What two lists have in common, in order: pairs of indices, the last first. As much as there can be, unless that takes long.
 * @param {string[]} before
 * @param {string[]} after
 * @returns {[number, number][]}
 */
function inCommon(before, after) {
  /** @type {[number, number][]} */
  const pairs = [];
  let front = 0;
  let [i, j] = [before.length, after.length];
  while (front < Math.min(i, j) && before[front] === after[front]) front += 1;
  while (Math.min(i, j) > front && before[i - 1] === after[j - 1]) pairs.push([--i, --j]);
  // How long the longest common part is of what stands between, up to each two places.
  const width = j - front + 1;
  if ((i - front) * (j - front) <= MOST_COMPARED) {
    const lengths = new Uint16Array((i - front + 1) * width);
    const at = (/** @type {number} */ one, /** @type {number} */ other) => (one - front) * width + other - front;
    for (let one = front + 1; one <= i; one++) {
      for (let other = front + 1; other <= j; other++) {
        const isSame = before[one - 1] === after[other - 1];
        lengths[at(one, other)] = isSame ? lengths[at(one - 1, other - 1)] + 1 : Math.max(lengths[at(one - 1, other)], lengths[at(one, other - 1)]);
      }
    }
    while (i > front && j > front) {
      if (before[i - 1] === after[j - 1]) pairs.push([--i, --j]);
      else if (lengths[at(i - 1, j)] >= lengths[at(i, j - 1)]) i -= 1;
      else j -= 1;
    }
  }
  while (front > 0) pairs.push([--front, front]);
  return pairs;
}

/**
 * What a node looks like, wherever it is: its text, and the kinds of marks in it.
 * @param {Node} node
 * @returns {string}
 */
function looks(node) {
  if (!(node instanceof Element)) return JSON.stringify(node.textContent);
  const kind = [node.tagName, ...OF_KIND.map((name) => node.getAttribute(name))];
  return `${JSON.stringify(kind)}(${[...node.childNodes].map(looks).join()})`;
}

/**
 * @param {Node} kept
 * @param {Node} made
 * @param {(kept: Element, made: Element) => void} onKept
 */
function keep(kept, made, onKept) {
  if (!(kept instanceof Element && made instanceof Element)) return;
  for (const name of OF_PLACE) {
    const value = made.getAttribute(name);
    if (value === kept.getAttribute(name)) continue;
    if (value === null) kept.removeAttribute(name);
    else kept.setAttribute(name, value);
  }
  onKept(kept, made);
  kept.childNodes.forEach((node, i) => keep(node, made.childNodes[i], onKept));
}
