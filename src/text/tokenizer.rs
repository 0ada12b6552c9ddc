//! Words by rule, as Spark NLP's Tokenizer cuts them.

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::document::{Document, Position};
use super::java;
use super::java_regex::Budget;
use super::rules::{Breaks, Peeled, Rules};
use super::split::Splitter;
use crate::Error;

/// Characters that are peeled off both ends of a word: Spark NLP's default `contextChars`.
pub(super) const CONTEXT: &[char] = &['.', ',', ';', ':', '!', '?', '*', '-', '(', ')', '"', '\''];

/// Spark NLP's default `targetPattern`.
pub(super) const TARGET: &str = r"\S+";

/// Spark NLP marks breaks with this character, so one in the text breaks too.
pub(super) const BREAK_MARK: char = '\u{2187}';

/// A word or a run of punctuation: a part of [`Document::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The same place in UTF-8 bytes.
    pub bytes: Range<usize>,
    /// What Spark NLP gives as [`begin`](Token::begin). It adds lengths up, and so loses its place within a candidate
    /// after separators that end a part which it splits, and within a text after a break that takes two UTF-16 units.
    /// Of use only to compare with it.
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

/// Spark NLP's Tokenizer parameters, by its names; what is `None` is as there. Patterns are Java's regular
/// expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenizerOptions {
    /// Spark NLP puts this inside a negated class, `[^(?:targetPattern)]`: characters that it does not mention separate
    /// candidates. `\S+` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_pattern: Option<String>,
    /// What is cut off the start of a candidate, in a group; begins with `\A`. Context characters by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_pattern: Option<String>,
    /// What is cut off the end of a candidate, in a group; ends with `\z`. Context characters by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix_pattern: Option<String>,
    /// What may stand between prefix and suffix: each group is a token, and the first pattern that matches counts. By
    /// default everything from the first to the last character that is no context character.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "infix-pattern")))]
    pub infix_patterns: Option<Vec<String>>,
    /// Characters that are cut off both ends, one per entry. By default `.,;:!?*-()"'`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-characters" = true)))]
    pub context_chars: Option<Vec<String>>,
    /// Patterns of text that stays one token, spaces included, together with whatever touches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "exception")))]
    pub exceptions: Option<Vec<String>>,
    /// Whether exceptions are case-sensitive in ASCII letters; they are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_sensitive_exceptions: Option<bool>,
    /// Splits tokens at each match, which is dropped. A pattern that matches no characters (look-around) splits without
    /// dropping anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_pattern: Option<String>,
    /// Splits tokens at these characters where the pattern does not split them; each is one character, or a backslash and one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-characters" = true)))]
    pub split_chars: Option<Vec<String>>,
    /// Drops tokens of fewer UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Drops tokens of more UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}

/// Cuts a document into tokens.
#[derive(Debug)]
pub struct Tokenizer {
    /// `None`: the default breaks, told without a pattern.
    breaks: Option<Breaks>,
    /// `None`: the default rule, followed without a pattern.
    rules: Option<Rules>,
    /// `None`: no token is split.
    splitter: Option<Splitter>,
    lengths: RangeInclusive<usize>,
}

/// A part of a document between breaks.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) place: Range<Position>,
    /// UTF-16 units by which Spark NLP takes it to begin too early.
    pub(super) drift: usize,
    /// Whether it is a token as it is.
    pub(super) exception: bool,
}

impl Candidate {
    pub(super) fn bytes(&self) -> Range<usize> {
        self.place.start.byte..self.place.end.byte
    }
}

impl Tokenizer {
    /// # Errors
    /// `option_invalid` when a pattern is none of Java's or cannot be honoured, and for entries of `splitChars` and
    /// `contextChars` that are not what they should be.
    pub fn new(options: &TokenizerOptions) -> Result<Self, Error> {
        let mut tokenizer = Self::with_rules(options)?;
        let TokenizerOptions { target_pattern, prefix_pattern, suffix_pattern, .. } = options;
        if target_pattern.as_deref().is_none_or(|target| target == TARGET) && options.exceptions.is_none() {
            tokenizer.breaks = None;
        }
        let plain = prefix_pattern.is_none() && suffix_pattern.is_none();
        if plain && options.infix_patterns.is_none() && options.context_chars.is_none() {
            tokenizer.rules = None;
        }
        Ok(tokenizer)
    }

    /// A tokenizer that follows the patterns even where they are the default ones.
    fn with_rules(options: &TokenizerOptions) -> Result<Self, Error> {
        let splits = options.split_pattern.is_some() || options.split_chars.is_some();
        Ok(Tokenizer {
            breaks: Some(Breaks::new(options)?),
            rules: Some(Rules::new(options)?),
            splitter: if splits { Some(Splitter::new(options)?) } else { None },
            lengths: options.min_length.unwrap_or(0)..=options.max_length.unwrap_or(usize::MAX),
        })
    }

    /// The tokens in order, none empty, none overlapping.
    ///
    /// # Errors
    /// `option_invalid` when a pattern needs more steps on this text than are allowed.
    pub fn tokenize(&self, document: &Document) -> Result<Vec<Token>, Error> {
        let instructions = self.breaks.as_ref().map_or(0, Breaks::instructions)
            + self.rules.as_ref().map_or(0, Rules::instructions)
            + self.splitter.as_ref().map_or(0, Splitter::instructions);
        let mut budget = Budget::new(document.text().len(), instructions);
        let candidates = match &self.breaks {
            None => candidates(document),
            Some(breaks) => breaks.candidates(document, &mut budget)?,
        };
        let mut matchers = self.rules.as_ref().map_or(Vec::new(), Rules::start);
        let mut splitting = self.splitter.as_ref().map(Splitter::start);
        let mut tokens = Vec::new();
        for candidate in candidates {
            let text = document.slice(candidate.bytes());
            let peeled = match &self.rules {
                _ if candidate.exception => None,
                None => peel(text),
                Some(rules) => rules.peel(&mut matchers, text, &mut budget)?,
            };
            let mut writer = Writer::new(text, &candidate, &mut tokens);
            match peeled {
                None => writer.push(0..text.len()),
                Some(Peeled { start, groups }) => {
                    writer.spark.advance(text, units(&text[..start]));
                    for group in groups {
                        let parts = match &mut splitting {
                            Some(splitting) if !group.is_empty() => {
                                splitting.split(&text[group.clone()], &mut budget)?
                            }
                            _ => None,
                        };
                        writer.group(group, parts);
                    }
                }
            }
        }
        tokens.retain(|token| self.lengths.contains(&(token.end - token.begin)));
        Ok(tokens)
    }
}

/// Writes the tokens of one candidate.
struct Writer<'w> {
    text: &'w str,
    /// The place in the document that corresponds to `read` bytes of the text.
    at: Position,
    read: usize,
    spark: SparkCount,
    spark_start: usize,
    tokens: &'w mut Vec<Token>,
}

/// Spark NLP's place in a candidate.
#[derive(Default)]
struct SparkCount {
    units: usize,
    /// First byte of the first character that begins there or later.
    byte: usize,
    /// UTF-16 units from the place to that character: 1 within a surrogate pair.
    over: usize,
}

impl SparkCount {
    fn advance(&mut self, text: &str, by: usize) {
        let wanted = self.units + by;
        let mut reached = self.units + self.over;
        for c in text[self.byte..].chars() {
            if reached >= wanted {
                break;
            }
            reached += c.len_utf16();
            self.byte += c.len_utf8();
        }
        self.units = wanted;
        self.over = reached.saturating_sub(wanted);
    }
}

impl<'w> Writer<'w> {
    fn new(text: &'w str, candidate: &Candidate, tokens: &'w mut Vec<Token>) -> Self {
        let start = candidate.place.start;
        let spark = SparkCount::default();
        Writer { text, at: start, read: 0, spark, spark_start: start.utf16 - candidate.drift, tokens }
    }

    /// A group, or the parts it was split into. Spark NLP looks for a part's text from where it takes itself to be;
    /// a group that is not split it takes to begin there.
    fn group(&mut self, group: Range<usize>, parts: Option<Vec<Range<usize>>>) {
        let Some(parts) = parts else { return self.push(group) };
        for part in parts {
            let part = group.start + part.start..group.start + part.end;
            let ahead = &self.text[self.spark.byte..];
            if let Some(distance) = ahead.find(&self.text[part.clone()]) {
                let distance = self.spark.over + units(&ahead[..distance]);
                self.spark.advance(self.text, distance);
            }
            self.push(part);
        }
    }

    /// A token, unless it is empty or, which only groups within groups can do, goes back.
    fn push(&mut self, bytes: Range<usize>) {
        if bytes.is_empty() || bytes.start < self.read {
            return;
        }
        let begin = self.at.after_text(&self.text[self.read..bytes.start]);
        let end = begin.after_text(&self.text[bytes.clone()]);
        (self.at, self.read) = (end, bytes.end);
        let spark_begin = self.spark_start + self.spark.units;
        self.spark.advance(self.text, end.utf16 - begin.utf16);
        self.tokens.push(Token { begin: begin.utf16, end: end.utf16, bytes: begin.byte..end.byte, spark_begin });
    }
}

/// Length in UTF-16 units.
fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Maximal runs without white space: what [`Breaks`] gives for the default `targetPattern` and no exceptions.
fn candidates(document: &Document) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut open: Option<Position> = None;
    let mut end = Position::default();
    let mut close = |open: Option<Position>, end: Position| {
        found.extend(open.map(|start| Candidate { place: start..end, drift: 0, exception: false }));
    };
    for (at, c) in document.characters() {
        if java::is_regex_space(c) || c == BREAK_MARK {
            close(open.take(), end);
        } else {
            open.get_or_insert(at);
            end = at.after(c);
        }
    }
    close(open, end);
    found
}

/// What [`Rules`] gives for the default rule: leading context characters, core, trailing context characters. A
/// candidate of context characters alone is not cut.
fn peel(text: &str) -> Option<Peeled> {
    let rest = text.trim_start_matches(CONTEXT);
    if rest.is_empty() {
        return None;
    }
    let start = text.len() - rest.len();
    let end = start + rest.trim_end_matches(CONTEXT).len();
    Some(Peeled { start: 0, groups: vec![0..start, start..end, end..text.len()] })
}

#[cfg(test)]
mod tests;
