//! Tokenizer files made to harm: each is refused with its code, or read in bounded time.

use std::path::Path;

use glossa_ner::model::MemoryFiles;
use glossa_ner::{AnnotateOptions, Annotator, Error, Options};
use serde_json::{json, Value};

fn read(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tokenizers/hostile");
    std::fs::read(folder.join(name)).expect("a file")
}

/// A tokenizer of `tests/tokenizers/hostile` with some parts changed.
fn tokenizer(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut json: Value = serde_json::from_slice(&read(name)).expect("JSON");
    for (pointer, value) in changes {
        *json.pointer_mut(pointer).expect("a place") = value.clone();
    }
    json
}

fn load(tokenizer: &Value) -> Result<Annotator, Error> {
    let mut files = MemoryFiles::new("memory");
    for name in ["config.json", "model.onnx"] {
        files.insert(name, read(name));
    }
    files.insert("tokenizer.json", tokenizer.to_string().into_bytes());
    Annotator::load(&files, &Options::default())
}

fn assert_refused(tokenizer: &Value, part: &str) {
    let error = load(tokenizer).err().unwrap_or_else(|| panic!("loaded: {part}"));
    assert_eq!(error.code(), "vocabulary_invalid", "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn a_normaliser_that_makes_gigabytes_is_refused() {
    assert_refused(&tokenizer("growing_normalizer.json", &[]), "times longer");
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    let bytes = json!({"type": "Sequence", "pretokenizers": vec![bytes; 34]});
    assert_refused(&tokenizer("unlimited_words.json", &[("/pre_tokenizer", bytes)]), "times longer");
}

#[test]
fn templates_that_the_library_would_trust_are_refused() {
    assert_refused(&tokenizer("undefined_in_template.json", &[]), "\"[CLS]\"");
    let uneven = tokenizer("unlimited_words.json", &[("/post_processor/special_tokens/[SEP]/ids", json!([3, 3]))]);
    assert_refused(&uneven, "as many ids as tokens");
    let twice = json!([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]);
    assert_refused(&tokenizer("unlimited_words.json", &[("/post_processor/single", twice)]), "2 times");
}

#[test]
fn a_panic_of_the_library_is_an_error() {
    // It expects that a map of characters can be read.
    let map = json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"});
    assert_refused(&tokenizer("unlimited_words.json", &[("/normalizer", map)]), "");
}

#[test]
fn a_word_without_limit_is_one_unknown_piece() {
    let all = AnnotateOptions { ignore_labels: Some(vec![]), ..Default::default() };
    let annotator = load(&tokenizer("unlimited_words.json", &[])).expect("a model");
    let limited = tokenizer("unlimited_words.json", &[("/model/max_input_chars_per_word", json!(100))]);
    let limited = load(&limited).expect("a model");
    // Cubic time would be half a minute for the first alone.
    for text in
        ["a".repeat(10_000), format!("a {} a", "a".repeat(100_000)), format!("\u{1F9EC} {} aa", "a".repeat(401))]
    {
        assert_eq!(annotator.annotate(&text, &all), limited.annotate(&text, &all));
    }
    // Below the limit the file's own counts.
    let text = "a".repeat(400);
    assert!(annotator.annotate(&text, &all).is_ok());
}
