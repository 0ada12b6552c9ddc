//! Spark NLP export folders, which Spark NLP reads with `loadSavedModel`.

use super::{base_name, check_labels, read_file_graph, LoadContext, Model, ModelDefaults, Source, TextEncoder};
use crate::text::{charset, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

pub(super) const VOCABULARY: &str = "assets/vocab.txt";
const LABELS: &str = "assets/labels.txt";
const GRAPH: &str = "model.onnx";

pub(super) fn read(source: &dyn Source, vocabulary: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let labels_file = source.locate(LABELS);
    let labels = source.require(LABELS)?;
    let labels = charset::decode(&labels, None)
        .map_err(|error| Error::LabelsInvalid { file: labels_file.clone(), reason: error.to_string() })?;
    let labels = labels.lines().map(str::to_string).collect();
    Ok(Model {
        name: base_name(source),
        labels: check_labels(labels, &labels_file)?,
        encoder: TextEncoder::Spark(Vocabulary::read(vocabulary, &source.locate(VOCABULARY))?),
        graph: read_file_graph(source, GRAPH, context)?
            .ok_or_else(|| Error::FileMissing { file: source.locate(GRAPH) })?,
        graph_file: source.locate(GRAPH),
        defaults: ModelDefaults {
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
