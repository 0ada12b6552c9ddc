"""The options. Made from www/glossa/options.schema.json by `python python/make_options.py`."""

from __future__ import annotations

from typing import Dict, List, Literal, TypedDict


class TokenizerOptions(TypedDict, total=False):
    """Spark NLP's Tokenizer parameters."""

    case_sensitive_exceptions: bool
    """Whether exceptions are case-sensitive in ASCII letters; they are by default."""
    context_chars: List[str]
    """Characters that are cut off both ends, one per entry. By default `.,;:!?*-()"'`."""
    exceptions: List[str]
    """Patterns of text that stays one token, spaces included, together with whatever touches it."""
    infix_patterns: List[str]
    """What may stand between prefix and suffix: each group is a token, and the first pattern that matches counts. By
    default everything from the first to the last character that is no context character."""
    max_length: int
    """Drops tokens of more UTF-16 code units."""
    min_length: int
    """Drops tokens of fewer UTF-16 code units."""
    prefix_pattern: str
    """What is cut off the start of a candidate, in a group; begins with `\\A`. Context characters by default."""
    split_chars: List[str]
    """Splits tokens at these characters where the pattern does not split them; each is one character, or a backslash and
    one."""
    split_pattern: str
    """Splits tokens at each match, which is dropped. A pattern that matches no characters (look-around) splits without
    dropping anything."""
    suffix_pattern: str
    """What is cut off the end of a candidate, in a group; ends with `\\z`. Context characters by default."""
    target_pattern: str
    """Spark NLP puts this inside a negated class, `[^(?:targetPattern)]`: characters that it does not mention separate
    candidates. `\\S+` by default."""


class LoadOptions(TypedDict, total=False):
    """Options of loading a model."""

    case_sensitive: bool
    """Whether the model distinguishes upper and lower case. If not, tokens are lower-cased."""
    cleanup_mode: Literal["disabled", "inplace", "inplace_full", "shrink", "shrink_full", "each", "each_full", "delete_full"]
    """Clean-up of a text before it is tokenised, as in Spark NLP's DocumentAssembler. Offsets still refer to the input
    text.
    `disabled`: Changes nothing.
    `inplace`: Each white-space character becomes a space.
    `inplace_full`: As `Inplace`; a written-out `\\n`, `\\r\\n` or `\\t` becomes a space too.
    `shrink`: White space at both ends is removed; other runs of it become one space.
    `shrink_full`: As `Shrink`; runs of written-out line ends, and of tabs, become one space too.
    `each`: A line feed or tab, with the white-space character that must stand before it, becomes a space.
    `each_full`: As `Each`, also for a written-out `\\n`, `\\r\\n` or `\\t` after white space.
    `delete_full`: White space at both ends is removed, and so is a written-out `\\n`, `\\r\\n` or `\\t`.
    Default: `"disabled"`."""
    decoding: Literal["argmax", "viterbi"]
    """How labels are decoded from the logits.
    `argmax`: The likeliest label of each token by itself, as in Spark NLP.
    `viterbi`: The likeliest sequence of labels over the whole document in which `I-X` only follows `B-X` or `I-X`, with
    the model's transition scores if it has any."""
    document_structure: bool
    """Whether an empty line ends a paragraph, so that no token, no sequence of labels and no chunk goes over one. By
    default as the model's manifest says; off for models without one."""
    dtype: Literal["auto", "fp32", "fp16", "q8", "int8", "uint8", "q4", "q4f16", "bf16", "bnb4"]
    """Which ONNX file of a Hugging Face folder is read, by its number format. Such folders often hold several.
    `auto`: The most exact file that a folder has; at an address, the smallest that runs well.
    `fp32`: `model.onnx`, or `model_optimized.onnx`.
    `fp16`: `model_fp16.onnx`.
    `q8`: `model_quantized.onnx`.
    `int8`: `model_int8.onnx`.
    `uint8`: `model_uint8.onnx`.
    `q4`: `model_q4.onnx`.
    `q4f16`: `model_q4f16.onnx`.
    `bf16`: `model_bf16.onnx`.
    `bnb4`: `model_bnb4.onnx`.
    Default: `"auto"`."""
    encoding: Literal["spark", "huggingFace"]
    """Which pipeline annotates. By default `huggingFace` for Hugging Face folders, `spark` for all other models.
    `spark`: Spark NLP's Tokenizer, encoder and NerConverter.
    `huggingFace`: The model's own tokenizer and an aggregation strategy, as in transformers. Hugging Face folders only."""
    label_from_separator: bool
    """Reproduces a bug of open-source Spark NLP, for comparisons: a token that begins with the first word piece beyond the
    window gets the label of `[SEP]`. Only with mode `truncate`.
    Default: `false`."""
    max_sentence_length: int
    """Word pieces per window, `[CLS]` and `[SEP]` included: up to 512, or up to what the model declares positions for.
    From 1 to 32768."""
    normalisation: bool
    """Whether the model reads the text in plain writing: without invisible characters, with decimal points, minus signs
    and groups of digits in ASCII, and with words whole that are hyphenated at a line's end. Offsets still refer to the
    input text. By default as the model's manifest says; off for models without one."""
    pieces: Literal["all", "first"]
    """Which word pieces of a token the model reads.
    `all`: All of them.
    `first`: Those of the token's first word, as open-source Spark NLP does: of `open-label` only `open`.
    Default: `"all"`."""
    precision: Literal["auto", "int8", "f32"]
    """The arithmetic of the model's linear layers.
    `auto`: Int8 where the file's weights are int8, or are f32 in a file of 100 MiB or more; otherwise f32.
    `int8`: Int8 everywhere: f32 weights are quantised, each column's largest to 127.
    `f32`: F32 everywhere: int8 weights are dequantised.
    Default: `"auto"`."""
    tokenizer: TokenizerOptions
    """How texts are cut into tokens. Replaces all of the model's tokenizer options."""


class AnnotateOptions(TypedDict, total=False):
    """Options of annotating a text."""

    aggregation_strategy: Literal["none", "simple", "first", "average", "max"]
    """How the Hugging Face pipeline joins labels into chunks; `simple` by default. That pipeline rejects the options of
    Spark NLP's converter. With mode `truncate` its chunks equal those of transformers.
    `none`: No joining: every word piece whose label is not ignored is a chunk, and its entity is the whole label, `B-`
    or `I-` included.
    `simple`: Joins neighbouring word pieces of the same entity, unless the later one has a `B-` label.
    `first`: As `simple`, over words: a word has the label of its first word piece.
    `average`: As `simple`, over words: a word has the label whose mean score over its word pieces is highest.
    `max`: As `simple`, over words: a word has the label of its word piece with the highest score."""
    entities: List[str]
    """Keeps only these entities, named without `B-` and `I-`. Spark NLP calls it `whiteList`."""
    white_list: List[str]
    """Spark NLP's name of `entities`."""
    exclude_entities: List[str]
    """Drops these entities. Spark NLP calls it `blackList`."""
    black_list: List[str]
    """Spark NLP's name of `exclude_entities`."""
    greedy_mode: bool
    """Lets `B-X` continue a chunk of the entity X instead of beginning a new one.
    Default: `false`."""
    ignore_labels: List[str]
    """Labels or entities that the Hugging Face pipeline leaves out, as `ignore_labels` of transformers; by default `O`.
    With an empty list, or an empty name alone, it leaves out nothing, not even `O`."""
    ignore_stop_words: List[str]
    """Joins two chunks of the same entity if between them there is at least one of these words or characters, and nothing
    else but white space. A line break joins only if it is listed."""
    label_casing: Literal["upper", "lower"]
    """The case of entity names in the output; by default that of the labels.
    `upper`: `DNA`.
    `lower`: `dna`."""
    label_scores: int
    """How many labels are told for each token of a chunk, the likeliest first, with their probabilities before Viterbi
    decoding. With 0, chunks come without tokens.
    From 0 to 20.
    Default: `0`."""
    mode: Literal["window", "truncate"]
    """How a text that is longer than one window is read.
    `window`: Overlapping windows over the whole text.
    `truncate`: One window, as in Spark NLP; the rest of the text stays unlabelled.
    Default: `"window"`."""
    ner_has_no_schema: bool
    """Labels are bare entity names, without `B-` and `I-`. Adjacent labelled tokens form one chunk, named after the first
    of them.
    Default: `false`."""
    pad_as_o: bool
    """Treats the label `PAD`, which some models have for padding, as `O`. Spark NLP does not: there, a chunk that begins
    with it gets the entity `D`.
    Default: `true`."""
    preserve_position: bool
    """Whether a chunk's `result` is the whole chunk rather than its first token.
    Default: `true`."""
    replace_labels: Dict[str, str]
    """Renames entities: from the model's names to the names to write.
    Default: `{}`."""
    threshold: float
    """Drops chunks with a lower confidence. Chunks without a confidence are kept.
    From 0 to 1."""


class Options(LoadOptions, AnnotateOptions, total=False):
    """All options: those of loading a model, and those of annotating a text, for every call."""
