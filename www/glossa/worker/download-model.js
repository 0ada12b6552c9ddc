/**
 * Downloads a model: a bundle (a folder with `manifest.json`), a Spark NLP export folder, a Hugging Face folder, or a zip.
 *
 * Files that a manifest lists are downloaded all at once, taken from the device where it has them, checked by length and
 * SHA-256, and kept. Of the other layouts nothing says which version is wanted, so nothing is kept.
 */

import { fileMismatch, fileUnreadable, messageOf } from '../errors.js';
import { fetchFile, readable } from '../fetch-file.js';
import * as hashedCache from '../hashed-cache.js';
import { shownAddress } from '../host-answer.js';
import { canHash, sha256 } from '../sha256.js';
import { graphPaths } from './graph-files.js';
import { ModelHost } from './model-host.js';

const MANIFEST = 'manifest.json';
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

/**
 * A file's bytes, in one piece or in consecutive chunks.
 * @typedef {Uint8Array<ArrayBuffer> | Uint8Array<ArrayBuffer>[]} Content
 */

/**
 * @typedef {object} DownloadedModel
 * @property {string} name the address of the folder, or of the zip's folder
 * @property {Record<string, Content>} files by path
 * @property {string[]} hashed paths of the files that `verified` is about
 * @property {Promise<unknown>} verified rejects with `file_mismatch` if one of those files does not have the SHA-256 that
 *   the manifest lists. The browser computes it on another thread while the model is prepared on this one.
 * @property {((paths: string[]) => Promise<void>)} [add] downloads more of the folder's files, as far as they are there, and
 *   adds them to `files`; missing where all files are there already
 */

/** @typedef {{ path: string, bytes: number, sha256: string }} ListedFile as a manifest has it */
/** @typedef {(event: { stage: 'download', file: string, loaded: number, total: number }) => void} OnProgress */

/**
 * @param {string} address absolute
 * @param {OnProgress} onProgress bytes of all files together; `total` is 0 where no manifest tells it
 * @param {import('./graph-files.js').Dtype} [dtype] which ONNX file of a Hugging Face folder is wanted
 * @returns {Promise<DownloadedModel>}
 * @throws {GlossaError} `file_missing` (a listed file, or the zip), `file_mismatch` (by length), `file_unreadable`
 */
export async function downloadModel(address, onProgress, dtype) {
  const host = new ModelHost(address);
  if (host.address.isArchive) return downloadArchive(host, onProgress);
  const manifest = await downloadIfThere(host, MANIFEST);
  if (manifest) return downloadListed(host, manifest, onProgress);
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
  if (archive) return downloadArchive(host, onProgress, archive);
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
 * @param {Response} [response] the archive, if it has been asked for
 * @returns {Promise<DownloadedModel>}
 */
async function downloadArchive({ address }, onProgress, response) {
  const { href } = address;
  const { folder, file } = address.archive;
  response ??= await fetchFile(href);
  const total = lengthOf(response);
  const tell = (/** @type {number} */ loaded) =>
    onProgress({ stage: 'download', file, loaded, total: loaded > total ? 0 : total });
  tell(0);
  const content = await readBody(response, href, undefined, tell);
  return { name: folder, files: { [file]: content }, hashed: [], verified: Promise.resolve() };
}

/**
 * The bytes that a body will have; 0 where the host does not tell. The length of a compressed body is none of what is
 * read, and whether one from another origin is compressed is not told.
 * @param {Response} response
 */
function lengthOf({ headers, type }) {
  const plain = type !== 'cors' && !headers.get('content-encoding');
  return (plain && Number(headers.get('content-length'))) || 0;
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
  content !== undefined && new TextDecoder().decode(concatenated(content)).includes(text);

/** @param {Content} content */
function concatenated(content) {
  if (!Array.isArray(content)) return content;
  const whole = new Uint8Array(content.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of content) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * @param {ModelHost} host
 * @param {Uint8Array<ArrayBuffer>} manifest
 * @param {OnProgress} onProgress
 * @returns {Promise<DownloadedModel>}
 */
async function downloadListed({ address: folder }, manifest, onProgress) {
  const listed = listedFiles(manifest);
  const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  const loaded = new Map(listed.map(({ path }) => [path, 0]));
  /** @type {Record<string, Content>} */
  const files = { [MANIFEST]: manifest };
  /** @type {Promise<void>[]} */
  const verified = [];
  /** @type {string[]} */
  const hashed = [];
  const one = async (/** @type {ListedFile} */ file) => {
    const tell = (/** @type {number} */ bytes) => {
      loaded.set(file.path, bytes);
      const sum = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
      onProgress({ stage: 'download', file: file.path, loaded: sum, total });
    };
    tell(0);
    const address = folder.of(file.path);
    const { content, cached } = await getListed(address, file, tell);
    files[file.path] = content;
    if (!canHash || Array.isArray(content)) return;
    hashed.push(file.path);
    const verifying = verify(address, file, content, cached);
    // Whoever waits for `verified` is told.
    verifying.catch(() => {});
    verified.push(verifying);
  };
  await Promise.all(listed.map(one));
  const all = Promise.all(verified);
  all.catch(() => {});
  return { name: folder.name, files, hashed, verified: all };
}

/**
 * The files that a manifest lists; none if the manifest is invalid, which is for the model's reader to say.
 * @param {Uint8Array} manifest
 * @returns {ListedFile[]}
 */
function listedFiles(manifest) {
  try {
    const { files } = JSON.parse(new TextDecoder().decode(manifest));
    return Array.isArray(files) && files.every(isListedFile) ? files : [];
  } catch {
    return [];
  }
}

/** @param {any} file */
const isListedFile = (file) =>
  typeof file?.path === 'string' && typeof file.sha256 === 'string' && Number.isSafeInteger(file.bytes) && file.bytes >= 0;

/**
 * @param {string} address
 * @param {ListedFile} file
 * @param {(bytes: number) => void} onLoaded
 * @returns {Promise<{ content: Content, cached: boolean }>}
 */
async function getListed(address, file, onLoaded) {
  const cached = await hashedCache.get(address, file.sha256);
  // What the device has is read in one go: chunk by chunk it takes several times as long.
  const kept = await cached?.arrayBuffer().catch(() => undefined);
  if (kept?.byteLength === file.bytes) {
    onLoaded(file.bytes);
    return { content: new Uint8Array(kept), cached: true };
  }
  const content = await readBody(await fetchFile(address), address, file.bytes, onLoaded);
  return { content, cached: false };
}

/**
 * Compares a file's SHA-256 with the manifest's, and keeps the file if it has it.
 * @param {string} address
 * @param {ListedFile} file
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {boolean} cached
 */
async function verify(address, file, content, cached) {
  const found = await readable(sha256(content), address);
  if (found !== file.sha256) {
    // The next attempt is to download it.
    if (cached) await hashedCache.remove(address, file.sha256);
    throw fileMismatch(shownAddress(address), `sha256 ${file.sha256}`, `sha256 ${found}`);
  }
  if (!cached) void hashedCache.put(address, file.sha256, content);
}

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
    const response = await host.fetchIfThere(path);
    if (!response) continue;
    files[path] = await readBody(response, host.address.of(path), undefined, tell);
    if (first) break;
    before += loaded;
  }
  return { name: host.address.name, files, hashed: [], verified: Promise.resolve() };
}

/**
 * A small file; `undefined` if there is none.
 * @param {ModelHost} host
 * @param {string} path
 */
async function downloadIfThere(host, path) {
  const response = await host.fetchIfThere(path);
  return response && new Uint8Array(await readable(response.arrayBuffer(), host.address.of(path)));
}

/**
 * Reads a response's body. One that is longer than `length` is refused as soon as it is.
 * @param {Response} response
 * @param {string} address
 * @param {number | undefined} length bytes that the manifest lists
 * @param {(bytes: number) => void} onLoaded
 * @returns {Promise<Content>} in one piece if it is to be hashed and kept
 */
async function readBody(response, address, length, onLoaded) {
  const whole = length !== undefined && length <= hashedCache.LARGEST ? allocated(length, address) : undefined;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  let loaded = 0;
  const reader = (response.body ?? new Blob().stream()).getReader();
  for (;;) {
    const { done, value } = await readable(reader.read(), address);
    if (done) break;
    if (length !== undefined && loaded + value.length > length) {
      reader.cancel().catch(() => {});
      throw fileMismatch(shownAddress(address), `${length} bytes`, 'more');
    }
    if (whole) whole.set(value, loaded);
    else chunks.push(value);
    loaded += value.length;
    onLoaded(loaded);
  }
  if (length !== undefined && loaded !== length) throw fileMismatch(shownAddress(address), `${length} bytes`, `${loaded} bytes`);
  return whole ?? chunks;
}

/**
 * @param {number} length
 * @param {string} address
 */
function allocated(length, address) {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw fileUnreadable(shownAddress(address), messageOf(error), error);
  }
}
