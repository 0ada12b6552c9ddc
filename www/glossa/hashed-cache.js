/**
 * The cache of files whose SHA-256 is known before they are downloaded: a model's, and the engine's binary.
 *
 * This module alone knows where they are kept: in the cache storage of the page's origin, under the file's address with
 * `?sha256=` and the hash. Of each file only one version is kept, of the engine's binary two. Browsers deny cache storage to pages without a secure
 * context and to some private windows; then nothing is kept, and nothing fails.
 */

const CACHE = 'glossa-hashed';

/** Bytes of a file from which on it is not kept. */
export const LARGEST = 256 << 20;

/** How the engine's binary is kept: a tab that began before the page was replaced still needs the one before. */
export const ENGINE = { type: 'application/wasm', others: 1 };

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
 * Keeps a file whose hash the caller has checked, in place of the versions before.
 * @param {string} address
 * @param {string} sha256
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {{ type?: string, others?: number }} [how] its MIME type, and how many of the versions before are left
 */
export async function put(address, sha256, content, { type = 'application/octet-stream', others = 0 } = {}) {
  const cache = await open();
  if (!cache || content.byteLength > LARGEST) return;
  const key = keyOf(address, sha256);
  const headers = { 'content-type': type, 'content-length': String(content.byteLength) };
  try {
    await cache.put(key, new Response(content, { headers }));
    const before = (await cache.keys(key, { ignoreSearch: true })).filter(({ url }) => url !== key);
    // A cache has its keys in the order in which they were put there.
    const dropped = before.slice(0, before.length - others);
    await Promise.all(dropped.map((version) => cache.delete(version)));
  } catch {
    // Storage is full, or denied.
  }
}

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
 * @param {string} address
 * @param {string} sha256
 */
function keyOf(address, sha256) {
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}?sha256=${sha256}`;
}

/** @returns {Promise<Cache | undefined>} */
async function open() {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined;
  }
}
