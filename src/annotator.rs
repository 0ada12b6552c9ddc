//! The whole pipeline behind one type.

pub(crate) mod run;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::aggregate::{self, AggregationStrategy};
use crate::chunk::{convert, Chunk, ConverterOptions, LabelCasing, TokenLabel};
use crate::decode::{Decoder, Decoding, TokenLogits};
use crate::engine::{Classifier, Fused, Precision};
use crate::hugging_face;
use crate::model::{Loading, Model, Reading, Source};
use crate::text::{self, CleanupMode, Document, Encoder, Pieces, Segments, Token, Tokenizer, TokenizerOptions, Window};
use crate::Error;

/// Longest window that Spark NLP allows, `[CLS]` and `[SEP]` included.
const LONGEST_WINDOW: usize = 512;

/// Settings that hold as long as the model is loaded. What is `None` is as the model says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// How texts are cut into tokens.
    pub tokenizer: Option<TokenizerOptions>,
    /// What is done to texts before they are cut. Chunks are places in the text as it was given all the same.
    pub cleanup_mode: CleanupMode,
    /// Whether upper and lower case are told apart.
    pub case_sensitive: Option<bool>,
    /// Word pieces a window, `[CLS]` and `[SEP]` included: 1 to 512.
    pub max_sentence_length: Option<usize>,
    /// Which word pieces of a token are read.
    pub pieces: Pieces,
    /// The arithmetic of the model's linear layers.
    pub precision: Precision,
    /// Repeats what open-source Spark NLP does to a text of too many word pieces: if the first one left out begins
    /// a token, that token is labelled by the values of `[SEP]`. Of use only to compare with it.
    pub label_from_separator: bool,
    /// How text becomes word pieces. `None`: by the model's own tokenizer if it is a Hugging Face folder, otherwise as
    /// in Spark NLP.
    pub encoding: Option<Encoding>,
    /// How labels are chosen. `None`: as the model's manifest says, otherwise as in Spark NLP.
    pub decoding: Option<Decoding>,
}

/// How text becomes word pieces, and pieces become chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Encoding {
    /// Spark NLP's tokenizer, encoder and converter.
    Spark,
    /// The model's own tokenizer, and an [`AggregationStrategy`]: as in transformers. For Hugging Face folders only.
    HuggingFace,
}

/// How text that is longer than a window is treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Overlapping windows over the whole text.
    #[default]
    Window,
    /// One window, as in Spark NLP; what is beyond it stays unlabelled.
    Truncate,
}

/// Settings of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AnnotateOptions {
    /// How long text is treated.
    pub mode: Mode,
    /// Drop chunks of lower confidence, 0 to 1.
    pub threshold: Option<f32>,
    /// Keep only these entities; all if `None`. Also by Spark NLP's name, `whiteList`.
    #[serde(alias = "whiteList")]
    pub entities: Option<Vec<String>>,
    /// Drop these entities.
    pub black_list: Option<Vec<String>>,
    /// See [`ConverterOptions::greedy_mode`].
    pub greedy_mode: bool,
    /// See [`ConverterOptions::ignore_stop_words`].
    pub ignore_stop_words: Option<Vec<String>>,
    /// See [`ConverterOptions::replace_labels`].
    pub replace_labels: BTreeMap<String, String>,
    /// See [`ConverterOptions::label_casing`].
    pub label_casing: Option<LabelCasing>,
    /// See [`ConverterOptions::ner_has_no_schema`].
    pub ner_has_no_schema: bool,
    /// See [`ConverterOptions::preserve_position`]; so if `None`.
    pub preserve_position: Option<bool>,
    /// See [`ConverterOptions::pad_as_o`]; so if `None`.
    pub pad_as_o: Option<bool>,
    /// For models read by their own tokenizer ([`Encoding::HuggingFace`]): how labels are joined into chunks;
    /// `Simple` if `None`. With [`Mode::Truncate`] the chunks are those of transformers' pipeline.
    pub aggregation_strategy: Option<AggregationStrategy>,
}

impl AnnotateOptions {
    /// The first option set that only Spark NLP's converter knows.
    fn converter_only(&self) -> Option<&'static str> {
        let set = [
            ("blackList", self.black_list.is_some()),
            ("greedyMode", self.greedy_mode),
            ("ignoreStopWords", self.ignore_stop_words.is_some()),
            ("replaceLabels", !self.replace_labels.is_empty()),
            ("labelCasing", self.label_casing.is_some()),
            ("nerHasNoSchema", self.ner_has_no_schema),
            ("preservePosition", self.preserve_position.is_some()),
            ("padAsO", self.pad_as_o.is_some()),
        ];
        set.into_iter().find_map(|(name, set)| set.then_some(name))
    }
}

/// What was found in a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// Entities in the order of the text, none overlapping.
    pub chunks: Vec<Chunk>,
    /// In [`Mode::Truncate`], the UTF-16 code unit from which the text was not read; `None` if all was.
    pub truncated_from: Option<usize>,
    /// The arithmetic that the model's linear layers ran in: int8 or f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// A text cut into tokens, with the label that the model gave each: the pipeline before the converter.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelling<'a> {
    /// The text, cleaned up as the options say.
    pub document: Document,
    /// Tokens in order, places in the document's [`text`](Document::text).
    pub tokens: Vec<Token>,
    /// A label and score per token; `None` where the model did not read the token.
    pub labels: Vec<Option<TokenLabel<'a>>>,
}

/// A loaded model that annotates texts.
#[derive(Debug)]
pub struct Annotator {
    name: String,
    labels: Vec<String>,
    reading: Reading,
    classifier: Classifier,
    tokenizer: Tokenizer,
    cleanup_mode: CleanupMode,
    case_sensitive: bool,
    max_sentence_length: usize,
    pieces: Pieces,
    segments: Segments,
    label_from_separator: bool,
    decoder: Decoder,
}

/// A text being annotated, window by window: for callers that show progress or must stay interruptible.
#[derive(Debug, Default)]
pub struct Job {
    /// For a model read by its own tokenizer; everything else is empty then.
    own: Option<hugging_face::Job>,
    document: Document,
    tokens: Vec<Token>,
    pieces: Vec<u32>,
    /// A value of [`Segments`] per piece.
    segments: Vec<u32>,
    /// Per token which of the pieces are its own.
    placed: Vec<Range<usize>>,
    windows: Vec<Window>,
    done: usize,
    /// Per token the label's id and its score.
    found: Vec<Option<(usize, f32)>>,
    /// What the labels are chosen from, where that cannot be done token by token.
    logits: Option<TokenLogits>,
    truncated_from: Option<usize>,
    converter: ConverterOptions,
}

impl Job {
    /// Windows run, of how many.
    pub fn progress(&self) -> (usize, usize) {
        self.own.as_ref().map_or((self.done, self.windows.len()), hugging_face::Job::progress)
    }
}

impl Annotator {
    /// Loads a model: see [`Model::read`] for what a source may hold.
    ///
    /// # Errors
    /// Those of [`Model::read`] and [`Classifier::new`]; `vocabulary_mismatch` when the vocabulary has ids for which
    /// the graph has no embedding; `labels_mismatch` when the graph's output and the list of
    /// labels differ in number; `option_invalid`.
    pub fn load(source: &dyn Source, options: &Options) -> Result<Self, Error> {
        Self::load_with(source, options, &|_, _| ())
    }

    /// As [`load`](Self::load); `progress` is told of the bytes read, as in [`Loading`].
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(source: &dyn Source, options: &Options, progress: &dyn Fn(u64, u64)) -> Result<Self, Error> {
        Self::from_model(Model::read(source, &Loading { precision: options.precision, progress })?, options)
    }

    /// As [`load`](Self::load), for a model already read. Its precision is the one that it was read for.
    ///
    /// # Errors
    /// Those of [`Classifier::new`]; `labels_mismatch`; `vocabulary_mismatch`; `option_invalid`.
    pub fn from_model(model: Model, options: &Options) -> Result<Self, Error> {
        let reading = chosen(model.reading, options)?;
        let max_sentence_length = options.max_sentence_length.unwrap_or(model.pipeline.max_sentence_length);
        if !(1..=LONGEST_WINDOW).contains(&max_sentence_length) {
            return Err(Error::OptionInvalid {
                option: "maxSentenceLength".into(),
                reason: format!("{max_sentence_length} is not 1 to {LONGEST_WINDOW}"),
            });
        }
        let largest_id = match &reading {
            Reading::Spark(vocabulary) => Some(vocabulary.largest_id()),
            Reading::HuggingFace { tokenizer, .. } => tokenizer.largest_id(),
        };
        let classifier = Classifier::new(model.graph, &model.graph_file)?;
        if classifier.labels() != model.labels.len() {
            return Err(Error::LabelsMismatch {
                file: model.graph_file,
                labels: model.labels.len(),
                outputs: classifier.labels(),
            });
        }
        if let (Some(rows), Some(id)) = (classifier.piece_rows(), largest_id) {
            if u64::from(id) >= rows {
                return Err(Error::VocabularyMismatch { file: model.graph_file, id, rows });
            }
        }
        let segments = model.pipeline.segments;
        if segments != Segments::Zeros && !classifier.reads_segments(segments.largest()) {
            let reason = "it has no input token_type_ids of the values that the manifest's segments give".into();
            return Err(Error::GraphInvalid { file: model.graph_file, reason });
        }
        Ok(Annotator {
            tokenizer: Tokenizer::new(options.tokenizer.as_ref().unwrap_or(&model.pipeline.tokenizer))?,
            cleanup_mode: options.cleanup_mode,
            case_sensitive: options.case_sensitive.unwrap_or(model.pipeline.case_sensitive),
            max_sentence_length,
            pieces: options.pieces,
            segments,
            label_from_separator: options.label_from_separator,
            decoder: Decoder::new(&model.labels, &model.pipeline.decoder, options.decoding),
            name: model.name,
            labels: model.labels,
            reading,
            classifier,
        })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Labels in id order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Entities that the model knows, in the order of its labels.
    pub fn entities(&self) -> Vec<&str> {
        let mut entities: Vec<&str> = Vec::new();
        let own = matches!(self.reading, Reading::HuggingFace { .. });
        for label in &self.labels {
            // Outside Spark NLP a label may do without B- and I-.
            let bare = (own && label != "O").then(|| aggregate::entity(label));
            let Some(entity) = label.split_once('-').map(|(_, entity)| entity).or(bare) else { continue };
            if !entities.contains(&entity) {
                entities.push(entity);
            }
        }
        entities
    }

    /// How labels are chosen.
    pub fn decoding(&self) -> Decoding {
        self.decoder.decoding()
    }

    /// What logits are divided by before the softmax.
    pub fn temperature(&self) -> f64 {
        self.decoder.temperature()
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Which parts of the model's graph run by our own operations; the rest runs as the file has it.
    pub fn fused(&self) -> Fused {
        self.classifier.fused()
    }

    /// The arithmetic that the model's linear layers run in, whatever was asked for: int8 if any of them do, or f32.
    pub fn precision(&self) -> Precision {
        if self.fused().linear > 0 {
            Precision::Int8
        } else {
            Precision::F32
        }
    }

    /// Finds the entities of a text. An empty or blank text has none.
    ///
    /// # Errors
    /// `option_invalid`, `inference_failed`.
    pub fn annotate(&self, text: &str, options: &AnnotateOptions) -> Result<Annotation, Error> {
        let mut job = self.begin(text, options)?;
        while self.advance(&mut job)? {}
        Ok(self.finish(job))
    }

    /// Labels the tokens of a text without joining them into chunks.
    ///
    /// # Errors
    /// As [`annotate`](Self::annotate).
    pub fn label(&self, text: &str, mode: Mode) -> Result<Labelling<'_>, Error> {
        let mut job = self.begin(text, &AnnotateOptions { mode, ..Default::default() })?;
        while self.advance(&mut job)? {}
        if let Some(own) = &job.own {
            let (tokens, found) = own.label();
            return Ok(Labelling { labels: self.named(&found), document: job.document, tokens });
        }
        Ok(Labelling { labels: self.named(&self.chosen(&job)), document: job.document, tokens: job.tokens })
    }

    /// As [`label`](Self::label), with what the labels were chosen from.
    ///
    /// # Errors
    /// As there; `option_invalid` for a model read by its own tokenizer.
    pub(crate) fn label_with_logits(&self, text: &str, mode: Mode) -> Result<(Labelling<'_>, TokenLogits), Error> {
        let mut job = self.begin(text, &AnnotateOptions { mode, ..Default::default() })?;
        if job.own.is_some() {
            let reason = "the model is read by its own tokenizer; load it with encoding spark";
            return Err(Error::OptionInvalid { option: "fitTemperature".into(), reason: reason.into() });
        }
        let empty = TokenLogits::new(job.tokens.len(), self.labels.len());
        job.logits.get_or_insert(empty);
        while self.advance(&mut job)? {}
        let labels = self.named(&self.chosen(&job));
        Ok((Labelling { labels, document: job.document, tokens: job.tokens }, job.logits.unwrap_or_default()))
    }

    /// Prepares a text: everything before the classifier.
    ///
    /// # Errors
    /// `option_invalid`.
    pub fn begin(&self, text: &str, options: &AnnotateOptions) -> Result<Job, Error> {
        let converter = self.converter(options)?;
        let vocabulary = match &self.reading {
            Reading::Spark(vocabulary) => vocabulary,
            Reading::HuggingFace { tokenizer, .. } => {
                let labels = self.classifier.labels();
                let own = hugging_face::Job::begin(tokenizer, text, self.max_sentence_length, labels, options)?;
                return Ok(Job { own: Some(own), document: Document::new(text), ..Job::default() });
            }
        };
        let document = Document::assemble(text, self.cleanup_mode);
        let tokens = self.tokenizer.tokenize(&document)?;
        let (pieces, placed) = Encoder::new(vocabulary, self.case_sensitive, self.pieces).encode(&document, &tokens);
        let mut segments = vec![0; pieces.len()];
        for (token, range) in tokens.iter().zip(&placed) {
            segments[range.clone()].fill(self.segments.of(document.slice(token.bytes.clone())));
        }
        let limit = self.max_sentence_length.saturating_sub(2);
        let mut truncated_from = None;
        let windows = match options.mode {
            Mode::Window => text::cut(&placed, limit),
            Mode::Truncate => {
                let window = text::truncate(&placed, limit);
                let left_out = tokens.get(window.decides.end);
                truncated_from = left_out.map(|token| document.original_range(token).start);
                if pieces.is_empty() {
                    vec![]
                } else {
                    vec![window]
                }
            }
        };
        Ok(Job {
            own: None,
            document,
            found: vec![None; tokens.len()],
            logits: (self.decoder.decoding() == Decoding::Viterbi)
                .then(|| TokenLogits::new(tokens.len(), self.labels.len())),
            tokens,
            pieces,
            segments,
            placed,
            windows,
            done: 0,
            truncated_from,
            converter,
        })
    }

    /// The chunks of a text whose windows have been run; those not run count as unlabelled.
    pub fn finish(&self, job: Job) -> Annotation {
        if let Some(own) = job.own {
            return Annotation { precision: Some(self.precision()), ..own.finish(&self.labels) };
        }
        let labels = self.named(&self.chosen(&job));
        let chunks = convert(&job.document, &job.tokens, &labels, &job.converter);
        Annotation { chunks, truncated_from: job.truncated_from, precision: Some(self.precision()) }
    }

    /// Per token of a job the label's id and its score.
    fn chosen<'j>(&self, job: &'j Job) -> Cow<'j, [Option<(usize, f32)>]> {
        job.logits.as_ref().map_or(Cow::Borrowed(&job.found), |logits| Cow::Owned(self.decoder.decode(logits)))
    }

    /// Labels by id, with their names.
    pub(crate) fn named(&self, found: &[Option<(usize, f32)>]) -> Vec<Option<TokenLabel<'_>>> {
        found
            .iter()
            .map(|label| label.map(|(id, score)| TokenLabel { label: &self.labels[id], score: Some(score) }))
            .collect()
    }

    fn converter(&self, options: &AnnotateOptions) -> Result<ConverterOptions, Error> {
        let invalid = |option: &str, reason: String| Error::OptionInvalid { option: option.into(), reason };
        if let Some(threshold) = options.threshold {
            if !(0.0..=1.0).contains(&threshold) {
                return Err(invalid("threshold", format!("{threshold} is not 0 to 1")));
            }
        }
        if options.aggregation_strategy.is_some() && !matches!(self.reading, Reading::HuggingFace { .. }) {
            let reason = "it is for Hugging Face folders read by their own tokenizer";
            return Err(invalid("aggregationStrategy", reason.into()));
        }
        if matches!(self.reading, Reading::HuggingFace { .. }) {
            if let Some(option) = options.converter_only() {
                let reason = "it is the Spark converter's; load the model with encoding spark to use it";
                return Err(invalid(option, reason.into()));
            }
        }
        // Without a schema, labels are entities' names as they are.
        let known = if options.ner_has_no_schema {
            self.labels.iter().map(String::as_str).filter(|label| *label != "O").collect()
        } else {
            self.entities()
        };
        let check = |option: &str, name: &String| {
            let wrong = || invalid(option, format!("{name:?} is none of {}", known.join(", ")));
            known.contains(&name.as_str()).then_some(()).ok_or_else(wrong)
        };
        options.entities.iter().flatten().try_for_each(|name| check("entities", name))?;
        options.black_list.iter().flatten().try_for_each(|name| check("blackList", name))?;
        options.replace_labels.keys().try_for_each(|name| check("replaceLabels", name))?;
        Ok(ConverterOptions {
            pad_as_o: options.pad_as_o.unwrap_or(true),
            ner_has_no_schema: options.ner_has_no_schema,
            greedy_mode: options.greedy_mode,
            ignore_stop_words: options.ignore_stop_words.clone(),
            threshold: options.threshold,
            white_list: options.entities.clone(),
            black_list: options.black_list.clone(),
            replace_labels: options.replace_labels.clone(),
            label_casing: options.label_casing,
            preserve_position: options.preserve_position.unwrap_or(true),
        })
    }
}

/// How a model is read under the options, if it can be.
fn chosen(reading: Reading, options: &Options) -> Result<Reading, Error> {
    let invalid = |option: &str, reason: &str| Error::OptionInvalid { option: option.into(), reason: reason.into() };
    let own_only = "the model's own tokenizer decides; choose the encoding \"spark\" to set it";
    match (reading, options.encoding) {
        (Reading::HuggingFace { vocabulary, .. }, Some(Encoding::Spark)) => vocabulary
            .map(Reading::Spark)
            .ok_or_else(|| invalid("encoding", "the model's tokenizer is not of word pieces, as \"spark\" needs")),
        (Reading::Spark(_), Some(Encoding::HuggingFace)) => {
            Err(invalid("encoding", "\"huggingFace\" needs a Hugging Face folder"))
        }
        (Reading::HuggingFace { .. }, _) if options.tokenizer.is_some() => Err(invalid("tokenizer", own_only)),
        (Reading::HuggingFace { .. }, _) if options.case_sensitive.is_some() => Err(invalid("caseSensitive", own_only)),
        (Reading::HuggingFace { .. }, _) if options.decoding == Some(Decoding::Viterbi) => {
            Err(invalid("decoding", own_only))
        }
        (Reading::HuggingFace { .. }, _) if options.pieces != Pieces::All => Err(invalid("pieces", own_only)),
        (reading, _) => Ok(reading),
    }
}
