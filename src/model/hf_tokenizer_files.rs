//! The tokenizer of a Hugging Face folder, from its files as transformers reads them (4.57, `AutoTokenizer`, fast classes):
//! `tokenizer.json`, corrected by `tokenizer_config.json` where the class does so, or the same made from a vocabulary.

use serde_json::{json, Map, Value as Json};

use super::hf_tokenizer_class::{Frame, TokenizerClass, VocabularyFiles};
use super::{check_vocabulary, parse_json, Source};
use crate::text::charset;
use crate::Error;

pub(super) const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const SPECIAL_TOKENS: &str = "special_tokens_map.json";
const ADDED_TOKENS: &str = "added_tokens.json";
const WORD_PIECES: &str = "vocab.txt";
const BYTE_LEVEL: [&str; 2] = ["vocab.json", "merges.txt"];
/// Vocabularies that are not read here, but of which Python can make a `tokenizer.json`.
const CONVERTIBLE: [&str; 6] =
    ["spm.model", "sentencepiece.bpe.model", "spiece.model", "sentencepiece.model", "tokenizer.model", "bpe.codes"];
/// The special tokens that a class or a configuration names.
const SPECIAL_NAMES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// A tokenizer's files, read and brought to one form.
#[derive(Debug)]
pub(super) struct TokenizerFiles {
    /// The content of a `tokenizer.json`.
    pub(super) json: Json,
    /// The file that holds the vocabulary, for errors.
    pub(super) file: String,
    /// The unknown piece, such as `[UNK]`.
    pub(super) unknown: Option<String>,
    /// The id of the padding piece.
    pub(super) padding: Option<u64>,
    /// The longest window that the tokenizer is configured for.
    pub(super) longest: Option<u64>,
}

/// Reads the tokenizer of a folder with this `config.json`.
///
/// # Errors
/// `file_missing` if there is none; `model_unsupported`, with the command that makes a `tokenizer.json`, if there are only
/// files of a kind that cannot be read; `config_invalid`; `vocabulary_invalid`.
pub(super) fn read(source: &dyn Source, config: &Json) -> Result<TokenizerFiles, Error> {
    let own = optional(source, TOKENIZER_CONFIG)?;
    let settings = Settings {
        has_config: own.is_some(),
        class: TokenizerClass::of(own.as_ref().unwrap_or(&Json::Null), config),
        config: own.unwrap_or_else(|| json!({})),
        special_tokens: optional(source, SPECIAL_TOKENS)?.unwrap_or_else(|| json!({})),
    };
    let (file, mut json) = match optional(source, TOKENIZER)? {
        Some(json) => (source.locate(TOKENIZER), json),
        None => make(source, &settings)?,
    };
    settings.correct(&mut json);
    settings.add_special_tokens(&mut json);
    let unknown = match settings.special("unk_token") {
        // What no class and no file says is taken from the vocabulary's model.
        None if !settings.has_config => json["model"]["unk_token"].as_str().map(str::to_string),
        unknown => unknown,
    };
    let padding = settings.special("pad_token").and_then(|token| piece_id(&json, &token));
    Ok(TokenizerFiles { file, unknown, padding, longest: settings.config["model_max_length"].as_u64(), json })
}

fn optional(source: &dyn Source, path: &str) -> Result<Option<Json>, Error> {
    match source.read(path)? {
        Some(bytes) => Ok(Some(parse_json(&bytes, &source.locate(path))?)),
        None => Ok(None),
    }
}

/// What the files beside the vocabulary say.
struct Settings {
    has_config: bool,
    class: TokenizerClass,
    config: Json,
    special_tokens: Json,
}

impl Settings {
    fn flag(&self, name: &str, default: bool) -> bool {
        self.config[name].as_bool().unwrap_or(default)
    }

    /// A special token such as `unk_token`, as an object with its text and flags. `special_tokens_map.json` counts, and then
    /// first, only beside configurations without `added_tokens_decoder`: newer ones say everything themselves.
    fn special_token(&self, name: &str) -> Option<Json> {
        let decoder = self.config.get("added_tokens_decoder");
        let map = if decoder.is_none() { &self.special_tokens } else { &Json::Null };
        let given = match map.get(name).or_else(|| self.config.get(name)) {
            Some(token) if token.is_object() => return token["content"].is_string().then(|| token.clone()),
            Some(token) => token.as_str(),
            None => self.class.special(name),
        };
        let content = given?;
        let listed = decoder.and_then(Json::as_object).into_iter().flatten();
        let listed = listed.map(|(_, token)| token).find(|token| token["content"].as_str() == Some(content));
        let takes_space = name == "mask_token" && self.class.mask_takes_space;
        Some(listed.cloned().unwrap_or_else(|| json!({"content": content, "lstrip": takes_space})))
    }

    /// The text of a special token.
    fn special(&self, name: &str) -> Option<String> {
        self.special_token(name)?["content"].as_str().map(str::to_string)
    }

    /// Corrects a `tokenizer.json` by the configuration, and by the class's defaults where that says nothing.
    fn correct(&self, json: &mut Json) {
        if let (Some(rule), Some("BertNormalizer")) = (self.class.normalizer, json["normalizer"]["type"].as_str()) {
            let normalizer = &mut json["normalizer"];
            normalizer["lowercase"] = self.flag("do_lower_case", true).into();
            normalizer["strip_accents"] = self.config.get("strip_accents").cloned().unwrap_or(Json::Null);
            if rule.chinese {
                normalizer["handle_chinese_chars"] = self.flag("tokenize_chinese_chars", true).into();
            }
        }
        let post_processor = json["post_processor"]["type"].as_str();
        let rewritten = matches!(post_processor, Some("RobertaProcessing" | "ByteLevel"));
        let trim_offsets = self.class.trim_offsets.filter(|_| rewritten);
        if let Some(trim) = trim_offsets {
            json["post_processor"]["trim_offsets"] = self.flag("trim_offsets", trim).into();
        }
        // Without a configuration the class's default would contradict the only file that says anything.
        if !self.has_config {
            return;
        }
        let prefix_space = self.flag("add_prefix_space", self.class.prefix_space);
        if json["pre_tokenizer"]["type"].as_str() == Some("ByteLevel") {
            json["pre_tokenizer"]["add_prefix_space"] = prefix_space.into();
        }
        if trim_offsets.is_some() {
            json["post_processor"]["add_prefix_space"] = prefix_space.into();
        }
    }

    /// Lets the texts of special tokens stand for their pieces, as transformers does for those that `tokenizer.json` does
    /// not list. Tokens that the vocabulary lacks are left out: the model has no row for them.
    fn add_special_tokens(&self, json: &mut Json) {
        let listed = self.config["added_tokens_decoder"].as_object().into_iter().flatten();
        let mut tokens: Vec<Json> = listed.map(|(_, token)| token.clone()).filter(Json::is_object).collect();
        tokens.extend(SPECIAL_NAMES.iter().filter_map(|name| self.special_token(name)));
        let more = self.config["additional_special_tokens"].as_array().into_iter().flatten();
        tokens.extend(more.filter_map(|token| token_text(token).map(|text| json!({"content": text}))));
        let mut added = match json["added_tokens"].take() {
            Json::Array(added) => added,
            _ => Vec::new(),
        };
        for token in tokens {
            let Some(content) = token["content"].as_str() else { continue };
            if added.iter().any(|other| other["content"].as_str() == Some(content)) {
                continue;
            }
            let Some(id) = piece_id(json, content) else { continue };
            added.push(added_token(id, &token));
        }
        json["added_tokens"] = added.into();
    }
}

/// An element of `added_tokens`, with the flags of a token of `tokenizer_config.json`.
fn added_token(id: u64, token: &Json) -> Json {
    let flag = |name: &str| token[name].as_bool().unwrap_or(false);
    json!({"id": id, "content": token["content"], "single_word": flag("single_word"), "lstrip": flag("lstrip"),
        "rstrip": flag("rstrip"), "normalized": flag("normalized"), "special": token["special"].as_bool().unwrap_or(true)})
}

/// A special token of a configuration: its text, or an object that holds it.
fn token_text(token: &Json) -> Option<&str> {
    token.as_str().or_else(|| token["content"].as_str())
}

/// The id of a piece or added token.
fn piece_id(json: &Json, piece: &str) -> Option<u64> {
    let added = json["added_tokens"].as_array().into_iter().flatten();
    let added = added.filter(|token| token["content"].as_str() == Some(piece)).find_map(|token| token["id"].as_u64());
    added.or_else(|| match &json["model"]["vocab"] {
        Json::Object(pieces) => pieces.get(piece)?.as_u64(),
        // A unigram model's vocabulary is a list of pieces and scores.
        Json::Array(pieces) => Some(pieces.iter().position(|entry| entry[0].as_str() == Some(piece))? as u64),
        _ => None,
    })
}

/// Makes a `tokenizer.json` from the files of a slow tokenizer.
fn make(source: &dyn Source, settings: &Settings) -> Result<(String, Json), Error> {
    let files = settings.class.files;
    if let (VocabularyFiles::WordPiece | VocabularyFiles::Any, Some(bytes)) = (files, source.read(WORD_PIECES)?) {
        let file = source.locate(WORD_PIECES);
        let json = from_word_pieces(&bytes, settings, &file)?;
        return Ok((file, json));
    }
    let frame = match files {
        VocabularyFiles::ByteLevel(frame) => Some(frame),
        VocabularyFiles::Any => Some(Frame::Roberta),
        VocabularyFiles::WordPiece | VocabularyFiles::Convertible | VocabularyFiles::Slow => None,
    };
    if let (Some(frame), Some(vocabulary)) = (frame, source.read(BYTE_LEVEL[0])?) {
        let file = source.locate(BYTE_LEVEL[0]);
        let merges = source.require(BYTE_LEVEL[1])?;
        let added = optional(source, ADDED_TOKENS)?.unwrap_or(Json::Null);
        let vocabulary = parse_json(&vocabulary, &file)?;
        let json = from_merges(vocabulary, &merges, &added, frame, settings, source)?;
        return Ok((file, json));
    }
    let names = source.list("")?;
    let found = |name: &&&str| names.iter().any(|other| other == **name);
    let vocabularies = CONVERTIBLE.iter().chain([&WORD_PIECES]).chain(&BYTE_LEVEL[..1]);
    match vocabularies.clone().find(found) {
        Some(vocabulary) => {
            Err(Error::ModelUnsupported { file: source.locate(vocabulary), reason: needs_conversion(settings) })
        }
        None => Err(Error::FileMissing { file: source.locate(TOKENIZER) }),
    }
}

/// What to do about a folder without `tokenizer.json` whose vocabulary is of another kind.
fn needs_conversion(settings: &Settings) -> String {
    let class = match (settings.class.name, settings.class.files) {
        (name, VocabularyFiles::Slow) => {
            return format!(
                "there is no tokenizer.json, and transformers cannot make one: it has no fast class for {name}Tokenizer, \
                 whose word pieces have no places in the text"
            );
        }
        ("", _) => String::new(),
        (name, _) => format!(" of {name}Tokenizer"),
    };
    format!(
        "there is no tokenizer.json, and this vocabulary{class} cannot be read without it; make one in the folder: python -c \
         \"from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('.').save_pretrained('.')\" (it needs the \
         packages transformers, sentencepiece and protobuf)"
    )
}

/// The frame around a window: `[CLS] text [SEP]`, by these pieces.
fn template(pieces: &[(&str, u64)], before: &str, start_type: u32, after: Option<&str>) -> Json {
    let of = |id: &str, type_id: u32| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let mut single = vec![of(before, start_type), json!({"Sequence": {"id": "A", "type_id": 0}})];
    single.extend(after.map(|after| of(after, 0)));
    let special: Map<String, Json> = pieces
        .iter()
        .map(|(piece, id)| ((*piece).to_string(), json!({"id": piece, "ids": [id], "tokens": [piece]})))
        .collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": special})
}

/// The `tokenizer.json` that transformers makes from a `vocab.txt` of WordPiece.
fn from_word_pieces(vocabulary: &[u8], settings: &Settings, file: &str) -> Result<Json, Error> {
    check_vocabulary(vocabulary, file)?;
    let invalid = |reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
    let text = charset::decode(vocabulary, None).map_err(|error| invalid(error.to_string()))?;
    let pieces: Map<String, Json> =
        text.lines().enumerate().map(|(id, piece)| (piece.to_string(), id.into())).collect();
    // An unknown class is taken for BERT.
    let name = |name: &str, bert: &str| settings.special(name).unwrap_or_else(|| bert.to_string());
    let (start, end) = (name("cls_token", "[CLS]"), name("sep_token", "[SEP]"));
    let unknown = name("unk_token", "[UNK]");
    let id = |piece: &str| {
        let id = pieces.get(piece).and_then(Json::as_u64);
        id.ok_or_else(|| invalid(format!("it has no {piece}")))
    };
    let frame = [(start.as_str(), id(&start)?), (end.as_str(), id(&end)?)];
    let mut added = Vec::new();
    for (token, bert) in [
        ("pad_token", "[PAD]"),
        ("unk_token", "[UNK]"),
        ("cls_token", "[CLS]"),
        ("sep_token", "[SEP]"),
        ("mask_token", "[MASK]"),
    ] {
        // Those of a known class are added with all others.
        if let (None, Ok(id)) = (settings.special_token(token), id(bert)) {
            added.push(added_token(id, &json!({"content": bert})));
        }
    }
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": settings.flag("tokenize_chinese_chars", true),
            "strip_accents": settings.config["strip_accents"], "lowercase": settings.flag("do_lower_case", true)},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(&frame, &start, settings.class.start_type, Some(&end)),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": pieces},
    }))
}

/// The `tokenizer.json` that transformers makes from `vocab.json` and `merges.txt` of byte-level BPE.
fn from_merges(
    vocabulary: Json,
    merges: &[u8],
    added: &Json,
    frame: Frame,
    settings: &Settings,
    source: &dyn Source,
) -> Result<Json, Error> {
    let (file, merges_file) = (source.locate(BYTE_LEVEL[0]), source.locate(BYTE_LEVEL[1]));
    let invalid = |file: &str, reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
    let text = charset::decode(merges, None).map_err(|error| invalid(&merges_file, error.to_string()))?;
    // transformers drops the first line, which is a version, and what follows the last line end.
    let lines: Vec<&str> = text.split('\n').collect();
    let mut pairs = Vec::new();
    for line in lines.get(1..lines.len().max(2) - 1).unwrap_or_default() {
        let pair: Vec<&str> = line.split_whitespace().collect();
        match pair[..] {
            [] => {}
            [_, _] => pairs.push(json!(pair)),
            _ => return Err(invalid(&merges_file, format!("{line:?} is not a pair of pieces"))),
        }
    }
    let vocabulary = vocabulary.as_object().cloned().unwrap_or_default();
    // Tokens added after training have ids behind the vocabulary's.
    let mut tokens: Vec<(u64, Json)> = Vec::new();
    for (id, token) in settings.config["added_tokens_decoder"].as_object().into_iter().flatten() {
        let id = id.parse().map_err(|_| invalid(&source.locate(TOKENIZER_CONFIG), format!("{id:?} is no id")))?;
        tokens.push((id, token.clone()));
    }
    for (content, id) in added.as_object().into_iter().flatten() {
        let id = id.as_u64().ok_or_else(|| invalid(&source.locate(ADDED_TOKENS), format!("{id} is no id")))?;
        let special = SPECIAL_NAMES.iter().filter_map(|name| settings.special_token(name));
        let special = special.into_iter().find(|token| token["content"].as_str() == Some(content));
        tokens.push((id, special.unwrap_or_else(|| json!({"content": content, "normalized": true, "special": false}))));
    }
    tokens.sort_by_key(|(id, _)| *id);
    tokens.dedup_by(|(_, a), (_, b)| a["content"] == b["content"]);
    let id = |piece: &str| {
        let own = vocabulary.get(piece).and_then(Json::as_u64);
        own.or_else(|| tokens.iter().find(|(_, token)| token["content"].as_str() == Some(piece)).map(|(id, _)| *id))
    };
    let known = |name: &str, default: &str| {
        let piece = settings.special(name).unwrap_or_else(|| default.to_string());
        let id = id(&piece).ok_or_else(|| invalid(&file, format!("it has no {piece}")))?;
        Ok::<_, Error>((piece, id))
    };
    let prefix_space = settings.flag("add_prefix_space", settings.class.prefix_space);
    let post_processor = match frame {
        Frame::Roberta => {
            let (start, end) = (known("cls_token", "<s>")?, known("sep_token", "</s>")?);
            json!({"type": "RobertaProcessing", "sep": [end.0, end.1], "cls": [start.0, start.1],
                "trim_offsets": true, "add_prefix_space": prefix_space})
        }
        Frame::Deberta => {
            let id = |piece: &str| id(piece).ok_or_else(|| invalid(&file, format!("it has no {piece}")));
            template(&[("[CLS]", id("[CLS]")?), ("[SEP]", id("[SEP]")?)], "[CLS]", 0, Some("[SEP]"))
        }
        Frame::Gpt2 if settings.flag("add_bos_token", false) => {
            let (start, id) = known("bos_token", "<|endoftext|>")?;
            template(&[(start.as_str(), id)], &start, 0, None)
        }
        Frame::Gpt2 => json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true}),
    };
    let added: Vec<Json> = tokens.iter().map(|(id, token)| added_token(*id, token)).collect();
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": true, "use_regex": true},
        "post_processor": post_processor,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary, "merges": pairs},
    }))
}
