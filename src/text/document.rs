//! The text being annotated.

use std::ops::Range;

/// A text, as Spark NLP's DocumentAssembler with `cleanupMode` `disabled` gives it: unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    text: &'a str,
}

impl<'a> Document<'a> {
    /// Any text, empty included.
    pub fn new(text: &'a str) -> Self {
        Document { text }
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The part of the text at a range of UTF-8 bytes, such as [`Token::bytes`](super::Token::bytes).
    pub(crate) fn slice(&self, bytes: Range<usize>) -> &'a str {
        &self.text[bytes]
    }

    /// The characters, each with where it begins.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (Position, char)> + 'a {
        let mut utf16 = 0;
        self.text.char_indices().map(move |(byte, c)| {
            let at = Position { byte, utf16 };
            utf16 += c.len_utf16();
            (at, c)
        })
    }
}

/// A place between two characters, counted in both encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// UTF-8 bytes before it: how Rust slices.
    pub(crate) byte: usize,
    /// UTF-16 code units before it: how the public API counts.
    pub(crate) utf16: usize,
}

impl Position {
    /// The place after `c`, which begins here.
    pub(crate) fn after(self, c: char) -> Self {
        self.after_text(c.encode_utf8(&mut [0; 4]))
    }

    /// The place after `text`, which begins here.
    pub(crate) fn after_text(self, text: &str) -> Self {
        Position {
            byte: self.byte + text.len(),
            utf16: self.utf16 + text.chars().map(char::len_utf16).sum::<usize>(),
        }
    }
}
