/** What the page shows of an annotation: the document, its legend, the table of chunks. */

import { ChunkTable } from './chunk-table.js';
import { counted, number } from './counted.js';
import { DocumentView } from './document-view.js';
import { lineEndsOf } from './input-text.js';
import { OF_FILE, OF_PERSON, atLeast, findings, isKept, keyOf } from './judging/findings.js';
import { hues, renderLayers, renderLegend } from './render.js';
import { slices } from './slices.js';
import { editBetween, followed } from './text-edit.js';

/** @typedef {import('../glossa/index.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('../glossa/index.js').Chunk & { layer?: string }} Chunk a chunk, with the model that found it if there are several */
/** @typedef {import('./judging/findings.js').Decision} Decision */
/** @typedef {import('./judging/findings.js').Finding} Finding */

/**
 * An annotation with all its chunks, whatever their confidence, and how it came about.
 * @typedef {object} Shown
 * @property {string} text
 * @property {string} setup all that decided what was found, to compare with the present
 * @property {string} mode
 * @property {Chunk[]} chunks
 * @property {string[]} entities
 * @property {number} [truncatedFrom]
 * @property {string} [model] its name; if several models found the chunks, that of the first
 * @property {string[]} [models] the names of all, if there are several
 * @property {Run} [run] missing for a blank text, for which no model is run
 * @property {string} [unread] why there is nothing yet, in words; missing if the text has been annotated
 * @property {import('./documents/read-documents.js').Given} [given] what its file says of the text
 * @property {Decision[]} [decisions] what a person decided
 */

/**
 * @typedef {object} Run
 * @property {number} windows
 * @property {number} [windowsRun] on how many of them the model was run, if not on all
 * @property {string} precision
 * @property {number} milliseconds
 */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} document
 * @property {HTMLElement} legend
 * @property {HTMLElement} layers switches layers on and off
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
  /** @type {Finding[]} what is drawn: decisions, and suggestions of at least the minimum confidence */
  #chunks = [];
  /** @type {Set<string>} layers that are switched off */
  #off = new Set();
  /** The colours of entities, the same while these are. @type {{ entities: string, hue: import('./document-view.js').Hue }} */
  #colours = { entities: '', hue: () => 0 };
  /** Is called when what is shown, or which of it is selected, has changed. */
  onChange = () => {};
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
    this.#table = new ChunkTable(elements, this.#document, () => this.onChange());
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
   * @param {{ reveal?: boolean, edited?: boolean }} [how] `reveal`: whether a document that is out of sight is scrolled to. `edited`: it is
   *   what is shown, but for an edit: what the edit leaves in place stays, and so does what is switched off
   * @returns {Promise<void>} when it is drawn, or something else is to be
   */
  async show(annotation, { reveal = true, edited = false } = {}) {
    const before = this.#shown;
    this.#shown = annotation;
    this.#table.model = annotation.model ?? '';
    if (edited && before) {
      await this.draw(editBetween(before.text, annotation.text));
      return;
    }
    this.#hidden.clear();
    await this.draw();
    if (reveal && annotation.text.trim()) this.#bringIntoView();
  }

  /** Shows nothing any more. */
  clear() {
    const { document, legend, layers, empty, results, truncated, unread } = this.#elements;
    this.#shown = null;
    this.#chunks = [];
    for (const one of [document, legend, layers, results, truncated, unread]) one.hidden = true;
    empty.hidden = false;
    document.replaceChildren();
    legend.replaceChildren();
    this.#table.show([], () => 0);
    this.onChange();
  }

  /** The document with its marks: places in it, and ranges. */
  get document() {
    return this.#document;
  }

  /** The table of chunks: which is selected, which are left out, and the way from one to the next. */
  get table() {
    return this.#table;
  }

  /** What is drawn, in the order of the text. */
  get findings() {
    return this.#chunks;
  }

  /** The entities that are offered: the models', then what else is there. */
  get entities() {
    const { entities = [], given, decisions = [] } = this.#shown ?? {};
    const others = [...(given?.mentions ?? []), ...decisions].map(({ entity }) => entity);
    return [...new Set([...entities, ...others])];
  }

  /**
   * Shows what a person has decided. The rest stays as it is.
   * @param {Decision[]} decisions
   * @param {{ about?: string, isGoneTo?: boolean }} [how] `about`: the id of the decision, or of the suggestion that it was about, if it is one;
   *   `isGoneTo`: whether its mark is selected; otherwise the mark stays selected that is
   */
  async judge(decisions, { about, isGoneTo = false } = {}) {
    if (!this.#shown) return;
    const { selected } = this.#table;
    const hadFocus = this.#elements.document.contains(document.activeElement);
    this.#shown = { ...this.#shown, decisions };
    const chunks = this.#found();
    this.#chunks = chunks;
    await this.#document.update(this.#drawing);
    if (this.#chunks !== chunks) return;
    const isMeant = (/** @type {Finding} */ { decision, ...place }) => (decision ? decision.id : keyOf(place)) === about;
    const isAbout = about !== undefined && (isGoneTo || (selected !== undefined && isMeant(selected)));
    let index = isAbout ? chunks.findIndex(isMeant) : -1;
    if (index < 0 && selected) {
      const id = selected.decision?.id;
      index = chunks.findIndex(({ decision, ...place }) => (id ? decision?.id === id : !decision && keyOf(place) === keyOf(selected)));
      if (index < 0) index = chunks.findIndex(({ begin, end }) => begin === selected.begin && end === selected.end);
    }
    this.#drawLegend();
    this.#drawCounts();
    this.#table.update(chunks, index, this.#drawing.hue);
    if (hadFocus && index >= 0) this.#table.goTo(index);
    else if (hadFocus) this.#elements.document.focus({ preventScroll: true });
    this.onChange();
  }

  /** The annotation as it is saved: what is shown, without what was rejected and the chunks below the minimum confidence. */
  get saved() {
    const shown = this.#shown;
    return shown && { ...shown, threshold: this.#threshold(), chunks: this.#chunks.filter(isKept) };
  }

  /** What of an annotation would be shown, and saved: see {@link ResultView.saved}. @param {Shown} annotation */
  keptOf(annotation) {
    return this.#found(annotation).filter(isKept);
  }

  /** What was found, in words. */
  get summary() {
    if (!this.#shown) return { message: '' };
    const { run } = this.#shown;
    if (!run) return { message: 'Nothing to annotate: the text is blank.' };
    const count = this.#chunks.filter(isKept).length;
    const below = this.#layered().length - this.#chunks.length;
    const found = count ? counted(count, 'chunk') : 'No entities found';
    const left = below ? ` (${number.format(below)} of lower confidence left out)` : '';
    const { windows, windowsRun = windows } = run;
    const of = windowsRun < windows ? `${number.format(windowsRun)} of ` : '';
    return {
      message: `${found}${left}. The text did not leave this tab.`,
      detail: `${of}${counted(windows, 'window')} in ${number.format(run.milliseconds)} ms, ${run.precision}`,
    };
  }

  /**
   * Draws what is shown, with the minimum confidence as it is now; that of a long text in slices.
   * @param {import('./text-edit.js').Edit} [edit] what was drawn is the same but for this
   * @returns {Promise<void>} when it is drawn, or something else is to be
   */
  async draw(edit) {
    const shown = this.#shown;
    if (!shown) return;
    const { text, truncatedFrom, unread } = shown;
    const { document, legend, ...elements } = this.#elements;
    const chunks = this.#found();
    this.#chunks = chunks;
    const pause = slices();
    await pause();
    // Only what is drawn last is to be seen.
    const isOver = () => this.#chunks !== chunks;
    if (isOver()) return;
    const selected = edit && this.#table.selected && followed(this.#table.selected, edit);
    await (edit ? this.#document.update(this.#drawing) : this.#document.show(this.#drawing));
    await pause();
    if (isOver()) return;
    this.#drawLegend();
    await pause();
    if (isOver()) return;
    const { hue } = this.#drawing;
    const index = selected ? chunks.findIndex(({ begin, end }) => begin === selected.begin && end === selected.end) : -1;
    if (edit) this.#table.update(chunks, index, hue);
    else this.#table.show(chunks, hue);

    elements.empty.hidden = text !== '' || unread !== undefined;
    document.hidden = false;
    legend.hidden = !this.entities.length;
    elements.unread.hidden = unread === undefined;
    elements.unread.textContent = unread ?? '';
    this.#drawCounts();
    elements.offsets.textContent = `begin and end count UTF-16 code units from 0; end is exclusive. ${lineEndsOf(text)}`;
    elements.truncated.hidden = truncatedFrom === undefined;
    if (truncatedFrom !== undefined) {
      elements.truncated.textContent = `Not read from position ${number.format(truncatedFrom)} on: only the first window was asked for. Choose “Whole text” to read it all.`;
    }
    this.onChange();
  }

  /** How many chunks there are, or that there are none. */
  #drawCounts() {
    const { unread, run, chunks } = /** @type {Shown} */ (this.#shown);
    const elements = this.#elements;
    const count = this.#chunks.length;
    elements.results.hidden = unread !== undefined && !count;
    elements.chunks.hidden = !count;
    elements.count.textContent = number.format(this.#chunks.filter(isKept).length);
    elements.none.hidden = count > 0;
    elements.none.textContent = run ? `No entities found${chunks.length ? ' at this confidence' : ''}.` : 'Nothing to annotate.';
  }

  /** @returns {import('./document-view.js').Drawing} */
  get #drawing() {
    const { text, truncatedFrom } = /** @type {Shown} */ (this.#shown);
    const { entities } = this;
    const key = JSON.stringify(entities);
    if (key !== this.#colours.entities) this.#colours = { entities: key, hue: hues(entities) };
    return { text, chunks: this.#chunks, truncatedFrom, hue: this.#colours.hue, hidden: this.#hidden };
  }

  #drawLegend() {
    const { legend, layers } = this.#elements;
    const { hue } = this.#drawing;
    const hidden = this.#hidden;
    const chunks = this.#chunks.filter(isKept);
    renderLegend(legend, this.entities, { chunks, hue, hidden }, (entity, visible) => {
      if (visible) hidden.delete(entity);
      else hidden.add(entity);
      this.#document.updateHidden(entity);
    });
    const all = this.layers;
    layers.hidden = all.length < 2;
    renderLayers(layers, all, this.#off, async (layer, visible) => {
      if (visible) this.#off.delete(layer);
      else this.#off.add(layer);
      await this.judge(this.#shown?.decisions ?? []);
    });
  }

  /** The layers that there are: each model, annotations of the file, a person's decisions. */
  get layers() {
    const { model = '', models = model ? [model] : [], given, decisions } = this.#shown ?? {};
    return [...models, ...(given?.mentions?.length ? [OF_FILE] : []), ...(decisions?.length ? [OF_PERSON] : [])];
  }

  /** On a narrow screen the document is below the text, out of sight. At once: nothing there was being read. */
  #bringIntoView() {
    const pane = /** @type {HTMLElement} */ (this.#elements.document.closest('section'));
    if (pane.getBoundingClientRect().top > innerHeight / 2) pane.scrollIntoView({ block: 'start' });
  }

  /**
   * What was found, at whatever confidence, of the layers that are on.
   * @param {Shown} annotation
   */
  #layered(annotation = /** @type {Shown} */ (this.#shown)) {
    const { given, ...layers } = annotation;
    return findings({ ...layers, given: given?.mentions, off: this.#off });
  }

  /**
   * What of it is to be shown.
   * @param {Shown} [annotation]
   */
  #found(annotation) {
    return this.#layered(annotation).filter(atLeast(this.#threshold()));
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
