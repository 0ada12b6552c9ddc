/** Documents of files, read and written in the field's formats: docs/formats.md. */

import { GlossaError } from './errors.js';
import { WorkerClient } from './worker-client.js';

/**
 * A format's name, such as `pubtator`; `formats()` lists them.
 * @typedef {string} FormatName
 */

/**
 * @typedef {object} FormatInfo
 * @property {FormatName} name
 * @property {string} extension of new files, without a dot
 * @property {boolean} read whether files of it can be read
 * @property {boolean} written whether files of it can be written
 * @property {boolean} filePerDocument whether each document is a file, so that what is written is a zip
 */

/**
 * A text with what its file says about it. Offsets are UTF-16 code units of the text, ends exclusive.
 * @typedef {object} Document
 * @property {string} id
 * @property {string} text
 * @property {Passage[]} [passages] parts such as title and abstract, in order; none if the text is one
 * @property {Mention[]} [mentions]
 * @property {Record<string, string>} [info] what else the file says
 * @property {number} [truncatedFrom]
 * @property {string} [precision]
 *
 * @typedef {object} Passage
 * @property {number} begin
 * @property {number} end
 * @property {string} [kind] `title`, `abstract`, `paragraph`, …
 * @property {number} [offset] the one that the file gives to the passage, in the file's unit, if it is another
 * @property {Record<string, string>} [info]
 *
 * @typedef {object} Mention
 * @property {{ begin: number, end: number }[]} spans its places: one, or several if it is in pieces
 * @property {string} text
 * @property {string} entity
 * @property {number} [confidence] 0 to 1
 * @property {import('./annotator.js').ChunkToken[]} [tokens] those of a model's chunk, with the scores of their labels
 * @property {string} [id]
 * @property {string} [identifier] of its concept, such as `MESH:D003924`
 * @property {{ who?: 'file' | 'model' | 'person', name?: string }} [by] who decided that it is one
 * @property {string} [time] when, as RFC 3339 has it
 * @property {Record<string, string>} [info]
 */

/**
 * What a record of a file gives: its document, or the error for which there is none.
 * @typedef {object} DocumentRecord
 * @property {string} place the file, and the line if that is known
 * @property {string} id the document's, or its place
 * @property {FormatName} format that it was read as
 * @property {Document} [document]
 * @property {Problem} [error]
 * @property {Problem[]} problems what of the document could not be read
 * @property {Warning[]} warnings what was left out
 *
 * @typedef {{ code: string, message: string }} Problem
 * @typedef {{ what: string, times: number }} Warning
 */

/**
 * @typedef {object} ReadOptions
 * @property {FormatName} [from] the format of all files; by default that of each one's name and first lines
 * @property {'utf-8' | 'utf-16le' | 'utf-16be' | 'latin-1' | 'windows-1252'} [encoding] of files that do not say theirs
 * @property {string} [textField] the field or column of the text, in JSON lines and tables
 * @property {string} [idField] the field or column of the id
 * @property {'utf-16' | 'code-point' | 'byte'} [offsetUnit] what the file's offsets count, if not what its format prescribes
 * @property {boolean} [recognise] reads a file whose name says nothing, or `.txt`, as what its first lines look like, which the
 *   record's `format` says; otherwise one that looks like anything but prose is an error
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} WriteOptions
 * @property {boolean} [byteOrderMark] begins CSV with a byte order mark, by which Excel knows that it is UTF-8
 * @property {boolean} [details] says in tables too who decided, when, and the identifier
 * @property {AbortSignal} [signal]
 */

/** Documents of a message to the worker: it takes a few milliseconds to write them. */
const BATCH = 100;

/** @param {WorkerClient} client */
const end = (client) => client.end(new GlossaError('disposed', 'the documents are done'));

/**
 * The records of files, one by one, in order. A zip stands for the files in it, `x.gz` for `x`; brat's `x.txt` and `x.ann` are
 * read together. A record that cannot be read has its error in its place, and the next follows.
 *
 *     for await (const { id, document, error } of readDocuments(input.files)) …
 * @param {Iterable<File | { name: string, content: Uint8Array | Blob }>} files
 * @param {ReadOptions} [options]
 * @returns {AsyncGenerator<DocumentRecord, void, void>}
 * @throws {GlossaError} `option_invalid`, `file_missing`, `file_unreadable`, `worker_failed`, `cancelled`
 */
export async function* readDocuments(files, { signal, ...options } = {}) {
  const named = [...files].map((file) => ({ name: file.name, content: file instanceof Blob ? file : file.content }));
  const client = new WorkerClient();
  try {
    await client.request({ type: 'openFiles', files: named, options }, { signal });
    for (;;) {
      const records = await client.request({ type: 'nextRecords' }, { signal });
      if (!records.length) return;
      yield* records;
    }
  } finally {
    end(client);
  }
}

/**
 * Writes documents as a file; with a format that has a file for each document, a zip.
 * @param {Iterable<Document> | AsyncIterable<Document>} documents
 * @param {FormatName} format
 * @param {WriteOptions} [options]
 * @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, warnings: Warning[] }>} `warnings`: what the format does not hold
 * @throws {GlossaError} `option_invalid`, `input_invalid`, `file_missing`, `file_unreadable`, `worker_failed`, `cancelled`
 */
export async function writeDocuments(documents, format, { signal, ...options } = {}) {
  const client = new WorkerClient();
  try {
    await client.request({ type: 'beginFile', format, options }, { signal });
    /** @type {Document[]} */
    let batch = [];
    const send = () => client.request({ type: 'addDocuments', documents: batch }, { signal });
    for await (const document of documents) {
      batch.push(document);
      if (batch.length < BATCH) continue;
      await send();
      batch = [];
    }
    await send();
    return await client.request({ type: 'endFile' }, { signal });
  } finally {
    end(client);
  }
}

/**
 * A document's text with its mentions marked, as a piece of HTML that word processors take from the clipboard.
 * @param {Document} document
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<string>}
 * @throws {GlossaError} `input_invalid`, `file_missing`, `file_unreadable`, `worker_failed`, `cancelled`
 */
export async function richText(document, { signal } = {}) {
  const client = new WorkerClient();
  try {
    return await client.request({ type: 'richText', document }, { signal });
  } finally {
    end(client);
  }
}

/**
 * All formats.
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<FormatInfo[]>}
 */
export async function formats({ signal } = {}) {
  const client = new WorkerClient();
  try {
    return await client.request({ type: 'listFormats' }, { signal });
  } finally {
    end(client);
  }
}
