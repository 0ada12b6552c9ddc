/** What a worker does with files of documents: one set of files is read, and one file written, at a time. */

import { loadEngine } from './wasm-binary.js';

/** How long records are read before they are sent. */
const SLICE_MS = 40;

/** @type {import('./wasm-binary.js').BoundReader | null} */
let reader = null;
/** @type {import('./wasm-binary.js').BoundWriter | null} */
let writer = null;

/** @type {Record<string, (request: any) => unknown>} */
export const documentServices = {
  async openFiles({ files, options }) {
    const { bindings } = await loadEngine();
    reader?.free();
    reader = null;
    reader = new bindings.DocumentReader(files, options);
  },

  nextRecords() {
    return opened(reader).next(SLICE_MS);
  },

  async beginFile({ format, options }) {
    const { bindings } = await loadEngine();
    writer?.free();
    writer = null;
    writer = new bindings.DocumentWriter(format, options);
  },

  addDocuments({ documents }) {
    for (const document of documents) opened(writer).document(document);
  },

  endFile() {
    const ended = opened(writer);
    // To end it is to free it.
    writer = null;
    return ended.finish();
  },

  async richText({ document }) {
    return (await loadEngine()).bindings.DocumentWriter.richText(document);
  },

  async listFormats() {
    return (await loadEngine()).bindings.DocumentWriter.formats();
  },
};

/**
 * @template T
 * @param {T | null} file
 * @returns {T}
 */
function opened(file) {
  if (!file) throw new Error('no file is open');
  return file;
}
