//! Thousands of damaged model files, of every format: each is read, or refused with a coded error. None may panic.

mod common;

use std::io::{Cursor, Read};
use std::panic::{catch_unwind, AssertUnwindSafe};

use common::{bundle_files, repository, TINY};
use fastrand::Rng;
use glossa_ner::model::{Manifest, MemoryFiles};
use glossa_ner::{AnnotateOptions, Annotator, Options};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

type Files = Vec<(String, Vec<u8>)>;

/// Bytes that mean something to some reader: ends of ranges, tags of protobuf and Java, signatures.
const TELLING: [&[u8]; 12] = [
    &[0],
    &[0xFF],
    &[0x7F, 0xFF, 0xFF, 0xFF],
    &[0xFF, 0xFF, 0xFF, 0xFF],
    &[0x80, 0, 0, 0],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
    b"PK\x03\x04",
    b"PK\x01\x02",
    &[0x71, 0, 0x7E, 0, 1],
    &[0x72, 0, 1],
    &[0x75, 0x72],
    b"SEQ\x06",
];

/// Changes bytes, in one to four ways.
fn mutate(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..5) {
        if bytes.is_empty() {
            return;
        }
        let at = random.usize(..bytes.len());
        match random.usize(..6) {
            0 => bytes[at] ^= 1 << random.usize(..8),
            1 => bytes[at] = random.u8(..),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..(at + random.usize(1..9)).min(bytes.len()))),
            4 => drop(bytes.splice(at..at, random.choice(TELLING).unwrap_or_default().iter().copied())),
            _ => {
                let telling = random.choice(TELLING).unwrap_or_default();
                let end = (at + telling.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&telling[..end - at]);
            }
        }
    }
}

/// Loads what is in the files and annotates by it. Gives the error's code, or none.
fn load(files: &Files) -> Option<&'static str> {
    let mut memory = MemoryFiles::new("memory");
    files.iter().for_each(|(name, bytes)| memory.insert(name.clone(), bytes.clone()));
    let annotate = |annotator: Annotator| annotator.annotate("IL-2 gene \u{1F9EC}", &AnnotateOptions::default());
    Annotator::load(&memory, &Options::default()).and_then(annotate).err().map(|error| error.code())
}

/// Reads as many mutations of one of the files, and requires that some are refused.
fn check(count: u64, files: &Files, file: &str, repair: impl Fn(&mut Files)) {
    assert_eq!(load(files), None, "{file}");
    let at = files.iter().position(|(name, _)| name == file).expect("a file");
    let mut refused = 0;
    for seed in 0..count {
        let mut mutated = files.clone();
        mutate(&mut mutated[at].1, &mut Rng::with_seed(seed));
        repair(&mut mutated);
        let code = catch_unwind(AssertUnwindSafe(|| load(&mutated)));
        refused += u64::from(code.unwrap_or_else(|_| panic!("{file}: a panic at seed {seed}")).is_some());
    }
    assert!(refused > count / 20, "{file}: {refused} of {count} refused");
}

/// A saved model of Spark NLP, unpacked.
fn saved() -> Files {
    let zip = std::fs::read(repository("tests/golden/models/saved_hub_root.zip")).expect("a zip");
    let mut zip = ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut files = Files::new();
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).expect("an entry");
        if entry.is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("bytes");
            files.push((entry.name().to_string(), bytes));
        }
    }
    files
}

fn folder(folder: &str, names: &[&str]) -> Files {
    let read = |name: &&str| (name.to_string(), std::fs::read(repository(folder).join(name)).expect(name));
    names.iter().map(read).collect()
}

#[test]
fn archives() {
    let bytes = std::fs::read(repository("tests/golden/models/saved_hub_root.zip")).expect("a zip");
    check(300, &vec![("model.zip".into(), bytes)], "model.zip", |_| ());
    check(300, &saved(), "bert_classification_onnx", |_| ());
}

#[test]
fn sequence_files_of_java_objects() {
    for file in ["fields/labels/part-00000", "fields/vocabulary/part-00000", "metadata/part-00000"] {
        check(700, &saved(), file, |_| ());
    }
}

/// A bundle whose manifest is made true again, so that the mutation is read.
#[test]
fn onnx_files() {
    let repair = |files: &mut Files| {
        let mut manifest = Manifest::parse(&files[0].1, "").expect("a manifest");
        for entry in &mut manifest.files {
            let (_, bytes) = files.iter().find(|(name, _)| *name == entry.path).expect("a file");
            entry.bytes = bytes.len() as u64;
            entry.sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        }
        files[0].1 = serde_json::to_vec(&manifest).expect("JSON");
    };
    check(1000, &bundle_files(TINY), "model.onnx", repair);
    check(500, &bundle_files(TINY), "vocab.txt", repair);
}

#[test]
fn settings() {
    check(2000, &bundle_files(TINY), "manifest.json", |_| ());
    let names = ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model.onnx"];
    let hugging_face = folder("tests/golden/models/hf_cellular", &names);
    check(300, &hugging_face, "config.json", |_| ());
    check(200, &hugging_face, "tokenizer.json", |_| ());
}
