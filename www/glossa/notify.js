/** Listeners of a caller. */

/**
 * Calls a listener. What it throws, now or later, is logged for its author and goes no further.
 * @template Event
 * @param {((event: Event) => unknown) | undefined} listener
 * @param {Event} event
 */
export function notify(listener, event) {
  if (typeof listener !== 'function') return;
  (async () => listener(event))().catch((error) => console.error('onProgress:', error));
}
