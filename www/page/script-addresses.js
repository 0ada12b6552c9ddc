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

/** What a worker says that has not got its script. */
const NOT_LOADED = 'glossa-script-not-loaded';

/**
 * The program of a worker that goes on with a module from a server. It imports it when it runs, and not before it begins:
 * Firefox would ask the network for that past the service worker. Messages that come meanwhile are not lost.
 * @param {string} script
 */
const programFor = (script) => `
const early = [];
const keep = (event) => early.push(event);
addEventListener('message', keep);
try {
  await import(${JSON.stringify(script)});
} catch (error) {
  postMessage('${NOT_LOADED}');
  throw error;
}
removeEventListener('message', keep);
for (const { data, ports } of early) dispatchEvent(new MessageEvent('message', { data, ports }));
`;

/** @type {string | undefined} */
let program;

/**
 * Starts a worker that the page's content security policy binds. One that comes from a server's address has the policy
 * that the server sends with it, and static hosts send none; one that comes from the page has the page's.
 * @param {string} script the address of a module
 * @returns {Worker} which has an `error` event without a message if there is no such module, as other workers have
 */
export function startBoundWorker(script) {
  program ??= URL.createObjectURL(new Blob([programFor(script)], { type: 'text/javascript' }));
  // The service worker cannot tell by itself which page a worker without an address of its own belongs to.
  navigator.serviceWorker?.controller?.postMessage({ type: 'worker', address: program });
  const worker = new Worker(scriptAddress(program), { type: 'module', name: 'glossa' });
  worker.addEventListener('message', (event) => {
    if (event.data !== NOT_LOADED) return;
    event.stopImmediatePropagation();
    worker.dispatchEvent(new Event('error', { cancelable: true }));
  });
  return worker;
}

/** Keeps the page for the next visit. Where that is denied, the page works all the same. */
export function registerServiceWorker() {
  navigator.serviceWorker?.register(scriptAddress('service-worker.js')).catch(() => {});
}
