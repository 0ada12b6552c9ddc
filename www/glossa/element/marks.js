/** Marks around parts of text nodes, which are put there and taken away again. */

/** @typedef {import('./read-text.js').Piece} Piece */
/** @typedef {{ begin: number, end: number }} Place in code units of the text */

/**
 * A text node that has been split: it kept its first characters, and what followed is in nodes of our own.
 * @typedef {object} Split
 * @property {Text} node
 * @property {Text} fence an empty node of our own behind it. `normalize()` takes it away together with an empty `node`; what has put the
 *   text there, and takes it away again, leaves it
 * @property {Text[]} rest the nodes with what followed, in order
 */

/** All marks that are known; others are copies, which came with markup that was cloned or pasted. @type {WeakSet<Element>} */
const known = new WeakSet();

/** Marks of one part of a page. */
export class Marks {
  /** @type {Split[]} */
  #splits = [];
  /** @type {HTMLElement[]} */
  #marks = [];

  /**
   * Puts marks around places of the text; one that lies over several text nodes has several.
   * @template {Place} At
   * @param {Piece[]} pieces as the text is now
   * @param {At[]} places in the order of the text; of those that overlap, the one that begins first or is longer lies around the other
   * @param {(place: At) => HTMLElement} make makes an empty mark
   */
  put(pieces, places, make) {
    let next = 0;
    for (const { node, begin, end } of pieces) {
      while (next < places.length && places[next].end <= begin) next += 1;
      const within = [];
      for (let i = next; i < places.length && places[i].begin < end; i++) {
        if (places[i].end > Math.max(begin, places[i].begin)) within.push(places[i]);
      }
      if (within.length) this.#mark(node, begin, nested(within, begin, end), make);
    }
  }

  /**
   * @template {Place} At
   * @param {Text} node
   * @param {number} begin
   * @param {Part<At>[]} parts
   * @param {(place: At) => HTMLElement} make
   */
  #mark(node, begin, parts, make) {
    /** @type {Text[]} */
    const rest = [];
    const cut = (/** @type {number} */ at) => {
      rest.unshift(node.splitText(at - begin));
      return rest[0];
    };
    // From behind, so that the node keeps its places. The node itself is never moved: what has put it there may look for it.
    const put = (/** @type {Part<At>[]} */ some) => {
      for (const { place, begin: from, end, within } of [...some].reverse()) {
        if (end < begin + node.length) cut(end);
        const behind = node.nextSibling;
        put(within);
        if (from < begin + node.length) cut(from);
        const mark = make(place);
        node.after(mark);
        while (mark.nextSibling !== behind) mark.append(/** @type {ChildNode} */ (mark.nextSibling));
        known.add(mark);
        this.#marks.push(mark);
      }
    };
    put(parts);
    const fence = document.createTextNode('');
    node.after(fence);
    this.#splits.push({ node, fence, rest });
  }

  /** Whether all marks are where they were put, with text in them. */
  get areThere() {
    return this.#marks.every((mark) => mark.isConnected && mark.textContent);
  }

  /**
   * Goes along with what has put the text there, and has written or taken away a node that was split: it knows nothing of the rest of it.
   * To be called before the text is read, which would have what is no longer meant to be there.
   * @param {MutationRecord[]} records of changes that are not our own
   * @returns {boolean} whether marks have gone
   */
  settle(records) {
    const written = new Set(records.filter(({ type }) => type === 'characterData').map(({ target }) => target));
    const before = this.#splits.length;
    this.#splits = this.#splits.filter(({ node, fence, rest }) => {
      // One who writes in a text changes any of its nodes. And without the fence it was `normalize()`.
      if (!fence.parentElement || fence.parentElement.isContentEditable) return true;
      if (node.parentNode) {
        const isBeside = node.nextSibling === fence;
        if (isBeside && !written.has(node)) return true;
        // Others that split text nodes, or put elements around them, leave the text as it is.
        if (!isBeside && (written.has(node) || fence.previousSibling?.contains(node))) return true;
        // It was moved, or something was put behind it: behind all of it, for those who know of no marks.
        if (!isBeside) node.appendData(rest.filter((part) => part.isConnected).map(({ data }) => data).join(''));
      }
      for (const part of [fence, ...rest]) part.remove();
      return false;
    });
    if (this.#splits.length === before) return false;
    this.#marks = this.#marks.filter((mark) => {
      if (!mark.hasChildNodes()) mark.remove();
      return mark.hasChildNodes();
    });
    return true;
  }

  /** Takes all marks away. The text stays as it is, also where it was changed meanwhile. */
  remove() {
    // Someone may have written into them.
    for (const mark of this.#marks) unwrap(mark);
    for (const { node, fence, rest } of this.#splits) {
      const own = new Set([fence, ...rest]);
      // Only what still follows: a line break may have come in between, or a part may be in a paragraph of its own now.
      let next = node.nextSibling;
      while (node.parentNode && next instanceof Text && own.has(next)) {
        // Live ranges go along with no data that moves, so that whoever keeps the selection has to put it back.
        node.appendData(next.data);
        next.remove();
        next = node.nextSibling;
      }
      if (!fence.data) fence.remove();
    }
    this.#splits = [];
    this.#marks = [];
  }
}

/**
 * The part of a place that a mark lies around.
 * @template {Place} At
 * @typedef {{ place: At, begin: number, end: number, within: Part<At>[] }} Part
 */

/**
 * Places as parts that lie within one another or apart. One that goes on behind the end of the part that it begins in becomes two.
 * @template {Place} At
 * @param {At[]} places
 * @param {number} begin where the text begins that the parts are of
 * @param {number} end
 * @returns {Part<At>[]} in the order of the text
 */
function nested(places, begin, end) {
  /** @type {(place: At, from: number, to: number) => Part<At>} */
  const part = (place, from, to) => ({ place, begin: from, end: to, within: [] });
  const inOrder = (/** @type {Part<At>} */ one, /** @type {Part<At>} */ other) => one.begin - other.begin || other.end - one.end;
  const parts = places.map((place) => part(place, Math.max(place.begin, begin), Math.min(place.end, end))).sort(inOrder);
  /** @type {Part<At>[]} */
  const outermost = [];
  const open = [{ end, within: outermost }];
  for (let i = 0; i < parts.length; i++) {
    const next = parts[i];
    while (open[open.length - 1].end <= next.begin && open.length > 1) open.pop();
    const around = open[open.length - 1];
    if (next.end > around.end) {
      const behind = part(next.place, around.end, next.end);
      let at = i + 1;
      while (at < parts.length && inOrder(parts[at], behind) <= 0) at += 1;
      parts.splice(at, 0, behind);
      next.end = around.end;
    }
    around.within.push(next);
    open.push(next);
  }
  return outermost;
}

/** @param {Element} mark */
function unwrap(mark) {
  known.delete(mark);
  if (mark.parentNode) mark.replaceWith(...mark.childNodes);
}

/**
 * Takes away marks that are copies.
 * @param {Element} root
 */
export function removeCopies(root) {
  for (const mark of root.querySelectorAll('mark[data-glossa]')) if (!known.has(mark)) unwrap(mark);
}
