/** How the engine's workers are started. */

/** The address of their script. */
export const SCRIPT = String(import.meta.url).replace(/[^/]*$/, 'worker/worker.js');

// In this form bundlers find the script, so it is not to be taken apart.
let start = () => new Worker(new URL('./worker/worker.js', import.meta.url), { type: 'module', name: 'glossa' });

/**
 * @returns {Worker}
 * @throws what the browser throws
 */
export const startWorker = () => start();

/**
 * Has workers started otherwise from now on, such as by a page whose content security policy is to bind them.
 * @param {(script: string) => Worker} other is given the address of the script, which is a module
 */
export function startWorkersBy(other) {
  start = () => other(SCRIPT);
}
