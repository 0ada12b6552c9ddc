//! A pipeline in one JSON document: which model, with which options.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::export::Format;
use crate::{AnnotateOptions, Error, Options};

/// A model and its options, as a JSON document keeps them:
/// `{"glossaPipeline": 1, "model": …, "options": {…}, "annotate": {…}, "format": "jsonl"}`. All but the first may be
/// left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PipelineFile {
    /// The document's version.
    #[serde(rename = "glossaPipeline")]
    pub version: Version,
    /// The model's path as written: see [`PipelineFile::model_path`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Options of loading the model.
    #[serde(default)]
    pub options: Options,
    /// Options of annotating a text.
    #[serde(default)]
    pub annotate: AnnotateOptions,
    /// How results are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

/// The version of a pipeline file: [`Version::NUMBER`], no other can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version;

impl Version {
    /// The number that stands in the document.
    pub const NUMBER: u64 = 1;
}

impl From<Version> for u64 {
    fn from(_: Version) -> Self {
        Version::NUMBER
    }
}

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        let reason = || format!("it is of version {number}, and only {} can be read", Version::NUMBER);
        (number == Version::NUMBER).then_some(Version).ok_or_else(reason)
    }
}

impl PipelineFile {
    /// Reads a document. `name` is the file's in errors.
    ///
    /// # Errors
    /// `pipeline_invalid`; for a key or a value that is not known, with the nearest that is.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let invalid = |file: String, reason: String| Error::PipelineInvalid { file, reason };
        let malformed = |error: serde_json::Error| {
            invalid(format!("{name}:{}:{}", error.line(), error.column()), explained(&error))
        };
        // The version first: a later one may well have other keys.
        let document: Value = serde_json::from_str(text).map_err(malformed)?;
        match &document["glossaPipeline"] {
            Value::Null => {
                let reason = format!("it has no \"glossaPipeline\": {}", Version::NUMBER);
                return Err(invalid(name.to_string(), reason));
            }
            number if number.as_u64() == Some(Version::NUMBER) => {}
            number => {
                let reason = format!("it is of version {number}, and only {} can be read", Version::NUMBER);
                return Err(invalid(name.to_string(), reason));
            }
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// Where the model is, if the document names one: a relative path starts from the folder of the document's file.
    pub fn model_path(&self, file: &Path) -> Option<PathBuf> {
        let model = self.model.as_ref()?;
        Some(file.parent().map_or_else(|| PathBuf::from(model), |folder| folder.join(model)))
    }
}

/// What serde says, without the place, and for unknown keys and values with what may have been meant.
pub(crate) fn explained(error: &serde_json::Error) -> String {
    let mut said = error.to_string();
    if let Some(at) = said.rfind(" at line ") {
        said.truncate(at);
    }
    let kinds = [("unknown field `", "key"), ("unknown variant `", "value")];
    let found = kinds.iter().find_map(|(start, kind)| {
        // The known names hold no such text, but what was written may.
        let (name, expected) = said.strip_prefix(start)?.rsplit_once("`, expected ")?;
        Some((kind, name, expected.split('`').skip(1).step_by(2).collect::<Vec<_>>()))
    });
    match found {
        None => said,
        Some((kind, name, known)) => match nearest(name, &known) {
            Some(meant) => format!("unknown {kind} {name:?}: did you mean {meant:?}?"),
            None => format!("unknown {kind} {name:?}: known are {}", known.join(", ")),
        },
    }
}

/// The known name that takes the fewest changes, unless that is as good as another word.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase();
    let changes = |known: &&'k str| (edit_distance(&name, &known.to_lowercase()), *known);
    let (changes, best) = known.iter().map(changes).min_by_key(|(changes, _)| *changes)?;
    (2 * changes <= best.len()).then_some(best)
}

/// Characters to insert, drop or replace to make one word of the other (Levenshtein).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_levenshteins() {
        for (a, b, expected) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)] {
            assert_eq!(edit_distance(a, b), expected);
            assert_eq!(edit_distance(b, a), expected);
        }
    }
}
