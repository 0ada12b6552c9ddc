/** What the user brings: documents, a pipeline, a model, or none of them, which is told with what to do. */

import { GlossaError } from '../glossa/index.js';
import { counted } from './counted.js';
import { decodeText } from './decode-text.js';
import { zipNames } from './zip-names.js';

/** @typedef {import('./bring-files.js').PathAndFile} PathAndFile */

/**
 * Files by path, as `Annotator.create({ files, name })` takes them.
 * @typedef {{ name: string, files: Record<string, Blob> }} LocalModel
 */

/**
 * @typedef {{ kind: 'documents', name: string, files: PathAndFile[] }
 *   | { kind: 'pipeline', name: string, file: File }
 *   | { kind: 'model', name: string, model: LocalModel }} Brought
 */

/** Files that make a folder a model's: of our bundles, of Hugging Face's folders, of Spark NLP's. */
const OF_A_MODEL = /(^|\/)(manifest\.json|config\.json|tokenizer\.json|metadata\/[^/]+|[^/]+\.onnx)$/i;

/** Weights in formats that are not read, which a model's folder often holds beside the ONNX file. */
const OTHER_WEIGHTS = /\.(bin|ckpt|gguf|h5|msgpack|ot|pb|pt|pth|safetensors|tflite)$/i;

const PASTE = 'Copy its text and paste it here.';

/**
 * Files that are neither text nor model, by the end of their names or their first bytes, and what to do.
 * @type {{ name: RegExp, starts?: string[], content?: RegExp, what: string, todo: string }[]}
 */
const REFUSED = [
  { name: /\.pdf$/i, starts: ['%PDF-'], what: 'a PDF', todo: PASTE },
  {
    name: /\.(docx?|dotx?|odt|ott|pages|rtf|wpd)$/i,
    starts: ['{\\rtf', '\xd0\xcf\x11\xe0'],
    what: 'a word processor’s document',
    todo: 'Copy its text and paste it here, or save it as plain text (.txt).',
  },
  { name: /\.(epub|mobi|azw3?)$/i, what: 'an e-book', todo: PASTE },
  { name: /\.(xlsx?|xlsm|ods|numbers)$/i, what: 'a spreadsheet', todo: 'Copy the cells that you want and paste them here.' },
  { name: /\.(pptx?|odp|key)$/i, what: 'a presentation', todo: PASTE },
  {
    name: /\.(x?html?|mhtml)$/i,
    content: /^\s*<(!doctype html|html)\b/i,
    what: 'a web page',
    todo: 'Open it in the browser, copy its text and paste it here.',
  },
  {
    name: /\.(jats|tei|bioc)$/i,
    content: /^\s*<\?xml\b/i,
    what: 'XML, whose tags would be read as text',
    todo: 'Copy the text without them and paste it here.',
  },
  {
    name: /\.(png|jpe?g|gif|bmp|tiff?|webp|avif|heic|svg|ico|djvu|ps|eps)$/i,
    starts: ['\x89PNG', '\xff\xd8\xff', 'GIF8', 'II*\0', 'MM\0*', '%!PS'],
    what: 'a picture',
    todo: 'Its text has to be recognised by another program first.',
  },
  {
    name: /\.(gz|tgz|tar|bz2|xz|zst|7z|rar)$/i,
    starts: ['\x1f\x8b', '7z\xbc\xaf', 'Rar!', 'BZh', '\xfd7zXZ', '(\xb5/\xfd'],
    what: 'a packed file',
    todo: 'Unpack it first: a text is taken as .txt, a model as a folder or a zip.',
  },
  {
    name: OTHER_WEIGHTS,
    what: 'a file of weights in a format that is not read',
    todo: 'Models are read as ONNX: “optimum-cli export onnx --task token-classification --model NAME FOLDER” makes a folder to drop here.',
  },
];

/** Texts that are read as they stand, with what is not prose in them. */
const NOT_ALL_PROSE = [
  { name: /\.ris$/i, content: /^\s*TY {2}- /, what: 'a RIS record: its field tags' },
  { name: /\.(bib|enw)$/i, content: /^\s*@article\{/i, what: 'a bibliography: its field names' },
  { name: /\.(tex|latex)$/i, what: 'LaTeX: its commands' },
];

/** Files in the field's formats, by the end of their names: the engine reads them. */
const OF_THE_FIELD = /\.(nbib|medline|xml|nxml|pubtator|ann|conll|iob2?|csv|tsv|gz)$/i;

/**
 * Whether a file is in one of the field's formats. JSON is looked into, and so are zips.
 * @param {string} name
 */
export const isOfTheField = (name) => OF_THE_FIELD.test(name) && !/\.tar\.gz$/i.test(name);

/** Bytes of a JSON file above which it is no pipeline. */
const LARGEST_PIPELINE = 1 << 20;

/**
 * @param {PathAndFile[]} pairs
 * @returns {Promise<Brought>}
 * @throws {GlossaError} `input_invalid`, `file_unreadable`: what was brought cannot be used
 */
export async function identify(pairs) {
  if (!pairs.length) throw refusal('There is no file in what was brought. Files and folders from this device can be read.');
  const isFolder = pairs.length > 1 || pairs[0][0].includes('/');
  if (isFolder && pairs.some(([path]) => OF_A_MODEL.test(path))) return asModel(pairs);
  if (pairs.length > 1 && pairs.some(([path]) => OTHER_WEIGHTS.test(path))) throw onlyWeights(pairs);
  if (pairs.length > 1) return asDocuments(pairs);
  const [[, file]] = pairs;
  if (await isModel(file)) return asModel([[file.name, file]]);
  if (/\.json$/i.test(file.name) && !(await hasRecords(file))) return { kind: 'pipeline', name: file.name, file };
  return { kind: 'documents', name: file.name, files: [[file.name, file]] };
}

/**
 * Why a file is neither text nor model, and what to do: how the sentence goes on that begins with “… is”.
 * @param {File} file
 * @returns {Promise<string | undefined>} undefined if it may be one of them
 */
export async function refusedAs(file) {
  const { name } = file;
  if (isOfTheField(name)) return undefined;
  const head = await headOf(file);
  const refused = REFUSED.find(
    (kind) => kind.name.test(name) || kind.starts?.some((bytes) => head.startsWith(bytes)) || kind.content?.test(head),
  );
  return refused && `${refused.what}. ${refused.todo}`;
}

/**
 * What of a text is not prose: how the sentence goes on that begins with “… is” and ends with “are read as text too”.
 * @param {string} name of its file
 * @param {string} text
 */
export const whatIsMixed = (name, text) => NOT_ALL_PROSE.find((kind) => kind.name.test(name) || kind.content?.test(text))?.what;

/**
 * Whether a text is surely in a format of the field, whatever its file is called.
 * @param {string} text
 */
export const looksOfTheField = (text) => /^\s*PMID- *\d+\r?\n/.test(text) || /^\s*\d+\|t\|.*\r?\n\d+\|a\|/.test(text);

/** @param {File} file */
async function isModel(file) {
  if (isOfTheField(file.name) || (await refusedAs(file))) return false;
  if (/\.onnx$/i.test(file.name)) return true;
  const isZip = /\.zip$/i.test(file.name) || (await headOf(file)).startsWith('PK\x03\x04');
  return isZip && !(await isOfDocuments(file));
}

/**
 * Whether a zip has documents: files of texts or of the field's formats, and none of a model's.
 * @param {File} file
 */
async function isOfDocuments(file) {
  const names = await zipNames(file).catch(() => null);
  if (!names || names.some((name) => OF_A_MODEL.test(name) || OTHER_WEIGHTS.test(name))) return false;
  return names.some((name) => OF_THE_FIELD.test(name) || /\.(txt|text|jsonl|ndjson|json|bioc)$/i.test(name));
}

/**
 * Whether a JSON file has records rather than a pipeline: such as a result that this page saved.
 * @param {File} file
 */
async function hasRecords(file) {
  if (file.size > LARGEST_PIPELINE) return true;
  let value;
  try {
    value = JSON.parse(decodeText(await bytesOf(file, file.name))?.text ?? '');
  } catch (error) {
    if (error instanceof GlossaError) throw error;
    // What is wrong with it is told by the pipeline's reader.
    return false;
  }
  const found = Array.isArray(value) ? value : [value];
  return found.some((one) => typeof one?.text === 'string') && !found.some((one) => one?.glossaPipeline);
}

/**
 * @param {PathAndFile[]} pairs
 * @returns {Brought}
 */
function asDocuments(pairs) {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const files = [...pairs].sort(([one], [other]) => compare(one, other));
  return { kind: 'documents', name: sharedFolder(pairs) ?? counted(pairs.length, 'file'), files };
}

/**
 * Why a model that has weights alone cannot be used.
 * @param {PathAndFile[]} pairs
 */
function onlyWeights(pairs) {
  const { todo } = /** @type {{ todo: string }} */ (REFUSED.find(({ name }) => name === OTHER_WEIGHTS));
  return refusal(`${sharedFolder(pairs) ?? 'What was brought'} has weights, but no ONNX file. ${todo}`);
}

/**
 * @param {PathAndFile[]} pairs
 * @returns {Brought}
 */
function asModel(pairs) {
  const folder = sharedFolder(pairs);
  const name = folder ?? (pairs.length === 1 ? pairs[0][0] : 'files');
  const read = pairs.filter(([path]) => !OTHER_WEIGHTS.test(path));
  const files = Object.fromEntries(read.map(([path, file]) => [folder ? path.slice(folder.length + 1) : path, file]));
  return { kind: 'model', name, model: { name, files } };
}

/**
 * The folder that all files share.
 * @param {PathAndFile[]} pairs
 */
function sharedFolder(pairs) {
  const [first] = pairs[0][0].split('/');
  return pairs.every(([path]) => path.startsWith(`${first}/`)) ? first : undefined;
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export async function bytesOf(blob, name) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GlossaError('file_unreadable', `${name}: cannot be read: ${reason}`, { cause: error });
  }
}

/**
 * The first bytes, as characters.
 * @param {File} file
 */
const headOf = async (file) => String.fromCharCode(...(await bytesOf(file.slice(0, 512), file.name)));

/** @param {string} message */
export const refusal = (message) => new GlossaError('input_invalid', message);
