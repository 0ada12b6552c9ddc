//! Model files: where they are read from, and what they say.

mod bundle;
mod export_folder;
mod source;

pub use bundle::{Manifest, ManifestFile, MANIFEST};
pub use export_folder::FILES as EXPORT_FOLDER_FILES;
pub use source::{Folder, MemoryFiles, Source};

use crate::text::{TokenizerOptions, Vocabulary};
use crate::Error;

/// Everything that a model's files say, read and checked, with the graph still to be parsed.
#[derive(Debug)]
pub struct Model {
    /// The model's name: from its manifest, or the folder's.
    pub name: String,
    /// Labels in id order: the last axis of the logits.
    pub labels: Vec<String>,
    /// Word pieces.
    pub vocabulary: Vocabulary,
    /// The ONNX file.
    pub graph: Vec<u8>,
    /// The ONNX file's path or address, for errors.
    pub graph_file: String,
    /// How the model was trained to read: the pipeline's defaults.
    pub pipeline: PipelineDefaults,
}

/// Settings that belong to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineDefaults {
    /// How texts are cut into tokens.
    pub tokenizer: TokenizerOptions,
    /// Whether upper and lower case are told apart.
    pub case_sensitive: bool,
    /// Word pieces a window, `[CLS]` and `[SEP]` included.
    pub max_sentence_length: usize,
}

impl Model {
    /// Reads a model from one of the layouts known: a bundle (`manifest.json`), or a Spark NLP export folder
    /// (`model.onnx`, `assets/vocab.txt`, `assets/labels.txt`).
    ///
    /// # Errors
    /// `model_unrecognised` when the source is neither; `file_missing`, `file_unreadable`, `manifest_invalid`,
    /// `file_mismatch`, `vocabulary_invalid`, `labels_invalid` as its files are.
    pub fn read(source: &dyn Source) -> Result<Self, Error> {
        if let Some(manifest) = source.read(bundle::MANIFEST)? {
            return bundle::read(source, &manifest);
        }
        if let Some(vocabulary) = source.read(export_folder::VOCABULARY)? {
            return export_folder::read(source, &vocabulary);
        }
        Err(Error::ModelUnrecognised {
            source_name: source.name().to_string(),
            reason: format!("it has neither {} nor {}", bundle::MANIFEST, export_folder::VOCABULARY),
        })
    }
}

/// Checks a list of labels.
fn check_labels(labels: Vec<String>, file: &str) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| Error::LabelsInvalid { file: file.to_string(), reason };
    if labels.is_empty() {
        return Err(invalid("there are none".into()));
    }
    let mut seen = std::collections::HashSet::new();
    for label in &labels {
        if label.is_empty() {
            return Err(invalid("one is empty".into()));
        }
        if !seen.insert(label) {
            return Err(invalid(format!("{label:?} stands twice")));
        }
    }
    Ok(labels)
}
