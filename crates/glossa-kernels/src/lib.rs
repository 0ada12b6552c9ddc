#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod attention;
pub mod int8;
pub mod norm;

mod bytes;
mod gelu;
mod lanes;

pub use bytes::as_signed;
