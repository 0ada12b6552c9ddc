/**
 * The engine on the thread that calls it, for who has a worker of their own. The API is that of the package's main module: what
 * takes long gives the thread a turn some twenty times a second, and blocks it in between.
 */

import { abortable } from './abort.js';
import { rulesOf } from './download-rules.js';
import { GlossaError, cancelled } from './errors.js';
import { filesOf, loadRequest, withDefaults, withoutUndefined } from './load-request.js';
import { annotateAll, withChunks } from './many-texts.js';
import { notify } from './notify.js';
import { readPipeline } from './pipeline-file.js';
import { placesOf } from './places.js';
import { isCoded, loadModel } from './worker/load-model.js';
import { nextTask } from './worker/next-task.js';
import { dropEngine, loadEngine, takeBinariesFrom } from './worker/wasm-binary.js';

export { GlossaError } from './errors.js';
export { configure } from './places.js';

/** @typedef {import('./annotator.js').Annotation} Annotation */
/** @typedef {import('./annotator.js').CallOptions} CallOptions */
/** @typedef {import('./download-rules.js').DownloadOptions} DownloadOptions */
/** @typedef {import('./annotator.js').Info} Info */
/** @typedef {import('./annotator.js').LoadProgress} LoadProgress */
/** @typedef {import('./places.js').Places} Places */
/** @typedef {import('./annotator.js').Source} Source */

/** Milliseconds that the engine runs before other tasks get a turn. */
const SLICE = 40;

/**
 * @typedef {object} CoreOptions
 * @property {(event: LoadProgress) => void} [onProgress]
 * @property {AbortSignal} [signal]
 * @property {string | URL} [wasmUrl] see {@link Places}
 * @property {number} [stallTimeout] see {@link DownloadOptions}
 * @property {string[]} [allowedOrigins] see {@link DownloadOptions}
 */

/** A loaded model on this thread. */
export class Annotator {
  /** @type {import('./worker/wasm-binary.js').BoundAnnotator | null} */
  #bound;
  #defaults;
  #info;

  /**
   * Use {@link Annotator.create}: a model is loaded before there is an annotator.
   * @param {import('./worker/wasm-binary.js').BoundAnnotator} bound
   * @param {import('./options.js').AnnotateOptions} defaults the pipeline file's
   */
  constructor(bound, defaults) {
    this.#bound = bound;
    this.#defaults = defaults;
    this.#info = bound.info();
  }

  /**
   * Loads the engine, if this thread has none, and a model.
   * @param {Source & CoreOptions} source
   * @returns {Promise<Annotator>}
   * @throws {GlossaError} as `Annotator.create` of the main module
   */
  static async create({ onProgress, signal, pipeline, wasmUrl, stallTimeout, allowedOrigins, ...source }) {
    const refuseIfCancelled = () => {
      if (signal?.aborted) throw cancelled(signal);
    };
    refuseIfCancelled();
    const rules = rulesOf({ stallTimeout, allowedOrigins });
    const { wasmUrl: binaries } = placesOf({ wasmUrl });
    if (binaries) takeBinariesFrom(binaries);
    notify(onProgress, { stage: 'engine' });
    /** @type {import('./options.js').AnnotateOptions} */
    let defaults = {};
    if (pipeline !== undefined && pipeline !== null) {
      const { model, options, annotate } = await readPipeline(pipeline, { signal, client: { request: parsedHere }, ...rules });
      source = { ...source, model: source.model ?? model, options: { ...options, ...withoutUndefined(source.options) } };
      defaults = annotate;
    }
    if (source.model instanceof Response) source = { ...source, ...(await filesOf(source.model, source.integrity)) };
    if (source.files) source = { ...source, files: await inBytes(source.files) };
    try {
      const wanted = /** @type {import('./worker/load-model.js').Wanted} */ (loadRequest(source, rules));
      const loading = loadModel(wanted, (event) => {
        if (!signal?.aborted) notify(onProgress, /** @type {LoadProgress} */ (event));
      });
      // What comes after a cancellation is nobody's.
      const drop = () => void loading.then(({ annotator }) => annotator.free(), () => {});
      const { annotator } = await abortable(loading, signal, drop);
      notify(onProgress, { stage: 'ready' });
      return new Annotator(annotator, defaults);
    } catch (error) {
      throw coded(error);
    }
  }

  /** @returns {Omit<Info, 'workers'>} */
  get info() {
    return this.#info;
  }

  /**
   * Finds the entities of a text. An empty or blank text has none.
   * @param {string} text
   * @param {CallOptions} [options]
   * @returns {Promise<Annotation>}
   * @throws {GlossaError} `option_invalid`, `input_invalid`, `cancelled`, `disposed`, `inference_failed`
   */
  async annotate(text, { signal, onProgress, reuseWindows = false, ...given } = {}) {
    if (typeof text !== 'string') throw new GlossaError('input_invalid', `text: a string is required, not ${typeof text}`);
    const options = withDefaults(withoutUndefined(given), this.#defaults);
    /** @type {import('./worker/wasm-binary.js').Job | undefined} */
    let job;
    try {
      job = this.#engine.begin(text, options);
      if (reuseWindows) job.reuseWindows();
      for (let goesOn = true; goesOn; ) {
        notify(onProgress, { stage: 'annotate', done: job.done, total: job.total });
        goesOn = this.#engine.advance(job, SLICE);
        if (goesOn) await nextTask();
        if (signal?.aborted) throw cancelled(signal);
      }
      notify(onProgress, { stage: 'annotate', done: job.done, total: job.total });
      const { total: windows, ran: windowsRun } = job;
      const engine = this.#engine;
      const whole = job;
      // It is freed with its annotation.
      job = undefined;
      const { chunks, ...found } = engine.finish(whole);
      for (const chunk of chunks) chunk.text = text.slice(chunk.begin, chunk.end);
      return { ...found, chunks, windows, windowsRun };
    } catch (error) {
      if (isCoded(error)) {
        job?.free();
      } else {
        // Its memory cannot be trusted any more.
        this.#bound = null;
        dropEngine();
      }
      throw coded(error);
    }
  }

  /**
   * See `Annotator.annotateAll` of the main module: here they share the thread.
   * @param {Iterable<string> | AsyncIterable<string>} texts
   * @param {CallOptions} [options]
   */
  annotateAll(texts, options) {
    return annotateAll((text, call) => this.annotate(text, call), texts, options);
  }

  /**
   * See `Annotator.annotateDocument` of the main module.
   * @template {{ text: string, mentions?: import('./documents.js').Mention[] }} Read
   * @param {Read} document
   * @param {CallOptions} [options]
   */
  async annotateDocument(document, options) {
    return withChunks(document, await this.annotate(document.text, options), this.#info.name);
  }

  /** Frees the model's memory. */
  dispose() {
    this.#bound?.free();
    this.#bound = null;
  }

  /** {@link Annotator.dispose}, for `await using`. */
  async [Symbol.asyncDispose]() {
    this.dispose();
  }

  get #engine() {
    if (!this.#bound) throw new GlossaError('disposed', 'the annotator has been disposed of');
    return this.#bound;
  }
}

/**
 * @param {import('./worker-client.js').Message} message
 * @returns {Promise<import('./pipeline-file.js').ParsedPipeline>}
 */
async function parsedHere({ text, name }) {
  const { bindings } = await loadEngine();
  return bindings.Annotator.parsePipeline(String(text), String(name));
}

/**
 * Files with their bytes: only workers can read a part of a `Blob` and wait for it.
 * @param {NonNullable<Source['files']>} files
 * @returns {Promise<Record<string, Uint8Array>>}
 */
async function inBytes(files) {
  const all = Object.entries(files).map(async ([path, file]) => [path, file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : file]);
  return Object.fromEntries(await Promise.all(all));
}

/** @param {unknown} error */
function coded(error) {
  if (error instanceof GlossaError) return error;
  if (isCoded(error)) return new GlossaError(error.code, error.message, { cause: error });
  return new GlossaError('inference_failed', `the engine stopped: ${String(error)}`, { cause: error });
}
