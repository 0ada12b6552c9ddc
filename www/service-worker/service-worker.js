/**
 * Keeps the page on the device, so that it opens without a network, and so that no visit mixes versions: a visit has
 * the version that it began with, whatever is deployed meanwhile.
 *
 * `page-versions.js` keeps whole versions, `client-notes.js` remembers which visit has which. Models and the engine's binary
 * are kept by `glossa/hashed-cache.js`.
 *
 * Pages are told by a message, {type: 'new-version'}, that a newer version is kept than theirs; a page that asks,
 * {type: 'is-newest', look}, is told so again, `look` being whether the host is to be asked first. `tell-requests.js` tells
 * them what this worker asks the network for.
 */

import { firstInTime } from '../glossa/first-in-time.js';
import { ClientNotes } from './client-notes.js';
import { closeNetwork, fetch } from './own-network.js';
import { PageVersions } from './page-versions.js';
import { RequestsTold } from './tell-requests.js';

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const { scope } = worker.registration;
const told = new RequestsTold(scope, worker.clients);
closeNetwork(worker, (name) => told.attempt(name));
told.begin();

const versions = new PageVersions(scope);
const notes = new ClientNotes(scope, worker.clients);

/** The files that a version may have; what else there is goes its way without this worker. */
const OF_THE_PAGE = /\.(html|css|js|json|svg|png|ico|woff2)$/;
/** How often, at most, the host is asked for a newer version for a page that is open. */
const LOOK_MS = 60 * 60 * 1000;
let looked = 0;

worker.addEventListener('install', (event) => {
  void worker.skipWaiting();
  // A page that cannot be kept can still be visited.
  event.waitUntil(versions.update().catch(() => {}));
});

worker.addEventListener('activate', (event) => event.waitUntil(activate()));

async function activate() {
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
  } else if (OF_THE_PAGE.test(pathname)) {
    event.respondWith(fileOfVersion(event));
  }
});

worker.addEventListener('message', (event) => {
  const { type, look } = event.data ?? {};
  if (!(event.source instanceof Client)) return;
  if (type === 'is-newest') event.waitUntil(answer(event.source, look));
  if (type === 'report') told.answer(event.source);
});

/**
 * @param {Client} client
 * @param {boolean} look
 */
async function answer(client, look) {
  if (look && Date.now() - looked > LOOK_MS) {
    looked = Date.now();
    await versions.update().catch(() => {});
  }
  await tellIfOld(client);
}

/** @param {Client} client */
async function tellIfOld(client) {
  const [its, newest] = await Promise.all([notes.versionOf(client.id), versions.current()]);
  if (its && newest && its !== newest) client.postMessage({ type: 'new-version' });
}

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
    // The host is there and has no list of a version. Another page than that of the version is what it has now; with the
    // same, it is only the list, and maybe other files, that do not come.
    const found = await fetch(event.request).catch(() => undefined);
    const isAnswer = found && (found.ok || found.type === 'opaqueredirect');
    if (isAnswer && !(await versions.isPageOf(kept, found))) return found;
  }
  const chosen = version ?? kept;
  const page = () => pageOf(chosen, event.resultingClientId);
  // What is slow to come anew is waited for when it is asked for.
  if (await firstInTime(versions.isWhole(chosen), true)) return (await page()) ?? fetch(event.request);
  // Some of it is damaged, and the host has no more of it. Without the host, what there is may still do.
  const found = await fetch(event.request).catch(() => undefined);
  return found?.ok ? found : ((await page()) ?? found ?? Response.error());
}

/**
 * @param {string} version
 * @param {string} client the id of the visit
 */
async function pageOf(version, client) {
  const page = await versions.file(version, scope);
  if (page?.type === 'error') return undefined;
  // Before the browser has the page: its first requests come at once, and this worker may be stopped at any time.
  if (page) await notes.note(client, version);
  return page;
}

/**
 * What can wait until the page is there: tells other pages of the version, looks whether it is still what the host has, and
 * removes versions that no visit has any more.
 * @param {string | undefined} version
 */
async function finish(version) {
  looked = Date.now();
  for (const client of await worker.clients.matchAll({ type: 'window' })) await tellIfOld(client);
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
