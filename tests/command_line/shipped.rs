//! Pins the weights in `www/models`. This is the only test to record again when a model is retrained:
//! `GLOSSA_UPDATE=1 cargo test --release --test command_line shipped`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::common::{in_package, repository};
use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Options};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MODELS: [&str; 3] = ["biomedical", "cellular", "clinical_trials"];
const FOLDER: &str = "tests/golden/shipped";
/// Largest difference from a recorded confidence: f32 sums in another order may change how int8 activations are rounded.
const TOLERANCE: f32 = 0.01;

/// One of our own sentences with its gold entities, offsets in code points.
#[derive(Deserialize)]
struct Record {
    text: String,
    entities: BTreeSet<(usize, usize, String)>,
}

/// The expected results of a model on the sentences of its file.
#[derive(Serialize, Deserialize)]
struct Expected {
    /// The chunks of each sentence: begin and end in UTF-16 code units, entity, confidence.
    chunks: Vec<Vec<(usize, usize, String, f32)>>,
    /// F1 by exact span.
    f1: f64,
}

fn records(model: &str) -> Vec<Record> {
    let lines = std::fs::read_to_string(repository(FOLDER).join(format!("{model}.jsonl"))).expect("sentences");
    lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

fn find(model: &str) -> Vec<Vec<(usize, usize, String, f32)>> {
    let folder = Folder::open(repository("www/models").join(model)).expect("a shipped model");
    let annotator = Annotator::load(&folder, &Options::default()).expect("a shipped model");
    let annotate = |record: Record| {
        let chunks = annotator.annotate(&record.text, &AnnotateOptions::default()).expect("chunks").chunks;
        chunks.into_iter().map(|c| (c.begin, c.end, c.entity, c.confidence.expect("a confidence"))).collect()
    };
    records(model).into_iter().map(annotate).collect()
}

/// The last line of `glossa eval`.
fn report(model: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_glossa"))
        .args(["eval", "--model"])
        .args([repository("www/models").join(model), repository(FOLDER).join(format!("{model}.jsonl"))])
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON")
}

/// F1 by exact span, computed from its definition.
fn f1(records: &[Record], chunks: &[Vec<(usize, usize, String, f32)>]) -> f64 {
    let (mut right, mut marked, mut found) = (0, 0, 0);
    for (record, chunks) in records.iter().zip(chunks) {
        let units: Vec<u16> = record.text.encode_utf16().collect();
        let point =
            |unit: usize| String::from_utf16(&units[..unit]).expect("a place between characters").chars().count();
        let spans: BTreeSet<_> =
            chunks.iter().map(|(b, e, entity, _)| (point(*b), point(*e), entity.clone())).collect();
        right += spans.intersection(&record.entities).count();
        marked += record.entities.len();
        found += spans.len();
    }
    2.0 * right as f64 / (marked + found) as f64
}

#[test]
fn shipped_models_find_what_was_recorded() {
    if in_package("the shipped models are not in it") {
        return;
    }
    let path = repository(FOLDER).join("expected.json");
    if std::env::var_os("GLOSSA_UPDATE").is_some() {
        let record = |model: &str| {
            let chunks = find(model);
            (model.to_string(), Expected { f1: f1(&records(model), &chunks), chunks })
        };
        let recorded: BTreeMap<String, Expected> = MODELS.map(record).into();
        std::fs::write(&path, serde_json::to_string_pretty(&recorded).expect("JSON") + "\n").expect("a written file");
    }
    let expected = std::fs::read(path).expect("expected.json");
    let expected: BTreeMap<String, Expected> = serde_json::from_slice(&expected).expect("JSON");
    assert_eq!(expected.keys().collect::<Vec<_>>(), MODELS);
    for (model, expected) in &expected {
        let found = find(model);
        assert_eq!(found.len(), expected.chunks.len(), "{model}");
        for (found, expected) in found.iter().zip(&expected.chunks) {
            assert_eq!(found.len(), expected.len(), "{model}: {found:?}, recorded {expected:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!((found.0, found.1, &found.2), (expected.0, expected.1, &expected.2), "{model}");
                assert!((found.3 - expected.3).abs() <= TOLERANCE, "{model}: {found:?}, recorded {expected:?}");
            }
        }
        // `glossa eval`, which measured the scores in the manifests, agrees with the definition.
        let reported = report(model)["exact"]["f1"].as_f64().expect("a number");
        assert!((reported - f1(&records(model), &found)).abs() < 1e-9, "{model}: {reported}");
        assert!((reported - expected.f1).abs() < 1e-9, "{model}: {reported}, recorded {}", expected.f1);
    }
}
