/** The model in memory, the one on its way, and those that the user brought. */

import { Annotator, GlossaError, isModelCached } from '../glossa/index.js';

/** @typedef {import('../glossa/index.js').LoadOptions} LoadOptions */
/** @typedef {import('../glossa/index.js').LoadProgress} LoadProgress */
/** @typedef {import('./local-model.js').LocalModel} LocalModel */

/** Loads one model at a time, and keeps the one before until the next is ready. */
export class Models {
  #onProgress;
  /** @type {{ model: string, key: string, annotator: Annotator } | null} */
  #loaded = null;
  /** @type {{ model: string, key: string, controller: AbortController, promise: Promise<Annotator> } | null} */
  #loading = null;
  /** @type {Map<string, LocalModel>} */
  #local = new Map();

  /** @param {(event: LoadProgress) => void} onProgress */
  constructor(onProgress) {
    this.#onProgress = onProgress;
  }

  /**
   * Takes a model of the user's under a name, in place of what had it before.
   * @param {string} name
   * @param {LocalModel} model
   */
  add(name, model) {
    if (this.#loaded?.model === name) this.#loaded.key = '';
    if (this.#loading?.model === name) this.#loading.controller.abort();
    this.#local.set(name, model);
  }

  /**
   * Whether a model is in memory, loaded with these options.
   * @param {string} model
   * @param {LoadOptions} options
   */
  has(model, options) {
    return this.#loaded?.key === keyOf(model, options);
  }

  /**
   * The annotator of a model.
   * @param {string} model an address, or the name of one of the user's
   * @param {LoadOptions} options
   * @param {AbortSignal} signal
   * @returns {Promise<Annotator>}
   */
  async get(model, options, signal) {
    const key = keyOf(model, options);
    if (this.#loaded?.key === key) return this.#loaded.annotator;
    const { controller, promise } = this.#loading?.key === key ? this.#loading : this.#load(model, options);
    const stop = () => controller.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /**
   * Loads a model before it is asked for, if the device has it.
   * @param {string} model
   * @param {() => LoadOptions | null} options called at the last moment; null if the model is no longer wanted
   * @returns {Promise<boolean>} whether it is on its way
   */
  async prefetch(model, options) {
    if (this.#loading || this.#local.has(model)) return false;
    try {
      const cached = await isModelCached(addressOf(model));
      const wanted = cached ? options() : null;
      if (!wanted || this.#loading || this.has(model, wanted)) return false;
      this.#load(model, wanted);
      return true;
    } catch {
      // It is loaded when it is asked for, and what is wrong is told then.
      return false;
    }
  }

  /**
   * @param {string} model
   * @param {LoadOptions} options
   */
  #load(model, options) {
    this.#loading?.controller.abort();
    const controller = new AbortController();
    const key = keyOf(model, options);
    const create = async () => {
      const source = this.#local.get(model) ?? { model: addressOf(model) };
      const { signal } = controller;
      const annotator = await Annotator.create({ ...source, options, onProgress: this.#onProgress, signal });
      this.#loaded?.annotator.dispose();
      this.#loaded = { model, key, annotator };
      return annotator;
    };
    const promise = create().finally(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    const loading = { model, key, controller, promise };
    this.#loading = loading;
    // Nobody may be waiting for it.
    promise.catch(() => {});
    return loading;
  }
}

/**
 * What is loaded: a model with its options.
 * @param {string} model
 * @param {LoadOptions} options
 */
const keyOf = (model, options) => JSON.stringify([model, options]);

/**
 * A worker is not bound by the page's content security policy, so the page itself keeps to its own origin.
 * @param {string} model
 */
function addressOf(model) {
  const address = new URL(model, document.baseURI);
  if (address.origin === location.origin) return address;
  throw new GlossaError('option_invalid', `option model: ${address.href} is not on this page's own origin`);
}
