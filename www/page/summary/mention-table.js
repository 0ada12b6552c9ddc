/** The table of the most frequent mentions: each opens to the documents in which it was found. */

import { number } from '../counted.js';
import { element } from '../element.js';

/** @typedef {import('../document-view.js').Hue} Hue */
/** @typedef {import('./summarise.js').Mention} Mention */

/** What a document is called: by the beginning of its text, and where it came from. */
/** @typedef {{ title: string, place: string }} DocumentName */

/**
 * @typedef {object} Actions
 * @property {(key: number) => DocumentName | undefined} nameOf
 * @property {(key: number, mention: Mention, from: HTMLElement) => void} onChoose is called when a document of a mention has been
 *   chosen, with what was pressed
 */

/** Rows, and documents of a mention, that are shown at once. */
const ROWS = 50;

export class MentionTable {
  #body;
  #more;
  #actions;
  /** @type {Mention[]} */
  #mentions = [];
  /** @type {Hue} */
  #hue = () => 0;
  #shown = 0;
  #opened = 0;

  /**
   * @param {HTMLElement} body of the table
   * @param {HTMLButtonElement} more appends more rows
   * @param {Actions} actions
   */
  constructor(body, more, actions) {
    this.#body = body;
    this.#more = more;
    this.#actions = actions;
    more.addEventListener('click', () => this.#append());
  }

  /**
   * @param {Mention[]} mentions
   * @param {Hue} hue
   */
  show(mentions, hue) {
    this.#mentions = mentions;
    this.#hue = hue;
    this.#shown = 0;
    this.#body.replaceChildren();
    this.#append();
  }

  #append() {
    const next = this.#mentions.slice(this.#shown, this.#shown + ROWS);
    this.#shown += next.length;
    appendRest(this.#body, next.map((mention) => this.#row(mention)), this.#more, this.#mentions.length - this.#shown);
  }

  /** @param {Mention} mention */
  #row(mention) {
    const { entity, text, chunks, documents, uncounted } = mention;
    const button = element('button', { type: 'button', class: 'chunk', dir: 'auto', 'aria-expanded': 'false' }, text);
    const count = uncounted ? `${number.format(chunks)} to ${number.format(chunks + uncounted)}` : number.format(chunks);
    const row = element(
      'tr',
      { 'data-entity': entity, 'data-hue': this.#hue(entity) },
      element('td', {}, button),
      element('td', {}, element('span', { class: 'entity' }, entity)),
      element('td', { class: 'number', 'data-column': 'chunks' }, count),
      element('td', { class: 'number', 'data-column': 'documents' }, `${number.format(documents)}${uncounted ? ' or more' : ''}`),
    );
    /** @type {HTMLElement | null} */
    let opened = null;
    button.addEventListener('click', () => {
      if (opened) {
        opened.remove();
        opened = null;
        button.removeAttribute('aria-controls');
      } else {
        opened = this.#documents(mention);
        row.after(opened);
        button.setAttribute('aria-controls', opened.id);
      }
      button.setAttribute('aria-expanded', String(opened !== null));
    });
    return row;
  }

  /** @param {Mention} mention */
  #documents(mention) {
    const { text, keys, documents } = mention;
    const list = element('ul', { class: 'mention-documents', 'aria-label': `Documents with “${text}”` });
    const more = element('button', { type: 'button', class: 'quiet' });
    const cell = element('td', { colspan: 4 }, list, more);
    let shown = 0;
    const append = () => {
      const next = keys.slice(shown, shown + ROWS);
      shown += next.length;
      appendRest(list, next.map((key) => this.#document(key, mention)), more, keys.length - shown);
    };
    more.addEventListener('click', append);
    append();
    if (keys.length < documents) {
      const rest = `These are the first ${number.format(keys.length)} of ${number.format(documents)}. A search of the list for its words finds all.`;
      cell.append(element('p', { class: 'fine' }, rest));
    }
    this.#opened += 1;
    return element('tr', { class: 'mention-opened', id: `mention-${this.#opened}` }, cell);
  }

  /**
   * @param {number} key
   * @param {Mention} mention
   */
  #document(key, mention) {
    const { title, place } = this.#actions.nameOf(key) ?? { title: 'This document is gone.', place: '' };
    const button = element(
      'button',
      { type: 'button', class: 'mention-document', 'data-key': key },
      element('span', { class: 'mention-title', dir: 'auto' }, title),
      ' ',
      element('span', { class: 'mention-place' }, place),
    );
    button.addEventListener('click', () => this.#actions.onChoose(key, mention, button));
    return element('li', {}, button);
  }
}

/**
 * Appends what was not shown yet, and says how much is left.
 * @param {HTMLElement} box
 * @param {HTMLElement[]} items
 * @param {HTMLButtonElement} more
 * @param {number} left
 */
function appendRest(box, items, more, left) {
  // Focus on a button that goes would be lost.
  const hadFocus = document.activeElement === more;
  box.append(...items);
  more.hidden = left === 0;
  more.textContent = `Show ${number.format(Math.min(ROWS, left))} more of ${number.format(left)}`;
  if (!left && hadFocus) items[0]?.querySelector('button')?.focus();
}
