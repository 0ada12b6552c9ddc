//! Pipeline files: a model and its options in one JSON document.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::format::Format;
use crate::{AnnotateOptions, Error, Options};

/// A model and its options as a JSON document:
/// `{"glossaPipeline": 1, "model": …, "options": {…}, "annotate": {…}, "format": "jsonl"}`. All keys but the first are
/// optional.
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

/// The version of a pipeline file. Only [`Version::NUMBER`] can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version;

impl Version {
    /// The value of `glossaPipeline`.
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
    /// Reads a document, without its byte order mark if it has one. Errors name the file as `name`.
    ///
    /// # Errors
    /// `pipeline_invalid`, also for a value that no model takes. For an unknown key or value, the message suggests the nearest known one.
    pub fn parse(text: &str, name: &str) -> Result<Self, Error> {
        let invalid = |file: String, reason: String| Error::PipelineInvalid { file, reason };
        let malformed = |error: serde_json::Error| {
            invalid(format!("{name}:{}:{}", error.line(), error.column()), explained(&error))
        };
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        // Check the version first: a later version may have other keys.
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
        // A list of values would be taken for those of the fields in their order.
        for path in ["/options", "/annotate", "/options/tokenizer"] {
            if document.pointer(path).is_some_and(Value::is_array) {
                return Err(invalid(
                    name.to_string(),
                    format!("its {} is a list, not an object", path[1..].replace('/', ".")),
                ));
            }
        }
        let file: PipelineFile = serde_json::from_str(text).map_err(malformed)?;
        file.annotate.check().map_err(|error| invalid(name.to_string(), error.to_string()))?;
        Ok(file)
    }

    /// The model's path, if the document names one. A relative path starts from the folder of the document's `file`.
    pub fn model_path(&self, file: &Path) -> Option<PathBuf> {
        let model = self.model.as_ref()?;
        Some(file.parent().map_or_else(|| PathBuf::from(model), |folder| folder.join(model)))
    }
}

/// Serde's message without line and column, and with a suggestion for unknown keys and values.
pub(crate) fn explained(error: &serde_json::Error) -> String {
    let mut message = error.to_string();
    if let Some(at) = message.rfind(" at line ") {
        message.truncate(at);
    }
    let kinds = [("unknown field `", "key"), ("unknown variant `", "value")];
    let unknown = kinds.iter().find_map(|(start, kind)| {
        // Split at the last match: the unknown name may contain this text, the known names do not.
        let (name, expected) = message.strip_prefix(start)?.rsplit_once("`, expected ")?;
        Some((kind, name, expected.split('`').skip(1).step_by(2).collect::<Vec<_>>()))
    });
    match unknown {
        None => message,
        Some((kind, name, known)) => match nearest(name, &known) {
            Some(meant) => format!("unknown {kind} {name:?}: did you mean {meant:?}?"),
            None => format!("unknown {kind} {name:?}: known are {}", known.join(", ")),
        },
    }
}

/// The known name at the smallest edit distance, if that is at most half of the name's length.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase();
    let changes = |known: &&'k str| (edit_distance(&name, &known.to_lowercase()), *known);
    let (changes, best) = known.iter().map(changes).min_by_key(|(changes, _)| *changes)?;
    (2 * changes <= best.len()).then_some(best)
}

/// Levenshtein distance in characters.
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
