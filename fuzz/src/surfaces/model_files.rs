//! Files of models.

use glossa_ner::engine::{Classifier, ClassifierSetup, OnnxFile, Precision};
use glossa_ner::model::{missing_external_files, LoadContext, Manifest, MemoryFiles, Model};
use glossa_ner::{AnnotateOptions, Annotator, Error, Options};

use crate::bag::{self, Files};
use crate::laws::{self, Reading};
use crate::{java as java_writer, models};

/// The windows that a graph runs on, besides those that loading tries.
const WINDOWS: [&[u32]; 3] = [&[2, 5, 3], &[2, 1, 5, 5, 6, 6, 5, 1, 3], &[0]];
/// The longest window that loading tries.
const LONGEST: usize = 24;
/// What a loaded model annotates.
const TEXTS: [&str; 4] =
    ["", "IL-2 gene\r\n\r\ntreat-\nment of a a\u{301} T cells", "a\u{AD}a \u{1F9EC} \u{200B} aa", "[CLS] [MASK]"];

/// An ONNX file: in f32, then with every weight in int8 that can be.
pub(super) fn onnx(data: &[u8]) {
    let setup = ClassifierSetup { longest: LONGEST, ..Default::default() };
    for precision in [Precision::F32, Precision::Int8] {
        let Ok(graph) = OnnxFile::read(&mut &*data, data.len() as u64, "model.onnx", precision) else { return };
        let Ok(classifier) = Classifier::new(graph, "model.onnx", &setup) else { return };
        for ids in WINDOWS {
            let Ok(logits) = classifier.logits(ids) else { continue };
            assert_eq!(logits.len(), ids.len(), "a row for each word piece");
            for value in (0..logits.len()).flat_map(|piece| logits.row(piece)) {
                assert!(!value.is_nan() && *value < f32::INFINITY, "the logit {value}");
            }
        }
    }
}

/// A saved model of Spark NLP, as one zip and unpacked.
pub(super) fn saved_model(data: &[u8]) {
    let _ = load(vec![("model.zip".into(), data.to_vec())], &Options::default());
    if let Some(files) = crate::archive::unpack(data) {
        let _ = load(files, &Options::default());
    }
}

/// What Java's serialisation wrote, as the labels of a saved model and as its vocabulary.
pub(super) fn java(data: &[u8]) {
    sequence_file(&java_writer::sequence_file(&[data]));
}

/// A SequenceFile, as the labels of a saved model and as its vocabulary. The graph is missing: it is read last.
pub(super) fn sequence_file(data: &[u8]) {
    let _ = read_maps(data);
}

fn read_maps(data: &[u8]) -> Result<Model, Error> {
    const METADATA: &[u8] = br#"{"paramMap": {"engine": "onnx"}}"#;
    let metadata = ("metadata/part-00000".to_string(), METADATA.to_vec());
    let file = |folder: &str| (format!("fields/{folder}/part-00000"), data.to_vec());
    read(&models::memory(vec![metadata, file("labels"), file("vocabulary")]))
}

/// A `tokenizer.json`, with a graph that takes a few more ids than the seeds have.
pub(super) fn tokenizer(data: &[u8]) {
    let _ = load(models::folder(data.to_vec(), models::ROWS), &Options::default());
}

/// The files of a Hugging Face folder, or of an export folder. A graph that is missing is a small one.
pub(super) fn folder(data: &[u8]) {
    let mut files = bag::unpack(data);
    if !files.iter().any(|(name, _)| name.ends_with(".onnx")) {
        files.push(("model.onnx".into(), models::table(models::ROWS)));
    }
    let _ = missing_external_files(&models::memory(files.clone()));
    let _ = load(files.clone(), &Options::default());
    let as_spark_nlp = Options { encoding: Some(glossa_ner::Encoding::Spark), ..Default::default() };
    let _ = load(files, &as_spark_nlp);
}

/// A bundle, as it is and with a manifest that is true, so that the other files are read. Files that are missing are those of
/// a small bundle.
pub(super) fn bundle(data: &[u8]) {
    let mut files = bag::unpack(data);
    for (name, bytes) in models::bundle() {
        if !files.iter().any(|(other, _)| *other == name) {
            files.push((name, bytes));
        }
    }
    let _ = load(files.clone(), &Options::default());
    let content = |wanted: &str| files.iter().rev().find(|(name, _)| name == wanted).map(|(_, bytes)| bytes.as_slice());
    let (Some(manifest), Some(graph), Some(vocabulary)) =
        (content("manifest.json"), content("model.onnx"), content("vocab.txt"))
    else {
        return;
    };
    let Ok(manifest) = Manifest::parse(manifest, "manifest.json") else { return };
    let listed = models::listed(&[("model.onnx", graph), ("vocab.txt", vocabulary)]);
    let manifest = Manifest { files: listed, ..manifest };
    let written = serde_json::to_vec(&manifest).expect("JSON");
    assert_eq!(
        Manifest::parse(&written, "manifest.json").as_ref(),
        Ok(&manifest),
        "a manifest reads as it was written"
    );
    files.push(("manifest.json".into(), written));
    let _ = load(files, &Options { max_sentence_length: Some(LONGEST), ..Default::default() });
}

fn read(files: &MemoryFiles) -> Result<Model, Error> {
    let options = Options::default();
    Model::read(files, &LoadContext { precision: options.precision, dtype: options.dtype, ..Default::default() })
}

/// Loads a model and annotates by it.
fn load(files: Files, options: &Options) -> Result<(), Error> {
    let annotator = Annotator::load(&models::memory(files), options)?;
    for text in TEXTS {
        let sets = annotator.label_sets().len() > 1;
        let reading = Reading { pieces: annotator.decoders().is_empty(), sets, ..Default::default() };
        laws::check_text(&annotator, text, &AnnotateOptions::default(), reading);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    /// Mutations of what is refused at once would reach nothing.
    #[test]
    fn what_mutation_begins_with_is_read() {
        let loads = |files: Files| load(files, &Options::default());
        for zip in seeds::of("saved-model") {
            assert_eq!(loads(vec![("model.zip".into(), zip.clone())]), Ok(()));
        }
        for bundle in seeds::of("bundle") {
            assert_eq!(loads(bag::unpack(&bundle)), Ok(()));
        }
        let with_graph = |mut files: Files| {
            files.push(("model.onnx".into(), models::table(models::ROWS)));
            files
        };
        for folder in seeds::of("folder") {
            assert_eq!(loads(with_graph(bag::unpack(&folder))), Ok(()));
        }
        let tokenizers = seeds::of("tokenizer").into_iter().map(|json| loads(models::folder(json, models::ROWS)));
        assert!(tokenizers.filter(Result::is_ok).count() > 3);
        // The graph is read last.
        let maps =
            seeds::of("sequence-file").into_iter().map(|file| read_maps(&file).map_err(|error| error.code()).err());
        assert!(maps.filter(|code| *code == Some("file_missing")).count() > 0);
    }
}
