/** A pipeline file: a model with its options in one JSON document, as the command line's `--pipeline` reads it too. */

import { baseAddress } from './base-address.js';
import { rulesOf } from './download-rules.js';
import { GlossaError, fileUnreadable, messageOf } from './errors.js';
import { fetchFile, readable } from './fetch-file.js';
import { WorkerClient } from './worker-client.js';

/**
 * What a pipeline file says, defaults filled in; `model` is an absolute address.
 * @typedef {object} Pipeline
 * @property {string} [model]
 * @property {import('./options.js').LoadOptions} options
 * @property {import('./options.js').AnnotateOptions} annotate
 * @property {string} [format] what the command line writes
 */

/**
 * As it is parsed: `model` is still relative to the file.
 * @typedef {Pipeline} ParsedPipeline
 */

/**
 * Reads a pipeline file without loading its model.
 * @param {object | string | URL | Blob} source the document as an object, as JSON text, at an address, or in a file
 * @param {{ signal?: AbortSignal, client?: Pick<WorkerClient, 'request'> } & import('./download-rules.js').DownloadOptions} [options]
 *   `client`: a worker to parse it, instead of one that is started and ended for it
 * @returns {Promise<Pipeline>}
 * @throws {GlossaError} `pipeline_invalid`, `file_missing`, `file_unreadable`, `redirect_refused`, `option_invalid`,
 *   `cancelled`, `worker_failed`
 */
export async function readPipeline(source, { signal, client, ...options } = {}) {
  const { text, name, from } = await contents(source, { signal, rules: rulesOf(options) });
  const started = client ? null : new WorkerClient();
  const parser = client ?? /** @type {WorkerClient} */ (started);
  try {
    const parsed = await parser.request({ type: 'parsePipeline', text, name }, { signal });
    const { model, options, annotate, format } = /** @type {ParsedPipeline} */ (parsed);
    return { model: model && resolved(model, from, name), options, annotate, format };
  } finally {
    started?.end(new GlossaError('disposed', 'the pipeline file has been read'));
  }
}

/**
 * The document's text, its name in errors, and the address that its model's path is relative to.
 * @param {object | string | URL | Blob} source
 * @param {import('./ask-host.js').AskOptions} options
 * @returns {Promise<{ text: string, name: string, from: string }>}
 */
async function contents(source, options) {
  if (source instanceof Blob) {
    const name = source instanceof File ? source.name : 'pipeline';
    return { text: await readable(source.text(), name, options.signal), name, from: baseAddress() };
  }
  if (typeof source === 'string' && source.trimStart().startsWith('{')) {
    return { text: source, name: 'pipeline', from: baseAddress() };
  }
  if (typeof source === 'string' || source instanceof URL) return download(source, options);
  try {
    return { text: JSON.stringify(source) ?? '', name: 'pipeline', from: baseAddress() };
  } catch (error) {
    throw invalid('pipeline', messageOf(error), error);
  }
}

/**
 * @param {string | URL} source
 * @param {import('./ask-host.js').AskOptions} options
 */
async function download(source, options) {
  let address;
  try {
    address = new URL(source, baseAddress()).href;
  } catch (error) {
    throw fileUnreadable(String(source), messageOf(error), error);
  }
  const file = await fetchFile(address, options);
  const { url } = file.response;
  return { text: await file.text(), name: url, from: url };
}

/**
 * @param {string} model
 * @param {string} from
 * @param {string} name
 */
function resolved(model, from, name) {
  try {
    return new URL(model, from).href;
  } catch (error) {
    throw invalid(name, `its model ${JSON.stringify(model)} is not an address`, error);
  }
}

/**
 * @param {string} name
 * @param {string} reason
 * @param {unknown} cause
 */
const invalid = (name, reason, cause) =>
  new GlossaError('pipeline_invalid', `${name}: invalid pipeline: ${reason}`, { cause });
