/** Draws what stands beside the document: the legend, the table of chunks. */

import { number } from './counted.js';
import { element } from './element.js';

/** @typedef {import('../glossa/index.js').Chunk} Chunk */
/** @typedef {import('./document-view.js').Drawing} Drawing */
/** @typedef {import('./document-view.js').DocumentView} DocumentView */
/** @typedef {import('./document-view.js').Hue} Hue */

/** Colours in style.css; entities beyond take them from the start again. */
const HUES = 24;
/** Rows put into the table at once: a browser takes 30 ms to lay so many out. */
const ROWS = 200;

/**
 * The colour of each entity: by its place among the model's entities.
 * @param {string[]} entities
 * @returns {Hue}
 */
export function hues(entities) {
  const places = new Map(entities.map((entity, i) => [entity, i % HUES]));
  return (entity) => places.get(entity) ?? HUES - 1;
}

/**
 * Fills the legend: one toggle per entity of the model with its number of chunks, those found first.
 * @param {HTMLElement} target
 * @param {string[]} entities
 * @param {Omit<Drawing, 'text'>} drawing
 * @param {(entity: string, visible: boolean) => void} onToggle
 */
export function renderLegend(target, entities, { chunks, hue, hidden }, onToggle) {
  const counts = new Map(entities.map((entity) => [entity, 0]));
  for (const { entity } of chunks) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  const foundFirst = [...counts].sort(([, a], [, b]) => Number(b > 0) - Number(a > 0));
  const buttons = foundFirst.map(([entity, count]) => {
    const button = element(
      'button',
      {
        type: 'button',
        'data-entity': entity,
        'data-hue': hue(entity),
        'data-count': count,
        'aria-pressed': String(!hidden.has(entity)),
        disabled: count ? null : '',
      },
      element('span', { class: 'name' }, entity),
      element('span', { class: 'count' }, number.format(count)),
    );
    button.addEventListener('click', () => {
      const visible = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', String(visible));
      onToggle(entity, visible);
    });
    return button;
  });
  target.replaceChildren(...buttons);
}

/** The table of chunks, filled a batch at a time, its rows tied to the marks of the document. */
export class ChunkTable {
  /** @type {HTMLTableSectionElement} */
  #body;
  /** @type {HTMLButtonElement} */
  #more;
  /** @type {Chunk[]} */
  #chunks = [];
  #document;
  /** @type {HTMLElement[]} as far as they have been appended */
  #rows = [];
  /** @type {Hue} */
  #hue = () => 0;
  /** The chunk that the pointer or the focus is on; -1 for none. */
  #active = -1;

  /**
   * @param {HTMLTableElement} table
   * @param {HTMLButtonElement} more appends more rows
   * @param {DocumentView} document has the marks of the chunks
   */
  constructor(table, more, document) {
    this.#document = document;
    this.#body = table.tBodies[0];
    this.#more = more;
    more.addEventListener('click', () => this.#append());
    const row = (/** @type {Event} */ event) => indexOfRow(event, this.#rows);
    // Moves, not boundary events: those also come when a scroll carries the page under a pointer at rest.
    addEventListener('pointermove', (event) => {
      const mark = document.indexAround(event);
      this.#activate(mark >= 0 ? mark : row(event));
    });
    this.#body.addEventListener('focusin', (event) => this.#activate(row(event)));
    this.#body.addEventListener('focusout', () => this.#activate(-1));
    this.#body.addEventListener('click', (event) => this.#reveal(row(event)));
  }

  /**
   * @param {Chunk[]} chunks
   * @param {Hue} hue
   */
  show(chunks, hue) {
    this.#active = -1;
    this.#rows = [];
    this.#chunks = chunks;
    this.#hue = hue;
    this.#body.replaceChildren();
    this.#append();
  }

  #append() {
    const from = this.#rows.length;
    const rows = this.#chunks.slice(from, from + ROWS).map((chunk) => this.#row(chunk));
    this.#rows.push(...rows);
    this.#body.append(...rows);
    const left = this.#chunks.length - this.#rows.length;
    this.#more.hidden = left === 0;
    this.#more.textContent = `Show ${number.format(Math.min(ROWS, left))} more of ${number.format(left)}`;
  }

  /** @param {Chunk} chunk */
  #row({ begin, end, text, entity, confidence }) {
    const bar = element('td', { class: 'number confidence', 'data-column': 'confidence' }, confidence.toFixed(4));
    bar.style.setProperty('--confidence', String(confidence));
    return element(
      'tr',
      { 'data-begin': begin, 'data-end': end, 'data-entity': entity, 'data-hue': this.#hue(entity) },
      element('td', {}, element('button', { type: 'button', class: 'chunk', dir: 'auto', title: 'Show in the document' }, text)),
      element('td', {}, element('span', { class: 'entity' }, entity)),
      element('td', { class: 'number', 'data-column': 'begin' }, String(begin)),
      element('td', { class: 'number', 'data-column': 'end' }, String(end)),
      bar,
    );
  }

  /** @param {number} i */
  #activate(i) {
    if (i === this.#active) return;
    this.#rows[this.#active]?.classList.remove('active');
    this.#rows[i]?.classList.add('active');
    this.#document.activate(i);
    this.#active = i;
  }

  /** @param {number} i */
  #reveal(i) {
    if (i < 0) return;
    this.#activate(i);
    const { mark, isNear } = this.#document.mark(i);
    // On a long way marks would come and go, and places change.
    if (mark) scrollTo(mark, 'center', isNear);
  }
}

/**
 * @param {Element} element
 * @param {'start' | 'center' | 'nearest'} block where on the screen it comes to be
 * @param {boolean} [smooth] whether one sees the way
 */
export function scrollTo(element, block, smooth = true) {
  const behavior = !smooth || matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  element.scrollIntoView({ block, behavior });
}

/**
 * The index of the row around an event's target; -1 if it is none of them.
 * @param {Event} event
 * @param {Element[]} rows
 */
function indexOfRow({ target }, rows) {
  const found = target instanceof Element ? target.closest('tr') : null;
  return found ? rows.indexOf(found) : -1;
}
