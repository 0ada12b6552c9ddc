//! BioC's model (Comeau et al., Database 2013), which its XML and its JSON share, and what it means here.
//!
//! Offsets are code points of the document, as readers of the field count them; [`ReadOptions::unit`] asks for another unit.
//!
//! What comes out of a file as it went in: ids, passages with kind (`type`), offset and infons, mentions with all that they
//! have, the infons of documents, and source, date and key of the collection (`collection.source` and so on in
//! [`Document::info`]; a written collection has those of its first document). Not so: white space between passages, which
//! only its length is known of, so that it is a line break or an empty line when read; sentences, which are joined to their
//! passage; relations. A mention without an id gets a number when written. A document without passages is written as one, and a
//! document of one passage about which nothing is said is read as one without.

mod collection;
mod place;
mod read;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::Info;

pub(super) use collection::Collection;
pub(super) use read::record;
pub(super) use write::bioc_document;

/// The beginning of the keys of [`Document::info`](super::Document::info) that belong to the collection.
const COLLECTION: &str = "collection.";
/// The beginning of those that are infons of the collection.
const COLLECTION_INFON: &str = "collection.infon.";

/// `document`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct BiocDocument {
    #[serde(default, deserialize_with = "word")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "infons")]
    pub(super) infons: Info,
    #[serde(default, deserialize_with = "list")]
    pub(super) passages: Vec<BiocPassage>,
    #[serde(default, deserialize_with = "list")]
    pub(super) annotations: Vec<BiocAnnotation>,
    #[serde(default, deserialize_with = "count", serialize_with = "none")]
    pub(super) relations: usize,
    /// What JSON files have beside that, such as PubTator's `journal`.
    #[serde(flatten, skip_serializing)]
    pub(super) other: BTreeMap<String, Value>,
}

/// `passage`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct BiocPassage {
    #[serde(default)]
    pub(super) offset: Number,
    #[serde(default, deserialize_with = "infons")]
    pub(super) infons: Info,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) sentences: Vec<BiocSentence>,
    #[serde(default, deserialize_with = "list")]
    pub(super) annotations: Vec<BiocAnnotation>,
    #[serde(default, deserialize_with = "count", serialize_with = "none")]
    pub(super) relations: usize,
}

/// `sentence`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct BiocSentence {
    #[serde(default)]
    pub(super) offset: Number,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) annotations: Vec<BiocAnnotation>,
    #[serde(default, deserialize_with = "count", serialize_with = "none")]
    pub(super) relations: usize,
}

/// `annotation`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct BiocAnnotation {
    #[serde(default, deserialize_with = "word")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "infons")]
    pub(super) infons: Info,
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(super) locations: Vec<BiocLocation>,
    /// The line in an XML file.
    #[serde(skip)]
    pub(super) line: Option<usize>,
}

/// `location`.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct BiocLocation {
    #[serde(default)]
    pub(super) offset: Number,
    #[serde(default)]
    pub(super) length: Number,
}

/// A number as a file has it.
#[derive(Debug, Default, Clone, PartialEq, Deserialize, Serialize)]
#[serde(from = "Value", into = "Value")]
pub(super) enum Number {
    /// There is none.
    #[default]
    None,
    Is(u64),
    /// Something else stands there.
    Bad(String),
}

impl Number {
    /// The number that a text is.
    pub(super) fn of_text(text: &str) -> Number {
        text.trim().parse().map_or_else(|_| Number::Bad(text.chars().take(40).collect()), Number::Is)
    }

    /// The number, or what is wrong with it; `what` it is.
    fn get(&self, what: &str) -> Result<Option<u64>, String> {
        match self {
            Number::None => Ok(None),
            Number::Is(number) => Ok(Some(*number)),
            Number::Bad(text) => Err(format!("its {what} is {text:?}, which is no whole number from 0")),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::None => Ok(()),
            Number::Is(number) => number.fmt(out),
            Number::Bad(text) => out.write_str(text),
        }
    }
}

impl From<Value> for Number {
    fn from(value: Value) -> Number {
        match value {
            Value::Null => Number::None,
            Value::String(text) => Number::of_text(&text),
            other => Number::of_text(&other.to_string()),
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        match number {
            Number::Is(number) => number.into(),
            Number::None | Number::Bad(_) => Value::Null,
        }
    }
}

/// A text; a number is one too.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text_of(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Infons: files have numbers, lists and others as values, which are kept as JSON.
fn infons<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Info, D::Error> {
    let values = Option::<serde_json::Map<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(values.into_iter().filter_map(|(key, value)| Some((key, text_of(value)?))).collect())
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// A list, or `null`.
fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Ok(Option::<Vec<IgnoredAny>>::deserialize(deserializer)?.map_or(0, |all| all.len()))
}

/// An empty list, which readers expect.
fn none<S: serde::Serializer>(_: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(std::iter::empty::<()>())
}

/// What infons of mentions are called that have a place of their own in [`Mention`](super::Mention).
mod infon {
    /// [`Mention::entity`](crate::formats::Mention::entity), and [`Passage::kind`](crate::formats::Passage::kind).
    pub(super) const TYPE: &str = "type";
    pub(super) const SCORE: &str = "score";
    pub(super) const BY: &str = "by";
    pub(super) const ANNOTATOR: &str = "annotator";
    pub(super) const TIME: &str = "time";
    pub(super) const IDENTIFIER: &str = "identifier";
    pub(super) const RESULT: &str = "result";
    /// Of documents.
    pub(super) const PRECISION: &str = "precision";
    /// Of documents, in code points.
    pub(super) const TRUNCATED_FROM: &str = "truncatedFrom";
}
