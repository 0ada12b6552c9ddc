//! Models saved by Spark NLP: the layout of the zips that users download.

use std::collections::HashMap;
use std::io::Read;

use serde_json::Value as Json;

use super::java_object::{self, Value};
use super::source::{fill, is_archive_name};
use super::{
    base_name, check_labels, sequence_file, spark_class, wrapped_graph, LoadContext, Model, ModelDefaults, Source,
    TextEncoder, LONGEST_WINDOW,
};
use crate::engine::OnnxFile;
use crate::text::{charset, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The file that identifies a saved model.
pub(super) const METADATA: &str = "metadata/part-00000";
const VOCABULARY: &str = "fields/vocabulary";
const LABELS: &str = "fields/labels";
/// Limit on the bytes of a map's parts together; a vocabulary of 30,000 pieces has 1.5 MB.
const LARGEST_MAP: u64 = 128 << 20;
/// Characters of a name that a message shows.
const SHOWN: usize = 100;
/// Advice for models saved for another engine.
const EXPORT: &str =
    "export it to ONNX (optimum's ORTModelForTokenClassification, or Spark NLP's loadSavedModel of an \
                      ONNX folder) and save that";

pub(super) fn read(source: &dyn Source, metadata: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let parameters = Parameters::parse(metadata, &source.locate(METADATA))?;
    if parameters.engine.as_deref().is_some_and(|engine| engine != "onnx") {
        let engine = parameters.engine.unwrap_or_default();
        let reason = format!("the model was saved for the engine {engine:?}; {EXPORT}");
        return Err(Error::ModelUnsupported { file: source.locate(METADATA), reason });
    }
    if let Some(class) = &parameters.class {
        spark_class::check(class, &source.locate(METADATA))?;
    }
    let labels_file = source.locate(LABELS);
    let labels = in_id_order(read_map(source, LABELS)?, &labels_file)?;
    let vocabulary_file = source.locate(VOCABULARY);
    let mut ids = HashMap::new();
    for (piece, id) in read_map(source, VOCABULARY)? {
        let invalid = |reason: String| Error::VocabularyInvalid { file: vocabulary_file.clone(), reason };
        let id = u32::try_from(id).map_err(|_| invalid(format!("{piece:?} has the id {id}")))?;
        if ids.insert(piece.clone(), id).is_some() {
            return Err(invalid(format!("{piece:?} is listed twice")));
        }
    }
    let vocabulary = Vocabulary::from_ids(ids, &vocabulary_file)?;
    let (graph, graph_file) = read_graph(source, context)?;
    Ok(Model {
        name: base_name(source),
        labels: check_labels(labels, &[], &labels_file)?,
        encoder: TextEncoder::Spark(vocabulary),
        graph,
        graph_file,
        family: String::new(),
        warnings: Vec::new(),
        defaults: ModelDefaults {
            longest_window: LONGEST_WINDOW,
            first_position: 0,
            padding: 0,
            tokenizer: TokenizerOptions::default(),
            case_sensitive: parameters.case_sensitive,
            max_sentence_length: parameters.max_sentence_length,
            token_types: TokenTypes::Zeros,
            decoder: Default::default(),
            document_structure: false,
            normalisation: false,
        },
    })
}

/// Class and parameters in the metadata. Licensed classes save the same parameters.
#[derive(Debug, PartialEq)]
struct Parameters {
    class: Option<String>,
    engine: Option<String>,
    case_sensitive: bool,
    max_sentence_length: usize,
}

impl Parameters {
    fn parse(metadata: &[u8], file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::ConfigInvalid { file: file.to_string(), reason };
        let metadata = charset::decode(metadata, None).map_err(|error| invalid(error.to_string()))?;
        let metadata: Json = serde_json::from_str(&metadata).map_err(|error| invalid(error.to_string()))?;
        if !metadata["paramMap"].is_object() {
            return Err(invalid("it has no paramMap".into()));
        }
        let parameter = |name: &str| {
            let set = [&metadata["paramMap"][name], &metadata["defaultParamMap"][name]];
            set.into_iter().find(|value| !value.is_null())
        };
        let engine = match parameter("engine") {
            None => None,
            Some(engine) => Some(engine.as_str().ok_or_else(|| invalid(format!("engine is {engine}")))?.to_string()),
        };
        // Spark NLP's defaults, for metadata without the parameter.
        let case_sensitive = match parameter("caseSensitive") {
            None => true,
            Some(value) => value.as_bool().ok_or_else(|| invalid(format!("caseSensitive is {value}")))?,
        };
        let max_sentence_length = match parameter("maxSentenceLength") {
            None => 128,
            Some(value) => {
                let length = value.as_u64().filter(|length| (1..=LONGEST_WINDOW as u64).contains(length));
                length.ok_or_else(|| invalid(format!("maxSentenceLength is {value}, not 1 to {LONGEST_WINDOW}")))?
                    as usize
            }
        };
        let class = metadata["class"].as_str().map(str::to_string);
        Ok(Parameters { class, engine, case_sensitive, max_sentence_length })
    }
}

/// Reads a map feature: Spark object files, in which each record is an array of pairs of a string and an int.
fn read_map(source: &dyn Source, folder: &str) -> Result<Vec<(String, i32)>, Error> {
    let names = source.list(folder)?;
    if let Some(parquet) = names.iter().find(|name| name.ends_with(".parquet")) {
        let reason =
            "it was saved with the serialisation \"dataset\"; save the model with \"object\", Spark NLP's default";
        return Err(Error::ModelUnsupported {
            file: source.locate(&format!("{folder}/{parquet}")),
            reason: reason.into(),
        });
    }
    let mut pairs = Vec::new();
    let mut left = LARGEST_MAP;
    let mut parts = 0;
    for name in names.iter().filter(|name| name.starts_with("part-")) {
        let path = format!("{folder}/{name}");
        let file = source.locate(&path);
        source.stream(&path, &mut |reader, length| {
            left = left.checked_sub(length).ok_or_else(|| Error::ArchiveInvalid {
                file: source.locate(folder),
                reason: format!("its parts have more than {LARGEST_MAP} bytes"),
            })?;
            let bytes = fill(reader, length, &file)?;
            for record in sequence_file::values(&bytes, &file)? {
                take_pairs(&java_object::read(record, &file)?, record.len(), &mut pairs, &file)?;
            }
            Ok(())
        })?;
        parts += 1;
    }
    if parts == 0 {
        return Err(Error::FileMissing { file: source.locate(&format!("{folder}/part-00000")) });
    }
    Ok(pairs)
}

/// Appends the pairs of a record of `bytes` bytes. A map has each name once, and its record holds them; names that are
/// longer together are one name, referred to again and again, which a small record could have fill the memory.
fn take_pairs(record: &Value, bytes: usize, pairs: &mut Vec<(String, i32)>, file: &str) -> Result<(), Error> {
    let mut left = bytes;
    let invalid = |reason: String| Error::ArchiveInvalid { file: file.to_string(), reason };
    let Value::Array(array) = record else { return Err(invalid("a record is not an array".into())) };
    for element in &array.elements {
        let Value::Object(pair) = element else {
            return Err(invalid("an element of a record is not an object".into()));
        };
        // Scala's specialised Tuple2 classes, such as Tuple2$mcII$sp, have other field names.
        let (Some(Value::String(name)), Some(Value::Object(number))) = (pair.field("_1"), pair.field("_2")) else {
            return Err(invalid(format!("an element is a {}, not a pair of a string and a number", pair.class)));
        };
        let Some(Value::Int(number)) = number.field("value") else {
            return Err(invalid(format!("{:?} is paired with a {}, not a number", shown(name), number.class)));
        };
        left = left.checked_sub(name.len()).ok_or_else(|| {
            invalid(format!("its names have more bytes than the record; {:?} stands in it again", shown(name)))
        })?;
        pairs.push((name.to_string(), *number));
    }
    Ok(())
}

/// The begin of a name, for a message.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN).collect()
}

fn in_id_order(labels: Vec<(String, i32)>, file: &str) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| Error::LabelsInvalid { file: file.to_string(), reason };
    let mut ordered = vec![None; labels.len()];
    for (label, id) in labels {
        let slot = usize::try_from(id).ok().and_then(|id| ordered.get_mut(id));
        let slot = slot.ok_or_else(|| invalid(format!("{label:?} has the id {id}, which leaves a gap")))?;
        if let Some(other) = slot.replace(label) {
            return Err(invalid(format!("{other:?} and another have the id {id}")));
        }
    }
    // There are as many labels as slots and no slot is taken twice, so every slot is filled.
    Ok(ordered.into_iter().flatten().collect())
}

/// The ONNX file and its path. It is recognised by content, since its name depends on the class that saved it.
fn read_graph(source: &dyn Source, context: &LoadContext<'_>) -> Result<(OnnxFile, String), Error> {
    let names = source.list("")?;
    let mut names: Vec<&String> = names.iter().filter(|name| !name.starts_with('.')).collect();
    if let Some(weights) = names.iter().find(|name| name.contains("onnx") && name.ends_with("data")) {
        return Err(super::external_data(source, weights));
    }
    // Names with "onnx" first: usually the first file is the right one.
    names.sort_by_key(|name| !name.contains("onnx"));
    for name in &names {
        let file = source.locate(name);
        let mut graph = None;
        source.stream(name, &mut |reader, length| {
            let mut head = Vec::new();
            let most = wrapped_graph::MAGIC.len() as u64;
            reader.take(most).read_to_end(&mut head).map_err(|error| Error::of_stream(&file, &error))?;
            let rest = &mut head.as_slice().chain(reader);
            if head == wrapped_graph::MAGIC && !is_archive_name(name) {
                graph = wrapped_graph::read(rest, length, &file, context)?;
            } else if head.first() == Some(&wrapped_graph::ONNX_START) && name.contains("onnx") {
                graph = Some(super::read_graph(rest, length, false, &file, context)?);
            }
            Ok(())
        })?;
        if let Some(graph) = graph {
            return Ok((graph, file));
        }
    }
    match names.iter().find(|name| ["tensorflow", "openvino"].iter().any(|engine| name.contains(engine))) {
        Some(name) => Err(Error::ModelUnsupported {
            file: source.locate(name),
            reason: format!("the model was saved for another engine than ONNX; {EXPORT}"),
        }),
        None => Err(Error::FileMissing { file: source.locate("bert_classification_onnx") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_comes_before_the_defaults() {
        let metadata = br#"{"paramMap": {"engine": "onnx", "maxSentenceLength": 256},
            "defaultParamMap": {"engine": "tensorflow", "maxSentenceLength": 128, "caseSensitive": false}}"#;
        let parameters =
            Parameters { class: None, engine: Some("onnx".into()), case_sensitive: false, max_sentence_length: 256 };
        assert_eq!(Parameters::parse(metadata, "m"), Ok(parameters));
        assert_eq!(
            Parameters::parse(br#"{"paramMap": {"maxSentenceLength": 0}}"#, "m").unwrap_err().code(),
            "config_invalid"
        );
    }

    #[test]
    fn labels_have_each_id_once() {
        let labels = |ids: &[i32]| in_id_order(ids.iter().map(|id| (format!("L{id}"), *id)).collect(), "f");
        assert_eq!(labels(&[1, 0]), Ok(vec!["L0".to_string(), "L1".to_string()]));
        for ids in [&[0, 2][..], &[0, 0], &[-1, 0]] {
            assert_eq!(labels(ids).unwrap_err().code(), "labels_invalid");
        }
    }
}
