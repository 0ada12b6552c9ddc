//! A text written anew, with the way back: which part of it comes from which part of the text that was read.

use std::ops::Range;

use super::position::Position;

/// A text made from another one by keeping, replacing, leaving out and inserting parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rewritten {
    text: String,
    mappings: Vec<Mapping>,
    /// The end of the text that was read.
    end: Position,
}

/// A part of the rewritten text, and the part of the original that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    /// Where it begins in the rewritten text; it ends where the next one begins.
    written: Position,
    original: Range<Position>,
    /// Whether the two are the same text; otherwise the part is a replacement, and maps as a whole.
    same: bool,
}

impl Rewritten {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Maps a part of the rewritten text to the original. What was left out inside the part is included, what was left
    /// out at its ends is not. An empty part is the place before the character that follows it.
    pub(super) fn locate(&self, part: Range<Position>) -> Range<Position> {
        if part.start.byte < part.end.byte {
            return self.start(part.start)..self.finish(part.end);
        }
        let place = if part.start.byte < self.text.len() { self.start(part.start) } else { self.end };
        place..place
    }

    /// The byte of the rewritten text at which an original byte, or what follows it, is written.
    pub(super) fn written(&self, original: usize) -> usize {
        let next = self.mappings.partition_point(|mapping| mapping.original.end.byte <= original);
        match self.mappings.get(next) {
            None => self.text.len(),
            Some(mapping) if mapping.same => {
                mapping.written.byte + original.saturating_sub(mapping.original.start.byte)
            }
            Some(mapping) => mapping.written.byte,
        }
    }

    fn start(&self, at: Position) -> Position {
        match self.holding(at.byte) {
            None => at,
            Some(mapping) if mapping.same => at.moved(mapping.written, mapping.original.start),
            Some(mapping) => mapping.original.start,
        }
    }

    fn finish(&self, at: Position) -> Position {
        match self.holding(at.byte - 1) {
            None => at,
            Some(mapping) if mapping.same => at.moved(mapping.written, mapping.original.start),
            Some(mapping) => mapping.original.end,
        }
    }

    /// The mapping of the part that holds a byte.
    fn holding(&self, byte: usize) -> Option<&Mapping> {
        // Of mappings that begin at the same position, all but the last are empty.
        self.mappings.get(self.mappings.partition_point(|mapping| mapping.written.byte <= byte).saturating_sub(1))
    }
}

/// Writes a text anew, from its start to its end.
#[derive(Debug, Default)]
pub(super) struct Rewriter {
    written: Rewritten,
    at: Position,
}

impl Rewriter {
    /// Writes the next part as it is.
    pub(super) fn keep(&mut self, part: &str) {
        let start = self.written.end;
        let end = start.after_text(part);
        match self.written.mappings.last_mut() {
            Some(last) if last.same => last.original.end = end,
            _ => self.written.mappings.push(Mapping { written: self.at, original: start..end, same: true }),
        }
        self.push(part, end);
    }

    /// Writes something else in place of the next part, which may be empty.
    pub(super) fn replace(&mut self, part: &str, by: &str) {
        let start = self.written.end;
        let end = start.after_text(part);
        let mapping = match by {
            // What follows is mapped from behind the part.
            "" => Mapping { written: self.at, original: end..end, same: true },
            _ => Mapping { written: self.at, original: start..end, same: false },
        };
        self.written.mappings.push(mapping);
        self.push(by, end);
    }

    fn push(&mut self, text: &str, end: Position) {
        self.written.text.push_str(text);
        self.at = self.at.after_text(text);
        self.written.end = end;
    }

    pub(super) fn finish(self) -> Rewritten {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lead_back_to_where_they_come_from() {
        let mut rewriter = Rewriter::default();
        rewriter.replace("\u{FEFF}", "");
        rewriter.keep("a\u{1F9EC}");
        rewriter.replace("\u{AD}", "");
        rewriter.keep("b");
        rewriter.replace("", " ");
        rewriter.replace("\u{FB01}", "fi");
        rewriter.replace("\u{200B}", "");
        let rewritten = rewriter.finish();
        assert_eq!(rewritten.text(), "a\u{1F9EC}b fi");
        let place = |start: usize, end: usize| {
            let at = |byte: usize| Position::default().after_text(&rewritten.text()[..byte]);
            let found = rewritten.locate(at(start)..at(end));
            (found.start.utf16, found.end.utf16)
        };
        // In UTF-16 units: mark 0, a 1, emoji 2 and 3, soft hyphen 4, b 5, ligature 6, zero-width space 7.
        assert_eq!(place(0, 1), (1, 2));
        assert_eq!(place(1, 5), (2, 4));
        assert_eq!(place(0, 6), (1, 6));
        assert_eq!(place(5, 6), (5, 6));
        assert_eq!(place(7, 8), (6, 7));
        assert_eq!(place(5, 9), (5, 7));
        assert_eq!(place(7, 7), (6, 6));
        assert_eq!(place(9, 9), (8, 8));
    }

    #[test]
    fn what_is_left_out_is_written_where_the_next_part_begins() {
        let mut rewriter = Rewriter::default();
        rewriter.keep("ab");
        rewriter.replace("\n\n", "");
        rewriter.keep("cd");
        rewriter.replace("\n", " ");
        let rewritten = rewriter.finish();
        let written: Vec<usize> = (0..8).map(|original| rewritten.written(original)).collect();
        assert_eq!(written, [0, 1, 2, 2, 2, 3, 4, 5]);
    }
}
