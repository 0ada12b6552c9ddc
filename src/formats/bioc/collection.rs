//! Collections, whose documents stand for them here.

use super::{COLLECTION, COLLECTION_INFON};
use crate::formats::document::{Document, Info};
use crate::formats::warnings::Warnings;

/// What a collection says of itself.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::formats) struct Collection {
    pub(in crate::formats) source: String,
    pub(in crate::formats) date: String,
    pub(in crate::formats) key: String,
    pub(in crate::formats) infons: Info,
}

impl Collection {
    /// That of a document's info.
    pub(in crate::formats) fn of(document: &Document) -> Self {
        let value = |key: &str| document.info.get(&format!("{COLLECTION}{key}")).cloned().unwrap_or_default();
        let infon =
            |(key, value): (&String, &String)| Some((key.strip_prefix(COLLECTION_INFON)?.to_string(), value.clone()));
        Collection {
            source: value("source"),
            date: value("date"),
            key: value("key"),
            infons: document.info.iter().filter_map(infon).collect(),
        }
    }

    /// As entries of the info of documents. Empty values are left out.
    pub(in crate::formats) fn info(&self) -> Info {
        let mut info: Info =
            self.infons.iter().map(|(key, value)| (format!("{COLLECTION_INFON}{key}"), value.clone())).collect();
        for (key, value) in [("source", &self.source), ("date", &self.date), ("key", &self.key)] {
            if !value.is_empty() {
                info.insert(format!("{COLLECTION}{key}"), value.clone());
            }
        }
        info
    }

    /// Counts a document that is of another collection.
    pub(in crate::formats) fn compare(&self, document: &Document, warnings: &mut Warnings) {
        if *self != Collection::of(document) {
            warnings.add("documents whose collection's source, date, key or infons are not written, as they are not those of the first", 1);
        }
    }
}
