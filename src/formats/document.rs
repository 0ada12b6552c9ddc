//! What files of all formats are read into and written from.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::text_index::{TextIndex, Unit};
use crate::{ChunkToken, Error};

/// Named values that a file holds beside what is known here, such as BioC's infons: they come out as they came in.
pub type Info = BTreeMap<String, String>;

/// A text with what a file says about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    /// The document's name in its file.
    pub id: String,
    /// The text. Offsets count its UTF-16 code units.
    pub text: String,
    /// Parts of the text such as title and abstract, in order and without overlaps; none if the text is one.
    pub passages: Vec<Passage>,
    /// Mentions of entities, in the order of the file.
    pub mentions: Vec<Mention>,
    /// What else the file says about the document.
    pub info: Info,
    /// The UTF-16 code unit where the part that the model did not read begins; `None` if it read all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated_from: Option<usize>,
    /// The arithmetic that the model ran in: `int8` or `f32`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
}

impl Document {
    /// Checks that the places of passages, mentions and tokens are places of the text, as formats take for granted.
    ///
    /// # Errors
    /// `input_invalid`.
    pub fn check(&self) -> Result<(), Error> {
        let index = TextIndex::new(&self.text);
        let wrong = |what: &str, begin: usize, end: usize| {
            let reason = format!(
                "{what} from {begin} to {end} is no place in its text of {} UTF-16 code units",
                index.end().utf16
            );
            Error::InputInvalid { input: self.id.clone(), reason }
        };
        let is_place = |begin, end| index.slice(Unit::Utf16, begin, end).is_some();
        let mut last = 0;
        for passage in &self.passages {
            if passage.begin < last || !is_place(passage.begin, passage.end) {
                return Err(wrong("a passage", passage.begin, passage.end));
            }
            last = passage.end;
        }
        for mention in &self.mentions {
            let mut last = 0;
            for span in &mention.spans {
                if span.begin < last || !is_place(span.begin, span.end) {
                    return Err(wrong("a mention", span.begin, span.end));
                }
                last = span.end;
            }
            if let Some(token) = mention.tokens.iter().find(|token| !is_place(token.begin, token.end)) {
                return Err(wrong("a token", token.begin, token.end));
            }
        }
        Ok(())
    }
}

/// A part of a document's text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Passage {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// What it is, such as [`Passage::TITLE`]; empty if the file does not say.
    pub kind: String,
    /// The offset that the file gives to the passage, in the file's unit, if that is not where the text has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What else the file says about the passage.
    pub info: Info,
}

impl Passage {
    /// The kind of a document's title.
    pub const TITLE: &'static str = "title";
    /// The kind of an abstract, or of a section of one.
    pub const ABSTRACT: &'static str = "abstract";
    /// The kind of a paragraph of the body.
    pub const PARAGRAPH: &'static str = "paragraph";
    /// The key in [`Passage::info`] of the heading that a passage stands under.
    pub const SECTION: &'static str = "section";
}

/// An entity found in a text, with who says so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mention {
    /// Its places, in order and without overlaps: one, or several if it is in pieces.
    pub spans: Vec<Span>,
    /// The text at its places, joined by one blank.
    pub text: String,
    /// The entity's name: `protein`, `Drug`.
    pub entity: String,
    /// How sure the model is, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Spark NLP's text of the chunk, if it differs: see [`Chunk::result`](crate::Chunk::result).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The tokens that the model made it of, with the scores of their likeliest labels, if that was asked for: see
    /// [`Chunk::tokens`](crate::Chunk::tokens).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<ChunkToken>,
    /// Its name in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its concept in a database, such as `MESH:D003924`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Who decided that it is one.
    pub by: By,
    /// When that was decided, as RFC 3339 has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What else the file says about the mention.
    pub info: Info,
}

impl Mention {
    /// First UTF-16 code unit; 0 without a span.
    pub fn begin(&self) -> usize {
        self.spans.first().map_or(0, |span| span.begin)
    }

    /// One past the last UTF-16 code unit; 0 without a span.
    pub fn end(&self) -> usize {
        self.spans.last().map_or(0, |span| span.end)
    }
}

/// A name for each mention: its own if it may have that and none of those `used` is it, and otherwise `T` with the next number that is
/// free.
pub(super) fn numbered(
    mentions: &[Mention],
    may_have: impl Fn(&str) -> bool,
    mut used: HashSet<String>,
) -> Vec<String> {
    let own: Vec<Option<&String>> = mentions
        .iter()
        .map(|mention| mention.id.as_ref().filter(|id| may_have(id) && used.insert((*id).clone())))
        .collect();
    let mut free = (1..).map(|number: u64| format!("T{number}")).filter(|id| !used.contains(id));
    own.into_iter().map(|id| id.cloned().or_else(|| free.next()).unwrap_or_default()).collect()
}

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
}

/// Who decided that a mention is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct By {
    /// A model, a person, or whoever made the file.
    pub who: Who,
    /// The name of the model or person, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// See [`By`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Who {
    /// The mention came with its document.
    #[default]
    File,
    /// A model found it, and nobody has judged it.
    Model,
    /// A person accepted, changed or added it.
    Person,
}

impl Who {
    /// The name in files: `file`, `model`, `person`.
    pub fn name(self) -> &'static str {
        match self {
            Who::File => "file",
            Who::Model => "model",
            Who::Person => "person",
        }
    }

    /// The inverse of [`Who::name`].
    pub fn of_name(name: &str) -> Option<Who> {
        [Who::File, Who::Model, Who::Person].into_iter().find(|who| who.name() == name)
    }
}
