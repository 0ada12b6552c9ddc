/**
 * A bundle: the files that a manifest lists, downloaded all at once, or taken from the device where it has them. Each is
 * checked by its length and SHA-256. One that does not fit, kept or downloaded, is downloaded anew, once.
 *
 * What has been loaded is kept with its manifest. So what the device has is a whole bundle, which does when the host does
 * not answer, or not with a manifest.
 */

import { fileMismatch } from '../errors.js';
import { readable } from '../fetch-file.js';
import { firstInTime } from '../first-in-time.js';
import * as hashedCache from '../hashed-cache.js';
import { shownAddress } from '../host-answer.js';
import { checkIntegrity } from '../integrity.js';
import { canHash, sha256 } from '../sha256.js';

/** @typedef {import('../file-content.js').Content} Content */
/** @typedef {import('./download-model.js').DownloadedModel} DownloadedModel */
/** @typedef {import('./download-model.js').OnProgress} OnProgress */
/** @typedef {import('./model-host.js').BundleHost} BundleHost */
/** @typedef {import('./model-host.js').ModelHost} ModelHost */

/** @typedef {{ path: string, bytes: number, sha256: string }} ListedFile as a manifest has it */

export const MANIFEST = 'manifest.json';

/**
 * The manifest of what is to be loaded: the host's; or if that does not come, is none, or is slow, the one that is kept with all
 * its files.
 * @param {ModelHost} host
 * @param {string} [integrity] what it is to be
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} undefined if there is none
 * @throws {GlossaError} `file_unreadable`, `redirect_refused`, `file_mismatch` by `integrity`
 */
export async function manifestOf(host, integrity) {
  if (integrity !== undefined) return expectedManifest(host, integrity);
  const coming = host.fetchIfThere(MANIFEST).then((file) => file?.bytes());
  coming.catch(() => {});
  const kept = await keptManifest(host);
  if (!kept) return coming;
  const good = coming.then((found) => {
    if (!found || !listedFiles(found).length) throw new Error('it is no manifest');
    return found;
  });
  const chosen = await firstInTime(good, kept);
  // One that comes too late is for the next load.
  if (chosen === kept) void good.then((late) => prepareNext(host, late, kept)).catch(() => {});
  return chosen;
}

/**
 * The manifest that is expected: the one that is kept, or else the host's.
 * @param {ModelHost} host
 * @param {string} integrity
 */
async function expectedManifest(host, integrity) {
  const address = shownAddress(host.address.of(MANIFEST));
  const kept = await keptManifest(host);
  const isExpected = kept && checkIntegrity(kept, integrity, address).then(() => true, () => false);
  if (await isExpected) return kept;
  const found = await (await host.fetchIfThere(MANIFEST))?.bytes();
  if (found) await checkIntegrity(found, integrity, address);
  return found;
}

/**
 * @param {ModelHost} host
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>} undefined if one of its files is not kept
 */
async function keptManifest({ address }) {
  const manifest = await hashedCache.getManifest(address.of(MANIFEST));
  if (!manifest) return undefined;
  const files = listedFiles(manifest);
  const kept = await Promise.all(files.map((file) => hashedCache.get(address.of(file.path), file.sha256)));
  return kept.every(Boolean) ? manifest : undefined;
}

/**
 * Keeps what a manifest lists, so that the next load has it.
 * @param {ModelHost} host
 * @param {Uint8Array<ArrayBuffer>} manifest
 * @param {Uint8Array<ArrayBuffer>} kept
 */
async function prepareNext(host, manifest, kept) {
  if (manifest.length === kept.length && manifest.every((byte, i) => byte === kept[i])) return;
  const { verified, keep } = await downloadBundle(host, manifest, () => {});
  await verified;
  keep();
}

/**
 * @param {BundleHost} host
 * @param {Uint8Array<ArrayBuffer>} manifest
 * @param {OnProgress} onProgress
 * @returns {Promise<DownloadedModel & { keep: () => void }>}
 * @throws {GlossaError} `file_missing`, `file_mismatch` (by length), `file_unreadable`, `redirect_refused`
 */
export async function downloadBundle(host, manifest, onProgress) {
  const listed = listedFiles(manifest);
  const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  const loaded = new Map(listed.map(({ path }) => [path, 0]));
  /** @type {Record<string, Content>} */
  const files = { [MANIFEST]: manifest };
  /** @type {Promise<boolean>[]} whether each file has been replaced */
  const checks = [];
  /** @type {string[]} */
  const hashed = [];
  /** @type {Promise<void>[]} what is being kept */
  const keeping = [];
  const one = async (/** @type {ListedFile} */ file) => {
    const tell = (/** @type {number} */ bytes) => {
      loaded.set(file.path, bytes);
      const sum = [...loaded.values()].reduce((sum, bytes) => sum + bytes, 0);
      onProgress({ stage: 'download', file: file.path, loaded: sum, total });
    };
    tell(0);
    const address = host.of(file.path);
    const found = await getFile(host, file, tell);
    files[file.path] = found.content;
    if (!canHash || Array.isArray(found.content)) return;
    hashed.push(file.path);
    const checking = verifiedContent(host, file, { content: found.content, from: found.from }, tell).then((content) => {
      if (content !== found.content || found.from !== 'device') {
        keeping.push(hashedCache.put(address, file.sha256, content));
      }
      files[file.path] = content;
      return content !== found.content;
    });
    // Whoever waits for `verified` is told.
    checking.catch(() => {});
    checks.push(checking);
  };
  await Promise.all(listed.map(one));
  const verified = Promise.all(checks).then((replaced) => replaced.includes(true));
  verified.catch(() => {});
  const keep = () => {
    if (checks.length === listed.length) void keepManifest(host, manifest, listed, keeping);
  };
  return { name: host.name, files, manifest, hashed, verified, keep };
}

/**
 * Keeps the manifest when its files are kept, and only then removes the versions of the files that were kept before: at no
 * time has the device less than a whole bundle.
 * @param {BundleHost} host
 * @param {Uint8Array<ArrayBuffer>} manifest
 * @param {ListedFile[]} listed
 * @param {Promise<void>[]} keeping the files that are still being written
 */
async function keepManifest(host, manifest, listed, keeping) {
  await Promise.all(keeping);
  if (host.isFolder) await hashedCache.putManifest(host.of(MANIFEST), manifest);
  await Promise.all(listed.map(({ path, sha256 }) => hashedCache.tidy(host.of(path), sha256)));
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

/** @typedef {{ content: Content, from: 'device' | 'host' | 'host, anew' }} Found */

/**
 * A file by its length; its hash is still to be compared.
 * @param {BundleHost} host
 * @param {ListedFile} file
 * @param {(bytes: number) => void} onLoaded
 * @returns {Promise<Found>}
 */
async function getFile(host, file, onLoaded) {
  const address = host.of(file.path);
  const cached = await hashedCache.get(address, file.sha256);
  // What the device has is read in one go: chunk by chunk it takes several times as long.
  const kept = await cached?.arrayBuffer().catch(() => undefined);
  if (kept?.byteLength === file.bytes) {
    onLoaded(file.bytes);
    return { content: new Uint8Array(kept), from: 'device' };
  }
  if (cached) await hashedCache.remove(address, file.sha256);
  try {
    return { content: await download(host, file, onLoaded), from: 'host' };
  } catch (error) {
    if (/** @type {import('../errors.js').GlossaError} */ (error).code !== 'file_mismatch') throw error;
    return { content: await download(host, file, onLoaded, 'reload'), from: 'host, anew' };
  }
}

/**
 * @param {BundleHost} host
 * @param {ListedFile} file
 * @param {(bytes: number) => void} onLoaded
 * @param {RequestCache} [cache] `reload`: past what the browser has of it, which may be older than the manifest
 */
async function download(host, file, onLoaded, cache) {
  const hosted = await host.fetch(file.path, cache);
  return hosted.read({ length: file.bytes, checked: canHash, onLoaded });
}

/**
 * Compares a file's SHA-256 with the manifest's. If it is another, the file is downloaded anew.
 * @param {BundleHost} host
 * @param {ListedFile} file
 * @param {Found & { content: Uint8Array<ArrayBuffer> }} found
 * @param {(bytes: number) => void} onLoaded
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the content, or that of the file that has been downloaded anew
 * @throws {GlossaError} `file_mismatch`: the host's file is not the one listed; and if it does not come, as `fetchFile`
 */
async function verifiedContent(host, file, { content, from }, onLoaded) {
  const address = host.of(file.path);
  const mismatch = await mismatchOf(address, file, content);
  if (!mismatch) return content;
  if (from === 'host, anew') throw mismatch;
  if (from === 'device') await hashedCache.remove(address, file.sha256);
  const anew = /** @type {Uint8Array<ArrayBuffer>} */ (await download(host, file, onLoaded, 'reload'));
  const wrong = await mismatchOf(address, file, anew);
  if (wrong) throw wrong;
  return anew;
}

/**
 * @param {string} address
 * @param {ListedFile} file
 * @param {Uint8Array<ArrayBuffer>} content
 */
async function mismatchOf(address, file, content) {
  const found = await readable(sha256(content), address);
  return found === file.sha256 ? undefined : fileMismatch(shownAddress(address), `sha256 ${file.sha256}`, `sha256 ${found}`);
}
