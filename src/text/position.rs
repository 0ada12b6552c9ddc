//! Positions in a text, counted in both encodings.

/// A position between two characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// UTF-8 bytes before it: how Rust slices.
    pub(crate) byte: usize,
    /// UTF-16 code units before it: how the public API counts.
    pub(crate) utf16: usize,
}

impl Position {
    /// The position after `c`, which begins here.
    pub(crate) fn after(self, c: char) -> Self {
        Position { byte: self.byte + c.len_utf8(), utf16: self.utf16 + c.len_utf16() }
    }

    /// The position after `text`, which begins here.
    pub(crate) fn after_text(self, text: &str) -> Self {
        text.chars().fold(self, Position::after)
    }

    /// As far from `to` as this position is from `from`.
    pub(super) fn moved(self, from: Position, to: Position) -> Self {
        Position { byte: to.byte + self.byte - from.byte, utf16: to.utf16 + self.utf16 - from.utf16 }
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
