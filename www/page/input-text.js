/**
 * The text box. A browser's text box turns every line end into a line feed; here the text keeps those that it came with. A
 * long text is not put into the box, which would take a browser seconds: the box shows its beginning, and cannot be written in.
 */

import { number } from './counted.js';

/** Code units of a text that is put into the box: a browser takes 60 ms for them on a desktop. */
export const LONGEST_IN_BOX = 200_000;
/** Code units of a longer text that are shown. */
const BEGINNING = 20_000;
/** Code units of the longest text that the page takes: the tab has the memory to annotate it. */
export const LONGEST_TEXT = 20_000_000;

/** @param {number} length a text's that is refused */
export const tooLong = (length) =>
  `${number.format(length)} characters are more than this page can show, which is ${number.format(LONGEST_TEXT)}`;

/** @param {string} text */
const asShown = (text) => text.replace(/\r\n?/g, '\n');

/**
 * @typedef {object} Elements
 * @property {HTMLTextAreaElement} area
 * @property {HTMLElement} notice says that the box has only the beginning of the text
 * @property {HTMLElement} noticeText
 * @property {HTMLElement} clear empties the box that cannot be written in
 */

export class InputText {
  #area;
  #notice;
  #noticeText;
  #onChange;
  #onRefuse;
  /** The text as it came, and as the box has it as long as nothing is changed in it. */
  #given = '';
  #shown = '';
  /** How a text that is changed ends its lines. */
  #lineEnd = '\n';
  /** What is being pasted. */
  #pasted = '';

  /**
   * @param {Elements} elements
   * @param {() => void} onChange
   * @param {(reason: string) => void} onRefuse is called when a text that is pasted or dropped is too long
   */
  constructor({ area, notice, noticeText, clear }, onChange, onRefuse) {
    this.#area = area;
    this.#notice = notice;
    this.#noticeText = noticeText;
    this.#onChange = onChange;
    this.#onRefuse = onRefuse;
    area.addEventListener('paste', (event) => {
      this.#pasted = event.clipboardData?.getData('text/plain') ?? '';
      this.#insert(event, this.#pasted);
    });
    area.addEventListener('beforeinput', (event) => {
      if (event.inputType !== 'insertFromDrop') return;
      this.#insert(event, event.data ?? event.dataTransfer?.getData('text/plain') ?? '');
    });
    area.addEventListener('input', () => {
      // What is pasted into another text takes that text's line ends.
      if (this.#pasted && area.value === asShown(this.#pasted)) this.#keep(this.#pasted);
      else if (!area.value) this.#keep('');
      this.#pasted = '';
      onChange();
    });
    clear.addEventListener('click', () => {
      this.text = '';
      onChange();
      area.focus();
    });
  }

  /** The text to be annotated: with the line ends that it came with, so that offsets are those of the user's own text. */
  get text() {
    const { value } = this.#area;
    if (value === this.#shown) return this.#given;
    return this.#lineEnd === '\n' ? value : value.replaceAll('\n', this.#lineEnd);
  }

  set text(text) {
    const isLong = text.length > LONGEST_IN_BOX;
    const shown = isLong ? beginning(text) : text;
    this.#area.value = shown;
    this.#area.readOnly = isLong;
    this.#notice.hidden = !isLong;
    if (isLong) {
      this.#noticeText.textContent = `The box shows the beginning of a text of ${number.format(text.length)} characters. All of it is annotated.`;
    }
    this.#keep(text, shown);
  }

  /**
   * Takes over what is pasted or dropped if the box cannot have it. A box that cannot be written in takes another text in place of
   * the whole.
   * @param {Event} event
   * @param {string} inserted
   */
  #insert(event, inserted) {
    const { value, selectionStart: from, selectionEnd: to, readOnly } = this.#area;
    const isWhole = to - from === value.length;
    if (readOnly ? !isWhole || !inserted : value.length - (to - from) + inserted.length <= LONGEST_IN_BOX) return;
    event.preventDefault();
    this.#pasted = '';
    const asOfThisText = (/** @type {string} */ part) => asShown(part).replaceAll('\n', this.#lineEnd);
    const text = isWhole ? inserted : [value.slice(0, from), inserted, value.slice(to)].map(asOfThisText).join('');
    if (text.length > LONGEST_TEXT) {
      this.#onRefuse(`${tooLong(text.length)}. The text is as you left it.`);
      return;
    }
    this.text = text;
    this.#onChange();
  }

  /**
   * @param {string} text
   * @param {string} [shown] what the box has of it
   */
  #keep(text, shown = text) {
    this.#given = text;
    this.#shown = asShown(shown);
    this.#lineEnd = /\n/.test(shown) && !/(^|[^\r])\n|\r(?!\n)/.test(shown) ? '\r\n' : '\n';
  }
}

/**
 * The first lines of a text.
 * @param {string} text
 */
function beginning(text) {
  const line = text.lastIndexOf('\n', BEGINNING);
  return text.slice(0, line > BEGINNING / 2 ? line + 1 : BEGINNING);
}

/**
 * How a text's line ends count, in words; nothing for a text of one line.
 * @param {string} text
 */
export function lineEndsOf(text) {
  if (!/[\r\n]/.test(text)) return '';
  return text.includes('\r\n') ? 'A line end of this text is CR LF and counts as two.' : 'A line end counts as one.';
}
