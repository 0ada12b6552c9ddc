/** One tab at a time has the documents that are kept on the device: two would write over each other's work. */

/** Milliseconds that a page waits for the one before it to go, as when it is reloaded. */
const PATIENCE = 1000;

/**
 * Takes what only one tab may have, until it gives it back or is closed.
 * @param {string} name
 * @returns {Promise<(() => void) | null>} gives it back; null if another tab has it
 */
export function hold(name) {
  // Pages without https have no locks.
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    const held = () => new Promise((release) => resolve(() => release(undefined)));
    navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE) }, held).catch(() => resolve(null));
  });
}
