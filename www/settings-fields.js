/** The options that the page offers, in the order of the stages that they belong to. */

/**
 * How an option is shown. `name` is its name in JS and JSON; `at` is where it stands in a pipeline's document.
 *
 * kinds: `choice` (its `choices` are pairs of value and text; the first stands for leaving the option out), `check` (with
 * what it is unless told otherwise), `number`, `text`, and lists: `lines` (an entry a line), `names` (separated by commas),
 * `words` (separated by spaces; \n, \r and \t stand for those characters), `characters` (each an entry), `escaped` (each
 * an entry with the backslash before it), `pairs` (old=new, separated by commas).
 * @typedef {{ name: string, at: 'options' | 'tokenizer' | 'annotate' | 'pipeline', kind: string, title: string,
 *   help: string, choices?: [string, string][], unless?: boolean, placeholder?: string }} Field
 * @typedef {{ title: string, note?: string, fields: Field[], more?: { title: string, fields: Field[] } }} Group
 */

const CLEANUP = [
  ['disabled', 'Leave it as it is'],
  ['inplace', 'inplace: each white space becomes a space'],
  ['inplace_full', 'inplace_full: also written-out \\n, \\r\\n, \\t'],
  ['shrink', 'shrink: runs of white space become one space'],
  ['shrink_full', 'shrink_full: also written-out ones'],
  ['each', 'each: line feeds and tabs after white space'],
  ['each_full', 'each_full: also written-out ones'],
  ['delete_full', 'delete_full: written-out ones go'],
];

/** @type {Group[]} */
export const GROUPS = [
  {
    title: 'Text and model',
    fields: [
      {
        name: 'cleanupMode',
        at: 'options',
        kind: 'choice',
        title: 'Clean-up',
        help: 'Done before the text is cut into tokens. Highlights stay places in your text.',
        choices: CLEANUP,
      },
      {
        name: 'caseSensitive',
        at: 'options',
        kind: 'choice',
        title: 'Upper and lower case',
        help: 'Whether the model sees them as different.',
        choices: [
          ['', 'As the model says'],
          ['true', 'Told apart'],
          ['false', 'Taken as the same'],
        ],
      },
      {
        name: 'maxSentenceLength',
        at: 'options',
        kind: 'number',
        title: 'Window length',
        help: 'Word pieces read at once, 1 to 512.',
        placeholder: 'As the model says',
      },
      {
        name: 'pieces',
        at: 'options',
        kind: 'choice',
        title: 'Word pieces',
        help: 'How much of a token such as open-label is read.',
        choices: [
          ['all', 'All of each token'],
          ['first', 'Its first word, as open-source Spark NLP'],
        ],
      },
      {
        name: 'precision',
        at: 'options',
        kind: 'choice',
        title: 'Precision',
        help: 'int8 is faster and smaller; f32 is exact.',
        choices: [
          ['auto', 'As suits the file'],
          ['int8', 'int8'],
          ['f32', 'f32'],
        ],
      },
      {
        name: 'encoding',
        at: 'options',
        kind: 'choice',
        title: 'Hugging Face models',
        help: 'How they are read. Spark NLP’s way allows the options for tokens and chunks.',
        choices: [
          ['', 'As suits the model'],
          ['huggingFace', 'By their own tokenizer'],
          ['spark', 'As in Spark NLP'],
        ],
      },
      {
        name: 'aggregationStrategy',
        at: 'annotate',
        kind: 'choice',
        title: 'Aggregation',
        help: 'How a Hugging Face model’s labels become chunks.',
        choices: [
          ['', 'simple'],
          ['none', 'none'],
          ['first', 'first'],
          ['average', 'average'],
          ['max', 'max'],
        ],
      },
      {
        name: 'decoding',
        at: 'options',
        kind: 'choice',
        title: 'Decoding',
        help: 'How labels are chosen: each token’s likeliest, or the likeliest sequence.',
        choices: [
          ['', 'As the model says'],
          ['argmax', 'argmax, as in Spark NLP'],
          ['viterbi', 'viterbi'],
        ],
      },
      {
        name: 'labelFromSeparator',
        at: 'options',
        kind: 'check',
        unless: false,
        title: 'Spark’s label at the limit',
        help: 'Repeats what open-source Spark NLP does with the first token beyond a window; to compare with it.',
      },
    ],
  },
  {
    title: 'Chunks',
    fields: [
      {
        name: 'entities',
        at: 'annotate',
        kind: 'names',
        title: 'White list',
        help: 'Keep only these entities.',
        placeholder: 'protein, DNA',
      },
      {
        name: 'blackList',
        at: 'annotate',
        kind: 'names',
        title: 'Black list',
        help: 'Drop these entities.',
        placeholder: 'cell_line',
      },
      {
        name: 'replaceLabels',
        at: 'annotate',
        kind: 'pairs',
        title: 'Rename entities',
        help: 'Other names for them.',
        placeholder: 'DNA=Gene, RNA=Transcript',
      },
      {
        name: 'ignoreStopWords',
        at: 'annotate',
        kind: 'words',
        title: 'Join across',
        help: 'One chunk of two, where only such words stand between. Separate them with spaces.',
        placeholder: 'and of /',
      },
      {
        name: 'labelCasing',
        at: 'annotate',
        kind: 'choice',
        title: 'Case of entity names',
        help: 'In the document, the table and what you save.',
        choices: [
          ['', 'As they are'],
          ['upper', 'UPPER'],
          ['lower', 'lower'],
        ],
      },
      {
        name: 'greedyMode',
        at: 'annotate',
        kind: 'check',
        unless: false,
        title: 'Join neighbours',
        help: 'Chunks of one entity that touch are one chunk.',
      },
      {
        name: 'nerHasNoSchema',
        at: 'annotate',
        kind: 'check',
        unless: false,
        title: 'Labels without B- and I-',
        help: 'For models whose labels are plain entity names.',
      },
      {
        name: 'preservePosition',
        at: 'annotate',
        kind: 'check',
        unless: true,
        title: 'Whole chunk as result',
        help: 'Off: “result” in the JSON is the first token, as in Spark NLP.',
      },
      {
        name: 'padAsO',
        at: 'annotate',
        kind: 'check',
        unless: true,
        title: 'PAD is no entity',
        help: 'Off: the label PAD is read as in Spark NLP.',
      },
    ],
  },
  {
    title: 'Tokens',
    note: 'Anything set here replaces the model’s own settings for tokens as a whole. Patterns are Java’s.',
    fields: [
      {
        name: 'exceptions',
        at: 'tokenizer',
        kind: 'lines',
        title: 'Keep whole',
        help: 'Patterns, one a line, of what is not cut.',
        placeholder: 'NF-kappa B\np[0-9]+/[A-Z]+',
      },
      {
        name: 'caseSensitiveExceptions',
        at: 'tokenizer',
        kind: 'check',
        unless: true,
        title: 'Exceptions tell case apart',
        help: 'Off: they match in upper and lower case.',
      },
      {
        name: 'splitChars',
        at: 'tokenizer',
        kind: 'escaped',
        title: 'Split at characters',
        help: 'One that means something in a pattern needs a backslash.',
        placeholder: '-/',
      },
      {
        name: 'splitPattern',
        at: 'tokenizer',
        kind: 'text',
        title: 'Split at a pattern',
        help: 'What it matches is left out.',
        placeholder: '[-/]',
      },
      { name: 'minLength', at: 'tokenizer', kind: 'number', title: 'Shortest token', help: 'Shorter ones are dropped.' },
      { name: 'maxLength', at: 'tokenizer', kind: 'number', title: 'Longest token', help: 'Longer ones are dropped.' },
    ],
    more: {
      title: 'Patterns of the rule',
      fields: [
        {
          name: 'targetPattern',
          at: 'tokenizer',
          kind: 'text',
          title: 'Target',
          help: 'Characters it is not written with end a token.',
          placeholder: '\\S+',
        },
        {
          name: 'prefixPattern',
          at: 'tokenizer',
          kind: 'text',
          title: 'Prefix',
          help: 'Comes off the start; begins with \\A.',
          placeholder: '\\A([^\\s\\w]*)',
        },
        {
          name: 'suffixPattern',
          at: 'tokenizer',
          kind: 'text',
          title: 'Suffix',
          help: 'Comes off the end; ends with \\z.',
          placeholder: '([^\\s\\w]?)\\z',
        },
        {
          name: 'infixPatterns',
          at: 'tokenizer',
          kind: 'lines',
          title: 'Infixes',
          help: 'One a line; each group is a token.',
          placeholder: '([\\w]+)(-)([\\w]+)',
        },
        {
          name: 'contextChars',
          at: 'tokenizer',
          kind: 'characters',
          title: 'Context characters',
          help: 'Peeled off both ends.',
          placeholder: '.,;:!?*-()"\'',
        },
      ],
    },
  },
];

/** @type {Field} */
export const FORMAT = {
  name: 'format',
  at: 'pipeline',
  kind: 'choice',
  title: 'Output',
  help: 'What the command line writes.',
  choices: [
    ['', 'table'],
    ['jsonl', 'jsonl'],
    ['csv', 'csv'],
  ],
};
