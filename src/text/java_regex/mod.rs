//! Regular expressions as java.util.regex (JDK 17) reads them.
//!
//! Spark NLP's patterns are Java's. They are matched here by an engine of their own rather than translated for another
//! one, for two reasons: classes, boundaries, quantifiers and back-references then mean what they mean in Java, and
//! every step is counted, so that a hostile pattern ends in an error after a time that is known beforehand.
//!
//! Unlike Java, which counts UTF-16 units, a match never begins or ends within a surrogate pair. Left out, and refused
//! by [`Pattern::new`]: `\X`, `\b{g}`, `\N{…}`, lone surrogates and a look-behind without a greatest length (Java
//! refuses that too). Unicode properties are those of the `regex-syntax` crate, which knows newer characters than
//! JDK 17 does. A look-behind may be of any length.

mod brackets;
mod escapes;
mod matcher;
mod node;
mod parse;
mod places;
mod program;
mod set;

pub(crate) use matcher::Matcher;

use program::Program;

use crate::Error;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: String,
    option: &'static str,
    program: Program,
}

/// How many steps patterns may still take in one document. A step is one instruction of a program, or one character
/// that a repetition reads.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// Steps for every document, so that short ones may be difficult.
    const ALWAYS: u64 = 2_000_000;
    /// Steps for every byte of the text: ordinary patterns take 1 to 30.
    const PER_BYTE: u64 = 300;

    /// For a text of so many bytes and patterns of so many instructions: time is linear in both.
    pub(crate) fn new(bytes: usize, instructions: usize) -> Self {
        let per_byte = Self::PER_BYTE.saturating_add(instructions as u64);
        Budget(Self::ALWAYS.saturating_add(per_byte.saturating_mul(bytes as u64)))
    }

    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(Exhausted)?;
        Ok(())
    }
}

/// The budget is spent.
#[derive(Debug)]
struct Exhausted;

impl Pattern {
    /// Compiles a pattern; `option` names it in errors.
    ///
    /// # Errors
    /// `option_invalid` when Java would refuse the pattern, or when it uses what is left out here.
    pub(crate) fn new(source: &str, option: &'static str) -> Result<Self, Error> {
        let invalid = |reason: String| invalid(option, source, &reason);
        let (node, groups) = parse::parse(source).map_err(invalid)?;
        let program = Program::new(&node, groups);
        Ok(Pattern { source: source.to_string(), option, program })
    }

    /// Number of capturing groups.
    pub(crate) fn groups(&self) -> usize {
        self.program.groups
    }

    /// Size of the program, for [`Budget::new`].
    pub(crate) fn instructions(&self) -> usize {
        self.program.instructions.len()
    }

    fn exhausted(&self) -> Error {
        invalid(self.option, &self.source, "it needs more steps on this text than are allowed")
    }
}

fn invalid(option: &str, pattern: &str, reason: &str) -> Error {
    // A list of exceptions may be long.
    let shown: String = pattern.chars().take(200).collect();
    Error::OptionInvalid { option: option.to_string(), reason: format!("{shown:?}: {reason}") }
}

#[cfg(test)]
mod tests;
