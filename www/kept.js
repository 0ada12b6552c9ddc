/** Files that the service worker keeps by their hash, for those who would rather not wait until it has started. */

/** The cache; sw.js fills it. */
export const HASHED = 'glossa-hashed';

/**
 * What an address `…#sha256=…` leads to: from the device where it is there, else from the network.
 * @param {string} address
 * @returns {Promise<Response>}
 */
export async function get(address) {
  return (await kept(address)) || fetch(address);
}

/**
 * What the device has of an address `…#sha256=…`.
 * @param {string} address
 * @returns {Promise<Response | undefined>}
 */
export async function kept(address) {
  const { origin, pathname, hash } = new URL(address);
  if (!hash) return undefined;
  try {
    return await caches.match(`${origin}${pathname}?${hash.slice(1)}`, { cacheName: HASHED });
  } catch {
    // Browsers deny the cache to pages that came without encryption, or have none.
    return undefined;
  }
}
