//! What a folder of cases holds: runs, each with the files of a model, a text file, and the chunks that onnxruntime gives.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::saved_model;

/// A folder whose subfolders are cases.
pub struct CaseSet {
    pub folder: PathBuf,
    pub cases: Vec<Case>,
}

/// A folder with an `expected.json`, and the files that its runs name.
#[derive(Deserialize)]
pub struct Case {
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    pub folder: PathBuf,
    /// Where the kind was reported, or how the models were made.
    pub source: String,
    /// Exporters that cannot write this family.
    #[serde(default)]
    pub unwritten: Vec<String>,
    pub runs: Vec<Run>,
}

/// A model, options and documents, with what must be found.
#[derive(Deserialize)]
pub struct Run {
    pub name: String,
    /// Flags of `glossa annotate`. `--model` names a folder of the case; if `files` is given, it is ignored.
    pub args: Vec<String>,
    /// Which files the model's folder is made of: from its paths to those of the case.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A file of JSON lines, in the case's folder or the one above.
    pub input: String,
    expected: Expected,
    /// The column of docs/models.md: `torchscript 14`, `dynamo 18`, …
    #[serde(default)]
    pub exporter: String,
    /// What is special about the files, in a few words; empty for a plain export.
    #[serde(default)]
    pub form: String,
}

impl Run {
    /// Whether the ONNX file's weights have 8 bits, by its name.
    pub fn is_eight_bits(&self) -> bool {
        self.files.values().any(|file| ["quantized", "int8"].iter().any(|word| file.contains(word)))
    }
}

/// A chunk as begin, end (UTF-16 code units), text, entity, confidence.
pub type ExpectedChunk = (usize, usize, String, String, f32);

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    /// The chunks of each document.
    Chunks(Vec<Vec<ExpectedChunk>>),
    /// `as in NAME`: those of another run of the case.
    AsIn(String),
    /// There is no right answer: the model must be refused.
    Refusal(()),
}

impl CaseSet {
    /// Reads the cases in the order of their names.
    pub fn read(folder: PathBuf) -> CaseSet {
        let mut cases = Vec::new();
        for entry in fs::read_dir(&folder).expect("a folder of cases") {
            let folder = entry.expect("an entry").path();
            let Ok(text) = fs::read(folder.join("expected.json")) else { continue };
            let case: Case = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            cases.push(Case { name, folder, ..case });
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(!cases.is_empty(), "{} has no cases", folder.display());
        CaseSet { folder, cases }
    }
}

impl Case {
    /// The chunks that a run must find in each document; `None` if its model must be refused.
    pub fn expected<'c>(&'c self, run: &'c Run) -> Option<&'c [Vec<ExpectedChunk>]> {
        match &run.expected {
            Expected::Chunks(chunks) => Some(chunks),
            Expected::Refusal(()) => None,
            Expected::AsIn(other) => {
                let name = other.strip_prefix("as in ").unwrap_or(other);
                let same = self.runs.iter().find(|run| run.name == name);
                self.expected(same.unwrap_or_else(|| panic!("{}: no run {name}", self.name)))
            }
        }
    }

    /// The documents of a run: the `text` of each line.
    pub fn documents(&self, run: &Run) -> Vec<String> {
        let own = self.folder.join(&run.input);
        let file = if own.exists() { own } else { self.folder.join("..").join(&run.input) };
        let lines = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let document = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).expect("a record");
            record["text"].as_str().expect("a text").to_string()
        };
        lines.lines().map(document).collect()
    }

    /// Puts the model's files into `folder`, unpacked.
    pub fn unpack(&self, run: &Run, folder: &Path) {
        if run.files.is_empty() {
            let name = run.args.iter().skip_while(|arg| *arg != "--model").nth(1).expect("--model FOLDER");
            if name.ends_with(".zip") {
                saved_model::write(name, &folder.join(name));
            } else {
                copy_all(&self.folder.join(name), folder);
            }
        }
        for (to, from) in &run.files {
            copy(&self.folder.join(from), &folder.join(to));
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            copy_all(&path, &to.join(name));
        } else {
            let name = name.strip_suffix(".xz").unwrap_or(&name);
            copy(&from.join(name), &to.join(name));
        }
    }
}

/// Copies a file, or unpacks the one that has `.xz` after its name.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    let bytes = fs::read(from).unwrap_or_else(|_| {
        let packed = PathBuf::from(format!("{}.xz", from.display()));
        let packed = fs::read(&packed).unwrap_or_else(|e| panic!("{}: {e}", packed.display()));
        let mut bytes = Vec::new();
        lzma_rs::xz_decompress(&mut Cursor::new(packed), &mut bytes).expect("an xz file");
        bytes
    });
    fs::write(to, bytes).expect("a written file");
}
