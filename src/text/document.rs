//! The text being annotated.

use std::ops::Range;

use super::cleanup::{self, CleanupMode, Mapping};
use super::position::{self, Position};
use super::token::Token;

/// A text as Spark NLP's DocumentAssembler passes it on, and as it was given.
///
/// Tokens are ranges of [`text`](Document::text); chunks are ranges of [`original`](Document::original).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    original: String,
    /// The cleaned text, and where its parts come from; `None` if nothing was changed.
    cleaned: Option<(String, Vec<Mapping>)>,
}

impl Document {
    /// A text without clean-up.
    pub fn new(text: &str) -> Self {
        Self::assemble(text, CleanupMode::Disabled)
    }

    /// A text cleaned up as by DocumentAssembler with a `cleanupMode`.
    pub fn assemble(text: &str, mode: CleanupMode) -> Self {
        Document { original: text.to_string(), cleaned: cleanup::clean(text, mode) }
    }

    /// The text that is cut into tokens: the `result` of Spark NLP's document annotation.
    pub fn text(&self) -> &str {
        self.cleaned.as_ref().map_or(&self.original, |(text, _)| text)
    }

    /// The text as it was given.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// A token's range in [`original`](Document::original), in UTF-16 code units.
    pub fn original_range(&self, token: &Token) -> Range<usize> {
        let place = self.locate(token.start()..token.end());
        place.start.utf16..place.end.utf16
    }

    /// The part of [`text`](Document::text) at a range of UTF-8 bytes, such as [`Token::bytes`](super::Token::bytes).
    pub(crate) fn slice(&self, bytes: Range<usize>) -> &str {
        &self.text()[bytes]
    }

    /// Maps a part of [`text`](Document::text) to [`original`](Document::original). Text that clean-up removed inside the
    /// part is included; text removed at its ends is not.
    pub(crate) fn locate(&self, part: Range<Position>) -> Range<Position> {
        match &self.cleaned {
            Some((_, mappings)) if part.start.byte < part.end.byte => cleanup::locate(mappings, part),
            _ => part,
        }
    }

    /// The characters of [`text`](Document::text), each with where it begins.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (Position, char)> + '_ {
        position::characters(self.text())
    }
}
