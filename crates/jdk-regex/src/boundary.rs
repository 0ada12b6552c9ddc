//! Boundaries of text, lines and words.

use std::sync::LazyLock;

use crate::node::Boundary;
use crate::set::{self, CharSet};

/// Whether the boundary holds at `position`, in bytes. `last_match` is the end of the previous match.
pub(crate) fn holds(boundary: Boundary, text: &str, position: usize, last_match: usize) -> bool {
    let (before, after) = text.split_at(position);
    match boundary {
        Boundary::Begin => position == 0,
        Boundary::End => after.is_empty(),
        Boundary::LastMatch => position == last_match,
        Boundary::LineBegin { unix } => {
            let broken = before.is_empty() || before.ends_with(|c| ends_line(c, unix));
            let within_pair = !unix && before.ends_with('\r') && after.starts_with('\n');
            !after.is_empty() && broken && !within_pair
        }
        Boundary::LineEnd { unix } => {
            let within_pair = !unix && before.ends_with('\r') && after.starts_with('\n');
            after.is_empty() || (after.starts_with(|c| ends_line(c, unix)) && !within_pair)
        }
        Boundary::LastLine { unix } => {
            let within_pair = !unix && before.ends_with('\r') && after == "\n";
            let mut rest = after.chars();
            let ends = rest.next().is_some_and(|c| ends_line(c, unix)) && rest.as_str().is_empty();
            after.is_empty() || (ends && !within_pair) || (after == "\r\n" && !unix)
        }
        Boundary::Word { negated, unicode } => {
            let left = before.chars().next_back().is_some_and(|c| in_word(c, before, unicode));
            let right = after.chars().next().is_some_and(|c| in_word(c, before, unicode));
            (left != right) != negated
        }
    }
}

fn ends_line(c: char, unix: bool) -> bool {
    c == '\n' || (!unix && matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'))
}

/// Whether `c`, which ends or follows the text `before`, belongs to a word: JDK 17 takes
/// letters, digits and `_` of all scripts here, though not for `\w`, and a combining mark on a letter or digit.
fn in_word(c: char, before: &str, unicode: bool) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    if unicode {
        return WORD.contains(c);
    }
    if !MARK.contains(c) {
        return LETTER_OR_DIGIT.contains(c);
    }
    for base in before.chars().rev().take(MAX_MARKS) {
        // Java goes back by UTF-16 units, and takes half a surrogate pair for the base.
        if base > '\u{FFFF}' || !MARK.contains(base) {
            return base <= '\u{FFFF}' && LETTER_OR_DIGIT.contains(base);
        }
    }
    false
}

/// Combining marks skipped in search of their base: bounds the time.
const MAX_MARKS: usize = 64;

static WORD: LazyLock<CharSet> = LazyLock::new(|| set::named("IsWord"));
static MARK: LazyLock<CharSet> = LazyLock::new(|| set::named("Mn"));
static LETTER_OR_DIGIT: LazyLock<CharSet> = LazyLock::new(|| set::named("javaLetterOrDigit"));
