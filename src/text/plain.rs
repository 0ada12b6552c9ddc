//! Plain writing: a text as the corpora write it that models learn from.
//!
//! Journals, word processors and PDF files write the same words in other characters: soft hyphens and zero-width spaces that
//! nobody sees, raised decimal points, thin spaces between groups of digits, words hyphenated at a line's end. What the model
//! reads is the plain form; places remain those of the text as given.

mod classes;
mod line_break;
mod number;

pub(super) use self::classes::is_invisible;
use self::classes::{is_emoji, is_hyphen};
use super::position::{self, Position};
use super::rewritten::{Rewriter, Rewritten};

/// A visible character of the text.
#[derive(Debug, Clone, Copy)]
struct Visible {
    at: Position,
    given: char,
    /// Its plain form, if that is one character; otherwise the character itself.
    plain: char,
}

impl Visible {
    fn end(&self) -> usize {
        self.at.byte + self.given.len_utf8()
    }
}

/// What is written in place of characters.
#[derive(Debug, PartialEq)]
struct Replacement {
    /// How many visible characters it stands for.
    read: usize,
    written: &'static str,
}

/// The text in plain writing; `None` if it is plain already. `is_word` tells whether the model knows a lower-case word.
pub(super) fn rewrite(text: &str, is_word: &dyn Fn(&str) -> bool) -> Option<Rewritten> {
    if is_plain(text) {
        return None;
    }
    let visible: Vec<Visible> = position::characters(text)
        .filter(|(_, c)| !is_invisible(*c))
        .map(|(at, given)| Visible { at, given, plain: plain_form(given) })
        .collect();
    let mut rewriter = Rewriter::default();
    let mut groups = number::Groups::default();
    let mut read = 0;
    let mut i = 0;
    while let Some(&Visible { at, given, plain }) = visible.get(i) {
        if at.byte > read {
            rewriter.replace(&text[read..at.byte], "");
        }
        read = at.byte;
        if i > 0 && stand_apart(visible[i - 1].plain, plain) {
            rewriter.replace("", " ");
        }
        let replacement = line_break::broken_word(&visible, i, is_word)
            .or_else(|| groups.separator(&visible, i))
            .or_else(|| number::decimal_point(&visible, i));
        let count = replacement.as_ref().map_or(1, |replacement| replacement.read);
        let written: String = match replacement {
            Some(replacement) => replacement.written.into(),
            None => ligature(given).map_or_else(|| plain.into(), String::from),
        };
        // What is written stands for the first character, so that a chunk that ends there does not go on behind it.
        let (first, end) = (visible[i].end(), visible[i + count - 1].end());
        if written == text[read..first] {
            rewriter.keep(&text[read..first]);
        } else {
            rewriter.replace(&text[read..first], &written);
        }
        if end > first {
            rewriter.replace(&text[first..end], "");
        }
        (read, i) = (end, i + count);
    }
    rewriter.replace(&text[read..], "");
    Some(rewriter.finish())
}

/// Whether nothing can need rewriting: the usual case, told without looking at characters one by one.
fn is_plain(text: &str) -> bool {
    let breaks = |at: usize| text[at + 1..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
    text.bytes().all(|byte| byte.is_ascii() && (byte >= b' ' || byte.is_ascii_whitespace() || byte == 0x0B))
        && !text.bytes().any(|byte| byte == 0x7F)
        && !text.match_indices('-').any(|(at, _)| breaks(at))
        && !text.as_bytes().windows(3).any(|at| at[0].is_ascii_digit() && at[1] == b' ' && at[2].is_ascii_digit())
}

/// The one character that is written for a character.
fn plain_form(c: char) -> char {
    match c {
        '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        // Letters, digits and punctuation of double width.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        // Mathematical letters, capitals and small ones in turn for each style, and digits.
        '\u{1D400}'..='\u{1D6A3}' => match (c as u32 - 0x1D400) % 52 {
            letter @ 0..26 => char::from_u32('A' as u32 + letter).unwrap_or(c),
            letter => char::from_u32('a' as u32 + letter - 26).unwrap_or(c),
        },
        '\u{1D7CE}'..='\u{1D7FF}' => char::from_u32('0' as u32 + (c as u32 - 0x1D7CE) % 10).unwrap_or(c),
        '\u{210E}' => 'h',
        _ if is_hyphen(c) => '-',
        _ if !c.is_ascii() && c.is_whitespace() => ' ',
        _ => c,
    }
}

/// The letters of a ligature.
fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{FB00}' => "ff",
        '\u{FB01}' => "fi",
        '\u{FB02}' => "fl",
        '\u{FB03}' => "ffi",
        '\u{FB04}' => "ffl",
        '\u{FB05}' | '\u{FB06}' => "st",
        _ => return None,
    })
}

/// Whether two neighbours are words of their own: an emoji and a letter or digit.
fn stand_apart(before: char, after: char) -> bool {
    let in_word = |c: char| c.is_alphanumeric();
    (is_emoji(before) && in_word(after)) || (in_word(before) && is_emoji(after))
}

#[cfg(test)]
mod tests;
