// Made from options.schema.json by `npm run options`.

/**
 * Options of loading a model. What is left out keeps the model's own setting.
 */
export interface LoadOptions {
  /**
   * How DocumentAssembler cleans a text up before it is tokenised. Offsets stay those of the text as given.
   * - `disabled`: Nothing.
   * - `inplace`: Each white-space character becomes a space.
   * - `inplace_full`: As `inplace`; a written-out `\n`, `\r\n` or `\t` becomes a space too.
   * - `shrink`: White space at the ends goes, other runs of it become one space.
   * - `shrink_full`: As `shrink`; runs of written-out line ends, and of tabs, become one space too.
   * - `each`: A line feed or tab, with the white-space character that must stand before it, becomes a space.
   * - `each_full`: As `each`, also for a written-out `\n`, `\r\n` or `\t` after white space.
   * - `delete_full`: White space at the ends goes; a written-out `\n`, `\r\n` or `\t` goes.
   * @default "disabled"
   */
  cleanupMode?:
    'disabled' | 'inplace' | 'inplace_full' | 'shrink' | 'shrink_full' | 'each' | 'each_full' | 'delete_full';
  /**
   * Whether upper and lower case are told apart.
   */
  caseSensitive?: boolean;
  /**
   * Word pieces per window, `[CLS]` and `[SEP]` included.
   * From 1 to 512.
   */
  maxSentenceLength?: number;
  /**
   * Which word pieces of a token the model reads.
   * - `all`: All of them.
   * - `first`: Those of the token's first word, as open-source Spark NLP does: of `open-label` only `open`.
   * @default "all"
   */
  pieces?: 'all' | 'first';
  /**
   * The arithmetic of the model's linear layers.
   * - `auto`: Int8 where the file's weights are int8, or are f32 in a file of 100 MiB or more; otherwise f32.
   * - `int8`: Int8 everywhere: f32 weights are quantised.
   * - `f32`: F32 everywhere: int8 weights are dequantised.
   * @default "auto"
   */
  precision?: 'auto' | 'int8' | 'f32';
  /**
   * Reproduces a fault of open-source Spark NLP, for comparisons: if the first word piece past the window begins a token, that token gets the label of `[SEP]`. Only with mode `truncate`.
   * @default false
   */
  labelFromSeparator?: boolean;
  /**
   * Which pipeline annotates. By default a Hugging Face folder gets its own, every other model Spark NLP's.
   * - `spark`: Spark NLP's Tokenizer, encoder and NerConverter.
   * - `huggingFace`: The model's own tokenizer and an aggregation strategy, as in transformers. Hugging Face folders only.
   */
  encoding?: 'spark' | 'huggingFace';
  /**
   * How labels are chosen from the logits.
   * - `argmax`: Each token's likeliest label, whatever its neighbours have: as in Spark NLP.
   * - `viterbi`: The likeliest sequence of labels over the whole document.
   */
  decoding?: 'argmax' | 'viterbi';
  /**
   * How texts are cut into tokens: replaces the model's own tokenizer options as a whole.
   */
  tokenizer?: TokenizerOptions;
}

/**
 * Spark NLP's Tokenizer parameters.
 */
export interface TokenizerOptions {
  /**
   * Candidates end at characters that this pattern does not mention. `\S+` by default.
   */
  targetPattern?: string;
  /**
   * What comes off the start of a candidate, in a group; begins with `\A`.
   */
  prefixPattern?: string;
  /**
   * What comes off the end of a candidate, in a group; ends with `\z`.
   */
  suffixPattern?: string;
  /**
   * What may stand between prefix and suffix: each group is a token, and the first pattern that matches counts.
   */
  infixPatterns?: string[];
  /**
   * Characters that are peeled off both ends, one an entry. `.,;:!?*-()"'` by default.
   */
  contextChars?: string[];
  /**
   * Patterns of what stays whole, spaces included, with whatever it touches.
   */
  exceptions?: string[];
  /**
   * Whether exceptions tell the case of ASCII letters apart.
   * @default true
   */
  caseSensitiveExceptions?: boolean;
  /**
   * Each token is split where this matches, and what it matches is left out.
   */
  splitPattern?: string;
  /**
   * Characters at which tokens are split: each one character, or a backslash and one.
   */
  splitChars?: string[];
  /**
   * Drops tokens of fewer UTF-16 code units.
   */
  minLength?: number;
  /**
   * Drops tokens of more UTF-16 code units.
   */
  maxLength?: number;
}

/**
 * Options of annotating a text.
 */
export interface AnnotateOptions {
  /**
   * What happens to a text that is longer than one window.
   * - `window`: Overlapping windows over the whole text.
   * - `truncate`: One window, as in Spark NLP; the rest of the text stays unlabelled.
   * @default "window"
   */
  mode?: 'window' | 'truncate';
  /**
   * Drops chunks of lower confidence. Chunks without a confidence stay.
   * From 0 to 1.
   */
  threshold?: number;
  /**
   * Keeps only these entities, named without `B-` and `I-`. Spark NLP calls it `whiteList`.
   */
  entities?: string[];
  /**
   * Drops these entities. Spark NLP calls it `blackList`.
   */
  excludeEntities?: string[];
  /**
   * Continues a chunk at a `B-X` if the chunk is an X itself.
   * @default false
   */
  greedyMode?: boolean;
  /**
   * Joins two chunks of one entity if only these words or characters and white space stand between them. A line break joins only if it is listed.
   */
  ignoreStopWords?: string[];
  /**
   * Entities' names, and the names to write instead.
   * @default {}
   */
  replaceLabels?: {
    [k: string]: string;
  };
  /**
   * The case of entities' names. Left out, it stays.
   * - `upper`: `DNA`.
   * - `lower`: `dna`.
   */
  labelCasing?: 'upper' | 'lower';
  /**
   * The labels are entities' names without `B-` and `I-`. Neighbours form one chunk, named by its first label.
   * @default false
   */
  nerHasNoSchema?: boolean;
  /**
   * Whether a chunk's `result` is the whole chunk rather than its first token.
   * @default true
   */
  preservePosition?: boolean;
  /**
   * Reads the label `PAD`, which some models learnt for padding, as `O`. Spark NLP does not.
   * @default true
   */
  padAsO?: boolean;
  /**
   * How labels are joined into chunks by the Hugging Face pipeline, which refuses the converter's options (from `excludeEntities` on). `simple` by default.
   * - `none`: No joining: every word piece that is not `O` is a chunk.
   * - `simple`: Joins neighbouring word pieces of the same entity, unless the later one has a `B-` label.
   * - `first`: As `simple`, over words: a word has the label of its first word piece.
   * - `average`: As `simple`, over words: a word has the label whose mean score over its word pieces is highest.
   * - `max`: As `simple`, over words: a word has the label of its word piece of highest score.
   * @default "simple"
   */
  aggregationStrategy?: 'none' | 'simple' | 'first' | 'average' | 'max';
}
