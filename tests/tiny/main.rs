//! The tiny model of the tests: its files, and what it finds.
//!
//! `GLOSSA_UPDATE=1 cargo test --release --test tiny` writes the files anew, `expected.json` included.

#[path = "../common/mod.rs"]
mod common;
mod maker;
#[path = "../common/onnx.rs"]
mod onnx;

use common::{found, repository, slice, TINY};
use glossa_ner::engine::{Fused, Precision};
use glossa_ner::{AnnotateOptions, Chunk, Options};
use serde::{Deserialize, Serialize};

/// Largest difference between two confidences in f32 arithmetic.
const TOLERANCE: f32 = 1e-4;

/// One text of `expected.json`, with the chunks that default options give.
#[derive(Serialize, Deserialize)]
struct Expected {
    text: String,
    chunks: Vec<Chunk>,
}

/// The texts of `expected.json`.
fn texts() -> Vec<String> {
    let sentence = "IL-2 gene expression requires NF-kappa B in human T cells. ";
    vec![
        String::new(),
        " \r\n\t ".into(),
        sentence.trim_end().into(),
        "The gene activates cells, and the t receptor cells.".into(),
        "(GATA-1) binding to the GATA-1 gene;\r\nCD28/IL-2 and\u{A0}CD28 \u{2192} NF-kappa B".into(),
        "\u{1F9EC}\u{1F9EC} CD28 in \u{1F469}\u{200D}\u{1F52C} T cells, the CD28 promote\u{301}r\0and IL-2".into(),
        "blank IL-2 blank".into(),
        sentence.repeat(6),
    ]
}

fn updating() -> bool {
    std::env::var_os("GLOSSA_UPDATE").is_some()
}

#[test]
fn the_files_are_those_that_the_code_makes() {
    for (name, bytes) in maker::files() {
        let path = repository(TINY).join(name);
        if updating() {
            std::fs::write(&path, &bytes).expect("a written file");
        }
        assert!(std::fs::read(&path).expect(name) == bytes, "{name} is another; GLOSSA_UPDATE=1 writes it anew");
    }
}

#[test]
fn labels_follow_the_rules() {
    let annotator = maker::annotator(&Options::default());
    let check = |text: &str, expected: &[(&str, &str)]| {
        let chunks = annotator.annotate(text, &AnnotateOptions::default()).expect("chunks").chunks;
        assert_eq!(found(&chunks), expected, "{text}");
    };
    let sentence = [("IL-2 gene", "DNA"), ("NF-kappa B", "protein"), ("T cells", "cell_type")];
    let text = "IL-2 gene expression requires NF-kappa B in human T cells. ";
    check(text, &sentence);
    check(&text.repeat(6), &sentence.repeat(6));
    check("The gene activates cells.", &[("cells", "cell_type")]);
    check("t cells, T cells", &[("cells", "cell_type"), ("T cells", "cell_type")]);
    check("CD28 receptor, blank", &[("CD28 receptor", "protein")]);
}

#[test]
fn expected_chunks_are_found() {
    let annotator = maker::annotator(&Options::default());
    let annotate = |text: &str| annotator.annotate(text, &AnnotateOptions::default()).expect("chunks").chunks;
    let path = repository(TINY).join("expected.json");
    if updating() {
        let expected: Vec<_> = texts().into_iter().map(|text| Expected { chunks: annotate(&text), text }).collect();
        std::fs::write(&path, serde_json::to_string_pretty(&expected).expect("JSON") + "\n").expect("a written file");
    }
    let expected: Vec<Expected> = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
    assert_eq!(expected.iter().map(|expected| expected.text.clone()).collect::<Vec<_>>(), texts());
    for Expected { text, chunks } in expected {
        let found = annotate(&text);
        assert_eq!(found.len(), chunks.len(), "{text}: {found:?}");
        for (found, expected) in found.iter().zip(&chunks) {
            let difference = found.confidence.expect("a confidence") - expected.confidence.expect("a confidence");
            assert!(difference.abs() <= TOLERANCE, "{found:?}, recorded {expected:?}");
            assert_eq!(found, &Chunk { confidence: found.confidence, ..expected.clone() });
            assert_eq!(slice(&text, found.begin, found.end), found.text);
        }
    }
}

#[test]
fn every_part_runs_by_our_own_operations() {
    let fused = |precision| maker::annotator(&Options { precision, ..Options::default() }).fused();
    let f32 = Fused { linear: 0, gelu: 0, attention: 1, norm: 2, embedding: 1 };
    assert_eq!(fused(Precision::Auto), f32);
    assert_eq!(fused(Precision::Int8), Fused { linear: 7, gelu: 1, ..f32 });
}
