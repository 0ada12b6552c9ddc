/** Marks around parts of text nodes, which are put there and taken away again. */

/** @typedef {import('./read-text.js').Piece} Piece */
/** @typedef {{ begin: number, end: number }} Place in code units of the text */

/**
 * A text node that has been split: it kept its first characters, and what followed is in nodes of our own.
 * @typedef {object} Split
 * @property {Text} node
 * @property {string} first what it kept
 * @property {Text[]} rest the nodes with what followed, in order
 */

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
   * @param {At[]} places in the order of the text, none overlapping
   * @param {(place: At) => HTMLElement} make makes an empty mark
   */
  put(pieces, places, make) {
    let next = 0;
    for (const { node, begin, end } of pieces) {
      while (next < places.length && places[next].end <= begin) next += 1;
      const within = [];
      for (let i = next; i < places.length && places[i].begin < end; i++) within.push(places[i]);
      if (within.length) this.#mark(node, begin, end, within, make);
    }
  }

  /**
   * @template {Place} At
   * @param {Text} node
   * @param {number} begin
   * @param {number} end
   * @param {At[]} places
   * @param {(place: At) => HTMLElement} make
   */
  #mark(node, begin, end, places, make) {
    /** @type {Text[]} */
    const rest = [];
    const cut = (/** @type {number} */ at) => {
      rest.unshift(node.splitText(at - begin));
      return rest[0];
    };
    // From behind, so that the node keeps its places.
    for (const place of [...places].reverse()) {
      if (place.end < end) cut(place.end);
      // The node itself is never moved: what has put it there may look for it.
      const from = Math.max(place.begin, begin);
      const part = cut(from);
      const mark = make(place);
      part.before(mark);
      mark.append(part);
      this.#marks.push(mark);
      end = from;
    }
    this.#splits.push({ node, first: node.data, rest });
  }

  /** Takes all marks away. Text that was changed meanwhile stays changed. */
  remove() {
    for (const { node, first, rest } of this.#splits) {
      // The element may have left the page, with its text.
      const isThere = node.parentNode !== null;
      // What has put the text there, and has put another in its place, knows nothing of the rest.
      const isReplaced = node.data !== first && !node.parentElement?.isContentEditable;
      const tail = rest.filter((part) => part.parentNode !== null).map(({ data }) => data).join('');
      if (isThere && !isReplaced && tail) node.data += tail;
      for (const part of rest) part.remove();
    }
    for (const mark of this.#marks) {
      // Someone may have written into it.
      if (mark.parentNode) mark.replaceWith(...mark.childNodes);
    }
    this.#splits = [];
    this.#marks = [];
  }
}
