//! Measures a model on annotated records.

mod calibration;
mod charts;
pub(crate) mod command;
mod judge;
mod report_page;
mod temperature;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use glossa_ner::labels::convert;
use glossa_ner::{AnnotateOptions, Annotator, Chunk, Error, LabelledTokens, Mode};

use crate::input::record_id;

pub use calibration::{Bin, Calibration, Reliability, BINS};
pub use judge::{judge, Cell, Confusion, Judged, Verdict};
pub use report_page::{About, ReportPage};
pub use temperature::{Calibrated, TemperatureFit, TemperatureSamples};

/// A text with the entities that people marked in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record's name in its file.
    pub id: String,
    /// The text.
    pub text: String,
    /// Marked entities, in UTF-16 code units.
    pub entities: Vec<Span>,
}

/// A place in a text and what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last.
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
    /// Reads a line `{"id", "text", "entities": [[begin, end, entity, …], …]}`, whose offsets are code points, end
    /// exclusive. `place` names the line in errors.
    ///
    /// # Errors
    /// `input_invalid`.
    pub fn parse(line: &str, place: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::InputInvalid { input: place.to_string(), reason };
        let record: Value = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
        let text = record["text"].as_str().ok_or_else(|| invalid("it has no \"text\"".into()))?;
        // Where each code point begins in UTF-16 code units, and the text's end.
        let mut units = vec![0];
        units.extend(text.chars().scan(0, |at, c| {
            *at += c.len_utf16();
            Some(*at)
        }));
        let marked = record["entities"].as_array().ok_or_else(|| invalid("it has no \"entities\"".into()))?;
        let entities = marked.iter().map(|entity| {
            let offset = |i: usize| entity[i].as_u64().and_then(|at| units.get(at as usize)).copied();
            match (offset(0), offset(1), entity[2].as_str()) {
                (Some(begin), Some(end), Some(name)) if begin < end => {
                    Ok(Span { begin, end, entity: name.to_string() })
                }
                _ => Err(invalid(format!("{entity} is no [begin, end, entity] of the text"))),
            }
        });
        Ok(Record {
            entities: entities.collect::<Result<_, _>>()?,
            id: record_id(&record, place),
            text: text.to_string(),
        })
    }
}

/// Agreement with the marked entities or labels of one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Score {
    /// Share of what was found that is marked.
    pub precision: f64,
    /// Share of what is marked that was found.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// How many are marked.
    pub support: usize,
}

/// Exact spans: a chunk counts when begin, end and entity are those of a marked entity.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Exact {
    /// Over all entities together (micro average).
    pub precision: f64,
    /// As `precision`.
    pub recall: f64,
    /// As `precision`.
    pub f1: f64,
    /// Per entity.
    pub entities: BTreeMap<String, Score>,
}

/// Labels token by token, as Spark NLP's model cards report them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ByToken {
    /// Mean F1 of the labels that were marked or found, `O` left out.
    pub macro_f1: f64,
    /// Per label, `O` included.
    pub labels: BTreeMap<String, Score>,
}

/// What a model scored.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Exact spans.
    pub exact: Exact,
    /// Token labels.
    pub token: ByToken,
    /// Whether scores are as often right as they say.
    pub calibration: Calibration,
}

/// Counts of agreement, to be gathered over documents in any order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    entities: BTreeMap<String, Counts>,
    labels: BTreeMap<String, Counts>,
    calibration: Calibration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    both: usize,
    found: usize,
    marked: usize,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.both += other.both;
        self.found += other.found;
        self.marked += other.marked;
    }

    fn score(self) -> Score {
        let share = |of: usize| if of == 0 { 0.0 } else { self.both as f64 / of as f64 };
        let f1 = if self.both == 0 { 0.0 } else { 2.0 * self.both as f64 / (self.found + self.marked) as f64 };
        Score { precision: share(self.found), recall: share(self.marked), f1, support: self.marked }
    }
}

impl Tally {
    /// Annotates a record, counts how that agrees with its entities, and gives what was found.
    ///
    /// # Errors
    /// Those of [`Annotator::label`].
    pub fn add(&mut self, annotator: &Annotator, record: &Record, mode: Mode) -> Result<Vec<Chunk>, Error> {
        Ok(self.count(&annotator.label(&record.text, mode)?, record))
    }

    /// Counts how labels agree with a record's entities, and gives the chunks that they make.
    fn count(&mut self, labelling: &LabelledTokens<'_>, record: &Record) -> Vec<Chunk> {
        let chunks = convert(&labelling.document, &labelling.tokens, &labelling.labels, &AnnotateOptions::default());
        let marked: HashSet<Span> = record.entities.iter().cloned().collect();
        let mut found = HashSet::new();
        for chunk in &chunks {
            let span = Span::of(chunk);
            if let Some(confidence) = chunk.confidence {
                self.calibration.chunk.add(confidence, marked.contains(&span));
            }
            found.insert(span);
        }
        for span in &found {
            let counts = self.entities.entry(span.entity.clone()).or_default();
            counts.found += 1;
            counts.both += usize::from(marked.contains(span));
        }
        for span in &marked {
            self.entities.entry(span.entity.clone()).or_default().marked += 1;
        }
        self.count_labels(labelling, record);
        chunks
    }

    fn count_labels(&mut self, labelling: &LabelledTokens<'_>, record: &Record) {
        let marked = marked_labels(labelling, &record.entities);
        for (label, marked) in labelling.labels.iter().zip(&marked) {
            let found = label.map_or("O", |label| label.label);
            self.labels.entry(found.to_string()).or_default().found += 1;
            let counts = self.labels.entry(marked.clone()).or_default();
            counts.marked += 1;
            counts.both += usize::from(found == marked);
            if let Some(score) = label.and_then(|label| label.score) {
                self.calibration.token.add(score, found == marked);
            }
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Tally) {
        for (name, counts) in other.entities {
            self.entities.entry(name).or_default().add(counts);
        }
        for (name, counts) in other.labels {
            self.labels.entry(name).or_default().add(counts);
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
        }
    }
}

/// The label each token ought to have: `B-X` for the first token that a marked entity touches, `I-X` for the others.
fn marked_labels(labelling: &LabelledTokens<'_>, entities: &[Span]) -> Vec<String> {
    let place = |token| labelling.document.original_range(token);
    let tokens: Vec<Range<usize>> = labelling.tokens.iter().map(place).collect();
    let mut labels = vec!["O".to_string(); tokens.len()];
    for span in entities {
        let first = tokens.partition_point(|token| token.end <= span.begin);
        for (i, token) in tokens.iter().enumerate().skip(first) {
            if token.start >= span.end {
                break;
            }
            labels[i] = format!("{}-{}", if i == first { "B" } else { "I" }, span.entity);
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
    fn scores_are_precision_recall_and_their_harmonic_mean() {
        let score = Counts { both: 3, found: 4, marked: 6 }.score();
        assert_eq!((score.precision, score.recall, score.f1, score.support), (0.75, 0.5, 0.6, 6));
        assert_eq!(Counts::default().score(), Score::default());
    }
}
