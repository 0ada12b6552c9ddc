/**
 * Tells the page what this worker asks the network for, so that its account of the network is whole: {type: 'network',
 * requests, blocked}, as network-report.js has them, to each of the page's tabs. A page that asks, {type: 'report'}, is told
 * what was asked for before, since this worker began: a browser may have stopped it in between.
 */

import { TAKEN_AWAY, reportRequests, reportViolations } from '../glossa/network-report.js';

/** @typedef {import('../glossa/network-report.js').NetworkReport} NetworkReport */
/** @typedef {import('../glossa/network-report.js').NetworkRequest} NetworkRequest */

/** Requests that are remembered for pages that open later: many times those of a version of the page. */
const MOST = 500;

export class RequestsTold {
  #scope;
  #clients;
  /** @type {NetworkRequest[]} */
  #requests = [];

  /**
   * @param {string} scope what begins the addresses of the page's tabs
   * @param {Clients} clients
   */
  constructor(scope, clients) {
    this.#scope = scope;
    this.#clients = clients;
  }

  begin() {
    const tell = (/** @type {NetworkReport} */ report) => void this.#tell(report);
    reportRequests(tell);
    reportViolations(tell);
  }

  /** @param {string} name of what was taken away, and was used all the same */
  attempt(name) {
    void this.#tell({ blocked: [{ rule: TAKEN_AWAY, target: name }] });
  }

  /** @param {Client} client */
  answer(client) {
    client.postMessage({ type: 'network', requests: this.#requests });
  }

  /** @param {NetworkReport} report */
  async #tell(report) {
    this.#requests = [...this.#requests, ...(report.requests ?? [])].slice(-MOST);
    for (const client of await this.#clients.matchAll({ type: 'window', includeUncontrolled: true })) {
      if (client.url.startsWith(this.#scope)) client.postMessage({ type: 'network', ...report });
    }
  }
}
