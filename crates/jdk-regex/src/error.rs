//! What can go wrong.

use std::fmt;

/// Characters of a pattern that a message shows: a list of alternatives may be long.
const SHOWN: usize = 200;

/// Why a pattern was refused, or a search given up. The message begins with the pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Java refuses the pattern, or it uses syntax that this crate leaves out.
    Invalid {
        /// The pattern, as given.
        pattern: String,
        /// What is wrong, and near which character.
        reason: String,
    },
    /// The search needs more steps than are left in the [`Budget`](crate::Budget).
    BudgetSpent {
        /// The pattern, as given.
        pattern: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pattern, reason) = match self {
            Error::Invalid { pattern, reason } => (pattern, reason.as_str()),
            Error::BudgetSpent { pattern } => (pattern, "it needs more steps on this text than are allowed"),
        };
        let shown: String = pattern.chars().take(SHOWN).collect();
        write!(formatter, "{shown:?}: {reason}")
    }
}

impl std::error::Error for Error {}
