/** The annotator that a page holds: a model, and the workers that run it. */

import { linked } from './abort.js';
import { rulesOf } from './download-rules.js';
import { GlossaError, cancelled } from './errors.js';
import { filesOf, loadRequest, withDefaults, withoutUndefined } from './load-request.js';
import { annotateAll, withChunks } from './many-texts.js';
import { notify } from './notify.js';
import { readPipeline } from './pipeline-file.js';
import { Pool } from './pool.js';
import { WorkerClient } from './worker-client.js';

/** @typedef {import('./options.js').LoadOptions} LoadOptions */
/** @typedef {import('./options.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('./worker-client.js').Message} Message */
/** @typedef {import('./worker-client.js').RequestOptions} RequestOptions */

/**
 * An entity found in a text.
 * @typedef {object} Chunk
 * @property {number} begin in UTF-16 code units
 * @property {number} end in UTF-16 code units, exclusive: `text.slice(begin, end)` of the annotated text is `text`
 * @property {string} text
 * @property {string} entity
 * @property {number} confidence 0 to 1
 * @property {string} [result] the chunk's first token, where the option `preservePosition` is off
 * @property {ChunkToken[]} [tokens] the tokens that the chunk is made of, in order, where the option `labelScores` is not 0; of
 *   a Hugging Face folder the word pieces or words that its aggregation joins
 *
 * @typedef {object} ChunkToken
 * @property {number} begin in UTF-16 code units of the text
 * @property {number} end exclusive
 * @property {LabelScore[]} labels the likeliest, best first: `labelScores` of them, or all of the chunk's label set. Without Viterbi
 *   decoding the first is the token's label, and the chunk's `confidence` is the mean of the first scores
 *
 * @typedef {object} LabelScore
 * @property {string} label as the model has it, such as `O` or `B-protein`
 * @property {number} score its probability, 0 to 1: the softmax of the token's logits at the model's temperature, before Viterbi
 *   decoding
 */

/**
 * @typedef {object} Annotation
 * @property {Chunk[]} chunks in the order of the text; those of different label sets may overlap, of which most models have one
 * @property {number} [truncatedFrom] the code unit from which mode `truncate` left the text unread
 * @property {'int8' | 'f32'} precision the arithmetic of the model's linear layers
 * @property {number} windows how many windows the text was read in
 * @property {number} windowsRun on how many of them the model was run: all, unless the call has `reuseWindows`
 */

/**
 * @typedef {object} Info
 * @property {string} name
 * @property {string} file the path or address of the ONNX file
 * @property {string[]} labels in the order of their ids: of one label set after another, each with its `O`
 * @property {string[]} entities in the order in which the labels name them
 * @property {number} maxSentenceLength word pieces per window, special pieces included
 * @property {string[]} warnings what a user should know about how the model's files were read
 * @property {'int8' | 'f32'} precision the arithmetic of the model's linear layers
 * @property {number} int8Layers linear layers that run in int8
 * @property {Fused} fused parts of the model's graph that run by our own operations; the rest runs as the file has it
 * @property {number} workers workers now
 *
 * @typedef {object} Fused
 * @property {number} linear linear layers
 * @property {number} gelu those of them that include GELU
 * @property {number} attention
 * @property {number} norm layer normalisations
 * @property {number} embedding sums of embeddings
 */

/**
 * Bytes. In stage `download`, those of all files, `total` being 0 if no manifest tells it. In stage `prepare`, those of
 * the ONNX file; when all have been read, the model is still to be optimised.
 * @typedef {{ stage: 'engine' }
 *   | { stage: 'download', file: string, loaded: number, total: number }
 *   | { stage: 'prepare', loaded: number, total: number }
 *   | { stage: 'ready' }} LoadProgress
 */

/**
 * Windows run, of how many; from `annotateAll`, texts done, of how many.
 * @typedef {{ stage: 'annotate', done: number, total: number }} AnnotateProgress
 */

/**
 * What a worker tells.
 * @typedef {Extract<LoadProgress, { loaded: number }> | AnnotateProgress} WorkerProgress
 */

/**
 * A bundle by its manifest and the addresses of its files, by path: what the packages of models export. Bundlers see to the files.
 * @typedef {{ manifest: { name?: string }, files: Record<string, string | URL> }} ModelFiles
 */

/**
 * @typedef {object} Source
 * @property {string | URL | ModelFiles | Response} [model] the address, relative to the page, of a model's folder or zip; a package's
 *   model; or a host's answer, of which the body is a zip
 * @property {string} [integrity] what the model is to be, as `sha256-…` of Subresource Integrity: the hash of a zip, or of a bundle's
 *   `manifest.json`, which has those of its files. Another is `file_mismatch`; a folder without a manifest is `option_invalid`
 * @property {Record<string, Uint8Array | Blob>} [files] a model's files by path, instead of `model`: a folder's, or one
 *   zip. They are read again if a worker has to be replaced, so leave them as they are
 * @property {string} [name] what to call a model given by `files`
 * @property {LoadOptions} [options]
 * @property {object | string | URL | Blob} [pipeline] a pipeline file, which names a model and options: as an object, as
 *   JSON text, its address (to which its model's path is relative), or a file. The properties above take precedence
 *   over it, and so does each option over the same option in it
 */

/**
 * @typedef {object} CreateOptions
 * @property {number} [workers] how many workers there may be at most. Another is started only if enough text waits for
 *   it. By default as many as the processor has cores, up to four, and only one for a model of 64 MiB or more
 * @property {number} [loadTimeout] milliseconds that a worker may prepare the model without progress, after which it is
 *   given up with `load_limit`; downloads do not count. By default 600,000; 0 for no limit
 * @property {number} [silenceTimeout] milliseconds that a worker may be at a text without answering a ping, after which it
 *   is replaced and its request fails with `worker_failed`. By default 120,000; 0 for no limit
 * @property {(event: LoadProgress) => void} [onProgress]
 * @property {AbortSignal} [signal]
 * @property {number} [stallTimeout] see {@link DownloadOptions}
 * @property {string[]} [allowedOrigins] see {@link DownloadOptions}
 * @property {string | URL} [workerUrl] see {@link Places}
 * @property {string | URL} [wasmUrl] see {@link Places}
 */

/** @typedef {import('./places.js').Places} Places */

/** @typedef {import('./download-rules.js').DownloadOptions} DownloadOptions */

/**
 * @typedef {object} CallExtras
 * @property {AbortSignal} [signal]
 * @property {(event: AnnotateProgress) => void} [onProgress]
 * @property {boolean} [reuseWindows] for a text that is edited, and annotated again and again: workers keep what the model gave for
 *   its windows, some tens of megabytes at most, and run it only on windows that they have not kept. The result is the same
 *
 * @typedef {AnnotateOptions & CallExtras} CallOptions
 */

/**
 * A text as workers are asked to annotate it.
 * @typedef {{ text: string, options: AnnotateOptions, reuse: boolean }} TextMessage
 */

/** Workers by default: more than the processor has cores are of no use, and each takes memory. */
const DEFAULT_WORKERS = 4;
/** Bytes of a model from which on there is one worker by default. */
const LARGE_MODEL = 64 << 20;
/** Code units of a text from which on its windows are shared among workers, and of each part. */
const LONG_TEXT = 80_000;
const PART = 16_000;
/** Parts are put together in memory: a text of more code units is left to one worker. */
const LONGEST_SHARED = 4_000_000;

/** A loaded model. Texts are annotated off the page's thread: in one worker, or in several if there is much to do. */
export class Annotator {
  /** @type {Omit<Info, 'workers'>} */
  #info;
  /** @type {AnnotateOptions} the pipeline file's */
  #defaults;
  /** @type {Pool} */
  #pool;
  #disposed = false;
  #lastKey = 0;

  /**
   * Use {@link Annotator.create}: a model is loaded before there is an annotator.
   * @param {Pool} pool
   * @param {Omit<Info, 'workers'>} info
   * @param {AnnotateOptions} defaults
   */
  constructor(pool, info, defaults) {
    this.#pool = pool;
    this.#info = info;
    this.#defaults = defaults;
  }

  /**
   * Starts a worker and loads a model into it.
   * @param {Source & CreateOptions} source
   * @returns {Promise<Annotator>}
   * @throws {GlossaError} `model_unrecognised`, `file_mismatch`, `redirect_refused` and others, by what is wrong with the model;
   *   `option_invalid`, `pipeline_invalid`, `cancelled`, `load_limit`, `worker_failed`
   */
  static async create({
    onProgress,
    signal,
    pipeline,
    workers,
    stallTimeout,
    allowedOrigins,
    loadTimeout,
    silenceTimeout,
    workerUrl,
    wasmUrl,
    ...source
  }) {
    if (signal?.aborted) throw cancelled(signal);
    for (const [name, value] of Object.entries({ loadTimeout, silenceTimeout })) {
      if (value === undefined || (typeof value === 'number' && value >= 0)) continue;
      throw new GlossaError('option_invalid', `option ${name}: ${value} is not a number of milliseconds from 0`);
    }
    if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1)) {
      throw new GlossaError('option_invalid', `option workers: ${workers} is not a whole number from 1`);
    }
    const rules = rulesOf({ stallTimeout, allowedOrigins });
    notify(onProgress, { stage: 'engine' });
    const places = { workerUrl, wasmUrl };
    const client = new WorkerClient(places);
    let pool;
    try {
      /** @type {AnnotateOptions} */
      let defaults = {};
      if (pipeline !== undefined && pipeline !== null) {
        const { model, options, annotate } = await readPipeline(pipeline, { signal, client, ...rules });
        const merged = { ...options, ...withoutUndefined(source.options) };
        source = { ...source, model: source.model ?? model, options: merged };
        defaults = annotate;
      }
      if (source.model instanceof Response) source = { ...source, ...(await filesOf(source.model, source.integrity)) };
      pool = new Pool(loadRequest(source, rules), workers ?? 1, { loadTimeout, silenceTimeout, places });
      let bytes = 0;
      const listener = (/** @type {LoadProgress} */ event) => {
        if (event.stage === 'download') bytes = Math.max(bytes, event.loaded, event.total);
        notify(onProgress, event);
      };
      const info = await pool.start({ client, onProgress: listener, signal });
      notify(onProgress, { stage: 'ready' });
      for (const file of Object.values(source.files ?? {})) bytes += file instanceof Blob ? file.size : file.byteLength;
      if (workers === undefined && bytes < LARGE_MODEL) {
        pool.most = Math.min(globalThis.navigator?.hardwareConcurrency || 1, DEFAULT_WORKERS);
      }
      return new Annotator(pool, info, defaults);
    } catch (error) {
      const reason = error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error));
      client.end(reason);
      pool?.end(reason);
      throw reason;
    }
  }

  /** @returns {Info} */
  get info() {
    return { ...this.#info, workers: this.#pool.size };
  }

  /**
   * Finds the entities of a text. An empty or blank text has none.
   * @param {string} text
   * @param {CallOptions} [options]
   * @returns {Promise<Annotation>}
   * @throws {GlossaError} `option_invalid`, `input_invalid`, `cancelled`, `disposed`, `inference_failed`, `worker_failed`
   */
  async annotate(text, { signal, onProgress, reuseWindows = false, ...given } = {}) {
    if (this.#disposed) throw disposed();
    if (typeof text !== 'string') throw new GlossaError('input_invalid', `text: a string is required, not ${typeof text}`);
    const options = withDefaults(withoutUndefined(given), this.#defaults);
    const shared =
      this.#pool.most > 1 && options.mode !== 'truncate' && text.length >= LONG_TEXT && text.length <= LONGEST_SHARED;
    const run = shared ? this.#annotateInParts : this.#annotateWhole;
    // A lone surrogate is U+FFFD in the engine's text: the chunk has what the caller's text has there.
    const onChunk = (/** @type {Chunk} */ chunk) => {
      chunk.text = text.slice(chunk.begin, chunk.end);
    };
    const message = { text, options, reuse: Boolean(reuseWindows) };
    const { chunks, truncatedFrom, precision, windows, windowsRun } = await run.call(this, message, { signal, onProgress, onChunk });
    return { chunks, truncatedFrom, precision, windows, windowsRun };
  }

  /**
   * Annotates many texts, several at a time if there are workers for it. They are taken as results are: only so many are in memory
   * as keep the workers busy, however many there are. A text that fails gives its error, and the rest goes on.
   *
   *     for await (const { index, annotation, error } of annotator.annotateAll(texts)) …
   * @param {Iterable<string> | AsyncIterable<string>} texts
   * @param {CallOptions} [options] `onProgress` is called with texts done, of how many; of 0 if `texts` is no array
   * @returns {AsyncGenerator<import('./many-texts.js').Outcome, void, void>} in the order of the texts
   * @throws {GlossaError} `option_invalid`, `cancelled`, `disposed`: what no other text would be spared
   */
  annotateAll(texts, options) {
    return annotateAll((text, call) => this.annotate(text, call), texts, options);
  }

  /**
   * Finds the entities of a document's text, and adds them to its mentions.
   * @template {{ text: string, mentions?: import('./documents.js').Mention[] }} Read such as a `Document` of `readDocuments`
   * @param {Read} document which is left as it is
   * @param {CallOptions} [options]
   * @returns {Promise<Read & { mentions: import('./documents.js').Mention[] }>}
   * @throws {GlossaError} as {@link Annotator.annotate}
   */
  async annotateDocument(document, options) {
    return withChunks(document, await this.annotate(document.text, options), this.#info.name);
  }

  /** Ends the workers and frees their memory. What is under way is rejected with `disposed`. */
  dispose() {
    this.#disposed = true;
    this.#pool.end(disposed());
  }

  /** {@link Annotator.dispose}, for `await using`. */
  async [Symbol.asyncDispose]() {
    this.dispose();
  }

  /**
   * @param {TextMessage} message
   * @param {RequestOptions} call
   * @returns {Promise<Annotation>}
   */
  #annotateWhole(message, call) {
    const place = message.reuse ? 'whole' : undefined;
    return this.#pool.run({ type: 'annotate', ...message }, { size: message.text.length, place, ...call });
  }

  /**
   * Has the text's windows run by all workers, and the annotation made of them by one.
   * @param {TextMessage} text
   * @param {RequestOptions} call
   * @returns {Promise<Annotation>}
   */
  async #annotateInParts(text, { signal, onProgress, onChunk }) {
    const { length } = text.text;
    const of = Math.ceil(length / PART);
    const request = { key: ++this.#lastKey, ...text };
    /** @type {number[]} windows run of each part */
    const done = Array(of).fill(0);
    let total = 0;
    const tell = (/** @type {number} */ part, /** @type {number} */ windows) => {
      done[part] = windows;
      notify(onProgress, { stage: 'annotate', done: done.reduce((sum, value) => sum + value), total });
    };
    const parts = await untilFirstFailure([...done.keys()], signal, async (part, signal) => {
      const listener = (/** @type {AnnotateProgress} */ event) => {
        total = event.total;
        tell(part, event.done);
      };
      const message = { type: 'part', ...request, part, of };
      const place = text.reuse ? `part ${part}` : undefined;
      const found = await this.#pool.run(message, { size: length / of, place, signal, onProgress: listener });
      tell(part, found.values.length);
      return found;
    });
    /** @type {Float32Array[][]} */
    const values = parts.map(({ values }) => values);
    // Of a long text and many labels they are hundreds of megabytes.
    const transfer = values.flat().map(({ buffer }) => buffer);
    const annotation = await this.#pool.run({ type: 'join', ...request, parts: values }, { size: 0, signal, onChunk, transfer });
    return { ...annotation, windowsRun: parts.reduce((sum, { windowsRun }) => sum + windowsRun, 0) };
  }
}

const disposed = () => new GlossaError('disposed', 'the annotator has been disposed of');

/**
 * Does something with every item at once. The first failure, or the signal, aborts all the others.
 * @template Item, Value
 * @param {Item[]} items
 * @param {AbortSignal | undefined} signal
 * @param {(item: Item, signal: AbortSignal) => Promise<Value>} one
 * @returns {Promise<Value[]>}
 */
async function untilFirstFailure(items, signal, one) {
  const { controller, unlink } = linked(signal);
  try {
    return await Promise.all(items.map((item) => one(item, controller.signal)));
  } catch (error) {
    controller.abort(error);
    throw error;
  } finally {
    unlink();
  }
}
