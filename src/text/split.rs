//! Splitting a token by a pattern.

use std::ops::Range;

use fancy_regex::{Regex, RegexBuilder};

use crate::Error;

/// Steps a pattern may take in one token before it is refused: bounds the time of hostile patterns.
const STEP_LIMIT: usize = 1_000_000;

/// A compiled `splitPattern`.
#[derive(Debug)]
pub(super) struct Splitter {
    pattern: Regex,
}

impl Splitter {
    pub(super) fn new(pattern: &str) -> Result<Self, Error> {
        RegexBuilder::new(pattern)
            .backtrack_limit(STEP_LIMIT)
            .build()
            .map(|pattern| Splitter { pattern })
            .map_err(|error| invalid(pattern, &error))
    }

    /// The non-empty parts between matches, as byte ranges of `text`.
    pub(super) fn split(&self, text: &str) -> Result<Vec<Range<usize>>, Error> {
        let mut parts = Vec::new();
        let mut start = 0;
        for found in self.pattern.find_iter(text) {
            let found = found.map_err(|error| invalid(self.pattern.as_str(), &error))?;
            parts.push(start..found.start());
            start = found.end();
        }
        parts.push(start..text.len());
        parts.retain(|part| !part.is_empty());
        Ok(parts)
    }
}

fn invalid(pattern: &str, error: &fancy_regex::Error) -> Error {
    Error::OptionInvalid { option: "splitPattern".into(), reason: format!("{pattern:?}: {error}") }
}
