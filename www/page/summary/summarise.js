/** What was found in many documents, counted: by entity, and by mention. */

import { cancelled } from '../../glossa/errors.js';
import { slices } from '../slices.js';

/** @typedef {{ text: string, entity: string }} Found */
/** @typedef {{ key: number, id: string, chunks: Found[] }} Findings what was found in a document */

/** @typedef {{ entity: string, chunks: number, documents: number }} EntityCount */

/**
 * The same words found as the same entity, in any case and with any white space.
 * @typedef {object} Mention
 * @property {string} entity
 * @property {string} text its most frequent spelling
 * @property {number} chunks
 * @property {number} documents
 * @property {number[]} keys the first of the documents, in their order
 * @property {number} uncounted the most chunks that may have come before it was counted; 0 if all are counted
 */

/**
 * @typedef {object} Summary
 * @property {number} documents
 * @property {number} withFindings those in which anything was found
 * @property {number} chunks
 * @property {EntityCount[]} entities the most frequent first
 * @property {Mention[]} mentions the most frequent first; those of one number in the order in which they were found
 * @property {number} leftOut what was found so many times, or less often, may be missing from the mentions; 0 if none is missing
 */

/**
 * The most mentions that are counted at once, and documents that are named: of one mention, and of all together.
 * Full, they take about 100 MB.
 * @typedef {{ mentions: number, keys: number, allKeys: number }} Bounds
 */

/** @type {Bounds} */
export const BOUNDS = { mentions: 200_000, keys: 1000, allKeys: 4_000_000 };

/** Spellings of a mention that are counted; they differ in case alone. */
const SPELLINGS = 8;
/** Above every number of chunks. */
const TOP = 2 ** 31;

/**
 * Counts what was found. Where there are more mentions than can be counted, the rare ones make room, again and again, as in Manku
 * and Motwani's lossy counting: whatever is more frequent than `leftOut` is there.
 * @param {AsyncIterable<Findings>} findings of each document
 * @param {object} [how]
 * @param {AbortSignal} [how.signal] ends it with the error `cancelled`
 * @param {(documents: number) => void} [how.onProgress] is called with how many documents have been counted, now and then
 * @param {Bounds} [how.bounds]
 * @returns {Promise<Summary>}
 */
export async function summarise(findings, { signal, onProgress = () => {}, bounds = BOUNDS } = {}) {
  const pause = slices();
  /** @type {Map<string, EntityCount>} */
  const entities = new Map();
  const mentions = new Mentions(bounds);
  let [documents, withFindings, all] = [0, 0, 0];
  for await (const { key, chunks } of findings) {
    documents += 1;
    all += chunks.length;
    if (chunks.length) withFindings += 1;
    const here = new Set();
    for (const { entity, text } of chunks) {
      let counted = entities.get(entity);
      if (!counted) entities.set(entity, (counted = { entity, chunks: 0, documents: 0 }));
      counted.chunks += 1;
      if (!here.has(entity)) counted.documents += 1;
      here.add(entity);
      if (mentions.isFull) await mentions.makeRoom(rest);
      mentions.add(entity, text, key);
      await rest();
    }
    await rest();
  }
  refuseIfOver();
  const byCount = [...entities.values()].sort((one, other) => other.chunks - one.chunks || (one.entity < other.entity ? -1 : 1));
  return { documents, withFindings, chunks: all, entities: byCount, mentions: await mentions.sorted(rest), leftOut: mentions.leftOut };

  async function rest() {
    const pausing = pause();
    if (!pausing) return;
    onProgress(documents);
    await pausing;
    refuseIfOver();
  }

  function refuseIfOver() {
    if (signal?.aborted) throw cancelled(signal);
  }
}

/**
 * A mention as it is being counted.
 * @typedef {Mention & { last: number, spellings: Map<string, number> | null }} Counted `last`: the document in
 *   which it was found last; `spellings`: how often each was found, null while there is one
 */

class Mentions {
  leftOut = 0;
  #bounds;
  /** Documents that are named of one mention. */
  #keys;
  #allKeys = 0;
  /** @type {Map<string, Counted>} */
  #counted = new Map();

  /** @param {Bounds} bounds */
  constructor(bounds) {
    this.#bounds = bounds;
    this.#keys = bounds.keys;
  }

  /** Whether room has to be made before another is added. */
  get isFull() {
    return this.#counted.size >= this.#bounds.mentions;
  }

  /**
   * @param {string} entity
   * @param {string} text
   * @param {number} key of the document
   */
  add(entity, text, key) {
    const spelling = text.replaceAll(/\s+/g, ' ').trim();
    // No entity has a line end in its name.
    const name = `${entity}\n${spelling.toLowerCase()}`;
    let mention = this.#counted.get(name);
    if (!mention) {
      mention = {
        ...{ entity, text: alone(spelling), chunks: 0, documents: 0, keys: [], uncounted: this.leftOut },
        ...{ last: -1, spellings: null },
      };
      this.#counted.set(name, mention);
    }
    mention.chunks += 1;
    if (mention.last !== key) {
      mention.last = key;
      mention.documents += 1;
      this.#name(mention, key);
    }
    countSpelling(mention, spelling);
  }

  /**
   * Leaves out the rarest half.
   * @param {() => Promise<void>} rest
   */
  async makeRoom(rest) {
    const most = new Uint32Array(this.#counted.size);
    let i = 0;
    for (const { chunks, uncounted } of this.#counted.values()) most[i++] = chunks + uncounted;
    most.sort();
    this.leftOut = most[most.length >> 1];
    for (const [name, { chunks, uncounted, keys }] of this.#counted) {
      await rest();
      if (chunks + uncounted > this.leftOut) continue;
      this.#allKeys -= keys.length;
      this.#counted.delete(name);
    }
  }

  /**
   * @param {() => Promise<void>} rest
   * @returns {Promise<Mention[]>}
   */
  async sorted(rest) {
    const all = [...this.#counted.values()];
    this.#counted.clear();
    // Numbers that hold both count and place are sorted many times faster than mentions by a function.
    const places = Float64Array.from(all, ({ chunks }, i) => (TOP - chunks) * all.length + i).sort();
    /** @type {Mention[]} */
    const sorted = [];
    for (const place of places) {
      const { entity, text, chunks, documents, keys, uncounted, spellings } = all[place % all.length];
      const [most] = [...(spellings ?? [])].sort(([, one], [, other]) => other - one);
      sorted.push({ entity, text: most?.[0] ?? text, chunks, documents, keys, uncounted });
      await rest();
    }
    return sorted;
  }

  /**
   * @param {Counted} mention
   * @param {number} key
   */
  #name(mention, key) {
    if (mention.keys.length >= this.#keys) return;
    mention.keys.push(key);
    this.#allKeys += 1;
    while (this.#allKeys > this.#bounds.allKeys && this.#keys > 1) {
      this.#keys >>= 1;
      this.#allKeys = 0;
      for (const { keys } of this.#counted.values()) {
        if (keys.length > this.#keys) keys.length = this.#keys;
        this.#allKeys += keys.length;
      }
    }
  }
}

/**
 * @param {Counted} mention
 * @param {string} spelling
 */
function countSpelling(mention, spelling) {
  const { spellings, text, chunks } = mention;
  if (!spellings) {
    if (spelling !== text) {
      mention.spellings = new Map([
        [text, chunks - 1],
        [alone(spelling), 1],
      ]);
    }
    return;
  }
  const count = spellings.get(spelling);
  if (count !== undefined) spellings.set(spelling, count + 1);
  else if (spellings.size < SPELLINGS) spellings.set(alone(spelling), 1);
}

/**
 * The same text in memory of its own: a part of a text would keep the whole text there.
 * @param {string} text
 */
const alone = (text) => ` ${text}`.slice(1);
