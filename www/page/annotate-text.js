/** From a text to what the page shows and keeps of it. */

import { renamed } from './result-view.js';

/** @typedef {import('../glossa/index.js').AnnotateOptions} AnnotateOptions */
/** @typedef {import('../glossa/index.js').Annotator} Annotator */
/** @typedef {import('./result-view.js').Shown} Shown */

/**
 * @typedef {object} How
 * @property {string} setup all that decides what is found
 * @property {NonNullable<AnnotateOptions['mode']>} mode
 * @property {AnnotateOptions} annotate
 * @property {AbortSignal} signal
 * @property {(event: import('../glossa/index.js').AnnotateProgress) => void} [onProgress]
 */

/**
 * @param {How} how
 * @returns {Omit<Shown, 'text'>} what there is of a blank text, for which no model is run
 */
export const ofBlankText = ({ setup, mode }) => ({ setup, mode, chunks: [], entities: [] });

/**
 * Annotates a text.
 * @param {Annotator} annotator
 * @param {string} text
 * @param {How} how
 * @returns {Promise<Omit<Shown, 'text'>>}
 */
export async function annotateText(annotator, text, how) {
  if (!text.trim()) return ofBlankText(how);
  const { setup, mode, annotate, signal, onProgress } = how;
  const { name, entities, precision } = annotator.info;
  const start = performance.now();
  const { chunks, truncatedFrom, windows } = await annotator.annotate(text, { ...annotate, mode, signal, onProgress });
  const run = { windows, precision, milliseconds: Math.round(performance.now() - start) };
  return { setup, model: name, mode, chunks, truncatedFrom, entities: renamed(entities, annotate, chunks), run };
}
