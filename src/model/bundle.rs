//! A model bundle: `manifest.json` and the files it lists, checked by length and sha256.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{check_labels, Model, PipelineDefaults, Reading, Source};
use crate::text::{TokenizerOptions, Vocabulary};
use crate::Error;

/// The file that makes a folder a bundle.
pub const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "glossa-bundle/1";
const GRAPH: &str = "model.onnx";
const VOCABULARY: &str = "vocab.txt";

/// `manifest.json`: what a bundle is and how its model reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// `glossa-bundle/1`.
    pub format: String,
    /// A short name, such as `cellular`.
    pub name: String,
    /// Labels in id order.
    pub labels: Vec<String>,
    /// Every file of the bundle but the manifest and README.md.
    pub files: Vec<ManifestFile>,
    /// How texts are cut into tokens.
    #[serde(default)]
    pub tokenizer: TokenizerOptions,
    /// Whether upper and lower case are told apart.
    pub case_sensitive: bool,
    /// Word pieces a window, `[CLS]` and `[SEP]` included.
    pub max_sentence_length: usize,
    /// SPDX name of the weights' licence.
    pub licence: String,
    /// Whose work the weights rest on.
    #[serde(default)]
    pub attribution: Vec<String>,
    /// What `glossa eval` measured, by data set.
    #[serde(default)]
    pub measured: serde_json::Value,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Relative to the manifest.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Parses a manifest; `file` names it in errors.
    ///
    /// # Errors
    /// `manifest_invalid`.
    pub fn parse(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::ManifestInvalid { file: file.to_string(), reason };
        let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(invalid(format!("its format is {:?}, not {FORMAT:?}", manifest.format)));
        }
        if !(1..=512).contains(&manifest.max_sentence_length) {
            let length = manifest.max_sentence_length;
            return Err(invalid(format!("maxSentenceLength is {length}, not 1 to 512")));
        }
        for path in [GRAPH, VOCABULARY] {
            if !manifest.files.iter().any(|entry| entry.path == path) {
                return Err(invalid(format!("it does not list {path}")));
            }
        }
        Ok(manifest)
    }
}

pub(super) fn read(source: &dyn Source, manifest: &[u8]) -> Result<Model, Error> {
    let manifest_file = source.locate(MANIFEST);
    let manifest = Manifest::parse(manifest, &manifest_file)?;
    let vocabulary_file = source.locate(VOCABULARY);
    Ok(Model {
        labels: check_labels(manifest.labels.clone(), &manifest_file)?,
        reading: Reading::Spark(Vocabulary::read(&checked(source, &manifest, VOCABULARY)?, &vocabulary_file)?),
        graph: checked(source, &manifest, GRAPH)?,
        graph_file: source.locate(GRAPH),
        pipeline: PipelineDefaults {
            tokenizer: manifest.tokenizer,
            case_sensitive: manifest.case_sensitive,
            max_sentence_length: manifest.max_sentence_length,
        },
        name: manifest.name,
    })
}

/// A file of the bundle, once its length and hash are those of the manifest.
fn checked(source: &dyn Source, manifest: &Manifest, path: &str) -> Result<Vec<u8>, Error> {
    let bytes = source.require(path)?;
    let Some(entry) = manifest.files.iter().find(|entry| entry.path == path) else {
        return Err(Error::FileMissing { file: source.locate(path) });
    };
    let mismatch = |expected: String, found: String| Error::FileMismatch { file: source.locate(path), expected, found };
    if bytes.len() as u64 != entry.bytes {
        return Err(mismatch(format!("{} bytes", entry.bytes), format!("{} bytes", bytes.len())));
    }
    let found = hexadecimal(&Sha256::digest(&bytes));
    if found != entry.sha256 {
        return Err(mismatch(format!("sha256 {}", entry.sha256), format!("sha256 {found}")));
    }
    Ok(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
