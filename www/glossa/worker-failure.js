/** What to say of a worker that cannot be started, or that is lost. */

import { messageOf } from './errors.js';
import { FROM_DISK, WITHOUT_ORIGIN } from './host-answer.js';

const MEMORY = /memory|allocat|out of bounds/i;

/**
 * @param {string} reason
 * @param {string} [model] what the worker holds or was to load: a name or an address
 */
export function lost(reason, model) {
  const hint = MEMORY.test(reason)
    ? 'The tab has not enough memory for it: close other tabs, take a smaller file of the model (int8), or use the command line'
    : 'Try again: the next request gets a new worker. If it fails again, the tab has too little memory for this model, or ' +
      'the engine a fault with it, which we would like to know of: then a smaller file of the model or the command line may do';
  return `${model ? `${model}: ` : ''}${reason}. ${hint}`;
}

/** @param {number} milliseconds */
const inWords = (milliseconds) =>
  milliseconds >= 120_000 ? `${Math.round(milliseconds / 60_000)} minutes` : `${milliseconds / 1000} seconds`;

/** @param {number} milliseconds that a worker has been at work without answering a ping */
export const silent = (milliseconds) => `the engine has given no sign of life for ${inWords(milliseconds)}`;

/**
 * @param {string} model a name or an address
 * @param {number} milliseconds the option `loadTimeout`
 */
export const loadLimit = (model, milliseconds) =>
  `${model}: it was not ready after ${inWords(milliseconds)} of work without progress, and was given up. Take a smaller ` +
  'file of the model, or the command line; the option loadTimeout sets another limit';

/**
 * @param {string} script the worker's address
 * @param {unknown} error that the browser threw
 * @param {{ location: { protocol: string }, origin: string }} page the global object
 */
export function notStarted(script, error, { location, origin }) {
  const said = `the worker cannot be started: ${messageOf(error)}`;
  if (location.protocol === 'file:') return `${said}. The reason: ${FROM_DISK}`;
  if (origin === 'null') return `${said}. ${WITHOUT_ORIGIN}`;
  return `${said}. Its script, ${script}, has to be on the page's own site, ${origin}: copy it there, and name it by the option workerUrl`;
}

/**
 * A browser does not tell what is wrong with a worker's script, or with what that imports.
 * @param {string} script the worker's address
 */
export const notLoaded = (script) =>
  `the worker cannot be started: its script or the engine could not be loaded. ${script} has to be there as it is, with ` +
  "the engine's files; the options workerUrl and wasmUrl say where they are if a bundler has left them behind; and the page's " +
  'content security policy must allow workers (worker-src) and WebAssembly (wasm-unsafe-eval)';
