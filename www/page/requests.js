/** What the user asks for: the last request counts, and nothing else ends what is under way. */

/**
 * What is asked for: the same again is the same request.
 * @typedef {{ text: string, setup: string }} Request
 */

const REPLACED = Symbol('replaced by a later request');

/**
 * Whether what the signal belongs to has been replaced by a later request, so that it has nothing more to say.
 * @param {AbortSignal} signal
 */
export const isReplaced = (signal) => signal.aborted && signal.reason === REPLACED;

export class Requests {
  /** @type {{ request: Request, controller: AbortController } | null} */
  #run = null;
  /** @type {AbortController | null} */
  #opening = null;

  /** Whether a text is being annotated, or its model loaded. */
  get running() {
    return this.#run !== null;
  }

  /** Whether something is being opened. */
  get opening() {
    return this.#opening !== null && !this.#opening.signal.aborted;
  }

  /**
   * Whether just this is being done.
   * @param {Request} request
   */
  isUnderWay({ text, setup }) {
    return !this.opening && this.isRunning({ text, setup });
  }

  /**
   * Whether just this is being run, whatever is being opened meanwhile.
   * @param {Request} request
   */
  isRunning({ text, setup }) {
    const run = this.#run;
    return run !== null && !run.controller.signal.aborted && run.request.setup === setup && run.request.text === text;
  }

  /**
   * Opens what the user brings, in place of what is being opened. The run goes on: it ends only if a new one follows.
   * @param {(signal: AbortSignal) => Promise<void>} open
   * @returns {Promise<void>}
   */
  open(open) {
    this.#opening?.abort(REPLACED);
    const controller = new AbortController();
    this.#opening = controller;
    return open(controller.signal).finally(() => {
      if (this.#opening === controller) this.#opening = null;
    });
  }

  /**
   * Does a run in place of what is under way.
   * @param {Request} request
   * @param {(signal: AbortSignal) => Promise<void>} run
   * @param {{ keepsOpening?: boolean }} [options] `keepsOpening`: what is being opened goes on, since the run takes what comes of it
   * @returns {Promise<void>}
   */
  run(request, run, { keepsOpening = false } = {}) {
    const before = [keepsOpening ? null : this.#opening, this.#run?.controller];
    const mine = { request, controller: new AbortController() };
    if (!keepsOpening) this.#opening = null;
    this.#run = mine;
    // It joins the loading of a model that the run before waits for, which must not be the last to leave that.
    const done = run(mine.controller.signal).finally(() => {
      if (this.#run === mine) this.#run = null;
    });
    for (const controller of before) controller?.abort(REPLACED);
    return done;
  }

  /** Ends what is under way as replaced. */
  replace() {
    this.#opening?.abort(REPLACED);
    this.#run?.controller.abort(REPLACED);
    this.#opening = null;
    this.#run = null;
  }

  /** Ends what is under way, which then says so. */
  cancel() {
    this.#opening?.abort();
    this.#run?.controller.abort();
  }
}
