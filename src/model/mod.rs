//! Model files: sources (folders, zips, memory) and the layouts that can be read from them.

mod archive;
mod bundle;
mod export_folder;
mod hf_folder;
mod java_object;
mod saved_model;
mod sequence_file;
mod source;
mod wrapped_graph;

use std::io::{self, Read};

pub use bundle::{Manifest, ManifestFile, MANIFEST};
pub use source::{is_archive_name, list_paths};
pub use source::{ArchiveFile, FileVisitor, Folder, MemoryFiles, ReadSeek, Source};

use archive::Archive;

use crate::engine::{OnnxFile, Precision};
use crate::labels::DecoderDefaults;
use crate::text::{HfTokenizer, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The longest window in word pieces, `[CLS]` and `[SEP]` included: Spark NLP's limit of `maxSentenceLength`.
pub const LONGEST_WINDOW: usize = 512;

/// The contents of a model's files, read and checked. The graph is parsed but not yet optimised.
#[derive(Debug)]
pub struct Model {
    /// The model's name: from its manifest, or the folder's.
    pub name: String,
    /// Labels in id order: the last axis of the logits.
    pub labels: Vec<String>,
    /// How text becomes word pieces.
    pub encoder: TextEncoder,
    /// The ONNX file, parsed.
    pub graph: OnnxFile,
    /// The ONNX file's path or address, for errors.
    pub graph_file: String,
    /// How the model was trained to read.
    pub defaults: ModelDefaults,
}

/// Parameters of reading a model's files.
#[derive(Clone, Copy)]
pub struct LoadContext<'p> {
    /// The arithmetic that the graph will run in. It decides whether f32 weights are quantised while they are read.
    pub precision: Precision,
    /// Called while the ONNX file is read, with the bytes read so far and their total; in the last call both are equal.
    pub progress: &'p dyn Fn(u64, u64),
}

impl Default for LoadContext<'_> {
    fn default() -> Self {
        LoadContext { precision: Precision::default(), progress: &|_, _| () }
    }
}

/// How text becomes word pieces.
#[derive(Debug)]
pub enum TextEncoder {
    /// Spark NLP's encoder, with this vocabulary.
    Spark(Vocabulary),
    /// The tokenizer of a Hugging Face folder.
    HuggingFace {
        /// `tokenizer.json`, or its equivalent made from `vocab.txt` as in transformers.
        tokenizer: Box<HfTokenizer>,
        /// The vocabulary for [`Encoding::Spark`](crate::Encoding::Spark), if the tokenizer is WordPiece.
        vocabulary: Option<Vocabulary>,
    },
}

/// A model's defaults for [`Options`](crate::Options).
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDefaults {
    /// How texts are cut into tokens.
    pub tokenizer: TokenizerOptions,
    /// Whether the model distinguishes upper and lower case.
    pub case_sensitive: bool,
    /// Word pieces per window, `[CLS]` and `[SEP]` included.
    pub max_sentence_length: usize,
    /// The values of the graph's input `token_type_ids`.
    pub token_types: TokenTypes,
    /// How labels are decoded.
    pub decoder: DecoderDefaults,
    /// Whether empty lines end paragraphs.
    pub document_structure: bool,
    /// Whether texts are read in plain writing.
    pub normalisation: bool,
}

impl Model {
    /// Reads a model in one of the supported layouts, detected in this order: a bundle (`manifest.json`), a model saved
    /// by Spark NLP (`metadata/part-00000`), a Spark NLP export folder (`assets/vocab.txt`), a Hugging Face folder with
    /// an ONNX file (`config.json`). Any of them may be in a zip, at its root or in a single folder.
    ///
    /// The ONNX file is parsed as a stream: neither the archive nor the file is ever in memory as a whole.
    ///
    /// # Errors
    /// `model_unrecognised` if the source has none of these layouts; `model_unsupported` if its kind cannot be read;
    /// otherwise, for the file at fault, `archive_invalid`, `file_missing`, `file_unreadable`, `manifest_invalid`,
    /// `config_invalid`, `file_mismatch`, `vocabulary_invalid`, `labels_invalid` or `graph_invalid`.
    pub fn read(source: &dyn Source, context: &LoadContext<'_>) -> Result<Self, Error> {
        match source.archive()? {
            Some((name, bytes)) => Self::read_files(&Archive::open(name, bytes)?, context),
            None => Self::read_files(source, context),
        }
    }

    fn read_files(source: &dyn Source, context: &LoadContext<'_>) -> Result<Self, Error> {
        if let Some(manifest) = source.read(bundle::MANIFEST)? {
            return bundle::read(source, &manifest, context);
        }
        if let Some(metadata) = source.read(saved_model::METADATA)? {
            return saved_model::read(source, &metadata, context);
        }
        if let Some(vocabulary) = source.read(export_folder::VOCABULARY)? {
            return export_folder::read(source, &vocabulary, context);
        }
        if let Some(config) = source.read(hf_folder::CONFIG)? {
            return hf_folder::read(source, &config, context);
        }
        let (bundle, saved, export, hugging_face) =
            (bundle::MANIFEST, saved_model::METADATA, export_folder::VOCABULARY, hf_folder::CONFIG);
        Err(Error::ModelUnrecognised {
            source_name: source.name().to_string(),
            reason: format!(
                "it has none of {bundle} (a bundle), {saved} (a model saved by Spark NLP), {export} (a Spark NLP export \
                 folder), {hugging_face} (a Hugging Face folder)"
            ),
        })
    }
}

/// Reads an ONNX file from a stream, to its end, since archives have their checksums there. `length` is the file's length;
/// with `guess` it is an estimate, otherwise a stream of another length is an error.
fn read_graph(
    reader: &mut dyn Read,
    length: u64,
    guess: bool,
    file: &str,
    context: &LoadContext<'_>,
) -> Result<OnnxFile, Error> {
    let mut counted = Counted { reader, read: 0, length, context };
    let graph = OnnxFile::read(&mut counted, length, file, context.precision);
    if let Err(Error::ArchiveInvalid { .. } | Error::FileUnreadable { .. }) = graph {
        return graph;
    }
    // A damaged stream is the cause of an invalid graph, so its error comes first.
    io::copy(&mut counted, &mut io::sink()).map_err(|error| Error::of_stream(file, &error))?;
    if !guess && counted.read != length {
        return Err(source::other_length(file, counted.read, length));
    }
    (context.progress)(counted.read, counted.read);
    graph
}

/// Reads an ONNX file of a source; `None` if there is no such file.
fn read_file_graph(source: &dyn Source, path: &str, context: &LoadContext<'_>) -> Result<Option<OnnxFile>, Error> {
    let mut graph = None;
    source.stream(path, &mut |reader, length| {
        graph = Some(read_graph(reader, length, false, &source.locate(path), context)?);
        Ok(())
    })?;
    Ok(graph)
}

/// A stream that reports how much of it has been read.
struct Counted<'r> {
    reader: &'r mut dyn Read,
    read: u64,
    length: u64,
    context: &'r LoadContext<'r>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read += read as u64;
        (self.context.progress)(self.read.min(self.length), self.length);
        Ok(read)
    }
}

/// The last component of a source's path without `.zip`, as a name for the model.
fn base_name(source: &dyn Source) -> String {
    let name = source.name().trim_end_matches('/');
    let name = name.rsplit('/').next().unwrap_or(name);
    let stem = if source::is_archive_name(name) { &name[..name.len() - 4] } else { name };
    stem.to_string()
}

/// The error for ONNX external data: weights in a file beside the ONNX file.
fn external_data(source: &dyn Source, path: &str) -> Error {
    Error::ModelUnsupported {
        file: source.locate(path),
        reason: "weights beside the ONNX file (external data) cannot be read; save the model as a single ONNX file"
            .into(),
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
            return Err(invalid(format!("{label:?} is listed twice")));
        }
    }
    Ok(labels)
}
