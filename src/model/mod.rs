//! Model files: sources (folders, zips, memory) and the layouts that can be read from them.

mod archive;
mod bundle;
mod export_folder;
mod graph_files;
mod hf_folder;
mod hf_labels;
mod hf_tokenizer_class;
mod hf_tokenizer_files;
mod java_object;
mod saved_model;
mod sequence_file;
mod source;
mod spark_class;
mod wrapped_graph;

use std::io::{self, Read};

pub use bundle::{Manifest, ManifestFile, Measured, MANIFEST};
pub use graph_files::{Dtype, GRAPH_FILES, GRAPH_FOLDERS};
pub use source::{is_archive_name, list_paths};
pub use source::{ArchiveFile, FileVisitor, Folder, MemoryFiles, ReadSeek, Source};

pub(crate) use hf_labels::numbered;

use archive::Archive;

use crate::engine::{OnnxFile, Precision};
use crate::labels::DecoderDefaults;
use crate::text::{charset, HfTokenizer, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The longest window in word pieces, `[CLS]` and `[SEP]` included, for models that declare no more positions: Spark NLP's
/// limit of `maxSentenceLength`.
pub const LONGEST_WINDOW: usize = 512;

/// The contents of a model's files, read and checked. The graph is parsed but not yet optimised.
#[derive(Debug)]
pub struct Model {
    /// The model's name: from its manifest, or the folder's.
    pub name: String,
    /// The architecture by its name in transformers (`model_type`), such as `deberta-v2`; empty if no file says it.
    pub family: String,
    /// Labels in id order: the last axis of the logits. Empty if no file says how many there are: then they are `LABEL_0`,
    /// `LABEL_1`, … for the graph's width.
    pub labels: Vec<String>,
    /// How text becomes word pieces.
    pub encoder: TextEncoder,
    /// The ONNX file, parsed.
    pub graph: OnnxFile,
    /// The ONNX file's path or address, for errors.
    pub graph_file: String,
    /// What a user should know about how the files were read, in sentences.
    pub warnings: Vec<String>,
    /// How the model was trained to read.
    pub defaults: ModelDefaults,
}

/// Parameters of reading a model's files.
#[derive(Clone, Copy)]
pub struct LoadContext<'p> {
    /// The arithmetic that the graph will run in. It decides whether f32 weights are quantised while they are read.
    pub precision: Precision,
    /// Which of a Hugging Face folder's ONNX files is read.
    pub dtype: Dtype,
    /// Called while the ONNX file is read, with the bytes read so far and their total; in the last call both are equal.
    pub progress: &'p dyn Fn(u64, u64),
    /// Called between the steps of reading; its error ends them.
    pub check: &'p dyn Fn() -> Result<(), Error>,
}

impl Default for LoadContext<'_> {
    fn default() -> Self {
        LoadContext {
            precision: Precision::default(),
            dtype: Dtype::default(),
            progress: &|_, _| (),
            check: &|| Ok(()),
        }
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
    /// The most word pieces that a window may have: what the model has positions for.
    pub longest_window: usize,
    /// The row of the graph's table of positions that the first word piece takes. RoBERTa's family counts from the row behind
    /// that of the padding id.
    pub first_position: usize,
    /// The id of the padding piece.
    pub padding: i64,
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
    /// `option_invalid` if there is no ONNX file of the wanted number format; otherwise, for the file at fault, `archive_invalid`, `file_missing`, `file_unreadable`, `manifest_invalid`,
    /// `config_invalid`, `file_mismatch`, `vocabulary_invalid`, `labels_invalid` or `graph_invalid`.
    pub fn read(source: &dyn Source, context: &LoadContext<'_>) -> Result<Self, Error> {
        let read = Self::read_any(source, context);
        // A stream that the check has ended looks like a damaged one.
        (context.check)().and(read)
    }

    fn read_any(source: &dyn Source, context: &LoadContext<'_>) -> Result<Self, Error> {
        match source.archive()? {
            Some((name, bytes)) => Self::read_files(&Archive::open(name, bytes)?, context),
            None => Self::read_files(source, context),
        }
    }

    fn read_files(source: &dyn Source, context: &LoadContext<'_>) -> Result<Self, Error> {
        if let Some(manifest) = source.read(bundle::MANIFEST)? {
            graph_files::refuse(context.dtype)?;
            return bundle::read(source, &manifest, context);
        }
        if let Some(metadata) = source.read(saved_model::METADATA)? {
            graph_files::refuse(context.dtype)?;
            return saved_model::read(source, &metadata, context);
        }
        // Exports for other classes than BERT's have these assets too.
        let other_class = export_folder::of_other_class(source)?;
        if let (Some(vocabulary), None) = (source.read(export_folder::VOCABULARY)?, &other_class) {
            graph_files::refuse(context.dtype)?;
            return export_folder::read(source, &vocabulary, context);
        }
        let config = source.read(hf_folder::CONFIG)?;
        match (config, other_class) {
            // The folder that an export was made in may still hold the tokenizer: then it is a Hugging Face folder.
            (Some(config), None) => return hf_folder::read(source, &config, context),
            (Some(config), Some(_)) if hf_folder::has_tokenizer(source)? => {
                return hf_folder::read(source, &config, context)
            }
            (_, Some(other)) => return Err(other),
            (None, None) => {}
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

/// Paths of the files that the ONNX files of a folder have their weights in (external data) and that the folder lacks, for
/// callers that fetch a model's files one by one. ONNX files are looked for in the root and in `onnx/`.
///
/// # Errors
/// Those of [`Source`], and `graph_invalid`.
pub fn missing_external_files(source: &dyn Source) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for folder in ["", "onnx/"] {
        let names = source.list(folder.trim_end_matches('/'))?;
        for name in names.iter().filter(|name| name.ends_with(".onnx")) {
            let path = format!("{folder}{name}");
            let mut locations = Vec::new();
            source.stream(&path, &mut |reader, length| {
                locations = OnnxFile::list_external_files(reader, length, &source.locate(&path))?;
                Ok(())
            })?;
            for path in locations.into_iter().map(|location| format!("{folder}{location}")) {
                if !source.stream(&path, &mut |_, _| Ok(()))? {
                    missing.push(path);
                }
            }
        }
    }
    Ok(missing)
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

/// Reads an ONNX file of a source, with the files beside it that hold its weights; `None` if there is no such file.
fn read_file_graph(source: &dyn Source, path: &str, context: &LoadContext<'_>) -> Result<Option<OnnxFile>, Error> {
    let mut graph = None;
    source.stream(path, &mut |reader, length| {
        graph = Some(read_graph(reader, length, false, &source.locate(path), context)?);
        Ok(())
    })?;
    if let Some(graph) = &mut graph {
        read_external_files(graph, source, path, context)?;
    }
    Ok(graph)
}

/// Reads the external data of the ONNX file at `path`: files in its folder.
fn read_external_files(
    graph: &mut OnnxFile,
    source: &dyn Source,
    path: &str,
    context: &LoadContext<'_>,
) -> Result<(), Error> {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    while let Some(location) = graph.external_files().into_iter().next() {
        let path = format!("{folder}{location}");
        let file = source.locate(&path);
        let read_before = graph.len();
        let found = source.stream(&path, &mut |reader, length| {
            let progress = |read: u64, length: u64| (context.progress)(read_before + read, read_before + length);
            let context = LoadContext { progress: &progress, ..*context };
            let mut counted = Counted { reader, read: 0, length, context: &context };
            graph.read_external(&location, &mut counted, length, &file)?;
            // Archives have their checksums at the end.
            io::copy(&mut counted, &mut io::sink()).map_err(|error| Error::of_stream(&file, &error))?;
            progress(length, length);
            Ok(())
        })?;
        if !found {
            return Err(Error::FileMissing { file });
        }
    }
    Ok(())
}

/// A stream that reports how much of it has been read, and fails when the context's check does.
struct Counted<'r> {
    reader: &'r mut dyn Read,
    read: u64,
    length: u64,
    context: &'r LoadContext<'r>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.context.check)().map_err(io::Error::other)?;
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

/// Parses a file that must hold a JSON object.
fn parse_json(bytes: &[u8], file: &str) -> Result<serde_json::Value, Error> {
    let invalid = |reason: String| Error::ConfigInvalid { file: file.to_string(), reason };
    let text = charset::decode(bytes, None).map_err(|error| invalid(error.to_string()))?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    if !json.is_object() {
        return Err(invalid("it is not a JSON object".into()));
    }
    Ok(json)
}

/// Checks that a vocabulary holds anything: exports of tokenizers without word pieces leave an empty file.
fn check_vocabulary(bytes: &[u8], file: &str) -> Result<(), Error> {
    if !bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let reason =
        "it is empty; the export did not write the tokenizer's word pieces. Take the file from the model that was \
                  exported, or give the whole Hugging Face folder with tokenizer.json";
    Err(Error::VocabularyInvalid { file: file.to_string(), reason: reason.into() })
}

/// Checks a list of labels. Those of several label sets have an `O` for each, which the sets' check counts.
fn check_labels(labels: Vec<String>, sets: &[usize], file: &str) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| Error::LabelsInvalid { file: file.to_string(), reason };
    if labels.is_empty() {
        return Err(invalid("there are none".into()));
    }
    let mut seen = std::collections::HashSet::new();
    for label in &labels {
        if label.is_empty() {
            return Err(invalid("one is empty".into()));
        }
        if !seen.insert(label) && (label != "O" || sets.is_empty()) {
            return Err(invalid(format!("{label:?} is listed twice")));
        }
    }
    Ok(labels)
}
