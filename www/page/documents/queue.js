/** The documents that wait to be annotated: which is next, how far the work is, and how long it may take. */

import { cancelled } from '../../glossa/errors.js';

/** What a document costs beside its length, in code units: the model is run for a short one too. */
const EACH = 300;
/** Documents under way at once, and what they cost: so much that all workers are started, and little to do again after a crash. */
const MOST = 48;
const MOST_COST = 120_000;
/** Milliseconds of work that say nothing yet of how long the rest takes. */
const TOO_SHORT = 1500;

/** @typedef {{ total: number, done: number, failed: number, millisecondsLeft: number | undefined }} Progress */

export class Queue {
  #now;
  /** @type {Map<number, number>} what waits, with its cost, in order */
  #waiting = new Map();
  /** @type {Map<number, number>} */
  #running = new Map();
  /** The document that is next if it waits. */
  #preferred = -1;
  #done = 0;
  #failed = 0;
  #costDone = 0;
  #costLeft = 0;
  #costRunning = 0;
  /** Milliseconds of work before `#since`, from when on work is done; null while it is paused. */
  #worked = 0;
  /** @type {number | null} */
  #since = null;
  #paused = false;
  /** Whether a run has ended, so that what is added now waits for another. */
  #isOver = false;
  /** Starts what may be started. */
  #pump = () => {};

  /** @param {() => number} [now] milliseconds */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  get paused() {
    return this.#paused;
  }

  set paused(paused) {
    this.#paused = paused;
    if (paused) this.#stopClock();
    else this.#pump();
  }

  get isOver() {
    return this.#isOver;
  }

  /** @returns {Progress} */
  get progress() {
    const worked = this.#worked + (this.#since === null ? 0 : this.#now() - this.#since);
    const isKnown = this.#costDone > 0 && worked > TOO_SHORT;
    return {
      total: this.#done + this.#waiting.size + this.#running.size,
      done: this.#done,
      failed: this.#failed,
      millisecondsLeft: isKnown ? (worked * this.#costLeft) / this.#costDone : undefined,
    };
  }

  /** @param {number} key */
  isRunning(key) {
    return this.#running.has(key);
  }

  /** @param {number} key */
  isWaiting(key) {
    return this.#waiting.has(key);
  }

  /**
   * Lets a document wait, after those that do; one that does already is left where it is. One that is under way is done again.
   * @param {number} key
   * @param {number} length of its text
   */
  add(key, length) {
    this.#costLeft += length + EACH - (this.#waiting.get(key) ?? 0);
    this.#waiting.set(key, length + EACH);
    this.#pump();
  }

  /**
   * Lets a document no longer wait.
   * @param {number} key
   */
  remove(key) {
    this.#costLeft -= this.#waiting.get(key) ?? 0;
    this.#waiting.delete(key);
    this.#pump();
  }

  /**
   * Has a document done next.
   * @param {number} key
   */
  prefer(key) {
    this.#preferred = key;
  }

  /** Begins anew, with nothing waiting. */
  clear() {
    this.#pump = () => {};
    this.#waiting.clear();
    this.#running.clear();
    this.#done = this.#failed = 0;
    this.#costDone = this.#costLeft = this.#costRunning = this.#worked = 0;
    this.#since = null;
    this.#paused = this.#isOver = false;
  }

  /**
   * Does what waits, several documents at once.
   * @param {(key: number) => Promise<boolean>} work says whether the document was annotated; rejects where no other can be either
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when nothing waits any more
   */
  run(work, signal) {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = (/** @type {() => void} */ how) => {
        if (isOver) return;
        isOver = this.#isOver = true;
        this.#stopClock();
        how();
      };
      const start = (/** @type {number} */ key, /** @type {number} */ cost) => {
        this.#waiting.delete(key);
        this.#running.set(key, cost);
        this.#costRunning += cost;
        work(key).then(
          (annotated) => {
            if (isOver) return;
            this.#running.delete(key);
            this.#done += 1;
            this.#costDone += cost;
            this.#costLeft -= cost;
            this.#costRunning -= cost;
            if (!annotated) this.#failed += 1;
            this.#pump();
          },
          (error) => end(() => reject(error)),
        );
      };
      this.#pump = () => {
        if (isOver) return;
        while (!this.#paused && this.#waiting.size && this.#running.size < MOST && this.#costRunning < MOST_COST) {
          this.#since ??= this.#now();
          start(...this.#next());
        }
        if (!this.#waiting.size && !this.#running.size) end(resolve);
      };
      signal.addEventListener('abort', () => end(() => reject(cancelled(signal))), { once: true });
      this.#pump();
    });
  }

  /** @returns {[key: number, cost: number]} */
  #next() {
    const preferred = this.#waiting.get(this.#preferred);
    if (preferred !== undefined) return [this.#preferred, preferred];
    const [first] = this.#waiting;
    return first;
  }

  #stopClock() {
    if (this.#since !== null) this.#worked += this.#now() - this.#since;
    this.#since = null;
  }
}
