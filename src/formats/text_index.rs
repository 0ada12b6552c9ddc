//! Offsets of a text in the units that formats count in.

use serde::{Deserialize, Serialize};

/// What offsets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// UTF-16 code units, as JavaScript, Java and this crate's API do.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Unicode code points, as Python does.
    #[serde(rename = "code-point")]
    CodePoint,
    /// Bytes of UTF-8.
    #[serde(rename = "byte")]
    Byte,
}

impl Unit {
    /// All of them.
    pub const ALL: [Unit; 3] = [Unit::Utf16, Unit::CodePoint, Unit::Byte];

    /// The name in options: `utf-16`, `code-point`, `byte`.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Utf16 => "utf-16",
            Unit::CodePoint => "code-point",
            Unit::Byte => "byte",
        }
    }

    /// The unit in words, plural.
    pub fn words(self) -> &'static str {
        match self {
            Unit::Utf16 => "UTF-16 code units",
            Unit::CodePoint => "code points",
            Unit::Byte => "bytes of UTF-8",
        }
    }
}

/// A place between two characters, in all units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// UTF-16 code units before it.
    pub utf16: usize,
    /// Code points before it.
    pub code_point: usize,
    /// Bytes of UTF-8 before it: how Rust slices.
    pub byte: usize,
}

impl Place {
    /// The offset in a unit.
    pub fn offset(&self, unit: Unit) -> usize {
        match unit {
            Unit::Utf16 => self.utf16,
            Unit::CodePoint => self.code_point,
            Unit::Byte => self.byte,
        }
    }

    fn moved(self, ascii: usize) -> Self {
        Place { utf16: self.utf16 + ascii, code_point: self.code_point + ascii, byte: self.byte + ascii }
    }
}

/// Finds places of a text. It holds an entry for each character beyond ASCII.
#[derive(Debug)]
pub struct TextIndex<'t> {
    text: &'t str,
    /// Before and after each character beyond ASCII.
    wide: Vec<(Place, Place)>,
}

impl<'t> TextIndex<'t> {
    /// Reads the text once.
    pub fn new(text: &'t str) -> Self {
        let mut wide: Vec<(Place, Place)> = Vec::new();
        let mut last = Place::default();
        for (byte, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
            let before = last.moved(byte - last.byte);
            last = Place {
                utf16: before.utf16 + c.len_utf16(),
                code_point: before.code_point + 1,
                byte: byte + c.len_utf8(),
            };
            wide.push((before, last));
        }
        TextIndex { text, wide }
    }

    /// The text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The place at an offset; `None` if it is beyond the text or within a character.
    pub fn at(&self, unit: Unit, offset: usize) -> Option<Place> {
        let begun = self.wide.partition_point(|(before, _)| before.offset(unit) < offset);
        let last = begun.checked_sub(1).map_or(Place::default(), |i| self.wide[i].1);
        let place = last.moved(offset.checked_sub(last.offset(unit))?);
        (place.byte <= self.text.len()).then_some(place)
    }

    /// The end of the text.
    pub fn end(&self) -> Place {
        let last = self.wide.last().map_or(Place::default(), |(_, after)| *after);
        last.moved(self.text.len() - last.byte)
    }

    /// The text between two offsets; `None` if they are no places of it, or in the wrong order.
    pub fn slice(&self, unit: Unit, begin: usize, end: usize) -> Option<&'t str> {
        self.text.get(self.at(unit, begin)?.byte..self.at(unit, end)?.byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_in_every_unit() {
        for text in ["", "IL-2", "β", "a\u{1F9EC}b", "e\u{301}\u{1F9EC}\u{1F9EC} β\r\n", "中文TNF-α"] {
            let index = TextIndex::new(text);
            let mut place = Place::default();
            let mut places = vec![place];
            for c in text.chars() {
                place.utf16 += c.len_utf16();
                place.code_point += 1;
                place.byte += c.len_utf8();
                places.push(place);
            }
            assert_eq!(index.end(), place);
            for unit in Unit::ALL {
                for offset in 0..=place.byte + 2 {
                    let there = places.iter().find(|place| place.offset(unit) == offset).copied();
                    assert_eq!(index.at(unit, offset), there, "{text:?} at {offset} {}", unit.name());
                }
                assert_eq!(index.slice(unit, 0, place.offset(unit)), Some(text));
            }
        }
        let index = TextIndex::new("a\u{1F9EC}b");
        assert_eq!(index.slice(Unit::Utf16, 1, 3), Some("\u{1F9EC}"));
        assert_eq!(index.slice(Unit::Utf16, 3, 1), None);
    }
}
