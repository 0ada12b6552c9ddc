//! What several test programs need.
#![allow(dead_code)] // Each program uses its own part.

use std::path::{Path, PathBuf};

use glossa_ner::model::{Folder, Source as _};
use glossa_ner::{Annotator, Chunk, Options};

/// The folder of the tiny model: `tests/tiny/maker.rs` says what it finds.
pub const TINY: &str = "tests/models/tiny";

/// A path that starts at the repository's root.
pub fn repository(path: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().map(|folder| folder.join(path)).find(|path| path.exists()).unwrap_or_else(|| package.join(path))
}

/// Whether the tests run in the package that crates.io has, and say so with a reason: then, and only then, what the
/// package leaves out may be passed over.
pub fn in_package(reason: &str) -> bool {
    // `cargo package` writes it.
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml.orig").exists();
    if found {
        println!("passed over in the package: {reason}");
    }
    found
}

/// The tiny model's folder, as a flag takes it.
pub fn tiny_path() -> String {
    repository(TINY).display().to_string()
}

/// The tiny model, loaded.
pub fn tiny(options: &Options) -> Annotator {
    Annotator::load(&Folder::open(repository(TINY)).expect("a folder"), options).expect("the tiny model")
}

/// The files of a bundle, by name.
pub fn bundle_files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Folder::open(repository(folder)).expect("a folder");
    ["manifest.json", "model.onnx", "vocab.txt"]
        .map(|name| (name.to_string(), folder.require(name).expect(name)))
        .into()
}

/// The part of a text between two UTF-16 offsets, the end exclusive.
pub fn slice(text: &str, begin: usize, end: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    String::from_utf16(&units[begin..end]).expect("offsets between characters")
}

/// Chunks without their confidences: the text and the entity of each.
pub fn found(chunks: &[Chunk]) -> Vec<(&str, &str)> {
    chunks.iter().map(|chunk| (chunk.text.as_str(), chunk.entity.as_str())).collect()
}

/// A folder that is removed when the test ends.
pub struct TemporaryFolder(pub PathBuf);

impl TemporaryFolder {
    /// `test` must be another for every test of the program.
    pub fn new(test: &str) -> Self {
        let name = format!("glossa-{}-{test}-{}", env!("CARGO_CRATE_NAME"), std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        TemporaryFolder(folder)
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, content).expect("a written file");
        file.display().to_string()
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
