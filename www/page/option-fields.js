/**
 * The options that the page offers, in the words of its reader, grouped by the stages that they belong to.
 *
 * Names, kinds, values, limits and defaults are those of `options.schema.json`; `tests/js/option-fields.test.mjs` fails
 * if an option is missing here or there.
 */

import schema from '../glossa/options.schema.json' with { type: 'json' };
import { readSchema } from './option-schema.js';

/**
 * What the page says of an option.
 * @typedef {object} Words
 * @property {string} name as in the schema
 * @property {string} title
 * @property {string} help `{range}` stands for the numbers that are allowed
 * @property {Record<string, string>} [values] texts for the values of a choice that do not speak for themselves; `''`
 *   is the text for leaving the option out
 * @property {boolean | string} [usual] the default, if the schema has it in its description only: the library tells
 *   such an option left out from one that is given
 * @property {ListEntry} [entry] how a list is entered
 * @property {string} [placeholder]
 */

/**
 * How the entries of a list are entered: `lines` (one a line), `names` (separated by commas), `words` (separated by
 * spaces; `\n`, `\r` and `\t` stand for those characters), `characters` (each character an entry), `escaped` (each
 * character an entry, with the backslash before it).
 * @typedef {'lines' | 'names' | 'words' | 'characters' | 'escaped'} ListEntry
 */

/**
 * An option as it is shown: what the page says of it, and what the schema does.
 * @typedef {Omit<Words, 'values' | 'usual'> & Omit<import('./option-schema.js').Option, 'values'> & Control} Field
 */

/**
 * How an option is entered. A choice has pairs of value and text, the first of which stands for leaving the option out.
 * @typedef {{ kind: 'choice', choices: [string, string][] }
 *   | { kind: 'check', usual: boolean }
 *   | { kind: 'number' | 'text' | 'pairs' | ListEntry }} Control
 */

/** @typedef {{ title: string, fields: Field[] }} FieldList */
/** @typedef {FieldList & { note?: string, more?: FieldList }} Group */

/** Options that the toolbar above the panel has, where they are close at hand. */
export const TOOLBAR = ['mode', 'threshold'];

/** Options that nobody enters: they change what a script gets to know of a result, not what is found. */
export const NOT_ENTERED = ['labelScores'];

/** @type {Partial<Record<import('./option-schema.js').Type, 'number' | 'text' | 'pairs'>>} */
const KINDS = { integer: 'number', number: 'number', string: 'text', object: 'pairs' };

const OPTIONS = readSchema(schema);

/**
 * By the stages of the pipeline.
 * @type {Group[]}
 */
const STAGES = [
  {
    title: 'How the text is read',
    fields: fields(
      {
        name: 'cleanupMode',
        title: 'Clean-up',
        help: 'Done before the text is cut into tokens. Highlights stay places in your text.',
        values: {
          disabled: 'Leave it as it is',
          inplace: 'inplace: each white space becomes a space',
          inplace_full: 'inplace_full: also written-out \\n, \\r\\n, \\t',
          shrink: 'shrink: runs of white space become one space',
          shrink_full: 'shrink_full: also written-out ones',
          each: 'each: line feeds and tabs after white space',
          each_full: 'each_full: also written-out ones',
          delete_full: 'delete_full: written-out ones go',
        },
      },
      {
        name: 'caseSensitive',
        title: 'Upper and lower case',
        help: 'Whether the model sees them as different.',
        values: { '': 'As the model says', true: 'Told apart', false: 'Taken as the same' },
      },
      {
        name: 'normalisation',
        title: 'Plain writing',
        help: 'Soft hyphens, raised decimal points, thin spaces in numbers and words cut at a line’s end are read as if plainly written. Highlights stay places in your text.',
        values: { '': 'As the model says', true: 'Read in plain writing', false: 'Read as it is written' },
      },
      {
        name: 'documentStructure',
        title: 'Empty lines',
        help: 'Whether an empty line ends what can be one entity.',
        values: { '': 'As the model says', true: 'End a paragraph', false: 'Are like spaces' },
      },
      {
        name: 'maxSentenceLength',
        title: 'Window length',
        help: 'Word pieces read at once: up to 512, more for models with more positions.',
        placeholder: 'As the model says',
      },
      {
        name: 'pieces',
        title: 'Parts of words',
        help: 'How much of a token such as open-label is read.',
        values: { all: 'All of each token', first: 'Its first word, as open-source Spark NLP' },
      },
      {
        name: 'precision',
        title: 'Exact or fast',
        help: 'int8 is faster and takes less memory; f32 computes as the model was trained.',
        values: { auto: 'As suits the file' },
      },
      {
        name: 'dtype',
        title: 'Model file',
        help: 'Which ONNX file of a Hugging Face model is read, by its number format.',
        values: { auto: 'As suits the model', q8: 'q8: model_quantized.onnx' },
      },
      {
        name: 'encoding',
        title: 'Hugging Face models',
        help: 'How they are read. Spark NLP’s way allows the options for tokens and chunks.',
        values: { '': 'As suits the model', huggingFace: 'By their own tokenizer', spark: 'As in Spark NLP' },
      },
      {
        name: 'aggregationStrategy',
        title: 'From parts of words to entities',
        help: 'How a Hugging Face model’s labels become chunks.',
        usual: 'simple',
      },
      {
        name: 'ignoreLabels',
        title: 'Labels left out',
        help: 'Of a Hugging Face model; O by default.',
        entry: 'names',
        placeholder: 'O',
      },
      {
        name: 'decoding',
        title: 'Choice of labels',
        help: 'Each word’s likeliest label, or the likeliest sequence of labels.',
        values: { '': 'As the model says', argmax: 'argmax, as in Spark NLP' },
      },
      {
        name: 'labelFromSeparator',
        title: 'Spark’s label at the limit',
        help: 'Repeats what open-source Spark NLP does with the first token beyond a window; to compare with it.',
      },
    ),
  },
  {
    title: 'What is marked',
    fields: fields(
      {
        name: 'entities',
        title: 'Only these entities',
        help: 'Drop all others. Spark NLP’s white list.',
        entry: 'names',
        placeholder: 'protein, DNA',
      },
      {
        name: 'excludeEntities',
        title: 'Not these entities',
        help: 'Drop them. Spark NLP’s black list.',
        entry: 'names',
        placeholder: 'cell_line',
      },
      {
        name: 'replaceLabels',
        title: 'Rename entities',
        help: 'Other names for them.',
        placeholder: 'DNA=Gene, RNA=Transcript',
      },
      {
        name: 'ignoreStopWords',
        title: 'Join across words',
        help: 'One chunk of two with only such words between them. Separate them with spaces.',
        entry: 'words',
        placeholder: 'and of /',
      },
      {
        name: 'labelCasing',
        title: 'Case of entity names',
        help: 'In the document, the table and what you save.',
        values: { '': 'As they are', upper: 'UPPER' },
      },
      {
        name: 'greedyMode',
        title: 'Join neighbours',
        help: 'Chunks of one entity that touch are one chunk.',
      },
      {
        name: 'nerHasNoSchema',
        title: 'Labels without B- and I-',
        help: 'For models whose labels are plain entity names.',
      },
      {
        name: 'preservePosition',
        title: 'Whole chunk as result',
        help: 'Off: “result” in the JSON is the first token, as in Spark NLP.',
      },
      {
        name: 'padAsO',
        title: 'PAD is not an entity',
        help: 'Off: the label PAD is read as in Spark NLP.',
      },
    ),
  },
  {
    title: 'How words are cut',
    note: 'Anything set here replaces the model’s own options for tokens as a whole. Patterns are Java’s.',
    fields: fields(
      {
        name: 'exceptions',
        title: 'Keep whole',
        help: 'Patterns, one a line, of what is not cut.',
        entry: 'lines',
        placeholder: 'NF-kappa B\np[0-9]+/[A-Z]+',
      },
      {
        name: 'caseSensitiveExceptions',
        title: 'Exceptions tell case apart',
        help: 'Off: they match in upper and lower case.',
        usual: true,
      },
      {
        name: 'splitChars',
        title: 'Split at characters',
        help: 'One that means something in a pattern needs a backslash.',
        entry: 'escaped',
        placeholder: '-/',
      },
      {
        name: 'splitPattern',
        title: 'Split at a pattern',
        help: 'What it matches is left out.',
        placeholder: '[-/]',
      },
      { name: 'minLength', title: 'Shortest token', help: 'Shorter ones are dropped.' },
      { name: 'maxLength', title: 'Longest token', help: 'Longer ones are dropped.' },
    ),
    more: {
      title: 'Patterns of the rule',
      fields: fields(
        {
          name: 'targetPattern',
          title: 'Target',
          help: 'Characters that it does not mention end a token.',
          placeholder: '\\S+',
        },
        {
          name: 'prefixPattern',
          title: 'Prefix',
          help: 'Comes off the start; begins with \\A.',
          placeholder: '\\A([^\\s\\w]*)',
        },
        {
          name: 'suffixPattern',
          title: 'Suffix',
          help: 'Comes off the end; ends with \\z.',
          placeholder: '([^\\s\\w]?)\\z',
        },
        {
          name: 'infixPatterns',
          title: 'Infixes',
          help: 'One a line; each group is a token.',
          entry: 'lines',
          placeholder: '([\\w]+)(-)([\\w]+)',
        },
        {
          name: 'contextChars',
          title: 'Context characters',
          help: 'Peeled off both ends.',
          entry: 'characters',
          placeholder: '.,;:!?*-()"\'',
        },
      ),
    },
  },
];

const [READING, MARKING, CUTTING] = STAGES;

/** In the order in which a reader looks for them: what is marked before how it comes about. */
export const GROUPS = [MARKING, READING, CUTTING];

/**
 * Of a pipeline file rather than of the library, so the schema does not have it.
 * @type {Field}
 */
export const FORMAT = {
  name: 'format',
  at: 'pipeline',
  type: 'string',
  kind: 'choice',
  usual: 'table',
  title: 'Output',
  help: 'What the command line writes.',
  choices: [
    ['table', 'table'],
    ['jsonl', 'jsonl'],
    ['csv', 'csv'],
  ],
};

/** Every field of the panel. */
export const FIELDS = [...GROUPS.flatMap(({ fields, more }) => [...fields, ...(more?.fields ?? [])]), FORMAT];

/** @param {Words[]} words */
function fields(...words) {
  return words.map(field);
}

/**
 * @param {Words} words
 * @returns {Field}
 */
function field({ values: texts = {}, ...words }) {
  const option = OPTIONS.get(words.name);
  if (!option) throw new Error(`options.schema.json has no option ${words.name}`);
  const { at, type, values, usual = words.usual, minimum, maximum } = option;
  const unknown = Object.keys(texts).find((value) => value !== '' && !values?.includes(value));
  if (unknown) throw new Error(`option ${words.name}: options.schema.json has no value ${unknown}`);
  const help = words.help.replace('{range}', `${minimum} to ${maximum}`);
  const shared = { ...words, help, at, type, usual };
  if (type === 'boolean' && typeof usual === 'boolean') return { ...shared, kind: 'check', usual };
  if (values) {
    const first = usual === undefined ? '' : String(usual);
    const all = [first, ...values.filter((value) => value !== first)];
    return { ...shared, kind: 'choice', choices: all.map((value) => [value, texts[value] ?? value]) };
  }
  const kind = words.entry ?? KINDS[type];
  if (!kind) throw new Error(`option ${words.name}: its words do not say how a list is entered`);
  return { ...shared, kind };
}
