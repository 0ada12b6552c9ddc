/**
 * Glossa in a page: finds the entities of biomedical text, in a worker of this tab.
 *
 *     import { Annotator } from './glossa.js';
 *     const annotator = await Annotator.create({ model: 'models/cellular/' });
 *     const { chunks } = await annotator.annotate('Tax binds to the CREB/ATF family.');
 *     for (const { begin, end, text, entity, confidence } of chunks) console.log(entity, text);
 *     annotator.dispose();
 */

import { Engine, notify } from './engine-client.js';
import { GlossaError, cancelled } from './errors.js';
import { readPipeline } from './pipeline.js';
import { Pool } from './pool.js';

export { GlossaError, readPipeline };

/**
 * An entity found in a text. `begin` and `end` count UTF-16 code units, `end` is exclusive:
 * `text.slice(begin, end)` of the annotated text is the chunk's `text`.
 * @typedef {{ begin: number, end: number, text: string, entity: string, confidence: number }} Chunk
 */

/**
 * `truncatedFrom` is set where mode `truncate` left the rest of the text unread; `windows` is how many times the model
 * was run, and `precision` the arithmetic of its linear layers.
 * @typedef {{ chunks: Chunk[], truncatedFrom?: number, precision: 'int8' | 'f32', windows: number }} Annotation
 */

/**
 * `labels` in the order of their ids, `entities` in the order in which the labels name them, `precision` the
 * arithmetic that the model's linear layers run in, `int8Layers` how many of them run in int8, `fused` how many parts
 * of its graph run by our own operations: linear layers, those of them with GELU inside, attentions, layer
 * normalisations, sums of embeddings. What is not counted runs as the file has it. `workers` is how many there are now.
 * @typedef {{ name: string, labels: string[], entities: string[], precision: 'int8' | 'f32', int8Layers: number,
 *   fused: Fused, workers: number }} Info
 * @typedef {{ linear: number, gelu: number, attention: number, norm: number, embedding: number }} Fused
 */

/**
 * What a model is loaded with instead of what it says itself.
 * @typedef {object} Options
 * @property {string} [cleanupMode] what is done to texts before they are cut: `disabled` (the default), `inplace`,
 *   `inplace_full`, `shrink`, `shrink_full`, `each`, `each_full`, `delete_full`
 * @property {Tokenizer} [tokenizer] how texts are cut into tokens, instead of the model's own settings as a whole
 * @property {boolean} [caseSensitive] whether upper and lower case are told apart
 * @property {number} [maxSentenceLength] word pieces a window, `[CLS]` and `[SEP]` included: 1 to 512
 * @property {'all' | 'first'} [pieces] which word pieces of a token are read: all, or those of its first word
 * @property {'auto' | 'int8' | 'f32'} [precision] `auto`: int8 for files with int8 weights and very large ones
 * @property {'spark' | 'huggingFace'} [encoding] how a Hugging Face folder is read; by its own tokenizer by default
 * @property {'argmax' | 'viterbi'} [decoding] how labels are chosen: each token's likeliest, or the likeliest sequence
 * @property {boolean} [labelFromSeparator] repeat what open-source Spark NLP does at the end of a window
 */

/**
 * Spark NLP's Tokenizer parameters; patterns are Java's regular expressions.
 * @typedef {object} Tokenizer
 * @property {string} [targetPattern]
 * @property {string} [prefixPattern] begins with `\A`
 * @property {string} [suffixPattern] ends with `\z`
 * @property {string[]} [infixPatterns]
 * @property {string[]} [contextChars]
 * @property {string[]} [exceptions] patterns of what stays whole
 * @property {boolean} [caseSensitiveExceptions]
 * @property {string} [splitPattern]
 * @property {string[]} [splitChars]
 * @property {number} [minLength]
 * @property {number} [maxLength]
 */

/**
 * @typedef {object} AnnotateOptions
 * @property {'window' | 'truncate'} [mode] the whole text in overlapping windows (the default), or only the first
 *   window, as Spark NLP does
 * @property {number} [threshold] drop chunks of lower confidence, 0 to 1
 * @property {string[]} [entities] keep only these; also by the name `whiteList`
 * @property {string[]} [blackList] drop these
 * @property {boolean} [greedyMode] join neighbouring chunks of one entity
 * @property {string[]} [ignoreStopWords] join chunks of one entity with only such words between them
 * @property {Record<string, string>} [replaceLabels] other names for entities
 * @property {'upper' | 'lower'} [labelCasing] the case of entities' names
 * @property {boolean} [nerHasNoSchema] the labels are entities' names without B- and I-
 * @property {boolean} [preservePosition] whether a chunk's `result` is all of it rather than its first token
 * @property {boolean} [padAsO] whether the label PAD counts as O
 * @property {'none' | 'simple' | 'first' | 'average' | 'max'} [aggregationStrategy] how labels are joined, for models
 *   read by their own tokenizer; those above from `blackList` on are then refused
 */

/**
 * Bytes `loaded` and `total` are those of all files, `total` being 0 where the folder does not tell; in stage `prepare`
 * they are those of the ONNX file, and when all are read the model is still to be optimised.
 * @typedef {{ stage: 'engine' }
 *   | { stage: 'download', file: string, loaded: number, total: number }
 *   | { stage: 'prepare', loaded: number, total: number }
 *   | { stage: 'ready' }} LoadProgress
 */

/**
 * Windows read, of how many.
 * @typedef {{ stage: 'annotate', done: number, total: number }} AnnotateProgress
 */

/**
 * @typedef {object} Source
 * @property {string | URL} [model] the address, relative to the page, of a model's folder or zip
 * @property {Record<string, Uint8Array | Blob>} [files] a model's files by path, instead of `model`: a folder's, or one
 *   zip; they are read again if the worker must be replaced, so leave them as they are
 * @property {string} [name] what to call a model given by `files`
 * @property {Options} [options]
 * @property {object | string | URL | Blob} [pipeline] a document that names a model and settings: as an object, as JSON
 *   text, at an address (from which its model's path starts), or a file; the properties above count more than what it
 *   says, each option as a whole
 */

/** The engine reads an option that is present but undefined as a wrong value. */
const given = (options) => Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined));

/** A pipeline's settings and those of a call, which may give one of them by its other name. */
function withDefaults(options, { entities, ...defaults }) {
  return { ...defaults, ...('whiteList' in options || entities === undefined ? {} : { entities }), ...options };
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

/** Workers unless told otherwise: more than the processor has cores are of no use, and each takes memory. */
const USUAL_WORKERS = 4;
/** Bytes of a model from which on there is one worker unless more are asked for. */
const LARGE_MODEL = 64 << 20;
/** Code units of a text from which on its windows are shared, and of each part. */
const LONG_TEXT = 80_000;
const PART = 16_000;
/** Parts are put together in memory: a text beyond this is left to one worker. */
const LONGEST_SHARED = 4_000_000;

/** A loaded model. Its texts are annotated off the page's thread, in one worker, or in several where there is much to do. */
export class Annotator {
  #info;
  /** What `annotate` is called with unless told otherwise. */
  #defaults;
  /** @type {Pool} */
  #pool;
  #disposed = false;
  #lastKey = 0;

  /** Use `Annotator.create`: a model is loaded before there is an annotator. */
  constructor(pool, info, defaults) {
    this.#pool = pool;
    this.#info = info;
    this.#defaults = defaults;
  }

  /**
   * Starts a worker and loads a model into it.
   * @param {Source & { workers?: number, onProgress?: (event: LoadProgress) => void, signal?: AbortSignal }} source
   *   `workers`: how many there may be at most. They are started when so much text waits that it is worth it; by default
   *   up to as many as the processor has cores, at most four, and only one for a model of 64 MiB or more
   * @returns {Promise<Annotator>}
   */
  static async create({ onProgress, signal, pipeline, workers, ...source }) {
    if (signal?.aborted) throw cancelled(signal);
    if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1)) {
      throw new GlossaError('option_invalid', `option workers: ${workers} is not a whole number from 1`);
    }
    notify(onProgress, { stage: 'engine' });
    const engine = new Engine();
    let pool;
    try {
      let defaults = {};
      if (pipeline !== undefined && pipeline !== null) {
        const read = await readPipeline(pipeline, { signal, engine });
        source = { ...source, model: source.model ?? read.model, options: { ...read.options, ...given(source.options) } };
        defaults = read.annotate;
      }
      pool = new Pool(loadRequest(source), workers ?? 1);
      let bytes = 0;
      const listener = (event) => {
        if (event.stage === 'download') bytes = Math.max(bytes, event.loaded, event.total);
        notify(onProgress, event);
      };
      const info = await pool.start({ engine, onProgress: listener, signal });
      notify(onProgress, { stage: 'ready' });
      for (const file of Object.values(source.files ?? {})) bytes += file.size ?? file.byteLength;
      if (workers === undefined && bytes < LARGE_MODEL) {
        pool.most = Math.min(globalThis.navigator?.hardwareConcurrency || 1, USUAL_WORKERS);
      }
      return new Annotator(pool, info, defaults);
    } catch (error) {
      engine.end(error);
      pool?.end(error);
      throw error;
    }
  }

  /** @returns {Info} */
  get info() {
    return { ...this.#info, workers: this.#pool.size };
  }

  /**
   * Finds the entities of a text, in the order of the text, none overlapping. An empty or blank text has none.
   * @param {string} text
   * @param {AnnotateOptions & { signal?: AbortSignal, onProgress?: (event: AnnotateProgress) => void }} [settings]
   * @returns {Promise<Annotation>}
   */
  async annotate(text, { signal, onProgress, ...options } = {}) {
    if (this.#disposed) throw new GlossaError('disposed', 'the annotator has been disposed of');
    if (typeof text !== 'string') throw new GlossaError('input_invalid', `text: a string is wanted, not ${typeof text}`);
    options = withDefaults(given(options), this.#defaults);
    const shared =
      this.#pool.most > 1 && options.mode !== 'truncate' && text.length >= LONG_TEXT && text.length <= LONGEST_SHARED;
    const settings = { signal, onProgress };
    const run = shared ? this.#inParts(text, options, settings) : this.#whole(text, options, settings);
    const { chunks, truncatedFrom, precision, windows } = await run;
    // The engine sees U+FFFD for a lone surrogate; the caller's own text has what stands there.
    const own = chunks.map((chunk) => ({ ...chunk, text: text.slice(chunk.begin, chunk.end) }));
    return { chunks: own, truncatedFrom, precision, windows };
  }

  /**
   * Annotates many texts, several at a time where there are workers for it; results are in the order of the texts. The
   * first that fails ends the others.
   * @param {Iterable<string>} texts
   * @param {AnnotateOptions & { signal?: AbortSignal, onProgress?: (event: AnnotateProgress) => void }} [settings]
   *   `onProgress` is told of texts done, of how many
   * @returns {Promise<Annotation[]>}
   */
  async annotateAll(texts, { signal, onProgress, ...options } = {}) {
    const all = [...texts];
    const ended = new AbortController();
    let done = 0;
    notify(onProgress, { stage: 'annotate', done, total: all.length });
    const one = async (text) => {
      const annotation = await this.annotate(text, { ...options, signal: ended.signal });
      notify(onProgress, { stage: 'annotate', done: ++done, total: all.length });
      return annotation;
    };
    const abort = () => ended.abort(signal.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.all(all.map(one));
    } catch (error) {
      ended.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the workers and frees their memory; what is under way is rejected with `disposed`. */
  dispose() {
    this.#disposed = true;
    this.#pool.end(new GlossaError('disposed', 'the annotator has been disposed of'));
  }

  #whole(text, options, settings) {
    return this.#pool.run({ type: 'annotate', text, options }, { size: text.length, ...settings });
  }

  /** Has the windows of a text run by whichever workers there are, and put together by one of them. */
  async #inParts(text, options, { signal, onProgress }) {
    const of = Math.ceil(text.length / PART);
    const about = { key: ++this.#lastKey, text, options };
    const done = Array(of).fill(0);
    const ended = new AbortController();
    const abort = () => ended.abort(signal.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      let total = 0;
      const tell = (part, windows) => {
        done[part] = windows;
        notify(onProgress, { stage: 'annotate', done: done.reduce((sum, value) => sum + value), total });
      };
      const run = async (part) => {
        const message = { type: 'part', ...about, part, of };
        const listener = (event) => {
          total = event.total;
          tell(part, event.done);
        };
        const settings = { size: text.length / of, signal: ended.signal, onProgress: listener };
        const values = await this.#pool.run(message, settings);
        tell(part, values.length);
        return values;
      };
      const parts = await Promise.all(done.map((_, part) => run(part)));
      return await this.#pool.run({ type: 'join', ...about, parts }, { size: 0, signal: ended.signal });
    } catch (error) {
      ended.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}
