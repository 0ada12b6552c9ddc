/** Saves what was found: as JSON or CSV, to the clipboard or into a file. */

/**
 * What is saved of an annotation.
 * @typedef {object} Result
 * @property {string} text
 * @property {string} [model]
 * @property {string} mode
 * @property {number} threshold
 * @property {number} [truncatedFrom]
 * @property {import('../glossa/index.js').Chunk[]} chunks
 */

/**
 * The annotation with its text, which the offsets refer to.
 * @param {Result} result
 */
export function toJson({ text, model, mode, threshold, truncatedFrom, chunks }) {
  return `${JSON.stringify({ text, model, mode, threshold, truncatedFrom, chunks }, null, 2)}\n`;
}

/**
 * A text as a cell of CSV: with an apostrophe before what a spreadsheet would take for a formula, and quoted as in RFC 4180.
 * `src/export/cell.rs` does the same for the command line.
 * @param {string} text
 */
export function csvCell(text) {
  const cell = /^'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * A row per chunk; the columns are those of the command line without its id. Offsets count UTF-16 code units.
 * @param {Pick<Result, 'chunks'>} result
 */
export function toCsv({ chunks }) {
  const rows = chunks.map(({ begin, end, text, entity, confidence }) =>
    [begin, end, csvCell(entity), confidence.toFixed(4), csvCell(text)].join(','),
  );
  return `${['begin,end,entity,confidence,text', ...rows].join('\n')}\n`;
}

/** The link that is followed to save a file; made beforehand, as the running page makes none: see `stay-in-tab.js`. */
const link = /** @type {HTMLAnchorElement} */ (globalThis.document?.createElement('a'));

/**
 * Saves text as a file.
 * @param {string} name
 * @param {string} type MIME type
 * @param {string} content
 */
export function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Puts text on the clipboard.
 * @param {string} content
 * @returns {Promise<boolean>} whether the browser allowed it; it does so on https and localhost only
 */
export async function copy(content) {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    return false;
  }
}
