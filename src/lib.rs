#![doc = include_str!("../README.md")]
#![warn(missing_docs, unreachable_pub)]

mod aggregate;
mod annotator;
mod chunk;
mod decode;
mod error;
mod hugging_face;

pub mod compare;
pub mod engine;
pub mod eval;
pub mod export;
pub mod model;
pub mod pipeline;
pub mod text;

#[cfg(target_arch = "wasm32")]
mod wasm;

pub use aggregate::AggregationStrategy;
pub use annotator::{AnnotateOptions, Annotation, Annotator, Encoding, Job, Labelling, Mode, Options};
pub use chunk::{align, convert, Chunk, ConverterOptions, LabelCasing, TokenLabel};
pub use decode::{DecoderDefaults, Decoding};
pub use error::Error;
