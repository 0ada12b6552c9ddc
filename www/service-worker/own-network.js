/** The service worker's network: its page's files and what the page asks for, and nothing else, whoever would ask. */

import { takeAway } from '../glossa/take-away.js';

/** What only service workers have. */
const OF_SERVICE_WORKERS = ['Clients.prototype.openWindow', 'WindowClient.prototype.navigate'];

/** @type {typeof globalThis.fetch} */
let ask = (...given) => globalThis.fetch(...given);

/**
 * Leaves only {@link fetch} of this module to the service worker.
 * @param {ServiceWorkerGlobalScope} worker
 * @param {(name: string) => void} [onAttempt] is told what is used all the same
 */
export function closeNetwork(worker, onAttempt) {
  ask = worker.fetch.bind(worker);
  takeAway(worker, 'the service worker asks for its page’s files only', OF_SERVICE_WORKERS, onAttempt);
}

/**
 * As the browser's, for a file of the page's folder by its plain address, or for a request as a client has made it.
 * @param {string | Request} what
 * @param {RequestInit} [how]
 * @returns {Promise<Response>}
 */
export async function fetch(what, how) {
  const { method, url } = typeof what === 'string' ? { method: how?.method ?? 'GET', url: what } : what;
  const plain = typeof what !== 'string' || !/[?#]/.test(url);
  if (method !== 'GET' || !plain || how?.body) throw new TypeError(`${url}: the service worker does not ask for that`);
  return ask(what, how);
}
