//! What is found in a text.

use serde::{Deserialize, Serialize};

use crate::engine::Precision;
use crate::text::{Document, Token};

/// An entity found in a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit: in JS, `text.slice(begin, end)` is [`text`](Chunk::text).
    pub end: usize,
    /// The chunk as it stands in the text that was given, whatever the options.
    pub text: String,
    /// The entity's name: the label without `B-` or `I-`.
    pub entity: String,
    /// Mean of the tokens' scores, 0 to 1; `None` if none has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// What Spark NLP gives as the chunk's text, where that differs from [`text`](Chunk::text): cleaned up, without the
    /// words of `ignoreStopWords`, or without `preservePosition` only the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// The result of annotating a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// Entities in the order of the text, none overlapping.
    pub chunks: Vec<Chunk>,
    /// With [`Mode::Truncate`](crate::Mode::Truncate), the UTF-16 code unit where the unread rest of the text begins;
    /// `None` if all was read.
    pub truncated_from: Option<usize>,
    /// The arithmetic that the model's linear layers ran in: int8 or f32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// A token's label (IOB tag) and its softmax score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenLabel<'l> {
    /// `O`, `B-X` or `I-X`.
    pub label: &'l str,
    /// Probability of that label, 0 to 1, if known.
    pub score: Option<f32>,
}

/// A text cut into tokens, each with the label that the model gave it: the state before the converter.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledTokens<'a> {
    /// The text, cleaned up as the options say.
    pub document: Document,
    /// Tokens in order, as ranges of the document's [`text`](Document::text).
    pub tokens: Vec<Token>,
    /// A label and score per token; `None` where the model did not read the token.
    pub labels: Vec<Option<TokenLabel<'a>>>,
}
