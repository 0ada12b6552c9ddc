/** Files in the field's formats, which the engine reads: MEDLINE, XML, BioC, PubTator, brat and others. */

import { GlossaError, readDocuments } from '../../glossa/index.js';
import { decodeText } from '../decode-text.js';
import { isOfTheField } from '../file-kinds.js';

/** @typedef {import('../bring-files.js').PathAndFile} PathAndFile */
/** @typedef {import('./read-documents.js').ReadDocument} ReadDocument */

/** How much of a file tells its encoding. */
const LOOKED_AT = 1 << 20;

/**
 * Those of files that are in one of the field's formats; a text that has annotations of brat beside it is one.
 * @param {PathAndFile[]} files
 */
export function ofTheField(files) {
  const annotated = new Set(files.filter(([path]) => /\.ann$/i.test(path)).map(([path]) => stem(path)));
  return files.filter(([path]) => isOfTheField(path) || /\.zip$/i.test(path) || (/\.txt$/i.test(path) && annotated.has(stem(path))));
}

/** @param {string} path */
const stem = (path) => path.replace(/\.(ann|txt)$/i, '');

/**
 * Their documents. What cannot be read is a document with a problem.
 * @param {PathAndFile[]} files
 * @returns {AsyncGenerator<ReadDocument>}
 */
export async function* documentsOfTheField(files) {
  /** @type {PathAndFile[]} */
  const plain = [];
  /** @type {PathAndFile[]} */
  const western = [];
  for (const one of files) ((await isWestern(one[1])) ? western : plain).push(one);
  yield* read(plain, {}, []);
  const note = 'It is not UTF-8 and was read as Windows-1252: check its special characters.';
  yield* read(western, { encoding: 'windows-1252' }, [note]);
}

/**
 * @param {PathAndFile[]} files
 * @param {import('../../glossa/documents.js').ReadOptions} options
 * @param {string[]} said
 * @returns {AsyncGenerator<ReadDocument>}
 */
async function* read(files, options, said) {
  if (!files.length) return;
  const named = files.map(([name, content]) => ({ name, content }));
  for await (const record of readDocuments(named, { recognise: true, ...options })) {
    const { id, place, document, error, problems, warnings } = record;
    if (!document) {
      const { code, message } = error ?? { code: 'input_invalid', message: place };
      yield { id, text: '', place, problem: new GlossaError(code, withoutFlags(message)) };
      continue;
    }
    const notes = [...said, ...problems.map(({ message }) => withoutFlags(message)), ...warnings.map(({ what, times }) => `${what}: ${times}`)];
    const { text, passages, mentions, info } = document;
    yield { id, text, place, notes, given: { passages, mentions, info } };
  }
}

/**
 * A message without what to do on the command line.
 * @param {string} message
 */
const withoutFlags = (message) => message.replace(/; [^;]*--(from|input-encoding) [^;]*$/, '');

/** @param {File} file */
async function isWestern(file) {
  if (/\.(gz|zip)$/i.test(file.name)) return false;
  try {
    return decodeText(new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer()))?.encoding === 'Windows-1252';
  } catch {
    // Why it cannot be read is told when it is read.
    return false;
  }
}
