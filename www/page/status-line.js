/** The line that says what is being done, how far it is, and how it ended. */

import { megabytes, number } from './counted.js';

/** @typedef {import('../glossa/index.js').AnnotateProgress} AnnotateProgress */
/** @typedef {import('../glossa/index.js').LoadProgress} LoadProgress */

/** @typedef {'loading' | 'running' | 'paused' | 'done' | 'error' | 'cancelled' | 'idle'} State */

export class StatusLine {
  #status;
  #progress;
  #note;
  #annotate;
  #cancel;
  #pause;
  #onBusy;
  /** The status in two parts, the second of which changes too often to be read aloud. */
  #message;
  #detail = document.createElement('span');

  /**
   * @param {{ status: HTMLElement, progress: HTMLProgressElement, note: HTMLElement, annotate: HTMLElement,
   *   cancel: HTMLElement, pause: HTMLElement }} elements `note` is for what is to be known beside the status
   * @param {(busy: boolean) => void} onBusy
   */
  constructor({ status, progress, note, annotate, cancel, pause }, onBusy) {
    this.#status = status;
    this.#progress = progress;
    this.#note = note;
    this.#onBusy = onBusy;
    this.#annotate = annotate;
    this.#cancel = cancel;
    this.#pause = pause;
    this.#message = new Text('');
    this.#detail.setAttribute('aria-hidden', 'true');
    status.replaceChildren(this.#message, this.#detail);
    this.set('idle', 'Ready. The model is downloaded when you first annotate.');
  }

  /** @returns {State} */
  get state() {
    return /** @type {State} */ (this.#status.dataset.state);
  }

  /**
   * Says what is being done.
   * @param {State} state
   * @param {string} message
   * @param {{ detail?: string, code?: string, ratio?: number, pausable?: boolean }} [more] `ratio`: how much is done; undefined if
   *   unknown. `pausable`: whether the work can be paused
   */
  set(state, message, { detail = '', code, ratio, pausable = false } = {}) {
    this.#status.dataset.state = state;
    if (code) this.#status.dataset.code = code;
    else delete this.#status.dataset.code;
    // A live region is read again when it is set, even to the same words.
    if (this.#message.data !== message) this.#message.data = message;
    this.#detail.textContent = detail;
    const busy = state === 'loading' || state === 'running';
    const isOver = !busy && state !== 'paused';
    this.#progress.hidden = isOver;
    if (ratio === undefined) this.#progress.removeAttribute('value');
    else this.#progress.value = ratio;
    // Focus on a button that goes would be lost.
    const isLost = (document.activeElement === this.#cancel && isOver) || (document.activeElement === this.#pause && !pausable);
    if (isLost) (isOver ? this.#annotate : this.#cancel).focus();
    this.#cancel.hidden = isOver;
    this.#pause.hidden = !pausable;
    this.#pause.textContent = state === 'paused' ? 'Go on' : 'Pause';
    this.#onBusy(busy);
  }

  /**
   * Says beside the status what does not concern the work that it is about; nothing, to begin anew.
   * @param {string[]} notes
   */
  note(...notes) {
    this.#note.textContent = notes.join(' ');
    this.#note.hidden = !notes.length;
  }

  /**
   * Says more beside it, once.
   * @param {string[]} notes
   */
  addNotes(notes) {
    const known = this.#note.textContent ?? '';
    const added = notes.filter((note) => !known.includes(note));
    if (added.length) this.note(...(known ? [known] : []), ...added);
  }

  /** @param {LoadProgress | AnnotateProgress} event */
  showProgress(event) {
    if (event.stage === 'engine') this.set('loading', 'Starting the engine');
    if (event.stage === 'prepare') {
      const { loaded: bytes, total } = event;
      this.set('loading', bytes < total ? 'Reading the model' : 'Preparing the model', {
        detail: bytes < total ? `: ${megabytes(bytes)} of ${megabytes(total)} MB` : '',
        ratio: bytes < total ? bytes / total : undefined,
      });
    }
    if (event.stage === 'download') {
      const { loaded: bytes, total } = event;
      const detail = total ? `: ${megabytes(bytes)} of ${megabytes(total)} MB` : `: ${megabytes(bytes)} MB`;
      this.set('loading', 'Downloading the model', { detail, ratio: total ? bytes / total : undefined });
    }
    if (event.stage === 'annotate') {
      const { done, total } = event;
      const detail = `: window ${number.format(Math.min(done + 1, total))} of ${number.format(total)}`;
      this.set('running', 'Annotating', { detail, ratio: total ? done / total : undefined });
    }
  }
}
