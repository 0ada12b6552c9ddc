/** What the page shows of an annotation: the document, its legend, the table of chunks. */

import { ChunkTable } from './chunk-table.js';
import { counted, number } from './counted.js';
import { DocumentView } from './document-view.js';
import { lineEndsOf } from './input-text.js';
import { hues, renderLegend } from './render.js';
import { slices } from './slices.js';

/** @typedef {import('../glossa/index.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('../glossa/index.js').Chunk} Chunk */

/**
 * An annotation with all its chunks, whatever their confidence, and how it came about.
 * @typedef {object} Shown
 * @property {string} text
 * @property {string} setup all that decided what was found, to compare with the present
 * @property {string} mode
 * @property {Chunk[]} chunks
 * @property {string[]} entities
 * @property {number} [truncatedFrom]
 * @property {string} [model] its name
 * @property {Run} [run] missing for a blank text, for which no model is run
 * @property {string} [unread] why there is nothing yet, in words; missing if the text has been annotated
 */

/** @typedef {{ windows: number, precision: string, milliseconds: number }} Run */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} document
 * @property {HTMLElement} legend
 * @property {HTMLTableElement} chunks
 * @property {HTMLElement} scroller holds the table, and scrolls it
 * @property {HTMLButtonElement} earlier puts more rows before those of the table
 * @property {HTMLButtonElement} more appends more rows to the table
 * @property {HTMLElement} empty stands in the document's place while there is none
 * @property {HTMLElement} results
 * @property {HTMLElement} count
 * @property {HTMLElement} none
 * @property {HTMLElement} truncated
 * @property {HTMLElement} unread says why a document has no result
 * @property {HTMLElement} offsets says how the offsets count
 */

/** Above this many chunks the document is redrawn when the slider is let go, not while it moves. */
const REDRAW_WHILE_MOVING = 3000;

export class ResultView {
  #elements;
  #document;
  #table;
  #threshold;
  /** @type {Shown | null} */
  #shown = null;
  /** @type {Chunk[]} those of at least the minimum confidence */
  #chunks = [];
  /** @type {Set<string>} entities whose highlights are switched off */
  #hidden = new Set();

  /**
   * @param {Elements} elements
   * @param {() => number} threshold the minimum confidence
   */
  constructor(elements, threshold) {
    this.#elements = elements;
    this.#threshold = threshold;
    this.#document = new DocumentView(elements.document);
    this.#table = new ChunkTable(elements, this.#document);
    elements.document.addEventListener('copy', (event) => this.#copy(event));
  }

  get shown() {
    return this.#shown;
  }

  /** Whether it can be drawn again while the slider moves. */
  get isQuick() {
    return !this.#shown || this.#shown.chunks.length <= REDRAW_WHILE_MOVING;
  }

  /**
   * @param {Shown} annotation
   * @param {{ reveal?: boolean }} [how] whether a document that is out of sight is scrolled to
   * @returns {Promise<void>} when it is drawn, or something else is to be
   */
  async show(annotation, { reveal = true } = {}) {
    this.#shown = annotation;
    this.#hidden.clear();
    await this.draw();
    if (reveal && annotation.text.trim()) this.#bringIntoView();
  }

  /** Shows nothing any more. */
  clear() {
    const { document, legend, empty, results, truncated, unread } = this.#elements;
    this.#shown = null;
    this.#chunks = [];
    for (const one of [document, legend, results, truncated, unread]) one.hidden = true;
    empty.hidden = false;
    document.replaceChildren();
    legend.replaceChildren();
    this.#table.show([], () => 0);
  }

  /** The annotation as it is saved: without the chunks below the minimum confidence. */
  get saved() {
    const shown = this.#shown;
    return shown && { ...shown, threshold: this.#threshold(), chunks: this.#chunks };
  }

  /** What was found, in words. */
  get summary() {
    if (!this.#shown) return { message: '' };
    const { chunks, run } = this.#shown;
    if (!run) return { message: 'Nothing to annotate: the text is blank.' };
    const count = this.#chunks.length;
    const below = chunks.length - count;
    const found = count ? counted(count, 'chunk') : 'No entities found';
    const left = below ? ` (${number.format(below)} of lower confidence left out)` : '';
    return {
      message: `${found}${left}. The text did not leave this tab.`,
      detail: `${counted(run.windows, 'window')} in ${number.format(run.milliseconds)} ms, ${run.precision}`,
    };
  }

  /**
   * Draws what is shown, with the minimum confidence as it is now; that of a long text in slices.
   * @returns {Promise<void>} when it is drawn, or something else is to be
   */
  async draw() {
    const shown = this.#shown;
    if (!shown) return;
    const { text, chunks: all, truncatedFrom, entities, run, unread } = shown;
    const { document, legend, ...elements } = this.#elements;
    const hidden = this.#hidden;
    const chunks = this.#confident(all);
    this.#chunks = chunks;
    const hue = hues(entities);
    const pause = slices();
    await pause();
    // Only what is drawn last is to be seen.
    const isOver = () => this.#chunks !== chunks;
    if (isOver()) return;
    await this.#document.show({ text, chunks, truncatedFrom, hue, hidden });
    await pause();
    if (isOver()) return;
    renderLegend(legend, entities, { chunks, hue, hidden }, (entity, visible) => {
      if (visible) hidden.delete(entity);
      else hidden.add(entity);
      this.#document.updateHidden(entity);
    });
    await pause();
    if (isOver()) return;
    this.#table.show(chunks, hue);

    elements.empty.hidden = text !== '' || unread !== undefined;
    document.hidden = false;
    legend.hidden = !entities.length;
    elements.results.hidden = unread !== undefined;
    elements.unread.hidden = unread === undefined;
    elements.unread.textContent = unread ?? '';
    elements.chunks.hidden = !chunks.length;
    elements.count.textContent = number.format(chunks.length);
    elements.none.hidden = chunks.length > 0;
    elements.none.textContent = run ? `No entities found${all.length ? ' at this confidence' : ''}.` : 'Nothing to annotate.';
    elements.offsets.textContent = `begin and end count UTF-16 code units from 0; end is exclusive. ${lineEndsOf(text)}`;
    elements.truncated.hidden = truncatedFrom === undefined;
    if (truncatedFrom !== undefined) {
      elements.truncated.textContent = `Not read from position ${number.format(truncatedFrom)} on: only the first window was asked for. Choose “Whole text” to read it all.`;
    }
  }

  /** On a narrow screen the document is below the text, out of sight. At once: nothing there was being read. */
  #bringIntoView() {
    const pane = /** @type {HTMLElement} */ (this.#elements.document.closest('section'));
    if (pane.getBoundingClientRect().top > innerHeight / 2) pane.scrollIntoView({ block: 'start' });
  }

  /**
   * The chunks of at least the minimum confidence. The engine compares in single precision.
   * @param {Chunk[]} chunks
   */
  #confident(chunks) {
    const least = Math.fround(this.#threshold());
    return least ? chunks.filter(({ confidence }) => confidence >= least) : [...chunks];
  }

  /**
   * Puts the selected text on the clipboard: the browser would put line breaks between the spans of a long document.
   * @param {ClipboardEvent} event
   */
  #copy(event) {
    const selection = getSelection();
    if (!event.clipboardData || !selection?.rangeCount) return;
    const range = selection.getRangeAt(0);
    if (!this.#elements.document.contains(range.commonAncestorContainer)) return;
    event.clipboardData.setData('text/plain', range.cloneContents().textContent ?? '');
    event.preventDefault();
  }
}

/**
 * The model's entities by the names that the options give them, then what else was found.
 * @param {string[]} entities
 * @param {AnnotateOptions} options
 * @param {Chunk[]} chunks
 */
export function renamed(entities, { replaceLabels = {}, labelCasing }, chunks) {
  const cased = (/** @type {string} */ name) => {
    if (labelCasing === 'upper') return name.toUpperCase();
    return labelCasing === 'lower' ? name.toLowerCase() : name;
  };
  const names = entities.map((entity) => cased(Object.hasOwn(replaceLabels, entity) ? replaceLabels[entity] : entity));
  const found = new Set(names);
  for (const { entity } of chunks) found.add(entity);
  return [...found];
}
