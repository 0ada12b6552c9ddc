//! Pipeline files on the command line.

use std::process::{Command, Output};

use crate::common::{bundle_files, TemporaryFolder, TINY};
use serde_json::{json, Value};

fn glossa(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glossa")).args(arguments).output().expect("the program runs")
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn flags_count_more_than_the_document() {
    let folder = TemporaryFolder::new("flags");
    std::fs::create_dir(folder.0.join("model")).expect("a folder");
    for (name, bytes) in bundle_files(TINY) {
        folder.write(&format!("model/{name}"), bytes);
    }
    let text = folder.write("text", "IL-2 gene expression requires NF-kappa B.");
    let document = json!({
        "glossaPipeline": 1, "model": "model", "format": "jsonl",
        "options": { "maxSentenceLength": 128 },
        "annotate": { "entities": ["protein"], "replaceLabels": { "protein": "Protein" } },
    });
    let file = folder.write("p.json", document.to_string());
    let entities = |arguments: &[&str]| -> Vec<String> {
        let found = printed(&glossa(&[&["annotate", "--pipeline", &file, &text], arguments].concat()));
        let found: Value = serde_json::from_str(&found).expect("JSON");
        let chunks = found["chunks"].as_array().expect("chunks");
        chunks.iter().map(|chunk| chunk["entity"].as_str().expect("an entity").to_string()).collect()
    };
    assert_eq!(entities(&[]), ["Protein"]);
    assert_eq!(entities(&["--entity", "DNA"]), ["DNA"]);
    assert_eq!(entities(&["--replace-label", "protein=P"]), ["P"]);
    assert_eq!(entities(&["--threshold", "1"]), [""; 0]);
    let csv = printed(&glossa(&["annotate", "--pipeline", &file, "--to", "csv", &text]));
    assert!(csv.starts_with("id,begin,end,"), "{csv}");

    let output = glossa(&["annotate", "--pipeline", &file, "--max-sentence-length", "513", &text]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("option maxSentenceLength"));
    let output = glossa(&["annotate", "--pipeline", &file, "--model", "/no/such/folder", &text]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("file_missing: /no/such/folder"));

    let record = json!({ "id": "1", "text": "IL-2", "entities": [] });
    let records = folder.write("records", record.to_string());
    assert!(printed(&glossa(&["eval", "--pipeline", &file, &records])).contains("macro_f1"));
}

#[test]
fn a_model_must_be_named_somewhere() {
    let folder = TemporaryFolder::new("model");
    let file = folder.write("p.json", "{\"glossaPipeline\": 1}");
    let output = glossa(&["annotate", "--pipeline", &file]);
    let message = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(message.contains("pipeline_invalid: ") && message.contains("it names no model"), "{message}");
    assert_eq!(glossa(&["annotate"]).status.code(), Some(2));
    let output = glossa(&["annotate", "--pipeline", "/no/such/file"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("file_missing: /no/such/file"));
}
