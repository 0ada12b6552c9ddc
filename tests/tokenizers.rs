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

/// Which id a word piece's label tells.
#[derive(Clone, Copy)]
enum Tells {
    Own,
    First,
    Last,
}

/// A classifier whose label `LABEL_n` means that a window's piece, or its first or last piece, has the id n.
fn classifier(tells: Tells) -> Vec<u8> {
    let mut rows = vec![0.0; LABELS * LABELS];
    (0..LABELS).for_each(|id| rows[id * LABELS + id] = 9.0);
    let tensors = [
        float_list("rows", &[LABELS, LABELS], &rows),
        float_list("nothing", &[LABELS, LABELS], &vec![0.0; LABELS * LABELS]),
        int64("first", &[1], &[0]),
        int64("last", &[1], &[-1]),
    ];
    let at = |place: &str| -> Vec<NodeProto> {
        vec![
            node("Gather", &["input_ids", place], "id", &[int("axis", 1)]),
            node("Gather", &["rows", "id"], "row", &[]),
            node("Gather", &["nothing", "input_ids"], "none", &[]),
            node("Add", &["row", "none"], "logits", &[]),
        ]
    };
    let nodes = match tells {
        Tells::Own => vec![node("Gather", &["rows", "input_ids"], "logits", &[])],
        Tells::First => at("first"),
        Tells::Last => at("last"),
    };
    model(17, Some(graph(&["input_ids"], &nodes, &tensors)))
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
    let graphs = [Tells::Own, Tells::First, Tells::Last].map(classifier);
    let mut differing = Vec::new();
    let cases = recorded["cases"].as_array().expect("cases");
    for case in cases {
        let [own, first, last] = graphs.clone().map(|onnx| {
            Annotator::load(&folder(case, onnx), &Options::default())
                .map_err(|error| format!("{}: {error}", case["name"]))
        });
        let (own, first, last) = match (own, first, last) {
            (Ok(own), Ok(first), Ok(last)) => (own, first, last),
            (own, ..) => {
                differing.push(own.err().unwrap_or_default());
                continue;
            }
        };
        for (text, expected) in texts.iter().zip(case["found"].as_array().expect("results")) {
            let chunks = |annotator: &Annotator| annotator.annotate(text, &options).expect("chunks").chunks;
            let pieces: Vec<Value> =
                chunks(&own).iter().map(|chunk| json!([id(chunk), chunk.begin, chunk.end])).collect();
            let found = json!({"first": id(&chunks(&first)[0]), "last": id(&chunks(&last)[0]), "pieces": pieces});
            if found != *expected {
                differing.push(format!("{} {text:?}:\n  ours     {found}\n  recorded {expected}", case["name"]));
            }
        }
    }
    assert!(cases.len() > 100);
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
