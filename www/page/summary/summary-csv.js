/** The tables of a summary as CSV, their cells as in the other files that the page saves. */

import { csvCell } from '../save-results.js';

/** @typedef {import('./summarise.js').Summary} Summary */

/** Mentions that are written at once. */
const BATCH = 1000;

/**
 * @param {Pick<Summary, 'entities'>} summary
 * @returns {Generator<string>} parts of the document
 */
export function* entitiesCsv({ entities }) {
  yield 'entity,chunks,documents\n';
  for (const { entity, chunks, documents } of entities) yield `${csvCell(entity)},${chunks},${documents}\n`;
}

/**
 * All mentions, more than are on the page. Where rare ones had to be left out, a column says how many chunks there may be at most.
 * @param {Pick<Summary, 'mentions' | 'leftOut'>} summary
 * @returns {Generator<string>} parts of the document
 */
export function* mentionsCsv({ mentions, leftOut }) {
  yield `entity,text,chunks,documents${leftOut ? ',chunks_at_most' : ''}\n`;
  for (let i = 0; i < mentions.length; i += BATCH) {
    const rows = mentions.slice(i, i + BATCH).map(({ entity, text, chunks, documents, uncounted }) => {
      const row = [csvCell(entity), csvCell(text), chunks, documents];
      return (leftOut ? [...row, chunks + uncounted] : row).join(',');
    });
    yield `${rows.join('\n')}\n`;
  }
}
