#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod annotation;
mod annotator;
mod error;
#[cfg(not(target_arch = "wasm32"))]
mod load_limits;
mod options;
mod pipeline;
mod zip_limits;

pub mod engine;
pub mod formats;
pub mod labels;
pub mod model;
pub mod pipeline_file;
pub mod text;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use annotation::{Annotation, Chunk, ChunkToken, LabelScore, LabelledTokens, TokenLabel};
pub use annotator::Annotator;
pub use error::Error;
pub use labels::{AggregationStrategy, Decoding, LabelCasing};
#[cfg(not(target_arch = "wasm32"))]
pub use load_limits::{LoadBudget, LoadLimits};
#[cfg(feature = "schema")]
pub use options::schema;
pub use options::{AnnotateOptions, Encoding, Mode, Options};
pub use pipeline::{Job, WindowScores};
