//! Runs recorded cases of the real engine: every file under `cases/` of a folder laid out as `tests/golden/`, with
//! the models under its `models/`. The environment variable `GLOSSA_GOLDEN` names another such folder.
//!
//! Recorded offsets are Spark NLP's: UTF-16 code units, end inclusive; those of transformers are code points, end
//! exclusive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use glossa_ner::engine::{Classifier, ClassifierSetup, Precision};
use glossa_ner::labels::{align, convert};
use glossa_ner::model::{Folder, LoadContext, Model, TextEncoder};
use glossa_ner::text::{CleanupMode, Document, Tokenizer, TokenizerOptions, WordPieces};
use glossa_ner::{AnnotateOptions, Annotator, Mode, Options, TokenLabel};
use serde_json::{json, Value};

/// Largest difference between a recorded score or logit and ours.
const TOLERANCE: f64 = 1e-4;

fn folder() -> PathBuf {
    std::env::var_os("GLOSSA_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), PathBuf::from)
}

/// Case files whose name begins so, with their records.
fn cases(prefix: &str) -> Vec<(String, Vec<Value>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("cases"))
        .expect("a folder cases/")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let lines = BufReader::new(File::open(&path).expect("a case file")).lines();
            let records = lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect();
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), records)
        })
        .collect()
}

/// Whether two values are the same, numbers with a fraction up to the tolerance.
fn same(ours: &Value, recorded: &Value) -> bool {
    match (ours, recorded) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= TOLERANCE
        }
        _ => ours == recorded,
    }
}

/// Runs all cases of a kind, and fails with the first differences in full.
fn check(prefix: &str, run: impl Fn(&Value) -> Vec<(&'static str, Value)>) {
    let mut failures = Vec::new();
    let files = cases(prefix);
    assert!(!files.is_empty(), "no cases {prefix}*.jsonl in {}", folder().display());
    for (file, records) in files {
        let mut passed = 0;
        for (line, record) in records.iter().enumerate() {
            let before = failures.len();
            for (field, ours) in run(record) {
                let recorded = &record[field];
                if !same(&ours, recorded) {
                    failures.push(format!(
                        "{file}:{} {field}\n  text     {}\n  recorded {recorded}\n  ours     {ours}",
                        line + 1,
                        record["text"]
                    ));
                }
            }
            passed += usize::from(failures.len() == before);
        }
        println!("{file}: {passed} of {} cases", records.len());
        assert!(!records.is_empty(), "{file} holds no case");
    }
    assert!(
        failures.is_empty(),
        "{} differences, the first:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}

fn number(record: &Value, field: &str) -> usize {
    record[field].as_u64().expect("a number") as usize
}

/// A score as recorded: always a JSON number with a fraction.
fn score(value: f32) -> Value {
    json!(f64::from(value))
}

#[test]
fn pipelines_agree_with_spark_nlp() {
    check_pipelines("pipeline_");
}

/// Recorded by `record/spark.py` on windows of 8 and of 128 pieces, with tokens at the window's end of which the encoder
/// drops every character.
#[test]
fn the_label_of_the_separator_goes_where_spark_nlp_puts_it() {
    check_pipelines("separator");
}

fn check_pipelines(prefix: &str) {
    let mut annotators: BTreeMap<String, Annotator> = BTreeMap::new();
    for (_, records) in cases(prefix) {
        for record in records {
            annotators.entry(key(&record)).or_insert_with(|| {
                let source = Folder::open(folder().join("models").join(record["model"].as_str().expect("a model")));
                let options = Options {
                    case_sensitive: record["case_sensitive"].as_bool(),
                    max_sentence_length: Some(number(&record, "max_sentence_length")),
                    pieces: WordPieces::First,
                    precision: Precision::F32,
                    label_from_separator: true,
                    ..Options::default()
                };
                Annotator::load(&source.expect("a model folder"), &options).expect("a model")
            });
        }
    }
    check(prefix, |record| {
        let text = record["text"].as_str().expect("a text");
        let annotator = &annotators[&key(record)];
        let labelling = annotator.label(text, Mode::Truncate).expect("labels");
        let units: Vec<u16> = text.encode_utf16().collect();
        let slice = |begin: usize, end: usize| String::from_utf16_lossy(&units[begin..end]);
        let tokens = labelling.tokens.iter().map(|t| json!([t.begin, t.end - 1, slice(t.begin, t.end)])).collect();
        let ner = labelling.tokens.iter().zip(&labelling.label_sets[0]).filter_map(|(token, label)| {
            label.map(|label| json!([token.begin, token.end - 1, label.label, score(label.score.expect("a score"))]))
        });
        let options = AnnotateOptions { mode: Mode::Truncate, pad_as_o: false, ..Default::default() };
        let chunks = annotator.annotate(text, &options).expect("chunks").chunks.into_iter().map(|chunk| {
            assert_eq!(slice(chunk.begin, chunk.end), chunk.text);
            json!([
                chunk.begin,
                chunk.end - 1,
                chunk.text,
                chunk.entity,
                score(chunk.confidence.expect("a confidence"))
            ])
        });
        vec![("tokens", tokens), ("ner", ner.collect()), ("chunks", chunks.collect())]
    });
}

fn key(record: &Value) -> String {
    format!("{} {} {}", record["model"], record["case_sensitive"], record["max_sentence_length"])
}

#[test]
fn logits_agree_with_onnxruntime() {
    check("logits_", |record| {
        let file = folder().join("models").join(record["model"].as_str().expect("a model")).join("model.onnx");
        let onnx = std::fs::read(&file).expect("an ONNX file");
        let classifier =
            Classifier::load(&onnx, &file.display().to_string(), Precision::F32, &ClassifierSetup::default())
                .expect("a classifier");
        let ids: Vec<u32> = serde_json::from_value(record["input_ids"].clone()).expect("ids");
        let logits = classifier.logits(&ids).expect("logits");
        let row = |i: usize| -> Value { logits.row(i).iter().map(|&value| score(value)).collect() };
        let rows = (0..ids.len()).map(row).collect();
        vec![("logits", rows)]
    });
}

#[test]
fn documents_agree_with_spark_nlp() {
    check("document_assembler", |record| {
        let text = record["text"].as_str().expect("a text");
        let mode: CleanupMode = record["mode"].as_str().expect("a mode").parse().expect("a known mode");
        let document = Document::assemble(text, mode);
        let end = document.text().encode_utf16().count() as i64 - 1;
        vec![("result", json!(document.text())), ("begin", json!(0)), ("end", json!(end))]
    });
}

#[test]
fn tokenizer_options_agree_with_spark_nlp() {
    check("tokenizer_options", |record| {
        let text = record["text"].as_str().expect("a text");
        let options: TokenizerOptions = serde_json::from_value(record["options"].clone()).expect("options");
        let tokens = Tokenizer::new(&options).expect("a tokenizer").tokenize(&Document::new(text)).expect("tokens");
        let units: Vec<u16> = text.encode_utf16().collect();
        let tokens = tokens.iter().map(|token| {
            let found = String::from_utf16(&units[token.begin..token.end]).expect("whole characters");
            assert_eq!(found, text[token.bytes.clone()]);
            json!([token.spark_begin, token.spark_begin + token.end - token.begin - 1, found])
        });
        vec![("tokens", tokens.collect())]
    });
}

#[test]
fn hugging_face_pipelines_agree_with_transformers() {
    let mut annotators: BTreeMap<String, Annotator> = BTreeMap::new();
    let name = |record: &Value| format!("{} {}", record["model"], record["max_length"]);
    for (_, records) in cases("hf_pipeline_") {
        for record in records {
            annotators.entry(name(&record)).or_insert_with(|| {
                let source = Folder::open(folder().join("models").join(record["model"].as_str().expect("a model")));
                let options = Options {
                    max_sentence_length: Some(number(&record, "max_length")),
                    precision: Precision::F32,
                    ..Options::default()
                };
                Annotator::load(&source.expect("a model folder"), &options).expect("a model")
            });
        }
    }
    check("hf_pipeline_", |record| {
        let text = record["text"].as_str().expect("a text");
        let options = AnnotateOptions {
            mode: Mode::Truncate,
            aggregation_strategy: serde_json::from_value(record["aggregation_strategy"].clone()).expect("a strategy"),
            ..Default::default()
        };
        let units: Vec<u16> = text.encode_utf16().collect();
        let code_points =
            |at: usize| String::from_utf16(&units[..at]).expect("a place between characters").chars().count();
        let chunks = annotators[&name(record)].annotate(text, &options).expect("chunks").chunks;
        let entities = chunks.into_iter().map(|chunk| {
            json!([code_points(chunk.begin), code_points(chunk.end), chunk.entity, chunk.confidence.map(score)])
        });
        vec![("entities", entities.collect())]
    });
}

#[test]
fn the_converter_agrees_with_spark_nlp() {
    let tokenizer = Tokenizer::new(&TokenizerOptions::default()).expect("a tokenizer");
    check("ner_converter", |record| {
        let document = Document::new(record["text"].as_str().expect("a text"));
        let mut options: AnnotateOptions = serde_json::from_value(record["options"].clone()).expect("options");
        options.pad_as_o = false;
        let tokens = tokenizer.tokenize(&document).expect("tokens");
        let labels = record["labels"].as_array().expect("labels").iter().map(|label| {
            let score = label[3].as_f64().map(|score| score as f32);
            (
                label[0].as_u64().expect("a begin") as usize,
                TokenLabel { label: label[2].as_str().expect("a label"), score },
            )
        });
        let labels = align(&tokens, &labels.collect::<Vec<_>>());
        let units: Vec<u16> = document.original().encode_utf16().collect();
        let chunks = convert(&document, &tokens, &labels, &options).into_iter().enumerate().map(|(i, chunk)| {
            assert_eq!(String::from_utf16_lossy(&units[chunk.begin..chunk.end]), chunk.text);
            let result = chunk.result.unwrap_or(chunk.text);
            json!([chunk.begin, chunk.end - 1, result, chunk.entity, chunk.confidence.map(score), i.to_string()])
        });
        vec![("chunks", chunks.collect())]
    });
}

#[test]
fn saved_models_are_the_export_folder_they_were_made_of() {
    let read = |name: &str| {
        let source = Folder::open(folder().join("models").join(name)).expect("a file");
        Model::read(&source, &LoadContext::default()).expect(name)
    };
    let pieces = |model: &Model| match &model.encoder {
        TextEncoder::Spark(vocabulary) => (0..).map_while(|id| vocabulary.piece(id)).collect::<Vec<_>>(),
        TextEncoder::HuggingFace { .. } => panic!("not read as Spark NLP does"),
    };
    let export = read("cellular");
    for name in ["saved_hub_root.zip", "saved_hub_nested_with_crc.zip"] {
        let saved = read(name);
        assert_eq!(saved.labels, export.labels, "{name}");
        assert_eq!(pieces(&saved), pieces(&export), "{name}");
        assert!(saved.graph == export.graph, "{name}: another ONNX file");
        assert_eq!(saved.defaults, export.defaults, "{name}");
        println!(
            "{name}: {} pieces, {} labels, {} bytes of ONNX",
            pieces(&saved).len(),
            saved.labels.len(),
            saved.graph.len()
        );
    }
}
