/** The text of a part of a page, and which text node each of its characters is in. */

/** What is no text to be read, though text nodes are in it. */
const SKIPPED = new Set(
  (
    'audio canvas datalist glossa-text iframe math meter noscript object progress script select style svg template textarea title video'
  ).split(' '),
);
/** Elements that browsers put below one another: no chunk goes over their ends. */
const BLOCKS = new Set(
  (
    'address article aside blockquote caption center dd details dialog dir div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 ' +
    'header hgroup hr legend li main menu nav ol p pre search section summary table tbody td tfoot th thead tr ul'
  ).split(' '),
);

/**
 * A text node, and where its characters are in the text.
 * @typedef {{ node: Text, begin: number, end: number }} Piece
 */

/**
 * Leaves out the text of another kind of element.
 * @param {string} name
 */
export const leaveOut = (name) => SKIPPED.add(name);

/**
 * Whether the text of an element is left out when what it stands in is read.
 * @param {Element} element
 */
export const isLeftOut = (element) => SKIPPED.has(element.localName) || element.hasAttribute('hidden');

/**
 * The text below a node, with an empty line between blocks and a line break for each `br`. White space is as it stands in the document.
 * @param {Node} root
 * @returns {{ text: string, pieces: Piece[] }} `pieces` in the order of the text
 */
export function readText(root) {
  /** @type {Piece[]} */
  const pieces = [];
  let text = '';
  let isEmpty = true;
  /** Whether a block begins or ends before what is read next. */
  let isApart = false;
  const read = (/** @type {Node} */ node) => {
    if (node instanceof Text) {
      if (!node.data) return;
      if (node.data.trim()) {
        if (isApart && !isEmpty) text += '\n\n';
        isApart = isEmpty = false;
      }
      pieces.push({ node, begin: text.length, end: text.length + node.data.length });
      text += node.data;
      return;
    }
    if (node !== root && node instanceof Element) {
      if (isLeftOut(node)) return;
      if (node.localName === 'br') {
        text += '\n';
        return;
      }
    }
    const isBlock = node instanceof Element && node !== root && BLOCKS.has(node.localName);
    isApart ||= isBlock;
    node.childNodes.forEach(read);
    isApart ||= isBlock;
  };
  read(root);
  return { text, pieces };
}
