/** How the engine's workers are started. */

import { placesOf } from './places.js';

/** @typedef {import('./places.js').Places} Places */

/** The address of their script, unless another is given. */
export const SCRIPT = String(import.meta.url).replace(/[^/]*$/, 'worker/worker.js');

// In this form bundlers find the script, so it is not to be taken apart.
let start = () => new Worker(new URL('./worker/worker.js', import.meta.url), { type: 'module', name: 'glossa' });

/**
 * @param {Places} [own] take precedence over those that are configured
 * @returns {{ worker: Worker, script: string, wasm: string | undefined }} `script`: its address. `wasm`: the address of the folder of the
 *   binaries, if one is given
 * @throws {import('./errors.js').GlossaError} `option_invalid`
 * @throws what the browser throws
 */
export function startWorker(own) {
  const { workerUrl: script, wasmUrl: wasm } = placesOf(own);
  return { worker: script ? startedFrom(script) : startedHere(), script: script ?? SCRIPT, wasm };
}

/** Starts the script that is beside this module. */
function startedHere() {
  try {
    return start();
  } catch (error) {
    if (!isElsewhere(SCRIPT)) throw error;
    return startedFrom(SCRIPT);
  }
}

/**
 * Starts a script. Browsers start none of another origin; one of the page's own may import it, if its host allows that (CORS).
 * @param {string} script
 */
function startedFrom(script) {
  if (!isElsewhere(script)) return new Worker(script, { type: 'module', name: 'glossa' });
  const blob = URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' }));
  return new Worker(blob, { type: 'module', name: 'glossa' });
}

/** @param {string} script */
const isElsewhere = (script) => /^https?:/.test(script) && new URL(script).origin !== globalThis.location?.origin;

/**
 * Has workers started otherwise from now on, such as by a page whose content security policy is to bind them.
 * @param {(script: string) => Worker} other is given the address of the script, which is a module
 */
export function startWorkersBy(other) {
  start = () => other(SCRIPT);
}
