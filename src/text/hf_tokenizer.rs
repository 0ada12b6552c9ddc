//! Hugging Face tokenizers: encoding by a model's `tokenizer.json` instead of Spark NLP's rules.

use std::ops::Range;

use serde_json::Value as Json;

use super::hf_tokenizer_limits as limits;
use super::position::Position;
use crate::engine::guarded;
use crate::Error;

/// A Hugging Face tokenizer.
#[derive(Debug)]
pub struct HfTokenizer {
    tokenizer: tokenizers::Tokenizer,
    /// The special pieces before and after every window's pieces.
    before: Vec<FramePiece>,
    after: Vec<FramePiece>,
    /// The `token_type_ids` of a text's pieces: 0 in every tokenizer known.
    text_type: u32,
    unknown: Option<u32>,
    /// Whether pieces that continue a word carry a mark, such as `##`.
    marks_continuation: bool,
}

/// A special piece around a window: `<cls>` of Funnel and XLNet has the token type 2.
#[derive(Debug, Clone, Copy)]
struct FramePiece {
    id: u32,
    token_type: u32,
}

/// A window as the classifier takes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FramedWindow {
    /// Ids of all pieces, special ones included.
    pub(crate) ids: Vec<u32>,
    /// Their `token_type_ids`.
    pub(crate) token_types: Vec<u32>,
    /// The index of the first piece of text.
    pub(crate) first: usize,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    pub(crate) id: u32,
    /// Its range in the text.
    pub(crate) place: Range<Position>,
    /// Whether it continues the word before it, as transformers' token-classification pipeline decides it.
    pub(crate) continues: bool,
    /// Whether it begins a word, by the tokenizer's own division.
    pub(crate) begins_word: bool,
}

impl HfTokenizer {
    /// From the content of a `tokenizer.json`; its truncation and padding are ignored. `unknown` is the text of the
    /// unknown piece, such as `[UNK]`; `file` names the tokenizer in errors.
    ///
    /// # Errors
    /// `vocabulary_invalid`; also for steps that make a text many times longer, and templates without their tokens.
    pub(crate) fn new(json: &Json, unknown: Option<&str>, file: &str) -> Result<Self, Error> {
        let made = guarded(|| Self::make(json, unknown)).unwrap_or_else(Err);
        made.map_err(|reason| Error::VocabularyInvalid { file: file.to_string(), reason })
    }

    fn make(json: &Json, unknown: Option<&str>) -> Result<Self, String> {
        let failed = |error: tokenizers::Error| error.to_string();
        limits::check(json)?;
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(json.to_string()).map_err(failed)?;
        limits::limit_words(&mut tokenizer);
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(failed)?;
        // Encoding a probe with and without special tokens shows which of them come before and after the text.
        let probe = tokenizer.encode("\u{E000}a", false).map_err(failed)?;
        let frame = tokenizer.encode("", true).map_err(failed)?;
        let framed = tokenizer.post_process(probe.clone(), None, true).map_err(failed)?;
        let start = framed.get_special_tokens_mask().iter().take_while(|&&special| special == 1).count();
        let pieces = |encoding: &tokenizers::Encoding| -> Vec<FramePiece> {
            let pieces = encoding.get_ids().iter().zip(encoding.get_type_ids());
            pieces.map(|(&id, &token_type)| FramePiece { id, token_type }).collect()
        };
        let all = pieces(&framed);
        let text_type = all.get(start).map_or(0, |piece| piece.token_type);
        let (before, after) = match all.len().checked_sub(probe.len()) {
            Some(added) if start <= added => (all[..start].to_vec(), all[start + probe.len()..].to_vec()),
            _ => (Vec::new(), pieces(&frame)),
        };
        let marks = &json["model"]["continuing_subword_prefix"];
        Ok(HfTokenizer {
            unknown: unknown.and_then(|piece| tokenizer.token_to_id(piece)),
            marks_continuation: marks.as_str().is_some_and(|mark| !mark.is_empty()),
            tokenizer,
            before,
            after,
            text_type,
        })
    }

    /// The largest id of a piece, special tokens included.
    pub fn largest_id(&self) -> Option<u32> {
        self.tokenizer.get_vocab(true).into_values().max()
    }

    /// Whether a word is a piece by itself.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.tokenizer.token_to_id(word).is_some()
            // As byte-level and SentencePiece vocabularies mark the start of a word.
            || ['\u{120}', '\u{2581}'].iter().any(|mark| self.tokenizer.token_to_id(&format!("{mark}{word}")).is_some())
    }

    /// Number of special tokens that every window needs.
    pub(crate) fn frame(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// The pieces of a window with the special ones around them.
    pub(crate) fn window(&self, pieces: &[Piece]) -> FramedWindow {
        let text = pieces.iter().map(|piece| FramePiece { id: piece.id, token_type: self.text_type });
        let all = self.before.iter().copied().chain(text).chain(self.after.iter().copied());
        let (ids, token_types) = all.map(|piece| (piece.id, piece.token_type)).unzip();
        FramedWindow { ids, token_types, first: self.before.len() }
    }

    /// The pieces of a text.
    ///
    /// # Errors
    /// `inference_failed` when the tokenizer cannot encode a word.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<Piece>, Error> {
        let encode = || self.tokenizer.encode_char_offsets(text, false).map_err(|error| error.to_string());
        let encoding = guarded(encode)
            .unwrap_or_else(Err)
            .map_err(|reason| Error::InferenceFailed { reason: format!("the tokenizer: {reason}") })?;
        // Where each character begins, and the end.
        let mut places = Vec::with_capacity(text.len() + 1);
        let mut at = Position { byte: 0, utf16: 0 };
        let mut spaces = Vec::with_capacity(text.len());
        for c in text.chars() {
            places.push(at);
            spaces.push(c == ' ');
            at = at.after(c);
        }
        places.push(at);
        let last = places.len() - 1;

        let mut word = None;
        let pieces = encoding.get_ids().iter().zip(encoding.get_offsets()).zip(encoding.get_word_ids()).enumerate();
        Ok(pieces
            .map(|(i, ((&id, &(start, end)), &in_word))| {
                let (start, end) = (start.min(last), end.min(last).max(start.min(last)));
                let begins_word = i == 0 || in_word.is_none() || in_word != word;
                word = in_word;
                let continues = if Some(id) == self.unknown {
                    false
                } else if self.marks_continuation {
                    // With its mark the piece is longer than its text.
                    encoding.get_tokens()[i].chars().count() != end - start
                } else {
                    start > 0 && !spaces[start - 1..(start + 1).min(last)].contains(&true)
                };
                Piece { id, place: places[start]..places[end], continues, begins_word }
            })
            .collect())
    }
}
