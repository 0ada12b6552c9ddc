//! Words by rule, as Spark NLP's Tokenizer cuts them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::document::{Document, Position};
use super::java;
use super::split::Splitter;
use crate::Error;

/// Characters that are peeled off both ends of a word: Spark NLP's `contextChars`.
const CONTEXT: &[char] = &['.', ',', ';', ':', '!', '?', '*', '-', '(', ')', '"', '\''];

/// Spark NLP marks breaks with this character, so one in the text breaks too.
const BREAK_MARK: char = '\u{2187}';

/// A word or a run of punctuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The same place in UTF-8 bytes.
    pub bytes: Range<usize>,
}

impl Token {
    fn between(begin: Position, end: Position) -> Self {
        Token { begin: begin.utf16, end: end.utf16, bytes: begin.byte..end.byte }
    }
}

/// Spark NLP's Tokenizer parameters, by its names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenizerOptions {
    /// A regular expression; each token is split where it matches, and what it matches is left out. A pattern
    /// that matches nothing but places (look-around) splits without leaving anything out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_pattern: Option<String>,
}

/// Cuts a document into tokens.
#[derive(Debug)]
pub struct Tokenizer {
    splitter: Option<Splitter>,
}

impl Tokenizer {
    /// # Errors
    /// `option_invalid` when a pattern cannot be compiled.
    pub fn new(options: &TokenizerOptions) -> Result<Self, Error> {
        let splitter = options.split_pattern.as_deref().map(Splitter::new).transpose()?;
        Ok(Tokenizer { splitter })
    }

    /// The tokens in order, none empty, none overlapping. White space belongs to no token.
    ///
    /// # Errors
    /// `option_invalid` when a pattern needs more steps on this text than are allowed.
    pub fn tokenize(&self, document: Document<'_>) -> Result<Vec<Token>, Error> {
        let mut tokens = Vec::new();
        for candidate in candidates(document) {
            for token in peel(document, candidate) {
                match &self.splitter {
                    None => tokens.push(Token::between(token.start, token.end)),
                    Some(splitter) => {
                        let text = document.slice(token.start.byte..token.end.byte);
                        let mut at = token.start;
                        let mut read = 0;
                        for part in splitter.split(text)? {
                            at = at.after_text(&text[read..part.start]);
                            let end = at.after_text(&text[part.clone()]);
                            tokens.push(Token::between(at, end));
                            (at, read) = (end, part.end);
                        }
                    }
                }
            }
        }
        Ok(tokens)
    }
}

/// Maximal runs without white space: the break class of the default `targetPattern` `\S+`.
fn candidates<'a>(document: Document<'a>) -> impl Iterator<Item = Range<Position>> + 'a {
    let mut characters = document.characters().peekable();
    std::iter::from_fn(move || {
        let breaks = |c: char| java::is_regex_space(c) || c == BREAK_MARK;
        while characters.next_if(|&(_, c)| breaks(c)).is_some() {}
        let &(start, first) = characters.peek()?;
        let mut end = start.after(first);
        characters.next();
        while let Some((at, c)) = characters.next_if(|&(_, c)| !breaks(c)) {
            end = at.after(c);
        }
        Some(start..end)
    })
}

/// The default rule: leading context characters, core, trailing context characters, empty parts left out. A
/// candidate of context characters alone stays whole.
fn peel(document: Document<'_>, candidate: Range<Position>) -> impl Iterator<Item = Range<Position>> {
    let text = document.slice(candidate.start.byte..candidate.end.byte);
    let rest = text.trim_start_matches(CONTEXT);
    let (prefix, core) = if rest.is_empty() {
        ("", text)
    } else {
        (&text[..text.len() - rest.len()], rest.trim_end_matches(CONTEXT))
    };
    let core_start = candidate.start.after_text(prefix);
    let core_end = core_start.after_text(core);
    [candidate.start..core_start, core_start..core_end, core_end..candidate.end]
        .into_iter()
        .filter(|part| part.start != part.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, options: &TokenizerOptions) -> Vec<String> {
        let document = Document::new(text);
        let tokens = Tokenizer::new(options).unwrap().tokenize(document).unwrap();
        for token in &tokens {
            let units: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(String::from_utf16(&units[token.begin..token.end]).unwrap(), text[token.bytes.clone()]);
        }
        tokens.iter().map(|token| text[token.bytes.clone()].to_string()).collect()
    }

    #[test]
    fn context_characters_come_off_both_ends_as_runs() {
        let found = tokens("(GLA) vs. 30.7 +/- kg/m(2)) ... TRE-1),", &TokenizerOptions::default());
        assert_eq!(
            found,
            ["(", "GLA", ")", "vs", ".", "30.7", "+/", "-", "kg/m(2", "))", "...", "TRE-1", "),"]
        );
    }

    #[test]
    fn only_ascii_white_space_breaks() {
        let found = tokens("a\u{A0}b\u{2009}c \u{1F600}d\r\ne\u{2187}f", &TokenizerOptions::default());
        assert_eq!(found, ["a\u{A0}b\u{2009}c", "\u{1F600}d", "e", "f"]);
    }

    #[test]
    fn a_split_pattern_of_places_keeps_every_character() {
        let options = TokenizerOptions { split_pattern: Some("(?<=/)|(?=/)".into()) };
        assert_eq!(tokens("a/\u{1F600}b/ c", &options), ["a", "/", "\u{1F600}b", "/", "c"]);
        let options = TokenizerOptions { split_pattern: Some("/+".into()) };
        assert_eq!(tokens("/a//b/", &options), ["a", "b"]);
    }

    #[test]
    fn a_wrong_pattern_is_an_error() {
        let options = TokenizerOptions { split_pattern: Some("(".into()) };
        assert_eq!(Tokenizer::new(&options).unwrap_err().code(), "option_invalid");
    }
}
