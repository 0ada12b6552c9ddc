/** The list of documents with its search, in the place of the text box, which it gives way to when a text is written. */

import { number } from '../counted.js';
import { element } from '../element.js';
import { hues } from '../render.js';
import { SummaryView } from '../summary/summary-view.js';
import { DocumentList } from './list.js';

/** @typedef {import('./documents.js').Documents} Documents */
/** @typedef {import('./store.js').Entry} Entry */

/**
 * @typedef {object} Elements
 * @property {HTMLElement} list
 * @property {HTMLElement} listPane
 * @property {HTMLElement} textPane
 * @property {HTMLElement} textTitle
 * @property {HTMLElement} textArea
 * @property {HTMLElement} textKept says what becomes of a new text
 * @property {HTMLElement} count
 * @property {HTMLInputElement} search
 * @property {HTMLSelectElement} state
 * @property {HTMLElement} none says that no document is found
 * @property {HTMLElement} kept says where the documents are kept
 * @property {HTMLElement} forget
 * @property {HTMLElement} keep takes back a first press on `forget`
 * @property {HTMLElement} newText
 * @property {HTMLElement} remove removes the document that is shown
 * @property {HTMLElement} edit opens the text of the document that is shown
 * @property {HTMLElement} back goes from the text box to the list
 * @property {HTMLElement} name of the document that is shown
 * @property {HTMLElement} annotate
 * @property {HTMLElement} examples what only one who has brought nothing is offered
 * @property {import('../summary/summary-view.js').Elements} summary of all documents
 */

/**
 * @typedef {object} Actions
 * @property {() => number} threshold the minimum confidence
 * @property {(key: number, byPointer: boolean) => void} onChoose
 * @property {() => void} onNew
 * @property {(key: number) => void} onRemove
 * @property {() => void} onForget
 */

/** Milliseconds after which a search begins that is being typed. */
const TYPING = 150;
/** Entities of a document that its row counts. */
const SHOWN = 4;

const KEPT = 'Kept on this device until you forget them.';

export class Panel {
  #elements;
  #documents;
  #actions;
  #list;
  #summary;
  /** @type {Set<number> | null} what the search finds; null if nothing is searched for */
  #found = null;
  #search = new AbortController();
  #asked = false;
  #chosen = -1;
  /** How many documents the list has, if it has all; -1 otherwise. */
  #listed = -1;
  #frame = 0;

  /**
   * @param {Elements} elements
   * @param {Documents} documents
   * @param {Actions} actions
   */
  constructor(elements, documents, actions) {
    this.#elements = elements;
    this.#documents = documents;
    this.#actions = actions;
    const { list, search, state, forget, keep, newText, remove, edit, back } = elements;
    this.#list = new DocumentList(list, (key) => this.#row(key), actions.onChoose);
    this.#summary = new SummaryView(elements.summary, documents, {
      threshold: actions.threshold,
      onChoose: (key) => {
        this.showList();
        return actions.onChoose(key, false);
      },
    });
    let typing = 0;
    search.addEventListener('input', () => {
      clearTimeout(typing);
      typing = window.setTimeout(() => this.#find(), TYPING);
    });
    state.addEventListener('change', () => this.#draw());
    forget.addEventListener('click', () => {
      if (this.#asked) actions.onForget();
      this.#ask(!this.#asked);
    });
    keep.addEventListener('click', () => {
      this.#ask(false);
      forget.focus();
    });
    newText.addEventListener('click', () => {
      actions.onNew();
      this.#showText('New text', true);
    });
    const ask = (/** @type {boolean} */ asked) => {
      remove.textContent = asked ? 'Remove for good' : 'Remove';
    };
    remove.addEventListener('click', () => {
      const isAsked = remove.textContent !== 'Remove';
      ask(!isAsked);
      if (!isAsked) return;
      actions.onRemove(this.#chosen);
      list.focus();
    });
    remove.addEventListener('blur', () => ask(false));
    edit.addEventListener('click', () => {
      this.#showText('Text of the document', false);
    });
    back.addEventListener('click', () => {
      this.showList();
      list.focus();
    });
  }

  /** Shows the list in the place of the text box. */
  showList() {
    const { listPane, textPane, back, examples, annotate } = this.#elements;
    listPane.hidden = false;
    textPane.hidden = true;
    back.hidden = false;
    examples.hidden = true;
    annotate.textContent = 'Annotate all';
    this.#draw();
  }

  /** Takes the list away: there is one text again, or none. */
  close() {
    const { listPane, textPane, textTitle, back, examples, annotate, search, state, name, edit, remove, textArea, textKept } = this.#elements;
    this.#search.abort();
    this.#found = null;
    search.value = state.value = '';
    textTitle.textContent = 'Text';
    name.textContent = '';
    annotate.textContent = 'Annotate';
    listPane.hidden = edit.hidden = remove.hidden = back.hidden = textKept.hidden = true;
    textPane.hidden = examples.hidden = false;
    this.#ask(false);
    this.#list.show([]);
    this.#summary.forget();
    this.#listed = -1;
    textArea.focus();
  }

  /**
   * Marks the document that is shown.
   * @param {number} key -1 for none
   */
  choose(key) {
    const { name, edit, remove } = this.#elements;
    this.#chosen = key;
    remove.textContent = 'Remove';
    this.#list.choose(key);
    const entry = this.#documents.entry(key);
    name.textContent = entry?.place ?? '';
    edit.hidden = !entry || Boolean(entry.unreadable);
    remove.hidden = !entry;
  }

  /** Draws again what has changed, soon. */
  refresh() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { count, state, none, kept, search } = this.#elements;
    const { entries, problem } = this.#documents;
    const found = this.#found;
    const isShown = (/** @type {Entry} */ entry) =>
      (!found || found.has(entry.key)) &&
      (!state.value || (state.value === 'judged' ? Boolean(entry.judged) : this.#documents.stateOf(entry) === state.value));
    const hasAll = !found && !state.value;
    const shown = hasAll ? entries : entries.filter(isShown);
    // While they are annotated no document comes or goes.
    if (hasAll && this.#listed === entries.length) this.#list.refresh();
    else this.#list.show(shown.map(({ key }) => key));
    this.#listed = hasAll ? entries.length : -1;
    const all = number.format(entries.length);
    const words = shown.length === entries.length ? all : `${number.format(shown.length)} of ${all}`;
    if (count.textContent !== words) count.textContent = words;
    none.hidden = shown.length > 0;
    none.textContent = search.value ? `No document has “${search.value}”.` : 'No document is in this state.';
    if (!this.#asked) kept.textContent = problem || KEPT;
    this.#summary.refresh();
  }

  async #find() {
    const query = this.#elements.search.value.trim();
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    if (!query) {
      this.#found = null;
      this.#draw();
      return;
    }
    const onFound = (/** @type {Set<number>} */ found) => {
      if (signal.aborted) return;
      this.#found = new Set(found);
      this.#draw();
    };
    await this.#documents.search(query, onFound, signal);
  }

  /**
   * @param {string} title
   * @param {boolean} isNew whether the text is none of the documents yet
   */
  #showText(title, isNew) {
    const { listPane, textPane, textTitle, textArea, textKept } = this.#elements;
    textTitle.textContent = title;
    textKept.hidden = !isNew;
    listPane.hidden = true;
    textPane.hidden = false;
    textArea.focus();
  }

  /** @param {boolean} asked whether the next press forgets */
  #ask(asked) {
    const { forget, keep, kept } = this.#elements;
    this.#asked = asked;
    forget.textContent = asked ? 'Forget them' : 'Forget everything';
    keep.hidden = !asked;
    kept.textContent = asked ? 'All documents and what was found in them?' : this.#documents.problem || KEPT;
  }

  /**
   * @param {number} key
   * @returns {import('./list.js').Row | null}
   */
  #row(key) {
    const entry = this.#documents.entry(key);
    if (!entry) return null;
    const state = this.#documents.stateOf(entry);
    const threshold = this.#actions.threshold();
    const counts = state === 'done' || entry.judged ? this.#documents.counts(entry, threshold) : [];
    const { id, place, beginning, judged = 0 } = entry;
    // Where it was is told by the row itself.
    const problem = entry.problem?.replace(`${place}: `, '');
    const signature = JSON.stringify([state, problem, counts, beginning, judged, this.#documents.entities.length]);
    return { key, signature, content: () => [title(entry), this.#second(beginning ? id : '', state, counts, { problem, judged })] };
  }

  /**
   * @param {string} id empty if the title is it
   * @param {import('./documents.js').State} state
   * @param {[entity: string, count: number][]} counts
   * @param {{ problem?: string, judged: number }} about
   */
  #second(id, state, counts, { problem, judged }) {
    const line = element('div', { class: 'row-state', 'data-state': state });
    if (id) line.append(element('span', { class: 'row-id' }, id));
    if (judged) line.append(element('span', { class: 'row-judged' }, `${number.format(judged)} judged`));
    if (state !== 'done') {
      line.append(element('span', { class: 'row-words' }, state === 'failed' ? `failed: ${problem}` : state));
      return line;
    }
    if (!counts.length) line.append(element('span', {}, 'no entities'));
    const hue = hues(this.#documents.entities);
    for (const [entity, count] of counts.slice(0, SHOWN)) {
      line.append(element('span', { class: 'row-count', 'data-hue': hue(entity) }, `${entity} ${number.format(count)}`));
    }
    if (counts.length > SHOWN) line.append(element('span', {}, `and ${counts.length - SHOWN} more`));
    return line;
  }
}

/** @param {Entry} entry */
const title = ({ beginning, id }) => element('div', { class: 'row-title', dir: 'auto' }, beginning || id);
