/** A pipeline's document: a model with its settings, as the command line's `--pipeline` reads it too. */

import { GlossaError } from './errors.js';
import { Engine } from './engine-client.js';

/**
 * What a pipeline says, defaults filled in; `model` is an absolute address.
 * @typedef {{ model?: string, options: object, annotate: object, format?: string }} Pipeline
 */

const base = () => globalThis.document?.baseURI ?? location.href;

/**
 * Reads a pipeline without loading its model.
 * @param {object | string | URL | Blob} source the document as an object, as JSON text, at an address or in a file
 * @param {{ signal?: AbortSignal, engine?: Engine }} [settings] `engine`: a worker to do it, instead of one of its own
 * @returns {Promise<Pipeline>}
 */
export async function readPipeline(source, { signal, engine } = {}) {
  const { text, name, from } = await contents(source, signal);
  const own = engine ? null : new Engine();
  try {
    const pipeline = await (engine ?? own).request({ type: 'pipeline', text, name }, { signal });
    const { model, options, annotate, format } = pipeline;
    return { model: model && resolved(model, from, name), options, annotate, format };
  } finally {
    own?.end(new GlossaError('disposed', 'the pipeline has been read'));
  }
}

/** The document's text, its name in errors, and the address that its model's path starts from. */
async function contents(source, signal) {
  if (source instanceof Blob) return { text: await source.text(), name: source.name ?? 'pipeline', from: base() };
  if (typeof source === 'string' && source.trimStart().startsWith('{')) {
    return { text: source, name: 'pipeline', from: base() };
  }
  if (typeof source === 'string' || source instanceof URL) return download(source, signal);
  try {
    return { text: JSON.stringify(source) ?? '', name: 'pipeline', from: base() };
  } catch (error) {
    throw new GlossaError('pipeline_invalid', `pipeline: invalid pipeline: ${error.message}`, { cause: error });
  }
}

async function download(source, signal) {
  const unreadable = (reason, cause) => {
    if (signal?.aborted) return new GlossaError('cancelled', 'cancelled', { cause });
    return new GlossaError('file_unreadable', `${source}: cannot be read: ${reason}`, { cause });
  };
  let response;
  try {
    const address = new URL(source, base());
    response = await fetch(address, { signal });
  } catch (error) {
    throw unreadable(error.message, error);
  }
  if (response.status === 404) throw new GlossaError('file_missing', `${response.url}: no such file`);
  if (!response.ok) throw unreadable(`status ${response.status}`);
  try {
    return { text: await response.text(), name: response.url, from: response.url };
  } catch (error) {
    throw unreadable(error.message, error);
  }
}

function resolved(model, from, name) {
  try {
    return new URL(model, from).href;
  } catch (error) {
    const reason = `its model ${JSON.stringify(model)} is no address`;
    throw new GlossaError('pipeline_invalid', `${name}: invalid pipeline: ${reason}`, { cause: error });
  }
}
