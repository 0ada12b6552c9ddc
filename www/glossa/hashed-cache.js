/**
 * The cache of files whose SHA-256 is known before they are downloaded: a model's, and the engine's binary; and of the
 * manifests that list them.
 *
 * This module alone knows where they are kept: in the cache storage of the page's origin, under the file's address with
 * `?sha256=` and the hash, or `?manifest`. Of each file only one version is kept, of the engine's binary two. Whoever takes a
 * file from here compares its hash. Browsers deny cache storage to pages without a secure context and to some private windows;
 * then nothing is kept, and nothing fails.
 */

import { withoutQuery } from './base-address.js';
import { LARGEST_WHOLE } from './file-content.js';
import { sha256 } from './sha256.js';

const CACHE = 'glossa-hashed';

/** How the engine's binary is kept: a tab that began before the page was replaced still needs the one before. */
export const ENGINE = { type: 'application/wasm', others: 1 };

/** The header with a kept manifest's own hash. */
const HASH = 'sha256';

/** @typedef {{ type?: string, others?: number }} How a file's MIME type, and how many of the versions before are left */

/**
 * A file as it was kept.
 * @param {string} address
 * @param {string} sha256
 * @returns {Promise<Response | undefined>}
 */
export async function get(address, sha256) {
  const cache = await open();
  return cache?.match(keyOf(address, sha256)).catch(() => undefined);
}

/**
 * Keeps a file whose hash the caller has checked. The versions before stay until {@link tidy} removes them.
 * @param {string} address
 * @param {string} sha256
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {How} [how]
 */
export async function put(address, sha256, content, { type = 'application/octet-stream', others = 0 } = {}) {
  const cache = await open();
  if (!cache || content.byteLength > LARGEST_WHOLE) return;
  const write = () => {
    const headers = { 'content-type': type, 'content-length': String(content.byteLength) };
    return cache.put(keyOf(address, sha256), new Response(content, { headers }));
  };
  try {
    await write().catch(async () => {
      // Storage is full: what is not wanted any more may be what fills it.
      await removeOldest(cache, await versionsOf(cache, address), others);
      await write();
    });
  } catch {
    // Storage is full, or denied.
  }
}

/**
 * Removes the versions of a file that were kept before this one. A thread may be ended before it has come to that, so it
 * is done whenever a file is used.
 * @param {string} address
 * @param {string} sha256
 * @param {How} [how]
 */
export async function tidy(address, sha256, { others = 0 } = {}) {
  const cache = await open();
  try {
    const versions = cache ? await versionsOf(cache, address) : [];
    const wanted = versions.indexOf(keyOf(address, sha256));
    if (cache && wanted > 0) await removeOldest(cache, versions.slice(0, wanted), others);
  } catch {
    // Storage is denied.
  }
}

/**
 * The keys of what is kept of a file, the oldest first: a cache has its keys in the order in which they were put there.
 * @param {Cache} cache
 * @param {string} address
 */
async function versionsOf(cache, address) {
  const keys = await cache.keys(withoutQuery(address), { ignoreSearch: true });
  return keys.map(({ url }) => url).filter((url) => url.startsWith(keyOf(address, '')));
}

/**
 * @param {Cache} cache
 * @param {string[]} versions the oldest first
 * @param {number} others how many of the newest are left
 */
const removeOldest = (cache, versions, others) =>
  Promise.all(versions.slice(0, Math.max(0, versions.length - others)).map((version) => cache.delete(version)));

/**
 * Removes a file, such as one whose content has turned out to be damaged.
 * @param {string} address
 * @param {string} sha256
 */
export async function remove(address, sha256) {
  const cache = await open();
  await cache?.delete(keyOf(address, sha256)).catch(() => {});
}

/**
 * Whether any version of a file is kept.
 * @param {string} address
 * @returns {Promise<boolean>}
 */
export async function has(address) {
  const cache = await open();
  return Boolean(await cache?.match(address, { ignoreSearch: true }).catch(() => undefined));
}

/**
 * The manifest whose files were loaded last; one that is damaged is removed.
 * @param {string} address
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>}
 */
export async function getManifest(address) {
  const cache = await open();
  const kept = await cache?.match(manifestKeyOf(address)).catch(() => undefined);
  if (!cache || !kept) return undefined;
  const content = await kept.arrayBuffer().catch(() => undefined);
  if (content && (await sha256(content)) === kept.headers.get(HASH)) return new Uint8Array(content);
  await cache.delete(manifestKeyOf(address)).catch(() => {});
  return undefined;
}

/**
 * Keeps a manifest in place of the one before.
 * @param {string} address
 * @param {Uint8Array<ArrayBuffer>} content
 */
export async function putManifest(address, content) {
  const cache = await open();
  try {
    const headers = { 'content-type': 'application/json', [HASH]: await sha256(content) };
    await cache?.put(manifestKeyOf(address), new Response(content, { headers }));
  } catch {
    // Storage is full, or denied.
  }
}

/**
 * @param {string} address
 * @param {string} sha256
 */
const keyOf = (address, sha256) => `${withoutQuery(address)}?sha256=${sha256}`;

/** @param {string} address */
const manifestKeyOf = (address) => `${withoutQuery(address)}?manifest`;

/** @returns {Promise<Cache | undefined>} */
async function open() {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined;
  }
}
