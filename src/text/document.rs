//! The text being annotated.

use std::ops::Range;

use super::cleanup::{self, CleanupMode};
use super::plain;
use super::position::{self, Position};
use super::rewritten::Rewritten;
use super::structure;
use super::token::Token;

/// How a text is read, before it is cut into tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Spark NLP's clean-up.
    pub cleanup_mode: CleanupMode,
    /// Whether empty lines end paragraphs, which nothing goes over.
    pub document_structure: bool,
    /// Whether the text is read in plain writing: without invisible characters, with numbers as the corpora write them.
    pub normalisation: bool,
}

/// A text as it is read, and as it was given.
///
/// Tokens are ranges of [`text`](Document::text); chunks are ranges of [`original`](Document::original).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    original: String,
    /// The original rewritten step by step: in plain writing, then cleaned up. A step that changes nothing is left out.
    steps: Vec<Rewritten>,
    /// Bytes of the text at which paragraphs begin, but for the first.
    paragraphs: Vec<usize>,
}

impl Document {
    /// A text without clean-up.
    pub fn new(text: &str) -> Self {
        Self::assemble(text, CleanupMode::Disabled)
    }

    /// A text cleaned up as by DocumentAssembler with a `cleanupMode`.
    pub fn assemble(text: &str, mode: CleanupMode) -> Self {
        Self::read(text, &Reading { cleanup_mode: mode, ..Reading::default() }, &|_| false)
    }

    /// A text as the options say. `is_word` tells whether the model knows a lower-case word: it decides whether a hyphen at
    /// a line's end belongs to the word.
    pub fn read(text: &str, reading: &Reading, is_word: &dyn Fn(&str) -> bool) -> Self {
        let plain = if reading.normalisation { plain::rewrite(text, is_word) } else { None };
        let before = plain.as_ref().map_or(text, Rewritten::text);
        let mut paragraphs = if reading.document_structure { structure::paragraph_starts(before) } else { Vec::new() };
        let cleaned = cleanup::clean(before, reading.cleanup_mode);
        if let Some(cleaned) = &cleaned {
            paragraphs.iter_mut().for_each(|start| *start = cleaned.written(*start));
        }
        Document { original: text.to_string(), steps: plain.into_iter().chain(cleaned).collect(), paragraphs }
    }

    /// The text that is cut into tokens: the `result` of Spark NLP's document annotation.
    pub fn text(&self) -> &str {
        self.steps.last().map_or(&self.original, Rewritten::text)
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

    /// Leaves out tokens of which nothing is in the text as it was given: a pattern may find a blank that plain writing has added.
    pub(crate) fn given(&self, mut tokens: Vec<Token>) -> Vec<Token> {
        if !self.steps.is_empty() {
            tokens.retain(|token| !self.original_range(token).is_empty());
        }
        tokens
    }

    /// Bytes of [`text`](Document::text) at which paragraphs begin, but for the first; empty if the document's structure is
    /// not read.
    pub(crate) fn paragraphs(&self) -> &[usize] {
        &self.paragraphs
    }

    /// Whether a paragraph begins at a token or piece, given the bytes where it and the one before it begin.
    pub(crate) fn begins_paragraph(&self, before: usize, byte: usize) -> bool {
        let paragraph = |byte: usize| self.paragraphs.partition_point(|start| *start <= byte);
        !self.paragraphs.is_empty() && paragraph(before) != paragraph(byte)
    }

    /// The part of [`text`](Document::text) at a range of UTF-8 bytes, such as [`Token::bytes`](super::Token::bytes).
    pub(crate) fn slice(&self, bytes: Range<usize>) -> &str {
        &self.text()[bytes]
    }

    /// Maps a part of [`text`](Document::text) to [`original`](Document::original). Text that was left out inside the part
    /// is included; text left out at its ends is not.
    pub(crate) fn locate(&self, part: Range<Position>) -> Range<Position> {
        self.steps.iter().rev().fold(part, |part, step| step.locate(part))
    }

    /// The characters of [`text`](Document::text), each with where it begins.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (Position, char)> + '_ {
        position::characters(self.text())
    }
}
