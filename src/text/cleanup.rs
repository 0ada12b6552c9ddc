//! The clean-up modes of Spark NLP's DocumentAssembler.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::java_chars;
use super::rewritten::{Rewriter, Rewritten};
use crate::Error;

/// What DocumentAssembler does to a text before it is tokenised, by Spark NLP's names.
///
/// White space is Java's `\s`, six ASCII characters. A written-out `\n` is a backslash and an n in the text itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(!try_from))]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum CleanupMode {
    /// Changes nothing.
    #[default]
    Disabled,
    /// Each white-space character becomes a space.
    Inplace,
    /// As `Inplace`; a written-out `\n`, `\r\n` or `\t` becomes a space too.
    InplaceFull,
    /// White space at both ends is removed; other runs of it become one space.
    Shrink,
    /// As `Shrink`; runs of written-out line ends, and of tabs, become one space too.
    ShrinkFull,
    /// A line feed or tab, with the white-space character that must stand before it, becomes a space.
    Each,
    /// As `Each`, also for a written-out `\n`, `\r\n` or `\t` after white space.
    EachFull,
    /// White space at both ends is removed, and so is a written-out `\n`, `\r\n` or `\t`.
    DeleteFull,
}

impl CleanupMode {
    /// All of them.
    pub const ALL: [CleanupMode; 8] = [
        CleanupMode::Disabled,
        CleanupMode::Inplace,
        CleanupMode::InplaceFull,
        CleanupMode::Shrink,
        CleanupMode::ShrinkFull,
        CleanupMode::Each,
        CleanupMode::EachFull,
        CleanupMode::DeleteFull,
    ];

    /// Spark NLP's name.
    pub fn name(self) -> &'static str {
        match self {
            CleanupMode::Disabled => "disabled",
            CleanupMode::Inplace => "inplace",
            CleanupMode::InplaceFull => "inplace_full",
            CleanupMode::Shrink => "shrink",
            CleanupMode::ShrinkFull => "shrink_full",
            CleanupMode::Each => "each",
            CleanupMode::EachFull => "each_full",
            CleanupMode::DeleteFull => "delete_full",
        }
    }

    fn trims(self) -> bool {
        matches!(self, CleanupMode::Shrink | CleanupMode::ShrinkFull | CleanupMode::DeleteFull)
    }

    fn replacement(self) -> &'static str {
        if self == CleanupMode::DeleteFull {
            ""
        } else {
            " "
        }
    }

    /// How many bytes at the start of the text to replace, or to keep.
    fn read(self, text: &str) -> Read {
        let replaced = match self {
            CleanupMode::Disabled => 0,
            CleanupMode::Inplace => space(text),
            CleanupMode::InplaceFull => space(text).max(written_out(text)),
            CleanupMode::Shrink => spaces(text),
            CleanupMode::ShrinkFull => {
                let returns = repeated(text, "\\r");
                let feeds = repeated(&text[returns..], "\\n");
                if returns > 0 && feeds == 0 {
                    return Read::Kept(returns);
                }
                spaces(text).max(returns + feeds).max(repeated(text, "\\t"))
            }
            CleanupMode::Each | CleanupMode::EachFull => {
                let first = space(text);
                let rest = &text[first..];
                let plain = usize::from(rest.starts_with(['\n', '\t']));
                let second = if self == CleanupMode::Each { plain } else { plain.max(written_out(rest)) };
                if first == 0 || second == 0 {
                    0
                } else {
                    first + second
                }
            }
            CleanupMode::DeleteFull => written_out(text),
        };
        match replaced {
            0 => Read::Kept(text.chars().next().map_or(0, char::len_utf8)),
            replaced => Read::Replaced(replaced),
        }
    }
}

impl FromStr for CleanupMode {
    type Err = Error;

    /// Parses Spark NLP's name, in any case, with or without spaces around it.
    fn from_str(name: &str) -> Result<Self, Error> {
        let wanted = name.trim().to_lowercase();
        CleanupMode::ALL.into_iter().find(|mode| mode.name() == wanted).ok_or_else(|| Error::OptionInvalid {
            option: "cleanupMode".into(),
            reason: format!("{name:?} is none of {}", CleanupMode::ALL.map(CleanupMode::name).join(", ")),
        })
    }
}

impl TryFrom<String> for CleanupMode {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

enum Read {
    Replaced(usize),
    Kept(usize),
}

/// The cleaned text; `None` if the mode changes nothing.
pub(super) fn clean(text: &str, mode: CleanupMode) -> Option<Rewritten> {
    if mode == CleanupMode::Disabled {
        return None;
    }
    let mut rewriter = Rewriter::default();
    let mut rest = text;
    let mut tail = "";
    if mode.trims() {
        // Java's trim.
        rest = text.trim_start_matches(|c| c <= ' ');
        rewriter.replace(&text[..text.len() - rest.len()], "");
        let trimmed = rest.trim_end_matches(|c| c <= ' ');
        tail = &rest[trimmed.len()..];
        rest = trimmed;
    }
    while !rest.is_empty() {
        let (length, same) = match mode.read(rest) {
            Read::Replaced(length) => (length, false),
            Read::Kept(length) => (length, true),
        };
        let (read, after) = rest.split_at(length);
        if same {
            rewriter.keep(read);
        } else {
            rewriter.replace(read, mode.replacement());
        }
        rest = after;
    }
    rewriter.replace(tail, "");
    Some(rewriter.finish())
}

/// Length of the white-space character at the start, 0 or 1.
fn space(text: &str) -> usize {
    usize::from(text.starts_with(java_chars::is_regex_space))
}

/// Length of the white space at the start.
fn spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches(java_chars::is_regex_space).len()
}

/// Length of a written-out `\n`, `\r\n` or `\t` at the start.
fn written_out(text: &str) -> usize {
    ["\\r\\n", "\\n", "\\t"].into_iter().find(|mark| text.starts_with(mark)).map_or(0, str::len)
}

/// Length of the repetitions of `mark` at the start.
fn repeated(text: &str, mark: &str) -> usize {
    text.len() - text.trim_start_matches(mark).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::position::{characters, Position};
    use crate::text::Document;

    #[test]
    fn names_are_trimmed_and_in_any_case() {
        for mode in CleanupMode::ALL {
            assert_eq!(format!(" {} ", mode.name().to_uppercase()).parse(), Ok(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            assert_eq!(serde_json::from_value::<CleanupMode>(mode.name().into()).unwrap(), mode);
        }
        assert_eq!("shrunk".parse::<CleanupMode>().unwrap_err().code(), "option_invalid");
    }

    #[test]
    fn what_is_kept_is_found_again_in_the_original() {
        let texts = [
            "  a \t b\\n\\nc\\r\\nd \n\u{1F600}e\\r\\r\u{E9} \\tf\n\t ",
            "\\n\\nab\\ncd\\n",
            " \t",
            "",
            "x\\t\\t\\ty\r\n\r\nz\u{1F9EC}\\n\u{1F9EC}",
        ];
        for (text, mode) in texts.iter().flat_map(|text| CleanupMode::ALL.map(|mode| (text, mode))) {
            let document = Document::assemble(text, mode);
            let mut before = 0;
            for (start, c) in characters(document.text()) {
                let place = document.locate(start..start.after(c));
                let read = &text[place.start.byte..place.end.byte];
                if c == ' ' {
                    assert!(read.starts_with(java_chars::is_regex_space) || read.starts_with('\\'), "{read:?}");
                } else {
                    assert_eq!(read, c.to_string(), "{text:?} {mode:?}");
                }
                assert_eq!(place.start.utf16, text[..place.start.byte].encode_utf16().count());
                assert_eq!(place.end.utf16, text[..place.end.byte].encode_utf16().count());
                assert!(place.start.byte >= before);
                before = place.end.byte;
            }
        }
    }

    #[test]
    fn a_part_spans_what_was_left_out_within_it_and_no_more() {
        let document = Document::assemble("\\nab\\ncd\\n e", CleanupMode::DeleteFull);
        assert_eq!(document.text(), "abcd e");
        let at = |utf16| Position { byte: utf16, utf16 };
        let place = document.locate(at(0)..at(4));
        assert_eq!(&document.original()[place.start.byte..place.end.byte], "ab\\ncd");
        assert_eq!(document.locate(at(2)..at(4)), at(6)..at(8));
        assert_eq!(document.locate(at(0)..at(2)), at(2)..at(4));
    }
}
