//! Pipelines kept in a document, in the library and on the command line.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{bundle_files, TemporaryFolder, TINY};
use glossa_ner::export::Format;
use glossa_ner::pipeline::Pipeline;
use glossa_ner::text::{CleanupMode, TokenizerOptions};
use glossa_ner::{AnnotateOptions, LabelCasing, Mode, Options};
use serde_json::{json, Value};

fn refused(text: &str) -> String {
    let error = Pipeline::parse(text, "p.json").expect_err("an error");
    assert_eq!(error.code(), "pipeline_invalid");
    error.to_string()
}

#[test]
fn a_document_is_read_as_it_was_written() {
    let pipeline = Pipeline {
        model: Some("models/x.zip".into()),
        options: Options {
            cleanup_mode: CleanupMode::ShrinkFull,
            tokenizer: Some(TokenizerOptions { min_length: Some(2), ..Default::default() }),
            ..Default::default()
        },
        annotate: AnnotateOptions {
            mode: Mode::Truncate,
            threshold: Some(0.3),
            replace_labels: [("DNA".to_string(), "Gene".to_string())].into(),
            label_casing: Some(LabelCasing::Upper),
            ..Default::default()
        },
        format: Some(Format::Jsonl),
        ..Default::default()
    };
    for pipeline in [pipeline, Pipeline::default()] {
        let written = serde_json::to_string_pretty(&pipeline).expect("JSON");
        assert_eq!(Pipeline::parse(&written, "p.json"), Ok(pipeline));
    }
    assert_eq!(Pipeline::parse("{\"glossaPipeline\": 1}", "p.json"), Ok(Pipeline::default()));
}

#[test]
fn the_models_path_starts_from_the_documents_folder() {
    let mut pipeline = Pipeline { model: Some("m".into()), ..Default::default() };
    assert_eq!(pipeline.model_path(Path::new("a/p.json")), Some(PathBuf::from("a/m")));
    assert_eq!(pipeline.model_path(Path::new("p.json")), Some(PathBuf::from("m")));
    pipeline.model = Some("/m".into());
    assert_eq!(pipeline.model_path(Path::new("a/p.json")), Some(PathBuf::from("/m")));
    pipeline.model = None;
    assert_eq!(pipeline.model_path(Path::new("a/p.json")), None);
}

#[test]
fn other_versions_are_refused_whatever_else_they_say() {
    for (text, expected) in [
        (r#"{"glossaPipeline": 2, "new": 1}"#, "it is of version 2, and only 1 can be read"),
        (r#"{"glossaPipeline": "1"}"#, "it is of version \"1\", and only 1 can be read"),
        (r#"{"model": "m"}"#, "it has no \"glossaPipeline\": 1"),
        ("[]", "it has no \"glossaPipeline\": 1"),
    ] {
        assert_eq!(refused(text), format!("p.json: invalid pipeline: {expected}"));
    }
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known() {
    for (rest, expected) in [
        (r#""modell": "m""#, r#"unknown key "modell": did you mean "model"?"#),
        (r#""options": {"cleanup_mode": "each"}"#, r#"unknown key "cleanup_mode": did you mean "cleanupMode"?"#),
        (r#""options": {"tokenizer": {"minLenght": 1}}"#, r#"unknown key "minLenght": did you mean "minLength"?"#),
        (r#""annotate": {"treshold": 1}"#, r#"unknown key "treshold": did you mean "threshold"?"#),
        (r#""annotate": {"whitelist": []}"#, r#"unknown key "whitelist": did you mean "whiteList"?"#),
        (r#""format": "jsnol""#, r#"unknown value "jsnol": did you mean "jsonl"?"#),
        (r#""qqqqqqqqqqqq": 1"#, r#"unknown key "qqqqqqqqqqqq": known are glossaPipeline, model, options"#),
        (r#""mo`del": 1"#, r#"unknown key "mo`del": did you mean "model"?"#),
    ] {
        let message = refused(&format!("{{\"glossaPipeline\": 1,\n {rest}}}"));
        assert!(message.starts_with("p.json:2:") && message.contains(expected), "{message}");
    }
    assert!(refused("{").starts_with("p.json:1:1: invalid pipeline: EOF"));
    assert!(refused(r#"{"glossaPipeline": 1, "options": 7}"#).contains("invalid type: integer"));
    assert!(refused(r#"{"glossaPipeline": 1, "options": {"cleanupMode": "nope"}}"#).contains("nope"));
}

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
    let csv = printed(&glossa(&["annotate", "--pipeline", &file, "--format", "csv", &text]));
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
