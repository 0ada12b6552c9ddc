/** Ends a request that makes no progress. */

import { linked } from './abort.js';

/** Why a request was ended: nothing came for too long. */
export class Stalled extends Error {
  /** @param {number} limit milliseconds */
  constructor(limit) {
    super(`nothing came for ${limit / 1000} seconds`);
  }
}

export class StallWatch {
  #limit;
  #controller;
  #unlink;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #since = 0;
  /** @type {Stalled | undefined} set when it has ended the request */
  stalled;

  /**
   * @param {number} limit milliseconds; 0 for none
   * @param {AbortSignal} [signal] ends the request too
   */
  constructor(limit, signal) {
    this.#limit = limit;
    const { controller, unlink } = linked(signal);
    this.#controller = controller;
    this.#unlink = unlink;
  }

  /** The request's. */
  get signal() {
    return this.#controller.signal;
  }

  /** Something is waited for from now on, or has just come. */
  progress() {
    clearTimeout(this.#timer);
    if (!this.#limit) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.#isDue(), this.#limit);
  }

  /** Nothing is waited for. */
  pause() {
    clearTimeout(this.#timer);
  }

  /** The request is of no more use. */
  end() {
    this.pause();
    this.#unlink();
  }

  /** Throws if the request has been ended. */
  refuseIfEnded() {
    if (this.signal.aborted) throw this.signal.reason;
  }

  #isDue() {
    // The computer slept, or this thread was busy: what has come meanwhile has not been seen yet.
    if (performance.now() - this.#since > 2 * this.#limit) {
      this.progress();
      return;
    }
    this.stalled = new Stalled(this.#limit);
    this.#controller.abort(this.stalled);
  }
}
