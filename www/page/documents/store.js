/**
 * Where documents are kept: in the browser's IndexedDB, so that a reload or a closed tab loses none of them, or in memory where the
 * browser denies the page its storage or has no room left.
 */

import { deleteDB, openDB } from 'idb';
import { hold } from './one-tab.js';
import { pack, unpack } from './packed.js';

/** @typedef {import('../result-view.js').Shown} Shown */
/** @typedef {import('../judging/findings.js').Decision} Decision */
/** @typedef {import('./read-documents.js').Given} Given */
/** @typedef {Omit<Shown, 'text' | 'given' | 'decisions'>} Result what was found in a document, without its text */
/** @typedef {Omit<Result, 'chunks'> & { packed: import('./packed.js').Packed }} KeptResult */

/**
 * A document as the list has it.
 * @typedef {object} Entry
 * @property {number} key
 * @property {string} id its name in the file that it came in
 * @property {string} place the file, and where in it
 * @property {string} beginning of its text
 * @property {number} length of its text in UTF-16 code units
 * @property {'waiting' | 'done' | 'failed'} state
 * @property {string} [problem] why it failed, in words
 * @property {boolean} [unreadable] whether it came without a text, so that annotating it again is of no use
 * @property {string} [setup] what its result came about with
 * @property {Record<string, Float32Array>} found the confidences of its chunks by entity; infinite where a person decided
 * @property {number} [judged] how many decisions a person has made about it
 * @property {Record<string, import('../judging/findings.js').Agreement>} [agreement] of the model with them, by entity
 */

/**
 * What else is kept: how the work on the documents stands.
 * @typedef {object} Work
 * @property {import('../setup.js').Kept} setup
 * @property {'going' | 'paused' | 'over'} batch
 * @property {string[]} entities of the model that annotated last
 */

export const DATABASE = 'glossa-documents';
/** Of the stores below. Those that an earlier version has not are made; none is changed. */
const VERSION = 2;
const STORES = ['texts', 'results', 'work', 'given', 'decisions'];
/** Texts that are read at once to be searched. */
const BATCH = 200;

/** @type {Record<string, string>} why nothing is kept, by the name of the browser's error */
const WORDS = {
  QuotaExceededError: 'This browser has no room left for this page. What is new is in this tab alone, and a reload loses it.',
  SecurityError: 'This browser lets this page keep nothing. The documents are in this tab alone, and a reload loses them.',
};
const OTHERWISE = 'This browser does not keep the documents. What is new is in this tab alone, and a reload loses it.';
const ELSEWHERE =
  'Another tab has the documents that are kept on this device. Those opened here are in this tab alone, and a reload loses them.';

export class DocumentStore {
  /** @type {import('idb').IDBPDatabase | null} */
  #database = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {(() => void) | null} gives the documents free for other tabs */
  #release = null;
  #problem = '';
  /** @type {Map<number, string>} */
  #texts = new Map();
  /** @type {Map<number, KeptResult | null>} null where a result has been taken back */
  #results = new Map();
  /** @type {Map<number, Given>} */
  #given = new Map();
  /** @type {Map<number, Decision[]>} of documents that have been judged at this visit */
  #decisions = new Map();

  /** Why what is new is not kept on this device, in words; empty if it is. */
  get problem() {
    return this.#problem;
  }

  /**
   * What an earlier visit has left.
   * @returns {Promise<{ entries: Entry[], work: Work | undefined } | null>} null if there is nothing, or it cannot be had
   */
  async restore() {
    try {
      const known = await indexedDB.databases?.();
      if (known && !known.some(({ name }) => name === DATABASE)) return null;
    } catch {
      return null;
    }
    await this.#open();
    if (!this.#database) {
      // Nobody has asked for anything to be kept yet.
      this.#problem = '';
      this.#opening = null;
      return null;
    }
    const entries = await this.#database.getAll('entries');
    return entries.length ? { entries, work: await this.#database.get('work', 0) } : null;
  }

  /**
   * Keeps documents that are new.
   * @param {{ entry: Entry, text: string, given?: Given, decisions?: Decision[] }[]} documents
   */
  async add(documents) {
    await this.#open();
    for (const { entry, decisions } of documents) if (decisions) this.#decisions.set(entry.key, decisions);
    await this.#write(
      ['entries', 'texts', 'given', 'decisions'],
      (entries, texts, givens, decided) =>
        documents.flatMap(({ entry, text, given, decisions }) => [
          entries.put(entry),
          texts.put(text, entry.key),
          ...(given ? [givens.put(given, entry.key)] : []),
          ...(decisions ? [decided.put(decisions, entry.key)] : []),
        ]),
      () => {
        for (const { entry, text, given } of documents) {
          this.#texts.set(entry.key, text);
          if (given) this.#given.set(entry.key, given);
        }
      },
    );
  }

  /**
   * Keeps what a person decided about a document; it is there at once.
   * @param {Entry} entry
   * @param {Decision[]} decisions
   */
  putDecisions(entry, decisions) {
    this.#decisions.set(entry.key, decisions);
    return this.#write(['entries', 'decisions'], (entries, decided) => [entries.put(entry), decided.put(decisions, entry.key)], () => {});
  }

  /**
   * Keeps that nothing came with the text of a document any more: it is another text.
   * @param {number} key
   */
  dropGiven(key) {
    this.#given.delete(key);
    return this.#write(['given'], (givens) => [givens.delete(key)], () => {});
  }

  /**
   * Removes a document.
   * @param {number} key
   */
  remove(key) {
    for (const kept of [this.#texts, this.#results, this.#given, this.#decisions]) kept.delete(key);
    const names = ['entries', 'texts', 'results', 'given', 'decisions'];
    return this.#write(names, (...stores) => stores.map((store) => store.delete(key)), () => {});
  }

  /**
   * What came with a document's text in its file.
   * @param {number} key
   * @returns {Promise<Given | undefined>}
   */
  async given(key) {
    return this.#given.get(key) ?? (await this.#read('given', key));
  }

  /**
   * What a person decided about a document.
   * @param {number} key
   * @returns {Promise<Decision[]>}
   */
  async decisions(key) {
    return this.#decisions.get(key) ?? (await this.#read('decisions', key)) ?? [];
  }

  /**
   * Keeps what was found in a document, or takes it back.
   * @param {Entry} entry
   * @param {Result | null} result
   */
  async putResult(entry, result) {
    const kept = result && packed(result);
    await this.#write(
      ['entries', 'results'],
      (entries, results) => [entries.put(entry), kept ? results.put(kept, entry.key) : results.delete(entry.key)],
      () => this.#results.set(entry.key, kept),
    );
  }

  /**
   * Keeps a document as the list has it now.
   * @param {Entry} entry
   */
  putEntry(entry) {
    return this.#write(['entries'], (entries) => [entries.put(entry)], () => {});
  }

  /** @param {Work} work */
  putWork(work) {
    return this.#write(['work'], (store) => [store.put(work, 0)], () => {});
  }

  /**
   * @param {number} key
   * @returns {Promise<string | undefined>} undefined if the browser has removed it
   */
  async text(key) {
    return this.#texts.get(key) ?? (await this.#read('texts', key));
  }

  /**
   * @param {number} key
   * @param {string} text of the document
   * @returns {Promise<Result | undefined>}
   */
  async result(key, text) {
    const inMemory = this.#results.get(key);
    /** @type {KeptResult | null | undefined} */
    const kept = inMemory === undefined ? await this.#read('results', key) : inMemory;
    return kept ? resultOf(kept, text) : undefined;
  }

  /**
   * The texts of all documents, some at a time.
   * @returns {AsyncGenerator<[key: number, text: string][]>}
   */
  async *texts() {
    yield [...this.#texts];
    for (let from = 0; this.#database; ) {
      /** @type {IDBKeyRange} */
      const range = IDBKeyRange.lowerBound(from, true);
      /** @type {[any[], any[]]} */
      const [keys, texts] = await Promise.all([
        this.#database.getAllKeys('texts', range, BATCH),
        this.#database.getAll('texts', range, BATCH),
      ]);
      yield keys.map((key, i) => [key, texts[i]]);
      if (keys.length < BATCH) return;
      from = keys[BATCH - 1];
    }
  }

  /**
   * Documents that stand one after the other, with all that is kept of them, read at one go.
   * @param {number[]} keys in ascending order
   * @returns {Promise<Map<number, { text: string, result: Result | undefined, given: Given | undefined, decisions: Decision[] }>>}
   *   those that have a text, by key
   */
  async all(keys) {
    const [texts, results, given, decisions] = await this.#readRange(['texts', 'results', 'given', 'decisions'], keys);
    const found = new Map();
    for (const key of keys) {
      const text = this.#texts.get(key) ?? texts.get(key);
      if (text === undefined) continue;
      const kept = this.#results.has(key) ? this.#results.get(key) : results.get(key);
      found.set(key, {
        text,
        result: kept ? resultOf(kept, text) : undefined,
        given: this.#given.get(key) ?? given.get(key),
        decisions: this.#decisions.get(key) ?? decisions.get(key) ?? [],
      });
    }
    return found;
  }

  /** Removes all of it from this device. */
  async forget() {
    this.#texts.clear();
    for (const kept of [this.#results, this.#given, this.#decisions]) kept.clear();
    this.#database?.close();
    const had = this.#database !== null;
    this.#database = null;
    this.#opening = null;
    this.#problem = '';
    if (had) await deleteDB(DATABASE);
    this.#release?.();
    this.#release = null;
  }

  /** @returns {Promise<void>} when it is known whether anything can be kept */
  #open() {
    this.#opening ??= this.#reallyOpen();
    return this.#opening;
  }

  async #reallyOpen() {
    try {
      this.#release = await hold(DATABASE);
      if (!this.#release) {
        this.#problem = ELSEWHERE;
        return;
      }
      this.#database = await openDB(DATABASE, VERSION, {
        upgrade(database, before) {
          if (!before) database.createObjectStore('entries', { keyPath: 'key' });
          for (const name of STORES) if (!database.objectStoreNames.contains(name)) database.createObjectStore(name);
        },
      });
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /**
   * @param {string} name of a store
   * @param {number} key
   */
  async #read(name, key) {
    try {
      return await this.#database?.get(name, key);
    } catch {
      // The user may have removed this page's data.
      return undefined;
    }
  }

  /**
   * What stores have from the first key to the last, as it was at one time.
   * @param {string[]} names of the stores
   * @param {number[]} keys in ascending order
   * @returns {Promise<Map<number, any>[]>} by key, of each store
   */
  async #readRange(names, keys) {
    const none = names.map(() => new Map());
    if (!this.#database || !keys.length) return none;
    try {
      const transaction = this.#database.transaction(names);
      const range = IDBKeyRange.bound(keys[0], keys[keys.length - 1]);
      return await Promise.all(
        names.map(async (name) => {
          const store = transaction.objectStore(name);
          const [those, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
          return new Map(those.map((key, i) => [Number(key), values[i]]));
        }),
      );
    } catch {
      // The user may have removed this page's data.
      return none;
    }
  }

  /**
   * Writes all of it, or, if the browser does not take it, nothing.
   * @param {string[]} names of the stores
   * @param {(...stores: any[]) => Promise<unknown>[]} write
   * @param {() => void} otherwise keeps it in memory
   */
  async #write(names, write, otherwise) {
    if (this.#database && !this.#problem) {
      try {
        const transaction = this.#database.transaction(names, 'readwrite', { durability: 'relaxed' });
        const stores = names.map((name) => transaction.objectStore(name));
        await Promise.all([transaction.done, ...write(...stores)]);
        return;
      } catch (error) {
        this.#giveUp(error);
      }
    }
    otherwise();
  }

  /** @param {unknown} error */
  #giveUp(error) {
    const name = error instanceof DOMException ? error.name : '';
    this.#problem = WORDS[name] ?? OTHERWISE;
  }
}

/**
 * @param {Result} result
 * @returns {KeptResult}
 */
function packed({ chunks, ...result }) {
  return { ...result, packed: pack(chunks) };
}

/**
 * @param {KeptResult} kept
 * @param {string} text
 * @returns {Result}
 */
const resultOf = ({ packed, ...result }, text) => ({ ...result, chunks: unpack(packed, text) });
