/** The page's side of a worker: requests go out, answers come back as promises. */

import { GlossaError, cancelled } from './errors.js';

/** Calls a listener. What it throws, now or later, is told to its author and goes no further. */
export function notify(listener, event) {
  if (typeof listener !== 'function') return;
  (async () => listener(event))().catch((error) => console.error('onProgress:', error));
}

/** A promise that also rejects when the signal aborts; `onAbort` is called then. */
function abortable(promise, signal, onAbort) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      onAbort?.();
      reject(cancelled(signal));
    };
    promise.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** A worker and the requests that wait for it; see worker.js for what is said. */
export class Engine {
  #worker;
  #pending = new Map();
  #lastId = 0;
  /** @type {GlossaError | null} why the worker is gone */
  ended = null;

  constructor() {
    try {
      this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'glossa' });
    } catch (error) {
      throw new GlossaError('worker_failed', `the worker cannot be started: ${error.message}`, { cause: error });
    }
    const fail = (reason) => this.end(new GlossaError('worker_failed', reason));
    this.#worker.onmessage = ({ data }) => (data.type === 'failed' ? fail(data.message) : this.#receive(data));
    this.#worker.onmessageerror = () => fail('the worker sent what cannot be read');
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // A script that cannot be fetched or parsed gives an event without a message.
      fail(event.message || 'the worker cannot be started: its script or the engine could not be loaded');
    };
  }

  request(message, { signal, onProgress } = {}) {
    if (this.ended) return Promise.reject(this.ended);
    const id = ++this.#lastId;
    const reply = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, onProgress }));
    try {
      this.#worker.postMessage({ id, ...message });
    } catch (error) {
      this.#pending.delete(id);
      const reason = `options: they cannot be sent to the worker: ${error.message}`;
      return Promise.reject(new GlossaError('option_invalid', reason, { cause: error }));
    }
    return abortable(reply, signal, () => {
      this.#pending.delete(id);
      this.#worker.postMessage({ id, type: 'cancel' });
    });
  }

  /** Ends the worker, and with it any download; what still waits is rejected. */
  end(error) {
    if (this.ended) return;
    this.ended = error;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #receive({ id, type, event, value, code, message }) {
    const request = this.#pending.get(id);
    if (!request) return;
    if (type === 'progress') return notify(request.onProgress, event);
    this.#pending.delete(id);
    if (type === 'result') request.resolve(value);
    else request.reject(new GlossaError(code, message));
  }
}
