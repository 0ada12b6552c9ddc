/** The text of a part of a page, and which text node each of its characters is in. */

/** What is no text to be read, though text nodes are in it. */
const SKIPPED = new Set(['SCRIPT', 'STYLE', 'TEXTAREA', 'SELECT', 'TEMPLATE', 'NOSCRIPT', 'IFRAME', 'OBJECT', 'SVG', 'MATH', 'GLOSSA-TEXT']);
/** Elements that browsers put below one another: no chunk goes over their ends. */
const BLOCKS = new Set(
  (
    'ADDRESS ARTICLE ASIDE BLOCKQUOTE CAPTION DD DETAILS DIALOG DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 H5 H6 HEADER HR LI ' +
    'MAIN NAV OL P PRE SECTION SUMMARY TABLE TBODY TD TFOOT TH THEAD TR UL'
  ).split(' '),
);

/**
 * A text node, and where its characters are in the text.
 * @typedef {{ node: Text, begin: number, end: number }} Piece
 */

/**
 * The text below a node, with an empty line between blocks and a line break for each `br`. White space is as it stands in the document.
 * @param {Node} root
 * @returns {{ text: string, pieces: Piece[] }} `pieces` in the order of the text
 */
export function readText(root) {
  /** @type {Piece[]} */
  const pieces = [];
  let text = '';
  let isApart = true;
  const separate = () => {
    if (!isApart && text) text += '\n\n';
    isApart = true;
  };
  const read = (/** @type {Node} */ node) => {
    if (node instanceof Text) {
      if (!node.data) return;
      pieces.push({ node, begin: text.length, end: text.length + node.data.length });
      text += node.data;
      if (node.data.trim()) isApart = false;
      return;
    }
    if (node !== root && node instanceof Element) {
      if (SKIPPED.has(node.tagName.toUpperCase()) || node.hasAttribute('hidden')) return;
      if (node.tagName === 'BR') {
        text += '\n';
        return;
      }
    }
    const isBlock = node instanceof Element && node !== root && BLOCKS.has(node.tagName);
    if (isBlock) separate();
    node.childNodes.forEach(read);
    if (isBlock) separate();
  };
  read(root);
  return { text, pieces };
}

/**
 * Where a place in the text is in the document.
 * @param {Piece[]} pieces
 * @param {number} at
 * @returns {[node: Text, offset: number] | null} null if it is in no node
 */
export function placeAt(pieces, at) {
  const piece = pieces.find(({ begin, end }) => begin <= at && at <= end);
  return piece ? [piece.node, at - piece.begin] : null;
}
