/** How the engine's workers are started in Node: as threads that look like a browser's workers. */

import { Worker } from 'node:worker_threads';
import { placesOf } from '../../../www/glossa/places.js';

/** The address of their script, unless another is given. */
export const SCRIPT = new URL('../worker/node.js', import.meta.url).href;

/** A thread with the part of a browser's `Worker` that is used. It keeps the process alive only while it has something to do. */
class Thread {
  #thread;
  /** Requests that have not been answered. */
  #open = new Set();
  onmessage = (/** @type {{ data: any }} */ _event) => {};
  onmessageerror = () => {};
  onerror = (/** @type {{ message: string, preventDefault: () => void }} */ _event) => {};

  /** @param {URL} script */
  constructor(script) {
    this.#thread = new Worker(script);
    this.#thread.unref();
    this.#thread.on('message', (data) => {
      if (data.type === 'result' || data.type === 'error') this.#close(data.id);
      this.onmessage({ data });
    });
    this.#thread.on('messageerror', () => this.onmessageerror());
    this.#thread.on('error', ({ message }) => this.onerror({ message, preventDefault() {} }));
  }

  /**
   * @param {{ id?: number, type: string }} message
   * @param {any[]} [transfer]
   */
  postMessage(message, transfer) {
    this.#thread.postMessage(message, transfer);
    if (message.id === undefined || message.type === 'cancel') return;
    this.#open.add(message.id);
    this.#thread.ref();
  }

  terminate() {
    void this.#thread.terminate();
  }

  /** @param {number} id */
  #close(id) {
    this.#open.delete(id);
    if (!this.#open.size) this.#thread.unref();
  }
}

/**
 * @param {import('../../../www/glossa/places.js').Places} [own] take precedence over those that are configured
 * @throws {import('../../../www/glossa/errors.js').GlossaError} `option_invalid`
 */
export function startWorker(own) {
  const { workerUrl: script = SCRIPT, wasmUrl: wasm } = placesOf(own);
  return { worker: new Thread(new URL(script)), script, wasm };
}
