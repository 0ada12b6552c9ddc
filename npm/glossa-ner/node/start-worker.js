/** How the engine's workers are started in Node: as threads that look like a browser's workers. */

import { Worker } from 'node:worker_threads';
import { GlossaError } from '../../../www/glossa/errors.js';
import { baseAddress } from './base-address.js';

/** The address of their script, unless another is given. */
export const SCRIPT = new URL('../worker/node.js', import.meta.url).href;

/** @type {import('../../../www/glossa/start-worker.js').Places} */
let configured = {};

/**
 * Says where the engine's files are, for all annotators and documents from now on.
 * @param {import('../../../www/glossa/start-worker.js').Places} places
 * @throws {GlossaError} `option_invalid`: what is given is no address
 */
export function configure({ workerUrl, wasmUrl }) {
  for (const [name, place] of Object.entries({ workerUrl, wasmUrl })) if (place !== undefined) absolute(name, place);
  configured = { workerUrl, wasmUrl };
}

/**
 * @param {string} name
 * @param {string | URL} place
 */
function absolute(name, place) {
  try {
    return new URL(place, baseAddress());
  } catch (error) {
    throw new GlossaError('option_invalid', `option ${name}: ${place} is not an address`, { cause: error });
  }
}

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
 * @param {import('../../../www/glossa/start-worker.js').Places} [own] take precedence over those that are configured
 * @throws {GlossaError} `option_invalid`
 */
export function startWorker({ workerUrl = configured.workerUrl, wasmUrl = configured.wasmUrl } = {}) {
  const script = workerUrl === undefined ? new URL(SCRIPT) : absolute('workerUrl', workerUrl);
  const wasm = wasmUrl === undefined ? undefined : absolute('wasmUrl', wasmUrl).href;
  return { worker: new Thread(script), script: script.href, wasm };
}
