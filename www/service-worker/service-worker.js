/**
 * Keeps the page on the device, so that it opens without a network, and so that no visit mixes versions: a visit has
 * the version that it began with, whatever is deployed meanwhile.
 *
 * `page-versions.js` keeps whole versions, `client-notes.js` remembers which visit has which, `manifests.js` keeps the
 * manifests of models. The large files, which have hashes, are kept by `glossa/hashed-cache.js`.
 */

import { ClientNotes } from './client-notes.js';
import { keepManifest, removeOldPage } from './manifests.js';
import { closeNetwork, fetch } from './own-network.js';
import { firstInTime } from './patience.js';
import { PageVersions } from './page-versions.js';

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

closeNetwork(worker);

const { scope } = worker.registration;
const versions = new PageVersions(scope);
const notes = new ClientNotes(scope, worker.clients);

/** The files that a version may have; what else there is goes its way without this worker. */
const OF_THE_PAGE = /\.(html|css|js|json|svg|png|ico|woff2)$/;
const MANIFEST = /\/manifest\.json$/;

worker.addEventListener('install', (event) => {
  void worker.skipWaiting();
  // A page that cannot be kept can still be visited.
  event.waitUntil(versions.update().catch(() => {}));
});

worker.addEventListener('activate', (event) => event.waitUntil(activate()));

async function activate() {
  await removeOldPage(scope);
  const version = await versions.current();
  await worker.clients.claim();
  // These began before there was a worker, with what the server had a moment ago. Other pages that are below the page's
  // folder, and use its files, are not of a version.
  const isOurs = (/** @type {string} */ address) => versions.isPage(address) || address.startsWith(`${scope}pkg/`);
  if (version) await notes.noteOpen(version, isOurs);
}

worker.addEventListener('message', (event) => {
  const { source, data } = event;
  if (source instanceof WindowClient && data?.type === 'worker') event.waitUntil(notes.noteWorker(data.address, source.id));
});

worker.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || !url.startsWith(scope) || origin !== location.origin) return;
  if (mode === 'navigate') {
    if (versions.isPage(url)) event.respondWith(openPage(event));
  } else if (MANIFEST.test(pathname)) {
    event.respondWith(keepManifest(event));
  } else if (OF_THE_PAGE.test(pathname)) {
    event.respondWith(fileOfVersion(event));
  }
});

/**
 * The page in its newest version, or if the network fails or is slow, in the one that the device has.
 * @param {FetchEvent} event
 */
async function openPage(event) {
  const kept = await versions.current();
  const updating = versions.update();
  event.waitUntil(updating.then(finish).catch(() => {}));
  if (!kept) return fetch(event.request);
  const version = await firstInTime(updating, kept);
  if (!version) {
    // The host is there and has no versions, so its page is what it has now.
    const found = await fetch(event.request).catch(() => undefined);
    if (found && (found.ok || found.type === 'opaqueredirect')) return found;
  }
  return (await pageOf(version ?? kept, event.resultingClientId)) ?? fetch(event.request);
}

/**
 * @param {string} version
 * @param {string} client the id of the visit
 */
async function pageOf(version, client) {
  const page = await versions.file(version, scope);
  // Before the browser has the page: its first requests come at once, and this worker may be stopped at any time.
  if (page) await notes.note(client, version);
  return page;
}

/**
 * What can wait until the page is there: looks whether the version is still what the host has, and removes versions that
 * no visit has any more.
 * @param {string | undefined} version
 */
async function finish(version) {
  await versions.checkPage(version).catch(() => {});
  await versions.keepOnly(await notes.versionsInUse());
}

/**
 * A file in the version that its visit began with.
 * @param {FetchEvent} event
 */
async function fileOfVersion({ request, clientId, resultingClientId }) {
  const version = await notes.versionOf(clientId);
  const file = version && (await versions.file(version, request.url));
  // A thread of the page is a client of its own.
  if (version && resultingClientId) await notes.note(resultingClientId, version);
  return file || fetch(request);
}
