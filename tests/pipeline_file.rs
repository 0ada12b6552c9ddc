//! Pipeline files, as the library reads them.

use std::path::{Path, PathBuf};

use glossa_ner::formats::Format;
use glossa_ner::pipeline_file::PipelineFile;
use glossa_ner::text::{CleanupMode, TokenizerOptions};
use glossa_ner::{AnnotateOptions, LabelCasing, Mode, Options};

fn refused(text: &str) -> String {
    let error = PipelineFile::parse(text, "p.json").expect_err("an error");
    assert_eq!(error.code(), "pipeline_invalid");
    error.to_string()
}

#[test]
fn a_document_is_read_as_it_was_written() {
    let pipeline = PipelineFile {
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
    for pipeline in [pipeline, PipelineFile::default()] {
        let written = serde_json::to_string_pretty(&pipeline).expect("JSON");
        assert_eq!(PipelineFile::parse(&written, "p.json"), Ok(pipeline));
    }
    assert_eq!(PipelineFile::parse("{\"glossaPipeline\": 1}", "p.json"), Ok(PipelineFile::default()));
}

#[test]
fn the_models_path_starts_from_the_documents_folder() {
    let mut pipeline = PipelineFile { model: Some("m".into()), ..Default::default() };
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
fn lists_are_not_taken_for_objects() {
    for (rest, path) in [
        (r#""options": [["x"]]"#, "options"),
        (r#""annotate": ["window"]"#, "annotate"),
        (r#""options": {"tokenizer": ["x"]}"#, "options.tokenizer"),
    ] {
        let message = refused(&format!("{{\"glossaPipeline\": 1, {rest}}}"));
        assert_eq!(message, format!("p.json: invalid pipeline: its {path} is a list, not an object"));
    }
}

#[test]
fn values_that_no_model_takes_are_refused() {
    for (threshold, shown) in [("1.5", "1.5"), ("-0.1", "-0.1"), ("1e300", "inf")] {
        let text = format!(r#"{{"glossaPipeline": 1, "annotate": {{"threshold": {threshold}}}}}"#);
        assert_eq!(refused(&text), format!("p.json: invalid pipeline: option threshold: {shown} is not 0 to 1"));
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
