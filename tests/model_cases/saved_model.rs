//! Saved models of Spark NLP's other classes, made from the one of BERT's that is in the repository.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::common::repository;

const BERT: &str = "tests/golden/models/saved_hub_root.zip";

/// Replacements within a file: from, to.
type Replacements = &'static [(&'static str, &'static str)];

/// Class, name of the graph, and special word pieces. Old and new are of one length, as Java's serialisation has lengths.
const CLASSES: [(&str, &str, Replacements); 2] = [
    ("DistilBertForTokenClassification", "distilbert_classification_onnx", &[]),
    (
        "RoBertaForTokenClassification",
        "roberta_classification_onnx",
        &[("[CLS]", "<s>__"), ("[SEP]", "</s>_"), ("[UNK]", "<unk>"), ("[PAD]", "<pad>")],
    ),
];

/// Writes the saved model of a class, named `CLASS.zip`, to `file`.
pub fn write(name: &str, file: &Path) {
    let class = CLASSES.iter().find(|(class, ..)| name.strip_suffix(".zip") == Some(class));
    let (class, graph, pieces) = class.unwrap_or_else(|| panic!("no saved model {name}"));
    let mut bert = ZipArchive::new(File::open(repository(BERT)).expect("a saved model")).expect("a zip");
    let mut zip = ZipWriter::new(File::create(file).expect("a file"));
    for i in 0..bert.len() {
        let mut entry = bert.by_index(i).expect("an entry");
        if entry.is_dir() {
            continue;
        }
        let path = entry.name().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("readable bytes");
        if path == "metadata/part-00000" {
            bytes = replace(&bytes, "BertForTokenClassification", class);
        } else if path.starts_with("fields/vocabulary/part") {
            bytes = pieces.iter().fold(bytes, |bytes, (old, new)| replace(&bytes, old, new));
        }
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        zip.start_file(path.replace("bert_classification_onnx", graph), options).expect("an entry");
        zip.write_all(&bytes).expect("written bytes");
    }
    zip.finish().expect("a zip");
}

/// Replaces the first occurrence.
fn replace(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let Some(at) = bytes.windows(old.len()).position(|part| part == old.as_bytes()) else { return bytes.to_vec() };
    [&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat()
}
