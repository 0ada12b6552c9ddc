/** The text box. A browser's text box turns every line end into a line feed; here the text keeps those that it came with. */

/** @param {string} text */
const asShown = (text) => text.replace(/\r\n?/g, '\n');

export class InputText {
  #area;
  /** The text as it came, and as the box has it as long as nothing is changed in it. */
  #given = '';
  #shown = '';
  /** How a text that is changed ends its lines. */
  #lineEnd = '\n';
  /** What is being pasted. */
  #pasted = '';

  /**
   * @param {HTMLTextAreaElement} area
   * @param {() => void} onChange
   */
  constructor(area, onChange) {
    this.#area = area;
    area.addEventListener('paste', (event) => (this.#pasted = event.clipboardData?.getData('text/plain') ?? ''));
    area.addEventListener('input', () => {
      // What is pasted into another text takes that text's line ends.
      if (this.#pasted && area.value === asShown(this.#pasted)) this.#keep(this.#pasted);
      else if (!area.value) this.#keep('');
      this.#pasted = '';
      onChange();
    });
  }

  /** The text to be annotated: with the line ends that it came with, so that offsets are those of the user's own text. */
  get text() {
    const { value } = this.#area;
    if (value === this.#shown) return this.#given;
    return this.#lineEnd === '\n' ? value : value.replaceAll('\n', this.#lineEnd);
  }

  set text(text) {
    this.#area.value = text;
    this.#keep(text);
  }

  /** @param {string} text */
  #keep(text) {
    this.#given = text;
    this.#shown = asShown(text);
    this.#lineEnd = /\n/.test(text) && !/(^|[^\r])\n|\r(?!\n)/.test(text) ? '\r\n' : '\n';
  }
}

/**
 * How a text's line ends count, in words; nothing for a text of one line.
 * @param {string} text
 */
export function lineEndsOf(text) {
  if (!/[\r\n]/.test(text)) return '';
  return text.includes('\r\n') ? 'A line end of this text is CR LF and counts as two.' : 'A line end counts as one.';
}
