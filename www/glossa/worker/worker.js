/**
 * The engine's thread. It holds one model; requests are served in order, one at a time.
 *
 * In:
 *   {type: 'lock', lock}                 has the worker hold the lock of that name until it ends, however it ends
 *   {type: 'ping'}                       is answered by a pong: a heartbeat
 *   {type: 'report'}                     asks to be told of every request to the network, those before included, and of
 *                                        every attempt at one that is blocked
 * and with an `id` that the answers repeat:
 *   {id, type: 'load', model, options, rules, compiled, manifest}
 *                                        downloads and loads the model at an absolute address; `rules` are DownloadRules,
 *                                        `manifest`, which may be left out, is that of the bundle's version that is wanted; with
 *                                        `addresses`, {path: address}, `model` is a name, and the files are there
 *   {id, type: 'load', files, name, options, compiled}
 *                                        loads a model from {path: Uint8Array or Blob}; `compiled`, which may be left
 *                                        out, is the engine's binary if another worker has compiled it
 *   {id, type: 'annotate', text, options, reuse}
 *                                        options: see AnnotateOptions; `reuse`: whether windows are kept, and those that are kept
 *                                        of an earlier text are not run
 *   {id, type: 'part', key, text, options, reuse, part, of}
 *                                        runs one part in `of` of a text's windows, for `join`; messages of one `key`
 *                                        are about the same text and options
 *   {id, type: 'join', key, text, options, parts}
 *                                        makes the annotation of the values of all parts
 *   {id, type: 'openFiles', files, options}
 *                                        begins to read the documents of files, [{name, content}]: see DocumentReader
 *   {id, type: 'nextRecords'}            reads the next of their records
 *   {id, type: 'beginFile', format, options}
 *                                        begins a file: see DocumentWriter
 *   {id, type: 'addDocuments', documents}
 *                                        writes documents
 *   {id, type: 'endFile'}                ends the file
 *   {id, type: 'richText', document}     a document as a piece of HTML
 *   {id, type: 'listFormats'}            all formats
 *   {id, type: 'parsePipeline', text, name}
 *                                        parses a pipeline file, which errors call by that name
 *   {id, type: 'cancel'}                 drops the annotate or part request of that id, queued or running
 * A load is cancelled by ending the worker: while the model is prepared no message would get through. So is any other
 * request that goes on after it was told to stop.
 *
 * Out, without an `id`:
 *   {type: 'locked', lock}               the lock is held
 *   {type: 'pong'}                       the answer to 'ping', when messages are taken: not within a call of the engine
 *   {type: 'network', …}                 some of what was asked for: see NetworkReport in network-report.js
 *   {type: 'failed', message}            the worker is lost, and all its requests with it
 * and for a request any number of 'progress', at most one per 100 ms and stage, and of 'chunks', then one of the others:
 *   {id, type: 'progress', event}        load: {stage: 'download', file, loaded, total},
 *                                        {stage: 'prepare', loaded, total};
 *                                        annotate: {stage: 'annotate', done, total}
 *   {id, type: 'chunks', chunks}         the first chunks of a long result, a batch at a time: who takes them can draw in between
 *   {id, type: 'result', value}          load: {info: {name, labels, entities, …}, compiled, manifest}; annotate and join:
 *                                        {chunks, truncatedFrom, windows, windowsRun}, with the last chunks; of join, windowsRun is 0;
 *                                        part: {values: an array for each window, windowsRun};
 *                                        parsePipeline: {model, options, annotate, format}; nextRecords: an array,
 *                                        empty at the end; endFile: {bytes, warnings}; listFormats: an array
 *   {id, type: 'error', code, message}   the request failed, or was cancelled; the worker is well
 */

import { GlossaError, messageOf } from '../errors.js';
import { TAKEN_AWAY, reportRequests, reportViolations } from '../network-report.js';
import { takeAway } from '../take-away.js';
import { documentServices } from './documents.js';
import { isCoded, loadModel } from './load-model.js';
import { nextTask } from './next-task.js';
import { throttled } from './throttled.js';
import { loadEngine, takeBinariesFrom } from './wasm-binary.js';

/** @typedef {import('./wasm-binary.js').BoundAnnotator} BoundAnnotator */
/** @typedef {import('./wasm-binary.js').Job} Job */
/** @typedef {(event: import('../annotator.js').WorkerProgress) => void} OnProgress */

/**
 * A request; which of the properties there are depends on the type: see above.
 * @typedef {{ id: number, type: string, cancelled: boolean, [property: string]: any }} Request
 */

/** How long the engine runs before messages get a turn. */
const SLICE_MS = 40;
/** Chunks of a message: a page takes them in a few milliseconds. */
const BATCH = 2000;

/** @type {Map<number, Request>} requests queued or running */
const open = new Map();
let queue = Promise.resolve();
/** @type {BoundAnnotator | null} */
let annotator = null;
/** @type {{ key: number, job: Job } | null} the text that parts were last run of, cut into windows */
let shared = null;

self.onmessage = ({ data }) => {
  if (data.type === 'ping') return postMessage({ type: 'pong' });
  if (data.type === 'lock') return hold(data.lock);
  if (data.type === 'report') return report();
  if (data.type === 'binaries') return takeBinariesFrom(data.folder);
  if (data.type === 'cancel') {
    const request = open.get(data.id);
    if (request) request.cancelled = true;
    return;
  }
  const request = { ...data, cancelled: false };
  open.set(request.id, request);
  queue = queue.then(() => serve(request));
};

/**
 * Holds a lock for as long as the worker lives. Browsers may deny it.
 * @param {string} lock
 */
function hold(lock) {
  const forEver = () => {
    postMessage({ type: 'locked', lock });
    return new Promise(() => {});
  };
  navigator.locks?.request(lock, forEver).catch(() => {});
}

/** @type {Record<string, (request: Request) => unknown>} */
const SERVICES = { load, annotate, part, join, parsePipeline, ...documentServices };

/** The requests that bring a text to be annotated. */
const READS_A_TEXT = new Set(['annotate', 'part', 'join', 'nextRecords', 'addDocuments']);

/** When this thread got its first text, by its own clock. */
let aloneSince = Infinity;

/** From the first text on this thread has no network: what it needed, it has loaded. */
function stayAlone() {
  if (aloneSince < Infinity) return;
  aloneSince = performance.now();
  tellOfNetwork({ textSince: performance.timeOrigin + aloneSince });
  const onAttempt = (/** @type {string} */ name) => tellOfNetwork({ blocked: [{ rule: TAKEN_AWAY, target: name }] });
  takeAway(globalThis, 'a worker that has read a text asks for nothing any more', ['Worker'], onAttempt);
}

/** Whether anyone has asked to be told of the network. */
let reporting = false;

/** @param {import('../network-report.js').NetworkReport} report */
function tellOfNetwork(report) {
  if (reporting) postMessage({ type: 'network', ...report });
}

function report() {
  if (reporting) return;
  reporting = true;
  reportRequests(tellOfNetwork, (startTime) => startTime >= aloneSince);
  reportViolations(tellOfNetwork);
}

/** @param {Request} request */
async function serve(request) {
  const { id } = request;
  try {
    refuseIfCancelled(request);
    if (READS_A_TEXT.has(request.type)) stayAlone();
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
async function load(request) {
  forget();
  annotator?.free();
  annotator = null;
  const { compiled, manifest, ...loaded } = await loadModel(/** @type {import('./load-model.js').Wanted} */ (request), progressOf(request.id));
  annotator = loaded.annotator;
  return { info: annotator.info(), compiled, manifest };
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
  const job = begin(request);
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
    drop(job);
    throw error;
  }
  return finish(request, job);
}

/**
 * The annotation of a job whose windows have all been run; of a long one all but the last chunks are sent before. The job
 * is freed.
 * @param {Request} request
 * @param {Job} job
 */
function finish({ id }, job) {
  const { total: windows, ran: windowsRun } = job;
  const { chunks, ...found } = loaded().finish(job);
  let sent = 0;
  for (; sent + BATCH < chunks.length; sent += BATCH) {
    postMessage({ id, type: 'chunks', chunks: chunks.slice(sent, sent + BATCH) });
  }
  return { ...found, chunks: chunks.slice(sent), windows, windowsRun };
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
  const before = job.ran;
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
  return { values, windowsRun: job.ran - before };
}

/** @param {Request} request */
function join(request) {
  const annotator = loaded();
  const job = sharedJob(request);
  shared = null;
  try {
    for (const values of request.parts.flat()) annotator.accept(job, values);
  } catch (error) {
    drop(job);
    throw error;
  }
  return finish(request, job);
}

/**
 * The text of a request cut into windows; done once for the parts that come here.
 * @param {Request} request
 */
function sharedJob(request) {
  const { key } = request;
  if (shared && shared.key === key) return shared.job;
  forget();
  const job = begin(request);
  shared = { key, job };
  return job;
}

/** @param {Request} request */
function begin({ text, options, reuse }) {
  const job = loaded().begin(text, options);
  if (reuse) job.reuseWindows();
  return job;
}

function forget() {
  if (shared) drop(shared.job);
  shared = null;
}

/**
 * Frees a job. After a trap the engine does not give it up, and what trapped is to be told, not that.
 * @param {Job} job
 */
function drop(job) {
  try {
    job.free();
  } catch {
    // The worker is replaced.
  }
}

/** @param {Request} request */
function refuseIfCancelled({ cancelled }) {
  if (cancelled) throw new GlossaError('cancelled', 'cancelled');
}

/** @param {unknown} error */
function fail(error) {
  postMessage({ type: 'failed', message: `the engine stopped: ${messageOf(error)}` });
}

/**
 * Sends a request's progress.
 * @param {number} id
 */
const progressOf = (id) => throttled((event) => postMessage({ id, type: 'progress', event }));
