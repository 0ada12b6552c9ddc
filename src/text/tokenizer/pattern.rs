//! Patterns given as options: their errors name the option.

use std::ops::Range;

use jdk_regex::Budget;

use crate::Error;

/// A compiled pattern, and the option that holds it.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: jdk_regex::Pattern,
    option: &'static str,
}

impl Pattern {
    /// # Errors
    /// `option_invalid` when Java refuses the pattern, or it is not supported.
    pub(super) fn new(source: &str, option: &'static str) -> Result<Self, Error> {
        let regex = jdk_regex::Pattern::new(source).map_err(|error| invalid(option, &error))?;
        Ok(Pattern { regex, option })
    }

    /// Number of capturing groups.
    pub(super) fn groups(&self) -> usize {
        self.regex.groups()
    }

    /// Size of the program, for [`Budget::new`].
    pub(super) fn instructions(&self) -> usize {
        self.regex.instructions()
    }
}

/// Finds a pattern's matches. All its errors are `option_invalid`: the budget is spent.
#[derive(Debug)]
pub(super) struct Matcher<'p> {
    matcher: jdk_regex::Matcher<'p>,
    option: &'static str,
}

impl<'p> Matcher<'p> {
    pub(super) fn new(pattern: &'p Pattern) -> Self {
        Matcher { matcher: jdk_regex::Matcher::new(&pattern.regex), option: pattern.option }
    }

    /// The first match, in bytes.
    pub(super) fn find(&mut self, text: &str, budget: &mut Budget) -> Result<Option<Range<usize>>, Error> {
        self.matcher.find(text, budget).map_err(|error| invalid(self.option, &error))
    }

    /// All matches, in bytes, without overlap.
    pub(super) fn find_all(&mut self, text: &str, budget: &mut Budget) -> Result<Vec<Range<usize>>, Error> {
        self.matcher.find_all(text, budget).map_err(|error| invalid(self.option, &error))
    }

    /// A group's range in the last match; `None` for a group that did not take part.
    pub(super) fn group(&self, group: usize) -> Option<Range<usize>> {
        self.matcher.group(group)
    }
}

fn invalid(option: &str, error: &jdk_regex::Error) -> Error {
    Error::OptionInvalid { option: option.to_string(), reason: error.to_string() }
}
