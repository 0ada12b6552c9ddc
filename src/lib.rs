#![doc = include_str!("../docs/rust.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod annotation;
mod annotator;
mod error;
mod format;
#[cfg(not(target_arch = "wasm32"))]
mod load_limits;
mod options;
mod pipeline;
mod zip_limits;

#[cfg(all(feature = "cli", not(target_arch = "wasm32")))]
pub mod command_line;
pub mod engine;
#[cfg(feature = "formats")]
pub mod formats;
pub mod labels;
pub mod model;
pub mod pipeline_file;
pub mod text;

/// Its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(all(target_arch = "wasm32", feature = "javascript"))]
mod wasm;

pub use annotation::{Annotation, Chunk, ChunkToken, LabelScore, LabelledTokens, TokenLabel};
pub use annotator::Annotator;
pub use error::Error;
pub use format::Format;
pub use labels::{AggregationStrategy, Decoding, LabelCasing};
#[cfg(not(target_arch = "wasm32"))]
pub use load_limits::{LoadBudget, LoadLimits};
#[cfg(feature = "schema")]
pub use options::schema;
pub use options::{AnnotateOptions, Encoding, Mode, Options};
pub use pipeline::{Job, WindowScores};
