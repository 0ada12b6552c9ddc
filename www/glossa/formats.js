/** Documents of files, read and written in the field's formats, without a model. */

export { formats, readDocuments, richText, writeDocuments } from './documents.js';
export { GlossaError } from './errors.js';
export { configure } from './places.js';

/**
 * @typedef {import('./documents.js').Document} Document
 * @typedef {import('./documents.js').DocumentRecord} DocumentRecord
 * @typedef {import('./documents.js').FormatInfo} FormatInfo
 * @typedef {import('./documents.js').Mention} Mention
 * @typedef {import('./documents.js').Passage} Passage
 * @typedef {import('./documents.js').ReadOptions} ReadOptions
 * @typedef {import('./documents.js').WriteOptions} WriteOptions
 */
