/**
 * The engine's own thread. It holds one model; requests are served in order, one at a time.
 *
 * In, each with an `id` that the answers repeat:
 *   {id, type: 'load', model, options}         downloads and loads the model folder at an absolute address
 *   {id, type: 'load', files, name, options}   loads a model from {path: Uint8Array or Blob}
 *   {id, type: 'annotate', text, options}      options: see glossa.js
 *   {id, type: 'part', key, text, options, part, of}
 *                                              runs one part in `of` of the windows of a text, for `join`; messages of
 *                                              one `key` are about the same text and options
 *   {id, type: 'join', key, text, options, parts}
 *                                              makes the annotation of the values of all parts
 *   {id, type: 'pipeline', text, name}         reads a pipeline's document, which errors call by that name
 *   {id, type: 'cancel'}                       drops the annotate request of that id, queued or running
 * A load may bring the engine's binary `compiled` elsewhere. A load is cancelled by ending the worker: while the graph is prepared no message would get through.
 *
 * Out, any number of 'progress', at most one per 100 ms and stage, then one of the others:
 *   {id, type: 'progress', event}        load: {stage: 'download', file, loaded, total},
 *                                        {stage: 'prepare', loaded, total};
 *                                        annotate: {stage: 'annotate', done, total}
 *   {id, type: 'result', value}          load: {info: {name, labels, entities, …}, compiled}; annotate and join:
 *                                        {chunks, truncatedFrom, windows}; part: an array of values for each window;
 *                                        pipeline: {model, options, annotate, format}
 *   {id, type: 'error', code, message}   the request failed; the worker is well
 *   {type: 'failed', message}            the worker is lost, and all its requests with it
 */

import { fetchAhead } from './ahead.js';
import { loadEngine } from './engine.js';

/** How long the engine runs before messages get a turn. */
const SLICE_MS = 40;
const PROGRESS_MS = 100;

/** @type {Map<number, {type: string, cancelled: boolean}>} requests queued or running */
const open = new Map();
let queue = Promise.resolve();
let annotator = null;
/** @type {{ key: number, job: object } | null} the text that parts were last run of, cut into windows */
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

// A panic in the engine's asynchronous code surfaces here, and leaves its promise pending for ever.
self.onunhandledrejection = ({ reason }) => fail(reason);

async function serve(request) {
  const { id } = request;
  try {
    refuseIfCancelled(request);
    const value = await SERVICES[request.type](request);
    postMessage({ id, type: 'result', value });
  } catch (error) {
    // The engine gives its own errors a code. Anything else is a trap, after which its memory cannot be trusted.
    if (typeof error?.code !== 'string') return fail(error);
    postMessage({ id, type: 'error', code: error.code, message: error.message });
  } finally {
    open.delete(id);
  }
}

const SERVICES = { load, annotate, part, join, pipeline };

async function load({ id, model, files, name, options, compiled }) {
  const ask = model && fetchAhead(model);
  const engine = await loadEngine(compiled);
  const { Annotator } = engine.bindings;
  forget();
  annotator?.free();
  annotator = null;
  annotator = files
    ? Annotator.fromFiles(name, files, options, throttled(id))
    : await Annotator.fetch(model, options, throttled(id), ask);
  return { info: annotator.info(), compiled: engine.compiled };
}

async function pipeline({ text, name }) {
  const { bindings } = await loadEngine();
  return bindings.Annotator.parsePipeline(text, name);
}

async function annotate(request) {
  forget();
  const tell = throttled(request.id);
  let job = annotator.begin(request.text, request.options);
  const progress = () => tell({ stage: 'annotate', done: job.done, total: job.total });
  try {
    progress();
    while (annotator.advance(job, SLICE_MS)) {
      progress();
      await nextTask();
      refuseIfCancelled(request);
    }
    progress();
    const finished = job;
    // finish() takes the job, which must not be freed again.
    job = null;
    const windows = finished.total;
    return { ...annotator.finish(finished), windows };
  } finally {
    job?.free();
  }
}

async function part(request) {
  const { part, of } = request;
  const tell = throttled(request.id);
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

function join(request) {
  const job = sharedJob(request);
  shared = null;
  let taken = false;
  try {
    for (const values of request.parts.flat()) annotator.accept(job, values);
    const windows = job.total;
    taken = true;
    return { ...annotator.finish(job), windows };
  } finally {
    if (!taken) job.free();
  }
}

/** The text of a request cut into windows; done once for the parts that come here. */
function sharedJob({ key, text, options }) {
  if (shared?.key !== key) {
    forget();
    shared = { key, job: annotator.begin(text, options) };
  }
  return shared.job;
}

function forget() {
  shared?.job.free();
  shared = null;
}

function refuseIfCancelled({ cancelled }) {
  if (cancelled) throw Object.assign(new Error('cancelled'), { code: 'cancelled' });
}

function fail(error) {
  postMessage({ type: 'failed', message: `the engine stopped: ${error?.message ?? error}` });
}

/** Sends a request's progress events: the first and last of a stage, and those in between now and then. */
function throttled(id) {
  let stage;
  let last = 0;
  return (event) => {
    const now = performance.now();
    const complete = (event.done ?? event.loaded) === event.total;
    if (event.stage === stage && !complete && now - last < PROGRESS_MS) return;
    stage = event.stage;
    last = now;
    postMessage({ id, type: 'progress', event });
  };
}

const turn = new MessageChannel();

/** Resolves in a later task, so that messages are taken first; a timer would wait 4 ms each time. */
function nextTask() {
  return new Promise((resolve) => {
    turn.port1.onmessage = resolve;
    turn.port2.postMessage(null);
  });
}
