//! The text being annotated.

use std::ops::Range;

use super::cleanup::{self, CleanupMode, Segment};
use super::tokenizer::Token;

/// A text as Spark NLP's DocumentAssembler gives it on, and as it was.
///
/// Tokens are places in [`text`](Document::text); chunks are places in [`original`](Document::original).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    original: String,
    /// The text cleaned up, and where its parts come from; `None` if nothing was changed.
    cleaned: Option<(String, Vec<Segment>)>,
}

impl Document {
    /// Any text, empty included, as it is.
    pub fn new(text: &str) -> Self {
        Self::assemble(text, CleanupMode::Disabled)
    }

    /// A text cleaned up: DocumentAssembler with a `cleanupMode`.
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

    /// Where a token stands in [`original`](Document::original), in UTF-16 code units.
    pub fn original_range(&self, token: &Token) -> Range<usize> {
        let place = self.locate(token.start()..token.end());
        place.start.utf16..place.end.utf16
    }

    /// The part of [`text`](Document::text) at a range of UTF-8 bytes, such as [`Token::bytes`](super::Token::bytes).
    pub(crate) fn slice(&self, bytes: Range<usize>) -> &str {
        &self.text()[bytes]
    }

    /// Where a part of [`text`](Document::text) stands in [`original`](Document::original): what was left out at
    /// either side of it is not in it, what was left out within it is.
    pub(crate) fn locate(&self, part: Range<Position>) -> Range<Position> {
        match &self.cleaned {
            Some((_, segments)) if part.start.byte < part.end.byte => cleanup::locate(segments, part),
            _ => part,
        }
    }

    /// The characters of [`text`](Document::text), each with where it begins.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (Position, char)> + '_ {
        characters(self.text())
    }
}

/// The characters of a text, each with where it begins.
pub(super) fn characters(text: &str) -> impl Iterator<Item = (Position, char)> + '_ {
    let mut utf16 = 0;
    text.char_indices().map(move |(byte, c)| {
        let at = Position { byte, utf16 };
        utf16 += c.len_utf16();
        (at, c)
    })
}

/// A place between two characters, counted in both encodings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// UTF-8 bytes before it: how Rust slices.
    pub(crate) byte: usize,
    /// UTF-16 code units before it: how the public API counts.
    pub(crate) utf16: usize,
}

impl Position {
    /// The place after `c`, which begins here.
    pub(crate) fn after(self, c: char) -> Self {
        Position { byte: self.byte + c.len_utf8(), utf16: self.utf16 + c.len_utf16() }
    }

    /// The place after `text`, which begins here.
    pub(crate) fn after_text(self, text: &str) -> Self {
        text.chars().fold(self, Position::after)
    }

    /// As far from `other` as this place is from `from`.
    pub(super) fn moved(self, from: Position, other: Position) -> Self {
        Position { byte: other.byte + self.byte - from.byte, utf16: other.utf16 + self.utf16 - from.utf16 }
    }
}
