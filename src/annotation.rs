//! Results: chunks, and the labelled tokens that they are made of.

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
    /// The slice from `begin` to `end` of the input text, whatever the options.
    pub text: String,
    /// The entity's name: the label without `B-` or `I-`.
    pub entity: String,
    /// Mean of the tokens' scores, 0 to 1, calibrated if the model's manifest has
    /// [confidences](crate::labels::DecoderDefaults::confidences); `None` if no token has a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Spark NLP's text of the chunk, if it differs from [`text`](Chunk::text): in plain writing and after clean-up, without
    /// the words of `ignoreStopWords`, or only the first token if `preservePosition` is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The tokens that the chunk is made of, with the scores of their likeliest labels, in the order of the text; empty
    /// unless [`label_scores`](crate::AnnotateOptions::label_scores) asks for them. Those of Spark NLP's pipeline are the
    /// tokenizer's, without the words of `ignoreStopWords` between them. Those of the Hugging Face pipeline are what its
    /// aggregation joins: word pieces (`none`, `simple`) or words (`first`, `average`, `max`), which may be empty or overlap
    /// as chunks may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<ChunkToken>,
}

/// A token of a chunk, with the scores of its likeliest labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkToken {
    /// First UTF-16 code unit of the input text.
    pub begin: usize,
    /// One past the last UTF-16 code unit.
    pub end: usize,
    /// The likeliest labels, best first, the lower id first in a tie: as many as asked for, or all of the chunk's label set if
    /// these are fewer.
    ///
    /// Without Viterbi decoding the first one is the token's label, and [`Chunk::confidence`] is the mean of the first scores.
    /// Viterbi may decide for another label, also for one that is not listed, and the chunk's confidence is the mean of the
    /// scores of those.
    pub labels: Vec<LabelScore>,
}

/// A label with its probability for a token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelScore {
    /// The label as the model has it, such as `O` or `B-protein`, whatever the options rename.
    pub label: String,
    /// Probability, 0 to 1. In Spark NLP's pipeline: the softmax, over all labels of a label set, of the logits of the token's
    /// first word piece, divided by the model's temperature, as confidences are computed; before Viterbi decoding, which does not change
    /// it. In the Hugging Face pipeline: the softmax of a word piece's logits; of a word, that of its first piece (`first`),
    /// the mean over its pieces (`average`), or that of the piece with the highest score (`max`).
    pub score: f32,
}

/// The result of annotating a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotation {
    /// Chunks in the order of the text, not empty and without overlaps, unless the model has several
    /// [label sets](crate::labels::DecoderDefaults::label_sets): chunks of two of them may overlap, and of those that begin at one
    /// place the longest comes first. In the Hugging Face pipeline chunks may overlap, where several word pieces are parts of one
    /// character, and a chunk is empty where a tokenizer's piece is: both as in transformers.
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

/// The tokens of a text with the labels that the model gave them, before they are joined into chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledTokens<'a> {
    /// The text as it was read.
    pub document: Document,
    /// Tokens in order, as ranges of the document's [`text`](Document::text).
    pub tokens: Vec<Token>,
    /// Of each [label set](crate::labels::DecoderDefaults::label_sets), a label and score per token; `None` where the model did not
    /// read the token. Most models have one set.
    pub label_sets: Vec<Vec<Option<TokenLabel<'a>>>>,
}
