/** Draws an annotation: the document with its marks, the legend, the table of chunks. */

/** Colours in style.css; entities beyond take them from the start again. */
const HUES = 24;
/** Rows put into the table at once: a browser lays out tens of thousands in seconds. */
const ROWS = 500;
/**
 * Code units of a long document that are laid out together. A megabyte in one piece takes a browser seconds each
 * time a highlight changes; segments out of sight are not laid out at all.
 */
const SEGMENT = 4000;
const LONGEST_SEGMENT = 16_000;

export const number = new Intl.NumberFormat('en');

/** @returns {(entity: string) => number} the colour of an entity, by its place among the model's entities */
export function hues(entities) {
  const places = new Map(entities.map((entity, i) => [entity, i % HUES]));
  return (entity) => places.get(entity) ?? HUES - 1;
}

/** An element with attributes; those that are null or undefined are left out. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/**
 * Fills the document element. Its text content is exactly `text`: labels are drawn by the style sheet.
 * @returns {HTMLElement[]} the mark of each chunk
 */
export function renderDocument(target, annotation, hue, hidden) {
  const { text, chunks } = annotation;
  const fragment = new DocumentFragment();
  const marks = [];
  let begin = 0;
  while (begin < text.length) {
    const end = segmentEnd(text, begin, chunks, marks.length);
    const whole = end - begin === text.length;
    const segment = whole ? fragment : element('div', { class: 'segment' });
    renderSegment(segment, annotation, begin, end, hue, hidden, marks);
    if (!whole) {
      // Close to its height in lines, so that the scroll bar does not jump.
      segment.style.setProperty('--lines', Math.ceil((end - begin) / 70));
      fragment.append(segment);
    }
    begin = end;
  }
  target.replaceChildren(fragment);
  return marks;
}

/** Where the segment from `begin` on ends: after a line, or in a very long line after a word, never in a chunk. */
function segmentEnd(text, begin, chunks, next) {
  let from = begin + SEGMENT;
  for (;;) {
    const line = text.indexOf('\n', from) + 1 || text.length;
    const word = text.indexOf(' ', Math.max(from, begin + LONGEST_SEGMENT)) + 1 || text.length;
    const end = Math.min(line, word);
    while (next < chunks.length && chunks[next].end <= end) next++;
    if (next === chunks.length || chunks[next].begin >= end) return end;
    from = chunks[next].end;
  }
}

function renderSegment(target, { text, chunks, truncatedFrom = text.length }, begin, end, hue, hidden, marks) {
  let at = begin;
  const plain = (to) => {
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

/** One toggle per entity of the model, those found first, with its number of chunks; `onToggle(entity, visible)`. */
export function renderLegend(target, entities, chunks, hue, hidden, onToggle) {
  const counts = new Map(entities.map((entity) => [entity, 0]));
  for (const { entity } of chunks) counts.set(entity, (counts.get(entity) ?? 0) + 1);
  const foundFirst = [...counts].sort(([, a], [, b]) => (b > 0) - (a > 0));
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
  #body;
  #more;
  #chunks = [];
  #marks = [];
  #rows = [];
  #hue;
  #active = -1;

  constructor(table, more) {
    this.#body = table.tBodies[0];
    this.#more = more;
    more.addEventListener('click', () => this.#append());
    const row = ({ target }) => this.#rows.indexOf(target.closest?.('tr'));
    // Moves, not boundary events: those also come when a scroll carries the page under a pointer at rest.
    document.addEventListener('pointermove', (event) => {
      const mark = event.target.closest?.('mark');
      this.#activate(mark ? this.#marks.indexOf(mark) : row(event));
    });
    this.#body.addEventListener('focusin', (event) => this.#activate(row(event)));
    this.#body.addEventListener('focusout', () => this.#activate(-1));
    this.#body.addEventListener('click', (event) => this.#reveal(row(event)));
  }

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

  #row({ begin, end, text, entity, confidence }) {
    const row = element(
      'tr',
      { 'data-begin': begin, 'data-end': end, 'data-entity': entity, 'data-hue': this.#hue(entity) },
      element('td', {}, element('button', { type: 'button', class: 'chunk', title: 'Show in the document' }, text)),
      element('td', {}, element('span', { class: 'entity' }, entity)),
      element('td', { class: 'number', 'data-column': 'begin' }, String(begin)),
      element('td', { class: 'number', 'data-column': 'end' }, String(end)),
      element('td', { class: 'number confidence', 'data-column': 'confidence' }, confidence.toFixed(4)),
    );
    row.lastElementChild.style.setProperty('--confidence', confidence);
    return row;
  }

  #activate(i) {
    if (i === this.#active) return;
    for (const list of [this.#rows, this.#marks]) {
      list[this.#active]?.classList.remove('active');
      list[i]?.classList.add('active');
    }
    this.#active = i;
  }

  #reveal(i) {
    if (i < 0) return;
    this.#activate(i);
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    this.#marks[i].scrollIntoView({ block: 'center', behavior });
  }
}
