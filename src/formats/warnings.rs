//! What a conversion loses, said with counts.

use std::collections::BTreeMap;
use std::fmt;

/// What could not be kept as it was, and how often: a format cannot hold everything that another can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings(BTreeMap<&'static str, usize>);

impl Warnings {
    /// Counts what happened, in words that fit before a number: `relations, which are not read`.
    pub fn add(&mut self, what: &'static str, times: usize) {
        if times > 0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Adds those of another part of the work.
    pub fn merge(&mut self, other: &Warnings) {
        other.iter().for_each(|(what, times)| self.add(what, times));
    }

    /// Whether all was kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What happened, in the order of the alphabet, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.0.iter().map(|(what, times)| (*what, *times))
    }
}

impl fmt::Display for Warnings {
    /// `relations, which are not read: 3; …`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (what, times)) in self.iter().enumerate() {
            let comma = if i == 0 { "" } else { "; " };
            write!(out, "{comma}{what}: {times}")?;
        }
        Ok(())
    }
}
