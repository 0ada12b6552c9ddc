/** Annotators that several elements of a page share. */

import { Annotator } from '../annotator.js';

/** @typedef {import('../annotator.js').Source} Source */
/** @typedef {{ annotator: Promise<Annotator>, users: number, timer?: ReturnType<typeof setTimeout>, listeners: Set<(event: any) => void> }} Shared */

/** Milliseconds that an annotator is kept when its last user has gone: it may come again, elsewhere on the page. */
const GRACE = 5000;

/** @type {Map<unknown, Shared>} by the address of the model, or the model itself */
const all = new Map();

/**
 * An annotator of a model. Each call is to be followed by one of {@link release}.
 * @param {NonNullable<Source['model']>} model an absolute address, or a model by its files
 * @param {(event: import('../annotator.js').LoadProgress) => void} onProgress
 * @returns {Promise<Annotator>} which rejects for all that share it if it cannot be loaded; the next call tries again
 */
export function acquire(model, onProgress) {
  let shared = all.get(model);
  if (!shared) {
    /** @type {Shared['listeners']} */
    const listeners = new Set();
    const onProgress = (/** @type {import('../annotator.js').LoadProgress} */ event) => listeners.forEach((listener) => listener(event));
    // An empty line is the end of a block.
    const annotator = Annotator.create({ model, options: { documentStructure: true }, onProgress });
    const made = { annotator, users: 0, listeners };
    shared = made;
    all.set(model, made);
    annotator.catch(() => {
      if (all.get(model) === made) all.delete(model);
    });
  }
  clearTimeout(shared.timer);
  shared.users += 1;
  shared.listeners.add(onProgress);
  return shared.annotator;
}

/**
 * Gives an annotator back.
 * @param {NonNullable<Source['model']>} model as it was acquired
 * @param {(event: import('../annotator.js').LoadProgress) => void} onProgress
 */
export function release(model, onProgress) {
  const shared = all.get(model);
  if (!shared?.listeners.delete(onProgress)) return;
  shared.users -= 1;
  if (shared.users) return;
  shared.timer = setTimeout(() => {
    if (all.get(model) === shared) all.delete(model);
    shared.annotator.then((annotator) => annotator.dispose(), () => {});
  }, GRACE);
}
