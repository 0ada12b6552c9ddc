/**
 * Removes from a thread the APIs by which it could send data: to the network, other threads, other windows. `import()` is part of
 * the language and cannot be taken away; a content security policy decides what may be imported.
 */

/** In every kind of thread. A path begins at the global object. */
const WAYS = [
  'fetch',
  'fetchLater',
  'XMLHttpRequest',
  'EventSource',
  'WebSocket',
  'WebSocketStream',
  'WebTransport',
  'RTCPeerConnection',
  'webkitRTCPeerConnection',
  'Navigator.prototype.sendBeacon',
  'Cache.prototype.add',
  'Cache.prototype.addAll',
  'BackgroundFetchManager.prototype.fetch',
  'Notification',
  'ServiceWorkerRegistration.prototype.showNotification',
  'importScripts',
  'SharedWorker',
  'BroadcastChannel',
  'FontFace',
];

/**
 * @param {object} thread the global object
 * @param {string} reason what an error says when something is used all the same
 * @param {string[]} [others] what else is taken away, as names or paths
 * @param {(name: string) => void} [onAttempt] is told what is used all the same
 */
export function takeAway(thread, reason, others = [], onAttempt = () => {}) {
  for (const path of [...WAYS, ...others]) {
    const names = path.split('.');
    const name = /** @type {string} */ (names.pop());
    let holder = /** @type {any} */ (thread);
    for (const step of names) holder = holder?.[step];
    // Not an arrow function: `new` is to come here, too.
    function denied() {
      onAttempt(name);
      throw new TypeError(`${name}: ${reason}`);
    }
    // What a global object or a prototype inherits could still be had from where it is inherited from.
    for (; holder; holder = Object.getPrototypeOf(holder)) {
      const own = Object.hasOwn(holder, name);
      if (own) Reflect.defineProperty(holder, name, { value: denied, writable: false, configurable: false });
    }
  }
}
