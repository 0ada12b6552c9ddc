//! Graphs as exporters write them, made by `tests/graphs/export.py`: each gives onnxruntime's logits, and what is said
//! to run by our own operations does.

use std::path::Path;

use glossa_ner::engine::{Classifier, ClassifierSetup, Fused, Precision};
use serde_json::Value;

/// Largest difference between a recorded logit and one of f32 arithmetic.
const TOLERANCE: f32 = 1e-4;
/// The same where linear layers run in int8; the logits are about 1.
const INT8_TOLERANCE: f32 = 0.1;

/// The one layer of the models has four linear layers and two before the labels are its own.
const F32: Fused = Fused { linear: 0, gelu: 0, attention: 1, norm: 2, embedding: 1 };
const INT8: Fused = Fused { linear: 7, gelu: 1, ..F32 };

struct Graph {
    onnx: Vec<u8>,
    name: &'static str,
    ids: Vec<u32>,
    logits: Vec<f32>,
}

impl Graph {
    fn read(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graphs");
        let recorded = std::fs::read(folder.join("recorded.json")).expect("recorded.json");
        let recorded: Value = serde_json::from_slice(&recorded).expect("JSON");
        let numbers = |value: &Value| -> Vec<f64> {
            value.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
        };
        Graph {
            onnx: std::fs::read(folder.join(format!("{name}.onnx"))).expect("a graph"),
            name,
            ids: numbers(&recorded["ids"]).iter().map(|&id| id as u32).collect(),
            logits: numbers(&recorded["logits"][name]).iter().map(|&logit| logit as f32).collect(),
        }
    }

    fn load(&self, precision: Precision) -> Classifier {
        Classifier::load(&self.onnx, self.name, precision, &ClassifierSetup::default())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The largest difference from the recorded logits.
    fn difference(&self, classifier: &Classifier) -> f32 {
        let logits = classifier.logits(&self.ids).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let ours = (0..logits.len()).flat_map(|piece| logits.row(piece));
        assert_eq!(ours.clone().count(), self.logits.len(), "{}", self.name);
        // `f32::max` passes over NaN.
        let difference = |(ours, recorded): (&f32, &f32)| (ours - recorded).abs();
        ours.zip(&self.logits).map(difference).fold(0.0, |a, b| if b.is_nan() { f32::INFINITY } else { a.max(b) })
    }
}

/// Checks one graph in both arithmetics, and windows of other lengths against one another.
fn check(name: &'static str, f32_fused: Fused, int8_fused: Fused) {
    let graph = Graph::read(name);
    for (precision, fused, tolerance) in
        [(Precision::F32, f32_fused, TOLERANCE), (Precision::Int8, int8_fused, INT8_TOLERANCE)]
    {
        let classifier = graph.load(precision);
        assert_eq!(classifier.fused(), fused, "{name} {precision:?}");
        let difference = graph.difference(&classifier);
        assert!(difference < tolerance, "{name} {precision:?}: {difference}");
        for length in [1, 2, 24] {
            let ids: Vec<u32> = graph.ids.iter().cycle().take(length).copied().collect();
            assert_eq!(classifier.logits(&ids).map(|logits| logits.len()).ok(), Some(length), "{name} {precision:?}");
        }
        // One more than there are positions, and a piece that there is not.
        assert!(classifier.logits(&[1; 25]).is_err(), "{name} {precision:?}");
        assert!(classifier.logits(&[40]).is_err(), "{name} {precision:?}");
    }
}

#[test]
fn torchscript() {
    check("torchscript_12", F32, INT8);
    check("torchscript_17", F32, INT8);
    check("torchscript_sdpa_14", F32, INT8);
}

#[test]
fn dynamo() {
    check("dynamo_18", F32, INT8);
    check("dynamo_sdpa_20", F32, INT8);
    check("dynamo_sdpa_23", F32, INT8);
}

#[test]
fn onnxruntime_optimised() {
    check("onnxruntime_extended", F32, INT8);
    check("optimizer_sdpa", F32, INT8);
    // The file itself has queries, keys and values in one linear layer.
    check("optimizer", F32, Fused { linear: 5, ..INT8 });
}

#[test]
fn dynamically_quantised() {
    for name in ["quantised_int8", "quantised_int8_by_column", "quantised_uint8", "quantised_uint8_by_column"] {
        check(name, F32, INT8);
    }
}
