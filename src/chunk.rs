//! From labelled tokens to chunks, as Spark NLP's NerConverter joins them.

use serde::{Deserialize, Serialize};

use crate::text::{Document, Token};

/// An entity found in a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chunk {
    /// First UTF-16 code unit.
    pub begin: usize,
    /// One past the last UTF-16 code unit: in JS, `text.slice(begin, end)` is [`text`](Chunk::text).
    pub end: usize,
    /// The chunk as it stands in the document.
    pub text: String,
    /// The entity's name: the label without `B-` or `I-`.
    pub entity: String,
    /// Mean of the tokens' scores, 0 to 1.
    pub confidence: f32,
}

/// A token's label (IOB tag) and its softmax score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenLabel<'l> {
    /// `O`, `B-X` or `I-X`.
    pub label: &'l str,
    /// Probability of that label, 0 to 1.
    pub score: f32,
}

/// Which chunks are kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConverterOptions {
    /// Drop chunks of lower confidence.
    pub threshold: Option<f32>,
    /// Keep only these entities, by name without `B-` or `I-`.
    pub white_list: Option<Vec<String>>,
    /// Takes the label `PAD`, which some models learnt for padding, as an entity's label rather than as `O`: what
    /// Spark NLP does. A chunk that begins with it gets the entity `D`.
    pub keep_pad: bool,
}

/// Joins tokens into chunks. A token without a label counts as `O`.
///
/// Only `O` and `B-*` end a chunk: an `I-Y` after `B-X` belongs to the chunk X, and an `I-X` after `O` begins one.
pub fn convert(
    document: &Document,
    tokens: &[Token],
    labels: &[Option<TokenLabel<'_>>],
    options: &ConverterOptions,
) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for i in 0..=tokens.len() {
        let label = labels.get(i).copied().flatten().map_or("O", |found| found.label);
        let label = if label == "PAD" && !options.keep_pad { "O" } else { label };
        if label == "O" || label.starts_with("B-") {
            if let Some((first, entity)) = open.take() {
                chunks.push(join(document, &tokens[first..i], &labels[first..i], entity));
            }
        }
        if open.is_none() && label != "O" {
            open = label.get(2..).map(|entity| (i, entity));
        }
    }
    chunks.retain(|chunk| options.threshold.is_none_or(|least| chunk.confidence >= least));
    if let Some(kept) = &options.white_list {
        chunks.retain(|chunk| kept.contains(&chunk.entity));
    }
    chunks
}

fn join(document: &Document, tokens: &[Token], labels: &[Option<TokenLabel<'_>>], entity: &str) -> Chunk {
    let (first, last) = (&tokens[0], &tokens[tokens.len() - 1]);
    let sum: f32 = labels.iter().flatten().map(|label| label.score).sum();
    Chunk {
        begin: first.begin,
        end: last.end,
        text: document.slice(first.bytes.start..last.bytes.end).to_string(),
        entity: entity.to_string(),
        confidence: sum / labels.len() as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Tokenizer, TokenizerOptions};

    fn chunks(labels: &[&str], options: &ConverterOptions) -> Vec<(String, String)> {
        let text = "a b c d e f"[..labels.len() * 2 - 1].to_string();
        let document = Document::new(&text);
        let tokens = Tokenizer::new(&TokenizerOptions::default()).unwrap().tokenize(&document).unwrap();
        let labels: Vec<_> = labels
            .iter()
            .enumerate()
            .map(|(i, &label)| (label != "-").then_some(TokenLabel { label, score: 0.5 + i as f32 / 10.0 }))
            .collect();
        let chunks = convert(&document, &tokens, &labels, options);
        chunks.into_iter().map(|chunk| (chunk.text, chunk.entity)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(text, entity)| (text.to_string(), entity.to_string())).collect()
    }

    #[test]
    fn only_b_and_o_end_a_chunk() {
        let all = ConverterOptions::default();
        assert_eq!(chunks(&["B-X", "I-Y", "B-X", "O", "I-Y"], &all), pairs(&[("a b", "X"), ("c", "X"), ("e", "Y")]));
        assert_eq!(chunks(&["B-X", "-", "I-X", "PAD", "B-Z"], &all), pairs(&[("a", "X"), ("c", "X"), ("e", "Z")]));
    }

    #[test]
    fn threshold_and_white_list_filter_whole_chunks() {
        let threshold = ConverterOptions { threshold: Some(0.65), ..Default::default() };
        assert_eq!(chunks(&["B-X", "I-X", "B-X", "I-X"], &threshold), pairs(&[("c d", "X")]));
        let white_list = ConverterOptions { white_list: Some(vec!["Y".into()]), ..Default::default() };
        assert_eq!(chunks(&["B-X", "B-Y"], &white_list), pairs(&[("b", "Y")]));
    }
}
