//! Hugging Face folders with an ONNX file, as optimum exports them: labels, tokenizer, windows and graph.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::hf_tokenizer_files::{self, TokenizerFiles};
use super::{
    base_name, graph_files, hf_labels, parse_json, read_file_graph, LoadContext, Model, ModelDefaults, Source,
    TextEncoder, LONGEST_WINDOW,
};
use crate::text::{HfTokenizer, TokenTypes, TokenizerOptions, Vocabulary};
use crate::Error;

/// The file that identifies a Hugging Face folder.
pub(super) const CONFIG: &str = "config.json";
/// Limit on the window that a configuration may declare: that of the longest encoders.
const MOST_POSITIONS: u64 = 1 << 15;
/// Model types whose positions are counted from the row behind that of the padding id.
const POSITIONS_BEHIND_PADDING: [&str; 19] = [
    "bridgetower_text_model",
    "camembert",
    "clap_text_model",
    "data2vec-text",
    "esm",
    "ibert",
    "layoutlmv3",
    "lilt",
    "longformer",
    "luke",
    "markuplm",
    "mluke",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
    "altclip_text_model",
];

/// Whether a folder holds a tokenizer that can be read without knowing its class.
pub(super) fn has_tokenizer(source: &dyn Source) -> Result<bool, Error> {
    Ok(source.list("")?.iter().any(|name| name == hf_tokenizer_files::TOKENIZER))
}

pub(super) fn read(source: &dyn Source, config: &[u8], context: &LoadContext<'_>) -> Result<Model, Error> {
    let config_file = source.locate(CONFIG);
    let config = parse_json(config, &config_file)?;
    let mut warnings = Vec::new();
    let labels = hf_labels::read(&config, &config_file, &mut warnings)?;
    let TokenizerFiles { json, file, unknown, padding, longest } = hf_tokenizer_files::read(source, &config)?;
    // A vocabulary without BERT's special pieces, such as MPNet's, is none for Spark NLP's encoder.
    let vocabulary = word_pieces(&json).and_then(|ids| Vocabulary::from_ids(ids, &file).ok());
    let lowercase = json["normalizer"]["lowercase"].as_bool().unwrap_or(false);
    let tokenizer = HfTokenizer::new(&json, unknown.as_deref(), &file)?;
    let positions = Positions::of(&config, padding, longest);
    let path = graph_files::choose(source, context.dtype, &mut warnings)?;
    let graph_file = source.locate(&path);
    let graph = read_file_graph(source, &path, context)?.ok_or(Error::FileMissing { file: graph_file.clone() })?;
    Ok(Model {
        name: base_name(source),
        family: config["model_type"].as_str().unwrap_or_default().to_string(),
        labels,
        encoder: TextEncoder::HuggingFace { tokenizer: Box::new(tokenizer), vocabulary },
        graph,
        graph_file,
        warnings,
        defaults: ModelDefaults {
            tokenizer: TokenizerOptions::default(),
            case_sensitive: !lowercase,
            max_sentence_length: positions.window,
            longest_window: positions.longest,
            first_position: positions.first,
            padding: positions.padding,
            token_types: TokenTypes::Zeros,
            decoder: Default::default(),
            document_structure: false,
            normalisation: false,
        },
    })
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

/// How many word pieces a window may have, and where a model's table of positions begins.
#[derive(Debug, PartialEq)]
struct Positions {
    /// The default: what the tokenizer is configured for, at most [`LONGEST_WINDOW`].
    window: usize,
    /// The most that the model has positions for.
    longest: usize,
    /// The row of the first position.
    first: usize,
    /// The id of the padding piece.
    padding: i64,
}

impl Positions {
    /// From `config.json`, and from the tokenizer's padding id and `model_max_length`.
    fn of(config: &Json, padding: Option<u64>, model_max_length: Option<u64>) -> Self {
        let family = config["model_type"].as_str().unwrap_or_default();
        // Of these only ESM may compute positions instead of looking them up.
        let looked_up = config["position_embedding_type"].as_str().is_none_or(|kind| kind != "rotary");
        let behind_padding = POSITIONS_BEHIND_PADDING.contains(&family) && looked_up;
        let padding = match config["pad_token_id"].as_u64() {
            Some(id) => id,
            // A configuration leaves out what is the default of its class.
            None if behind_padding => 1,
            None => padding.unwrap_or(0),
        };
        let first = match family {
            // MPNet's table does not ask for the padding id.
            "mpnet" => 2,
            _ if behind_padding => padding + 1,
            _ => 0,
        };
        let keys = ["max_position_embeddings", "max_encoder_position_embeddings", "n_positions"];
        let rows = keys.iter().find_map(|key| config[key].as_u64()).filter(|rows| *rows > first);
        let positions = rows.map(|rows| rows - first);
        // Without a limit of any kind transformers sets one of 10^30, which is no u64.
        let configured = model_max_length.filter(|length| *length > 0);
        let limit = LONGEST_WINDOW as u64;
        let longest = positions.or(configured).unwrap_or(limit).min(MOST_POSITIONS);
        Positions {
            window: configured.unwrap_or(limit).min(longest).min(limit) as usize,
            longest: longest as usize,
            first: first as usize,
            padding: padding as i64,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn windows_end_where_the_positions_end() {
        let cases = [
            // The table of BERT begins at its first row, that of RoBERTa behind the padding id, 1 by default.
            (json!({"model_type": "bert", "max_position_embeddings": 512}), None, (512, 512, 0, 0)),
            (json!({"model_type": "roberta", "max_position_embeddings": 514}), Some(512), (512, 512, 2, 1)),
            (
                json!({"model_type": "roberta", "max_position_embeddings": 130, "pad_token_id": 1}),
                None,
                (128, 128, 2, 1),
            ),
            (json!({"model_type": "esm", "max_position_embeddings": 1026, "pad_token_id": 3}), None, (512, 1022, 4, 3)),
            (
                json!({"model_type": "esm", "max_position_embeddings": 96, "pad_token_id": 0, "position_embedding_type": "rotary"}),
                None,
                (96, 96, 0, 0),
            ),
            (json!({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 5}), None, (512, 512, 2, 5)),
            // Nystromformer's table has two rows more than it has positions.
            (json!({"model_type": "nystromformer", "max_position_embeddings": 510}), None, (510, 510, 0, 0)),
            // A long model keeps the usual window unless the options ask for more.
            (json!({"model_type": "modernbert", "max_position_embeddings": 8192}), Some(8192), (512, 8192, 0, 0)),
            // The tokenizer's limit is a setting, not what the model could read.
            (json!({"model_type": "bert", "max_position_embeddings": 512}), Some(128), (128, 512, 0, 0)),
            (json!({"model_type": "funnel"}), Some(1024), (512, 1024, 0, 0)),
            (json!({"model_type": "xlnet"}), None, (512, 512, 0, 0)),
            (json!({"max_position_embeddings": u64::MAX, "pad_token_id": -1}), Some(0), (512, 1 << 15, 0, 0)),
            (json!({"model_type": "roberta", "max_position_embeddings": 2}), None, (512, 512, 2, 1)),
        ];
        for (config, model_max_length, (window, longest, first, padding)) in cases {
            let positions = Positions { window, longest, first, padding };
            assert_eq!(Positions::of(&config, None, model_max_length), positions, "{config}");
        }
        assert_eq!(Positions::of(&json!({}), Some(7), None).padding, 7);
    }
}
