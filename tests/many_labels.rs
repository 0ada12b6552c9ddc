//! Models with very many labels: load in linear time and memory, or are refused.

#[path = "common/onnx.rs"]
mod onnx;

use glossa_ner::labels::{Decoding, MOST_VITERBI_LABELS};
use glossa_ner::model::MemoryFiles;
use glossa_ner::{AnnotateOptions, Annotator, Error, Options};
use onnx::{floats, graph, model, node};

/// A model whose every word piece has the last label.
fn load(labels: &[String], decoding: Decoding) -> Result<Annotator, Error> {
    let mut row = vec![0.0; labels.len()];
    row[labels.len() - 1] = 9.0;
    let nodes =
        [node("Gather", &["table", "input_ids"], "pieces", &[]), node("MatMul", &["pieces", "rows"], "logits", &[])];
    let tensors = [floats("table", &[4, 1], &[1.0; 4]), floats("rows", &[1, labels.len()], &row)];
    let mut files = MemoryFiles::new("memory");
    files.insert("model.onnx", model(17, Some(graph(&["input_ids"], &nodes, &tensors))));
    files.insert("assets/vocab.txt", b"[UNK]\n[CLS]\n[SEP]\na\n".to_vec());
    files.insert("assets/labels.txt", labels.join("\n").into_bytes());
    Annotator::load(&files, &Options { decoding: Some(decoding), ..Default::default() })
}

fn labels(count: usize) -> Vec<String> {
    std::iter::once("O".to_string()).chain((1..count).map(|id| format!("I-{id}"))).collect()
}

#[test]
fn labels_take_linear_time_where_each_token_is_decoded_by_itself() {
    // With a step or an entry for each pair of labels these would take minutes, and more memory than there is.
    let labels = labels(100_000);
    let annotator = load(&labels, Decoding::Argmax).expect("a model");
    assert_eq!(annotator.entities().len(), 99_999);
    let found = annotator.annotate("a", &AnnotateOptions::default()).expect("chunks");
    assert_eq!(found.chunks.iter().map(|chunk| chunk.entity.as_str()).collect::<Vec<_>>(), ["99999"]);
}

#[test]
fn viterbi_takes_a_limited_number_of_labels() {
    let labels = labels(MOST_VITERBI_LABELS + 1);
    assert!(load(&labels[..MOST_VITERBI_LABELS], Decoding::Viterbi).is_ok());
    let error = load(&labels, Decoding::Viterbi).expect_err("too many");
    assert_eq!(error.code(), "labels_invalid");
    assert!(error.to_string().contains(&MOST_VITERBI_LABELS.to_string()), "{error}");
}
