//! Model bundles: `manifest.json` and the files it lists, checked by length and sha256.

use std::io::{self, Read};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    check_labels, check_vocabulary, read_graph, LoadContext, Model, ModelDefaults, Source, TextEncoder, LONGEST_WINDOW,
};
use crate::engine::OnnxFile;
use crate::labels::{Confidences, Constraint, DecoderDefaults, Decoding};
use crate::text::{charset, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The file that identifies a bundle.
pub const MANIFEST: &str = "manifest.json";
/// The formats that can be read, in order of their versions.
const FORMATS: [&str; 5] =
    ["glossa-bundle/1", "glossa-bundle/2", "glossa-bundle/3", "glossa-bundle/4", "glossa-bundle/5"];
const GRAPH: &str = "model.onnx";
const VOCABULARY: &str = "vocab.txt";

/// `manifest.json`: the model's name, labels, files and defaults.
// Read from a `Value`: derived code for these fields would take some kilobytes more of the browser's binary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// `glossa-bundle/5`; `glossa-bundle/4` without `labelSets`; `glossa-bundle/3` also without `constraints` and `confidences`;
    /// `glossa-bundle/2` also without `documentStructure` and `normalisation`; `glossa-bundle/1` also without `tokenTypes`,
    /// `decoding`, `temperature` and `transitions`. Programs that know only an earlier format would ignore these keys and silently give other results.
    pub format: String,
    /// A short name, such as `cellular`.
    pub name: String,
    /// Labels in id order.
    pub labels: Vec<String>,
    /// See [`DecoderDefaults::label_sets`]; all labels are one set if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_sets: Option<Vec<usize>>,
    /// Every file of the bundle but the manifest and README.md.
    pub files: Vec<ManifestFile>,
    /// How texts are cut into tokens.
    pub tokenizer: TokenizerOptions,
    /// Whether the model distinguishes upper and lower case.
    pub case_sensitive: bool,
    /// Word pieces per window, `[CLS]` and `[SEP]` included.
    pub max_sentence_length: usize,
    /// The values of the graph's input `token_type_ids`: `zeros` (default) or `casing`. Older bundles call the key
    /// `segments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_types: Option<TokenTypes>,
    /// How labels are decoded by default; `argmax` if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoding: Option<Decoding>,
    /// See [`DecoderDefaults::temperature`]; 1 if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// See [`DecoderDefaults::transitions`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transitions: Option<Vec<Vec<f32>>>,
    /// See [`DecoderDefaults::constraints`]; none if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Vec<Constraint>>,
    /// See [`DecoderDefaults::confidences`]; none if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidences: Option<Confidences>,
    /// Whether empty lines end paragraphs; false if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_structure: Option<bool>,
    /// Whether texts are read in plain writing; false if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<bool>,
    /// SPDX name of the weights' licence.
    pub licence: String,
    /// The works that the weights are derived from.
    pub attribution: Vec<String>,
    /// Reports of `glossa eval`, by data set.
    pub measured: Measured,
}

/// Reports of `glossa eval`, by data set, as a manifest has them: for people to read, in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Measured(Value);

impl Default for Measured {
    fn default() -> Self {
        Measured(serde_json::json!({}))
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestFile {
    /// Path relative to the manifest.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl ManifestFile {
    /// Compares a file's hash with the one listed. `file` names it in errors.
    ///
    /// # Errors
    /// `file_mismatch`.
    pub(crate) fn check_hash(&self, hash: &[u8], file: &str) -> Result<(), Error> {
        let found: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if found == self.sha256 {
            return Ok(());
        }
        let (expected, found) = (format!("sha256 {}", self.sha256), format!("sha256 {found}"));
        Err(Error::FileMismatch { file: file.to_string(), expected, found })
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Manifest::read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Manifest {
    fn read(value: Value) -> Result<Self, String> {
        let Value::Object(object) = value else { return Err("it is no JSON object".into()) };
        let mut fields = Fields(object);
        Ok(Manifest {
            format: fields.required("format", Fields::text)?,
            name: fields.required("name", Fields::text)?,
            labels: fields.required("labels", |value| Fields::list(value, Fields::text))?,
            label_sets: fields.optional("labelSets", |value| Fields::list(value, Fields::count))?,
            files: fields.required("files", |value| Fields::list(value, ManifestFile::read))?,
            tokenizer: fields.0.remove("tokenizer").map_or_else(|| Ok(TokenizerOptions::default()), tokenizer)?,
            case_sensitive: fields.required("caseSensitive", Value::as_bool)?,
            max_sentence_length: fields.required("maxSentenceLength", Fields::count)?,
            token_types: {
                let key = if fields.0.contains_key("tokenTypes") { "tokenTypes" } else { "segments" };
                fields.optional(key, |value| match value.as_str()? {
                    "zeros" => Some(TokenTypes::Zeros),
                    "casing" => Some(TokenTypes::Casing),
                    _ => None,
                })?
            },
            decoding: fields.optional("decoding", |value| match value.as_str()? {
                "argmax" => Some(Decoding::Argmax),
                "viterbi" => Some(Decoding::Viterbi),
                _ => None,
            })?,
            temperature: fields.optional("temperature", Fields::number)?,
            transitions: fields
                .optional("transitions", |value| Fields::list(value, |row| Fields::list(row, Fields::number)))?,
            constraints: fields.optional("constraints", |value| Fields::list(value, Constraint::read))?,
            confidences: match fields.0.remove("confidences") {
                Some(value) if !value.is_null() => Some(Confidences::read(value)?),
                _ => None,
            },
            document_structure: fields.optional("documentStructure", Value::as_bool)?,
            normalisation: fields.optional("normalisation", Value::as_bool)?,
            licence: fields.required("licence", Fields::text)?,
            attribution: fields.optional("attribution", |value| Fields::list(value, Fields::text))?.unwrap_or_default(),
            measured: fields.0.remove("measured").map(Measured).unwrap_or_default(),
        })
    }
}

/// The fields of a manifest that are still to be read.
struct Fields(Map<String, Value>);

impl Fields {
    /// A field that may be left out; what `read` does not take is an error that names the field and shows its value.
    fn optional<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, String> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(&value) {
                Some(read) => Ok(Some(read)),
                None => Err(unreadable(key, &value)),
            },
        }
    }

    fn required<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T, String> {
        self.optional(key, read)?.ok_or_else(|| format!("it has no {key}"))
    }

    fn text(value: &Value) -> Option<String> {
        value.as_str().map(String::from)
    }

    fn number(value: &Value) -> Option<f32> {
        value.as_f64().map(|number| number as f32)
    }

    fn count(value: &Value) -> Option<usize> {
        usize::try_from(value.as_u64()?).ok()
    }

    fn list<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        value.as_array()?.iter().map(read).collect()
    }
}

/// The parameters of a tokenizer. One that is not known might change every token, so it is an error.
fn tokenizer(value: Value) -> Result<TokenizerOptions, String> {
    let Value::Object(object) = value else { return Err(unreadable("tokenizer", &value)) };
    let mut fields = Fields(object);
    let texts = |value: &Value| Fields::list(value, Fields::text);
    let options = TokenizerOptions {
        target_pattern: fields.optional("targetPattern", Fields::text)?,
        prefix_pattern: fields.optional("prefixPattern", Fields::text)?,
        suffix_pattern: fields.optional("suffixPattern", Fields::text)?,
        infix_patterns: fields.optional("infixPatterns", texts)?,
        context_chars: fields.optional("contextChars", texts)?,
        exceptions: fields.optional("exceptions", texts)?,
        case_sensitive_exceptions: fields.optional("caseSensitiveExceptions", Value::as_bool)?,
        split_pattern: fields.optional("splitPattern", Fields::text)?,
        split_chars: fields.optional("splitChars", texts)?,
        min_length: fields.optional("minLength", Fields::count)?,
        max_length: fields.optional("maxLength", Fields::count)?,
    };
    match fields.0.keys().next() {
        Some(key) => Err(format!("its tokenizer has {key}, which is not known")),
        None => Ok(options),
    }
}

/// The message about a field that cannot be read, with the beginning of its value.
fn unreadable(key: &str, value: &Value) -> String {
    let shown: String = value.to_string().chars().take(100).collect();
    format!("its {key} cannot be {shown}")
}

impl ManifestFile {
    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(String::from);
        Some(ManifestFile { path: text("path")?, bytes: value["bytes"].as_u64()?, sha256: text("sha256")? })
    }
}

impl Manifest {
    /// Parses a manifest; `file` names it in errors.
    ///
    /// # Errors
    /// `manifest_invalid`.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::ManifestInvalid { file: file.to_string(), reason };
        let text = charset::decode(bytes, None).map_err(|error| invalid(error.to_string()))?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let Some(version) = FORMATS.iter().position(|format| *format == manifest.format) else {
            return Err(invalid(format!("its format is {:?}, not one of {}", manifest.format, FORMATS.join(", "))));
        };
        if let Some((key, since)) = manifest.versioned_keys().into_iter().find(|(_, since)| *since > version) {
            let (format, needed) = (FORMATS[version], FORMATS[since]);
            return Err(invalid(format!("its format is {format:?}, which has no {key}; {needed:?} has")));
        }
        manifest.decoder().check(&manifest.labels).map_err(invalid)?;
        if !(1..=LONGEST_WINDOW).contains(&manifest.max_sentence_length) {
            let length = manifest.max_sentence_length;
            return Err(invalid(format!("maxSentenceLength is {length}, not 1 to {LONGEST_WINDOW}")));
        }
        for path in [GRAPH, VOCABULARY] {
            if !manifest.files.iter().any(|entry| entry.path == path) {
                return Err(invalid(format!("it does not list {path}")));
            }
        }
        Ok(manifest)
    }

    /// The keys in use that not all formats have, each with the index of the first format that has it.
    fn versioned_keys(&self) -> Vec<(&'static str, usize)> {
        let Manifest { token_types, decoding, temperature, transitions, constraints, .. } = self;
        let Manifest { confidences, document_structure, normalisation, label_sets, .. } = self;
        let keys = [
            ("tokenTypes", 1, token_types.is_some()),
            ("decoding", 1, decoding.is_some()),
            ("temperature", 1, temperature.is_some()),
            ("transitions", 1, transitions.is_some()),
            ("documentStructure", 2, document_structure.is_some()),
            ("normalisation", 2, normalisation.is_some()),
            ("constraints", 3, constraints.is_some()),
            ("confidences", 3, confidences.is_some()),
            ("labelSets", 4, label_sets.is_some()),
        ];
        keys.into_iter().filter(|(_, _, used)| *used).map(|(key, since, _)| (key, since)).collect()
    }

    /// How labels are decoded.
    fn decoder(&self) -> DecoderDefaults {
        let Manifest { label_sets, decoding, temperature, transitions, constraints, confidences, .. } = self;
        DecoderDefaults {
            label_sets: label_sets.clone().unwrap_or_default(),
            decoding: decoding.unwrap_or_default(),
            temperature: temperature.unwrap_or(1.0),
            transitions: transitions.clone(),
            constraints: constraints.clone().unwrap_or_default(),
            confidences: confidences.clone().unwrap_or_default(),
        }
    }
}

pub(super) fn read(source: &dyn Source, manifest: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let manifest_file = source.locate(MANIFEST);
    let manifest = Manifest::parse(manifest, &manifest_file)?;
    let vocabulary_file = source.locate(VOCABULARY);
    let vocabulary = checked(source, &manifest, VOCABULARY)?;
    check_vocabulary(&vocabulary, &vocabulary_file)?;
    Ok(Model {
        labels: check_labels(
            manifest.labels.clone(),
            manifest.label_sets.as_deref().unwrap_or_default(),
            &manifest_file,
        )?,
        encoder: TextEncoder::Spark(Vocabulary::read(&vocabulary, &vocabulary_file)?),
        graph: checked_graph(source, &manifest, context)?,
        graph_file: source.locate(GRAPH),
        family: String::new(),
        warnings: Vec::new(),
        defaults: ModelDefaults {
            longest_window: LONGEST_WINDOW,
            first_position: 0,
            padding: 0,
            decoder: manifest.decoder(),
            tokenizer: manifest.tokenizer,
            case_sensitive: manifest.case_sensitive,
            max_sentence_length: manifest.max_sentence_length,
            token_types: manifest.token_types.unwrap_or_default(),
            document_structure: manifest.document_structure.unwrap_or(false),
            normalisation: manifest.normalisation.unwrap_or(false),
        },
        name: manifest.name,
    })
}

/// Reads a file of the bundle and checks its length and hash.
fn checked(source: &dyn Source, manifest: &Manifest, path: &str) -> Result<Vec<u8>, Error> {
    let bytes = source.require(path)?;
    let entry = entry(source, manifest, path)?;
    check_length(entry, bytes.len() as u64, &source.locate(path))?;
    if !source.checks_hash(path) {
        entry.check_hash(&Sha256::digest(&bytes), &source.locate(path))?;
    }
    Ok(bytes)
}

/// Reads the graph as a stream and checks length and hash on the way.
fn checked_graph(source: &dyn Source, manifest: &Manifest, context: &LoadContext<'_>) -> Result<OnnxFile, Error> {
    let entry = entry(source, manifest, GRAPH)?;
    let file = source.locate(GRAPH);
    let mut graph = None;
    source.stream(GRAPH, &mut |reader, length| {
        check_length(entry, length, &file)?;
        if source.checks_hash(GRAPH) {
            graph = Some(read_graph(reader, length, false, &file, context)?);
            return Ok(());
        }
        let mut hashed = Hashed { reader, hash: Sha256::new() };
        let read = read_graph(&mut hashed, length, false, &file, context);
        if !matches!(read, Err(Error::ArchiveInvalid { .. } | Error::FileUnreadable { .. })) {
            entry.check_hash(&hashed.hash.finalize(), &file)?;
        }
        graph = Some(read?);
        Ok(())
    })?;
    graph.ok_or(Error::FileMissing { file })
}

fn entry<'m>(source: &dyn Source, manifest: &'m Manifest, path: &str) -> Result<&'m ManifestFile, Error> {
    let entry = manifest.files.iter().find(|entry| entry.path == path);
    entry.ok_or_else(|| Error::FileMissing { file: source.locate(path) })
}

fn check_length(entry: &ManifestFile, found: u64, file: &str) -> Result<(), Error> {
    if found == entry.bytes {
        return Ok(());
    }
    let (expected, found) = (format!("{} bytes", entry.bytes), format!("{found} bytes"));
    Err(Error::FileMismatch { file: file.to_string(), expected, found })
}

/// A stream that is hashed while it is read.
struct Hashed<'r> {
    reader: &'r mut dyn Read,
    hash: Sha256,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}
