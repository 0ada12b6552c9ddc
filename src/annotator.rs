//! [`Annotator`]: loads a model and annotates texts with it.

use std::collections::HashSet;

use crate::annotation::{Annotation, Chunk, LabelledTokens, TokenLabel};
use crate::engine::{Classifier, ClassifierSetup, Fused, Precision, WindowMemory};
use crate::labels::{entity_after_hyphen, Decoder, Decoding, TokenLogits, MOST_VITERBI_LABELS};
use crate::model::{numbered, LoadContext, Model, ModelDefaults, Source, TextEncoder};
use crate::options::{AnnotateOptions, Encoding, Mode, Options};
use crate::pipeline::{HuggingFace, HuggingFaceText, Job, Pipeline, Runner, Spark, State, WindowScores};
use crate::text::{CleanupMode, Reading, TokenTypes, Tokenizer, WordPieces};
use crate::Error;

/// A loaded model that annotates texts.
#[derive(Debug)]
pub struct Annotator {
    name: String,
    labels: Vec<String>,
    graph_file: String,
    warnings: Vec<String>,
    max_sentence_length: usize,
    classifier: Classifier,
    /// Windows of the jobs that reuse them.
    memory: WindowMemory,
    pipeline: Pipeline,
}

impl Annotator {
    /// Loads a model: see [`Model::read`] for what a source may hold.
    ///
    /// # Errors
    /// Those of [`Model::read`] and [`from_model`](Self::from_model).
    pub fn load(source: &dyn Source, options: &Options) -> Result<Self, Error> {
        Self::load_with(source, options, &|_, _| ())
    }

    /// Like [`load`](Self::load), and reports progress: see [`LoadContext::progress`].
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn load_with(source: &dyn Source, options: &Options, progress: &dyn Fn(u64, u64)) -> Result<Self, Error> {
        Self::load_checked(source, options, progress, &|| Ok(()))
    }

    /// Like [`load`](Self::load), within a budget of time and memory, which is looked at between the steps of loading: see
    /// [`LoadBudget`](crate::LoadBudget).
    ///
    /// # Errors
    /// `load_limit`, and those of [`load`](Self::load).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn load_within(source: &dyn Source, options: &Options, budget: &crate::LoadBudget) -> Result<Self, Error> {
        Self::load_checked(source, options, &|_, _| (), &|| budget.check())
    }

    fn load_checked(
        source: &dyn Source,
        options: &Options,
        progress: &dyn Fn(u64, u64),
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let context = LoadContext { precision: options.precision, dtype: options.dtype, progress, check };
        let model = Model::read(source, &context)?;
        Self::from_model_checked(model, options, check)
    }

    /// Like [`load`](Self::load), for a model already read. `options.precision` and `options.dtype` have no
    /// effect here: they decide how a model is read.
    ///
    /// # Errors
    /// Those of [`Classifier::new`]; `vocabulary_mismatch` if the vocabulary has an id beyond the graph's embedding
    /// table; `labels_mismatch` if the width of the logits differs from the number of labels; `labels_invalid` if there are
    /// more than [`MOST_VITERBI_LABELS`] for the decoding `viterbi`; `graph_invalid` if the
    /// manifest declares token types that the graph cannot read; `option_invalid`.
    pub fn from_model(model: Model, options: &Options) -> Result<Self, Error> {
        Self::from_model_checked(model, options, &|| Ok(()))
    }

    fn from_model_checked(
        model: Model,
        options: &Options,
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let encoder = choose_encoder(model.encoder, options)?;
        let max_sentence_length = options.max_sentence_length.unwrap_or(model.defaults.max_sentence_length);
        let longest = model.defaults.longest_window;
        if !(1..=longest).contains(&max_sentence_length) {
            let reason = format!("{max_sentence_length} is not 1 to {longest}, the most that the model reads at once");
            return Err(Error::option_invalid("maxSentenceLength", reason));
        }
        let setup = setup(&model.labels, &model.defaults, max_sentence_length);
        let classifier = Classifier::new_checked(model.graph, &model.graph_file, &setup, check);
        let classifier = classifier.map_err(|error| with_family(error, &model.family))?;
        let mut warnings = model.warnings;
        let max_sentence_length = runnable_length(&classifier, max_sentence_length, options, &mut warnings)?;
        let labels = if model.labels.is_empty() { numbered(classifier.labels()) } else { model.labels };
        if classifier.labels() != labels.len() {
            return Err(Error::LabelsMismatch {
                file: model.graph_file,
                labels: labels.len(),
                outputs: classifier.labels(),
            });
        }
        let decoding = options.decoding.unwrap_or(model.defaults.decoder.decoding);
        let viterbi = decoding == Decoding::Viterbi && matches!(encoder, TextEncoder::Spark(_));
        if viterbi && labels.len() > MOST_VITERBI_LABELS {
            let count = labels.len();
            let reason =
                format!("there are {count}; the decoding viterbi takes {MOST_VITERBI_LABELS} at most, use argmax");
            return Err(Error::LabelsInvalid { file: model.name, reason });
        }
        let largest_id = match &encoder {
            TextEncoder::Spark(vocabulary) => Some(vocabulary.largest_id()),
            TextEncoder::HuggingFace { tokenizer, .. } => tokenizer.largest_id(),
        };
        if let (Some(rows), Some(id)) = (classifier.piece_rows(), largest_id) {
            if u64::from(id) >= rows {
                return Err(Error::VocabularyMismatch { file: model.graph_file, id, rows });
            }
        }
        let token_types = model.defaults.token_types;
        if token_types != TokenTypes::Zeros && !classifier.reads_token_types(token_types.largest()) {
            let reason = "it has no input token_type_ids that takes the values of tokenTypes in the manifest".into();
            return Err(Error::GraphInvalid { file: model.graph_file, reason });
        }
        let reading = Reading {
            cleanup_mode: options.cleanup_mode,
            document_structure: options.document_structure.unwrap_or(model.defaults.document_structure),
            normalisation: options.normalisation.unwrap_or(model.defaults.normalisation),
        };
        let pipeline = match encoder {
            TextEncoder::Spark(vocabulary) => Pipeline::Spark(Box::new(Spark {
                vocabulary,
                tokenizer: Tokenizer::new(options.tokenizer.as_ref().unwrap_or(&model.defaults.tokenizer))?,
                reading,
                case_sensitive: options.case_sensitive.unwrap_or(model.defaults.case_sensitive),
                max_sentence_length,
                pieces: options.pieces,
                token_types,
                label_from_separator: options.label_from_separator,
                decoders: Decoder::of_sets(&labels, &model.defaults.decoder, options.decoding),
                confidences: model.defaults.decoder.confidences,
            })),
            TextEncoder::HuggingFace { tokenizer, .. } => {
                // Clean-up is DocumentAssembler's.
                let reading = Reading { cleanup_mode: CleanupMode::Disabled, ..reading };
                Pipeline::HuggingFace(Box::new(HuggingFace { tokenizer: *tokenizer, reading, max_sentence_length }))
            }
        };
        Ok(Annotator {
            name: model.name,
            labels,
            graph_file: model.graph_file,
            warnings,
            max_sentence_length,
            classifier,
            memory: WindowMemory::default(),
            pipeline,
        })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Labels in id order: those of one [label set](crate::labels::DecoderDefaults::label_sets) after another, each with its `O`.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The labels of each [label set](crate::labels::DecoderDefaults::label_sets), in id order. In the Hugging Face pipeline all
    /// labels are one.
    pub fn label_sets(&self) -> Vec<&[String]> {
        match self.decoders() {
            [] => vec![&self.labels],
            decoders => decoders.iter().map(|decoder| &self.labels[decoder.columns()]).collect(),
        }
    }

    /// The path or address of the ONNX file that was read.
    pub fn graph_file(&self) -> &str {
        &self.graph_file
    }

    /// What a user should know about how the model's files were read, in sentences.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Word pieces per window, special pieces included.
    pub fn max_sentence_length(&self) -> usize {
        self.max_sentence_length
    }

    /// Names of the entities that the model can find, in the order of its labels.
    pub fn entities(&self) -> Vec<&str> {
        let mut entities: Vec<&str> = Vec::new();
        let mut seen = HashSet::new();
        for label in &self.labels {
            let entity = match (&self.pipeline, label.split_once('-')) {
                (_, Some((_, entity))) => entity,
                // In the Hugging Face pipeline a label needs neither `B-` nor `I-`.
                (Pipeline::HuggingFace(_), None) if label != "O" => entity_after_hyphen(label),
                _ => continue,
            };
            if seen.insert(entity) {
                entities.push(entity);
            }
        }
        entities
    }

    /// How labels are decoded from the logits.
    pub fn decoding(&self) -> Decoding {
        match &self.pipeline {
            Pipeline::Spark(spark) => spark.decoding(),
            Pipeline::HuggingFace(_) => Decoding::Argmax,
        }
    }

    /// The softmax temperature, by which logits are divided.
    pub fn temperature(&self) -> f64 {
        self.decoders().first().map_or(1.0, Decoder::temperature)
    }

    /// The decoders of the Spark NLP pipeline, one for each label set; none in the Hugging Face pipeline.
    pub fn decoders(&self) -> &[Decoder] {
        match &self.pipeline {
            Pipeline::Spark(spark) => &spark.decoders,
            Pipeline::HuggingFace(_) => &[],
        }
    }

    /// Which parts of the model's graph run as fused operations. The rest runs as exported.
    pub fn fused(&self) -> Fused {
        self.classifier.fused()
    }

    /// The arithmetic that the linear layers actually run in: int8 if any of them is quantised, otherwise f32.
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
        self.finish(job)
    }

    /// Labels the tokens of a text without joining them into chunks.
    ///
    /// # Errors
    /// Those of [`annotate`](Self::annotate).
    pub fn label(&self, text: &str, mode: Mode) -> Result<LabelledTokens<'_>, Error> {
        match &self.pipeline {
            Pipeline::Spark(spark) => Ok(self.label_by_spark(spark, text, mode, false)?.0),
            Pipeline::HuggingFace(pipeline) => {
                let state = self.run_hugging_face(pipeline, text, mode)?;
                let (tokens, labels) = state.label();
                let (label_sets, document) = (vec![self.token_labels(&labels)], state.document().clone());
                Ok(LabelledTokens { label_sets, document, tokens })
            }
        }
    }

    /// Both [`label`](Self::label) and the chunks of [`annotate`](Self::annotate) with default options, from one run.
    ///
    /// # Errors
    /// Those of [`annotate`](Self::annotate).
    pub fn label_and_annotate(&self, text: &str, mode: Mode) -> Result<(LabelledTokens<'_>, Vec<Chunk>), Error> {
        match &self.pipeline {
            Pipeline::Spark(spark) => {
                let labelled = self.label_by_spark(spark, text, mode, false)?.0;
                let chunks = spark.chunks(&labelled);
                Ok((labelled, chunks))
            }
            Pipeline::HuggingFace(pipeline) => {
                let state = self.run_hugging_face(pipeline, text, mode)?;
                let (tokens, labels) = state.label();
                let document = state.document().clone();
                let chunks = state.finish(&self.labels).chunks;
                Ok((LabelledTokens { label_sets: vec![self.token_labels(&labels)], document, tokens }, chunks))
            }
        }
    }

    /// Runs all windows of a text with the default options.
    fn run_hugging_face(&self, pipeline: &HuggingFace, text: &str, mode: Mode) -> Result<HuggingFaceText, Error> {
        let options = AnnotateOptions { mode, ..Default::default() };
        let mut state = pipeline.begin(text, self.labels.len(), &options)?;
        for window in 0..state.progress().1 {
            state.accept(&pipeline.run(&Runner::new(&self.classifier), &state, window)?)?;
        }
        Ok(state)
    }

    /// Like [`label`](Self::label), and also returns the logits that the labels were decoded from.
    ///
    /// # Errors
    /// Those of [`label`](Self::label); `option_invalid` in the Hugging Face pipeline, which has logits per word piece
    /// and not per token.
    pub fn label_with_logits(&self, text: &str, mode: Mode) -> Result<(LabelledTokens<'_>, TokenLogits), Error> {
        match &self.pipeline {
            Pipeline::Spark(spark) => self.label_by_spark(spark, text, mode, true),
            Pipeline::HuggingFace(_) => {
                let reason = "logits of tokens need Spark NLP's pipeline; load the model with encoding \"spark\"";
                Err(Error::option_invalid("encoding", reason))
            }
        }
    }

    fn label_by_spark(
        &self,
        spark: &Spark,
        text: &str,
        mode: Mode,
        keep_logits: bool,
    ) -> Result<(LabelledTokens<'_>, TokenLogits), Error> {
        let labels = self.labels.len();
        let mut state = spark.begin(text, labels, &AnnotateOptions { mode, ..Default::default() })?;
        if keep_logits {
            state.keep_logits(labels);
        }
        for window in 0..state.progress().1 {
            let logits = spark.run(&Runner::new(&self.classifier), &state, window)?;
            spark.accept(&mut state, labels, &logits)?;
        }
        let label_sets = spark.labels(&state).iter().map(|labels| self.token_labels(labels)).collect();
        let logits = state.take_logits();
        Ok((LabelledTokens { label_sets, document: state.document, tokens: state.tokens }, logits))
    }

    /// Prepares a text for the classifier: tokens, word pieces and windows.
    ///
    /// # Errors
    /// `option_invalid`; `inference_failed` if a Hugging Face tokenizer cannot encode a word.
    pub fn begin(&self, text: &str, options: &AnnotateOptions) -> Result<Job, Error> {
        self.check(options)?;
        let labels = self.labels.len();
        Ok(Job::new(match &self.pipeline {
            Pipeline::Spark(spark) => State::Spark(spark.begin(text, labels, options)?),
            Pipeline::HuggingFace(pipeline) => State::HuggingFace(pipeline.begin(text, labels, options)?),
        }))
    }

    /// Runs the next window; returns `false` if none is left.
    ///
    /// # Errors
    /// `inference_failed`.
    pub fn advance(&self, job: &mut Job) -> Result<bool, Error> {
        let (next, windows) = job.progress();
        if next == windows {
            return Ok(false);
        }
        let scores = self.run(job, next)?;
        self.accept(job, scores)?;
        Ok(true)
    }

    /// Runs one window without changing the job. The scores are for [`accept`](Self::accept), of this annotator or of
    /// another one with the same model. They are empty if `window` is out of range.
    ///
    /// # Errors
    /// `inference_failed`.
    pub fn run(&self, job: &Job, window: usize) -> Result<WindowScores, Error> {
        let runner = job.runner(&self.classifier, &self.memory);
        match (&self.pipeline, &job.state) {
            (Pipeline::Spark(spark), State::Spark(text)) => spark.run(&runner, text, window).map(WindowScores::Logits),
            (Pipeline::HuggingFace(pipeline), State::HuggingFace(text)) => {
                pipeline.run(&runner, text, window).map(WindowScores::Probabilities)
            }
            _ => Err(other_pipeline()),
        }
    }

    /// Adds the scores of the job's next window, which [`run`](Self::run) returned for the same text and options.
    ///
    /// # Errors
    /// `inference_failed` if the number of scores is not the window's, or if they come from the other pipeline.
    pub fn accept(&self, job: &mut Job, scores: WindowScores) -> Result<(), Error> {
        match (&self.pipeline, &mut job.state, scores) {
            (Pipeline::Spark(spark), State::Spark(text), WindowScores::Logits(logits)) => {
                spark.accept(text, self.labels.len(), &logits)
            }
            (Pipeline::HuggingFace(_), State::HuggingFace(text), WindowScores::Probabilities(probabilities)) => {
                text.accept(&probabilities)
            }
            _ => Err(other_pipeline()),
        }
    }

    /// Restores the type of scores from [`run`](Self::run) that were sent as a plain array, as JS does between workers.
    pub fn window_scores(&self, values: Vec<f32>) -> WindowScores {
        match &self.pipeline {
            Pipeline::Spark(_) => WindowScores::Logits(values),
            Pipeline::HuggingFace(_) => WindowScores::Probabilities(values),
        }
    }

    /// The chunks of a text. Tokens of windows that have not run count as unlabelled.
    ///
    /// # Errors
    /// `inference_failed` for a job begun by an annotator of the other pipeline.
    pub fn finish(&self, job: Job) -> Result<Annotation, Error> {
        let annotation = match (&self.pipeline, job.state) {
            (Pipeline::Spark(spark), State::Spark(text)) => {
                let labels: Vec<_> = spark.labels(&text).iter().map(|labels| self.token_labels(labels)).collect();
                spark.finish(&text, &labels, &self.labels)
            }
            (Pipeline::HuggingFace(_), State::HuggingFace(text)) => text.finish(&self.labels),
            _ => return Err(other_pipeline()),
        };
        Ok(Annotation { precision: Some(self.precision()), ..annotation })
    }

    /// Replaces label ids by label names.
    pub fn token_labels(&self, labels: &[Option<(usize, f32)>]) -> Vec<Option<TokenLabel<'_>>> {
        let name = |(id, score): (usize, f32)| Some(TokenLabel { label: self.labels.get(id)?, score: Some(score) });
        labels.iter().map(|label| label.and_then(name)).collect()
    }

    /// Checks the options of a call against the model and its pipeline.
    fn check(&self, options: &AnnotateOptions) -> Result<(), Error> {
        options.check()?;
        match &self.pipeline {
            Pipeline::Spark(_) => {
                if let Some(option) = options.aggregation_only() {
                    let reason = "it is for Hugging Face folders read by their own tokenizer";
                    return Err(Error::option_invalid(option, reason));
                }
            }
            Pipeline::HuggingFace(_) => {
                if let Some(option) = options.converter_only() {
                    let reason = "it is the Spark converter's; load the model with encoding spark to use it";
                    return Err(Error::option_invalid(option, reason));
                }
            }
        }
        // Without a schema, whole labels are entity names.
        let known = if options.ner_has_no_schema {
            self.labels.iter().map(String::as_str).filter(|label| *label != "O").collect()
        } else {
            self.entities()
        };
        let check = |option: &str, name: &String| {
            let wrong = || Error::option_invalid(option, format!("{name:?} is none of {}", known.join(", ")));
            known.contains(&name.as_str()).then_some(()).ok_or_else(wrong)
        };
        for name in options.ignore_labels.iter().flatten() {
            if !name.is_empty() && name != "O" && !known.contains(&name.as_str()) && !self.labels.contains(name) {
                let reason = format!("{name:?} is none of {}", self.labels.join(", "));
                return Err(Error::option_invalid("ignoreLabels", reason));
            }
        }
        options.entities.iter().flatten().try_for_each(|name| check("entities", name))?;
        options.exclude_entities.iter().flatten().try_for_each(|name| check("excludeEntities", name))?;
        options.replace_labels.keys().try_for_each(|name| check("replaceLabels", name))
    }
}

/// What the engine is told of a model.
fn setup(labels: &[String], defaults: &ModelDefaults, max_sentence_length: usize) -> ClassifierSetup {
    let padding = u32::try_from(defaults.padding).unwrap_or(0);
    ClassifierSetup {
        labels: Some(labels.len()).filter(|&labels| labels > 0),
        first_position: defaults.first_position,
        padding,
        // Any but the padding, of which RoBERTa's family counts no positions.
        piece: if padding == 1 { 2 } else { 1 },
        longest: max_sentence_length,
    }
}

/// Names the family of a Hugging Face model whose graph does not run.
fn with_family(error: Error, family: &str) -> Error {
    match error {
        Error::GraphInvalid { file, reason } if !family.is_empty() => {
            let reason = format!(
                "this {family} model does not run here; an export by torch's other exporter (dynamo=True or dynamo=False of \
                 torch.onnx.export) may: {reason}"
            );
            Error::GraphInvalid { file, reason }
        }
        other => other,
    }
}

/// The length of the windows that a graph is given, at most what it takes.
fn runnable_length(
    classifier: &Classifier,
    wanted: usize,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<usize, Error> {
    if classifier.plans_each_length() {
        let warning =
            "each new length of a window takes a while: this export's graph is prepared for one length at a time";
        warnings.push(warning.into());
    }
    let limit = classifier.limit();
    if wanted <= limit {
        return Ok(wanted);
    }
    if options.max_sentence_length.is_some() {
        let reason = format!("{wanted} is more than the {limit} word pieces that the graph takes");
        return Err(Error::option_invalid("maxSentenceLength", reason));
    }
    warnings.push(format!("windows have at most {limit} word pieces: the graph takes no longer ones"));
    Ok(limit)
}

/// The error for a job or scores of the other pipeline.
fn other_pipeline() -> Error {
    Error::InferenceFailed { reason: "the job or its scores belong to a model of the other pipeline".into() }
}

/// The encoder that the options ask for, if the model has it.
fn choose_encoder(encoder: TextEncoder, options: &Options) -> Result<TextEncoder, Error> {
    let spark_only = "the model's own tokenizer decides; choose the encoding \"spark\" to set it";
    match (encoder, options.encoding) {
        (TextEncoder::HuggingFace { vocabulary, .. }, Some(Encoding::Spark)) => {
            let reason =
                "\"spark\" needs a WordPiece tokenizer with [CLS], [SEP] and [UNK], which the model does not have";
            vocabulary.map(TextEncoder::Spark).ok_or_else(|| Error::option_invalid("encoding", reason))
        }
        (TextEncoder::Spark(_), Some(Encoding::HuggingFace)) => {
            Err(Error::option_invalid("encoding", "\"huggingFace\" needs a Hugging Face folder"))
        }
        (encoder @ TextEncoder::HuggingFace { .. }, _) => {
            let set = [
                ("tokenizer", options.tokenizer.is_some()),
                ("caseSensitive", options.case_sensitive.is_some()),
                ("decoding", options.decoding == Some(Decoding::Viterbi)),
                ("pieces", options.pieces != WordPieces::All),
            ];
            match set.iter().find(|(_, set)| *set) {
                Some((option, _)) => Err(Error::option_invalid(option, spark_only)),
                None => Ok(encoder),
            }
        }
        (encoder @ TextEncoder::Spark(_), _) => Ok(encoder),
    }
}
