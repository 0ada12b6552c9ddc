//! What differs between two lists of chunks: ours and Spark NLP's, or those of two models or settings.

pub(crate) mod command;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use glossa_ner::Error;

pub use read::EndOffset;

/// Room for the error of a subtraction, so that 0.9999 and 0.9998 are 0.0001 apart.
const ROUNDING: f64 = 1e-9;

/// The chunks of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Chunks in the order of the file.
    pub entries: Vec<Entry>,
    /// Every document's id, those without chunks included where the file lists them.
    documents: BTreeSet<String>,
    /// Where the first row without an id stands, if rows have none.
    nameless: Option<String>,
}

/// A chunk as a file gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The document; empty if the file names none.
    pub id: String,
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last.
    pub end: usize,
    /// What stands there, if the file tells.
    pub text: Option<String>,
    /// The entity's name.
    pub entity: String,
    /// The chunk's confidence, if the file tells.
    pub confidence: Option<f64>,
}

/// How often each thing happens to the chunks of one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In both files: same document, place and entity.
    pub both: usize,
    /// Only in the first.
    pub only_a: usize,
    /// Only in the second.
    pub only_b: usize,
    /// Of this entity in the first, and at the same place of another one in the second.
    pub other_entity: usize,
    /// In both, with confidences that differ; always 0 if those are not compared.
    pub confidence: usize,
}

impl Counts {
    /// Adds those of another entity.
    pub fn add(&mut self, other: Counts) {
        self.both += other.both;
        self.only_a += other.only_a;
        self.only_b += other.only_b;
        self.other_entity += other.other_entity;
        self.confidence += other.confidence;
    }
}

/// What two files have in common and what not, in the order of documents' ids and places.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Per entity.
    pub entities: BTreeMap<String, Counts>,
    /// Chunks of the first file at places where the second has none.
    pub only_a: Vec<Entry>,
    /// Chunks of the second file at places where the first has none.
    pub only_b: Vec<Entry>,
    /// Chunks at one place whose entities differ: the first file's, the second's.
    pub other_entity: Vec<(Entry, Entry)>,
    /// Chunks in both whose confidences differ, or of which one has none.
    pub confidence: Vec<(Entry, Entry)>,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.only_a.is_empty() && self.only_b.is_empty() && self.other_entity.is_empty() && self.confidence.is_empty()
    }

    /// The counts of all entities together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.entities.values().for_each(|counts| total.add(*counts));
        total
    }

    fn counts(&mut self, entry: &Entry) -> &mut Counts {
        self.entities.entry(entry.entity.clone()).or_default()
    }

    /// Pairs off the chunks of one place.
    fn place(&mut self, a: Vec<Entry>, mut b: Vec<Entry>, tolerance: Option<f64>) {
        let mut unpaired = Vec::new();
        for entry in a {
            let Some(at) = b.iter().position(|other| other.entity == entry.entity) else {
                unpaired.push(entry);
                continue;
            };
            let other = b.remove(at);
            let far = match (entry.confidence, other.confidence, tolerance) {
                (_, _, None) | (None, None, _) => false,
                (Some(a), Some(b), Some(tolerance)) => (a - b).abs() > tolerance + ROUNDING,
                _ => true,
            };
            let counts = self.counts(&entry);
            counts.both += 1;
            counts.confidence += usize::from(far);
            if far {
                self.confidence.push((entry, other));
            }
        }
        let mut b = b.into_iter();
        for entry in unpaired {
            match b.next() {
                Some(other) => {
                    self.counts(&entry).other_entity += 1;
                    self.other_entity.push((entry, other));
                }
                None => {
                    self.counts(&entry).only_a += 1;
                    self.only_a.push(entry);
                }
            }
        }
        for entry in b {
            self.counts(&entry).only_b += 1;
            self.only_b.push(entry);
        }
    }
}

/// Compares two files' chunks by document, place and entity; a chunk listed twice counts twice. With a tolerance,
/// confidences further apart than that differ too, and so does one from none.
///
/// Where a file names no documents, neither file's ids are looked at: the other must hold one document only.
///
/// # Errors
/// `input_invalid` if one file names no documents and the other has several.
pub fn compare(a: &Table, b: &Table, tolerance: Option<f64>) -> Result<Comparison, Error> {
    for (table, other) in [(a, b), (b, a)] {
        if let (Some(place), true) = (&table.nameless, other.documents.len() > 1) {
            let reason = format!("it has no id, but the other file has {} documents", other.documents.len());
            return Err(Error::InputInvalid { input: place.clone(), reason });
        }
    }
    let by_id = a.nameless.is_none() && b.nameless.is_none();
    let place = |entry: &Entry| (if by_id { entry.id.clone() } else { String::new() }, entry.begin, entry.end);
    let mut places: BTreeMap<_, (Vec<Entry>, Vec<Entry>)> = BTreeMap::new();
    for entry in &a.entries {
        places.entry(place(entry)).or_default().0.push(entry.clone());
    }
    for entry in &b.entries {
        places.entry(place(entry)).or_default().1.push(entry.clone());
    }
    let mut found = Comparison::default();
    for (a, b) in places.into_values() {
        found.place(a, b, tolerance);
    }
    Ok(found)
}
