//! A Spark NLP export folder: what `loadSavedModel` reads.

use super::{check_labels, Model, PipelineDefaults, Source};
use crate::text::{TokenizerOptions, Vocabulary};
use crate::Error;

pub(super) const VOCABULARY: &str = "assets/vocab.txt";
const LABELS: &str = "assets/labels.txt";
const GRAPH: &str = "model.onnx";
/// The files of an export folder that are read.
pub const FILES: [&str; 3] = [VOCABULARY, LABELS, GRAPH];

pub(super) fn read(source: &dyn Source, vocabulary: &[u8]) -> Result<Model, Error> {
    let labels_file = source.locate(LABELS);
    let labels = String::from_utf8(source.require(LABELS)?)
        .map_err(|error| Error::LabelsInvalid { file: labels_file.clone(), reason: error.to_string() })?;
    let labels = labels.lines().map(str::to_string).collect();
    let name = source.name().trim_end_matches('/');
    Ok(Model {
        name: name.rsplit('/').next().unwrap_or(name).to_string(),
        labels: check_labels(labels, &labels_file)?,
        vocabulary: Vocabulary::read(vocabulary, &source.locate(VOCABULARY))?,
        graph: source.require(GRAPH)?,
        graph_file: source.locate(GRAPH),
        pipeline: PipelineDefaults {
            tokenizer: TokenizerOptions::default(),
            // Nothing in the folder tells; Spark NLP takes these until told otherwise.
            case_sensitive: true,
            max_sentence_length: 128,
        },
    })
}
