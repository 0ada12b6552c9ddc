//! What several test programs need.
#![allow(dead_code)] // Each program uses its own part.

pub mod onnx;
pub mod tiny;

use std::path::{Path, PathBuf};

/// A path that starts at the repository's root.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The part of a text between two UTF-16 offsets, the end exclusive.
pub fn slice(text: &str, begin: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(&units[begin..end]).expect("offsets between characters")
}
