/** Saves documents in the field's formats, with what was found in them and who decided it. */

import { richText, writeDocuments } from '../glossa/index.js';
import { keyOf, placeOf } from './judging/findings.js';
import { saveBytes } from './save-results.js';

/** @typedef {import('../glossa/documents.js').Document} Document */
/** @typedef {import('../glossa/documents.js').Mention} Mention */
/** @typedef {import('../glossa/documents.js').Warning} Warning */
/** @typedef {import('./judging/findings.js').Finding} Finding */

/**
 * The formats that the page saves in, as a reader knows them: name, words, end of the file's name.
 * @type {[name: string, words: string, extension: string][]}
 */
export const FORMATS = [
  ['jsonl', 'JSON lines', 'jsonl'],
  ['csv', 'CSV table', 'csv'],
  ['tsv', 'TSV table', 'tsv'],
  ['bioc-xml', 'BioC XML', 'bioc.xml'],
  ['bioc-json', 'BioC JSON', 'bioc.json'],
  ['pubtator', 'PubTator', 'pubtator'],
  ['brat', 'brat, zipped', 'zip'],
  ['pubannotation', 'PubAnnotation JSON', 'pubannotation.json'],
  ['conll', 'CoNLL, IOB2', 'conll'],
  ['web-annotation', 'Web Annotation', 'jsonld'],
  ['cas-json', 'UIMA CAS JSON, zipped', 'zip'],
  ['label-studio', 'Label Studio', 'label-studio.json'],
  ['spacy', 'spaCy JSON lines', 'spacy.jsonl'],
  ['doccano', 'doccano JSON lines', 'doccano.jsonl'],
  ['html', 'HTML page', 'html'],
  ['text', 'plain text', 'txt'],
];

/** Formats that are tables, which say who decided, and when, only if they are asked to. */
const TABLES = ['csv', 'tsv'];

/**
 * An annotation as a document of the package.
 * @param {string} id
 * @param {Pick<import('./result-view.js').Shown, 'text' | 'model' | 'given' | 'truncatedFrom' | 'run'>} annotation
 * @param {Finding[]} findings what is to be saved of it
 * @returns {Document}
 */
export function documentOf(id, { text, model, given, truncatedFrom, run }, findings) {
  const came = new Map((given?.mentions ?? []).map((mention) => [keyOf(placeOf(mention)), mention]));
  const mentions = findings.map((finding) => mentionOf(finding, came, model));
  const { passages, info } = given ?? {};
  /** @type {Document} */
  const document = { id, text, mentions };
  if (passages) document.passages = passages;
  if (info) document.info = info;
  if (truncatedFrom !== undefined) document.truncatedFrom = truncatedFrom;
  if (run) document.precision = run.precision;
  return document;
}

/**
 * @param {Finding} finding
 * @param {Map<string, Mention>} came the mentions that came with the text, by their places
 * @param {string} [model] whose chunks have no layer of their own
 * @returns {Mention}
 */
function mentionOf(finding, came, model) {
  const { begin, end, spans = [{ begin, end }], text, entity, confidence, layer = model, mention, decision } = finding;
  if (mention) return { ...mention, by: mention.by ?? { who: 'file' } };
  const known = decision?.of && came.get(keyOf(decision.of));
  // An identifier is that of the concept: with another entity it may be another's.
  const kept = known && known.entity === entity ? known : undefined;
  /** @type {Mention} */
  const made = { ...kept, spans, text, entity, by: decision ? { who: 'person' } : { who: 'model', name: layer } };
  if (confidence !== undefined) made.confidence = confidence;
  if (decision) made.time = decision.time;
  return made;
}

/**
 * Saves documents as a file.
 * @param {AsyncIterable<Document> | Iterable<Document>} documents
 * @param {string} format
 * @returns {Promise<Warning[]>} what the format does not hold
 */
export async function saveAs(documents, format) {
  const [, , extension] = /** @type {[string, string, string]} */ (FORMATS.find(([name]) => name === format));
  const options = TABLES.includes(format) ? { byteOrderMark: true, details: true } : {};
  const { bytes, warnings } = await writeDocuments(documents, format, options);
  saveBytes(`glossa.${extension}`, 'application/octet-stream', bytes);
  return warnings;
}

/**
 * Puts a document with its marks on the clipboard, as rich text and as plain text.
 * @param {Document} document
 * @returns {Promise<boolean>} whether the browser allowed it
 */
export async function copyRich(document) {
  try {
    // A browser allows it only while the press lasts: what is to be copied may come later.
    const html = richText(document).then((content) => new Blob([content], { type: 'text/html' }));
    const plain = new Blob([document.text], { type: 'text/plain' });
    await navigator.clipboard.write([new ClipboardItem({ 'text/html': html, 'text/plain': plain })]);
    return true;
  } catch {
    return false;
  }
}
