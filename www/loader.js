/** The model in memory, the one on its way, and those that the user brought. */

import { Annotator, GlossaError } from './glossa.js';
import { HASHED } from './kept.js';

/** Loads one model at a time, and keeps the one before until the next is ready. */
export class Loader {
  #onProgress;
  /** @type {{ model: string, options: string, annotator: Annotator } | null} */
  #loaded = null;
  /** @type {{ model: string, options: string, controller: AbortController, promise: Promise<Annotator> } | null} */
  #loading = null;
  /** @type {Map<string, { name: string, files: Record<string, Blob> }>} */
  #own = new Map();

  /** @param {(event: object) => void} onProgress */
  constructor(onProgress) {
    this.#onProgress = onProgress;
  }

  /** Takes a model of the user's own under a name, in place of what had it before. */
  add(name, own) {
    if (this.#loaded?.model === name) this.#loaded.model = '';
    if (this.#loading?.model === name) this.#loading.controller.abort();
    this.#own.set(name, own);
  }

  has(model, options) {
    return this.#loaded?.model === model && this.#loaded.options === JSON.stringify(options);
  }

  /**
   * The annotator of a model: an address, or the name of one of the user's own.
   * @param {string} model
   * @param {object} options
   * @param {AbortSignal} signal
   */
  async get(model, options, signal) {
    if (this.has(model, options)) return this.#loaded.annotator;
    if (this.#loading?.model !== model || this.#loading.options !== JSON.stringify(options)) this.#start(model, options);
    const { controller, promise } = this.#loading;
    const stop = () => controller.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Loads a model before it is asked for, if that takes no network: it was kept on an earlier visit.
   * @param {string} model
   * @param {() => object | null} options asked at the last moment; null if the model is no longer wanted
   * @returns {Promise<boolean>} whether it is on its way
   */
  async ahead(model, options) {
    if (this.#loading || !navigator.serviceWorker?.controller || this.#own.has(model)) return false;
    try {
      const graph = new URL('model.onnx', ownAddress(model));
      const kept = await (await caches.open(HASHED)).match(graph, { ignoreSearch: true });
      const wanted = kept && options();
      if (!wanted || this.#loading || this.has(model, wanted)) return false;
      this.#start(model, wanted);
      return true;
    } catch {
      // It is loaded when it is asked for, and what is wrong is told then.
      return false;
    }
  }

  #start(model, options) {
    this.#loading?.controller.abort();
    const controller = new AbortController();
    const started = { model, options: JSON.stringify(options), controller };
    const load = async () => {
      const source = this.#own.get(model) ?? { model: ownAddress(model) };
      const { signal } = controller;
      const annotator = await Annotator.create({ ...source, options, onProgress: this.#onProgress, signal });
      this.#loaded?.annotator.dispose();
      this.#loaded = { model, options: started.options, annotator };
      return annotator;
    };
    this.#loading = started;
    started.promise = load().finally(() => {
      if (this.#loading === started) this.#loading = null;
    });
    // Nobody may be waiting for it.
    started.promise.catch(() => {});
  }
}

/** A worker is not bound by the page's content security policy, so the page itself keeps to its own origin. */
function ownAddress(model) {
  const address = new URL(model, document.baseURI);
  if (address.origin === location.origin) return address;
  throw new GlossaError('option_invalid', `option model: ${address.href} is not on this page's own origin`);
}
