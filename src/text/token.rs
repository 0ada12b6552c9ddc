//! Tokens.

use std::ops::Range;

use super::position::Position;

/// A word or a run of punctuation: a part of [`Document::text`](super::Document::text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The same range in UTF-8 bytes.
    pub bytes: Range<usize>,
    /// What Spark NLP reports as [`begin`](Token::begin), for comparison only. It adds up lengths, and so goes wrong
    /// within a candidate after separators at the end of a part that it splits, and within a text after a break of two
    /// UTF-16 units.
    pub spark_begin: usize,
}

impl Token {
    pub(crate) fn start(&self) -> Position {
        Position { byte: self.bytes.start, utf16: self.begin }
    }

    pub(crate) fn end(&self) -> Position {
        Position { byte: self.bytes.end, utf16: self.end }
    }
}
