/** The manifests of models, which say which version of a model's files is wanted. They do not belong to a version of the page. */

import { fetch } from './own-network.js';
import { firstInTime } from './patience.js';

const CACHE = 'glossa-manifests';
/** Where they, and the page, were kept once. */
const OLD_CACHE = 'glossa-page';

/**
 * The network's answer, or if it fails or is slow, the device's.
 * @param {FetchEvent} event
 * @returns {Promise<Response>}
 */
export async function keepManifest(event) {
  const { request } = event;
  const cache = await caches.open(CACHE).catch(() => undefined);
  const kept = await cache?.match(request.url).catch(() => undefined);
  const coming = fetch(request).then((response) => {
    const page = response.headers.get('content-type')?.startsWith('text/html');
    const whole = response.status === 200 && !response.redirected && !page;
    if (cache && whole && !isSame(response, kept)) {
      event.waitUntil(cache.put(request.url, response.clone()).catch(() => {}));
    }
    return response;
  });
  // It may fail when nobody waits for it any more.
  coming.catch(() => {});
  return kept ? firstInTime(coming, kept) : coming;
}

/**
 * Whether the server says of both that they are one version of one file.
 * @param {Response} response
 * @param {Response | undefined} kept
 */
function isSame(response, kept) {
  const versions = [response, kept].map((found) => found?.headers.get('etag') ?? found?.headers.get('last-modified'));
  return versions[0] != null && versions[0] === versions[1] && response.url === kept?.url;
}

/**
 * Takes the manifests over from where they were kept with the page, file by file, and removes what else is there.
 * @param {string} scope
 */
export async function removeOldPage(scope) {
  try {
    if (!(await caches.has(OLD_CACHE))) return;
    const [old, cache] = [await caches.open(OLD_CACHE), await caches.open(CACHE)];
    for (const request of await old.keys()) {
      if (!request.url.startsWith(scope)) continue;
      const response = request.url.endsWith('/manifest.json') && (await old.match(request));
      if (response) await cache.put(request, response);
      await old.delete(request);
    }
    if (!(await old.keys()).length) await caches.delete(OLD_CACHE);
  } catch {
    // Storage is denied or full: they come from the network.
  }
}
