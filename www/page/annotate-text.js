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
 * @property {boolean} [reuseWindows] whether what the model gives for windows is kept, for when the text is edited
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
  const { setup, mode, annotate, signal, onProgress, reuseWindows } = how;
  const { name, entities, precision } = annotator.info;
  const start = performance.now();
  const options = { ...annotate, mode, signal, onProgress, reuseWindows };
  const { chunks, truncatedFrom, windows, windowsRun } = await annotator.annotate(text, options);
  const run = { windows, windowsRun, precision, milliseconds: Math.round(performance.now() - start) };
  return { setup, model: name, mode, chunks, truncatedFrom, entities: renamed(entities, annotate, chunks), run };
}

/**
 * Annotates a text by several models, one after the other. Each chunk says which found it, if there are several.
 * @param {Annotator[]} annotators
 * @param {string} text
 * @param {How} how
 * @returns {Promise<Omit<Shown, 'text'>>}
 */
export async function annotateByAll(annotators, text, how) {
  const [first, ...others] = annotators;
  const result = await annotateText(first, text, how);
  if (!others.length || !result.run) return result;
  const all = [result];
  for (const annotator of others) all.push(await annotateText(annotator, text, how));
  const models = distinct(all.map(({ model = '' }) => model));
  const chunks = all.flatMap((one, i) => one.chunks.map((chunk) => ({ ...chunk, layer: models[i] })));
  const cuts = all.map(({ truncatedFrom }) => truncatedFrom ?? Infinity);
  const furthest = Math.max(...cuts);
  const runs = all.flatMap(({ run }) => run ?? []);
  return {
    ...result,
    models,
    model: models[0],
    chunks: chunks.sort((one, other) => one.begin - other.begin || other.end - one.end),
    entities: [...new Set(all.flatMap(({ entities }) => entities))],
    truncatedFrom: furthest === Infinity ? undefined : furthest,
    run: {
      windows: sum(runs.map(({ windows }) => windows)),
      windowsRun: sum(runs.map(({ windows, windowsRun = windows }) => windowsRun)),
      precision: [...new Set(runs.map(({ precision }) => precision))].join(' and '),
      milliseconds: sum(runs.map(({ milliseconds }) => milliseconds)),
    },
  };
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/**
 * Names, of which those that are there already get a number.
 * @param {string[]} names
 */
const distinct = (names) => names.map((name, i) => (names.indexOf(name) === i ? name : `${name} (${i + 1})`));
