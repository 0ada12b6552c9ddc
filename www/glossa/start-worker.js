/** How the engine's workers are started. */

import { baseAddress } from './base-address.js';
import { GlossaError } from './errors.js';

/**
 * Where the engine's files are, if they are not found by themselves.
 * @typedef {object} Places
 * @property {string | URL} [workerUrl] the address, relative to the page, of the worker's script
 * @property {string | URL} [wasmUrl] the address, relative to the page, of the folder with the folders `simd` and `relaxed-simd`, in
 *   each of which is `glossa_bg.wasm`
 */

/** @type {Places} */
let configured = {};

/**
 * Says where the engine's files are, for all annotators and documents from now on.
 * @param {Places} places
 * @throws {GlossaError} `option_invalid`: what is given is no address
 */
export function configure({ workerUrl, wasmUrl }) {
  absolute({ workerUrl, wasmUrl });
  configured = { workerUrl, wasmUrl };
}

/**
 * The absolute addresses of places.
 * @param {Places} places
 * @returns {{ workerUrl?: string, wasmUrl?: string }}
 * @throws {GlossaError} `option_invalid`
 */
function absolute(places) {
  const given = Object.entries(places).filter(([, place]) => place !== undefined);
  return Object.fromEntries(
    given.map(([name, place]) => {
      try {
        return [name, new URL(place, baseAddress()).href];
      } catch (error) {
        throw new GlossaError('option_invalid', `option ${name}: ${place} is not an address`, { cause: error });
      }
    }),
  );
}

/** The address of their script, unless another is given. */
export const SCRIPT = String(import.meta.url).replace(/[^/]*$/, 'worker/worker.js');

// In this form bundlers find the script, so it is not to be taken apart.
let start = () => new Worker(new URL('./worker/worker.js', import.meta.url), { type: 'module', name: 'glossa' });

/**
 * @param {Places} [own] take precedence over those that are configured
 * @returns {{ worker: Worker, script: string, wasm: string | undefined }} `script`: its address. `wasm`: the address of the folder of the
 *   binaries, if one is given
 * @throws {GlossaError} `option_invalid`
 * @throws what the browser throws
 */
export function startWorker({ workerUrl = configured.workerUrl, wasmUrl = configured.wasmUrl } = {}) {
  const places = absolute({ workerUrl, wasmUrl });
  const script = places.workerUrl ?? SCRIPT;
  return { worker: places.workerUrl ? startedFrom(script) : startedHere(), script, wasm: places.wasmUrl };
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
