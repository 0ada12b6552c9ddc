// A server's answers that are held back until the test lets them go, so that what waits for them is surely under way.

export class Gate {
  #closed = false;
  #held = [];
  #arrived = null;

  /** Holds answers back from now on. */
  close() {
    this.#closed = true;
  }

  /** Lets go what is held, and everything after it. */
  open() {
    this.#closed = false;
    for (const go of this.#held.splice(0)) go();
  }

  /** Resolves when an answer is being held. */
  async held() {
    if (!this.#held.length) await new Promise((resolve) => (this.#arrived = resolve));
  }

  /** Resolves when the answer may go. */
  pass() {
    if (!this.#closed) return Promise.resolve();
    return new Promise((go) => {
      this.#held.push(go);
      this.#arrived?.();
      this.#arrived = null;
    });
  }
}
