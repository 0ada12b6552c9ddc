/** From a request to load a model to the engine's annotator, on the thread that this is called on. */

import { downloadModel } from './download-model.js';
import { loadEngine, renewEngine } from './wasm-binary.js';

/** @typedef {import('./wasm-binary.js').BoundAnnotator} BoundAnnotator */
/** @typedef {import('./wasm-binary.js').BoundAnnotatorClass} BoundAnnotatorClass */
/** @typedef {import('./wasm-binary.js').Engine} Engine */
/** @typedef {(event: import('../annotator.js').WorkerProgress) => void} OnProgress */

/**
 * What is to be loaded: the request `load` of worker.js.
 * @typedef {object} Wanted
 * @property {string} [model]
 * @property {Record<string, unknown>} [files]
 * @property {string} [name]
 * @property {{ dtype?: import('./graph-files.js').Dtype }} [options]
 * @property {import('../download-rules.js').DownloadRules} [rules]
 * @property {WebAssembly.Module} [compiled]
 * @property {Uint8Array<ArrayBuffer>} [manifest]
 * @property {Record<string, string>} [addresses]
 * @property {string} [integrity] of the zip or the manifest
 */

/**
 * @param {Wanted} wanted
 * @param {OnProgress} tell
 * @returns {Promise<{ annotator: BoundAnnotator, compiled: WebAssembly.Module, manifest?: Uint8Array<ArrayBuffer> }>} `compiled`: the engine's
 *   binary; `manifest`: a bundle's, by which another thread loads the same version
 * @throws {import('../errors.js').GlossaError} by what is wrong with the model or its files
 */
export async function loadModel(wanted, tell) {
  const { model, files = {}, name = 'model', options, rules, compiled, manifest, addresses, integrity } = wanted;
  // The files come while the engine is downloaded and compiled.
  const download = model ? downloadModel(model, tell, { dtype: options?.dtype, rules, manifest, addresses, integrity }) : null;
  // Its failure is told where it is awaited, which may be later.
  download?.catch(() => {});
  const engine = await loadEngine({ compiled, rules });
  const annotator = download
    ? await fromDownload(engine, await download, options, tell)
    : engine.bindings.Annotator.fromFiles(name, files, options, tell);
  const downloaded = await download;
  downloaded?.keep?.();
  return { annotator, compiled: engine.compiled, manifest: downloaded?.manifest };
}

/**
 * @param {Engine} engine
 * @param {import('./download-model.js').DownloadedModel} download
 * @param {object | undefined} options
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

/**
 * Whether an error is one of the engine's, which have a code. Anything else is a trap, after which its memory cannot be trusted.
 * @param {unknown} error
 * @returns {error is import('../errors.js').GlossaError}
 */
export const isCoded = (error) => typeof (/** @type {any} */ (error)?.code) === 'string';
