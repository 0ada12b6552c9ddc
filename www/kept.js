/** Files that the service worker keeps by their hash, for those who would rather not wait until it has started. */

/** The cache; sw.js fills it. */
export const HASHED = 'glossa-hashed';

/**
 * What an address `…#sha256=…` leads to: from the device where it is there, else from the network.
 * @param {string} address
 * @returns {Promise<Response>}
 */
export async function get(address) {
  const { origin, pathname, hash } = new URL(address);
  // Browsers deny the cache to pages that came without encryption, or have none.
  const kept = hash && (await keptAs(`${origin}${pathname}?${hash.slice(1)}`).catch(() => undefined));
  return kept || fetch(address);
}

const keptAs = async (key) => caches.match(key, { cacheName: HASHED });
