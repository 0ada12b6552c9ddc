/**
 * What a thread has asked for, as its browser counts it (Resource Timing), and what it was kept from. Browsers list a
 * request when it has ended, and list no connections (WebSocket, WebTransport, WebRTC): those are taken away or forbidden.
 */

/**
 * A request. Times are milliseconds since 1970; `bytes` are those of the body as it came.
 * @typedef {object} NetworkRequest
 * @property {string} address
 * @property {number} begin when its thread asked for it
 * @property {number} sent when the browser sent it, which may be later, as far as it tells
 * @property {number} end
 * @property {number} bytes
 * @property {boolean} fromDevice whether the answer is known to have come from this device: a cache or the service worker
 * @property {boolean} viaServiceWorker whether it was given to the service worker first
 * @property {boolean} hadText whether its thread held a text when it began; the page knows that of itself
 */

/**
 * An attempt that came to nothing: by a rule of the content security policy, or because the function was taken away.
 * @typedef {{ rule: string, target: string }} BlockedAttempt
 */

/**
 * `textSince`: when the thread was given its first text.
 * @typedef {{ requests?: NetworkRequest[], blocked?: BlockedAttempt[], textSince?: number }} NetworkReport
 */

/** The rule that an attempt to use a function which was taken away is blocked by. */
export const TAKEN_AWAY = 'taken away';

/**
 * @param {PerformanceResourceTiming} entry
 * @param {boolean} hadText
 * @returns {NetworkRequest}
 */
export function networkRequest(entry, hadText) {
  const { name, startTime, workerStart, requestStart, responseEnd, transferSize, encodedBodySize, decodedBodySize } = entry;
  const { deliveryType } = /** @type {{ deliveryType?: string }} */ (/** @type {unknown} */ (entry));
  // A body that nothing was transferred for came from the device, in browsers that have no `deliveryType` too.
  const untransferred = transferSize === 0 && encodedBodySize > 0;
  return {
    address: name,
    begin: performance.timeOrigin + startTime,
    sent: performance.timeOrigin + Math.max(startTime, requestStart),
    end: performance.timeOrigin + Math.max(startTime, responseEnd),
    bytes: encodedBodySize || decodedBodySize,
    fromDevice: deliveryType === 'cache' || untransferred,
    viaServiceWorker: workerStart > 0,
    hadText,
  };
}

/**
 * Tells of the requests of this thread, those before included.
 * @param {(report: NetworkReport) => void} tell
 * @param {(startTime: number) => boolean} [hadText] whether the thread held a text at that time of its clock
 */
export function reportRequests(tell, hadText = () => false) {
  const observer = new PerformanceObserver((list) => {
    const entries = /** @type {PerformanceResourceTiming[]} */ (list.getEntries());
    tell({ requests: entries.map((entry) => networkRequest(entry, hadText(entry.startTime))) });
  });
  observer.observe({ type: 'resource', buffered: true });
}

/**
 * Tells of what the content security policy keeps this thread from, from now on.
 * @param {(report: NetworkReport) => void} tell
 */
export function reportViolations(tell) {
  addEventListener('securitypolicyviolation', (event) => {
    const { effectiveDirective, blockedURI, disposition } = /** @type {SecurityPolicyViolationEvent} */ (event);
    if (disposition === 'enforce') tell({ blocked: [{ rule: effectiveDirective, target: blockedURI }] });
  });
}
