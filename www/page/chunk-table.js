/**
 * The table of chunks: sorted by any of its columns, filled a batch at a time, its rows tied to the marks of the document in
 * both directions.
 */

import { ordered } from './chunk-order.js';
import { number } from './counted.js';
import { element } from './element.js';
import { scrollTo } from './render.js';

/** @typedef {import('./judging/findings.js').Finding} Chunk */
/** @typedef {import('./chunk-order.js').Column} Column */
/** @typedef {import('./document-view.js').DocumentView} DocumentView */
/** @typedef {import('./document-view.js').Hue} Hue */

/** Rows put into the table at once: a browser takes 30 ms to lay so many out. */
const ROWS = 200;
/** The place of a chunk that the filter leaves out. */
const NOWHERE = 2 ** 32 - 1;
/** Rows that stand before the one for which a part of a long table is drawn. */
const BEFORE = 20;

/**
 * @typedef {object} Elements
 * @property {HTMLTableElement} chunks
 * @property {HTMLElement} scroller holds the table, and scrolls it
 * @property {HTMLButtonElement} earlier puts more rows before those of the table
 * @property {HTMLButtonElement} more appends more rows
 * @property {HTMLElement} document
 */

export class ChunkTable {
  #elements;
  /** @type {HTMLTableSectionElement} */
  #body;
  #document;
  /** @type {Chunk[]} in the order of the text */
  #chunks = [];
  /** The column by which rows are sorted, and how. @type {{ column: Column, descending: boolean }} */
  #sorting = { column: 'begin', descending: false };
  /** @type {Uint32Array} the indices of the chunks in the order of the rows */
  #order = new Uint32Array();
  /** @type {Uint32Array} the places of the chunks in that order, by their index */
  #places = new Uint32Array();
  /** The place of the first row that is drawn. */
  #from = 0;
  /** @type {HTMLTableRowElement[]} those that are drawn */
  #rows = [];
  /** @type {WeakMap<Element, number>} indices of chunks by their rows */
  #indices = new WeakMap();
  /** @type {Hue} */
  #hue = () => 0;
  /** The chunk that the pointer or the focus is on, otherwise the one that is selected; -1 for none. */
  #active = -1;
  /** The chunk that was last gone to; -1 for none. */
  #selected = -1;
  /** The name of the model that found the chunks that name none. */
  model = '';
  /** @type {(chunk: Chunk) => boolean} which chunks have rows, and are gone to */
  #isWanted = () => true;
  #onSelect;

  /**
   * @param {Elements} elements
   * @param {DocumentView} document has the marks of the chunks
   * @param {() => void} onSelect is called when another chunk, or none, is selected
   */
  constructor(elements, document, onSelect) {
    this.#onSelect = onSelect;
    const { chunks: table, earlier, more, document: text } = elements;
    this.#elements = elements;
    this.#document = document;
    this.#body = table.tBodies[0];
    earlier.addEventListener('click', () => this.#prepend());
    more.addEventListener('click', () => this.#append());
    for (const button of this.#sortButtons) button.addEventListener('click', () => this.#sortBy(columnOf(button)));

    const row = (/** @type {Event} */ event) => this.#indexAround(event);
    // Moves, not boundary events: those also come when a scroll carries the page under a pointer at rest.
    addEventListener('pointermove', (event) => {
      const mark = document.indexAround(event);
      this.#activate(mark >= 0 ? mark : row(event));
    });
    this.#body.addEventListener('focusin', (event) => this.#activate(row(event)));
    this.#body.addEventListener('focusout', () => this.#activate(-1));
    // A click by the keyboard has no detail: who works by the keyboard goes on from where it leads.
    this.#body.addEventListener('click', (event) => this.#goToMark(row(event), event.detail === 0));

    text.addEventListener('click', (event) => {
      // Who selects some of the text is not asking for a row.
      if (getSelection()?.isCollapsed) this.#select(document.indexAround(event));
    });
    text.addEventListener('focusin', (event) => this.#activate(document.indexAround(event)));
    text.addEventListener('keydown', (event) => this.#takeKey(event));
  }

  /**
   * @param {Chunk[]} chunks
   * @param {Hue} hue
   */
  show(chunks, hue) {
    this.#active = this.#selected = -1;
    this.#chunks = chunks;
    this.#hue = hue;
    this.#sort();
    this.#drawFrom(0);
  }

  /**
   * Shows chunks of the same document in the place of those before: what can stay where it is does.
   * @param {Chunk[]} chunks
   * @param {number} selected the index of the one that is selected; -1 for none
   * @param {Hue} hue
   */
  update(chunks, selected, hue) {
    this.#active = -1;
    this.#selected = selected;
    this.#chunks = chunks;
    this.#hue = hue;
    this.#refresh(selected);
    this.#activate(selected);
  }

  /**
   * Leaves out chunks, in the table and on the way from one to the next.
   * @param {(chunk: Chunk) => boolean} isWanted
   */
  filter(isWanted) {
    this.#isWanted = isWanted;
    const row = document.activeElement?.closest('tr');
    this.#refresh((row && this.#indices.get(row)) ?? -1);
  }

  /** The chunks that have rows, in the order of the text. */
  get wanted() {
    return this.#chunks.filter((chunk) => this.#isWanted(chunk));
  }

  /** @returns {Chunk | undefined} the one that was last gone to */
  get selected() {
    return this.#chunks[this.#selected];
  }

  /** The index of the chunk that was last gone to; -1 for none. */
  get selectedIndex() {
    return this.#selected;
  }

  /**
   * Sorts and filters again, and draws about as many rows as before, at the same place.
   * @param {number} focused the index of the chunk whose row has the focus afterwards, if a row had it
   */
  #refresh(focused) {
    const hadFocus = this.#body.contains(document.activeElement);
    const [from, count, { scrollTop }] = [this.#from, this.#rows.length, this.#elements.scroller];
    this.#sort();
    this.#drawFrom(Math.max(0, Math.min(from, this.#order.length - ROWS)));
    while (this.#rows.length < count && this.#from + this.#rows.length < this.#order.length) this.#append();
    this.#elements.scroller.scrollTop = scrollTop;
    if (hadFocus) (this.#rowOf(focused) ?? this.#rows[0])?.querySelector('button')?.focus({ preventScroll: true });
  }

  get #sortButtons() {
    const { chunks: table } = this.#elements;
    return /** @type {HTMLElement[]} */ ([...table.querySelectorAll('thead [data-column]')]);
  }

  /** @param {Column} column once more the same one: the other way round */
  #sortBy(column) {
    const { column: before, descending } = this.#sorting;
    this.#sorting = { column, descending: column === before && !descending };
    this.#sort();
    this.#drawFrom(0);
    this.#elements.scroller.scrollTop = 0;
  }

  #sort() {
    const { column, descending } = this.#sorting;
    for (const button of this.#sortButtons) {
      const head = /** @type {HTMLElement} */ (button.closest('th'));
      if (columnOf(button) === column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    const order = ordered(this.#chunks, column, descending);
    this.#order = order.filter((index) => this.#isWanted(this.#chunks[index]));
    this.#places = new Uint32Array(this.#chunks.length).fill(NOWHERE);
    for (let place = 0; place < this.#order.length; place++) this.#places[this.#order[place]] = place;
  }

  /** @param {number} place of the first row that is to be drawn */
  #drawFrom(place) {
    this.#from = place;
    this.#rows = [];
    this.#body.replaceChildren();
    this.#append();
  }

  #append() {
    const from = this.#from + this.#rows.length;
    const rows = this.#made(from, from + ROWS);
    this.#rows.push(...rows);
    this.#body.append(...rows);
    this.#describeRest();
  }

  #prepend() {
    const from = Math.max(0, this.#from - ROWS);
    const rows = this.#made(from, this.#from);
    this.#from = from;
    this.#rows.unshift(...rows);
    this.#body.prepend(...rows);
    this.#describeRest();
  }

  #describeRest() {
    const { earlier, more } = this.#elements;
    const left = this.#order.length - this.#from - this.#rows.length;
    // Focus on a button that goes would be lost.
    if (!left && document.activeElement === more) this.#rows.at(-1)?.querySelector('button')?.focus();
    more.hidden = left === 0;
    more.textContent = `Show ${number.format(Math.min(ROWS, left))} more of ${number.format(left)}`;
    if (!this.#from && document.activeElement === earlier) this.#rows[0]?.querySelector('button')?.focus();
    earlier.hidden = this.#from === 0;
    earlier.textContent = `Show ${number.format(Math.min(ROWS, this.#from))} of ${number.format(this.#from)} before`;
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #made(from, to) {
    return Array.from(this.#order.subarray(from, to), (index) => this.#row(index));
  }

  /** @param {number} index of a chunk */
  #row(index) {
    const { begin, end, text, entity, confidence, state, layer } = this.#chunks[index];
    const bar = element('td', { class: 'number confidence', 'data-column': 'confidence' }, confidence?.toFixed(4) ?? '');
    bar.style.setProperty('--confidence', String(confidence ?? 0));
    const row = element(
      'tr',
      {
        'data-begin': begin,
        'data-end': end,
        'data-entity': entity,
        'data-hue': this.#hue(entity),
        'data-judged': state,
        'aria-current': index === this.#selected ? 'true' : null,
      },
      element('td', {}, element('button', { type: 'button', class: 'chunk', dir: 'auto', title: 'Show in the document' }, text)),
      element('td', {}, element('span', { class: 'entity' }, entity)),
      element('td', { class: 'number', 'data-column': 'begin' }, String(begin)),
      element('td', { class: 'number', 'data-column': 'end' }, String(end)),
      bar,
      element('td', { class: 'judged', 'data-column': 'decision' }, state ?? 'undecided'),
      element('td', { class: 'layer', 'data-column': 'found by' }, layer ?? this.model),
    );
    row.classList.toggle('active', index === this.#active);
    this.#indices.set(row, index);
    return row;
  }

  /**
   * The row of a chunk, if it is drawn.
   * @param {number} index
   */
  #rowOf(index) {
    return /** @type {HTMLTableRowElement | undefined} */ (this.#rows[this.#places[index] - this.#from]);
  }

  /**
   * The chunk of the row around an event's target; -1 if there is none.
   * @param {Event} event
   */
  #indexAround({ target }) {
    const found = target instanceof Element ? target.closest('tr') : null;
    return (found && this.#indices.get(found)) ?? -1;
  }

  /** @param {number} index -1 for the one that is selected */
  #activate(index) {
    const active = index < 0 ? this.#selected : index;
    if (active === this.#active) return;
    this.#rowOf(this.#active)?.classList.remove('active');
    this.#rowOf(active)?.classList.add('active');
    this.#document.activate(active);
    this.#active = active;
  }

  /**
   * Selects the row of a chunk, and brings it into the part of the table that is seen. The page stays where it is.
   * @param {number} index -1 for none
   */
  #select(index) {
    this.#rowOf(this.#selected)?.removeAttribute('aria-current');
    const isOther = index !== this.#selected;
    this.#selected = index;
    if (index >= 0 && this.#places[index] !== NOWHERE && !this.#rowOf(index)) this.#drawFrom(Math.max(0, this.#places[index] - BEFORE));
    this.#activate(index);
    if (isOther) this.#onSelect();
    const row = this.#rowOf(index);
    if (!row) return;
    row.setAttribute('aria-current', 'true');
    const { scroller } = this.#elements;
    const { top, bottom, height } = row.getBoundingClientRect();
    const box = scroller.getBoundingClientRect();
    const head = this.#body.getBoundingClientRect().top < box.top ? 2 * height : 0;
    if (top < box.top + head || bottom > box.bottom) scroller.scrollTop += top - box.top - (box.height - height) / 2;
  }

  /**
   * Goes to the next chunk that has a row, or to the one before.
   * @param {1 | -1} step
   * @param {number} [from] the index of the chunk to start from; -1 for none
   */
  step(step, from = this.#selected) {
    let to = from < 0 && step < 0 ? this.#chunks.length - 1 : from + step;
    while (to >= 0 && to < this.#chunks.length && !this.#isWanted(this.#chunks[to])) to += step;
    if (to < this.#chunks.length) this.goTo(to);
  }

  /** Goes to the undecided chunk with a row that has the lowest confidence, other than the one that is selected. */
  goToLeastCertain() {
    let found = -1;
    let least = Infinity;
    this.#chunks.forEach((chunk, index) => {
      const { confidence = 1, state } = chunk;
      if (state || confidence >= least || index === this.#selected || !this.#isWanted(chunk)) return;
      [found, least] = [index, confidence];
    });
    this.goTo(found);
  }

  /**
   * Selects the chunk whose row or mark an event's target is in, if it is in one.
   * @param {Event} event
   */
  selectAround(event) {
    const index = Math.max(this.#indexAround(event), this.#document.indexAround(event));
    if (index >= 0 && index !== this.#selected) this.#select(index);
  }

  /** @param {number} index of the chunk whose mark is to have the focus; -1 for none */
  goTo(index) {
    this.#goToMark(index, true, 'nearest');
  }

  /**
   * @param {number} index
   * @param {boolean} withFocus
   * @param {'center' | 'nearest'} [block] where on the screen it comes to be
   */
  #goToMark(index, withFocus, block = 'center') {
    if (index < 0) return;
    this.#select(index);
    const { mark, isNear } = this.#document.mark(index);
    if (!mark) return;
    if (withFocus) focusOn(mark);
    // On a long way marks would come and go, and places change.
    scrollTo(mark, block, isNear);
  }

  /** @param {KeyboardEvent} event of the document */
  #takeKey(event) {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    const step = { n: 1, p: -1 }[key.toLowerCase()];
    const at = this.#document.indexAround(event);
    if (step) {
      // Without a mark that has the focus it goes on from the one that was last gone to.
      this.step(/** @type {1 | -1} */ (step), at >= 0 ? at : this.#selected);
    } else if (key === 'Enter' && at >= 0) {
      this.#select(at);
      this.#rowOf(at)?.querySelector('button')?.focus();
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** @param {HTMLElement} button */
const columnOf = (button) => /** @type {Column} */ (button.dataset.column);

/** @param {HTMLElement} mark which is no stop of the Tab key: a text may have thousands */
function focusOn(mark) {
  mark.tabIndex = -1;
  mark.focus({ preventScroll: true });
}
