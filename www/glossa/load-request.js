/** What a caller asks for, as the engine is asked: where a model is, and options. */

import { baseAddress } from './base-address.js';
import { GlossaError } from './errors.js';
import { readable } from './fetch-file.js';
import { objection, shownAddress } from './host-answer.js';
import { checkIntegrity, expectedHashes, notForIntegrity } from './integrity.js';
import { strayPercent } from './model-address.js';

/** @typedef {import('./options.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('./annotator.js').ModelFiles} ModelFiles */
/** @typedef {import('./annotator.js').Source} Source */
/** @typedef {import('./worker-client.js').Message} Message */

/**
 * Options without those that are undefined, which the library would take for wrong values.
 * @template {object} Options
 * @param {Options | undefined} options
 * @returns {Options}
 */
export const withoutUndefined = (options) =>
  /** @type {Options} */ (Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)));

/** Other names of options: Spark NLP's. */
const ALIASES = { whiteList: 'entities', blackList: 'excludeEntities' };

/**
 * A call's options over a pipeline file's. The call may name an option by its alias.
 * @param {AnnotateOptions} options
 * @param {AnnotateOptions} defaults
 */
export function withDefaults(options, defaults) {
  const overridden = Object.entries(ALIASES).filter(([alias]) => alias in options).map(([, name]) => name);
  const others = Object.entries(defaults).filter(([name]) => !overridden.includes(name));
  return { ...Object.fromEntries(others), ...options };
}

/**
 * The request to load a model.
 * @param {Omit<Source, 'pipeline'>} source
 * @param {import('./download-rules.js').DownloadRules} rules
 * @returns {Message}
 */
export function loadRequest({ model, files, name = 'model', options, integrity }, rules) {
  const given = withoutUndefined(options);
  if (integrity !== undefined) {
    expectedHashes(integrity);
    if (files) throw notForIntegrity('files');
    if (model && isModelFiles(model)) throw notForIntegrity('a package');
  }
  if (files) return { type: 'load', files, name, options: given, rules };
  if (!model) throw new GlossaError('option_invalid', 'option model: an address is required, or files');
  if (isModelFiles(model)) {
    const { manifest, files: addresses } = model;
    const absolute = Object.fromEntries(Object.entries(addresses).map(([path, address]) => [path, new URL(address, baseAddress()).href]));
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    return { type: 'load', model: String(manifest.name ?? name), manifest: bytes, addresses: absolute, options: given, rules };
  }
  /** @type {URL} */
  let address;
  try {
    address = new URL(/** @type {string | URL} */ (model), baseAddress());
  } catch (error) {
    throw new GlossaError('option_invalid', `option model: ${model} is not an address`, { cause: error });
  }
  const wrong = strayPercent(address.pathname);
  if (wrong) {
    const reason = `in ${model}, ${wrong} is no escape; write a % of a file's name as %25`;
    throw new GlossaError('option_invalid', `option model: ${reason}`);
  }
  return { type: 'load', model: address.href, options: given, rules, integrity };
}

/**
 * @param {NonNullable<Source['model']>} model
 * @returns {model is ModelFiles}
 */
const isModelFiles = (model) => typeof model === 'object' && 'manifest' in model && 'files' in model;

/**
 * The files of a model that comes as a host's answer.
 * @param {Response} response
 * @param {string} [integrity]
 * @returns {Promise<Pick<Source, 'model' | 'integrity' | 'files' | 'name'>>}
 * @throws {GlossaError} `file_missing`, `file_unreadable`, `file_mismatch`, `option_invalid`
 */
export async function filesOf(response, integrity) {
  if (integrity !== undefined) expectedHashes(integrity);
  const found = await objection(response, response.url || 'the response');
  if (found) throw found.error;
  const address = shownAddress(response.url) || 'the response';
  const zip = await readable(response.blob(), address);
  if (integrity !== undefined) await checkIntegrity(await readable(zip.arrayBuffer(), address), integrity, address);
  return { model: undefined, integrity: undefined, files: { 'model.zip': zip }, name: address };
}
