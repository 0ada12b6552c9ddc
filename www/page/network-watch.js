/** Hears of all requests to the network that this page can know of: its own, its workers' and its service worker's. */

import { TAKEN_AWAY, networkRequest, reportRequests, reportViolations } from '../glossa/network-report.js';

/** @typedef {import('./network-log.js').NetworkLog} NetworkLog */

/** @param {NetworkLog} log */
export function watchPage(log) {
  const tell = (/** @type {import('../glossa/network-report.js').NetworkReport} */ report) => log.add('page', report);
  // The page itself is no resource of its own.
  const navigation = performance.getEntriesByType('navigation');
  tell({ requests: navigation.map((entry) => networkRequest(/** @type {PerformanceNavigationTiming} */ (entry), false)) });
  reportRequests(tell);
  reportViolations(tell);
}

/**
 * What page code tried that was taken away from it, for {@link import('./stay-in-tab.js').stayInTab}.
 * @param {NetworkLog} log
 * @returns {(name: string) => void}
 */
export const attemptsOf = (log) => (name) => log.add('page', { blocked: [{ rule: TAKEN_AWAY, target: name }] });

/**
 * @param {NetworkLog} log
 * @param {Worker} worker of `glossa/worker/worker.js`
 */
export function watchWorker(log, worker) {
  worker.addEventListener('message', ({ data }) => {
    if (data?.type === 'network') log.add('worker', data);
  });
  worker.postMessage({ type: 'report' });
  return worker;
}

/** @param {NetworkLog} log */
export function watchServiceWorker(log) {
  const container = navigator.serviceWorker;
  if (!container) return;
  container.addEventListener('message', ({ data }) => {
    if (data?.type === 'network') log.add('service worker', data);
  });
  const ask = () => container.controller?.postMessage({ type: 'report' });
  container.addEventListener('controllerchange', ask);
  ask();
}
