/**
 * The document with its marks. A long one is cut into spans: all of its text is there from the start, so that a browser finds
 * and copies it, but the marks of a span are made when it comes near the screen, and taken away when too many are far from it.
 */

import { element } from './element.js';
import { slices } from './slices.js';
import { spanEnd } from './spans.js';

/** @typedef {import('../glossa/index.js').Chunk} Chunk */
/** @typedef {(entity: string) => number} Hue */

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
 * A part of the document. `first` and `after` are the indices of its first chunk and of the one after its last.
 * @typedef {{ begin: number, end: number, first: number, after: number, element: HTMLElement }} Span
 */

/** Marks that are made at once: a few milliseconds' work. */
const AT_ONCE = 2000;
/** Marks that are kept; above that, those far from the screen go, the first that were made first. */
const MOST = 20_000;
/** Spans of a document, above which they are made longer: a browser looks at each whenever the page scrolls. */
const MOST_SPANS = 2500;
/** How far from the screen marks are made, so that one who scrolls does not see it. */
const NEAR = '100% 0%';

export class DocumentView {
  #target;
  /** @type {Drawing} */
  #drawing = { text: '', chunks: [], hue: () => 0, hidden: new Set() };
  /** @type {Span[]} */
  #spans = [];
  /** @type {Map<Element, Span>} spans by their elements */
  #of = new Map();
  /** @type {Map<number, HTMLElement>} marks that are there, by the index of their chunk */
  #marks = new Map();
  /** @type {WeakMap<Element, number>} */
  #indices = new WeakMap();
  /** @type {Set<Span>} spans that have their marks, those drawn first in front */
  #drawn = new Set();
  /** The chunk whose mark is emphasised; -1 for none. */
  #active = -1;
  /** @type {Set<Span>} spans on the screen or near it */
  #near = new Set();
  #observer;

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#target = target;
    const margins = { rootMargin: NEAR, scrollMargin: NEAR };
    this.#observer = new IntersectionObserver((changes) => this.#move(changes), margins);
    // Paper has no screen to be near to.
    addEventListener('beforeprint', () => this.#drawUpTo(MOST));
  }

  /**
   * Fills the element. Its text content is exactly the drawing's: labels are drawn by the style sheet. What was there before stays
   * until the new document is made.
   * @param {Drawing} drawing
   * @returns {Promise<void>} when it is there, or another one has been asked for
   */
  async show(drawing) {
    this.#observer.disconnect();
    this.#drawing = drawing;
    this.#active = -1;
    this.#spans = [];
    for (const kept of [this.#of, this.#marks, this.#drawn, this.#near]) kept.clear();
    this.#cut(drawing);
    const { text } = drawing;
    const pause = slices();
    const fragment = new DocumentFragment();
    // A short text needs no part.
    if (this.#spans.length === 1) this.#spans[0].element = this.#target;
    else fragment.append(...this.#spans.map(({ element }) => element));
    for (const span of this.#spans) {
      if (span.after <= AT_ONCE) this.#draw(span);
      else span.element.append(text.slice(span.begin, span.end));
      await pause();
      if (this.#drawing !== drawing) return;
    }
    if (this.#spans.length === 1) return;
    this.#target.replaceChildren(fragment);
    if (this.#drawn.size < this.#spans.length) for (const { element } of this.#spans) this.#observer.observe(element);
  }

  /** @param {Drawing} drawing */
  #cut({ text, chunks }) {
    const least = Math.ceil(text.length / MOST_SPANS);
    for (let begin = 0, next = 0; begin < text.length; ) {
      const end = spanEnd(text, begin, chunks, next, least);
      const first = next;
      while (next < chunks.length && chunks[next].end <= end) next += 1;
      const span = { begin, end, first, after: next, element: element('div', { class: 'text-span' }) };
      // Close to its height in lines, so that the scroll bar does not jump.
      span.element.style.setProperty('--lines', String(Math.ceil((end - begin) / 70)));
      this.#spans.push(span);
      this.#of.set(span.element, span);
      begin = end;
    }
  }

  /**
   * The mark of a chunk, which is made if it is not there, and whether it is on the screen or near it.
   * @param {number} index
   */
  mark(index) {
    const span = this.#spanOf(index);
    if (span && !this.#drawn.has(span)) this.#draw(span);
    // Of a document whose spans are all drawn none is watched.
    const isNear = !this.#near.size || Boolean(span && this.#near.has(span));
    return { mark: this.#marks.get(index), isNear };
  }

  /**
   * Emphasises the mark of a chunk, now or when it is made, instead of the one before.
   * @param {number} index -1 for none
   */
  activate(index) {
    this.#marks.get(this.#active)?.classList.remove('active');
    this.#marks.get(index)?.classList.add('active');
    this.#active = index;
  }

  /**
   * The index of the chunk whose mark an event's target is in; -1 if it is in none.
   * @param {Event} event
   */
  indexAround({ target }) {
    const found = target instanceof Element ? target.closest('mark') : null;
    return (found && this.#indices.get(found)) ?? -1;
  }

  /**
   * Shows the highlights of an entity as the drawing's `hidden` now has it.
   * @param {string} entity
   */
  updateHidden(entity) {
    for (const mark of this.#marks.values()) {
      if (mark.dataset.entity === entity) mark.toggleAttribute('data-hidden', this.#drawing.hidden.has(entity));
    }
  }

  /** @param {number} index of a chunk */
  #spanOf(index) {
    let low = 0;
    for (let high = this.#spans.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#spans[middle].after <= index) low = middle + 1;
      else high = middle;
    }
    return /** @type {Span | undefined} */ (this.#spans[low]);
  }

  /** @param {IntersectionObserverEntry[]} changes */
  #move(changes) {
    for (const { target, isIntersecting } of changes) {
      const span = this.#of.get(target);
      if (!span) continue;
      if (isIntersecting) this.#near.add(span);
      else this.#near.delete(span);
    }
    for (const span of this.#near) if (!this.#drawn.has(span)) this.#draw(span);
    this.#tidy();
  }

  /** Takes marks away that are far from the screen, if there are too many. */
  #tidy() {
    if (this.#marks.size <= MOST) return;
    const selection = getSelection();
    for (const span of this.#drawn) {
      // A selection would lose its ends, and the keyboard its place.
      const inUse = selection?.containsNode(span.element, true) || span.element.contains(document.activeElement);
      if (this.#near.has(span) || inUse) continue;
      this.#undraw(span);
      if (this.#marks.size <= MOST) return;
    }
  }

  /** @param {number} most marks */
  #drawUpTo(most) {
    for (const span of this.#spans) {
      if (this.#marks.size + span.after - span.first > most) return;
      if (!this.#drawn.has(span)) this.#draw(span);
    }
  }

  /** @param {Span} span */
  #undraw(span) {
    this.#drawn.delete(span);
    for (let i = span.first; i < span.after; i++) this.#marks.delete(i);
    span.element.replaceChildren(this.#drawing.text.slice(span.begin, span.end));
  }

  /** @param {Span} span */
  #draw(span) {
    const { text, chunks, truncatedFrom = text.length, hue, hidden } = this.#drawing;
    const fragment = new DocumentFragment();
    let at = span.begin;
    const plain = (/** @type {number} */ to) => {
      const read = Math.max(at, Math.min(to, truncatedFrom));
      if (at < read) fragment.append(text.slice(at, read));
      if (read < to) fragment.append(element('span', { class: 'unread' }, text.slice(read, to)));
      at = to;
    };
    for (let i = span.first; i < span.after; i++) {
      const { begin, end, entity, confidence } = chunks[i];
      plain(begin);
      const mark = element(
        'mark',
        {
          'data-entity': entity,
          'data-begin': begin,
          'data-end': end,
          'data-hue': hue(entity),
          'data-hidden': hidden.has(entity) ? '' : null,
          title: `${entity}, confidence ${confidence.toFixed(2)}`,
        },
        text.slice(begin, end),
      );
      if (i === this.#active) mark.classList.add('active');
      this.#marks.set(i, mark);
      this.#indices.set(mark, i);
      fragment.append(mark);
      at = end;
    }
    plain(span.end);
    span.element.replaceChildren(fragment);
    this.#drawn.add(span);
  }
}
