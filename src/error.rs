//! What can go wrong, each case with a code that stays the same across versions.

use std::io::{self, ErrorKind};

/// An error with a stable [`code`](Error::code); the message names the file, option or input at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that the model needs is not there.
    #[error("{file}: no such file")]
    FileMissing {
        /// The file's path or address.
        file: String,
    },
    /// A file is there but cannot be read, or a download broke off.
    #[error("{file}: cannot be read: {reason}")]
    FileUnreadable {
        /// The file's path or address.
        file: String,
        /// What the platform said.
        reason: String,
    },
    /// The folder or archive is none of the layouts that can be loaded.
    #[error("{source_name}: not a model: {reason}")]
    ModelUnrecognised {
        /// The folder's path or address.
        source_name: String,
        /// What was looked for.
        reason: String,
    },
    /// A zip file is damaged, or made to do harm: it unpacks to too much, or names places outside itself.
    #[error("{file}: invalid archive: {reason}")]
    ArchiveInvalid {
        /// The archive's path or address, or that of a file in it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is sound, but of a kind that cannot be read.
    #[error("{file}: not supported: {reason}")]
    ModelUnsupported {
        /// The file that shows it.
        file: String,
        /// What kind it is, and what to do instead.
        reason: String,
    },
    /// A model's settings (`config.json`, `metadata/part-00000` and such) are no JSON or lack what is needed.
    #[error("{file}: invalid configuration: {reason}")]
    ConfigInvalid {
        /// The file's path or address.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `manifest.json` is not valid.
    #[error("{file}: invalid manifest: {reason}")]
    ManifestInvalid {
        /// The manifest's path or address.
        file: String,
        /// Where it departs from the format.
        reason: String,
    },
    /// A file's length or sha256 is not what the manifest says.
    #[error("{file}: does not match its manifest: expected {expected}, found {found}")]
    FileMismatch {
        /// The file's path or address.
        file: String,
        /// Length in bytes, or sha256 in hexadecimal, from the manifest.
        expected: String,
        /// The same of the file itself.
        found: String,
    },
    /// The vocabulary lacks a special piece, repeats a piece, or is no text.
    #[error("{file}: invalid vocabulary: {reason}")]
    VocabularyInvalid {
        /// The vocabulary's path or address.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The list of labels is empty, repeats a label, or is no text.
    #[error("{file}: invalid labels: {reason}")]
    LabelsInvalid {
        /// The file that holds the labels.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The graph's output has another width than there are labels.
    #[error("{file}: the graph gives {outputs} values a word piece, but there are {labels} labels")]
    LabelsMismatch {
        /// The graph's path or address.
        file: String,
        /// Number of labels.
        labels: usize,
        /// Last axis of the graph's logits.
        outputs: usize,
    },
    /// The vocabulary has ids for which the graph has no embedding.
    #[error("{file}: the graph knows {rows} word pieces, but the vocabulary has one of id {id}")]
    VocabularyMismatch {
        /// The graph's path or address.
        file: String,
        /// The vocabulary's largest id.
        id: u32,
        /// Rows of the graph's embedding table.
        rows: u64,
    },
    /// The ONNX file cannot be parsed, or is no token classifier that can be run.
    #[error("{file}: invalid graph: {reason}")]
    GraphInvalid {
        /// The graph's path or address.
        file: String,
        /// What the parser or the optimiser said.
        reason: String,
    },
    /// An option has a value that cannot be honoured.
    #[error("option {option}: {reason}")]
    OptionInvalid {
        /// The option's name in Rust, JS and manifests (camelCase).
        option: String,
        /// Why the value is refused, with the value.
        reason: String,
    },
    /// A pipeline file is malformed, of another version, or has an unknown key.
    #[error("{file}: invalid pipeline: {reason}")]
    PipelineInvalid {
        /// The file, and the line and column if known.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A record that was to be annotated or evaluated is malformed.
    #[error("{input}: {reason}")]
    InputInvalid {
        /// The file and line.
        input: String,
        /// What is wrong there.
        reason: String,
    },
    /// The graph ran into an error on a valid window.
    #[error("the model failed to run: {reason}")]
    InferenceFailed {
        /// What the engine said.
        reason: String,
    },
}

impl Error {
    /// The error of an option, named as in JS.
    pub(crate) fn option_invalid(option: &str, reason: impl Into<String>) -> Error {
        Error::OptionInvalid { option: option.into(), reason: reason.into() }
    }

    /// The error of a stream that broke: the archive's fault if its data are, otherwise the platform's.
    pub(crate) fn of_stream(file: &str, error: &io::Error) -> Error {
        let (file, reason) = (file.to_string(), error.to_string());
        match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Error::ArchiveInvalid { file, reason }
            }
            _ => Error::FileUnreadable { file, reason },
        }
    }

    /// The error of a file that memory is too small for.
    pub(crate) fn no_memory(file: &str, bytes: u64) -> Error {
        Error::FileUnreadable { file: file.to_string(), reason: format!("there is no memory for its {bytes} bytes") }
    }

    /// A name for programs to compare, the same in Rust, JS, the page and the command line.
    pub fn code(&self) -> &'static str {
        match self {
            Error::FileMissing { .. } => "file_missing",
            Error::FileUnreadable { .. } => "file_unreadable",
            Error::ModelUnrecognised { .. } => "model_unrecognised",
            Error::ArchiveInvalid { .. } => "archive_invalid",
            Error::ModelUnsupported { .. } => "model_unsupported",
            Error::ConfigInvalid { .. } => "config_invalid",
            Error::ManifestInvalid { .. } => "manifest_invalid",
            Error::FileMismatch { .. } => "file_mismatch",
            Error::VocabularyInvalid { .. } => "vocabulary_invalid",
            Error::LabelsInvalid { .. } => "labels_invalid",
            Error::LabelsMismatch { .. } => "labels_mismatch",
            Error::VocabularyMismatch { .. } => "vocabulary_mismatch",
            Error::GraphInvalid { .. } => "graph_invalid",
            Error::OptionInvalid { .. } => "option_invalid",
            Error::PipelineInvalid { .. } => "pipeline_invalid",
            Error::InputInvalid { .. } => "input_invalid",
            Error::InferenceFailed { .. } => "inference_failed",
        }
    }
}
