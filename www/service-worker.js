/**
 * Keeps the page's shell on the device, so that it opens without a network: HTML, CSS, scripts and model manifests. The
 * large files, which have hashes, are kept by `glossa/hashed-cache.js`.
 *
 * The shell comes from the network, and from the device if that fails or is slow, so that no visit mixes versions.
 */

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const SHELL = 'glossa-page';
const OF_THE_SHELL = /(\/|\.(html|css|js|json))$/;
/** Milliseconds that the network may take if the device has an answer. */
const PATIENCE_MS = 1500;

worker.addEventListener('install', () => void worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin || !OF_THE_SHELL.test(pathname)) return;
  event.respondWith(newest(event));
});

/**
 * The network's answer, or after `PATIENCE_MS` or a failure the device's.
 * @param {FetchEvent} event
 * @returns {Promise<Response>}
 */
async function newest(event) {
  const { request } = event;
  const found = fetch(request);
  // It may fail before anybody waits for it.
  found.catch(() => {});
  const cache = await caches.open(SHELL).catch(() => undefined);
  const kept = cache?.match(request.url, { ignoreSearch: request.mode === 'navigate' }).catch(() => undefined);
  const coming = found.then(async (response) => {
    const whole = cache && response.status === 200 && !response.redirected;
    if (whole && !isSame(response, await kept)) {
      event.waitUntil(cache.put(request.url, response.clone()).catch(() => {}));
    }
    return response;
  });
  const late = Symbol('late');
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, late));
  const answer = await Promise.race([coming, patience]).catch(() => late);
  if (answer instanceof Response) return answer;
  return (await kept) ?? coming;
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
