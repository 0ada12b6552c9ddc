/** `AbortSignal`s. `AbortSignal.any` does what `linked` does, but is missing from browsers that the engine runs in. */

import { cancelled } from './errors.js';

/**
 * A controller whose signal also aborts with `signal`, until `unlink` is called.
 * @param {AbortSignal} [signal]
 * @returns {{ controller: AbortController, unlink: () => void }}
 */
export function linked(signal) {
  const controller = new AbortController();
  const unlink = onAbort(signal, () => controller.abort(signal?.reason));
  return { controller, unlink };
}

/**
 * Calls `listener` once when the signal aborts, or at once if it has.
 * @param {AbortSignal | undefined} signal
 * @param {() => void} listener
 * @returns {() => void} removes the listener
 */
export function onAbort(signal, listener) {
  if (signal?.aborted) listener();
  else signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}

/**
 * The promise, but rejected with `cancelled` as soon as the signal aborts; `stop` is called then.
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal | undefined} signal
 * @param {() => void} stop
 * @returns {Promise<T>}
 */
export function abortable(promise, signal, stop) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const unlink = onAbort(signal, () => {
      stop();
      reject(cancelled(signal));
    });
    promise.finally(unlink).then(resolve, reject);
  });
}
