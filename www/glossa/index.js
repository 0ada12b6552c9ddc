/**
 * Glossa in a page: finds the entities of biomedical text, in a worker of this tab.
 *
 *     import { Annotator } from './glossa/index.js';
 *     const annotator = await Annotator.create({ model: 'models/cellular/' });
 *     const { chunks } = await annotator.annotate('Tax binds to the CREB/ATF family.');
 *     for (const { begin, end, text, entity, confidence } of chunks) console.log(entity, text);
 *     annotator.dispose();
 */

export { Annotator } from './annotator.js';
export { formats, readDocuments, richText, writeDocuments } from './documents.js';
export { GlossaError } from './errors.js';
export { isModelCached } from './model-cache.js';
export { readPipeline } from './pipeline-file.js';
export { configure } from './places.js';

/**
 * @typedef {import('./annotator.js').Annotation} Annotation
 * @typedef {import('./annotator.js').AnnotateProgress} AnnotateProgress
 * @typedef {import('./annotator.js').CallExtras} CallExtras
 * @typedef {import('./annotator.js').CallOptions} CallOptions
 * @typedef {import('./annotator.js').Chunk} Chunk
 * @typedef {import('./annotator.js').ChunkToken} ChunkToken
 * @typedef {import('./annotator.js').CreateOptions} CreateOptions
 * @typedef {import('./documents.js').Document} Document
 * @typedef {import('./documents.js').DocumentRecord} DocumentRecord
 * @typedef {import('./download-rules.js').DownloadOptions} DownloadOptions
 * @typedef {import('./documents.js').FormatInfo} FormatInfo
 * @typedef {import('./documents.js').FormatName} FormatName
 * @typedef {import('./annotator.js').Fused} Fused
 * @typedef {import('./annotator.js').Info} Info
 * @typedef {import('./annotator.js').LabelScore} LabelScore
 * @typedef {import('./annotator.js').LoadProgress} LoadProgress
 * @typedef {import('./documents.js').Mention} Mention
 * @typedef {import('./many-texts.js').Outcome} Outcome
 * @typedef {import('./annotator.js').ModelFiles} ModelFiles
 * @typedef {import('./documents.js').Passage} Passage
 * @typedef {import('./places.js').Places} Places
 * @typedef {import('./documents.js').Problem} Problem
 * @typedef {import('./documents.js').ReadOptions} ReadOptions
 * @typedef {import('./annotator.js').Source} Source
 * @typedef {import('./options.js').TokenizerOptions} TokenizerOptions
 * @typedef {import('./documents.js').Warning} Warning
 * @typedef {import('./documents.js').WriteOptions} WriteOptions
 * @typedef {import('./options.js').AnnotateOptions} AnnotateOptions
 * @typedef {import('./options.js').LoadOptions} LoadOptions
 * @typedef {import('./pipeline-file.js').Pipeline} Pipeline
 */
