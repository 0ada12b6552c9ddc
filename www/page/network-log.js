/** The page's account of the network: what was loaded from where, and what was asked for since a text came in. */

/** @typedef {import('../glossa/network-report.js').BlockedAttempt} BlockedAttempt */
/** @typedef {import('../glossa/network-report.js').NetworkReport} NetworkReport */
/** @typedef {import('../glossa/network-report.js').NetworkRequest} NetworkRequest */

/** @typedef {'page' | 'worker' | 'service worker'} Thread */
/** @typedef {NetworkRequest & { thread: Thread }} LoggedRequest */
/** @typedef {BlockedAttempt & { thread: Thread }} LoggedAttempt */

/**
 * What came from an origin. `bytes` are those that came over the network, `deviceBytes` those that this device had.
 * @typedef {{ origin: string, files: number, bytes: number, deviceBytes: number }} Origin
 */

/**
 * @typedef {object} Account
 * @property {number} [since] when the first text came in, in milliseconds since 1970; missing as long as there is none
 * @property {Origin[]} origins in the order in which they were first asked
 * @property {LoggedRequest[]} sent requests that went to the network since then, in their order
 * @property {LoggedRequest[]} byHolders those of them that threads made which had the text
 * @property {LoggedAttempt[]} blocked attempts that were blocked, at any time
 * @property {boolean} hasServiceWorkers whether the service worker has told of its requests
 */

/** Milliseconds by which the clocks of two threads may differ. */
const SKEW = 50;

export class NetworkLog {
  #page;
  #from;
  #now;
  #onChange;
  /** @type {LoggedRequest[]} */
  #requests = [];
  /** @type {Set<string>} what tells requests apart: the service worker may tell of one twice */
  #known = new Set();
  /** @type {LoggedAttempt[]} */
  #blocked = [];
  /** @type {number | undefined} */
  #since;
  #hasServiceWorkers = false;

  /**
   * @param {{ page: string, from: number, now: () => number, onChange?: () => void }} options `page`: its address; `from`: when
   *   the visit began; times are milliseconds since 1970
   */
  constructor({ page, from, now, onChange = () => {} }) {
    this.#page = new URL(page).origin;
    this.#from = from;
    this.#now = now;
    this.#onChange = onChange;
  }

  /** To be called whenever a text comes in; the first time counts. */
  textCameIn() {
    if (this.#since === undefined) this.#begin(this.#now());
  }

  /** @param {number} since */
  #begin(since) {
    this.#since = since;
    this.#onChange();
  }

  /**
   * @param {Thread} thread
   * @param {NetworkReport} report
   */
  add(thread, { requests = [], blocked = [], textSince = Infinity }) {
    if (thread === 'service worker') this.#hasServiceWorkers = true;
    for (const request of requests) {
      const key = `${thread} ${request.begin} ${request.address}`;
      // The service worker remembers what it asked for before this visit, too.
      if (request.begin < this.#from || this.#known.has(key)) continue;
      this.#known.add(key);
      this.#requests.push({ ...request, thread });
    }
    // No worker gets a text that has not come in: whatever brought it did not say so.
    if (textSince < (this.#since ?? Infinity)) this.#begin(textSince);
    for (const attempt of blocked) this.#blocked.push({ ...attempt, thread });
    this.#onChange();
  }

  /** @returns {Account} */
  get account() {
    const since = this.#since;
    const requests = this.#made();
    const sent = requests.filter((request) => since !== undefined && request.sent >= since && !request.fromDevice);
    sent.sort((a, b) => a.sent - b.sent);
    return {
      since,
      origins: byOrigin(requests),
      sent,
      byHolders: sent.filter(({ hadText }) => hadText),
      blocked: [...this.#blocked],
      hasServiceWorkers: this.#hasServiceWorkers,
    };
  }

  /** Each request once, by the thread that wanted it, without those that were blocked. */
  #made() {
    const blocked = new Set(this.#blocked.map(({ target }) => target));
    const since = this.#since ?? Infinity;
    /** @type {Map<string, LoggedRequest[]>} those of pages and workers that the service worker was given */
    const wanted = new Map();
    const made = [];
    for (const { ...request } of this.#requests) {
      // Browsers list what a policy has kept from other hosts as if it had been tried.
      if (blocked.has(request.address) && new URL(request.address).origin !== this.#page) continue;
      if (request.thread === 'page') request.hadText = request.begin >= since;
      if (request.thread === 'service worker') continue;
      made.push(request);
      if (!request.viaServiceWorker) continue;
      const same = wanted.get(request.address);
      if (same) same.push(request);
      else wanted.set(request.address, [request]);
    }
    for (const request of this.#requests) {
      if (request.thread !== 'service worker') continue;
      const { begin, address } = request;
      const passedOn = wanted.get(address)?.find((client) => client.begin - SKEW <= begin && begin <= client.end + SKEW);
      // The thread that wanted it is told that its answer came from the service worker, whose answer came over the network.
      if (passedOn) passedOn.fromDevice &&= request.fromDevice;
      else made.push({ ...request });
    }
    return made;
  }
}

/** @param {LoggedRequest[]} requests */
function byOrigin(requests) {
  /** @type {Map<string, Origin & { addresses: Set<string> }>} */
  const origins = new Map();
  for (const { address, bytes, fromDevice } of requests) {
    const { origin } = new URL(address);
    const sum = origins.get(origin) ?? { origin, files: 0, bytes: 0, deviceBytes: 0, addresses: new Set() };
    origins.set(origin, sum);
    sum.addresses.add(address);
    if (fromDevice) sum.deviceBytes += bytes;
    else sum.bytes += bytes;
  }
  return [...origins.values()].map(({ addresses, ...sum }) => ({ ...sum, files: addresses.size }));
}
