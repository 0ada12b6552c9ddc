//! Compiled patterns.

use crate::error::Error;
use crate::parse::parse;
use crate::program::Program;

/// A compiled pattern. Search with a [`Matcher`](crate::Matcher).
#[derive(Debug)]
pub struct Pattern {
    source: String,
    pub(crate) program: Program,
}

impl Pattern {
    /// Compiles a pattern in the syntax of JDK 17.
    ///
    /// # Errors
    /// [`Error::Invalid`] when Java would refuse the pattern, or when it uses what this crate leaves out.
    pub fn new(source: &str) -> Result<Self, Error> {
        match parse(source) {
            Ok((node, groups)) => Ok(Pattern { source: source.to_string(), program: Program::new(&node, groups) }),
            Err(reason) => Err(Error::Invalid { pattern: source.to_string(), reason }),
        }
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Number of capturing groups; group 0, the whole match, is not counted.
    pub fn groups(&self) -> usize {
        self.program.groups
    }

    /// Size of the program, for [`Budget::new`](crate::Budget::new).
    pub fn instructions(&self) -> usize {
        self.program.instructions.len()
    }
}
