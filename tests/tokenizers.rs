//! Tokenizer files as people have them: each gives the word pieces, places and frame that transformers gives, as recorded
//! by `tests/tokenizers/record.py`.

#[path = "common/onnx.rs"]
mod onnx;

use std::path::Path;

use glossa_ner::model::MemoryFiles;
use glossa_ner::{AggregationStrategy, AnnotateOptions, Annotator, Chunk, Options};
use onnx::{float_list, graph, int, int64, model, node};
use serde_json::{json, Value};
use tract_onnx::pb::NodeProto;

/// More than any id of a piece.
const LABELS: usize = 440;

/// What the labels of a window's pieces tell.
#[derive(Clone, Copy)]
enum Tells {
    /// The piece's id.
    Own,
    /// The value of an input for the window's first or last piece.
    At(&'static str, &'static str),
}

/// A classifier whose label `LABEL_n` means the number n.
fn classifier(tells: Tells) -> Vec<u8> {
    let mut rows = vec![0.0; LABELS * LABELS];
    (0..LABELS).for_each(|id| rows[id * LABELS + id] = 9.0);
    let tensors = [
        float_list("rows", &[LABELS, LABELS], &rows),
        float_list("nothing", &[LABELS, LABELS], &vec![0.0; LABELS * LABELS]),
        int64("first", &[1], &[0]),
        int64("last", &[1], &[-1]),
    ];
    let at = |input: &str, place: &str| -> Vec<NodeProto> {
        vec![
            node("Gather", &[input, place], "id", &[int("axis", 1)]),
            node("Gather", &["rows", "id"], "row", &[]),
            node("Gather", &["nothing", "input_ids"], "none", &[]),
            node("Add", &["row", "none"], "logits", &[]),
        ]
    };
    let nodes = match tells {
        Tells::Own => vec![node("Gather", &["rows", "input_ids"], "logits", &[])],
        Tells::At(input, place) => at(input, place),
    };
    let inputs: &[&str] = match tells {
        Tells::At("token_type_ids", _) => &["input_ids", "token_type_ids"],
        _ => &["input_ids"],
    };
    model(17, Some(graph(inputs, &nodes, &tensors)))
}

fn folder(case: &Value, onnx: Vec<u8>) -> MemoryFiles {
    let base = |name: &Value| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokenizers").join(name.as_str().expect("a name"));
        std::fs::read(file).expect("a file")
    };
    let mut files = MemoryFiles::new("memory");
    files.insert("config.json", case["config"].to_string().into_bytes());
    for (name, content) in case["files"].as_object().expect("files") {
        let bytes = match (content, content.get("base"), content["changes"].as_object()) {
            (Value::String(text), ..) => text.clone().into_bytes(),
            (_, Some(name), None) => base(name),
            (_, Some(name), Some(changes)) => {
                let mut json: Value = serde_json::from_slice(&base(name)).expect("JSON");
                for (pointer, value) in changes {
                    *json.pointer_mut(pointer).expect("a place") = value.clone();
                }
                json.to_string().into_bytes()
            }
            (json, None, _) => json.to_string().into_bytes(),
        };
        files.insert(name.clone(), bytes);
    }
    files.insert("model.onnx", onnx);
    files
}

fn id(chunk: &Chunk) -> u64 {
    chunk.entity.strip_prefix("LABEL_").and_then(|id| id.parse().ok()).expect("a label of the graph's width")
}

#[test]
fn tokenizer_files_are_read_as_transformers_reads_them() {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokenizers/recorded.json");
    let recorded: Value = serde_json::from_slice(&std::fs::read(recorded).expect("a file")).expect("JSON");
    let texts: Vec<&str> = recorded["texts"].as_array().expect("texts").iter().filter_map(Value::as_str).collect();
    let options = AnnotateOptions {
        aggregation_strategy: Some(AggregationStrategy::None),
        ignore_labels: Some(vec![]),
        ..Default::default()
    };
    let own = classifier(Tells::Own);
    let ends = ["input_ids", "token_type_ids"]
        .map(|input| (input, ["first", "last"].map(|at| classifier(Tells::At(input, at)))));
    let mut differing = Vec::new();
    let cases = recorded["cases"].as_array().expect("cases");
    for case in cases {
        let load = |onnx: &Vec<u8>| Annotator::load(&folder(case, onnx.clone()), &Options::default());
        let own = match load(&own) {
            Ok(own) => own,
            Err(error) => {
                differing.push(format!("{}: {error}", case["name"]));
                continue;
            }
        };
        let ends =
            ends.each_ref().map(|(input, graphs)| (*input, graphs.each_ref().map(|onnx| load(onnx).expect("a model"))));
        for (text, expected) in texts.iter().zip(case["found"].as_array().expect("results")) {
            // transformers gives an id that no model has a row for.
            if expected.is_null() {
                continue;
            }
            let chunks = |annotator: &Annotator| annotator.annotate(text, &options).expect("chunks").chunks;
            let pieces = chunks(&own).iter().map(|chunk| json!([id(chunk), chunk.begin, chunk.end])).collect();
            let mut found = json!({"pieces": Value::Array(pieces)});
            for (input, annotators) in &ends {
                found[input] = annotators.each_ref().map(|annotator| id(&chunks(annotator)[0])).to_vec().into();
            }
            if found != *expected {
                differing.push(format!("{} {text:?}:\n  ours     {found}\n  recorded {expected}", case["name"]));
            }
        }
    }
    assert!(cases.len() > 100);
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
