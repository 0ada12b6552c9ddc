//! The library's error type. Every variant has a code that is stable across versions.

use std::io::{self, ErrorKind};

/// An error with a stable [`code`](Error::code); the message names the file, option or input at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that the model needs does not exist.
    #[error("{file}: no such file")]
    FileMissing {
        /// The file's path or address.
        file: String,
    },
    /// A file exists but cannot be read, or its download was interrupted.
    #[error("{file}: cannot be read: {reason}")]
    FileUnreadable {
        /// The file's path or address.
        file: String,
        /// The platform's message.
        reason: String,
    },
    /// The folder or archive has none of the supported layouts.
    #[error("{source_name}: not a model: {reason}")]
    ModelUnrecognised {
        /// The folder's path or address.
        source_name: String,
        /// Which files were looked for.
        reason: String,
    },
    /// A zip file is damaged or malicious: a zip bomb, or paths that lead out of the archive.
    #[error("{file}: invalid archive: {reason}")]
    ArchiveInvalid {
        /// Path or address of the archive, or of a file in it.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is valid, but of an unsupported kind.
    #[error("{file}: not supported: {reason}")]
    ModelUnsupported {
        /// The file that identifies the kind.
        file: String,
        /// Which kind it is, and what to do instead.
        reason: String,
    },
    /// A model's configuration (such as `config.json` or `metadata/part-00000`) is not JSON or lacks a required value.
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
        /// What violates the format.
        reason: String,
    },
    /// A file's length or sha256 differs from what the manifest, or who asked for it, says.
    #[error("{file}: is not the file that it should be: expected {expected}, found {found}")]
    FileMismatch {
        /// The file's path or address.
        file: String,
        /// Length in bytes, or sha256 in hexadecimal, from the manifest.
        expected: String,
        /// The actual length or sha256.
        found: String,
    },
    /// The vocabulary lacks a special piece, repeats a piece, or is not UTF-8.
    #[error("{file}: invalid vocabulary: {reason}")]
    VocabularyInvalid {
        /// The vocabulary's path or address.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The list of labels is empty, repeats a label, is not UTF-8, or is too long for the decoding `viterbi`.
    #[error("{file}: invalid labels: {reason}")]
    LabelsInvalid {
        /// The file that holds the labels.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The width of the graph's output differs from the number of labels.
    #[error("{file}: the graph gives {outputs} values a word piece, but there are {labels} labels")]
    LabelsMismatch {
        /// The graph's path or address.
        file: String,
        /// Number of labels.
        labels: usize,
        /// Last axis of the graph's logits.
        outputs: usize,
    },
    /// The vocabulary has ids beyond the graph's embedding table.
    #[error("{file}: the graph knows {rows} word pieces, but the vocabulary has one of id {id}")]
    VocabularyMismatch {
        /// The graph's path or address.
        file: String,
        /// The vocabulary's largest id.
        id: u32,
        /// Rows of the graph's embedding table.
        rows: u64,
    },
    /// The ONNX file cannot be parsed, or is not a token classifier that can run.
    #[error("{file}: invalid graph: {reason}")]
    GraphInvalid {
        /// The graph's path or address.
        file: String,
        /// The message of the parser or the optimiser.
        reason: String,
    },
    /// An option has an invalid value, or one that this model cannot honour.
    #[error("option {option}: {reason}")]
    OptionInvalid {
        /// The option's name in Rust, JS and manifests (camelCase).
        option: String,
        /// Why the value is rejected, with the value.
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
    /// A record to annotate or evaluate is malformed.
    #[error("{input}: {reason}")]
    InputInvalid {
        /// The file and line.
        input: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Loading a model is given up: it has passed a limit of the caller's.
    #[error("loading the model is given up: {reason}")]
    LoadLimit {
        /// Which limit.
        reason: String,
    },
    /// The graph failed on a valid window.
    #[error("the model failed to run: {reason}")]
    InferenceFailed {
        /// The engine's message.
        reason: String,
    },
}

impl Error {
    /// The error for an option, by its JS name.
    pub(crate) fn option_invalid(option: &str, reason: impl Into<String>) -> Error {
        Error::OptionInvalid { option: option.into(), reason: reason.into() }
    }

    /// The error for a failed read: `archive_invalid` if the data are bad, otherwise `file_unreadable`.
    pub(crate) fn of_stream(file: &str, error: &io::Error) -> Error {
        let (file, reason) = (file.to_string(), error.to_string());
        match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Error::ArchiveInvalid { file, reason }
            }
            _ => Error::FileUnreadable { file, reason },
        }
    }

    /// The error for a file that does not fit in memory.
    pub(crate) fn no_memory(file: &str, bytes: u64) -> Error {
        Error::FileUnreadable { file: file.to_string(), reason: format!("there is no memory for its {bytes} bytes") }
    }

    /// A stable name for programs to match on, the same in Rust, in JS, on the page and on the command line.
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
            Error::LoadLimit { .. } => "load_limit",
            Error::InferenceFailed { .. } => "inference_failed",
        }
    }
}
