/**
 * The list of documents: a list box of which only the rows on the screen are elements, so that ten thousand are as quick as ten.
 */

import { element } from '../element.js';

/**
 * What a row shows. `signature` is another whenever something else is to be shown.
 * @typedef {{ key: number, signature: string, content: () => Node[] }} Row
 */

/** The height of a row, as `documents.css` has it, in the page's font size. */
const ROW_REM = 3.5;
/** Rows that are made beyond the screen at either end. */
const BEYOND = 6;

export class DocumentList {
  #box;
  #canvas;
  #rowOf;
  #onChoose;
  /** @type {number[]} */
  #keys = [];
  /** @type {Map<number, number>} places in the list, by key */
  #places = new Map();
  #chosen = -1;
  /** @type {Map<number, { row: HTMLElement, signature: string }>} */
  #made = new Map();
  #frame = 0;

  /**
   * @param {HTMLElement} box
   * @param {(key: number) => Row | null} rowOf null if the document has been forgotten
   * @param {(key: number, byPointer: boolean) => void} onChoose
   */
  constructor(box, rowOf, onChoose) {
    this.#box = box;
    this.#rowOf = rowOf;
    this.#onChoose = onChoose;
    this.#canvas = element('div', { class: 'rows', role: 'presentation' });
    box.append(this.#canvas);
    box.addEventListener('scroll', () => this.refresh(), { passive: true });
    box.addEventListener('keydown', (event) => this.#press(event));
    box.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('[role="option"]') : null;
      if (row) this.#choose(Number(row.getAttribute('data-key')), true);
    });
    new ResizeObserver(() => this.refresh()).observe(box);
  }

  /**
   * Shows documents in an order.
   * @param {number[]} keys
   */
  show(keys) {
    this.#keys = keys;
    this.#places = new Map(keys.map((key, place) => [key, place]));
    this.refresh();
  }

  /**
   * Marks a document as the chosen one, and brings it into view.
   * @param {number} key -1 for none
   */
  choose(key) {
    this.#chosen = key;
    const place = this.#places.get(key);
    if (place !== undefined) this.#bringIntoView(place);
    this.refresh();
  }

  /** Draws again what is on the screen, soon. */
  refresh() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  get #rowHeight() {
    return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  #draw() {
    const height = this.#rowHeight;
    const { scrollTop, clientHeight } = this.#box;
    this.#canvas.style.height = `${this.#keys.length * height}px`;
    const from = Math.max(0, Math.floor(scrollTop / height) - BEYOND);
    const seen = this.#keys.slice(from, Math.ceil((scrollTop + clientHeight) / height) + BEYOND);
    const isListed = this.#places.has(this.#chosen);
    // What has the focus must be there, wherever the list is scrolled to.
    if (isListed && !seen.includes(this.#chosen)) seen.push(this.#chosen);
    const wanted = new Set(seen);
    for (const [key, { row }] of this.#made) {
      if (wanted.has(key)) continue;
      row.remove();
      this.#made.delete(key);
    }
    for (const key of seen) this.#drawRow(key, height);
    if (isListed) this.#box.setAttribute('aria-activedescendant', idOf(this.#chosen));
    else this.#box.removeAttribute('aria-activedescendant');
  }

  /**
   * @param {number} key
   * @param {number} height
   */
  #drawRow(key, height) {
    const shown = this.#rowOf(key);
    if (!shown) return;
    const { signature, content } = shown;
    let made = this.#made.get(key);
    if (!made) {
      made = { row: element('div', { role: 'option', id: idOf(key), 'data-key': key, class: 'row' }), signature: '' };
      this.#made.set(key, made);
      this.#canvas.append(made.row);
    }
    const { row } = made;
    const place = /** @type {number} */ (this.#places.get(key));
    row.style.transform = `translateY(${place * height}px)`;
    row.setAttribute('aria-setsize', String(this.#keys.length));
    row.setAttribute('aria-posinset', String(place + 1));
    row.setAttribute('aria-selected', String(key === this.#chosen));
    if (made.signature === signature) return;
    made.signature = signature;
    row.replaceChildren(...content());
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#keys.length) return;
    const page = Math.max(1, Math.floor(this.#box.clientHeight / this.#rowHeight) - 1);
    const place = this.#places.get(this.#chosen) ?? -1;
    const last = this.#keys.length - 1;
    /** @type {Record<string, number>} */
    const places = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: last };
    if (!Object.hasOwn(places, event.key)) return;
    event.preventDefault();
    this.#choose(this.#keys[Math.min(last, Math.max(0, places[event.key]))], false);
  }

  /**
   * @param {number} key
   * @param {boolean} byPointer
   */
  #choose(key, byPointer) {
    this.choose(key);
    this.#onChoose(key, byPointer);
  }

  /** @param {number} place */
  #bringIntoView(place) {
    const height = this.#rowHeight;
    const { scrollTop, clientHeight } = this.#box;
    // The canvas may not be as long yet.
    this.#canvas.style.height = `${this.#keys.length * height}px`;
    if (place * height < scrollTop) this.#box.scrollTop = place * height;
    else if ((place + 1) * height > scrollTop + clientHeight) this.#box.scrollTop = (place + 1) * height - clientHeight;
  }
}

/** @param {number} key */
const idOf = (key) => `document-${key}`;
