/** The page's side of a worker: requests go out, answers come back as promises. */

import { abortable } from './abort.js';
import { GlossaError, messageOf } from './errors.js';
import { SCRIPT, startWorker } from './start-worker.js';
import { lost, notLoaded, notStarted } from './worker-failure.js';

/**
 * Calls a listener. What it throws, now or later, is logged for its author and goes no further.
 * @template Event
 * @param {((event: Event) => unknown) | undefined} listener
 * @param {Event} event
 */
export function notify(listener, event) {
  if (typeof listener !== 'function') return;
  (async () => listener(event))().catch((error) => console.error('onProgress:', error));
}

/**
 * A request without its id; see worker/worker.js.
 * @typedef {{ type: string, [property: string]: unknown }} Message
 */

/**
 * @typedef {object} RequestOptions
 * @property {AbortSignal} [signal]
 * @property {(event: any) => void} [onProgress]
 */

/** A worker and the requests that wait for it; worker/worker.js has the protocol. */
export class WorkerClient {
  /** @type {Worker} */
  #worker;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void, onProgress?: (event: any) => void }>} */
  #pending = new Map();
  #lastId = 0;
  /** Whether it has answered: its script, and all that this imports, is there. */
  #answered = false;
  /** @type {string | undefined} what it holds or is to load, for errors */
  model;
  /** @type {GlossaError | null} why the worker is gone */
  ended = null;

  constructor() {
    try {
      this.#worker = startWorker();
    } catch (error) {
      throw new GlossaError('worker_failed', notStarted(SCRIPT, error, globalThis), { cause: error });
    }
    this.#worker.onmessage = ({ data }) => {
      this.#answered = true;
      if (data.type === 'failed') this.#fail(data.message);
      else this.#receive(data);
    };
    this.#worker.onmessageerror = () => this.#fail('the worker sent what cannot be read');
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // A script that cannot be fetched or parsed gives an event without a message.
      if (event.message || this.#answered) this.#fail(event.message || 'the worker stopped');
      else this.end(new GlossaError('worker_failed', notLoaded(SCRIPT)));
    };
  }

  /**
   * @param {Message} message
   * @param {RequestOptions} [options]
   * @returns {Promise<any>} the value of the answer
   */
  request(message, { signal, onProgress } = {}) {
    if (this.ended) return Promise.reject(this.ended);
    const id = ++this.#lastId;
    const reply = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, onProgress }));
    try {
      this.#worker.postMessage({ id, ...message });
    } catch (error) {
      this.#pending.delete(id);
      const reason = `options: they cannot be sent to the worker: ${messageOf(error)}`;
      return Promise.reject(new GlossaError('option_invalid', reason, { cause: error }));
    }
    return abortable(reply, signal, () => {
      this.#pending.delete(id);
      this.#worker.postMessage({ id, type: 'cancel' });
    });
  }

  /**
   * Ends the worker, and with it any download; requests that wait are rejected.
   * @param {GlossaError} error
   */
  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /** @param {string} reason */
  #fail(reason) {
    this.end(new GlossaError('worker_failed', lost(reason, this.model)));
  }

  /** @param {{ id: number, type: string, [property: string]: any }} answer */
  #receive({ id, type, event, value, code, message }) {
    const request = this.#pending.get(id);
    if (!request) return;
    if (type === 'progress') {
      notify(request.onProgress, event);
      return;
    }
    this.#pending.delete(id);
    if (type === 'result') request.resolve(value);
    else request.reject(new GlossaError(code, message));
  }
}
