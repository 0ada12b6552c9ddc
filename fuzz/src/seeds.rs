//! The inputs that mutation begins with: files of `corpus/`, and what is made of the repository's test files.

use std::fs;

use zip::CompressionMethod;

use crate::bag::{self, Files};
use crate::{archive, java, models, repository};

/// The inputs of a surface, in a fixed order.
pub(crate) fn of(surface: &str) -> Vec<Vec<u8>> {
    let mut seeds = folder(&format!("fuzz/corpus/{surface}"));
    seeds.extend(match surface {
        "onnx" => onnx(),
        "saved-model" => saved_models(),
        "java" => vec![labels(), vocabulary()],
        "sequence-file" => vec![
            java::sequence_file(&[&vocabulary()]),
            java::sequence_file(&[&labels()]),
            java::sequence_file(&[&labels()[..], &labels()]),
            java::sequence_file(&[]),
        ],
        "tokenizer" => {
            let names =
                ["word_piece", "byte_level", "unigram", "hostile/unlimited_words", "hostile/undefined_in_template"];
            names.map(|name| models::file(&format!("tests/tokenizers/{name}.json"))).into()
        }
        "folder" => folders(),
        "bundle" => vec![bag::pack(&models::bundle()), bag::pack(&models::bundle_of_sets()), bag::pack(&tiny())],
        "regex" => patterns(),
        _ => vec![],
    });
    assert!(!seeds.is_empty(), "{surface} has no input to begin with");
    seeds
}

/// The files of a folder, by name.
fn folder(path: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(repository().join(path)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a file")).collect()
}

fn tiny() -> Files {
    let names = ["manifest.json", "vocab.txt", "model.onnx"];
    names.map(|name| (name.to_string(), models::file(&format!("tests/models/tiny/{name}")))).into()
}

/// Small graphs first: they are mutated as often as the others, and run faster.
fn onnx() -> Vec<Vec<u8>> {
    let exported = ["dynamo_sdpa_23", "optimizer", "onnxruntime_extended", "torchscript_17", "quantised_uint8"];
    let exported = exported.map(|name| models::file(&format!("tests/graphs/{name}.onnx")));
    let small = [models::table(8), models::table(40), models::file("tests/tokenizers/hostile/model.onnx")];
    small
        .iter()
        .cycle()
        .take(9)
        .cloned()
        .chain(exported)
        .chain([models::file("tests/models/tiny/model.onnx")])
        .collect()
}

fn labels() -> Vec<u8> {
    let pairs: Vec<(&str, i32)> = models::LABELS.into_iter().zip(0..).collect();
    java::map(&pairs)
}

fn vocabulary() -> Vec<u8> {
    let pairs: Vec<(&str, i32)> = models::VOCABULARY.lines().zip(0..).collect();
    java::map(&pairs)
}

/// As Spark NLP saves a model: the graph is in a zip of its own. And one whose graph is not.
fn saved_models() -> Vec<Vec<u8>> {
    const METADATA: &[u8] = br#"{"class":"com.johnsnowlabs.nlp.annotators.classifier.dl.BertForTokenClassification","paramMap":{"engine":"onnx","caseSensitive":false},"defaultParamMap":{"maxSentenceLength":16}}"#;
    let graph = models::table(models::VOCABULARY.lines().count());
    let wrapped = archive::pack(&vec![("model.onnx".into(), graph.clone())], CompressionMethod::Deflated);
    let stored = archive::pack(&vec![("model.onnx".into(), graph.clone())], CompressionMethod::Stored);
    let saved = |graph: Vec<u8>, folder: &str, method| {
        let file = |name: &str, bytes: Vec<u8>| (format!("{folder}{name}"), bytes);
        let files = vec![
            file("metadata/part-00000", METADATA.to_vec()),
            file("fields/labels/part-00000", java::sequence_file(&[&labels()])),
            file("fields/vocabulary/part-00000", java::sequence_file(&[&vocabulary()])),
            file("bert_classification_onnx", graph),
        ];
        archive::pack(&files, method)
    };
    vec![
        saved(wrapped, "", CompressionMethod::Deflated),
        saved(stored, "model/", CompressionMethod::Stored),
        saved(graph, "", CompressionMethod::Deflated),
    ]
}

/// Hugging Face folders of each kind of tokenizer, also of files without `tokenizer.json`, and an export folder.
fn folders() -> Vec<Vec<u8>> {
    let read = |name: &str| models::file(&format!("tests/tokenizers/{name}"));
    let config = |family: &str| {
        let config = format!(
            r#"{{"model_type":"{family}","id2label":{{"0":"O","1":"B-A","2":"I-A","3":"B-B","4":"I-B","5":"B-C","6":"I-C"}},"vocab_size":420,"max_position_embeddings":40,"pad_token_id":1}}"#
        );
        ("config.json".to_string(), config.into_bytes())
    };
    let settings =
        br#"{"tokenizer_class":"BertTokenizer","do_lower_case":true,"model_max_length":24,"unk_token":"[UNK]"}"#;
    let byte_level = br#"{"tokenizer_class":"RobertaTokenizer","add_prefix_space":true}"#;
    let file = |name: &str, bytes: &[u8]| (name.to_string(), bytes.to_vec());
    let labels = models::LABELS.join("\n");
    [
        models::folder(read("hostile/unlimited_words.json"), 8),
        vec![config("bert"), file("tokenizer_config.json", settings), file("vocab.txt", &read("vocab.txt"))],
        vec![
            config("roberta"),
            file("tokenizer_config.json", byte_level),
            file("vocab.json", &read("vocab.json")),
            file("merges.txt", &read("merges.txt")),
        ],
        vec![config("xlm-roberta"), file("tokenizer.json", &read("unigram.json"))],
        vec![
            file("assets/vocab.txt", models::VOCABULARY.as_bytes()),
            file("assets/labels.txt", labels.as_bytes()),
            file("model.onnx", &models::table(models::VOCABULARY.lines().count())),
        ],
    ]
    .iter()
    .map(bag::pack)
    .collect()
}

/// The patterns and texts that Java's results are recorded of.
fn patterns() -> Vec<Vec<u8>> {
    let recordings = models::file("crates/jdk-regex/testdata/jdk17.jsonl");
    let recordings = recordings.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let seed = |line: &[u8]| {
        let recording: serde_json::Value = serde_json::from_slice(line).expect("a recording");
        let (pattern, text) = (recording["pattern"].as_str(), recording["text"].as_str());
        format!("{}\n{}", pattern.expect("a pattern"), text.expect("a text")).into_bytes()
    };
    recordings.map(seed).collect()
}
