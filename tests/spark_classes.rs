//! Spark NLP's models of other classes than BERT's: read where the class encodes as BERT does, else refused by name.

use std::io::{Cursor, Read};
use std::path::Path;

use glossa_ner::model::{Folder, MemoryFiles, Source};
use glossa_ner::{Annotator, Error, Options};
use serde_json::Value;
use zip::ZipArchive;

const METADATA: &str = "metadata/part-00000";

fn golden(path: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(path);
    std::fs::read(file).expect("a file")
}

/// The saved model's files.
fn saved() -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(golden("saved_hub_root.zip"))).expect("a zip");
    let mut files = Vec::new();
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).expect("an entry");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("bytes");
        files.push((file.name().to_string(), bytes));
    }
    files
}

/// The saved model as if this class had saved it.
fn of_class(class: &str) -> MemoryFiles {
    let mut folder = MemoryFiles::new("memory");
    for (path, bytes) in saved() {
        if path == METADATA {
            let mut metadata: Value = serde_json::from_slice(&bytes).expect("JSON");
            metadata["class"] = class.into();
            folder.insert(path, metadata.to_string().into_bytes());
        } else {
            folder.insert(path, bytes);
        }
    }
    folder
}

fn export(files: &[(&str, Vec<u8>)]) -> MemoryFiles {
    let mut folder = MemoryFiles::new("memory/m");
    for (path, bytes) in files {
        folder.insert(*path, bytes.clone());
    }
    folder
}

fn load(source: &dyn Source) -> Result<Annotator, Error> {
    Annotator::load(source, &Options::default())
}

fn refused(source: &dyn Source) -> (&'static str, String) {
    let error = load(source).expect_err("a model that is refused");
    (error.code(), error.to_string())
}

#[test]
fn classes_that_encode_as_bert_does_give_the_same_chunks() {
    let text = "IL-2 gene expression requires NF-kappa B in human T cells.";
    let zip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models/saved_hub_root.zip");
    let bert = load(&Folder::open(zip).expect("a zip")).expect("a model").annotate(text, &Default::default());
    assert!(!bert.as_ref().expect("chunks").chunks.is_empty());
    for class in [
        "com.johnsnowlabs.nlp.annotators.classifier.dl.BertForTokenClassification",
        "com.johnsnowlabs.nlp.annotators.classifier.dl.DistilBertForTokenClassification",
        "com.johnsnowlabs.nlp.annotators.classifier.dl.MedicalBertForTokenClassifier",
    ] {
        assert_eq!(load(&of_class(class)).expect(class).annotate(text, &Default::default()), bert, "{class}");
    }
}

#[test]
fn saved_models_of_other_classes_are_refused_by_name() {
    for class in [
        "RoBertaForTokenClassification",
        "XlmRoBertaForTokenClassification",
        "CamemBertForTokenClassification",
        "DeBertaForTokenClassification",
        "AlbertForTokenClassification",
        "MPNetForTokenClassification",
        "BertForSequenceClassification",
        "MedicalNerModel",
    ] {
        let (code, message) = refused(&of_class(&format!("com.johnsnowlabs.nlp.annotators.classifier.dl.{class}")));
        assert!(code == "model_unsupported" && message.contains(class), "{message}");
        assert_eq!(message.contains("tokenizer.json"), class.ends_with("TokenClassification"), "{message}");
    }
    let (code, message) = refused(&of_class("org.apache.spark.ml.PipelineModel"));
    assert!(code == "model_unsupported" && message.contains("stages"), "{message}");
}

#[test]
fn export_folders_of_other_classes_are_told_by_their_assets() {
    let (graph, labels) = (golden("cellular/model.onnx"), golden("cellular/assets/labels.txt"));
    for (asset, class) in [
        ("merges.txt", "RoBertaForTokenClassification"),
        ("spm.model", "DeBertaForTokenClassification"),
        ("sentencepiece.bpe.model", "CamemBertForTokenClassification"),
        ("spiece.model", "AlbertForTokenClassification"),
    ] {
        let asset = format!("assets/{asset}");
        let mut files =
            vec![("model.onnx", graph.clone()), ("assets/labels.txt", labels.clone()), (&asset, b"x".to_vec())];
        for vocabulary in [false, true] {
            if vocabulary {
                files.push(("assets/vocab.txt", "<s>\n<pad>\n</s>\n<unk>\n".into()));
            }
            let (code, message) = refused(&export(&files));
            assert_eq!(code, "model_unsupported", "{message}");
            assert!(
                message.contains(class) && message.contains(&asset) && message.contains("tokenizer.json"),
                "{message}"
            );
        }
    }
    let pieces = b"<s>\n<pad>\n</s>\n[UNK]\na\n".to_vec();
    let mpnet = export(&[("model.onnx", graph), ("assets/labels.txt", labels), ("assets/vocab.txt", pieces)]);
    assert!(refused(&mpnet).1.contains("MPNetForTokenClassification"));
}

#[test]
fn an_export_of_another_class_is_read_as_the_hugging_face_folder_that_it_was_made_in() {
    let own = ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model.onnx"];
    let mut files: Vec<(&str, Vec<u8>)> = own.map(|path| (path, golden(&format!("hf_cellular/{path}")))).into();
    let text = "IL-2 gene expression requires NF-kappa B in human T cells.";
    let plain = load(&export(&files)).expect("a model").annotate(text, &Default::default());
    files.push(("assets/merges.txt", b"x".to_vec()));
    files.push(("assets/vocab.txt", b"<s>\n".to_vec()));
    assert_eq!(load(&export(&files)).expect("a model").annotate(text, &Default::default()), plain);
    files.retain(|(path, _)| *path != "tokenizer.json");
    assert!(refused(&export(&files)).1.contains("RoBertaForTokenClassification"));
}

#[test]
fn an_empty_vocabulary_says_what_to_do() {
    let (graph, labels) = (golden("cellular/model.onnx"), golden("cellular/assets/labels.txt"));
    for empty in ["", "\n", " \r\n\n"] {
        let files =
            [("model.onnx", graph.clone()), ("assets/labels.txt", labels.clone()), ("assets/vocab.txt", empty.into())];
        let (code, message) = refused(&export(&files));
        assert!(code == "vocabulary_invalid" && message.contains("empty") && message.contains("Take"), "{message}");
    }
}
