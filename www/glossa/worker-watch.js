/** Notices a worker that says nothing any more: one that has ended by the lock that it held, one that hangs by its silence. */

/** Pings without an answer after which a worker counts as hung. */
const ASKED = 10;
/** The longest time of a browser's timers. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * How long a worker may be at work without answering a ping.
 * @typedef {object} Limit
 * @property {number} milliseconds 0 or infinite: as long as it takes
 * @property {() => import('./errors.js').GlossaError} [error] what to say then
 */

/**
 * Pings a worker and counts the pings that it has not answered. The count, and not a clock, decides: a
 * computer that wakes from sleep, a tab whose timers are slowed and a clock that is set do not make a worker silent.
 */
export class SilenceWatch {
  #ask;
  #unanswered = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {() => void} ask pings the worker */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * Watches from now on.
   * @param {number} milliseconds
   * @param {() => void} onSilence
   */
  start(milliseconds, onSilence) {
    this.stop();
    if (!milliseconds || milliseconds === Infinity) return;
    const every = Math.min(milliseconds / ASKED, LONGEST_TIMER);
    this.#timer = setInterval(() => {
      if (this.#unanswered === ASKED) return onSilence();
      this.#unanswered += 1;
      this.#ask();
    }, every);
  }

  /** The worker has said something. */
  heard() {
    this.#unanswered = 0;
  }

  stop() {
    clearInterval(this.#timer);
    this.#unanswered = 0;
  }
}

/**
 * Calls `onEnd` when a worker that holds a lock is gone, however it went: a browser has no event for a worker that ends.
 * Where there are no locks, as in pages that are not served by https, it is never called.
 * @param {string} lock
 * @param {() => void} onEnd
 * @returns {() => void} stops waiting
 */
export function onRelease(lock, onEnd) {
  const controller = new AbortController();
  const released = globalThis.navigator?.locks?.request(lock, { signal: controller.signal }, onEnd);
  released?.catch(() => {});
  return () => controller.abort();
}

/** A name for a worker's lock; none where there are no locks. */
export const newLock = () => (globalThis.isSecureContext ? `glossa-worker-${crypto.randomUUID()}` : undefined);
