/** Progress, as often as a person can follow it. */

/** Milliseconds between events of one stage. */
export const PROGRESS_MS = 100;

/** @typedef {import('../annotator.js').WorkerProgress} WorkerProgress */

/**
 * Sends the first event of a stage and its last, and of those in between the newest every `PROGRESS_MS`. One that is held
 * back is sent when its time has come, also if no other follows: of a download that stands still, all that has come is told.
 * @param {(event: WorkerProgress) => void} send
 * @returns {(event: WorkerProgress) => void}
 */
export function throttled(send) {
  /** @type {string} */
  let stage;
  let last = 0;
  /** @type {WorkerProgress | undefined} */
  let held;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const sendNow = (/** @type {WorkerProgress} */ event) => {
    clearTimeout(timer);
    held = undefined;
    timer = undefined;
    stage = event.stage;
    last = performance.now();
    send(event);
  };
  return (event) => {
    const complete = ('done' in event ? event.done : event.loaded) === event.total;
    const early = PROGRESS_MS - (performance.now() - last);
    if (event.stage !== stage || complete || early <= 0) return sendNow(event);
    held = event;
    timer ??= setTimeout(() => held && sendNow(held), early);
  };
}
