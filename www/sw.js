/**
 * Keeps the page, the engine and models on the device, so that a second visit is fast and works without a network.
 *
 * A request whose address ends in `#sha256=…` is for that very content: it is answered from the device where it is
 * there, and kept only if it has that hash; it takes the place of what the same path held before. Everything else of the
 * page comes from the network, and from the device where that fails or is slow, so that no visit mixes versions.
 */

const PAGE = 'glossa-page';
const HASHED = 'glossa-hashed';

/** What belongs to the page. Models without a manifest are not kept: nothing would tell that they have changed. */
const OF_THE_PAGE = /(\/|\.(html|css|js|json|wasm))$/;
/** Files are hashed in memory; larger ones are left to the browser's own cache. */
const LARGEST = 256 << 20;
/** How long the network may take where there is another answer. */
const PATIENCE_MS = 1500;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== 'GET' || address.origin !== location.origin) return;
  const hash = /^#sha256=([0-9a-f]{64})$/.exec(address.hash)?.[1];
  if (hash) event.respondWith(byHash(event, request, address, hash));
  else if (OF_THE_PAGE.test(address.pathname)) event.respondWith(newest(event, request));
});

async function byHash(event, request, address, hash) {
  const key = `${address.origin}${address.pathname}?sha256=${hash}`;
  const cache = await opened(HASHED);
  const kept = await cache?.match(key).catch(() => undefined);
  if (kept) return kept;
  const response = await fetch(request);
  if (cache && response.status === 200) event.waitUntil(keep(cache, key, hash, response.clone()).catch(() => {}));
  return response;
}

async function keep(cache, key, hash, response) {
  if (Number(response.headers.get('content-length')) > LARGEST) return;
  const { headers } = response;
  const content = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  if ([...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') !== hash) return;
  // The content is no longer encoded in the way, and as long, as the headers say.
  const type = headers.get('content-type') ?? 'application/octet-stream';
  await cache.put(key, new Response(content, { headers: { 'content-type': type, 'content-length': content.byteLength } }));
  const others = await cache.keys(key, { ignoreSearch: true });
  await Promise.all(others.filter(({ url }) => url !== key).map((other) => cache.delete(other)));
}

async function newest(event, request) {
  const found = fetch(request);
  // It may fail before anybody waits for it.
  found.catch(() => {});
  const cache = await opened(PAGE);
  const kept = cache?.match(request.url, { ignoreSearch: request.mode === 'navigate' }).catch(() => undefined);
  const coming = found.then(async (response) => {
    const whole = cache && response.status === 200 && !response.redirected;
    if (whole && !isSame(response, await kept)) {
      const copy = response.clone();
      event.waitUntil(cache.put(request.url, copy).catch(() => {}));
    }
    return response;
  });
  const late = Symbol();
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, late));
  const answer = await Promise.race([coming, patience]).catch(() => late);
  if (answer !== late) return answer;
  return (await kept) ?? coming;
}

/** Whether the server says of both that they are one version of one file. */
function isSame(response, kept) {
  const versions = [response, kept].map((found) => found?.headers.get('etag') ?? found?.headers.get('last-modified'));
  return versions[0] != null && versions[0] === versions[1] && response.url === kept.url;
}

/** A cache, unless the browser denies it. */
const opened = (name) => caches.open(name).catch(() => undefined);
