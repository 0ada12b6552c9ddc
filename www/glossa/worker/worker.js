/**
 * The engine's thread. It holds one model; requests are served in order, one at a time.
 *
 * In, each with an `id` that the answers repeat:
 *   {id, type: 'load', model, options, rules, compiled, manifest}
 *                                        downloads and loads the model at an absolute address; `rules` are DownloadRules,
 *                                        `manifest`, which may be left out, is that of the bundle's version that is wanted
 *   {id, type: 'load', files, name, options, compiled}
 *                                        loads a model from {path: Uint8Array or Blob}; `compiled`, which may be left
 *                                        out, is the engine's binary if another worker has compiled it
 *   {id, type: 'annotate', text, options}
 *                                        options: see AnnotateOptions
 *   {id, type: 'part', key, text, options, part, of}
 *                                        runs one part in `of` of a text's windows, for `join`; messages of one `key`
 *                                        are about the same text and options
 *   {id, type: 'join', key, text, options, parts}
 *                                        makes the annotation of the values of all parts
 *   {id, type: 'parsePipeline', text, name}
 *                                        parses a pipeline file, which errors call by that name
 *   {id, type: 'cancel'}                 drops the annotate or part request of that id, queued or running
 * A load is cancelled by ending the worker: while the model is prepared no message would get through.
 *
 * Out, any number of 'progress', at most one per 100 ms and stage, then one of the others:
 *   {id, type: 'progress', event}        load: {stage: 'download', file, loaded, total},
 *                                        {stage: 'prepare', loaded, total};
 *                                        annotate: {stage: 'annotate', done, total}
 *   {id, type: 'result', value}          load: {info: {name, labels, entities, …}, compiled, manifest}; annotate and join:
 *                                        {chunks, truncatedFrom, windows}; part: an array of values for each window;
 *                                        parsePipeline: {model, options, annotate, format}
 *   {id, type: 'error', code, message}   the request failed; the worker is well
 *   {type: 'failed', message}            the worker is lost, and all its requests with it
 */

import { GlossaError, messageOf } from '../errors.js';
import { downloadModel } from './download-model.js';
import { throttled } from './throttled.js';
import { loadEngine, renewEngine } from './wasm-binary.js';

/** @typedef {import('./wasm-binary.js').BoundAnnotator} BoundAnnotator */
/** @typedef {import('./wasm-binary.js').BoundAnnotatorClass} BoundAnnotatorClass */
/** @typedef {import('./wasm-binary.js').Engine} Engine */
/** @typedef {import('./wasm-binary.js').Job} Job */
/** @typedef {(event: import('../annotator.js').WorkerProgress) => void} OnProgress */

/**
 * A request; which of the properties there are depends on the type: see above.
 * @typedef {{ id: number, type: string, cancelled: boolean, [property: string]: any }} Request
 */

/** How long the engine runs before messages get a turn. */
const SLICE_MS = 40;

/** @type {Map<number, Request>} requests queued or running */
const open = new Map();
let queue = Promise.resolve();
/** @type {BoundAnnotator | null} */
let annotator = null;
/** @type {{ key: number, job: Job } | null} the text that parts were last run of, cut into windows */
let shared = null;

self.onmessage = ({ data }) => {
  if (data.type === 'cancel') {
    const request = open.get(data.id);
    if (request) request.cancelled = true;
    return;
  }
  const request = { ...data, cancelled: false };
  open.set(request.id, request);
  queue = queue.then(() => serve(request));
};

/** @type {Record<string, (request: Request) => unknown>} */
const SERVICES = { load, annotate, part, join, parsePipeline };

/** @param {Request} request */
async function serve(request) {
  const { id } = request;
  try {
    refuseIfCancelled(request);
    const value = await SERVICES[request.type](request);
    postMessage({ id, type: 'result', value });
  } catch (error) {
    // The engine's errors have a code. Anything else is a trap, after which its memory cannot be trusted.
    if (!isCoded(error)) return fail(error);
    const { code, message } = error;
    postMessage({ id, type: 'error', code, message });
  } finally {
    open.delete(id);
  }
}

/** @param {Request} request */
async function load({ id, model, files, name, options, rules, compiled, manifest }) {
  const tell = progressOf(id);
  // The files come while the engine is downloaded and compiled.
  const download = model ? downloadModel(model, tell, { dtype: options?.dtype, rules, manifest }) : null;
  // Its failure is told where it is awaited, which may be later.
  download?.catch(() => {});
  const engine = await loadEngine({ compiled, rules });
  forget();
  annotator?.free();
  annotator = null;
  annotator = download
    ? await fromDownload(engine, await download, options, tell)
    : engine.bindings.Annotator.fromFiles(name, files, options, tell);
  const downloaded = await download;
  downloaded?.keep?.();
  return { info: annotator.info(), compiled: engine.compiled, manifest: downloaded?.manifest };
}

/**
 * @param {Engine} engine
 * @param {import('./download-model.js').DownloadedModel} download
 * @param {object} options
 * @param {OnProgress} tell
 */
async function fromDownload({ bindings, compiled }, { name, files, hashed, verified, add }, options, tell) {
  // Which files hold the weights beside the ONNX file, only the ONNX file tells.
  const external = add ? bindings.Annotator.externalFiles(name, files) : [];
  if (add && external.length) await add(external);
  const prepare = async (/** @type {BoundAnnotatorClass} */ Annotator) =>
    Annotator.fromFiles(name, files, options, tell, hashed);
  const loading = prepare(bindings.Annotator);
  loading.catch(() => {});
  // That a file is not the one listed explains any other failure.
  const replaced = await verified;
  if (!replaced) return loading;
  // Nothing stays of what was made of a damaged file. It may have been such that the engine trapped.
  const { Annotator } = await loading.then(
    (damaged) => (damaged.free(), bindings),
    async (error) => (isCoded(error) ? bindings : (await renewEngine(compiled)).bindings),
  );
  return prepare(Annotator);
}

/** @param {Request} request */
async function parsePipeline({ text, name }) {
  const { bindings } = await loadEngine();
  return bindings.Annotator.parsePipeline(text, name);
}

/** The model's annotator: the pool asks for nothing else before it has loaded one. */
function loaded() {
  if (!annotator) throw new Error('no model is loaded');
  return annotator;
}

/** @param {Request} request */
async function annotate(request) {
  forget();
  const annotator = loaded();
  const tell = progressOf(request.id);
  const job = annotator.begin(request.text, request.options);
  const progress = () => tell({ stage: 'annotate', done: job.done, total: job.total });
  try {
    progress();
    while (annotator.advance(job, SLICE_MS)) {
      progress();
      await nextTask();
      refuseIfCancelled(request);
    }
    progress();
  } catch (error) {
    job.free();
    throw error;
  }
  return finish(job);
}

/**
 * The annotation of a job whose windows have all been run. The job is freed.
 * @param {Job} job
 */
function finish(job) {
  const windows = job.total;
  return { ...loaded().finish(job), windows };
}

/** @param {Request} request */
async function part(request) {
  const annotator = loaded();
  const { part, of } = request;
  const tell = progressOf(request.id);
  const job = sharedJob(request);
  const { total } = job;
  const from = Math.floor((total * part) / of);
  const until = Math.floor((total * (part + 1)) / of);
  const values = [];
  let start = performance.now();
  for (let window = from; window < until; window++) {
    values.push(annotator.run(job, window));
    tell({ stage: 'annotate', done: window + 1 - from, total });
    if (performance.now() - start < SLICE_MS) continue;
    await nextTask();
    refuseIfCancelled(request);
    start = performance.now();
  }
  return values;
}

/** @param {Request} request */
function join(request) {
  const annotator = loaded();
  const job = sharedJob(request);
  shared = null;
  try {
    for (const values of request.parts.flat()) annotator.accept(job, values);
  } catch (error) {
    job.free();
    throw error;
  }
  return finish(job);
}

/**
 * The text of a request cut into windows; done once for the parts that come here.
 * @param {Request} request
 */
function sharedJob({ key, text, options }) {
  if (shared && shared.key === key) return shared.job;
  forget();
  const job = loaded().begin(text, options);
  shared = { key, job };
  return job;
}

function forget() {
  shared?.job.free();
  shared = null;
}

/** @param {Request} request */
function refuseIfCancelled({ cancelled }) {
  if (cancelled) throw new GlossaError('cancelled', 'cancelled');
}

/**
 * @param {unknown} error
 * @returns {error is GlossaError}
 */
const isCoded = (error) => typeof (/** @type {any} */ (error)?.code) === 'string';

/** @param {unknown} error */
function fail(error) {
  postMessage({ type: 'failed', message: `the engine stopped: ${messageOf(error)}` });
}

/**
 * Sends a request's progress.
 * @param {number} id
 */
const progressOf = (id) => throttled((event) => postMessage({ id, type: 'progress', event }));

const turn = new MessageChannel();

/** Resolves in a later task, so that messages are taken first; a timer would wait 4 ms each time. */
function nextTask() {
  return new Promise((resolve) => {
    turn.port1.onmessage = resolve;
    turn.port2.postMessage(null);
  });
}
