/** The model in memory, the one on its way, and those that the user brought. */

import { abortable } from '../glossa/abort.js';
import { cancelled } from '../glossa/errors.js';
import { Annotator, GlossaError, isModelCached } from '../glossa/index.js';

/** @typedef {import('../glossa/index.js').LoadOptions} LoadOptions */
/** @typedef {import('../glossa/index.js').LoadProgress} LoadProgress */
/** @typedef {import('./file-kinds.js').LocalModel} LocalModel */

/**
 * What is loaded: an address, or files of the user's, and options.
 * @typedef {{ source: string | LocalModel, options: string }} Wanted
 */

/** @typedef {Wanted & { annotator: Annotator }} Loaded */
/** @typedef {Wanted & { controller: AbortController, promise: Promise<Annotator>, waiting: number }} Loading */

/** Loads one model at a time, and keeps those before until the next is ready; of these so many as are used together. */
export class Models {
  #onProgress;
  /** How many models are kept in memory. */
  most = 1;
  /** @type {Loaded[]} the one that was used last comes last */
  #loaded = [];
  /** @type {Loading | null} */
  #loading = null;
  /** @type {Map<string, LocalModel[]>} by name, the last of which counts */
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
    this.#local.set(name, [...(this.#local.get(name) ?? []), model]);
  }

  /**
   * Takes back the last {@link Models.add} of a name.
   * @param {string} name
   * @returns {boolean} whether there is a model of that name from before
   */
  withdraw(name) {
    const left = (this.#local.get(name) ?? []).slice(0, -1);
    if (left.length) this.#local.set(name, left);
    else this.#local.delete(name);
    return left.length > 0;
  }

  /**
   * Forgets the models that {@link Models.add} put the last of a name in place of.
   * @param {string} name
   */
  keepLast(name) {
    const models = this.#local.get(name);
    if (models) this.#local.set(name, models.slice(-1));
  }

  /**
   * Whether a model is in memory, loaded with these options.
   * @param {string} model
   * @param {LoadOptions} options
   */
  has(model, options) {
    return this.#inMemory(this.#wanted(model, options)) !== undefined;
  }

  /**
   * The annotator of a model. Of several who wait for one model none ends the loading for the others: it ends when
   * nobody waits any more, or when another model is asked for.
   * @param {string} model an address, or the name of one of the user's
   * @param {LoadOptions} options
   * @param {AbortSignal} signal
   * @returns {Promise<Annotator>}
   */
  async get(model, options, signal) {
    const wanted = this.#wanted(model, options);
    const loaded = this.#inMemory(wanted);
    if (loaded) {
      // What else is on its way would take the place of this one while it is used.
      this.#loading?.controller.abort();
      this.#loaded = [...this.#loaded.filter((one) => one !== loaded), loaded];
      return loaded.annotator;
    }
    const loading = this.#onItsWay(wanted) ?? this.#load(wanted);
    loading.waiting += 1;
    try {
      return await abortable(loading.promise, signal, () => {});
    } finally {
      loading.waiting -= 1;
      if (!loading.waiting) loading.controller.abort();
    }
  }

  /**
   * Loads a model before it is asked for, if the device has it.
   * @param {string} model
   * @param {() => LoadOptions | null} options called at the last moment; null if the model is no longer wanted
   * @returns {Promise<boolean>} whether it is on its way
   */
  async prefetch(model, options) {
    const isAwaited = () => Boolean(this.#loading?.waiting);
    if (isAwaited() || this.#local.has(model)) return false;
    try {
      const cached = await isModelCached(addressOf(model));
      const given = cached ? options() : null;
      if (!given || isAwaited() || this.has(model, given)) return false;
      const wanted = this.#wanted(model, given);
      if (!this.#onItsWay(wanted)) this.#load(wanted);
      return true;
    } catch {
      // It is loaded when it is asked for, and what is wrong is told then.
      return false;
    }
  }

  /**
   * @param {string} model
   * @param {LoadOptions} options
   * @returns {Wanted}
   */
  #wanted(model, options) {
    return { source: this.#local.get(model)?.at(-1) ?? model, options: JSON.stringify(options) };
  }

  /** @param {Wanted} wanted */
  #inMemory(wanted) {
    return this.#loaded.find((one) => isSame(one, wanted));
  }

  /**
   * The loading under way, if it is of just this and has not been ended.
   * @param {Wanted} wanted
   */
  #onItsWay(wanted) {
    const loading = this.#loading;
    return loading && isSame(loading, wanted) && !loading.controller.signal.aborted ? loading : null;
  }

  /**
   * @param {Wanted} wanted
   * @returns {Loading}
   */
  #load({ source, options }) {
    this.#loading?.controller.abort();
    const controller = new AbortController();
    const { signal } = controller;
    const create = async () => {
      const from = typeof source === 'string' ? { model: addressOf(source) } : source;
      const given = JSON.parse(options);
      const annotator = await Annotator.create({ ...from, options: given, onProgress: this.#onProgress, signal });
      if (signal.aborted) {
        annotator.dispose();
        throw cancelled(signal);
      }
      this.#loaded.push({ source, options, annotator });
      for (const { annotator } of this.#loaded.splice(0, this.#loaded.length - this.most)) annotator.dispose();
      return annotator;
    };
    const promise = create().finally(() => {
      if (this.#loading === loading) this.#loading = null;
    });
    const loading = { source, options, controller, promise, waiting: 0 };
    this.#loading = loading;
    // Nobody may be waiting for it.
    promise.catch(() => {});
    return loading;
  }
}

/**
 * @param {Wanted} one
 * @param {Wanted} other
 */
const isSame = (one, other) => one.source === other.source && one.options === other.options;

/**
 * A worker is not bound by the page's content security policy, so the page itself keeps to its own origin.
 * @param {string} model
 */
function addressOf(model) {
  const address = new URL(model, document.baseURI);
  if (address.origin === location.origin) return address;
  throw new GlossaError('option_invalid', `option model: ${address.href} is not on this page's own origin`);
}
