/**
 * Glossa in a page: finds the entities of biomedical text, in a worker of this tab.
 *
 *     import { Annotator } from './glossa.js';
 *     const annotator = await Annotator.create({ model: 'models/cellular/' });
 *     const { chunks } = await annotator.annotate('Tax binds to the CREB/ATF family.');
 *     for (const { begin, end, text, entity, confidence } of chunks) console.log(entity, text);
 *     annotator.dispose();
 */

/**
 * An entity found in a text. `begin` and `end` count UTF-16 code units, `end` is exclusive:
 * `text.slice(begin, end)` of the annotated text is the chunk's `text`.
 * @typedef {{ begin: number, end: number, text: string, entity: string, confidence: number }} Chunk
 */

/**
 * `truncatedFrom` is set where mode `truncate` left the rest of the text unread.
 * @typedef {{ chunks: Chunk[], truncatedFrom?: number }} Annotation
 */

/**
 * `labels` in the order of their ids, `entities` in the order in which the labels name them, `int8Layers` how many
 * linear layers of the model run in int8, `fused` how many parts of its graph run by our own operations: linear layers,
 * those of them with GELU inside, attentions, layer normalisations, sums of embeddings. What is not counted runs as the
 * file has it.
 * @typedef {{ name: string, labels: string[], entities: string[], int8Layers: number, fused: Fused }} Info
 * @typedef {{ linear: number, gelu: number, attention: number, norm: number, embedding: number }} Fused
 */

/**
 * What a model is loaded with instead of what it says itself.
 * @typedef {object} Options
 * @property {object} [tokenizer] how texts are cut into tokens
 * @property {boolean} [caseSensitive] whether upper and lower case are told apart
 * @property {number} [maxSentenceLength] word pieces a window, `[CLS]` and `[SEP]` included: 1 to 512
 * @property {string} [pieces] which word pieces of a token are read
 */

/**
 * Bytes `loaded` and `total` are those of all files; `total` is 0 where the folder does not tell.
 * @typedef {{ stage: 'engine' }
 *   | { stage: 'download', file: string, loaded: number, total: number }
 *   | { stage: 'prepare' }
 *   | { stage: 'ready' }} LoadProgress
 */

/**
 * Windows read, of how many.
 * @typedef {{ stage: 'annotate', done: number, total: number }} AnnotateProgress
 */

/**
 * @typedef {object} Source
 * @property {string | URL} [model] a model folder's address, relative to the page
 * @property {Record<string, Uint8Array | Blob>} [files] a model's files by path, instead of `model`: a folder's, or one
 *   zip; they are read again if the worker must be replaced, so leave them as they are
 * @property {string} [name] what to call a model given by `files`
 * @property {Options} [options]
 */

/** Any failure; `code` stays the same across versions, `message` is for people. */
export class GlossaError extends Error {
  /**
   * @param {string} code `file_missing`, `model_unrecognised`, … as the engine names them, or `cancelled`,
   *   `disposed`, `input_invalid`, `option_invalid`, `worker_failed`
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'GlossaError';
    this.code = code;
  }
}

const cancelled = (signal) => new GlossaError('cancelled', 'cancelled', { cause: signal.reason });

/** Calls a listener. What it throws, now or later, is told to its author and goes no further. */
function notify(listener, event) {
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

/** The engine reads an option that is present but undefined as a wrong value. */
const given = (options) => Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));

/** A worker and the requests that wait for it; see worker.js for what is said. */
class Engine {
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

/** What the worker is asked to load. */
function loadRequest({ model, files, name = 'model', options }) {
  options = given(options);
  if (files) return { type: 'load', files, name, options };
  if (!model) throw new GlossaError('option_invalid', 'option model: a folder is wanted, or files');
  try {
    return { type: 'load', model: new URL(model, globalThis.document?.baseURI ?? location.href).href, options };
  } catch (error) {
    throw new GlossaError('option_invalid', `option model: ${model} is no address`, { cause: error });
  }
}

/** A loaded model. Its texts are annotated one after another, off the page's thread. */
export class Annotator {
  #load;
  #info;
  /** @type {Engine | null} */
  #engine = null;
  #disposed = false;

  /** Use `Annotator.create`: a model is loaded before there is an annotator. */
  constructor(load) {
    this.#load = load;
  }

  /**
   * Starts a worker and loads a model into it.
   * @param {Source & { onProgress?: (event: LoadProgress) => void, signal?: AbortSignal }} source
   * @returns {Promise<Annotator>}
   */
  static async create({ onProgress, signal, ...source }) {
    const annotator = new Annotator(loadRequest(source));
    if (signal?.aborted) throw cancelled(signal);
    try {
      await annotator.#start({ onProgress, signal });
    } catch (error) {
      annotator.dispose();
      throw error;
    }
    return annotator;
  }

  /** @returns {Info} */
  get info() {
    return this.#info;
  }

  /**
   * Finds the entities of a text, in the order of the text, none overlapping. An empty or blank text has none.
   * @param {string} text
   * @param {object} [settings]
   * @param {'window' | 'truncate'} [settings.mode] the whole text in overlapping windows (the default), or only the
   *   first window, as Spark NLP does
   * @param {number} [settings.threshold] drop chunks of lower confidence, 0 to 1
   * @param {string[]} [settings.entities] keep only these
   * @param {AbortSignal} [settings.signal]
   * @param {(event: AnnotateProgress) => void} [settings.onProgress]
   * @returns {Promise<Annotation>}
   */
  async annotate(text, { signal, onProgress, ...options } = {}) {
    if (this.#disposed) throw new GlossaError('disposed', 'the annotator has been disposed of');
    if (typeof text !== 'string') throw new GlossaError('input_invalid', `text: a string is wanted, not ${typeof text}`);
    if (signal?.aborted) throw cancelled(signal);
    // Asked at once, even of a worker that is still loading: that keeps texts in order.
    const request = { type: 'annotate', text, options: given(options) };
    const { chunks, truncatedFrom } = await this.#running().request(request, { signal, onProgress });
    // The engine sees U+FFFD for a lone surrogate; the caller's own text has what stands there.
    return { chunks: chunks.map((chunk) => ({ ...chunk, text: text.slice(chunk.begin, chunk.end) })), truncatedFrom };
  }

  /** Ends the worker and frees its memory; what is under way is rejected with `disposed`. */
  dispose() {
    this.#disposed = true;
    this.#engine?.end(new GlossaError('disposed', 'the annotator has been disposed of'));
  }

  /** The engine: a new one, with the model on its way into it, where the last one died. */
  #running() {
    if (this.#engine.ended) this.#start().catch(() => {});
    return this.#engine;
  }

  /** Starts a worker and has it load the model; if that fails, what else waits for the worker fails alike. */
  async #start({ onProgress, signal } = {}) {
    notify(onProgress, { stage: 'engine' });
    const engine = new Engine();
    this.#engine = engine;
    try {
      this.#info = await engine.request(this.#load, { onProgress, signal });
    } catch (error) {
      engine.end(error);
      throw error;
    }
    notify(onProgress, { stage: 'ready' });
  }
}
