/** Draws an annotation: the document with its marks, the legend, the table of chunks. */

import { number } from './counted.js';
import { element } from './element.js';
import { spanEnd } from './spans.js';

/** @typedef {import('../glossa/index.js').Chunk} Chunk */
/** @typedef {(entity: string) => number} Hue */

/** Colours in style.css; entities beyond take them from the start again. */
const HUES = 24;
/** Rows put into the table at once: a browser lays out tens of thousands in seconds. */
const ROWS = 500;

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
 * What is drawn of an annotation, and how.
 * @typedef {object} Drawing
 * @property {string} text
 * @property {Chunk[]} chunks
 * @property {number} [truncatedFrom]
 * @property {Hue} hue
 * @property {Set<string>} hidden entities whose highlights are switched off
 */

/**
 * Fills the document element. Its text content is exactly `text`: labels are drawn by the style sheet.
 * @param {HTMLElement} target
 * @param {Drawing} drawing
 * @returns {HTMLElement[]} the mark of each chunk
 */
export function renderDocument(target, drawing) {
  const { text, chunks } = drawing;
  const fragment = new DocumentFragment();
  /** @type {HTMLElement[]} */
  const marks = [];
  let begin = 0;
  while (begin < text.length) {
    const end = spanEnd(text, begin, chunks, marks.length);
    if (end - begin === text.length) {
      renderSpan(fragment, drawing, begin, end, marks);
    } else {
      const span = element('div', { class: 'text-span' });
      renderSpan(span, drawing, begin, end, marks);
      // Close to its height in lines, so that the scroll bar does not jump.
      span.style.setProperty('--lines', String(Math.ceil((end - begin) / 70)));
      fragment.append(span);
    }
    begin = end;
  }
  target.replaceChildren(fragment);
  return marks;
}

/**
 * Draws the text from `begin` to `end`, which cut no chunk, and adds its marks to `marks`.
 * @param {ParentNode} target
 * @param {Drawing} drawing
 * @param {number} begin
 * @param {number} end
 * @param {HTMLElement[]} marks those of all chunks before `begin`
 */
function renderSpan(target, { text, chunks, truncatedFrom = text.length, hue, hidden }, begin, end, marks) {
  let at = begin;
  const plain = (/** @type {number} */ to) => {
    const read = Math.max(at, Math.min(to, truncatedFrom));
    if (at < read) target.append(text.slice(at, read));
    if (read < to) target.append(element('span', { class: 'unread' }, text.slice(read, to)));
    at = to;
  };
  for (let chunk; (chunk = chunks[marks.length]) && chunk.begin < end; at = chunk.end) {
    const { entity, confidence } = chunk;
    plain(chunk.begin);
    const mark = element(
      'mark',
      {
        'data-entity': entity,
        'data-begin': chunk.begin,
        'data-end': chunk.end,
        'data-hue': hue(entity),
        'data-hidden': hidden.has(entity) ? '' : null,
        title: `${entity}, confidence ${confidence.toFixed(2)}`,
      },
      text.slice(chunk.begin, chunk.end),
    );
    marks.push(mark);
    target.append(mark);
  }
  plain(end);
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
  /** @type {HTMLElement[]} */
  #marks = [];
  /** @type {HTMLElement[]} as far as they have been appended */
  #rows = [];
  /** @type {Hue} */
  #hue = () => 0;
  /** The chunk that the pointer or the focus is on; -1 for none. */
  #active = -1;

  /**
   * @param {HTMLTableElement} table
   * @param {HTMLButtonElement} more appends more rows
   */
  constructor(table, more) {
    this.#body = table.tBodies[0];
    this.#more = more;
    more.addEventListener('click', () => this.#append());
    const row = (/** @type {Event} */ event) => indexAround(event, 'tr', this.#rows);
    // Moves, not boundary events: those also come when a scroll carries the page under a pointer at rest.
    document.addEventListener('pointermove', (event) => {
      const mark = indexAround(event, 'mark', this.#marks);
      this.#activate(mark >= 0 ? mark : row(event));
    });
    this.#body.addEventListener('focusin', (event) => this.#activate(row(event)));
    this.#body.addEventListener('focusout', () => this.#activate(-1));
    this.#body.addEventListener('click', (event) => this.#reveal(row(event)));
  }

  /**
   * @param {Chunk[]} chunks
   * @param {HTMLElement[]} marks the mark of each chunk
   * @param {Hue} hue
   */
  show(chunks, marks, hue) {
    this.#active = -1;
    this.#rows = [];
    this.#chunks = chunks;
    this.#marks = marks;
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
    for (const list of [this.#rows, this.#marks]) {
      list[this.#active]?.classList.remove('active');
      list[i]?.classList.add('active');
    }
    this.#active = i;
  }

  /** @param {number} i */
  #reveal(i) {
    if (i < 0) return;
    this.#activate(i);
    scrollTo(this.#marks[i], 'center');
  }
}

/**
 * @param {Element} element
 * @param {'start' | 'center' | 'nearest'} block where on the screen it comes to be
 */
export function scrollTo(element, block) {
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  element.scrollIntoView({ block, behavior });
}

/**
 * The index of the element of that name around an event's target; -1 if it is not among the elements.
 * @param {Event} event
 * @param {string} name
 * @param {Element[]} elements
 */
function indexAround({ target }, name, elements) {
  const found = target instanceof Element ? target.closest(name) : null;
  return found ? elements.indexOf(found) : -1;
}
