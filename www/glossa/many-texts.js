/** Many texts, one after the other and some at once; and documents. */

import { linked } from './abort.js';
import { GlossaError } from './errors.js';
import { notify } from './notify.js';

/** @typedef {import('./annotator.js').Annotation} Annotation */
/** @typedef {import('./annotator.js').CallOptions} CallOptions */
/** @typedef {import('./documents.js').Mention} Mention */

/**
 * What became of one of many texts: its annotation, or its error.
 * @typedef {{ index: number, annotation: Annotation, error?: undefined }
 *   | { index: number, annotation?: undefined, error: GlossaError }} Outcome `index`: its place among them, from 0
 */

/** Texts that are under way at once, and code units of them from which on no other is taken: enough to keep all workers busy. */
const AT_ONCE = 48;
const SIZE_AT_ONCE = 120_000;
/** Errors that every other text would have too. */
const ENDS_ALL = ['option_invalid', 'cancelled', 'disposed'];

/**
 * See `Annotator.annotateAll`.
 * @param {(text: string, options: CallOptions) => Promise<Annotation>} annotate
 * @param {Iterable<string> | AsyncIterable<string>} texts
 * @param {CallOptions} [options]
 * @returns {AsyncGenerator<Outcome, void, void>} in the order of the texts
 * @throws {GlossaError} `option_invalid`, `cancelled`, `disposed`
 */
export async function* annotateAll(annotate, texts, { signal, onProgress, ...options } = {}) {
  const total = Array.isArray(texts) ? texts.length : 0;
  let done = 0;
  const tell = () => notify(onProgress, { stage: 'annotate', done, total });
  tell();
  const { controller, unlink } = linked(signal);
  const one = (/** @type {string} */ text) => annotate(text, { ...options, signal: controller.signal });
  try {
    for await (const outcome of inTurn(texts, one)) {
      if (outcome.error && ENDS_ALL.includes(outcome.error.code)) throw outcome.error;
      done += 1;
      tell();
      yield outcome;
    }
  } finally {
    controller.abort();
    unlink();
  }
}

/**
 * A document with the chunks of an annotation of its text among its mentions.
 * @template {{ text: string, mentions?: Mention[] }} Read such as a `Document` of `readDocuments`
 * @param {Read} document which is left as it is
 * @param {Annotation} annotation
 * @param {string} model its name
 * @returns {Read & { mentions: Mention[] }}
 */
export function withChunks(document, { chunks, truncatedFrom, precision }, model) {
  const by = /** @type {const} */ ({ who: 'model', name: model });
  const found = chunks.map(({ begin, end, text, entity, confidence, tokens }) => ({
    spans: [{ begin, end }],
    text,
    entity,
    confidence,
    ...(tokens && { tokens }),
    by,
  }));
  const cut = truncatedFrom === undefined ? {} : { truncatedFrom };
  return { ...document, ...cut, precision, mentions: [...(document.mentions ?? []), ...found] };
}

/**
 * Annotates texts in turn: some at once, as far as they are asked for.
 * @param {Iterable<string> | AsyncIterable<string>} texts
 * @param {(text: string) => Promise<Annotation>} one
 * @returns {AsyncGenerator<Outcome, void, void>} in the order of the texts
 */
async function* inTurn(texts, one) {
  const source = Symbol.asyncIterator in texts ? texts[Symbol.asyncIterator]() : texts[Symbol.iterator]();
  /** @type {{ size: number, outcome: Promise<Outcome> }[]} under way */
  const running = [];
  let size = 0;
  let count = 0;
  const start = (/** @type {string} */ text) => {
    const index = count++;
    const outcome = one(text).then(
      (annotation) => ({ index, annotation }),
      (error) => ({ index, error: error instanceof GlossaError ? error : new GlossaError('worker_failed', String(error)) }),
    );
    running.push({ size: text?.length ?? 0, outcome });
    size += text?.length ?? 0;
  };
  const next = async () => source.next();
  /** @type {Promise<IteratorResult<string>> | null} the next text, which may take long to come */
  let coming = next();
  try {
    while (coming || running.length) {
      if (coming && running.length < AT_ONCE && size < SIZE_AT_ONCE) {
        // What is done need not wait for it.
        const [first] = running;
        /** @type {IteratorResult<string> | null} */
        const come = await (first ? Promise.race([coming, first.outcome.then(() => null)]) : coming);
        if (come) {
          if (!come.done) start(come.value);
          coming = come.done ? null : next();
          continue;
        }
      }
      const [first] = running;
      const outcome = await first.outcome;
      running.shift();
      size -= first.size;
      yield outcome;
    }
    coming = null;
  } finally {
    // Whoever has taken enough of them, or has failed, needs no more texts, and does not wait for one that is slow to come.
    if (coming) {
      coming.catch(() => {});
      void Promise.resolve(source.return?.()).catch(() => {});
    }
  }
}
