/** What has been decided, in order, to be undone and done again: one step may change many documents. */

/** @typedef {import('./findings.js').Change} Change */
/** @typedef {{ of: string | number, changes: Change[] }[]} Step changes, by the document's key, or the text that is none */

/** Steps that are kept. */
const MOST = 1000;

export class History {
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** @param {Step} step that has been done; what was undone before it cannot be done again */
  add(step) {
    this.#done.push(step);
    if (this.#done.length > MOST) this.#done.shift();
    this.#undone = [];
  }

  /** @returns {Step | undefined} the step that is to be undone */
  undo() {
    const step = this.#done.pop();
    if (step) this.#undone.push(step);
    return step;
  }

  /** @returns {Step | undefined} the step that is to be done again */
  redo() {
    const step = this.#undone.pop();
    if (step) this.#done.push(step);
    return step;
  }

  /**
   * Forgets what was done about one document or text: it is another one now.
   * @param {string | number} of
   */
  drop(of) {
    const without = (/** @type {Step[]} */ steps) => steps.map((step) => step.filter((part) => part.of !== of)).filter((step) => step.length);
    this.#done = without(this.#done);
    this.#undone = without(this.#undone);
  }

  clear() {
    this.#done = [];
    this.#undone = [];
  }
}
