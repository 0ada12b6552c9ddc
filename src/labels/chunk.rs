//! Joins labelled tokens into chunks, as Spark NLP's NerConverter and NerConverterInternal do.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{entity_after_prefix, Confidences};
use crate::annotation::{Chunk, ChunkToken, LabelScore, TokenLabel};
use crate::options::AnnotateOptions;
use crate::text::{Document, Token};

/// The case of entity names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum LabelCasing {
    /// `DNA`.
    Upper,
    /// `dna`.
    Lower,
}

/// Assigns labels to tokens by [`Token::begin`]. The labels may be in any order; of several with the same begin the first
/// counts.
pub fn align<'l>(tokens: &[Token], labels: &[(usize, TokenLabel<'l>)]) -> Vec<Option<TokenLabel<'l>>> {
    let mut first = HashMap::new();
    for (begin, label) in labels {
        first.entry(*begin).or_insert(*label);
    }
    tokens.iter().map(|token| first.get(&token.begin).copied()).collect()
}

/// Joins the tokens of a document into chunks. A token without a label counts as `O`.
///
/// Only `O`, `B-*` and the end of a paragraph end a chunk: an `I-Y` after `B-X` belongs to the chunk X, and an `I-X` after
/// `O` begins one. Chunks come without tokens, whatever the option `labelScores` is: the labels have no scores but their own.
pub fn convert(
    document: &Document,
    tokens: &[Token],
    labels: &[Option<TokenLabel<'_>>],
    options: &AnnotateOptions,
) -> Vec<Chunk> {
    convert_with(document, tokens, labels, options, &Confidences::default(), None)
}

/// Gives a token's likeliest labels, by its number.
pub(crate) type LikeliestOf<'l> = &'l dyn Fn(usize) -> Vec<LabelScore>;

/// Like [`convert`], with calibrated confidences; chunks have their tokens if the likeliest labels of these are given.
pub(crate) fn convert_with(
    document: &Document,
    tokens: &[Token],
    labels: &[Option<TokenLabel<'_>>],
    options: &AnnotateOptions,
    confidences: &Confidences,
    likeliest: Option<LikeliestOf<'_>>,
) -> Vec<Chunk> {
    let mut spans = join(document, tokens, labels, options);
    if let Some(words) = &options.ignore_stop_words {
        spans = merge(document, tokens, spans, words);
    }
    spans.retain(|span| {
        let confident = options
            .threshold
            .is_none_or(|threshold| span.confidence(confidences).is_none_or(|confidence| confidence >= threshold));
        let listed =
            |list: &Option<Vec<String>>| list.as_ref().map(|names| names.iter().any(|name| name == span.entity));
        confident && listed(&options.entities) != Some(false) && listed(&options.exclude_entities) != Some(true)
    });
    let chunk = |span: &Span<'_>| {
        let tokens_of = |likeliest| span.tokens(document, tokens, likeliest);
        Chunk { tokens: likeliest.map_or(Vec::new(), tokens_of), ..span.chunk(document, tokens, options, confidences) }
    };
    spans.iter().map(chunk).collect()
}

/// The tokens of a chunk.
struct Span<'l> {
    /// Ranges of tokens; more than one if there are stop words in between.
    parts: Vec<Range<usize>>,
    entity: &'l str,
    /// Sum of the tokens' scores, and how many tokens have one.
    sum: f32,
    scores: usize,
}

impl Span<'_> {
    fn confidence(&self, confidences: &Confidences) -> Option<f32> {
        let mean = (self.scores > 0).then(|| self.sum / self.scores as f32)?;
        Some(confidences.get(self.entity).map_or(mean, |confidence| confidence.of(mean)))
    }

    fn chunk(
        &self,
        document: &Document,
        tokens: &[Token],
        options: &AnnotateOptions,
        confidences: &Confidences,
    ) -> Chunk {
        let bytes = |part: &Range<usize>| tokens[part.start].bytes.start..tokens[part.end - 1].bytes.end;
        let (first, last) = (self.parts[0].start, self.parts[self.parts.len() - 1].end - 1);
        let place = document.locate(tokens[first].start()..tokens[last].end());
        let text = &document.original()[place.start.byte..place.end.byte];
        let result = if options.preserve_position {
            self.parts.iter().map(|part| document.slice(bytes(part))).collect::<Vec<_>>().join(" ")
        } else {
            document.slice(tokens[first].bytes.clone()).to_string()
        };
        let entity = options.replace_labels.get(self.entity).map_or(self.entity, String::as_str);
        Chunk {
            begin: place.start.utf16,
            end: place.end.utf16,
            text: text.to_string(),
            entity: match options.label_casing {
                None => entity.to_string(),
                Some(LabelCasing::Upper) => entity.to_uppercase(),
                Some(LabelCasing::Lower) => entity.to_lowercase(),
            },
            confidence: self.confidence(confidences),
            result: (result != text).then_some(result),
            tokens: Vec::new(),
        }
    }

    fn tokens(&self, document: &Document, tokens: &[Token], likeliest: LikeliestOf<'_>) -> Vec<ChunkToken> {
        let token = |i: usize| {
            let Range { start: begin, end } = document.original_range(&tokens[i]);
            ChunkToken { begin, end, labels: likeliest(i) }
        };
        self.parts.iter().flat_map(Range::clone).map(token).collect()
    }
}

/// Joins tokens into spans by their labels.
fn join<'l>(
    document: &Document,
    tokens: &[Token],
    labels: &[Option<TokenLabel<'l>>],
    options: &AnnotateOptions,
) -> Vec<Span<'l>> {
    let mut spans: Vec<Span<'l>> = Vec::new();
    let mut open = false;
    for i in 0..tokens.len() {
        open &= i == 0 || !document.begins_paragraph(tokens[i - 1].bytes.start, tokens[i].bytes.start);
        let TokenLabel { label, score } =
            labels.get(i).copied().flatten().unwrap_or(TokenLabel { label: "O", score: None });
        let label = if label == "PAD" && options.pad_as_o { "O" } else { label };
        let same_entity = || spans.last().map(|span| span.entity) == entity_after_prefix(label);
        if label == "O" || (label.starts_with("B-") && !(options.greedy_mode && same_entity())) {
            open = false;
        }
        let entity = if options.ner_has_no_schema { Some(label) } else { entity_after_prefix(label) };
        match (open, entity.filter(|_| label != "O")) {
            (true, _) => (),
            (false, None) => continue,
            (false, Some(entity)) => {
                spans.push(Span { parts: std::iter::once(i..i).collect(), entity, sum: 0.0, scores: 0 });
                open = true;
            }
        }
        if let Some(span) = spans.last_mut() {
            span.parts[0].end = i + 1;
            span.sum += score.unwrap_or(0.0);
            span.scores += usize::from(score.is_some());
        }
    }
    spans
}

/// Joins spans of the same entity that have only stop words between them.
fn merge<'l>(document: &Document, tokens: &[Token], spans: Vec<Span<'l>>, words: &[String]) -> Vec<Span<'l>> {
    let listed = |word: &str| words.iter().any(|entry| entry == word);
    let ignored = |word: &str| listed(word) || word.chars().all(|c| listed(c.encode_utf8(&mut [0; 4])));
    let mut merged: Vec<Span<'l>> = Vec::new();
    for span in spans {
        let before = merged.last_mut().filter(|before| before.entity == span.entity);
        let Some(before) = before else {
            merged.push(span);
            continue;
        };
        let gap = before.parts[before.parts.len() - 1].end..span.parts[0].start;
        if document.begins_paragraph(tokens[gap.start - 1].bytes.start, tokens[gap.end].bytes.start) {
            merged.push(span);
            continue;
        }
        let between = document.slice(tokens[gap.start - 1].bytes.end..tokens[gap.end].bytes.start);
        let line_break = between.contains('\n');
        let nothing_to_ignore = gap.is_empty() && !line_break;
        let only_stop_words = tokens[gap].iter().all(|token| ignored(document.slice(token.bytes.clone())));
        if nothing_to_ignore || !only_stop_words || (line_break && !listed("\n")) {
            merged.push(span);
        } else {
            before.parts.extend(span.parts);
            before.sum += span.sum;
            before.scores += span.scores;
        }
    }
    merged
}

#[cfg(test)]
mod tests;
