/** The documents on the page: the list beside the one that is read, and the text box for one that is written. */

import { counted, number, timeLeft } from '../counted.js';
import { Documents } from './documents.js';
import { Panel } from './panel.js';

/** @typedef {import('./read-documents.js').ReadDocument} ReadDocument */
/** @typedef {import('../result-view.js').Shown} Shown */
/** @typedef {import('../status-line.js').State} Status */

/**
 * @typedef {object} Parts
 * @property {import('../input-text.js').InputText} input
 * @property {import('../setup.js').Setup} setup
 * @property {import('../status-line.js').StatusLine} status
 * @property {import('../result-view.js').ResultView} results
 * @property {() => void} onChange is called when the text or what is shown has changed
 */

/** Milliseconds between two words about the progress. */
const TELL_EVERY = 150;

export class Desk {
  #parts;
  #panel;
  #judge;
  #documents;
  /** The document that is read; -1 if the box has a text that is none yet. */
  #chosen = -1;
  /** The document that is drawn; -1 if there is none, or its text has been changed since. */
  #drawn = -1;
  /** The text of the document that is read, as the box has got it. */
  #given = '';
  /** A text that was being written when a document was chosen instead. */
  #draft = '';
  #toldProblem = '';
  #telling = 0;
  #isGoing = false;
  /** @type {Set<number>} documents whose texts have been changed since they were annotated */
  #changed = new Set();

  /**
   * @param {Parts} parts
   * @param {import('./panel.js').Elements} elements
   * @param {{ onForget: () => void, judge: import('../judging/judge.js').Judge }} others
   */
  constructor(parts, elements, { onForget, judge }) {
    this.#parts = parts;
    this.#judge = judge;
    this.#documents = new Documents(() => this.#refresh());
    this.#panel = new Panel(elements, this.#documents, {
      threshold: () => parts.setup.threshold,
      onChoose: (key, byPointer) => this.choose(key, byPointer),
      onNew: () => this.#write(),
      onRemove: (key) => this.remove(key),
      onForget,
    });
  }

  get documents() {
    return this.#documents;
  }

  /** The key of the document that is drawn; null if none of the list is, or its text has been changed since; undefined without a list. */
  get shown() {
    if (this.#drawn >= 0) return this.#drawn;
    return this.isOpen ? null : undefined;
  }

  /**
   * Removes a document, here and on this device, and shows the next one.
   * @param {number} key
   */
  async remove(key) {
    const { entries } = this.#documents;
    const place = entries.findIndex((entry) => entry.key === key);
    if (entries.length === 1) {
      await this.forget();
      return;
    }
    const next = (entries[place + 1] ?? entries[place - 1]).key;
    await this.#documents.remove(key);
    this.#judge.forgetSteps(key);
    if (key !== this.#chosen) return;
    // What is being written about it goes with it.
    this.#given = this.#parts.input.text;
    await this.choose(next);
  }

  /** Whether there are documents, rather than one text. */
  get isOpen() {
    return this.#documents.entries.length > 0;
  }

  /** Whether all that is on the page would be there after a reload. */
  get isKept() {
    return this.isOpen && !this.#documents.problem && !this.#unsaved && !this.#draft;
  }

  /** What was found, in words. */
  get summary() {
    return this.#documents.summary(this.#parts.setup.threshold);
  }

  /** The text in the box that no document has. */
  get #unsaved() {
    const { text } = this.#parts.input;
    return text !== this.#given && (this.#chosen >= 0 || text.trim() !== '');
  }

  /**
   * Takes up what an earlier visit has left.
   * @returns {Promise<{ batch: import('./store.js').Work['batch'], missing: string } | null>} null if there is nothing. `missing`: the
   *   name of the model, if it was the user's and has to be brought again
   */
  async restore() {
    const { input, setup } = this.#parts;
    if (!(await this.#documents.restore())) return null;
    this.#draft = input.text;
    this.#panel.showList();
    const { work, entries } = this.#documents;
    let batch = work?.batch ?? 'over';
    let isThere = true;
    try {
      if (work) isThere = setup.restore(work.setup);
    } catch {
      // Options of another version of the page: with which to go on is the user's to say.
      batch = 'over';
    }
    await this.choose(entries[0].key);
    return { batch, missing: isThere ? '' : (work?.setup.name ?? '') };
  }

  /**
   * Takes documents, and shows the first of them that is new.
   * @param {AsyncIterable<ReadDocument>} documents
   * @param {{ known: number, draft: string }} of how many of them, the first, have been on the page before; and a text that was
   *   being written, which stays apart
   * @param {AbortSignal} signal
   * @param {(count: number) => void} onTaken
   * @returns {Promise<string[]>} what is to be known of them
   */
  async take(documents, { known, draft }, signal, onTaken) {
    if (!this.isOpen) {
      this.#draft = draft;
      this.#given = this.#parts.input.text;
      this.#chosen = -1;
    }
    let isShown = false;
    const { failed, keys, notes } = await this.#documents.add(documents, signal, (count) => {
      onTaken(count);
      if (isShown || count <= known) return;
      isShown = true;
      const { entries } = this.#documents;
      this.#panel.showList();
      this.choose(entries[entries.length - count + known].key);
    });
    if (failed) notes.unshift(`${counted(failed, 'document')} of ${number.format(keys.length)} could not be read; the list says why.`);
    return this.#documents.problem ? [...notes, this.#documents.problem] : notes;
  }

  /** Makes what is in the box a document, or the text of the one that it shows. */
  async takeBox() {
    if (!this.#unsaved) return;
    const { input } = this.#parts;
    const { text } = input;
    this.#given = text;
    if (this.#chosen >= 0) {
      const key = this.#chosen;
      this.#drawn = -1;
      this.#changed.add(key);
      const lost = await this.#documents.setText(key, text);
      this.#judge.forgetSteps(key);
      if (lost) this.#parts.status.addNotes([`${counted(lost, 'decision')} dropped: ${lost === 1 ? 'its' : 'their'} words were changed.`]);
      return;
    }
    const id = `Text ${this.#documents.entries.length + 1}`;
    const { keys } = await this.#documents.add(one({ id, text, place: id, decisions: this.#judge.ofText(text) }), new AbortController().signal, () => {});
    this.#draft = '';
    this.#chosen = keys[0];
    this.#panel.choose(keys[0]);
    this.#panel.showList();
  }

  /**
   * Shows a document.
   * @param {number} key
   * @param {boolean} [reveal] whether it is scrolled to if it is out of sight
   */
  async choose(key, reveal = false) {
    const { input, onChange } = this.#parts;
    if (this.#chosen >= 0) {
      if (key !== this.#chosen) await this.takeBox();
    } else if (this.#unsaved) {
      this.#draft = input.text;
    }
    this.#chosen = key;
    this.#panel.choose(key);
    this.#documents.queue.prefer(key);
    const opened = await this.#documents.open(key);
    if (!opened || this.#chosen !== key) return;
    this.#given = opened.text;
    input.text = opened.text;
    await this.#show(opened, { reveal });
    onChange();
  }

  /**
   * Lets all documents wait that have not been annotated with a set-up.
   * @param {string} key the set-up's
   * @returns {Promise<boolean>} whether there are any
   */
  async begin(key) {
    this.#isGoing = true;
    this.#documents.queue.prefer(this.#chosen);
    this.#isGoing = await this.#documents.begin(key, this.#parts.setup.kept);
    return this.#isGoing;
  }

  /**
   * Lets the documents wait whose texts have been changed, and no others.
   * @param {string} key the set-up's
   * @returns {boolean} whether there are any
   */
  beginChanged(key) {
    this.#isGoing = this.#documents.beginSome(this.#changed, key);
    return this.#isGoing;
  }

  /** Whether the text in the box is that of a document of the list. */
  get isOfList() {
    return this.#chosen >= 0;
  }

  /** Whether work is under way that does what comes, too. When its last document is done it takes no other. */
  get isGoing() {
    return this.#isGoing && !this.#documents.queue.isOver;
  }

  /**
   * Goes on with what is under way, and with what has come since.
   * @param {string} key the set-up's
   */
  goOn(key) {
    for (const entry of this.#documents.entries) {
      if (this.#documents.stateOf(entry) === entry.state) this.#documents.enqueue(entry.key, key);
    }
    this.pause(false);
  }

  /**
   * Annotates what waits.
   * @param {(text: string) => Promise<Omit<Shown, 'text'>>} annotate
   * @param {(error: unknown) => boolean} endsAll
   * @param {string[]} entities of the model
   * @param {AbortSignal} signal
   * @param {{ isOfEdit?: boolean }} [how] `isOfEdit`: what waits are the documents whose texts have been changed, and nothing is said
   */
  async run(annotate, endsAll, entities, signal, { isOfEdit = false } = {}) {
    const { onChange } = this.#parts;
    await this.#documents.named(entities);
    if (!isOfEdit) this.#tell();
    /** @type {Promise<void> | undefined} */
    let shown;
    const onDone = (/** @type {number} */ key) => {
      this.#changed.delete(key);
      this.#refresh();
      if (!isOfEdit) this.#telling ||= window.setTimeout(() => this.#tell(), TELL_EVERY);
      // Its text may be being changed.
      if (key === this.#chosen && !this.#unsaved) shown = this.#reopen(isOfEdit).then(onChange);
    };
    try {
      await this.#documents.run(annotate, endsAll, onDone, signal);
      if (isOfEdit) await shown;
    } finally {
      clearTimeout(this.#telling);
      this.#telling = 0;
    }
  }

  /** Says that the work is over: done, cancelled or given up. Not to be called when other work has taken its place. */
  async end() {
    this.#isGoing = false;
    this.#documents.queue.clear();
    this.#refresh();
    await this.#documents.stands('over');
  }

  get isPaused() {
    return this.#documents.queue.paused;
  }

  /**
   * Pauses the work, or goes on with it.
   * @param {boolean} paused
   */
  pause(paused) {
    this.#documents.queue.paused = paused;
    this.#tell();
    this.#documents.stands(paused ? 'paused' : 'going');
  }

  /** Draws the list again, with the minimum confidence as it is now. */
  refresh() {
    if (this.isOpen) this.#panel.refresh();
  }

  /** Removes all documents, the text and what was found, here and on this device. */
  async forget() {
    const { input, results, onChange } = this.#parts;
    this.#chosen = this.#drawn = -1;
    this.#changed.clear();
    this.#given = this.#draft = '';
    input.text = '';
    results.clear();
    await this.#documents.forget();
    this.#panel.close();
    onChange();
  }

  /** Opens the box for a text that is none of the documents. */
  async #write() {
    const { input, results, onChange } = this.#parts;
    if (this.#chosen >= 0) await this.takeBox();
    this.#chosen = this.#drawn = -1;
    this.#given = '';
    input.text = this.#draft;
    this.#draft = '';
    this.#panel.choose(-1);
    results.clear();
    onChange();
  }

  /** @param {boolean} edited whether it is drawn but for an edit */
  async #reopen(edited) {
    const key = this.#chosen;
    const opened = await this.#documents.open(key);
    if (opened && key === this.#chosen && !this.#unsaved) await this.#show(opened, { reveal: false, edited });
  }

  /**
   * @param {NonNullable<Awaited<ReturnType<Documents['open']>>>} opened
   * @param {{ reveal: boolean, edited?: boolean }} how see {@link import('../result-view.js').ResultView.show}
   */
  async #show({ entry, text, result, given, decisions }, how) {
    const { results } = this.#parts;
    const none = { setup: '', mode: '', chunks: [], entities: [], unread: unread(entry, this.#documents.stateOf(entry)) };
    const isFailed = entry.state === 'failed';
    this.#drawn = entry.key;
    await results.show({ ...(result && !isFailed ? result : none), text, given, decisions }, how);
  }

  #refresh() {
    this.#panel.refresh();
    const { problem } = this.#documents;
    if (problem && problem !== this.#toldProblem) this.#parts.status.addNotes([problem]);
    this.#toldProblem = problem;
  }

  #tell() {
    this.#telling = 0;
    const { queue } = this.#documents;
    const { done, failed, total, millisecondsLeft } = queue.progress;
    if (!total) return;
    const left = millisecondsLeft === undefined || queue.paused ? '' : `, ${timeLeft(millisecondsLeft)}`;
    const detail = `: ${number.format(done)} of ${counted(total, 'document')}${failed ? `, ${number.format(failed)} failed` : ''}${left}`;
    const [state, message] = /** @type {[Status, string]} */ (queue.paused ? ['paused', 'Paused'] : ['running', 'Annotating']);
    this.#parts.status.set(state, message, { detail, ratio: done / total, pausable: true });
  }
}

/**
 * Why there is nothing to be seen of a document.
 * @param {import('./store.js').Entry} entry
 * @param {import('./documents.js').State} state
 */
function unread({ problem, unreadable }, state) {
  if (state === 'failed') return `${unreadable ? 'Not read' : 'Not annotated'}: ${problem}`;
  return state === 'running' ? 'This document is being annotated.' : 'This document has not been annotated yet.';
}

/** @param {ReadDocument} document */
async function* one(document) {
  yield document;
}
