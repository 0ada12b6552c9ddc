/** Annotators that several elements of a page share. */

import { Annotator } from '../annotator.js';

/** @typedef {import('../annotator.js').Source} Source */
/** @typedef {{ annotator: Promise<Annotator>, users: number, timer?: ReturnType<typeof setTimeout>, listeners: Set<(event: any) => void> }} Shared */

/** Milliseconds that an annotator is kept when its last user has gone: it may come again, elsewhere on the page. */
const GRACE = 5000;

/** @type {Map<unknown, Shared>} by the address of the model and what it is to be, or the model itself */
const all = new Map();

/**
 * An annotator of a model. Each call is to be followed by one of {@link release}.
 * @param {NonNullable<Source['model']>} model an absolute address, or a model by its files
 * @param {string | undefined} integrity see {@link Source}
 * @param {(event: import('../annotator.js').LoadProgress) => void} onProgress
 * @returns {Promise<Annotator>} which rejects for all that share it if it cannot be loaded; the next call tries again
 */
export function acquire(model, integrity, onProgress) {
  const key = keyOf(model, integrity);
  let shared = all.get(key);
  if (!shared) {
    /** @type {Shared['listeners']} */
    const listeners = new Set();
    const onProgress = (/** @type {import('../annotator.js').LoadProgress} */ event) => listeners.forEach((listener) => listener(event));
    // An empty line is the end of a block.
    const annotator = Annotator.create({ model, integrity, options: { documentStructure: true }, onProgress });
    const made = { annotator, users: 0, listeners };
    shared = made;
    all.set(key, made);
    annotator.catch(() => {
      if (all.get(key) === made) all.delete(key);
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
 * @param {string | undefined} integrity likewise
 * @param {(event: import('../annotator.js').LoadProgress) => void} onProgress
 */
export function release(model, integrity, onProgress) {
  const key = keyOf(model, integrity);
  const shared = all.get(key);
  if (!shared?.listeners.delete(onProgress)) return;
  shared.users -= 1;
  if (shared.users) return;
  shared.timer = setTimeout(() => {
    if (all.get(key) === shared) all.delete(key);
    shared.annotator.then((annotator) => annotator.dispose(), () => {});
  }, GRACE);
}

/**
 * @param {NonNullable<Source['model']>} model
 * @param {string | undefined} integrity
 */
const keyOf = (model, integrity) => (integrity === undefined ? model : `${model} ${integrity}`);
