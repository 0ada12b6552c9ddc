//! Splitting a token: `splitPattern` and `splitChars`.

use std::ops::Range;

use jdk_regex::Budget;

use super::pattern::{Matcher, Pattern};
use crate::text::tokenizer_options::TokenizerOptions;
use crate::Error;

/// Compiled `splitPattern` and `splitChars`.
#[derive(Debug)]
pub(super) struct Splitter {
    pattern: Option<Pattern>,
    characters: Option<Characters>,
}

#[derive(Debug)]
struct Characters {
    /// The last character of each entry: a token without any of them is not split.
    wanted: Vec<char>,
    /// The entries joined without escaping, as Spark NLP does: one without a backslash may be syntax.
    pattern: Pattern,
}

impl Splitter {
    pub(super) fn new(options: &TokenizerOptions) -> Result<Self, Error> {
        let pattern = options.split_pattern.as_deref();
        let pattern = pattern.map(|pattern| Pattern::new(pattern, "splitPattern")).transpose()?;
        let characters = options.split_chars.as_deref().map(|entries| {
            for entry in entries {
                let mut characters = entry.chars();
                let escaped = characters.next() == Some('\\') && characters.next().is_some();
                if !(entry.chars().count() == 1 || (escaped && characters.next().is_none())) {
                    let reason = format!("{entry:?} is neither one character nor a backslash and one character");
                    return Err(Error::OptionInvalid { option: "splitChars".into(), reason });
                }
            }
            let wanted = entries.iter().filter_map(|entry| entry.chars().next_back()).collect();
            Ok(Characters { wanted, pattern: Pattern::new(&entries.join("|"), "splitChars")? })
        });
        Ok(Splitter { pattern, characters: characters.transpose()? })
    }

    /// Size of its patterns, for [`Budget::new`].
    pub(super) fn instructions(&self) -> usize {
        let characters = self.characters.as_ref().map(|characters| &characters.pattern);
        self.pattern.iter().chain(characters).map(Pattern::instructions).sum()
    }

    /// Ready to split the tokens of one document.
    pub(super) fn start(&self) -> Splitting<'_> {
        Splitting {
            pattern: self.pattern.as_ref().map(Matcher::new),
            characters: self.characters.as_ref().map(|found| (found, Matcher::new(&found.pattern))),
        }
    }
}

/// A splitter at work.
#[derive(Debug)]
pub(super) struct Splitting<'s> {
    pattern: Option<Matcher<'s>>,
    characters: Option<(&'s Characters, Matcher<'s>)>,
}

impl Splitting<'_> {
    /// The parts of a token, as byte ranges of `text`, some of them empty; `None` if it is not split.
    ///
    /// A pattern that leaves only one part, such as a separator at the end, does not split; characters do.
    pub(super) fn split(&mut self, text: &str, budget: &mut Budget) -> Result<Option<Vec<Range<usize>>>, Error> {
        if let Some(pattern) = &mut self.pattern {
            let parts = split(pattern, text, budget)?;
            if parts.len() > 1 {
                return Ok(Some(parts));
            }
        }
        match &mut self.characters {
            Some((characters, pattern)) if text.contains(characters.wanted.as_slice()) => {
                split(pattern, text, budget).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Java's `String.split`: the parts between the matches, without empty parts at the end and without the one before an
/// empty match at the start.
fn split(pattern: &mut Matcher<'_>, text: &str, budget: &mut Budget) -> Result<Vec<Range<usize>>, Error> {
    let mut parts = Vec::new();
    let mut start = 0;
    for found in pattern.find_all(text, budget)? {
        if found.end > 0 {
            parts.push(start..found.start);
            start = found.end;
        }
    }
    parts.push(start..text.len());
    // A text without a match is its only part, even if it is empty.
    while parts.len() > 1 && parts.last().is_some_and(Range::is_empty) {
        parts.pop();
    }
    if parts.len() == 1 && parts[0].is_empty() && start > 0 {
        parts.clear();
    }
    Ok(parts)
}
