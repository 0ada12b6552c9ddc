/** How marks look, unless the page says otherwise: quiet, readable in light and dark, and in forced colours. */

// No style is written into the page: a content security policy need not allow it.
const CSS = `
  :where(mark[data-glossa]) {
    --glossa-colour: oklch(0.55 0.14 var(--glossa-hue, 250));
    color: inherit;
    background: color-mix(in oklab, var(--glossa-colour) 18%, transparent);
    border-block-end: 2px solid var(--glossa-colour);
    border-radius: 2px;
  }
  :where(mark[data-glossa]:has(mark[data-glossa])) { padding-block-end: 3px; }
  :where(glossa-text[src]) { white-space: pre-wrap; }
  @media (forced-colors: active) {
    :where(mark[data-glossa]) { background: Mark; color: MarkText; }
  }
  @media print {
    :where(mark[data-glossa]) { background: none; }
  }`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/**
 * Has the marks of a document or shadow root look so.
 * @param {Node} root
 */
export function adopt(root) {
  if (!(root instanceof Document || root instanceof ShadowRoot)) return;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  // Those of the page come after it, and win.
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [sheet, ...root.adoptedStyleSheets];
}

/**
 * The hue of an entity, in degrees: far from those of its neighbours.
 * @param {number} index of the entity among the model's
 */
export const hueOf = (index) => Math.round((index * 137.5 + 250) % 360);
