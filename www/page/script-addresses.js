/** The scripts that the page starts, by addresses that the browser takes from nobody else. */

const known = new Set();

/** The one policy that the page's content security policy allows; missing in browsers without Trusted Types. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('glossa', {
  createScriptURL(/** @type {string} */ address) {
    if (!known.has(address)) throw new TypeError(`${address} is not a script of this page`);
    return address;
  },
});

/**
 * The address of a script of ours, as browsers want it where they are to start it.
 * @param {string} address
 * @returns {string}
 */
function scriptAddress(address) {
  known.add(address);
  // The types of the browser's functions know strings only.
  return policy?.createScriptURL(address) ?? address;
}

/** @type {string | undefined} */
let begun;

/**
 * Starts a worker that the page's content security policy binds. One that comes from a server's address has the policy
 * that the server sends with it, and static hosts send none; one that comes from the page has the page's.
 * @param {string} script the address of a module
 * @returns {Worker}
 */
export function startBoundWorker(script) {
  begun ??= URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' }));
  // The service worker cannot tell by itself which page a worker without an address of its own belongs to.
  navigator.serviceWorker?.controller?.postMessage({ type: 'worker', address: begun });
  return new Worker(scriptAddress(begun), { type: 'module', name: 'glossa' });
}

/** Keeps the page for the next visit. Where that is denied, the page works all the same. */
export function registerServiceWorker() {
  navigator.serviceWorker?.register(scriptAddress('service-worker.js')).catch(() => {});
}
