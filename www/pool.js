/** Workers that hold the same model and share what there is to do. */

import { Engine } from './engine-client.js';
import { GlossaError, cancelled } from './errors.js';

/**
 * Code units that must be waiting before another worker is worth its second of loading and its memory: a worker reads
 * about as many in that second.
 */
const WORTH_A_WORKER = 40_000;

/**
 * @typedef {object} Task
 * @property {object} message what the worker is asked; see worker.js
 * @property {number} size code units to read
 * @property {AbortSignal} [signal]
 * @property {(event: object) => void} [onProgress]
 * @property {(value: any) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** Tasks are taken in the order in which they came; one that has a worker keeps it until it is done. */
export class Pool {
  /** What each worker is asked to load. */
  #load;
  /** Most workers. */
  #most;
  /** @type {Set<{ engine: Engine, loaded: boolean, task: Task | null }>} */
  #workers = new Set();
  /** @type {Task[]} */
  #waiting = [];
  /** @type {WebAssembly.Module | undefined} the engine's binary, compiled once for all workers */
  #compiled;
  /** @type {GlossaError | null} why there are no workers any more */
  #ended = null;

  /**
   * @param {object} load
   * @param {number} most
   */
  constructor(load, most) {
    this.#load = load;
    this.#most = most;
  }

  /** Workers now. */
  get size() {
    return this.#workers.size;
  }

  /** Most workers that there may be. */
  get most() {
    return this.#most;
  }

  set most(most) {
    this.#most = most;
  }

  /**
   * Starts the first worker, or one more, and has it load the model.
   * @param {{ engine?: Engine, onProgress?: (event: object) => void, signal?: AbortSignal }} [settings] `engine`: a worker
   *   that is there already
   * @returns {Promise<object>} what the worker says of the model
   */
  async start({ engine, onProgress, signal } = {}) {
    const worker = { engine, loaded: false, task: null };
    this.#workers.add(worker);
    try {
      worker.engine ??= new Engine();
      const message = { ...this.#load, compiled: this.#compiled };
      const { info, compiled } = await worker.engine.request(message, { onProgress, signal });
      this.#compiled ??= compiled;
      worker.loaded = true;
      this.#turn();
      return info;
    } catch (error) {
      this.#drop(worker, error);
      throw error;
    }
  }

  /**
   * Has a worker do something. An abort takes effect at once; the worker follows.
   * @param {object} message
   * @param {{ size: number, signal?: AbortSignal, onProgress?: (event: object) => void }} settings
   */
  run(message, { size, signal, onProgress }) {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    const task = { message, size, signal, onProgress };
    const abandon = () => this.#abandon(task);
    const done = new Promise((resolve, reject) => Object.assign(task, { resolve, reject }));
    signal?.addEventListener('abort', abandon, { once: true });
    this.#waiting.push(task);
    this.#turn();
    return done.finally(() => signal?.removeEventListener('abort', abandon));
  }

  /** Ends all workers; what is under way or waits is rejected. */
  end(error) {
    if (this.#ended) return;
    this.#ended = error;
    for (const { engine } of this.#workers) engine?.end(error);
    this.#workers.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Gives waiting tasks to idle workers, and starts a worker where that is worth it. */
  #turn() {
    for (const worker of this.#workers) {
      if (worker.engine?.ended) this.#drop(worker, worker.engine.ended);
      else if (worker.loaded && !worker.task && this.#waiting.length) this.#give(worker, this.#waiting.shift());
    }
    if (this.#ended || !this.#waiting.length) return;
    const coming = [...this.#workers].some(({ loaded }) => !loaded);
    const waiting = this.#waiting.reduce((size, task) => size + task.size, 0);
    const wanted = this.#workers.size === 0 || (!coming && waiting >= WORTH_A_WORKER);
    // What a worker fails to load with is told to tasks by `#drop`, if no other worker is left to do them.
    if (wanted && this.#workers.size < this.#most) this.start().catch(() => {});
  }

  async #give(worker, task) {
    worker.task = task;
    const { message, signal, onProgress, resolve, reject } = task;
    await worker.engine.request(message, { signal, onProgress }).then(resolve, reject);
    // After an abort the worker has its slice to finish; what it is asked meanwhile waits in it.
    worker.task = null;
    this.#turn();
  }

  #abandon(task) {
    const place = this.#waiting.indexOf(task);
    if (place >= 0) this.#waiting.splice(place, 1);
    task.reject(cancelled(task.signal));
  }

  /** Takes a worker away. One that cannot load the model has the tasks fail that nobody else is left to do. */
  #drop(worker, error) {
    if (!this.#workers.delete(worker)) return;
    worker.engine?.end(error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error)));
    const left = this.#workers.size > 0;
    if (!worker.loaded && !left) for (const { reject } of this.#waiting.splice(0)) reject(error);
    // Without memory for another worker, those that run must do.
    if (!worker.loaded && left) this.#most = this.#workers.size;
  }
}
