//! Measures a model on annotated records.

mod calibration;
mod charts;
pub(crate) mod command;
mod confidence;
mod judge;
mod report_page;
mod temperature;
mod thresholds;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use crate::formats::{Document, JsonObject, Mention, ReadOptions};
use crate::labels::convert;
use crate::{AnnotateOptions, Annotator, Chunk, Error, LabelledTokens, Mode, TokenLabel};

pub use calibration::{Bin, Calibration, Reliability, BINS};
pub use confidence::{Agreement, ConfidenceFit, ConfidenceSamples};
pub use judge::{judge, Cell, Confusion, Judged, Verdict};
pub use report_page::{ReportPage, RunInfo};
pub use temperature::{Calibrated, TemperatureFit, TemperatureSamples};
use thresholds::ByConfidence;
pub use thresholds::{AtThreshold, Thresholds};

/// The longest name of a gold entity, in bytes.
const LONGEST_NAME: usize = 1000;
/// The most gold entities over one place of a text.
const MOST_NESTED: usize = 100;

/// A text with its gold entities.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record's name in its file.
    pub id: String,
    /// The text.
    pub text: String,
    /// Gold entities, in UTF-16 code units.
    pub entities: Vec<Span>,
}

/// An entity in a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The entity's name.
    pub entity: String,
}

impl Span {
    fn of(chunk: &Chunk) -> Self {
        Span { begin: chunk.begin, end: chunk.end, entity: chunk.entity.clone() }
    }
}

impl Record {
    /// Reads a line `{"id", "text", "entities": [[begin, end, entity, …], …]}` with offsets in code points, end exclusive, or,
    /// without `entities`, one of `glossa annotate`: `{"id", "text", "chunks": [{"begin", "end", "entity"}, …]}` with offsets in
    /// UTF-16 code units. `place` names the line in errors.
    ///
    /// # Errors
    /// `input_invalid`.
    pub fn parse(line: &str, place: &str) -> Result<Self, Error> {
        // Gold has the names that are written, whatever a text to annotate may be called.
        let names = ReadOptions { text_field: Some("text".into()), id_field: Some("id".into()), unit: None };
        let mut record = JsonObject::parse(line, place)?;
        let text = record.text(&names)?;
        let entities = match (record.take("entities"), record.take("chunks")) {
            (Some(Value::Array(entities)), _) => gold_entities(&record, &text, &entities)?,
            (None, Some(Value::Array(chunks))) => gold_chunks(&record, &text, &chunks)?,
            (Some(_), _) => return Err(record.invalid("its \"entities\" are no array")),
            (None, Some(_)) => return Err(record.invalid("its \"chunks\" are no array")),
            (None, None) => return Err(record.invalid("it has neither \"entities\" nor \"chunks\"")),
        };
        check_entities(&entities).map_err(|reason| record.invalid(reason))?;
        Ok(Record { entities, id: record.id(&names)?, text })
    }

    /// A document with its mentions as gold. One in pieces counts from its first to its last: a model finds no others. `place` names
    /// the file in errors.
    ///
    /// # Errors
    /// `input_invalid`.
    pub fn of_document(document: Document, place: &str) -> Result<Self, Error> {
        let span =
            |mention: &Mention| Span { begin: mention.begin(), end: mention.end(), entity: mention.entity.clone() };
        let entities: Vec<Span> = document.mentions.iter().map(span).collect();
        let place = format!("{place}: document {:?}", document.id);
        check_entities(&entities).map_err(|reason| Error::InputInvalid { input: place, reason })?;
        Ok(Record { entities, id: document.id, text: document.text })
    }
}

/// Refuses what would take time or memory by more than the record's length: each token has the labels of all entities over it,
/// and each chunk is compared with them.
fn check_entities(entities: &[Span]) -> Result<(), String> {
    if let Some(span) = entities.iter().find(|span| span.entity.len() > LONGEST_NAME) {
        let begin: String = span.entity.chars().take(40).collect();
        return Err(format!("the name of an entity has more than {LONGEST_NAME} bytes; it begins with {begin:?}"));
    }
    let mut begins: Vec<usize> = entities.iter().map(|span| span.begin).collect();
    // An empty one is at its place, too.
    let mut ends: Vec<usize> = entities.iter().map(|span| span.end.max(span.begin + 1)).collect();
    begins.sort_unstable();
    ends.sort_unstable();
    // Those that begin up to a place, without those that have ended there.
    let over = |at: usize| at + 1 - ends.partition_point(|end| *end <= begins[at]);
    match (0..begins.len()).find(|at| over(*at) > MOST_NESTED) {
        Some(at) => Err(format!("more than {MOST_NESTED} of its entities are at one place, {}", begins[at])),
        None => Ok(()),
    }
}

/// Entities `[begin, end, entity, …]`, in code points.
fn gold_entities(record: &JsonObject, text: &str, entities: &[Value]) -> Result<Vec<Span>, Error> {
    // UTF-16 offset of each code point, and of the end.
    let mut units = vec![0];
    units.extend(text.chars().scan(0, |at, c| {
        *at += c.len_utf16();
        Some(*at)
    }));
    let span = |entity: &Value| {
        let offset = |i: usize| entity[i].as_u64().and_then(|at| units.get(usize::try_from(at).ok()?)).copied();
        match (offset(0), offset(1), entity[2].as_str()) {
            (Some(begin), Some(end), Some(name)) if begin < end => Ok(Span { begin, end, entity: name.to_string() }),
            _ => Err(record.invalid(format!("{entity} is not a valid [begin, end, entity] in code points"))),
        }
    };
    entities.iter().map(span).collect()
}

/// Chunks as `glossa annotate` writes them, in UTF-16 code units. If they have a text, it must be the one at their place.
fn gold_chunks(record: &JsonObject, text: &str, chunks: &[Value]) -> Result<Vec<Span>, Error> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let span = |chunk: &Value| {
        let offset = |field: &str| chunk[field].as_u64().and_then(|at| usize::try_from(at).ok());
        let (Some(begin), Some(end), Some(name)) = (offset("begin"), offset("end"), chunk["entity"].as_str()) else {
            return Err(record.invalid(format!("{chunk} is not a chunk with begin, end and entity")));
        };
        // Empty where a tokenizer's piece is: see `Annotation::chunks`.
        let there = units.get(begin..end).and_then(|place| String::from_utf16(place).ok());
        let there = there.ok_or_else(|| record.invalid(format!("{chunk} is not a place in its text")))?;
        match chunk["text"].as_str() {
            Some(text) if text != there => {
                let reason = format!("{chunk} has {there:?} at its place; offsets count UTF-16 code units");
                Err(record.invalid(reason))
            }
            _ => Ok(Span { begin, end, entity: name.to_string() }),
        }
    };
    chunks.iter().map(span).collect()
}

/// Precision, recall and F1 of one entity or label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Score {
    /// Share of the predictions that are right.
    pub precision: f64,
    /// Share of the gold annotations that were predicted.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Number of gold annotations.
    pub support: usize,
}

/// Scores by exact span: a true positive has the begin, end and entity of a gold entity.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Exact {
    /// Precision over all entities (micro average).
    pub precision: f64,
    /// Recall over all entities (micro average).
    pub recall: f64,
    /// F1 over all entities (micro average).
    pub f1: f64,
    /// Per entity.
    pub entities: BTreeMap<String, Score>,
}

/// Scores by token label, as Spark NLP's model cards report them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ByToken {
    /// Macro average: mean F1 over all labels but `O` that are gold or predicted anywhere.
    pub macro_f1: f64,
    /// Per label, `O` included.
    pub labels: BTreeMap<String, Score>,
}

/// The scores of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// By exact span.
    pub exact: Exact,
    /// By token label.
    pub token: ByToken,
    /// Calibration of scores and confidences.
    pub calibration: Calibration,
    /// What thresholds of confidence keep.
    pub thresholds: Thresholds,
}

/// The entities that count, by name; all if it is empty. A corpus may annotate only some of what a model finds.
#[derive(Debug, Clone, Default)]
pub struct Counted(BTreeSet<String>);

impl Counted {
    /// Checks the names against those of the model.
    ///
    /// # Errors
    /// `option_invalid`.
    pub fn new(names: &[String], annotator: &Annotator) -> Result<Self, Error> {
        let known = annotator.entities();
        match names.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Error::option_invalid("entities", format!("{name:?} is none of {}", known.join(", ")))),
            None => Ok(Counted(names.iter().cloned().collect())),
        }
    }

    fn has(&self, entity: &str) -> bool {
        self.0.is_empty() || self.0.contains(entity)
    }

    /// Leaves out a record's other entities.
    pub fn keep(&self, record: &mut Record) {
        record.entities.retain(|span| self.has(&span.entity));
    }
}

/// Counts to be summed over documents, in any order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    entities: BTreeMap<String, Counts>,
    labels: BTreeMap<String, Counts>,
    confident: BTreeMap<String, ByConfidence>,
    calibration: Calibration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    true_positives: usize,
    predicted: usize,
    gold: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.true_positives += other.true_positives;
        self.predicted += other.predicted;
        self.gold += other.gold;
    }

    fn score(self) -> Score {
        let share = |of: usize| if of == 0 { 0.0 } else { self.true_positives as f64 / of as f64 };
        let f1 = if self.true_positives == 0 {
            0.0
        } else {
            2.0 * self.true_positives as f64 / (self.predicted + self.gold) as f64
        };
        Score { precision: share(self.predicted), recall: share(self.gold), f1, support: self.gold }
    }
}

impl Tally {
    /// Annotates a record, compares the result with its gold entities, and returns the labelled tokens and the chunks. What is
    /// found of entities that do not count is left out of all; its tokens have no label.
    ///
    /// # Errors
    /// Those of [`Annotator::annotate`].
    pub fn add<'a>(
        &mut self,
        annotator: &'a Annotator,
        record: &Record,
        mode: Mode,
        counted: &Counted,
    ) -> Result<(LabelledTokens<'a>, Vec<Chunk>), Error> {
        let (mut labelling, mut chunks) = annotator.label_and_annotate(&record.text, mode)?;
        chunks.retain(|chunk| counted.has(&chunk.entity));
        let counts = |label: &TokenLabel<'_>| label.label == "O" || counted.has(entity_of(label.label));
        labelling.label_sets.iter_mut().flatten().for_each(|label| *label = label.filter(counts));
        self.count_chunks(&chunks, record);
        self.count_labels(annotator, &labelling, record, counted);
        Ok((labelling, chunks))
    }

    /// Compares labels with a record's gold entities, and returns the chunks that they form.
    fn count(&mut self, annotator: &Annotator, labelling: &LabelledTokens<'_>, record: &Record) -> Vec<Chunk> {
        let chunks = chunks_without_confidences(labelling);
        self.count_chunks(&chunks, record);
        self.count_labels(annotator, labelling, record, &Counted::default());
        chunks
    }

    fn count_chunks(&mut self, chunks: &[Chunk], record: &Record) {
        let gold: HashSet<Span> = record.entities.iter().cloned().collect();
        let mut predicted = HashSet::new();
        for chunk in chunks {
            let span = Span::of(chunk);
            if let Some(confidence) = chunk.confidence {
                self.calibration.chunk.add(confidence, gold.contains(&span));
            }
            if !predicted.contains(&span) {
                let entity = self.confident.entry(span.entity.clone()).or_default();
                entity.add(chunk.confidence, gold.contains(&span));
                predicted.insert(span);
            }
        }
        for span in &predicted {
            let counts = self.entities.entry(span.entity.clone()).or_default();
            counts.predicted += 1;
            counts.true_positives += usize::from(gold.contains(span));
        }
        for span in &gold {
            self.entities.entry(span.entity.clone()).or_default().gold += 1;
        }
    }

    /// Compares the tokens' labels of each label set that has an entity that counts.
    fn count_labels(
        &mut self,
        annotator: &Annotator,
        labelling: &LabelledTokens<'_>,
        record: &Record,
        counted: &Counted,
    ) {
        let gold = gold_labels(annotator, labelling, &record.entities);
        for ((set, labels), gold) in annotator.label_sets().into_iter().zip(&labelling.label_sets).zip(gold) {
            if !counted.0.is_empty() && !set.iter().any(|label| counted.0.contains(entity_of(label))) {
                continue;
            }
            for (label, gold) in labels.iter().zip(&gold) {
                let predicted = label.map_or("O", |label| label.label);
                self.labels.entry(predicted.to_string()).or_default().predicted += 1;
                let counts = self.labels.entry(gold.clone()).or_default();
                counts.gold += 1;
                counts.true_positives += usize::from(predicted == gold);
                if let Some(score) = label.and_then(|label| label.score) {
                    self.calibration.token.add(score, predicted == gold);
                }
            }
        }
    }

    /// Adds the counts of another tally.
    pub fn merge(&mut self, other: Tally) {
        for (name, counts) in other.entities {
            self.entities.entry(name).or_default().add(counts);
        }
        for (name, counts) in other.labels {
            self.labels.entry(name).or_default().add(counts);
        }
        for (name, chunks) in &other.confident {
            self.confident.entry(name.clone()).or_default().merge(chunks);
        }
        self.calibration.token.merge(&other.calibration.token);
        self.calibration.chunk.merge(&other.calibration.chunk);
    }

    /// The scores so far.
    pub fn report(&self) -> Report {
        let mut all = Counts::default();
        self.entities.values().for_each(|counts| all.add(*counts));
        let exact = all.score();
        let scores = |counts: &BTreeMap<String, Counts>| -> BTreeMap<String, Score> {
            counts.iter().map(|(name, counts)| (name.clone(), counts.score())).collect()
        };
        let labels = scores(&self.labels);
        let inside: Vec<f64> = labels.iter().filter(|(name, _)| *name != "O").map(|(_, score)| score.f1).collect();
        Report {
            exact: Exact {
                precision: exact.precision,
                recall: exact.recall,
                f1: exact.f1,
                entities: scores(&self.entities),
            },
            token: ByToken { macro_f1: inside.iter().sum::<f64>() / inside.len().max(1) as f64, labels },
            calibration: self.calibration.clone(),
            thresholds: self.thresholds(),
        }
    }

    fn thresholds(&self) -> Thresholds {
        let mut all = ByConfidence::default();
        self.confident.values().for_each(|chunks| all.merge(chunks));
        let gold = |name: &String| self.entities.get(name).map_or(0, |counts| counts.gold);
        let entity = |(name, chunks): (&String, &ByConfidence)| (name.clone(), chunks.scores(gold(name)));
        Thresholds {
            all: all.scores(self.entities.values().map(|counts| counts.gold).sum()),
            entities: self.confident.iter().map(entity).collect(),
        }
    }
}

/// The entity of a label, as [`Annotator::entities`] names it.
fn entity_of(label: &str) -> &str {
    label.split_once('-').map_or(label, |(_, entity)| entity)
}

/// The chunks that labels form, in the order of the text; their confidences are means of scores.
fn chunks_without_confidences(labelling: &LabelledTokens<'_>) -> Vec<Chunk> {
    let LabelledTokens { document, tokens, label_sets } = labelling;
    let options = AnnotateOptions::default();
    let of_set = |labels: &Vec<_>| convert(document, tokens, labels, &options);
    let mut chunks: Vec<Chunk> = label_sets.iter().flat_map(of_set).collect();
    chunks.sort_by_key(|chunk| (chunk.begin, Reverse(chunk.end)));
    chunks
}

/// Of each label set, each token's gold label: `B-X` for the first token that overlaps a gold entity X, or is as empty at the same
/// place, `I-X` for the others. Entities of no label set count in the first.
fn gold_labels(annotator: &Annotator, labelling: &LabelledTokens<'_>, entities: &[Span]) -> Vec<Vec<String>> {
    let sets = annotator.label_sets();
    let has = |set: &[String], span: &Span| set.iter().any(|label| entity_of(label) == span.entity);
    let set_of = |span: &&Span| sets.iter().position(|set| has(set, span)).unwrap_or(0);
    let of_set = |set| gold_labels_of(labelling, entities.iter().filter(|span| set_of(span) == set));
    (0..sets.len()).map(of_set).collect()
}

/// Each token's gold label of these entities, which are those of one label set.
fn gold_labels_of<'s>(labelling: &LabelledTokens<'_>, entities: impl Iterator<Item = &'s Span>) -> Vec<String> {
    let place = |token| labelling.document.original_range(token);
    let tokens: Vec<Range<usize>> = labelling.tokens.iter().map(place).collect();
    let mut labels = vec!["O".to_string(); tokens.len()];
    for span in entities {
        let near = tokens.iter().enumerate().skip(tokens.partition_point(|token| token.end < span.begin));
        let near = near.take_while(|(_, token)| token.start <= span.end);
        let over = near
            .filter(|(_, token)| token.start < span.end && span.begin < token.end || **token == (span.begin..span.end));
        for (count, (i, _)) in over.enumerate() {
            labels[i] = format!("{}-{}", if count == 0 { "B" } else { "I" }, span.entity);
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_records_are_code_points() {
        let record = Record::parse(r#"{"id": 7, "text": "😀 DNA", "entities": [[2, 5, "DNA", "x"]]}"#, "f:1");
        let span = Span { begin: 3, end: 6, entity: "DNA".into() };
        assert_eq!(record, Ok(Record { id: "7".into(), text: "😀 DNA".into(), entities: vec![span] }));
        for line in ["{", r#"{"text": "a", "entities": [[0, 2, "X"]]}"#, r#"{"text": "a"}"#] {
            assert_eq!(Record::parse(line, "f:1").unwrap_err().code(), "input_invalid");
        }
    }

    #[test]
    fn offsets_of_chunks_are_utf16_code_units() {
        let chunk = r#"{"begin": 3, "end": 6, "text": "DNA", "entity": "DNA", "confidence": 0.5}"#;
        let line = format!("{{\"id\": \"a\", \"text\": \"😀 DNA\", \"chunks\": [{chunk}]}}");
        let span = Span { begin: 3, end: 6, entity: "DNA".into() };
        assert_eq!(Record::parse(&line, "f:1").map(|record| record.entities), Ok(vec![span]));
        for (right, wrong) in [
            ("\"DNA\", \"entity", "\"DN\", \"entity"),
            ("\"end\": 6", "\"end\": 7"),
            ("\"begin\": 3", "\"begin\": 1"),
            ("\"end\": 6, ", ""),
        ] {
            let error = Record::parse(&line.replace(right, wrong), "f:1").unwrap_err();
            assert!(error.to_string().starts_with("f:1: {"), "{error}");
        }
    }

    #[test]
    fn a_chunk_may_be_empty_where_a_piece_is() {
        let chunks = r#"[{"begin": 1, "end": 1, "text": "", "entity": "X"}, {"begin": 2, "end": 3, "text": "b", "entity": "X"}]"#;
        let record = Record::parse(&format!(r#"{{"text": "a b", "chunks": {chunks}}}"#), "f:1").expect("a record");
        assert_eq!(record.entities.iter().map(|span| (span.begin, span.end)).collect::<Vec<_>>(), [(1, 1), (2, 3)]);
        let judged = judge(&record.entities, &record.entities);
        assert_eq!(judged.iter().map(Judged::verdict).collect::<Vec<_>>(), [Verdict::Correct; 2]);
        let mut tally = Tally::default();
        let chunk = |span: &Span| Chunk {
            text: String::new(),
            entity: span.entity.clone(),
            begin: span.begin,
            end: span.end,
            confidence: None,
            result: None,
            tokens: Vec::new(),
        };
        tally.count_chunks(&record.entities.iter().map(chunk).collect::<Vec<_>>(), &record);
        assert!((tally.report().exact.f1 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn entities_that_would_multiply_are_refused() {
        let record = |entity: &str, count: usize| {
            let entities = vec![format!("[0, 1, \"{entity}\"]"); count].join(", ");
            Record::parse(&format!("{{\"text\": \"a b\", \"entities\": [{entities}, [2, 3, \"X\"]]}}"), "f:1")
        };
        assert!(record(&"x".repeat(LONGEST_NAME), MOST_NESTED).is_ok());
        for (refused, reason) in [
            (record(&"x".repeat(LONGEST_NAME + 1), 1), "more than 1000 bytes"),
            (record("X", MOST_NESTED + 1), "more than 100 of its entities are at one place, 0"),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.code(), "input_invalid");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn scores_are_precision_recall_and_their_harmonic_mean() {
        let score = Counts { true_positives: 3, predicted: 4, gold: 6 }.score();
        assert_eq!((score.precision, score.recall, score.f1, score.support), (0.75, 0.5, 0.6, 6));
        assert_eq!(Counts::default().score(), Score::default());
    }
}
