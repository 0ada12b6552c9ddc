/** Annotating anew what is edited: when, and without a word unless it takes long. */

/** Milliseconds after the last edit: longer than between two keystrokes of one who writes. */
const PAUSE = 250;
/** Milliseconds after which it is said that an edited text is being annotated. */
const QUIET = 500;

/** Waits for the end of a series of edits. */
export class EditFollower {
  #isWanted;
  #annotate;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => boolean} isWanted whether edits are followed now
   * @param {() => void} annotate
   */
  constructor(isWanted, annotate) {
    this.#isWanted = isWanted;
    this.#annotate = annotate;
  }

  /** Whether an edit has been made that is still to be followed. */
  get isWaiting() {
    return this.#timer !== undefined;
  }

  /** The text has been edited. */
  edited() {
    this.stop();
    if (!this.#isWanted()) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // Meanwhile another model may have been chosen.
      if (this.#isWanted()) this.#annotate();
    }, PAUSE);
  }

  /** Forgets the edits so far. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Says what is being done, if it takes long or someone asks. */
export class QuietStart {
  #say;
  #isQuiet = true;
  #timer;

  /** @param {() => void} say */
  constructor(say) {
    this.#say = say;
    this.#timer = setTimeout(() => this.speak(), QUIET);
  }

  get isQuiet() {
    return this.#isQuiet;
  }

  speak() {
    if (!this.#isQuiet) return;
    this.end();
    this.#isQuiet = false;
    this.#say();
  }

  /** It is over: there is nothing more to say. */
  end() {
    clearTimeout(this.#timer);
  }
}
