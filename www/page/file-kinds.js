/** What a file is that the user brings: a text, a pipeline, a model, or none of them, which is told with what to do. */

import { GlossaError } from '../glossa/index.js';
import { counted, megabytes } from './counted.js';
import { decodeText } from './decode-text.js';
import { LONGEST_TEXT, tooLong } from './input-text.js';

/** @typedef {import('./bring-files.js').PathAndFile} PathAndFile */

/**
 * Files by path, as `Annotator.create({ files, name })` takes them.
 * @typedef {{ name: string, files: Record<string, Blob> }} LocalModel
 */

/**
 * `notes`: what the user should know of the text that was read.
 * @typedef {{ kind: 'text', name: string, text: string, notes: string[] }
 *   | { kind: 'pipeline', name: string, file: File }
 *   | { kind: 'model', name: string, model: LocalModel }} Brought
 */

/** Bytes of a character in most texts, at most. */
const MOST_BYTES = 2;

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
    name: /\.(xml|nxml|jats|tei|bioc)$/i,
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
  { name: /\.nbib$/i, content: /^\s*PMID- *\d+\r?\n/, what: 'a MEDLINE record: its field tags' },
  { name: /\.ris$/i, content: /^\s*TY {2}- /, what: 'a RIS record: its field tags' },
  { name: /\.(bib|enw)$/i, content: /^\s*@article\{/i, what: 'a bibliography: its field names' },
  { name: /\.pubtator$/i, content: /^\s*\d+\|t\|/, what: 'in PubTator’s format: its line beginnings and annotations' },
  { name: /\.(csv|tsv)$/i, what: 'a table: its separators' },
  { name: /\.(tex|latex)$/i, what: 'LaTeX: its commands' },
];

/**
 * @param {PathAndFile[]} pairs
 * @returns {Promise<Brought>}
 * @throws {GlossaError} `input_invalid`, `file_unreadable`: what was brought cannot be used
 */
export async function identify(pairs) {
  if (!pairs.length) throw refusal('There is no file in what was brought. Files and folders from this device can be read.');
  const model = pairs.length > 1 || pairs[0][0].includes('/');
  if (model && pairs.some(([path]) => OF_A_MODEL.test(path))) return asModel(pairs);
  if (pairs.length > 1) throw severalFiles(pairs);
  return identifyOne(pairs[0][1]);
}

/**
 * @param {File} file
 * @returns {Promise<Brought>}
 */
async function identifyOne(file) {
  const { name } = file;
  const head = latin1(await bytesOf(file.slice(0, 512), name));
  const refused = REFUSED.find(
    (kind) => kind.name.test(name) || kind.starts?.some((bytes) => head.startsWith(bytes)) || kind.content?.test(head),
  );
  if (refused) throw refusal(`${name} is ${refused.what}. ${refused.todo}`);
  if (/\.(zip|onnx)$/i.test(name) || head.startsWith('PK\x03\x04')) return asModel([[name, file]]);
  if (!file.size) throw refusal(`${name} is empty.`);
  // What is surely too long is not even read.
  if (file.size > MOST_BYTES * LONGEST_TEXT) throw tooLarge(`${name} has ${megabytes(file.size)} MB, more than this page can show`, name);
  const decoded = decodeText(await bytesOf(file, name));
  if (!decoded) {
    throw refusal(`${name} is neither text nor a model. A model is a zip, or a folder with an ONNX file, as Spark NLP or Hugging Face has it.`);
  }
  const notes = decoded.encoding === 'Windows-1252' ? [`${name} is not UTF-8 and was read as Windows-1252: check its special characters.`] : [];
  const { text } = decoded;
  if (text.length > LONGEST_TEXT) throw tooLarge(`${name}: ${tooLong(text.length)}`, name);
  if (/\.json$/i.test(name)) return ofJson(file, text, notes);
  if (/\.(jsonl|ndjson)$/i.test(name)) return { kind: 'text', name, text: onlyRecord(name, records(name, text)), notes };
  const mixed = NOT_ALL_PROSE.find((kind) => kind.name.test(name) || kind.content?.test(text));
  if (mixed) notes.push(`${name} is ${mixed.what} are read as text too.`);
  return { kind: 'text', name, text, notes };
}

/**
 * A JSON file is a pipeline, unless it plainly is a record, such as a result that this page saved.
 * @param {File} file
 * @param {string} content
 * @param {string[]} notes
 * @returns {Brought}
 */
function ofJson(file, content, notes) {
  const { name } = file;
  let value;
  try {
    value = JSON.parse(content);
  } catch {
    // What is wrong with it is told by the pipeline's reader.
    return { kind: 'pipeline', name, file };
  }
  const found = Array.isArray(value) ? value : [value];
  const areRecords = found.length > 0 && found.every((one) => typeof one?.text === 'string' && !('glossaPipeline' in one));
  if (areRecords) return { kind: 'text', name, text: onlyRecord(name, found.map(({ text }) => text)), notes };
  return { kind: 'pipeline', name, file };
}

/**
 * The texts of a file of JSON lines.
 * @param {string} name
 * @param {string} content
 */
function records(name, content) {
  const lines = content.split('\n').map((line, i) => ({ line: line.trim(), number: i + 1 }));
  return lines.filter(({ line }) => line).map(({ line, number }) => textOf(line) ?? refuseLine(name, number));
}

/**
 * @param {string} line
 * @returns {string | undefined}
 */
function textOf(line) {
  try {
    const { text } = JSON.parse(line);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} name
 * @param {number} number
 * @returns {never}
 */
function refuseLine(name, number) {
  throw refusal(`${name}, line ${number}: JSON lines are records {"id": …, "text": "…"}, and this is none.`);
}

/**
 * @param {string} name
 * @param {string[]} texts
 */
function onlyRecord(name, texts) {
  if (texts.length === 1) return texts[0];
  if (!texts.length) throw refusal(`${name} has no record.`);
  throw refusal(`${name} has ${counted(texts.length, 'record')}; this page reads one text at a time. The command line reads all: glossa annotate ${name}`);
}

/**
 * Why several files, or a folder, that are no model cannot be used.
 * @param {PathAndFile[]} pairs
 */
function severalFiles(pairs) {
  const folder = sharedFolder(pairs);
  if (pairs.some(([path]) => OTHER_WEIGHTS.test(path))) {
    const { todo } = /** @type {{ todo: string }} */ (REFUSED.find(({ name }) => name === OTHER_WEIGHTS));
    return refusal(`${folder ?? 'What was brought'} has weights, but no ONNX file. ${todo}`);
  }
  const what = folder ? `The folder ${folder} is no model: it has no ONNX file` : `${pairs.length} files were brought that are no model`;
  return refusal(`${what}. Texts and pipelines are read one file at a time; the command line reads many: glossa annotate FILES`);
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
async function bytesOf(blob, name) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GlossaError('file_unreadable', `${name}: cannot be read: ${reason}`, { cause: error });
  }
}

/** @param {Uint8Array} bytes */
const latin1 = (bytes) => String.fromCharCode(...bytes);

/**
 * @param {string} message
 * @param {string} name
 */
const tooLarge = (message, name) => refusal(`${message}. The command line reads it: glossa annotate ${name}`);

/** @param {string} message */
const refusal = (message) => new GlossaError('input_invalid', message);
