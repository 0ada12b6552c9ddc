/** Workers that hold the same model and share what there is to do. */

import { onAbort } from './abort.js';
import { GlossaError, cancelled } from './errors.js';
import { shownAddress } from './host-answer.js';
import { PATIENCE, WorkerClient } from './worker-client.js';
import { loadLimit } from './worker-failure.js';

/** @typedef {import('./worker-client.js').Message} Message */
/** @typedef {import('./worker-client.js').RequestOptions} RequestOptions */

/**
 * Milliseconds that a worker may be at work without progress, or without answering a ping.
 * @typedef {{ loadTimeout?: number, silenceTimeout?: number }} Limits
 */

/** How long a model may be prepared without progress: a large one on a slow device is silent for minutes. */
const LOAD_TIMEOUT = 600_000;

/**
 * Code units that must be waiting before another worker is worth its second of loading and its memory: a worker reads
 * about as many in that second.
 */
const WORTH_A_WORKER = 40_000;

/** A worker that took long to prepare its model is given this part of that time to take notice of an abort. */
const PATIENCE_PART = 1 / 20;

/**
 * What a worker is to do. `size` is the number of code units to read, `lastTry` whether another worker is not to try it. The
 * worker that had the last task of the same `place`, such as a part of a text, takes it if it can: it may know some of it.
 * @typedef {RequestOptions & { message: Message, size: number, place?: string, lastTry: boolean,
 *   resolve: (value: any) => void, reject: (error: unknown) => void }} Task
 */

/**
 * A worker of the pool; `client` is missing only until it has been started, which may fail.
 * @typedef {{ client?: WorkerClient, loaded: boolean, task: Task | null }} PoolWorker
 */

/** Tasks are taken in the order in which they came; one that has a worker keeps it until it is done. */
export class Pool {
  /** @type {Message} what each worker is asked to load */
  #load;
  /** What errors call the model. */
  #model;
  #limits;
  /** @type {number} most workers that there may be */
  #most;
  /** @type {Set<PoolWorker>} */
  #workers = new Set();
  /** @type {Task[]} */
  #waiting = [];
  /** @type {import('./places.js').Places | undefined} where the engine's files are */
  #engine;
  /** @type {Map<string, PoolWorker>} who had the last task of a place */
  #places = new Map();
  /** @type {WebAssembly.Module | undefined} the engine's binary, compiled once for all workers */
  #compiled;
  /** @type {GlossaError | null} why there are no workers any more */
  #ended = null;

  /**
   * @param {Message} load what each worker is asked to load
   * @param {number} most most workers that there may be
   * @param {Limits & { places?: import('./places.js').Places }} [options]
   */
  constructor(load, most, { loadTimeout = LOAD_TIMEOUT, silenceTimeout, places } = {}) {
    this.#load = load;
    this.#engine = places;
    this.#model = shownAddress(String(load.model ?? load.name));
    this.#limits = {
      load: { milliseconds: loadTimeout, error: () => new GlossaError('load_limit', loadLimit(this.#model, loadTimeout)) },
      work: silenceTimeout === undefined ? undefined : { milliseconds: silenceTimeout },
    };
    this.#most = most;
  }

  /** The number of workers now, without those that have failed and are still to be replaced. */
  get size() {
    return [...this.#workers].filter(({ client }) => !client?.ended).length;
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
   * @param {RequestOptions & { client?: WorkerClient }} [options] `client`: a worker that is there already
   * @returns {Promise<any>} what the worker says of the model
   */
  async start({ client, onProgress, signal } = {}) {
    /** @type {PoolWorker} */
    const worker = { client, loaded: false, task: null };
    this.#workers.add(worker);
    try {
      const { info, compiled, manifest } = await this.#loadInto(worker, { onProgress, signal });
      this.#compiled ??= compiled;
      // Whatever the host has when another worker loads: all have one version of the model.
      this.#load = { ...this.#load, manifest };
      worker.loaded = true;
      this.#turn();
      return info;
    } catch (error) {
      this.#drop(worker, error);
      throw error;
    }
  }

  /**
   * Has a worker load the model; if the worker ends without a word, another one, once.
   * @param {PoolWorker} worker
   * @param {RequestOptions} options
   */
  async #loadInto(worker, { onProgress, signal }) {
    for (let again = false; ; again = true) {
      const client = worker.client ?? new WorkerClient(this.#engine);
      worker.client = client;
      client.model = this.#model;
      let prepared = 0;
      const listener = (/** @type {{ stage: string }} */ event) => {
        if (event.stage === 'prepare') prepared ||= performance.now();
        onProgress?.(event);
      };
      try {
        const message = { ...this.#load, compiled: this.#compiled };
        const value = await client.request(message, { onProgress: listener, signal, limit: this.#limits.load });
        const took = prepared && performance.now() - prepared;
        client.patience = Math.max(PATIENCE, took * PATIENCE_PART);
        return value;
      } catch (error) {
        if (again || !client.vanished || this.#ended || signal?.aborted) throw error;
        worker.client = undefined;
      }
    }
  }

  /**
   * Has a worker do something; if the worker ends without a word, another one, once, unless something was handed over. An
   * abort takes effect at once; the worker follows.
   * @param {Message} message
   * @param {RequestOptions & { size: number, place?: string }} options see {@link Task}
   * @returns {Promise<any>} the value of the worker's answer
   */
  run(message, { size, signal, ...more }) {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(cancelled(signal));
    let unlink = () => {};
    const done = new Promise((resolve, reject) => {
      /** @type {Task} */
      const task = { message, size, signal, ...more, lastTry: Boolean(more.transfer), resolve, reject };
      unlink = onAbort(signal, () => this.#abandon(task));
      this.#waiting.push(task);
    });
    this.#turn();
    return done.finally(unlink);
  }

  /**
   * Ends all workers; tasks that wait or are under way are rejected.
   * @param {GlossaError} error
   */
  end(error) {
    if (this.#ended) return;
    this.#ended = error;
    for (const { client } of this.#workers) client?.end(error);
    this.#workers.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Gives waiting tasks to idle workers, and starts another worker if enough text waits. */
  #turn() {
    // First each worker what it knows, so that no other takes it.
    for (const known of [true, false]) {
      for (const worker of this.#workers) {
        const { client, loaded, task } = worker;
        if (client?.ended) this.#drop(worker, client.ended);
        else if (client && loaded && !task) this.#give(worker, client, this.#next(known ? worker : undefined));
      }
    }
    if (this.#ended || !this.#waiting.length) return;
    const loading = [...this.#workers].some(({ loaded }) => !loaded);
    const waiting = this.#waiting.reduce((size, task) => size + task.size, 0);
    const wanted = this.#workers.size === 0 || (!loading && waiting >= WORTH_A_WORKER);
    // A failed start rejects waiting tasks in `#drop`, unless another worker can run them.
    if (wanted && this.#workers.size < this.#most) this.start().catch(() => {});
  }

  /**
   * Takes the first of the waiting tasks, or of those of whose place a worker had the last.
   * @param {PoolWorker} [of]
   */
  #next(of) {
    if (!of) return this.#waiting.shift();
    const i = this.#waiting.findIndex(({ place }) => place !== undefined && this.#places.get(place) === of);
    return i < 0 ? undefined : this.#waiting.splice(i, 1)[0];
  }

  /**
   * @param {PoolWorker} worker
   * @param {WorkerClient} client the worker's
   * @param {Task | undefined} task
   */
  #give(worker, client, task) {
    if (!task) return;
    worker.task = task;
    if (task.place !== undefined) this.#places.set(task.place, worker);
    const { message, signal, resolve, reject } = task;
    const done = client.request(message, { ...task, limit: this.#limits.work }).then(resolve, (error) => {
      if (task.lastTry || !client.vanished || this.#ended || signal?.aborted) return reject(error);
      task.lastTry = true;
      this.#waiting.unshift(task);
    });
    // After an abort the worker still finishes its slice of windows, or is ended.
    void done.then(() => client.idle()).then(() => {
      worker.task = null;
      this.#turn();
    });
  }

  /** @param {Task} task whose signal has aborted */
  #abandon(task) {
    const place = this.#waiting.indexOf(task);
    if (place >= 0) this.#waiting.splice(place, 1);
    if (task.signal) task.reject(cancelled(task.signal));
  }

  /**
   * Removes a worker. If it could not load the model and no other worker is left, waiting tasks are rejected.
   * @param {PoolWorker} worker
   * @param {unknown} error
   */
  #drop(worker, error) {
    if (!this.#workers.delete(worker)) return;
    worker.client?.end(error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error)));
    const left = this.#workers.size > 0;
    if (!worker.loaded && !left) for (const { reject } of this.#waiting.splice(0)) reject(error);
    // There was no memory for another worker: those that run must do.
    if (!worker.loaded && left) this.#most = this.#workers.size;
  }
}
