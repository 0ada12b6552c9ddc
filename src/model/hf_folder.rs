//! Hugging Face folders with an ONNX file, as optimum exports them.

use std::collections::HashMap;

use serde_json::{json, Value as Json};

use super::{
    base_name, check_labels, external_data, read_file_graph, LoadContext, Model, ModelDefaults, Source, TextEncoder,
};
use crate::engine::OnnxFile;
use crate::text::{HfTokenizer, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The file that identifies a Hugging Face folder.
pub(super) const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const VOCABULARY: &str = "vocab.txt";
const GRAPHS: [&str; 3] = ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"];

pub(super) fn read(source: &dyn Source, config: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let config_file = source.locate(CONFIG);
    let config = parse(config, &config_file)?;
    let tokenizer_config = match source.read(TOKENIZER_CONFIG)? {
        Some(bytes) => parse(&bytes, &source.locate(TOKENIZER_CONFIG))?,
        None => json!({}),
    };
    let (tokenizer_file, mut json) = match source.read(TOKENIZER)? {
        Some(bytes) => (source.locate(TOKENIZER), parse(&bytes, &source.locate(TOKENIZER))?),
        None => match source.read(VOCABULARY)? {
            Some(bytes) => {
                let file = source.locate(VOCABULARY);
                let json = from_word_pieces(&bytes, &file)?;
                (file, json)
            }
            None => return Err(Error::FileMissing { file: source.locate(TOKENIZER) }),
        },
    };
    override_normalizer(&mut json, &tokenizer_config);

    let vocabulary = match word_pieces(&json) {
        Some(ids) => Some(Vocabulary::from_ids(ids, &tokenizer_file)?),
        None => None,
    };
    let lowercase = json["normalizer"]["lowercase"].as_bool().unwrap_or(false);
    let unknown = token_text(&tokenizer_config["unk_token"]).or_else(|| json["model"]["unk_token"].as_str());
    let tokenizer = HfTokenizer::new(&json, unknown, &tokenizer_file)?;
    let limits = [&tokenizer_config["model_max_length"], &config["max_position_embeddings"]];
    let limits = limits.into_iter().filter_map(Json::as_u64).filter(|&limit| limit > 0);
    let limit = limits.min().unwrap_or(u64::MAX).min(super::LONGEST_WINDOW as u64) as usize;
    let labels = labels(&config, &config_file)?;
    let (graph, graph_file) = read_graph(source, context)?;
    Ok(Model {
        name: base_name(source),
        labels: check_labels(labels, &config_file)?,
        encoder: TextEncoder::HuggingFace { tokenizer: Box::new(tokenizer), vocabulary },
        graph,
        graph_file,
        defaults: ModelDefaults {
            tokenizer: TokenizerOptions::default(),
            case_sensitive: !lowercase,
            max_sentence_length: limit,
            token_types: TokenTypes::Zeros,
            decoder: Default::default(),
            document_structure: false,
            normalisation: false,
        },
    })
}

fn parse(bytes: &[u8], file: &str) -> Result<Json, Error> {
    let json: Result<Json, _> = serde_json::from_slice(bytes);
    match json {
        Ok(json) if json.is_object() => Ok(json),
        Ok(_) => Err(Error::ConfigInvalid { file: file.to_string(), reason: "it is not a JSON object".into() }),
        Err(error) => Err(Error::ConfigInvalid { file: file.to_string(), reason: error.to_string() }),
    }
}

/// `id2label`, whose keys are the ids as strings.
fn labels(config: &Json, file: &str) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| Error::LabelsInvalid { file: file.to_string(), reason };
    let map = config["id2label"].as_object().ok_or_else(|| invalid("it has no id2label".into()))?;
    let label = |id: usize| {
        let label = map.get(&id.to_string()).ok_or_else(|| invalid(format!("id2label has no {id}")))?;
        label.as_str().map(str::to_string).ok_or_else(|| invalid(format!("the label of {id} is {label}")))
    };
    (0..map.len()).map(label).collect()
}

/// A special token of `tokenizer_config.json`: its text, or an object that holds it.
fn token_text(token: &Json) -> Option<&str> {
    token.as_str().or_else(|| token["content"].as_str())
}

/// The vocabulary of a `tokenizer.json`, if its model is WordPiece.
fn word_pieces(json: &Json) -> Option<HashMap<String, u32>> {
    let model = &json["model"];
    if model["continuing_subword_prefix"].as_str() != Some("##")
        || !matches!(model["type"].as_str(), Some("WordPiece") | None)
    {
        return None;
    }
    let vocabulary = model["vocab"].as_object()?;
    vocabulary.iter().map(|(piece, id)| Some((piece.clone(), u32::try_from(id.as_u64()?).ok()?))).collect()
}

/// Lets explicit values for case, accents and Chinese characters in `tokenizer_config.json` override `tokenizer.json`, as
/// transformers does.
fn override_normalizer(json: &mut Json, config: &Json) {
    if json["normalizer"]["type"].as_str() != Some("BertNormalizer") {
        return;
    }
    let names = [
        ("do_lower_case", "lowercase"),
        ("strip_accents", "strip_accents"),
        ("tokenize_chinese_chars", "handle_chinese_chars"),
    ];
    for (from, to) in names {
        if let Some(value) =
            config.get(from).filter(|value| value.is_boolean() || (value.is_null() && from == "strip_accents"))
        {
            json["normalizer"][to] = value.clone();
        }
    }
}

/// The `tokenizer.json` that transformers makes from a BERT `vocab.txt`, with its defaults.
fn from_word_pieces(vocabulary: &[u8], file: &str) -> Result<Json, Error> {
    let invalid = |reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
    let text = std::str::from_utf8(vocabulary).map_err(|error| invalid(error.to_string()))?;
    let pieces: serde_json::Map<String, Json> =
        text.lines().enumerate().map(|(id, piece)| (piece.to_string(), id.into())).collect();
    let special = |piece: &str| {
        let id = pieces.get(piece).cloned().ok_or_else(|| invalid(format!("it has no {piece}")))?;
        Ok::<_, Error>((id.clone(), json!({"id": piece, "ids": [id], "tokens": [piece]})))
    };
    let (start, end) = (special("[CLS]")?, special("[SEP]")?);
    let added = |piece: &str| {
        let id = pieces.get(piece)?;
        let flags = json!({"id": id, "content": piece, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true});
        Some(flags)
    };
    let added: Vec<Json> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].into_iter().filter_map(added).collect();
    let of = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": [of("[CLS]"), text.clone(), of("[SEP]")],
            "pair": [of("[CLS]"), text, of("[SEP]")],
            "special_tokens": {"[CLS]": start.1, "[SEP]": end.1}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": pieces},
    }))
}

fn read_graph(source: &dyn Source, context: &LoadContext<'_>) -> Result<(OnnxFile, String), Error> {
    for folder in ["", "onnx"] {
        if let Some(weights) =
            source.list(folder)?.into_iter().find(|name| name.contains(".onnx") && name.ends_with("data"))
        {
            let path = if folder.is_empty() { weights } else { format!("{folder}/{weights}") };
            return Err(external_data(source, &path));
        }
    }
    for path in GRAPHS {
        if let Some(graph) = read_file_graph(source, path, context)? {
            return Ok((graph, source.locate(path)));
        }
    }
    let others = ["model.safetensors", "pytorch_model.bin", "tf_model.h5"];
    match source.list("")?.iter().find(|name| others.contains(&name.as_str())) {
        Some(weights) => Err(Error::ModelUnsupported {
            file: source.locate(weights),
            reason: "there is no ONNX file; export the model with optimum (ORTModelForTokenClassification)".into(),
        }),
        None => Err(Error::FileMissing { file: source.locate(GRAPHS[1]) }),
    }
}
