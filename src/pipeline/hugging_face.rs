//! The token-classification pipeline of transformers, extended by windows over text of any length.

use std::ops::Range;

use super::{check_count, Runner};
use crate::annotation::{Annotation, Chunk, ChunkToken};
use crate::labels::{
    aggregate, best, entity_after_hyphen, joined_units, likeliest, named, scores_of, words, AggregationStrategy, Group,
    ScoredPiece,
};
use crate::options::{AnnotateOptions, Mode};
use crate::text::{cut, rank, Document, FramedWindow, HfTokenizer, Piece, Position, Reading, Token, Window};
use crate::Error;

/// The pipeline's stages around the classifier, with their options.
#[derive(Debug)]
pub(crate) struct HuggingFace {
    pub(crate) tokenizer: HfTokenizer,
    pub(crate) reading: Reading,
    /// Word pieces per window, the tokenizer's special ones included.
    pub(crate) max_sentence_length: usize,
}

/// The state of a text in this pipeline.
#[derive(Debug)]
pub(crate) struct Text {
    document: Document,
    pieces: Vec<Piece>,
    /// Ranges of word pieces that windows must not cut: words, and the single pieces of long words.
    units: Vec<Range<usize>>,
    windows: Vec<Window>,
    done: usize,
    labels: usize,
    /// Probabilities of the word pieces read so far, a row of `labels` values each.
    probabilities: Vec<f32>,
    truncated_from: Option<usize>,
    options: AnnotateOptions,
}

impl HuggingFace {
    /// Cuts a text into word pieces and windows.
    ///
    /// # Errors
    /// `inference_failed` if the tokenizer cannot encode a word.
    pub(crate) fn begin(&self, text: &str, labels: usize, options: &AnnotateOptions) -> Result<Text, Error> {
        let document = Document::read(text, &self.reading, &|word| self.tokenizer.is_word(word));
        let mut pieces = self.tokenizer.encode(document.text())?;
        let limit = self.max_sentence_length.saturating_sub(self.tokenizer.frame());
        let mut truncated_from = None;
        if options.mode == Mode::Truncate {
            truncated_from = pieces.get(limit).map(|piece| document.locate(piece.place.clone()).start.utf16);
            pieces.truncate(limit);
        }
        let units = units(&pieces, limit / 4);
        let windows = cut(&units, limit, &|unit| {
            let place = units[unit].start;
            rank(document.text(), pieces[place].place.start.byte, place, pieces.len(), |piece| pieces[piece].id)
        });
        Ok(Text {
            windows,
            document,
            pieces,
            units,
            done: 0,
            labels,
            probabilities: Vec::new(),
            truncated_from,
            options: options.clone(),
        })
    }

    /// The probabilities of the word pieces that a window decides, a row per piece; empty if there is no such window.
    ///
    /// # Errors
    /// `inference_failed`.
    pub(crate) fn run(&self, runner: &Runner<'_>, text: &Text, window: usize) -> Result<Vec<f32>, Error> {
        let Some(window) = text.windows.get(window) else { return Ok(Vec::new()) };
        let FramedWindow { ids, token_types, first } = self.tokenizer.window(&text.pieces[window.pieces.clone()]);
        // A tokenizer may give types that the graph, of another kind than the tokenizer was made for, has no row for.
        let readable = runner.reads_token_types(token_types.iter().copied().fold(0, u32::max));
        let logits = runner.logits_with(&ids, if readable { &token_types } else { &[] })?;
        let mut probabilities = Vec::new();
        for piece in text.decided(window) {
            let row = logits.row(first + piece - window.pieces.start);
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let start = probabilities.len();
            probabilities.extend(row.iter().map(|value| (value - largest).exp()));
            let sum: f32 = probabilities[start..].iter().sum();
            probabilities[start..].iter_mut().for_each(|value| *value /= sum);
        }
        Ok(probabilities)
    }
}

impl Text {
    /// The text as it was read.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.windows.len())
    }

    /// Adds the probabilities of the next window.
    ///
    /// # Errors
    /// `inference_failed` if the number of values is not the window's.
    pub(crate) fn accept(&mut self, probabilities: &[f32]) -> Result<(), Error> {
        let Some(window) = self.windows.get(self.done) else { return Ok(()) };
        check_count(probabilities.len(), self.decided(window).count() * self.labels)?;
        self.probabilities.extend_from_slice(probabilities);
        self.done += 1;
        Ok(())
    }

    /// The word pieces that a window decides.
    fn decided<'t>(&'t self, window: &Window) -> impl Iterator<Item = usize> + 't {
        self.units[window.decides.clone()].iter().flat_map(Range::clone)
    }

    /// The chunks of the windows that have run.
    pub(crate) fn finish(self, labels: &[String]) -> Annotation {
        let strategy = self.options.aggregation_strategy.unwrap_or_default();
        let outside = ["O".to_string()];
        let ignored = self.options.ignore_labels.as_deref().unwrap_or(&outside);
        let scored = self.scored();
        let chunk = |group: Group| Chunk {
            tokens: self.tokens(group.pieces.clone(), &scored, strategy, labels),
            ..self.chunk(group)
        };
        let mut chunks: Vec<Chunk> = aggregate(&scored, labels, strategy, ignored).into_iter().map(chunk).collect();
        chunks.retain(|chunk| {
            self.options.threshold.is_none_or(|threshold| chunk.confidence.is_some_and(|score| score >= threshold))
        });
        if let Some(kept) = &self.options.entities {
            // Without aggregation a chunk's entity is its whole label.
            let bare = |entity: &str| kept.iter().any(|kept| kept == entity_after_hyphen(entity));
            chunks.retain(|chunk| {
                kept.contains(&chunk.entity) || (strategy == AggregationStrategy::None && bare(&chunk.entity))
            });
        }
        Annotation { chunks, truncated_from: self.truncated_from, precision: None }
    }

    /// The words that the model has read, each with label id and score of its first word piece.
    pub(crate) fn label(&self) -> (Vec<Token>, Vec<Option<(usize, f32)>>) {
        let scored = self.scored();
        let labelled = words(&scored).into_iter().map(|word| {
            let (first, last) = (&self.pieces[word.start].place, &self.pieces[word.end - 1].place);
            let token = Token {
                begin: first.start.utf16,
                spark_begin: first.start.utf16,
                end: last.end.utf16,
                bytes: first.start.byte..last.end.byte,
            };
            (token, Some(best(scored[word.start].scores)))
        });
        labelled.unzip()
    }

    fn scored(&self) -> Vec<ScoredPiece<'_>> {
        let scores = self.probabilities.chunks_exact(self.labels);
        self.pieces
            .iter()
            .zip(scores)
            .enumerate()
            .map(|(i, (piece, scores))| {
                let begins_paragraph = begins_paragraph(&self.document, &self.pieces, i);
                ScoredPiece { continues: piece.continues && !begins_paragraph, begins_paragraph, scores }
            })
            .collect()
    }

    /// Where word pieces are in the text as given.
    fn place(&self, pieces: Range<usize>) -> Range<Position> {
        let (start, end) = (self.pieces[pieces.start].place.start, self.pieces[pieces.end - 1].place.end);
        self.document.locate(start..end)
    }

    /// What a group joins, with the likeliest labels of each; empty if the result is not to tell them.
    fn tokens(
        &self,
        group: Range<usize>,
        scored: &[ScoredPiece<'_>],
        strategy: AggregationStrategy,
        names: &[String],
    ) -> Vec<ChunkToken> {
        let count = self.options.label_scores;
        if count == 0 {
            return Vec::new();
        }
        let (pieces, chunk) = (&scored[group.clone()], self.place(group.clone()));
        let token = |unit: Range<usize>| {
            let place = self.place(group.start + unit.start..group.start + unit.end);
            let labels = named(&likeliest(&scores_of(&pieces[unit], strategy), count), names);
            // An empty piece at the group's end has its place behind text that is left out there.
            let within = |at: Position| at.min(chunk.end).utf16;
            ChunkToken { begin: within(place.start), end: within(place.end), labels }
        };
        joined_units(pieces, strategy).into_iter().map(token).collect()
    }

    fn chunk(&self, group: Group) -> Chunk {
        let Range { start, end } = self.place(group.pieces);
        Chunk {
            begin: start.utf16,
            end: end.utf16,
            text: self.document.original().get(start.byte..end.byte).unwrap_or_default().to_string(),
            entity: group.entity,
            confidence: Some(group.score),
            result: None,
            tokens: Vec::new(),
        }
    }
}

/// Whether a paragraph begins at a word piece; not for the first one. The white space before a word may be part of its piece,
/// so the piece's last byte tells.
fn begins_paragraph(document: &Document, pieces: &[Piece], i: usize) -> bool {
    let byte = |i: usize| pieces[i].place.end.byte.saturating_sub(1).max(pieces[i].place.start.byte);
    i > 0 && document.begins_paragraph(byte(i - 1), byte(i))
}

/// Words as ranges of word pieces. A word of more than `longest` pieces is split into single pieces, so that windows can be
/// cut within it: every piece has a label, which some window must decide.
fn units(pieces: &[Piece], longest: usize) -> Vec<Range<usize>> {
    let mut units = Vec::new();
    let mut start = 0;
    for end in 1..=pieces.len() {
        if end < pieces.len() && !pieces[end].begins_word {
            continue;
        }
        if end - start > longest {
            units.extend((start..end).map(|piece| piece..piece + 1));
        } else {
            units.push(start..end);
        }
        start = end;
    }
    units
}
