//! All options. The command line, the JS types, the page and the documentation take their lists from here.
//!
//! With the feature `schema`, [`schema`] gives both structs as JSON Schema. Its descriptions are the doc comments below.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Precision;
use crate::labels::{AggregationStrategy, Decoding, LabelCasing, MOST_LABEL_SCORES};
use crate::model::Dtype;
use crate::text::{CleanupMode, TokenizerOptions, WordPieces};
use crate::Error;

/// Options of loading a model. `None` keeps the model's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// How texts are cut into tokens. Replaces all of the model's tokenizer options.
    pub tokenizer: Option<TokenizerOptions>,
    /// Clean-up of a text before it is tokenised, as in Spark NLP's DocumentAssembler. Offsets still refer to the input
    /// text.
    pub cleanup_mode: CleanupMode,
    /// Whether the model distinguishes upper and lower case. If not, tokens are lower-cased.
    pub case_sensitive: Option<bool>,
    /// Word pieces per window, `[CLS]` and `[SEP]` included: up to 512, or up to what the model declares positions for.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 32768)))]
    pub max_sentence_length: Option<usize>,
    /// Which word pieces of a token the model reads.
    pub pieces: WordPieces,
    /// The arithmetic of the model's linear layers.
    pub precision: Precision,
    /// Which ONNX file of a Hugging Face folder is read, by its number format. Such folders often hold several.
    pub dtype: Dtype,
    /// Reproduces a bug of open-source Spark NLP, for comparisons: a token that begins with the first word piece beyond
    /// the window gets the label of `[SEP]`. Only with mode `truncate`.
    pub label_from_separator: bool,
    /// Which pipeline annotates. By default `huggingFace` for Hugging Face folders, `spark` for all other models.
    pub encoding: Option<Encoding>,
    /// How labels are decoded from the logits.
    pub decoding: Option<Decoding>,
    /// Whether an empty line ends a paragraph, so that no token, no sequence of labels and no chunk goes over one. By default
    /// as the model's manifest says; off for models without one.
    pub document_structure: Option<bool>,
    /// Whether the model reads the text in plain writing: without invisible characters, with decimal points, minus signs and
    /// groups of digits in ASCII, and with words whole that are hyphenated at a line's end. Offsets still refer to the input
    /// text. By default as the model's manifest says; off for models without one.
    pub normalisation: Option<bool>,
}

/// The annotating pipeline: how text becomes word pieces, and labels become chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Encoding {
    /// Spark NLP's Tokenizer, encoder and NerConverter.
    Spark,
    /// The model's own tokenizer and an aggregation strategy, as in transformers. Hugging Face folders only.
    HuggingFace,
}

/// How a text that is longer than one window is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Overlapping windows over the whole text.
    #[default]
    Window,
    /// One window, as in Spark NLP; the rest of the text stays unlabelled.
    Truncate,
}

/// Options of annotating a text.
///
/// The options of Spark NLP's converter apply in this order: joining tokens (`padAsO`, `nerHasNoSchema`, `greedyMode`),
/// `ignoreStopWords`, `threshold`, `entities` and `excludeEntities`, `replaceLabels`, `labelCasing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AnnotateOptions {
    /// How a text that is longer than one window is read.
    pub mode: Mode,
    /// Drops chunks with a lower confidence. Chunks without a confidence are kept.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub threshold: Option<f32>,
    /// Keeps only these entities, named without `B-` and `I-`. Spark NLP calls it `whiteList`.
    #[serde(alias = "whiteList")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "entity", "x-spark" = "whiteList")))]
    pub entities: Option<Vec<String>>,
    /// Drops these entities. Spark NLP calls it `blackList`.
    #[serde(alias = "blackList")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "exclude-entity", "x-spark" = "blackList")))]
    pub exclude_entities: Option<Vec<String>>,
    /// Lets `B-X` continue a chunk of the entity X instead of beginning a new one.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "greedy")))]
    pub greedy_mode: bool,
    /// Joins two chunks of the same entity if between them there is at least one of these words or characters, and
    /// nothing else but white space. A line break joins only if it is listed.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "ignore-stop-word")))]
    pub ignore_stop_words: Option<Vec<String>>,
    /// Renames entities: from the model's names to the names to write.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "replace-label")))]
    pub replace_labels: BTreeMap<String, String>,
    /// The case of entity names in the output; by default that of the labels.
    pub label_casing: Option<LabelCasing>,
    /// Labels are bare entity names, without `B-` and `I-`. Adjacent labelled tokens form one chunk, named after the first
    /// of them.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "no-schema")))]
    pub ner_has_no_schema: bool,
    /// Whether a chunk's `result` is the whole chunk rather than its first token.
    pub preserve_position: bool,
    /// Treats the label `PAD`, which some models have for padding, as `O`. Spark NLP does not: there, a chunk that begins
    /// with it gets the entity `D`.
    pub pad_as_o: bool,
    /// How the Hugging Face pipeline joins labels into chunks; `simple` by default. That pipeline rejects the options of
    /// Spark NLP's converter. With mode `truncate` its chunks equal those of transformers.
    pub aggregation_strategy: Option<AggregationStrategy>,
    /// Labels or entities that the Hugging Face pipeline leaves out, as `ignore_labels` of transformers; by default `O`. With
    /// an empty list, or an empty name alone, it leaves out nothing, not even `O`.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "ignore-label")))]
    pub ignore_labels: Option<Vec<String>>,
    /// How many labels are told for each token of a chunk, the likeliest first, with their probabilities before Viterbi
    /// decoding. With 0, chunks come without tokens.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = MOST_LABEL_SCORES)))]
    pub label_scores: usize,
}

impl Default for AnnotateOptions {
    /// Spark NLP's defaults, except for `padAsO`.
    fn default() -> Self {
        AnnotateOptions {
            mode: Mode::default(),
            threshold: None,
            entities: None,
            exclude_entities: None,
            greedy_mode: false,
            ignore_stop_words: None,
            replace_labels: BTreeMap::new(),
            label_casing: None,
            ner_has_no_schema: false,
            preserve_position: true,
            pad_as_o: true,
            aggregation_strategy: None,
            ignore_labels: None,
            label_scores: 0,
        }
    }
}

impl AnnotateOptions {
    /// The JS name of the first option in use that only Spark NLP's converter has.
    pub(crate) fn converter_only(&self) -> Option<&'static str> {
        let set = [
            ("excludeEntities", self.exclude_entities.is_some()),
            ("greedyMode", self.greedy_mode),
            ("ignoreStopWords", self.ignore_stop_words.is_some()),
            ("replaceLabels", !self.replace_labels.is_empty()),
            ("labelCasing", self.label_casing.is_some()),
            ("nerHasNoSchema", self.ner_has_no_schema),
            ("preservePosition", !self.preserve_position),
            ("padAsO", !self.pad_as_o),
        ];
        set.into_iter().find_map(|(name, set)| set.then_some(name))
    }

    /// The JS name of the first option in use that only the Hugging Face pipeline has.
    pub(crate) fn aggregation_only(&self) -> Option<&'static str> {
        let set = [
            ("aggregationStrategy", self.aggregation_strategy.is_some()),
            ("ignoreLabels", self.ignore_labels.is_some()),
        ];
        set.into_iter().find_map(|(name, set)| set.then_some(name))
    }

    /// Checks what does not depend on the model.
    ///
    /// # Errors
    /// `option_invalid` for a threshold outside 0 to 1, or more than [`MOST_LABEL_SCORES`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.label_scores > MOST_LABEL_SCORES {
            let reason = format!("{} is not 0 to {MOST_LABEL_SCORES}", self.label_scores);
            return Err(Error::option_invalid("labelScores", reason));
        }
        match self.threshold {
            Some(threshold) if !(0.0..=1.0).contains(&threshold) => {
                Err(Error::option_invalid("threshold", format!("{threshold} is not 0 to 1")))
            }
            _ => Ok(()),
        }
    }
}

/// All options as JSON text, `{"load": …, "annotate": …}`: two JSON Schemas without references, with types, values, limits, defaults
/// and descriptions. An option without a `default` is unset by default.
///
/// `x-flag` is the command-line flag if it is not the name in kebab case, `x-spark` is Spark NLP's name, and
/// `x-characters` marks lists of single characters.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    format!("{:#}\n", schema_value())
}

/// As [`schema`], not yet as text.
#[cfg(feature = "schema")]
pub(crate) fn schema_value() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let of = |mut schema: serde_json::Value| {
        without_null(&mut schema);
        schema
    };
    serde_json::json!({
        "load": of(settings.clone().into_generator().into_root_schema_for::<Options>().into()),
        "annotate": of(settings.into_generator().into_root_schema_for::<AnnotateOptions>().into()),
    })
}

/// Removes `null` from types and defaults: an option that is `None` is omitted.
#[cfg(feature = "schema")]
fn without_null(schema: &mut serde_json::Value) {
    use serde_json::Value;

    if let Value::Object(fields) = schema {
        if let Some(Value::Array(types)) = fields.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                fields.insert("type".into(), only);
            }
        }
        if let Some(Value::Array(mut either)) = fields.remove("anyOf") {
            either.retain(|one| one["type"] != "null");
            match &mut either[..] {
                [Value::Object(only)] => {
                    // The description of the option takes precedence over that of its type.
                    for (key, value) in std::mem::take(only) {
                        fields.entry(key).or_insert(value);
                    }
                }
                _ => drop(fields.insert("anyOf".into(), either.into())),
            }
        }
        if fields.get("default").is_some_and(Value::is_null) {
            fields.remove("default");
        }
        fields.values_mut().for_each(without_null);
    } else if let Value::Array(elements) = schema {
        elements.iter_mut().for_each(without_null);
    }
}
