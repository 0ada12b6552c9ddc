//! Counts what writers have no place for, in the same words for every format.

use super::document::{By, Document, Mention};
use super::warnings::Warnings;

/// What a format holds of a [`Mention`] beside its place and entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Confidence,
    By,
    Time,
    Identifier,
    Result,
    Info,
}

/// Counts the fields that a mention has and the format does not hold.
pub(super) fn of_mention(mention: &Mention, held: &[Field], warnings: &mut Warnings) {
    for (field, is_there, what) in [
        (Field::Confidence, mention.confidence.is_some(), "scores, which the format does not hold"),
        (Field::By, mention.by != By::default(), "notes of who decided, which the format does not hold"),
        (Field::Time, mention.time.is_some(), "times of decisions, which the format does not hold"),
        (Field::Identifier, mention.identifier.is_some(), "identifiers of concepts, which the format does not hold"),
        (Field::Result, mention.result.is_some(), "results of Spark NLP, which the format does not hold"),
        (Field::Info, !mention.info.is_empty(), "mentions with further values, which the format does not hold"),
    ] {
        if is_there && !held.contains(&field) {
            warnings.add(what, 1);
        }
    }
}

/// Counts what a document says beside its text, passages and mentions.
pub(super) fn of_document(document: &Document, holds_info: bool, warnings: &mut Warnings) {
    if !holds_info && !document.info.is_empty() {
        warnings.add("documents with further values, which the format does not hold", 1);
    }
    if document.truncated_from.is_some() {
        warnings.add("documents that the model read in part, which the format does not say", 1);
    }
}

/// Whether a reader may take it for the end of a line: some tools split lines at every line end of Unicode.
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A name without blanks, which become `_`; `empty` for one without characters.
pub(super) fn without_blanks(name: &str, empty: &str) -> String {
    if name.is_empty() {
        return empty.to_string();
    }
    name.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}
