/** The page's side of a worker: requests go out, answers come back as promises. */

import { abortable } from './abort.js';
import { GlossaError, messageOf } from './errors.js';
import { notify } from './notify.js';
import { SCRIPT, startWorker } from './start-worker.js';
import { lost, notLoaded, notStarted, silent } from './worker-failure.js';
import { SilenceWatch, newLock, onRelease } from './worker-watch.js';

/**
 * A request without its id; see worker/worker.js.
 * @typedef {{ type: string, [property: string]: unknown }} Message
 */

/** @typedef {import('./worker-watch.js').Limit} Limit */

/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} [signal]
 * @property {(event: any) => void} [onProgress]
 * @property {(chunk: import('./annotator.js').Chunk) => void} [onChunk] is called with each chunk of the answer, as they come
 * @property {Limit} [limit]
 * @property {Transferable[]} [transfer] what of the message is handed over rather than copied: the request cannot be made again
 */

/**
 * A request that is not answered. One that has been cancelled has a timer, by which the worker is to have said so.
 * @typedef {object} Pending
 * @property {(value: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {RequestOptions['onProgress']} onProgress
 * @property {RequestOptions['onChunk']} onChunk
 * @property {import('./annotator.js').Chunk[]} chunks those that have come
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** Milliseconds that a worker may be at work without answering a ping, if the caller sets no other limit. */
export const SILENCE = 120_000;
/** Milliseconds in which a worker takes notice of an abort, or is ended. */
export const PATIENCE = 300;

/** A worker and the requests that wait for it; worker/worker.js has the protocol. */
export class WorkerClient {
  /** @type {Worker} */
  #worker;
  /** The address of its script. */
  #script;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #lastId = 0;
  /** Whether it has answered: its script, and all that this imports, is there. */
  #answered = false;
  /** @type {string | undefined} what it holds or is to load, for errors */
  model;
  /** Milliseconds in which it takes notice of an abort, or is ended. */
  patience = PATIENCE;
  /** @type {GlossaError | null} why the worker is gone */
  ended = null;
  /** Whether it ended without a word: what it was asked may succeed in another worker. */
  vanished = false;
  #watch = new SilenceWatch(() => this.#worker.postMessage({ type: 'ping' }));
  #forgetLock = () => {};
  /** @type {(() => void)[]} called when nothing is pending */
  #onIdle = [];

  /**
   * Starts a worker.
   * @param {import('./places.js').Places} [places]
   * @throws {GlossaError} `worker_failed`, `option_invalid`
   */
  constructor(places) {
    try {
      const { worker, script, wasm } = startWorker(places);
      this.#worker = worker;
      this.#script = script;
      if (wasm) worker.postMessage({ type: 'binaries', folder: wasm });
    } catch (error) {
      if (error instanceof GlossaError) throw error;
      throw new GlossaError('worker_failed', notStarted(String(places?.workerUrl ?? SCRIPT), error, globalThis), { cause: error });
    }
    this.#worker.onmessage = ({ data }) => {
      this.#answered = true;
      this.#watch.heard();
      if (data.type === 'failed') this.#fail(data.message);
      else if (data.type === 'locked') this.#forgetLock = onRelease(data.lock, () => this.#vanish());
      else this.#receive(data);
    };
    this.#worker.onmessageerror = () => this.#fail('the worker sent what cannot be read');
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // A script that cannot be fetched or parsed gives an event without a message.
      if (event.message || this.#answered) this.#fail(event.message || 'the worker stopped');
      else this.end(this.#notLoaded());
    };
    const lock = newLock();
    if (lock) this.#worker.postMessage({ type: 'lock', lock });
  }

  /**
   * One request at a time has a limit: that of the last one counts.
   * @param {Message} message
   * @param {RequestOptions} [options]
   * @returns {Promise<any>} the value of the answer
   */
  request(message, { signal, onProgress, onChunk, limit, transfer = [] } = {}) {
    if (this.ended) return Promise.reject(this.ended);
    const id = ++this.#lastId;
    const reply = new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress, onChunk, chunks: [] });
    });
    try {
      this.#worker.postMessage({ id, ...message }, transfer);
    } catch (error) {
      this.#settle(id);
      const reason = `options: they cannot be sent to the worker: ${messageOf(error)}`;
      return Promise.reject(new GlossaError('option_invalid', reason, { cause: error }));
    }
    const { milliseconds = SILENCE, error } = limit ?? {};
    this.#watch.start(milliseconds, () => {
      // A worker that has never said a word has not even started.
      const reason = this.#answered ? (error?.() ?? this.#lost(silent(milliseconds))) : this.#notLoaded();
      this.end(reason);
    });
    return abortable(reply, signal, () => this.#cancel(id));
  }

  /** Resolves when the worker has answered every request, those that were cancelled included, or has ended. */
  idle() {
    if (this.ended || !this.#pending.size) return Promise.resolve();
    return new Promise((/** @type {(value: void) => void} */ resolve) => this.#onIdle.push(resolve));
  }

  /**
   * Ends the worker, and with it any download; requests that wait are rejected.
   * @param {GlossaError} error
   */
  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.#forgetLock();
    this.#worker.terminate();
    for (const [id, { reject }] of this.#pending) {
      reject(error);
      this.#settle(id);
    }
  }

  /**
   * The worker drops the request as soon as it takes messages. One that is in the middle of something long is ended: nobody
   * waits for what it does.
   * @param {number} id
   */
  #cancel(id) {
    const request = this.#pending.get(id);
    if (!request || this.ended) return;
    this.#worker.postMessage({ id, type: 'cancel' });
    const end = () => this.end(this.#lost('the worker did not stop when it was told to'));
    // If the page was busy meanwhile, the answer is waiting already: it is taken first.
    request.timer = setTimeout(() => (request.timer = setTimeout(end)), this.patience);
  }

  /** @param {number} id of a request that is over */
  #settle(id) {
    clearTimeout(this.#pending.get(id)?.timer);
    this.#pending.delete(id);
    if (this.#pending.size) return;
    this.#watch.stop();
    for (const go of this.#onIdle.splice(0)) go();
  }

  #vanish() {
    if (this.ended) return;
    this.vanished = true;
    this.#fail('the worker ended without a word');
  }

  /** @param {string} reason */
  #fail(reason) {
    this.end(this.#lost(reason));
  }

  /** @param {string} reason */
  #lost(reason) {
    return new GlossaError('worker_failed', lost(reason, this.model));
  }

  #notLoaded() {
    return new GlossaError('worker_failed', notLoaded(this.#script));
  }

  /** @param {{ id: number, type: string, [property: string]: any }} answer */
  #receive({ id, type, event, chunks, value, code, message }) {
    const request = this.#pending.get(id);
    if (!request) return;
    if (type === 'progress') {
      if (!request.timer) notify(request.onProgress, event);
      return;
    }
    const found = chunks ?? value?.chunks;
    // A cancelled request's are of no use.
    if (found && !request.timer) this.#collect(request, found);
    if (type === 'chunks') return;
    this.#settle(id);
    if (type === 'error') request.reject(new GlossaError(code, message));
    else request.resolve(found ? { ...value, chunks: request.chunks } : value);
  }

  /**
   * @param {Pending} request
   * @param {import('./annotator.js').Chunk[]} found
   */
  #collect({ chunks, onChunk }, found) {
    for (const chunk of found) {
      onChunk?.(chunk);
      chunks.push(chunk);
    }
  }
}
