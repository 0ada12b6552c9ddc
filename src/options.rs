//! Every option there is: the command line, the JS types, the page and the documentation take theirs from here.
//!
//! With the feature `schema`, [`schema`] gives both structs as JSON Schema, whose descriptions are the comments below.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Precision;
use crate::labels::{AggregationStrategy, Decoding, LabelCasing};
use crate::text::{CleanupMode, TokenizerOptions, WordPieces};
use crate::Error;

/// Options of loading a model. An option left out (`None`) keeps the model's own setting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// How texts are cut into tokens: replaces the model's own tokenizer options as a whole.
    pub tokenizer: Option<TokenizerOptions>,
    /// How DocumentAssembler cleans a text up before it is tokenised. Offsets stay those of the text as given.
    pub cleanup_mode: CleanupMode,
    /// Whether upper and lower case are told apart.
    pub case_sensitive: Option<bool>,
    /// Word pieces per window, `[CLS]` and `[SEP]` included.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 512)))]
    pub max_sentence_length: Option<usize>,
    /// Which word pieces of a token the model reads.
    pub pieces: WordPieces,
    /// The arithmetic of the model's linear layers.
    pub precision: Precision,
    /// Reproduces a fault of open-source Spark NLP, for comparisons: if the first word piece past the window begins a
    /// token, that token gets the label of `[SEP]`. Only with mode `truncate`.
    pub label_from_separator: bool,
    /// Which pipeline annotates. By default a Hugging Face folder gets its own, every other model Spark NLP's.
    pub encoding: Option<Encoding>,
    /// How labels are chosen from the logits.
    pub decoding: Option<Decoding>,
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

/// What happens to a text that is longer than one window.
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
/// Those of Spark NLP's converter apply in this order: joining tokens (`padAsO`, `nerHasNoSchema`, `greedyMode`),
/// `ignoreStopWords`, `threshold`, `entities` and `excludeEntities`, `replaceLabels`, `labelCasing`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AnnotateOptions {
    /// What happens to a text that is longer than one window.
    pub mode: Mode,
    /// Drops chunks of lower confidence. Chunks without a confidence stay.
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
    /// Continues a chunk at a `B-X` if the chunk is an X itself.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "greedy")))]
    pub greedy_mode: bool,
    /// Joins two chunks of one entity if only these words or characters and white space stand between them. A line
    /// break joins only if it is listed.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "ignore-stop-word")))]
    pub ignore_stop_words: Option<Vec<String>>,
    /// Entities' names, and the names to write instead.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "replace-label")))]
    pub replace_labels: BTreeMap<String, String>,
    /// The case in which entities' names are written; by default that of the labels.
    pub label_casing: Option<LabelCasing>,
    /// The labels are entities' names without `B-` and `I-`. Neighbours form one chunk, named by its first label.
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "no-schema")))]
    pub ner_has_no_schema: bool,
    /// Whether a chunk's `result` is the whole chunk rather than its first token.
    pub preserve_position: bool,
    /// Reads the label `PAD`, which some models learnt for padding, as `O`. Spark NLP does not: there, a chunk that begins
    /// with it gets the entity `D`.
    pub pad_as_o: bool,
    /// How the Hugging Face pipeline joins labels into chunks; `simple` by default. That pipeline refuses the options of
    /// Spark NLP's converter. With mode `truncate` the chunks are those of transformers.
    pub aggregation_strategy: Option<AggregationStrategy>,
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
        }
    }
}

impl AnnotateOptions {
    /// The first option set, by its name in JS, that only Spark NLP's converter has.
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

    /// Checks what does not depend on the model.
    ///
    /// # Errors
    /// `option_invalid` for a threshold outside 0 to 1.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.threshold {
            Some(threshold) if !(0.0..=1.0).contains(&threshold) => {
                Err(Error::option_invalid("threshold", format!("{threshold} is not 0 to 1")))
            }
            _ => Ok(()),
        }
    }
}

/// The options as `{"load": …, "annotate": …}`, two JSON Schemas without references: names, kinds, values, limits,
/// defaults and descriptions. An option without a `default` is left out by default.
///
/// `x-flag` is the command line's flag where that is not the name in kebab case, `x-spark` Spark NLP's name,
/// `x-characters` marks lists of single characters.
#[cfg(feature = "schema")]
pub fn schema() -> serde_json::Value {
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

/// An option that is `None` is left out, so `null` is no value of it.
#[cfg(feature = "schema")]
fn without_null(schema: &mut serde_json::Value) {
    use serde_json::Value;

    if let Value::Object(fields) = schema {
        if let Some(Value::Array(kinds)) = fields.get_mut("type") {
            kinds.retain(|kind| kind != "null");
            if let [kind] = &kinds[..] {
                let kind = kind.clone();
                fields.insert("type".into(), kind);
            }
        }
        if let Some(Value::Array(mut either)) = fields.remove("anyOf") {
            either.retain(|one| one["type"] != "null");
            match &mut either[..] {
                [Value::Object(only)] => {
                    // The option's own description says more than its type's.
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
