//! Tokens by rules, as Spark NLP's Tokenizer cuts them.

mod pattern;
mod rules;
mod split;

use std::ops::{Range, RangeInclusive};

use jdk_regex::Budget;

use self::rules::{Breaks, Candidate, Peeled, Rules, BREAK_MARK};
use self::split::Splitter;
use super::document::Document;
use super::java_chars;
use super::position::Position;
use super::token::Token;
use super::tokenizer_options::{TokenizerOptions, CONTEXT, TARGET};
use crate::Error;

/// Cuts a document into tokens.
#[derive(Debug)]
pub struct Tokenizer {
    /// `None`: the default breaks, which need no pattern.
    breaks: Option<Breaks>,
    /// `None`: the default rule, which needs no pattern.
    rules: Option<Rules>,
    /// `None`: no token is split.
    splitter: Option<Splitter>,
    lengths: RangeInclusive<usize>,
}

impl Tokenizer {
    /// # Errors
    /// `option_invalid` when Java refuses a pattern or it is not supported, and for entries of `splitChars` and
    /// `contextChars` that are not one character.
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

    /// A tokenizer that uses patterns even for the default rules.
    fn with_rules(options: &TokenizerOptions) -> Result<Self, Error> {
        let splits = options.split_pattern.is_some() || options.split_chars.is_some();
        Ok(Tokenizer {
            breaks: Some(Breaks::new(options)?),
            rules: Some(Rules::new(options)?),
            splitter: if splits { Some(Splitter::new(options)?) } else { None },
            lengths: options.min_length.unwrap_or(0)..=options.max_length.unwrap_or(usize::MAX),
        })
    }

    /// The tokens in order, not empty, without overlap.
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
    /// The position in the document after `read` bytes of the text.
    at: Position,
    read: usize,
    spark: SparkCount,
    spark_start: usize,
    tokens: &'w mut Vec<Token>,
}

/// Spark NLP's position in a candidate.
#[derive(Default)]
struct SparkCount {
    units: usize,
    /// First byte of the first character that begins there or later.
    byte: usize,
    /// UTF-16 units from the position to that character: 1 within a surrogate pair.
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
        let start = candidate.range.start;
        let spark = SparkCount::default();
        Writer { text, at: start, read: 0, spark, spark_start: start.utf16 - candidate.drift, tokens }
    }

    /// Writes a group, or the parts it was split into. Spark NLP searches for a part's text from its own position; a
    /// group that is not split is assumed to begin there.
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

    /// Writes a token, unless it is empty or, as nested groups can, begins before the previous one ends.
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
        found.extend(open.map(|start| Candidate { range: start..end, drift: 0, exception: false }));
    };
    for (at, c) in document.characters() {
        if java_chars::is_regex_space(c) || c == BREAK_MARK {
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
/// candidate of context characters alone stays whole.
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
