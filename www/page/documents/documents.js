/** The documents that were brought: what the list shows of each, where its text and its result are, and what waits. */

import { GlossaError } from '../../glossa/index.js';
import { counted, number } from '../counted.js';
import { agreement, atLeast, findings, isKept, moved, sumOf } from '../judging/findings.js';
import { slices } from '../slices.js';
import { Queue } from './queue.js';
import { DocumentStore } from './store.js';

/** @typedef {import('./read-documents.js').ReadDocument} ReadDocument */
/** @typedef {import('./store.js').Entry} Entry */
/** @typedef {import('./store.js').Result} Result */
/** @typedef {import('./store.js').Given} Given */
/** @typedef {import('../judging/findings.js').Decision} Decision */
/** @typedef {{ entry: Entry, text: string, result: Result | undefined, given: Given | undefined, decisions: Decision[] }} Opened */
/** @typedef {import('./store.js').Work} Work */
/** @typedef {'waiting' | 'running' | 'done' | 'failed'} State */

/** Documents that are kept at once, and code units of them. */
const AT_ONCE = 100;
const UNITS_AT_ONCE = 1_000_000;
/** The most documents: the list has the memory for them. */
export const MOST_DOCUMENTS = 100_000;
/** Code units of a text that the list shows. */
export const BEGINNING = 120;

const GONE = 'The browser has removed the text of this document.';

export class Documents {
  queue = new Queue();
  #store = new DocumentStore();
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<number, Entry>} */
  #byKey = new Map();
  #lastKey = 0;
  /** @type {Work | null} */
  #work = null;
  #onChange;

  /** @param {() => void} onChange is called when something that the list shows has changed */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** In the order in which they came. */
  get entries() {
    return this.#entries;
  }

  /** How the work stood when it was kept. */
  get work() {
    return this.#work;
  }

  /** Entities of the model that annotated last. */
  get entities() {
    return this.#work?.entities ?? [];
  }

  /** Why what is new is not kept on this device, in words; empty if it is. */
  get problem() {
    return this.#store.problem;
  }

  /** @param {number} key */
  entry(key) {
    return this.#byKey.get(key);
  }

  /**
   * @param {Entry} entry
   * @returns {State}
   */
  stateOf({ key, state }) {
    if (this.queue.isRunning(key)) return 'running';
    return this.queue.isWaiting(key) ? 'waiting' : state;
  }

  /**
   * Takes up the documents of an earlier visit.
   * @returns {Promise<boolean>} whether there are any
   */
  async restore() {
    const kept = await this.#store.restore();
    if (!kept) return false;
    for (const entry of kept.entries) this.#list(entry);
    this.#work = kept.work ?? null;
    this.#onChange();
    return true;
  }

  /**
   * Takes documents that were read, in their order.
   * @param {AsyncIterable<ReadDocument>} documents
   * @param {AbortSignal} signal ends it; those taken so far stay
   * @param {(count: number) => void} onTaken is called with how many there are so far
   * @returns {Promise<{ keys: number[], failed: number, notes: string[] }>}
   */
  async add(documents, signal, onTaken) {
    /** @type {number[]} */
    const keys = [];
    /** @type {Set<string>} */
    const notes = new Set();
    let failed = 0;
    /** @type {{ entry: Entry, text: string, given?: Given, decisions?: Decision[] }[]} */
    let taken = [];
    let units = 0;
    const pause = slices();
    const keep = async () => {
      for (const { entry } of taken) {
        keys.push(entry.key);
        this.#list(entry);
      }
      const kept = this.#store.add(taken);
      [taken, units] = [[], 0];
      await kept;
      onTaken(keys.length);
      this.#onChange();
      await pause();
    };
    for await (const { id, text, place, problem, given, decisions, notes: said = [] } of documents) {
      if (signal.aborted) break;
      if (this.#entries.length + taken.length >= MOST_DOCUMENTS) {
        notes.add(`The list holds ${counted(MOST_DOCUMENTS, 'document')}; the rest was left out. The command line reads all: glossa annotate FILES`);
        break;
      }
      this.#lastKey += 1;
      const entry = entryOf(this.#lastKey, { id, text, place });
      if (problem) {
        Object.assign(entry, { state: 'failed', problem: problem.message, unreadable: true });
        failed += 1;
      }
      for (const words of said) notes.add(words);
      if (decisions?.length) note(entry, undefined, decisions);
      taken.push({ entry, text, given, decisions: decisions?.length ? decisions : undefined });
      units += text.length;
      if (taken.length === AT_ONCE || units > UNITS_AT_ONCE || !keys.length) await keep();
    }
    if (taken.length) await keep();
    return { keys, failed, notes: [...notes] };
  }

  /**
   * Takes another text for a document: what was found in the one before, or came with it, is no result of it. Decisions go along
   * with the words that they are about.
   * @param {number} key
   * @param {string} text
   * @returns {Promise<number>} how many decisions are lost, as their words were changed
   */
  async setText(key, text) {
    const before = this.#byKey.get(key);
    if (!before) return 0;
    const { id, place } = before;
    const entry = entryOf(key, { id, text, place });
    const [textBefore = '', decided] = await Promise.all([this.#store.text(key), this.#store.decisions(key)]);
    const { decisions, lost } = moved(decided, textBefore, text);
    if (decided.length) note(entry, undefined, decisions);
    await this.#store.add([{ entry, text, decisions: decided.length ? decisions : undefined }]);
    await this.#store.dropGiven(key);
    if (this.#byKey.get(key) !== before) return 0;
    // Another entry, by which what is found in the text before is known to come too late.
    this.#entries[this.#entries.indexOf(before)] = entry;
    this.#byKey.set(key, entry);
    if (this.queue.isRunning(key) || this.queue.isWaiting(key)) this.queue.add(key, text.length);
    await this.#store.putResult(entry, null);
    this.#onChange();
    return lost;
  }

  /**
   * Keeps what a person decided about a document.
   * @param {number} key
   * @param {Decision[]} decisions all of them
   */
  async judge(key, decisions) {
    const opened = await this.open(key);
    if (!opened) return;
    const { entry, result } = opened;
    note(entry, entry.state === 'done' ? result : undefined, decisions);
    await this.#store.putDecisions(entry, decisions);
    this.#onChange();
  }

  /**
   * What a person decided about a document.
   * @param {number} key
   */
  decisions(key) {
    return this.#store.decisions(key);
  }

  /**
   * Removes a document from the list and this device.
   * @param {number} key
   */
  async remove(key) {
    const entry = this.#byKey.get(key);
    if (!entry) return;
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#byKey.delete(key);
    this.queue.remove(key);
    await this.#store.remove(key);
    this.#onChange();
  }

  /**
   * A document with its text, what was found in it, what came with it, and what was decided about it.
   * @param {number} key
   * @returns {Promise<Opened | null>} null if there is none
   */
  async open(key) {
    const [text, given, decisions] = await Promise.all([this.#store.text(key), this.#store.given(key), this.#store.decisions(key)]);
    const result = text === undefined ? undefined : await this.#store.result(key, text);
    const entry = this.#byKey.get(key);
    if (!entry) return null;
    if (text === undefined) Object.assign(entry, { state: 'failed', problem: GONE });
    return { entry, text: text ?? '', result, given, decisions };
  }

  /**
   * All documents that have a text, one after the other, in the order of the list; some are read at a time.
   * @param {AbortSignal} [signal] ends it
   * @returns {AsyncGenerator<Opened>}
   */
  async *opened(signal) {
    for (const some of together([...this.#entries])) {
      if (signal?.aborted) return;
      const found = await this.#store.all(some.map(({ key }) => key));
      for (const entry of some) {
        const kept = found.get(entry.key);
        // Its text may have been changed meanwhile.
        if (kept && !entry.unreadable && this.#byKey.get(entry.key) === entry) yield { entry, ...kept };
      }
    }
  }

  /**
   * Lets all documents wait that have not been annotated with a set-up.
   * @param {string} setup
   * @param {import('../setup.js').Kept} kept
   * @returns {Promise<boolean>} whether there are any
   */
  async begin(setup, kept) {
    this.queue.clear();
    for (const entry of this.#entries) this.enqueue(entry.key, setup);
    await this.#keepWork({ setup: kept, batch: 'going' });
    this.#onChange();
    return this.queue.progress.total > 0;
  }

  /**
   * Lets some documents wait, and no others, if they have not been annotated with a set-up.
   * @param {Iterable<number>} keys
   * @param {string} setup
   * @returns {boolean} whether one waits
   */
  beginSome(keys, setup) {
    this.queue.clear();
    for (const key of keys) this.enqueue(key, setup);
    return this.queue.progress.total > 0;
  }

  /**
   * Lets a document wait if it has not been annotated with a set-up.
   * @param {number} key
   * @param {string} setup
   */
  enqueue(key, setup) {
    const entry = this.#byKey.get(key);
    if (!entry || entry.unreadable || (entry.state === 'done' && entry.setup === setup)) return;
    this.queue.add(key, entry.length);
  }

  /**
   * Annotates what waits. A document that cannot be annotated fails by itself.
   * @param {(text: string) => Promise<Result>} annotate
   * @param {(error: unknown) => boolean} endsAll whether no other document can be annotated either
   * @param {(key: number) => void} onDone is called when a document has been annotated, or has failed
   * @param {AbortSignal} signal
   */
  run(annotate, endsAll, onDone, signal) {
    const work = async (/** @type {number} */ key) => {
      this.#onChange();
      const [entry, text] = [this.#byKey.get(key), await this.#store.text(key)];
      if (!entry) return false;
      /** @type {Result | null} */
      let result = null;
      try {
        if (text === undefined) throw new GlossaError('input_invalid', GONE);
        result = await annotate(text);
      } catch (error) {
        if (signal.aborted || endsAll(error)) throw error;
        Object.assign(entry, { state: 'failed', problem: error instanceof Error ? error.message : String(error), setup: undefined });
      }
      const decisions = await this.#store.decisions(key);
      if (signal.aborted || this.#byKey.get(key) !== entry) return true;
      if (result) {
        note(entry, result, decisions);
        await this.#store.putResult(entry, result);
      } else {
        await this.#store.putEntry(entry);
      }
      onDone(key);
      return result !== null;
    };
    return this.queue.run(work, signal);
  }

  /** @param {string[]} entities of the model that annotates */
  named(entities) {
    return this.#keepWork({ entities });
  }

  /** @param {Work['batch']} batch how the work stands */
  stands(batch) {
    return this.#keepWork({ batch });
  }

  /**
   * The documents that a search finds: by name at once, then by their texts.
   * @param {string} query
   * @param {(found: Set<number>) => void} onFound is called with all that were found so far
   * @param {AbortSignal} signal
   */
  async search(query, onFound, signal) {
    const wanted = query.toLowerCase();
    const has = (/** @type {string} */ text) => text.toLowerCase().includes(wanted);
    const named = this.#entries.filter(({ id, place, beginning }) => has(id) || has(place) || has(beginning));
    const found = new Set(named.map(({ key }) => key));
    onFound(found);
    const pause = slices();
    for await (const texts of this.#store.texts()) {
      for (const [key, text] of texts) {
        if (signal.aborted) return;
        if (!found.has(key) && has(text)) found.add(key);
        await pause();
      }
      if (signal.aborted) return;
      onFound(found);
    }
  }

  /**
   * What was found in each document that is done, and decided about it, in the order of the list.
   * @param {number} threshold the minimum confidence of suggestions
   * @param {AbortSignal} signal ends it
   * @returns {AsyncGenerator<{ key: number, id: string, chunks: import('../judging/findings.js').Finding[] }>}
   */
  async *findings(threshold, signal) {
    const isShown = atLeast(threshold);
    for await (const { entry, text, result, decisions } of this.opened(signal)) {
      if (entry.state !== 'done' || !result) continue;
      const all = findings({ text, model: result.model, chunks: result.chunks, decisions });
      yield { key: entry.key, id: entry.id, chunks: all.filter((finding) => isKept(finding) && isShown(finding)) };
    }
  }

  /**
   * How many chunks of at least a confidence a document has, by entity.
   * @param {Entry} entry
   * @param {number} threshold
   * @returns {[entity: string, count: number][]} the most frequent first
   */
  counts({ found }, threshold) {
    const least = Math.fround(threshold);
    const counts = Object.entries(found).map(([entity, confidences]) => {
      let count = 0;
      for (const confidence of confidences) count += Number(confidence >= least);
      return /** @type {[string, number]} */ ([entity, count]);
    });
    return counts.filter(([, count]) => count).sort(([, one], [, other]) => other - one);
  }

  /** How the models agree with the decisions about all documents, by entity. */
  get agreement() {
    /** @type {Record<string, import('../judging/findings.js').Agreement>} */
    const all = {};
    for (const { agreement } of this.#entries) {
      if (!agreement) continue;
      for (const [entity, one] of Object.entries(agreement)) all[entity] = Object.hasOwn(all, entity) ? sumOf([all[entity], one]) : one;
    }
    return all;
  }

  /**
   * What was found in all of them, in words.
   * @param {number} threshold
   */
  summary(threshold) {
    const states = { waiting: 0, done: 0, failed: 0 };
    let chunks = 0;
    for (const entry of this.#entries) {
      states[entry.state] += 1;
      for (const [, count] of this.counts(entry, threshold)) chunks += count;
    }
    const failed = states.failed ? `, ${number.format(states.failed)} failed` : '';
    const waiting = states.waiting ? `, ${number.format(states.waiting)} not annotated` : '';
    return `${counted(chunks, 'chunk')} in ${counted(states.done, 'document')}${failed}${waiting}`;
  }

  /** Removes all documents from this page and this device. */
  async forget() {
    this.queue.clear();
    this.#entries = [];
    this.#byKey.clear();
    this.#work = null;
    await this.#store.forget();
    this.#onChange();
  }

  /** @param {Entry} entry */
  #list(entry) {
    this.#entries.push(entry);
    this.#byKey.set(entry.key, entry);
    this.#lastKey = Math.max(this.#lastKey, entry.key);
  }

  /** @param {Partial<Work>} change */
  async #keepWork(change) {
    const work = { entities: [], batch: 'over', ...this.#work, ...change };
    if (!work.setup) return;
    this.#work = /** @type {Work} */ (work);
    await this.#store.putWork(this.#work);
  }
}

/**
 * As many documents at a time as are read at one go.
 * @param {Entry[]} entries
 */
function* together(entries) {
  let [from, units] = [0, 0];
  for (let i = 0; i < entries.length; i++) {
    units += entries[i].length;
    const next = entries[i + 1];
    if (next && i + 1 - from < AT_ONCE && units + next.length <= UNITS_AT_ONCE) continue;
    yield entries.slice(from, i + 1);
    [from, units] = [i + 1, 0];
  }
}

/**
 * @param {number} key
 * @param {{ id: string, text: string, place: string }} document
 * @returns {Entry}
 */
function entryOf(key, { id, text, place }) {
  const beginning = text.slice(0, 4 * BEGINNING).replaceAll(/\s+/g, ' ').trim().slice(0, BEGINNING);
  return { key, id, place, beginning, length: text.length, state: 'waiting', found: {} };
}

/**
 * Notes what was found in a document, and decided about it.
 * @param {Entry} entry
 * @param {Result | undefined} result missing if it has not been annotated
 * @param {Decision[]} decisions
 */
function note(entry, result, decisions) {
  const { chunks = [], setup, model } = result ?? {};
  /** @type {Map<string, number[]>} */
  const confidences = new Map();
  // Where it is in the text, and the words there, do not matter here.
  for (const { entity, confidence = 0, state } of findings({ text: '', model, chunks, decisions })) {
    if (state === 'rejected') continue;
    const those = confidences.get(entity);
    const certain = state ? Infinity : confidence;
    if (those) those.push(certain);
    else confidences.set(entity, [certain]);
  }
  const found = Object.fromEntries([...confidences].map(([entity, those]) => [entity, Float32Array.from(those)]));
  const judged = decisions.length ? { judged: decisions.length, agreement: agreement(chunks, decisions) } : { judged: undefined, agreement: undefined };
  Object.assign(entry, { found, ...judged });
  if (result) Object.assign(entry, { state: 'done', setup, problem: undefined });
}
