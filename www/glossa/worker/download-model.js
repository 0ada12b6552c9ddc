/**
 * Downloads a model: a bundle (a folder with `manifest.json`), a Spark NLP export folder, a Hugging Face folder, or a zip.
 *
 * Files that a manifest lists are downloaded all at once, taken from the device where it has them, checked by length and
 * SHA-256, and kept. Of the other layouts nothing says which version is wanted, so nothing is kept.
 */

import { joined } from '../file-content.js';
import { GlossaError } from '../errors.js';
import { lengthOf } from '../hosted-file.js';
import { shownAddress } from '../host-answer.js';
import { checkIntegrity } from '../integrity.js';
import { downloadBundle, manifestOf } from './download-bundle.js';
import { graphPaths } from './graph-files.js';
import { ModelHost, ScatteredHost } from './model-host.js';

/** The files of a Spark NLP export folder; the first tells that it is one. */
const EXPORT_FOLDER = ['assets/vocab.txt', 'assets/labels.txt', 'model.onnx'];
/** Assets that only exports for other classes than BERT's have: that they are there is told, so that the class is named. */
const OTHER_ASSETS = ['assets/merges.txt', 'assets/spm.model', 'assets/sentencepiece.bpe.model', 'assets/spiece.model'];
/** The vocabularies of Hugging Face folders without `tokenizer.json`; the tokenizer's class decides which is read. */
const VOCABULARIES = ['vocab.txt', 'vocab.json', 'merges.txt'];
/** Vocabularies that cannot be read: that they are there is told, so that the user learns what to do. */
const UNREADABLE_VOCABULARIES = [
  'spm.model',
  'sentencepiece.bpe.model',
  'spiece.model',
  'sentencepiece.model',
  'tokenizer.model',
  'bpe.codes',
];

/** @typedef {import('../file-content.js').Content} Content */

/**
 * @typedef {object} DownloadedModel
 * @property {string} name the address of the folder, or of the zip's folder
 * @property {Record<string, Content>} files by path
 * @property {Uint8Array<ArrayBuffer>} [manifest] a bundle's, by which another worker loads the same version
 * @property {string[]} hashed paths of the files that `verified` is about
 * @property {Promise<boolean>} verified whether one of those files did not have the SHA-256 that the manifest lists, so that
 *   another has come and taken its place in `files`: then the model is to be prepared again. Rejects with `file_mismatch` if
 *   that one does not have it either. The browser computes it on another thread while the model is prepared on this one.
 * @property {() => void} [keep] is to be called when the model has been prepared: from then on it takes the place of the version
 *   of a bundle that was kept before
 * @property {((paths: string[]) => Promise<void>)} [add] downloads more of the folder's files, as far as they are there, and
 *   adds them to `files`; missing where all files are there already
 */

/** @typedef {(event: { stage: 'download', file: string, loaded: number, total: number }) => void} OnProgress */

/**
 * @param {string} address absolute
 * @param {OnProgress} onProgress bytes of all files together; `total` is 0 where no manifest tells it
 * @param {object} [options]
 * @param {import('./graph-files.js').Dtype} [options.dtype] which ONNX file of a Hugging Face folder is wanted
 * @param {import('../download-rules.js').DownloadRules} [options.rules]
 * @param {Uint8Array<ArrayBuffer>} [options.manifest] that of the version that is wanted of a bundle, instead of the newest
 * @param {Record<string, string>} [options.addresses] those of the files that the manifest lists, by path, if they are in no folder;
 *   then `address` is the model's name
 * @param {string} [options.integrity] what the zip or the manifest is to be, if `manifest` is not given
 * @returns {Promise<DownloadedModel>}
 * @throws {GlossaError} `file_missing` (a listed file, or the zip), `file_mismatch` (by length, or by `integrity`), `file_unreadable`,
 *   `redirect_refused`, `option_invalid` (`integrity` of a folder without a manifest)
 */
export async function downloadModel(address, onProgress, { dtype, rules, manifest, addresses, integrity } = {}) {
  if (manifest && addresses) return downloadBundle(new ScatteredHost(address, rules, addresses), manifest, onProgress);
  const host = new ModelHost(address, rules);
  if (host.address.isArchive) return downloadArchive(host, onProgress, { integrity });
  manifest ??= await manifestOf(host, integrity);
  if (manifest) return downloadBundle(host, manifest, onProgress);
  if (integrity !== undefined) {
    const archive = await host.archiveIfThere();
    if (archive) return downloadArchive(host, onProgress, { archive, integrity });
    const reason = `at ${shownAddress(address)} is neither a manifest.json, which has the hashes of its files, nor a zip`;
    throw new GlossaError('option_invalid', `option integrity: ${reason}`);
  }
  const model = await downloadFolder(host, onProgress, dtype);
  const found = Object.keys(model.files);
  if (found.length) {
    host.explainMissingGraph(found);
    const add = async (/** @type {string[]} */ paths) => {
      Object.assign(model.files, (await downloadUnlisted(host, paths, onProgress)).files);
    };
    return { ...model, add };
  }
  const archive = await host.archiveIfThere();
  if (archive) return downloadArchive(host, onProgress, { archive });
  host.explainNothingFound();
  return model;
}

/**
 * A folder without a manifest: a Spark NLP export folder or a Hugging Face folder.
 * @param {ModelHost} host
 * @param {OnProgress} onProgress
 * @param {import('./graph-files.js').Dtype} [dtype]
 */
async function downloadFolder(host, onProgress, dtype) {
  const [first, ...others] = EXPORT_FOLDER;
  const vocabulary = await downloadIfThere(host, first);
  if (!vocabulary) return downloadHuggingFace(host, onProgress, dtype);
  // An export for RoBERTa has a vocabulary and merges. Beside them there may be all of a Hugging Face folder.
  if (await host.isThere(OTHER_ASSETS[0])) return downloadHuggingFace(host, onProgress, dtype);
  const model = await downloadUnlisted(host, others, onProgress);
  model.files[first] = vocabulary;
  return model;
}

/**
 * @param {ModelHost} host
 * @param {OnProgress} onProgress
 * @param {object} [known]
 * @param {import('../hosted-file.js').HostedFile} [known.archive] if it has been asked for
 * @param {string} [known.integrity]
 * @returns {Promise<DownloadedModel>}
 */
async function downloadArchive(host, onProgress, { archive, integrity } = {}) {
  const { folder, file } = host.address.archive;
  archive ??= await host.archive();
  const total = lengthOf(archive.response);
  const tell = (/** @type {number} */ loaded) =>
    onProgress({ stage: 'download', file, loaded, total: loaded > total ? 0 : total });
  tell(0);
  const content = await archive.read({ onLoaded: tell });
  if (integrity !== undefined) await checkIntegrity(joined(content), integrity, `${folder}/${file}`);
  return { name: folder, files: { [file]: content }, hashed: [], verified: Promise.resolve(false) };
}

/**
 * The files of a Hugging Face folder, as far as they are there and needed.
 * @param {ModelHost} host
 * @param {OnProgress} onProgress
 * @param {import('./graph-files.js').Dtype} [dtype]
 * @returns {Promise<DownloadedModel>}
 */
async function downloadHuggingFace(host, onProgress, dtype) {
  const model = await downloadUnlisted(host, ['config.json', 'tokenizer.json', 'tokenizer_config.json'], onProgress);
  const { files } = model;
  const more = async (/** @type {string[]} */ paths, /** @type {{ first?: boolean }} */ options = {}) =>
    Object.assign(files, (await downloadUnlisted(host, paths, onProgress, options)).files);
  if (!('config.json' in files) || !('tokenizer.json' in files)) {
    if (await noteFirst(host, OTHER_ASSETS, files)) return model;
  }
  if (!('config.json' in files)) return model;
  // Newer configurations say everything themselves.
  if (!says(files['tokenizer_config.json'], '"added_tokens_decoder"')) await more(['special_tokens_map.json']);
  if (!('tokenizer.json' in files)) {
    await more(VOCABULARIES);
    if ('merges.txt' in files) await more(['added_tokens.json']);
    if (!('vocab.txt' in files || 'merges.txt' in files)) await noteFirst(host, UNREADABLE_VOCABULARIES, files);
  }
  await more(graphPaths(dtype), { first: true });
  return model;
}

/**
 * Adds the first of these files that is there, without its content: all that matters of it is that it is there.
 * @param {ModelHost} host
 * @param {string[]} paths
 * @param {Record<string, Content>} files
 * @returns {Promise<boolean>} whether there was one
 */
async function noteFirst(host, paths, files) {
  for (const path of paths) {
    if (!(await host.isThere(path))) continue;
    files[path] = new Uint8Array();
    return true;
  }
  return false;
}

/**
 * Whether a small file has this text.
 * @param {Content | undefined} content
 * @param {string} text
 */
const says = (content, text) =>
  content !== undefined && new TextDecoder().decode(joined(content)).includes(text);

/**
 * What there is of some files: it is for the model's reader to say whether one that is missing matters.
 * @param {ModelHost} host
 * @param {string[]} paths
 * @param {OnProgress} onProgress
 * @param {{ first?: boolean }} [options] `first`: whether only the first file that is there is wanted
 * @returns {Promise<DownloadedModel>}
 */
async function downloadUnlisted(host, paths, onProgress, { first = false } = {}) {
  /** @type {Record<string, Content>} */
  const files = {};
  let before = 0;
  for (const path of paths) {
    let loaded = 0;
    const tell = (/** @type {number} */ bytes) => {
      loaded = bytes;
      onProgress({ stage: 'download', file: path, loaded: before + loaded, total: 0 });
    };
    tell(0);
    const file = await host.fetchIfThere(path);
    if (!file) continue;
    files[path] = await file.read({ onLoaded: tell });
    if (first) break;
    before += loaded;
  }
  return { name: host.address.name, files, hashed: [], verified: Promise.resolve(false) };
}

/**
 * A small file; `undefined` if there is none.
 * @param {ModelHost} host
 * @param {string} path
 */
async function downloadIfThere(host, path) {
  const file = await host.fetchIfThere(path);
  return file?.bytes();
}
