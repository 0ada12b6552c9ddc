//! Changes to inputs that hold several files.

use fastrand::Rng;
use zip::CompressionMethod;

use super::{bytes, graph, json_value};
use crate::archive;
use crate::bag::{self, Files};

/// Names of files that some layout of models has.
const NAMES: [&str; 16] = [
    "manifest.json",
    "vocab.txt",
    "model.onnx",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "onnx/model.onnx",
    "model.onnx_data",
    "metadata/part-00000",
    "fields/labels/part-00000",
    "fields/vocabulary/part-00001",
    "assets/vocab.txt",
    "../a",
];

/// Changes a file of a [bag](crate::mutate), or what files there are.
pub fn bag(input: &mut Vec<u8>, random: &mut Rng) {
    let mut files = bag::unpack(input);
    if files.is_empty() || random.u8(..16) == 0 {
        return bytes::plain(input, random);
    }
    change(&mut files, random);
    *input = bag::pack(&files);
}

/// Changes a file in a zip, or what files there are; now and then the zip's own bytes.
pub fn zip(input: &mut Vec<u8>, random: &mut Rng) {
    let files = archive::unpack(input).filter(|files| !files.is_empty());
    let Some(mut files) = files.filter(|_| random.u8(..4) > 0) else { return bytes::plain(input, random) };
    change(&mut files, random);
    let method = if random.bool() { CompressionMethod::Deflated } else { CompressionMethod::Stored };
    *input = archive::pack(&files, method);
    if random.u8(..8) == 0 {
        bytes::plain(input, random);
    }
}

fn change(files: &mut Files, random: &mut Rng) {
    let at = random.usize(..files.len());
    match random.usize(..12) {
        0 => drop(files.remove(at)),
        1 => files[at].0 = random.choice(NAMES).unwrap_or_default().into(),
        2 => files.push((random.choice(NAMES).unwrap_or_default().into(), files[at].1.clone())),
        _ => {
            let (name, content) = &mut files[at];
            if name.contains("onnx") && content.starts_with(b"PK") {
                zip(content, random);
            } else if name.contains("onnx") {
                graph::onnx(content, random);
            } else if name.ends_with(".json") || name.starts_with("metadata") {
                json_value::json(content, random);
            } else if name.ends_with(".txt") {
                bytes::words(content, random);
            } else {
                bytes::plain(content, random);
            }
        }
    }
}
