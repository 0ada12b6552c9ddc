//! Compares two lists of chunks: those of Glossa and Spark NLP, or of two models or sets of options.

pub(crate) mod command;
mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use crate::formats::Document;
use crate::Error;

pub use read::EndOffset;

/// Margin for rounding errors, so that 0.9999 and 0.9998 count as 0.0001 apart.
const ROUNDING: f64 = 1e-9;

/// The chunks of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Chunks in the order of the file.
    pub entries: Vec<Entry>,
    /// Ids of all documents, including those without chunks if the file lists them.
    documents: BTreeSet<String>,
    /// Place of the first row without an id, if there is one.
    without_id: Option<String>,
}

impl Table {
    /// The mentions of documents. One in pieces counts from its first to its last.
    pub(crate) fn of_documents(documents: Vec<Document>) -> Self {
        let mut table = Table::default();
        for Document { id, mentions, .. } in documents {
            table.entries.extend(mentions.into_iter().map(|mention| Entry {
                id: id.clone(),
                begin: mention.begin(),
                end: mention.end(),
                confidence: mention.confidence.map(f64::from),
                text: Some(mention.text),
                entity: mention.entity,
            }));
            table.documents.insert(id);
        }
        table
    }
}

/// A chunk of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The document's id; empty if the file has none.
    pub id: String,
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The chunk's text, if the file has it.
    pub text: Option<String>,
    /// The entity's name.
    pub entity: String,
    /// The chunk's confidence, if the file has it.
    pub confidence: Option<f64>,
}

/// Counts of the chunks of one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In both files, with the same document, begin, end and entity.
    pub both: usize,
    /// Only in the first file.
    pub only_a: usize,
    /// Only in the second file.
    pub only_b: usize,
    /// In the first file with this entity, in the second at the same place with another one.
    pub other_entity: usize,
    /// In both files with different confidences; 0 if confidences are not compared.
    pub confidence: usize,
}

impl Counts {
    /// Adds other counts.
    pub fn add(&mut self, other: Counts) {
        self.both += other.both;
        self.only_a += other.only_a;
        self.only_b += other.only_b;
        self.other_entity += other.other_entity;
        self.confidence += other.confidence;
    }
}

/// Common and different chunks of two files, in the order of document ids and offsets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Per entity.
    pub entities: BTreeMap<String, Counts>,
    /// Chunks of the first file where the second has none.
    pub only_a: Vec<Entry>,
    /// Chunks of the second file where the first has none.
    pub only_b: Vec<Entry>,
    /// Chunks at the same place with different entities: the first file's, the second's.
    pub other_entity: Vec<(Entry, Entry)>,
    /// Chunks in both files whose confidences differ, or of which only one has a confidence.
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

    /// Pairs the chunks at one place.
    fn place(&mut self, a: Vec<Entry>, b: Vec<Entry>, tolerance: Option<f64>) {
        // A damaged file may have all its chunks at one place, so those of an entity are looked up.
        let mut of_entity: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (at, entry) in b.iter().enumerate() {
            of_entity.entry(entry.entity.clone()).or_default().push_back(at);
        }
        let mut b: Vec<Option<Entry>> = b.into_iter().map(Some).collect();
        let mut unpaired = Vec::new();
        for entry in a {
            let at = of_entity.get_mut(&entry.entity).and_then(VecDeque::pop_front);
            let Some(other) = at.and_then(|at| b[at].take()) else {
                unpaired.push(entry);
                continue;
            };
            let differs = match (entry.confidence, other.confidence, tolerance) {
                (_, _, None) | (None, None, _) => false,
                (Some(a), Some(b), Some(tolerance)) => (a - b).abs() > tolerance + ROUNDING,
                _ => true,
            };
            let counts = self.counts(&entry);
            counts.both += 1;
            counts.confidence += usize::from(differs);
            if differs {
                self.confidence.push((entry, other));
            }
        }
        let mut b = b.into_iter().flatten();
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

/// Compares the chunks of two files by document, begin, end and entity; a chunk listed twice counts twice. With a
/// `tolerance`, confidences that are further apart also differ, as does a confidence from a missing one.
///
/// If a file has no document ids, the ids of the other are ignored, which then must have a single document.
///
/// # Errors
/// `input_invalid` if one file has no document ids and the other has several documents.
pub fn compare(a: &Table, b: &Table, tolerance: Option<f64>) -> Result<Comparison, Error> {
    for (table, other) in [(a, b), (b, a)] {
        if let (Some(place), true) = (&table.without_id, other.documents.len() > 1) {
            let reason = format!("it has no id, but the other file has {} documents", other.documents.len());
            return Err(Error::InputInvalid { input: place.clone(), reason });
        }
    }
    let by_id = a.without_id.is_none() && b.without_id.is_none();
    let place = |entry: &Entry| (if by_id { entry.id.clone() } else { String::new() }, entry.begin, entry.end);
    let mut places: BTreeMap<_, (Vec<Entry>, Vec<Entry>)> = BTreeMap::new();
    for entry in &a.entries {
        places.entry(place(entry)).or_default().0.push(entry.clone());
    }
    for entry in &b.entries {
        places.entry(place(entry)).or_default().1.push(entry.clone());
    }
    let mut comparison = Comparison::default();
    for (a, b) in places.into_values() {
        comparison.place(a, b, tolerance);
    }
    Ok(comparison)
}
