//! Every surface that strangers' bytes reach, as a function of bytes: it returns whatever they are, within a second and some
//! megabytes. It panics where a law is broken, such as that a chunk is the part of the text that its offsets name.
//!
//! Three things run them. The tests of this package replay the inputs of `corpus/` and mutate them, a fixed number of times
//! ([`run`]). cargo-fuzz runs them under libFuzzer, by the targets of `targets/`. And the program `glossa-fuzz` replays an
//! input that one of the others has written down.
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod archive;
mod bag;
mod java;
mod laws;
mod models;
pub mod mutate;
#[path = "../../tests/common/onnx.rs"]
#[expect(unreachable_pub, reason = "it is shared with programs")]
mod onnx_maker;
pub mod run;
mod seeds;
mod surfaces;

use std::path::{Path, PathBuf};

use fastrand::Rng;
pub use glossa_ner::engine::quiet_guarded_panics;

pub use surfaces::SURFACES;

/// Inputs that are longer are cut: what takes its time in proportion should not count as slow.
pub const LONGEST_INPUT: usize = 128 << 10;

/// Something that reads bytes of strangers.
#[derive(Debug, Clone, Copy)]
pub struct Surface {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Takes any bytes. Panics only where a law is broken.
    pub run: fn(&[u8]),
    /// Changes an input so that it remains nearly one.
    pub mutate: fn(&mut Vec<u8>, &mut Rng),
    /// How often the tests run it on mutated inputs.
    pub executions: u64,
}

impl Surface {
    /// The surface of this name.
    pub fn named(name: &str) -> Option<&'static Surface> {
        SURFACES.iter().find(|surface| surface.name == name)
    }

    /// Runs it on an input, cut to [`LONGEST_INPUT`].
    pub fn check(&self, input: &[u8]) {
        (self.run)(&input[..input.len().min(LONGEST_INPUT)]);
    }

    /// The inputs to begin with, in a fixed order: those of its folder, and those made of the repository's test files.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        seeds::of(self.name)
    }
}

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
