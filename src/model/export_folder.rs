//! Spark NLP export folders, which Spark NLP reads with `loadSavedModel`.

use super::{
    base_name, check_labels, check_vocabulary, read_file_graph, spark_class, LoadContext, Model, ModelDefaults, Source,
    TextEncoder, LONGEST_WINDOW,
};
use crate::text::{charset, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

pub(super) const VOCABULARY: &str = "assets/vocab.txt";
const LABELS: &str = "assets/labels.txt";
const GRAPH: &str = "model.onnx";
const ASSETS: &str = "assets";
/// Files that only exports for other classes have.
const OTHER_ASSETS: [(&str, &str); 4] = [
    ("merges.txt", "RoBertaForTokenClassification or LongformerForTokenClassification"),
    ("spm.model", "DeBertaForTokenClassification"),
    ("sentencepiece.bpe.model", "XlmRoBertaForTokenClassification or CamemBertForTokenClassification"),
    ("spiece.model", "AlbertForTokenClassification or XlnetForTokenClassification"),
];

/// The error for a folder that is an export for another class than BERT's.
pub(super) fn of_other_class(source: &dyn Source) -> Result<Option<Error>, Error> {
    let names = source.list(ASSETS)?;
    let found = OTHER_ASSETS.iter().find(|(asset, _)| names.iter().any(|name| name == asset));
    Ok(found.map(|(asset, classes)| spark_class::other_export(classes, source.locate(&format!("{ASSETS}/{asset}")))))
}

pub(super) fn read(source: &dyn Source, vocabulary: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let vocabulary_file = source.locate(VOCABULARY);
    check_vocabulary(vocabulary, &vocabulary_file)?;
    let has = |piece: &[u8]| vocabulary.split(|&byte| byte == b'\n').any(|line| line.trim_ascii_end() == piece);
    if has(b"<s>") && !has(b"[CLS]") {
        return Err(spark_class::other_export("MPNetForTokenClassification", vocabulary_file));
    }
    let labels_file = source.locate(LABELS);
    let labels = source.require(LABELS)?;
    let labels = charset::decode(&labels, None)
        .map_err(|error| Error::LabelsInvalid { file: labels_file.clone(), reason: error.to_string() })?;
    let labels = labels.lines().map(str::to_string).collect();
    Ok(Model {
        name: base_name(source),
        labels: check_labels(labels, &[], &labels_file)?,
        encoder: TextEncoder::Spark(Vocabulary::read(vocabulary, &vocabulary_file)?),
        graph: read_file_graph(source, GRAPH, context)?
            .ok_or_else(|| Error::FileMissing { file: source.locate(GRAPH) })?,
        graph_file: source.locate(GRAPH),
        family: String::new(),
        warnings: Vec::new(),
        defaults: ModelDefaults {
            longest_window: LONGEST_WINDOW,
            first_position: 0,
            padding: 0,
            tokenizer: TokenizerOptions::default(),
            // The folder does not declare these; they are Spark NLP's defaults.
            case_sensitive: true,
            max_sentence_length: 128,
            token_types: TokenTypes::Zeros,
            decoder: Default::default(),
            document_structure: false,
            normalisation: false,
        },
    })
}
