//! Hugging Face folders as exporters and people leave them: several ONNX files or oddly named ones, labels without names,
//! vocabularies of other kinds, models with more positions than usual.

#[path = "common/onnx.rs"]
mod onnx;

use glossa_ner::model::{Dtype, LoadContext, MemoryFiles, Model, GRAPH_FILES, GRAPH_FOLDERS};
use glossa_ner::{AggregationStrategy, AnnotateOptions, Annotation, Annotator, Encoding, Error, Mode, Options};
use onnx::{float_list, graph, model, node};
use serde_json::{json, Value};

const PIECES: [&str; 8] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"];

/// A classifier that gives the label 0 to `a`, 1 to `b`, 2 to `c`, each in turn, and 0 to all else.
fn classifier(labels: usize) -> Vec<u8> {
    let mut rows = vec![0.0; PIECES.len() * labels];
    for id in 0..PIECES.len() {
        rows[id * labels + id.saturating_sub(5) % labels] = 9.0;
    }
    let tensors = [float_list("rows", &[PIECES.len(), labels], &rows)];
    model(17, Some(graph(&["input_ids"], &[node("Gather", &["rows", "input_ids"], "logits", &[])], &tensors)))
}

fn config() -> Value {
    json!({"model_type": "bert", "id2label": {"0": "O", "1": "B-X", "2": "I-X"}})
}

/// A folder with these files beside a configuration and a vocabulary of WordPiece.
fn folder(config: &Value, files: &[(&str, &[u8])]) -> MemoryFiles {
    let mut folder = MemoryFiles::new("memory/m");
    folder.insert("config.json", config.to_string().into_bytes());
    folder.insert("vocab.txt", PIECES.join("\n").into_bytes());
    for (path, bytes) in files {
        folder.insert(*path, bytes.to_vec());
    }
    folder
}

fn with_graphs(paths: &[&str]) -> MemoryFiles {
    let graph = classifier(3);
    let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (*path, graph.as_slice())).collect();
    folder(&config(), &files)
}

/// The ONNX file that is read, and the warnings.
fn chosen(folder: &MemoryFiles, dtype: Dtype) -> Result<(String, Vec<String>), Error> {
    let model = Model::read(folder, &LoadContext { dtype, ..Default::default() })?;
    Ok((model.graph_file.trim_start_matches("memory/m/").to_string(), model.warnings))
}

fn load(folder: &MemoryFiles) -> Result<Annotator, Error> {
    Annotator::load(folder, &Options::default())
}

fn refused(folder: &MemoryFiles) -> (&'static str, String) {
    let error = load(folder).expect_err("a folder that is refused");
    (error.code(), error.to_string())
}

#[test]
fn any_name_that_exporters_give_is_read_alone_and_when_asked_for() {
    for (dtype, name) in GRAPH_FILES {
        for place in GRAPH_FOLDERS {
            let path = if place.is_empty() { name.to_string() } else { format!("{place}/{name}") };
            let alone = with_graphs(&[&path]);
            assert_eq!(chosen(&alone, Dtype::Auto), Ok((path.clone(), vec![])));
            assert_eq!(chosen(&alone, dtype), Ok((path, vec![])));
        }
    }
}

#[test]
fn of_several_onnx_files_the_most_exact_is_read_or_the_one_asked_for() {
    let several =
        with_graphs(&["onnx/model_q4.onnx", "onnx/model_quantized.onnx", "onnx/model_fp16.onnx", "onnx/model.onnx"]);
    let (file, warnings) = chosen(&several, Dtype::Auto).expect("a model");
    assert_eq!((file.as_str(), warnings.len()), ("onnx/model.onnx", 1));
    for part in ["onnx/model.onnx (fp32)", "onnx/model_q4.onnx", "dtype"] {
        assert!(warnings[0].contains(part), "{}", warnings[0]);
    }
    assert_eq!(chosen(&several, Dtype::Q8), Ok(("onnx/model_quantized.onnx".into(), vec![])));
    assert_eq!(chosen(&several, Dtype::Q4), Ok(("onnx/model_q4.onnx".into(), vec![])));
    let error = chosen(&several, Dtype::Int8).expect_err("no such file");
    assert_eq!(error.code(), "option_invalid");
    assert!(error.to_string().contains("dtype") && error.to_string().contains("onnx/model_fp16.onnx"), "{error}");
    // Of one name, the file of the root.
    assert_eq!(chosen(&with_graphs(&["onnx/model.onnx", "model.onnx"]), Dtype::Auto).expect("a model").0, "model.onnx");
    let annotator = load(&several).expect("a model");
    assert!(annotator.graph_file().ends_with("m/onnx/model.onnx") && annotator.warnings().len() == 1);
}

#[test]
fn a_file_of_another_name_is_read_if_it_is_the_only_one() {
    let (file, warnings) = chosen(&with_graphs(&["biobert-ner.onnx"]), Dtype::Auto).expect("a model");
    assert!(file == "biobert-ner.onnx" && warnings[0].contains("biobert-ner.onnx"), "{file} {warnings:?}");
    // A known name says more than an unknown one.
    let beside = chosen(&with_graphs(&["biobert-ner.onnx", "onnx/model_int8.onnx"]), Dtype::Auto);
    assert_eq!(beside, Ok(("onnx/model_int8.onnx".into(), vec![])));
    let error = chosen(&with_graphs(&["one.onnx", "onnx/two.onnx"]), Dtype::Auto).expect_err("nothing says which");
    assert_eq!(error.code(), "model_unsupported");
    for part in ["one.onnx", "onnx/two.onnx", "rename"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(chosen(&with_graphs(&["one.onnx"]), Dtype::Fp32).expect_err("not known").code(), "option_invalid");
}

#[test]
fn a_folder_without_onnx_files_says_what_to_do() {
    for weights in ["model.safetensors", "pytorch_model.bin", "model-00001-of-00003.safetensors"] {
        let (code, message) = refused(&folder(&config(), &[(weights, b"x")]));
        assert!(code == "model_unsupported" && message.contains(weights) && message.contains("export"), "{message}");
    }
    assert_eq!(refused(&folder(&config(), &[])).0, "file_missing");
    let error = chosen(&folder(&config(), &[]), Dtype::Q8).expect_err("no file");
    assert!(error.code() == "file_missing" && error.to_string().contains("model_quantized.onnx"), "{error}");
}

#[test]
fn the_weights_of_another_variant_disturb_nobody() {
    let graph = classifier(3);
    for data in ["model_fp16.onnx_data", "onnx/model_q4.onnx_data", "onnx/model.onnx.data"] {
        assert!(load(&folder(&config(), &[("model.onnx", &graph), (data, b"x")])).is_ok(), "{data}");
    }
}

#[test]
fn layouts_with_one_onnx_file_have_no_choice_of_it() {
    let mut export = MemoryFiles::new("memory");
    export.insert("assets/vocab.txt", PIECES.join("\n").into_bytes());
    export.insert("assets/labels.txt", b"O\nB-X\nI-X\n".to_vec());
    export.insert("model.onnx", classifier(3));
    assert!(load(&export).is_ok());
    let options = Options { dtype: Dtype::Q8, ..Default::default() };
    assert_eq!(Annotator::load(&export, &options).expect_err("refused").code(), "option_invalid");
}

/// Names of the labels, and the warnings.
fn labels(config: Value, outputs: usize) -> Result<(Vec<String>, Vec<String>), Error> {
    let annotator = load(&folder(&config, &[("model.onnx", &classifier(outputs))]))?;
    Ok((annotator.labels().to_vec(), annotator.warnings().to_vec()))
}

#[test]
fn labels_without_names_are_numbered_as_in_transformers() {
    for config in [json!({}), json!({"num_labels": 3}), json!({"id2label": {}}), json!({"id2label": null})] {
        let (names, warnings) = labels(config, 3).expect("a model");
        assert_eq!(names, ["LABEL_0", "LABEL_1", "LABEL_2"]);
        assert!(warnings[0].contains("id2label"), "{warnings:?}");
    }
    let (names, warnings) = labels(json!({"label2id": {"I-X": 2, "O": 0, "B-X": 1}}), 3).expect("a model");
    assert!(names == ["O", "B-X", "I-X"] && warnings[0].contains("label2id"), "{names:?} {warnings:?}");
    let named = labels(json!({"id2label": {"2": "I-X", "0": "O", "1": "B-X"}}), 3).expect("a model");
    assert_eq!(named, (vec!["O".into(), "B-X".into(), "I-X".into()], vec![]));
}

#[test]
fn two_ids_may_have_one_name() {
    let config = json!({"id2label": {"0": "O", "1": "X", "2": "X"}});
    let annotator = load(&folder(&config, &[("model.onnx", &classifier(3))])).expect("a model");
    let found = annotator.annotate("b c a", &AnnotateOptions::default()).expect("chunks").chunks;
    assert_eq!(found.iter().map(|chunk| chunk.text.as_str()).collect::<Vec<_>>(), ["b c"]);
}

#[test]
fn labels_that_fit_no_graph_are_refused() {
    for (config, code, part) in [
        (json!({"id2label": {"0": "O", "2": "X"}}), "labels_invalid", "none of id 1"),
        (json!({"id2label": {"0": "O", "1": ""}}), "labels_invalid", "empty"),
        (json!({"id2label": {"0": "O", "1": 7}}), "labels_invalid", "7"),
        (json!({"label2id": {"O": 0, "X": 2}}), "labels_invalid", "gap"),
        (json!({"label2id": {"O": 0, "X": 0}}), "labels_invalid", "the id 0"),
        (json!({"num_labels": 1_000_000_000_000_u64}), "labels_invalid", "num_labels"),
        (json!({"num_labels": 5}), "labels_mismatch", "5 labels"),
        (json!({"id2label": {"0": "O", "1": "X"}}), "labels_mismatch", "2 labels"),
    ] {
        let error = labels(config, 3).expect_err(part);
        assert!(error.code() == code && error.to_string().contains(part), "{error}");
    }
}

fn found(annotation: Annotation) -> Vec<(String, String)> {
    annotation.chunks.into_iter().map(|chunk| (chunk.text, chunk.entity)).collect()
}

#[test]
fn labels_are_ignored_as_the_pipeline_of_transformers_does() {
    let annotator = load(&folder(&config(), &[("model.onnx", &classifier(3))])).expect("a model");
    let run = |strategy, ignored: Option<&[&str]>| {
        let ignore_labels = ignored.map(|ignored| ignored.iter().map(ToString::to_string).collect());
        let options = AnnotateOptions { aggregation_strategy: Some(strategy), ignore_labels, ..Default::default() };
        annotator.annotate("a b c", &options).map(found)
    };
    let pair = |text: &str, entity: &str| (text.to_string(), entity.to_string());
    let (none, simple) = (AggregationStrategy::None, AggregationStrategy::Simple);
    assert_eq!(run(none, None), Ok(vec![pair("b", "B-X"), pair("c", "I-X")]));
    for all in [&[][..], &[""]] {
        assert_eq!(run(none, Some(all)), Ok(vec![pair("a", "O"), pair("b", "B-X"), pair("c", "I-X")]));
        assert_eq!(run(simple, Some(all)), Ok(vec![pair("a", "O"), pair("b c", "X")]));
    }
    assert_eq!(run(none, Some(&["B-X", "O"])), Ok(vec![pair("c", "I-X")]));
    // Once joined, a chunk has its entity's name, and no label's.
    assert_eq!(run(simple, Some(&["B-X", "O"])), Ok(vec![pair("b c", "X")]));
    assert_eq!(run(simple, Some(&["X"])), Ok(vec![pair("a", "O")]));
    let error = run(simple, Some(&["Y"])).expect_err("no such label");
    assert!(error.code() == "option_invalid" && error.to_string().contains("ignoreLabels"), "{error}");
    let options = Options { encoding: Some(Encoding::Spark), ..Default::default() };
    let spark = Annotator::load(&folder(&config(), &[("model.onnx", &classifier(3))]), &options).expect("a model");
    let ignoring = AnnotateOptions { ignore_labels: Some(vec!["O".into()]), ..Default::default() };
    assert_eq!(spark.annotate("a", &ignoring).expect_err("refused").code(), "option_invalid");
}

/// A folder whose vocabulary is this file.
fn with_vocabulary(config: &Value, vocabulary: &str, bytes: &[u8]) -> MemoryFiles {
    let mut folder = MemoryFiles::new("memory");
    folder.insert("config.json", config.to_string().into_bytes());
    folder.insert(vocabulary, bytes.to_vec());
    folder.insert("model.onnx", classifier(3));
    folder
}

#[test]
fn vocabularies_of_other_kinds_come_with_what_to_do() {
    let of = |model_type: &str| json!({"model_type": model_type, "id2label": {"0": "O", "1": "B-X", "2": "I-X"}});
    for (model_type, vocabulary) in [
        ("deberta-v2", "spm.model"),
        ("xlm-roberta", "sentencepiece.bpe.model"),
        ("albert", "spiece.model"),
        ("t5", "spiece.model"),
        ("camembert", "sentencepiece.bpe.model"),
        ("qwen2", "vocab.json"),
        ("", "spm.model"),
    ] {
        let (code, message) = refused(&with_vocabulary(&of(model_type), vocabulary, b"{}"));
        assert_eq!(code, "model_unsupported", "{message}");
        for part in [vocabulary, "python -c", "save_pretrained", "tokenizer.json"] {
            assert!(message.contains(part), "{message}");
        }
    }
    // Of these no tokenizer.json can be made: they must not be taken for WordPiece or byte-level BPE.
    let pieces = PIECES.join("\n");
    for (model_type, class, vocabulary) in [
        ("esm", "EsmTokenizer", "vocab.txt"),
        ("roberta", "BertweetTokenizer", "vocab.txt"),
        ("bert", "BertJapaneseTokenizer", "vocab.txt"),
        ("biogpt", "BioGptTokenizer", "vocab.json"),
    ] {
        let mut folder = with_vocabulary(&of(model_type), vocabulary, pieces.as_bytes());
        folder.insert("tokenizer_config.json", json!({"tokenizer_class": class}).to_string().into_bytes());
        let (code, message) = refused(&folder);
        assert!(code == "model_unsupported" && message.contains(class) && !message.contains("python"), "{message}");
    }
    let (code, message) = refused(&with_vocabulary(&of("bert"), "vocab.txt", b"\n"));
    assert!(code == "vocabulary_invalid" && message.contains("empty"), "{message}");
    let (code, message) = refused(&with_vocabulary(&of("bert"), "vocab.txt", b"a\nb\n"));
    assert!(code == "vocabulary_invalid" && message.contains("[CLS]"), "{message}");
    assert_eq!(refused(&with_vocabulary(&of("roberta"), "vocab.json", b"{}")).0, "file_missing");
    let (code, message) = refused(&with_vocabulary(&of("roberta"), "readme.txt", b""));
    assert!(code == "file_missing" && message.contains("tokenizer.json"), "{message}");
}

#[test]
fn broken_merges_are_named() {
    let config = json!({"model_type": "roberta", "id2label": {"0": "O", "1": "B-X", "2": "I-X"}});
    let vocabulary = br#"{"<s>": 0, "</s>": 1, "a": 2}"#;
    for (merges, part) in [(&b"#version\na b c\n"[..], "a b c"), (b"#version\na z\n", "merges"), (b"\xFF", "UTF-8")] {
        let mut folder = with_vocabulary(&config, "vocab.json", vocabulary);
        folder.insert("merges.txt", merges.to_vec());
        let (code, message) = refused(&folder);
        assert_eq!(code, "vocabulary_invalid", "{message}");
        assert!(message.contains(part) || part == "merges", "{message}");
    }
    for merges in [&b""[..], b"#version: 0.2", b"#version: 0.2\n"] {
        let mut folder = with_vocabulary(&config, "vocab.json", vocabulary);
        folder.insert("merges.txt", merges.to_vec());
        assert!(load(&folder).is_ok(), "{merges:?}");
    }
}

#[test]
fn windows_may_be_as_long_as_the_model_has_positions() {
    let text = "a ".repeat(1000);
    let truncated = AnnotateOptions { mode: Mode::Truncate, ..Default::default() };
    let run = |config: &Value, tokenizer: Value, length: Option<usize>| {
        let tokenizer = tokenizer.to_string();
        let files = [("model.onnx", classifier(3)), ("tokenizer_config.json", tokenizer.into_bytes())];
        let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
        let options = Options { max_sentence_length: length, ..Default::default() };
        let annotator = Annotator::load(&folder(config, &files), &options)?;
        let from = annotator.annotate(&text, &truncated)?.truncated_from;
        Ok::<_, Error>((annotator.max_sentence_length(), from.map(|units| units / 2)))
    };
    let mut long = config();
    long["max_position_embeddings"] = 8192.into();
    assert_eq!(run(&long, json!({}), None), Ok((512, Some(510))));
    assert_eq!(run(&long, json!({"model_max_length": 128}), None), Ok((128, Some(126))));
    assert_eq!(run(&long, json!({}), Some(900)), Ok((900, Some(898))));
    assert_eq!(run(&long, json!({}), Some(1002)), Ok((1002, None)));
    for (config, length) in [(&long, 8193), (&config(), 513), (&config(), 0)] {
        let error = run(config, json!({}), Some(length)).expect_err("too long");
        assert!(error.code() == "option_invalid" && error.to_string().contains("maxSentenceLength"), "{error}");
    }
    let mut short = config();
    short["model_type"] = "roberta".into();
    short["max_position_embeddings"] = 130.into();
    let tokenizer = json!({"tokenizer_class": "BertTokenizer"});
    assert_eq!(run(&short, tokenizer.clone(), None), Ok((128, Some(126))));
    assert_eq!(run(&short, tokenizer, Some(129)).expect_err("too long").code(), "option_invalid");
}

#[test]
fn what_the_engine_needs_of_a_family_is_read() {
    let mut config = config();
    config["model_type"] = "xlm-roberta".into();
    config["pad_token_id"] = 1.into();
    config["tokenizer_class"] = "BertTokenizer".into();
    config["max_position_embeddings"] = 514.into();
    let model = Model::read(&folder(&config, &[("model.onnx", &classifier(3))]), &LoadContext::default());
    let model = model.expect("a model");
    let defaults = &model.defaults;
    assert_eq!(model.family, "xlm-roberta");
    assert_eq!((defaults.first_position, defaults.padding, defaults.longest_window), (2, 1, 512));
}

#[test]
fn a_vocabulary_without_berts_special_pieces_is_for_its_own_pipeline_only() {
    let pieces = ["<pad>", "[UNK]", "<s>", "</s>", "<mask>", "a", "b", "c"].join("\n");
    let mut config = config();
    config["model_type"] = "mpnet".into();
    let folder = with_vocabulary(&config, "vocab.txt", pieces.as_bytes());
    let annotator = load(&folder).expect("a model");
    let chunks = found(annotator.annotate("a B c", &AnnotateOptions::default()).expect("chunks"));
    assert_eq!(chunks, [("B c".to_string(), "X".to_string())]);
    let options = Options { encoding: Some(Encoding::Spark), ..Default::default() };
    assert_eq!(Annotator::load(&folder, &options).expect_err("refused").code(), "option_invalid");
}
