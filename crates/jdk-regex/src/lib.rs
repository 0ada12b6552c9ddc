#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod boundary;
mod brackets;
mod budget;
mod cursor;
mod error;
mod escapes;
mod matcher;
mod node;
mod parse;
mod pattern;
mod program;
mod set;

pub use budget::Budget;
pub use error::Error;
pub use matcher::Matcher;
pub use pattern::Pattern;
