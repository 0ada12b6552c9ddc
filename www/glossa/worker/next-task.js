/** Turns for other tasks of a thread. */

/** Node's, which has messages of a port starve its timers. @type {((task: () => void) => void) | undefined} */
const immediately = /** @type {any} */ (globalThis).setImmediate;

/** @type {MessageChannel | undefined} */
let turn;
/** @type {(() => void)[]} */
const waiting = [];

/**
 * Resolves in a later task, so that messages are taken first; a timer would wait 4 ms each time.
 * @returns {Promise<void>}
 */
export function nextTask() {
  return new Promise((resolve) => {
    if (immediately) return immediately(resolve);
    if (!turn) {
      turn = new MessageChannel();
      turn.port1.onmessage = () => waiting.shift()?.();
    }
    waiting.push(resolve);
    turn.port2.postMessage(null);
  });
}
