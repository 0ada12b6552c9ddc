//! The models that inputs are read into, and by which texts are annotated: small, so that an execution takes no time.

use std::fs;
use std::sync::OnceLock;

use glossa_ner::labels::{AggregationStrategy, Confidence, Confidences, Constraint};
use glossa_ner::model::{Manifest, ManifestFile, Measured, MemoryFiles};
use glossa_ner::text::{CleanupMode, TokenTypes, TokenizerOptions};
use glossa_ner::{Annotator, Decoding, Options};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

use crate::bag::Files;
use crate::laws::Reading;
use crate::onnx_maker::{floats, graph, model, node};
use crate::repository;

/// Ids that a graph takes: more than the tokenizers of the tests have.
pub(crate) const ROWS: usize = 512;

/// Labels of the models that are made here.
pub(crate) const LABELS: [&str; 7] = ["O", "B-DNA", "I-DNA", "B-protein", "I-protein", "B-cell_type", "I-cell_type"];

/// Reads a file of the repository.
pub(crate) fn file(path: &str) -> Vec<u8> {
    fs::read(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files as a source of a model.
pub(crate) fn memory(files: Files) -> MemoryFiles {
    let mut memory = MemoryFiles::new("fuzz");
    files.into_iter().for_each(|(name, bytes)| memory.insert(name, bytes));
    memory
}

/// A graph whose logits are a table's rows: every word piece has a label, by its id, and scores that are its own.
pub(crate) fn table(rows: usize) -> Vec<u8> {
    let score = |row: usize, label: usize| match (row * 5 + row / 7) % LABELS.len() {
        likely if likely == label => 4.0 + (row % 3) as f32,
        _ => ((row * 31 + label * 17) % 23) as f32 / 8.0,
    };
    let scores: Vec<f32> = (0..rows).flat_map(|row| (0..LABELS.len()).map(move |label| score(row, label))).collect();
    let tensors = [floats("table", &[rows, LABELS.len()], &scores)];
    model(17, Some(graph(&["input_ids"], &[node("Gather", &["table", "input_ids"], "logits", &[])], &tensors)))
}

/// The vocabulary of the models that are made here.
pub(crate) const VOCABULARY: &str =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nil\n##2\n-\n2\ngene\ngenes\n##s\nnf\nkappa\nb\nt\n\
    cells\n.\n,\n(\n)\ntreat\n##ment\ntreatment\n1\n##5\n1.\n##,\nin\nthe\nof\ne\u{301}\n";

/// A bundle's manifest for a graph and a vocabulary.
pub(crate) fn manifest(graph: &[u8], vocabulary: &[u8]) -> Manifest {
    Manifest {
        format: "glossa-bundle/5".into(),
        name: "fuzz".into(),
        labels: LABELS.map(String::from).into(),
        label_sets: None,
        files: listed(&[("model.onnx", graph), ("vocab.txt", vocabulary)]),
        tokenizer: TokenizerOptions::default(),
        case_sensitive: false,
        max_sentence_length: 16,
        token_types: Some(TokenTypes::Zeros),
        decoding: Some(Decoding::Argmax),
        temperature: Some(1.5),
        transitions: None,
        constraints: Some(vec![Constraint::BalancedBrackets, Constraint::NotOnlyPunctuation]),
        confidences: Some(Confidences::from_iter([("DNA".to_string(), Confidence { slope: 0.5, offset: 0.1 })])),
        document_structure: Some(true),
        normalisation: Some(true),
        licence: "Apache-2.0".into(),
        attribution: vec![],
        measured: Measured::default(),
    }
}

/// The files as a manifest lists them.
pub(crate) fn listed(files: &[(&str, &[u8])]) -> Vec<ManifestFile> {
    let entry = |(path, bytes): &(&str, &[u8])| ManifestFile {
        path: path.to_string(),
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    files.iter().map(entry).collect()
}

/// A bundle.
pub(crate) fn bundle() -> Files {
    bundle_with(|_| ())
}

/// A bundle of two label sets, whose chunks may overlap.
pub(crate) fn bundle_of_sets() -> Files {
    bundle_with(|manifest| {
        manifest.labels[3..].clone_from_slice(&["O", "B-protein", "I-protein", "B-RNA"].map(String::from));
        manifest.label_sets = Some(vec![3, 4]);
        manifest.decoding = Some(Decoding::Viterbi);
    })
}

fn bundle_with(edit: impl Fn(&mut Manifest)) -> Files {
    let (graph, vocabulary) = (table(VOCABULARY.lines().count()), VOCABULARY.as_bytes().to_vec());
    let mut manifest = manifest(&graph, &vocabulary);
    edit(&mut manifest);
    let manifest = serde_json::to_vec(&manifest).expect("JSON");
    vec![("manifest.json".into(), manifest), ("vocab.txt".into(), vocabulary), ("model.onnx".into(), graph)]
}

/// A Hugging Face folder with this tokenizer, and a graph that takes so many ids.
pub(crate) fn folder(tokenizer: Vec<u8>, rows: usize) -> Files {
    let labels: serde_json::Map<String, Value> =
        LABELS.iter().enumerate().map(|(id, label)| (id.to_string(), json!(label))).collect();
    let config = json!({"model_type": "bert", "id2label": labels, "max_position_embeddings": 24}).to_string();
    vec![
        ("config.json".into(), config.into_bytes()),
        ("tokenizer.json".into(), tokenizer),
        ("model.onnx".into(), table(rows)),
    ]
}

/// A model that texts are annotated by, and what holds of its results.
pub(crate) struct Loaded {
    pub(crate) annotator: Annotator,
    pub(crate) reading: Reading,
}

/// The models that texts are annotated by: both pipelines, every kind of tokenizer, and the options of reading a text.
pub(crate) fn loaded() -> &'static [Loaded] {
    static LOADED: OnceLock<Vec<Loaded>> = OnceLock::new();
    LOADED.get_or_init(|| {
        let load = |files: Files, options: Options, plain: bool, paragraphs: bool, pieces: bool| {
            let annotator = Annotator::load(&memory(files), &options).expect("a model");
            let sets = annotator.label_sets().len() > 1;
            Loaded { annotator, reading: Reading { plain, paragraphs, pieces, sets } }
        };
        let spark = |options: Options| {
            let plain = options.normalisation.unwrap_or(true);
            let paragraphs = options.document_structure.unwrap_or(true);
            load(bundle(), options, plain, paragraphs, false)
        };
        let tokenizer = |name: &str, plain: bool| {
            let options = Options { normalisation: Some(plain), document_structure: Some(plain), ..Default::default() };
            load(folder(file(&format!("tests/tokenizers/{name}.json")), ROWS), options, plain, plain, true)
        };
        let as_spark_nlp =
            Options { normalisation: Some(false), document_structure: Some(false), ..Default::default() };
        let cleaned = |cleanup_mode| Options { cleanup_mode, ..Default::default() };
        let viterbi = Options { decoding: Some(Decoding::Viterbi), ..Default::default() };
        let rules = TokenizerOptions {
            split_chars: Some(vec!["-".into(), "/".into()]),
            exceptions: Some(vec!["e\u{301}\\s+b".into(), "(?i)nf.kappa".into()]),
            max_length: Some(40),
            ..Default::default()
        };
        let tiny = ["manifest.json", "vocab.txt", "model.onnx"];
        let tiny = tiny.map(|name| (name.to_string(), file(&format!("tests/models/tiny/{name}")))).into();
        vec![
            spark(Options::default()),
            spark(as_spark_nlp.clone()),
            spark(cleaned(CleanupMode::ShrinkFull)),
            spark(Options { cleanup_mode: CleanupMode::InplaceFull, ..as_spark_nlp }),
            spark(cleaned(CleanupMode::EachFull)),
            spark(viterbi),
            load(bundle_of_sets(), Options::default(), true, true, false),
            spark(Options { tokenizer: Some(rules), ..Default::default() }),
            load(tiny, Options::default(), false, false, false),
            tokenizer("word_piece", true),
            tokenizer("byte_level", true),
            tokenizer("unigram", true),
            tokenizer("byte_level", false),
            tokenizer("unigram", false),
        ]
    })
}

/// The strategies of the Hugging Face pipeline.
pub(crate) const STRATEGIES: [AggregationStrategy; 5] = [
    AggregationStrategy::None,
    AggregationStrategy::Simple,
    AggregationStrategy::First,
    AggregationStrategy::Average,
    AggregationStrategy::Max,
];
