//! The pipeline of a model that is read by its own tokenizer: transformers' token classification, and windows over
//! text of any length.

use std::ops::Range;

use crate::aggregate::{aggregate, best, words, AggregationStrategy, Group, ScoredPiece};
use crate::annotator::run::check;
use crate::annotator::{AnnotateOptions, Annotation, Mode};
use crate::chunk::Chunk;
use crate::engine::Classifier;
use crate::text::{self, OwnTokenizer, Piece, Token, Window};
use crate::Error;

/// A text on its way through the pipeline.
#[derive(Debug)]
pub(crate) struct Job {
    text: String,
    pieces: Vec<Piece>,
    /// What windows are cut between, as ranges of pieces: words, and the pieces of words that are long.
    units: Vec<Range<usize>>,
    windows: Vec<Window>,
    done: usize,
    labels: usize,
    /// Probabilities of the pieces read so far, piece by piece.
    scores: Vec<f32>,
    truncated_from: Option<usize>,
    options: AnnotateOptions,
}

impl Job {
    /// Encodes a text; `longest` is the most pieces that a window may have, the tokenizer's own included.
    pub(crate) fn begin(
        tokenizer: &OwnTokenizer,
        text: &str,
        longest: usize,
        labels: usize,
        options: &AnnotateOptions,
    ) -> Result<Self, Error> {
        let mut pieces = tokenizer.encode(text)?;
        let limit = longest.saturating_sub(tokenizer.frame());
        let mut truncated_from = None;
        if options.mode == Mode::Truncate {
            truncated_from = pieces.get(limit).map(|piece| piece.place.start.utf16);
            pieces.truncate(limit);
        }
        let units = units(&pieces, limit / 4);
        Ok(Job {
            text: text.to_string(),
            windows: text::cut(&units, limit),
            pieces,
            units,
            done: 0,
            labels,
            scores: Vec::new(),
            truncated_from,
            options: options.clone(),
        })
    }

    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.windows.len())
    }

    /// What the model gives for a window: for each piece that the window decides, a probability per label.
    pub(crate) fn run(
        &self,
        tokenizer: &OwnTokenizer,
        classifier: &Classifier,
        window: usize,
    ) -> Result<Vec<f32>, Error> {
        let Some(window) = self.windows.get(window) else { return Ok(Vec::new()) };
        let (ids, first) = tokenizer.window(&self.pieces[window.pieces.clone()]);
        let logits = classifier.logits(&ids)?;
        let mut scores = Vec::new();
        for piece in self.decided(window) {
            let row = logits.row(first + piece - window.pieces.start);
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let start = scores.len();
            scores.extend(row.iter().map(|value| (value - highest).exp()));
            let sum: f32 = scores[start..].iter().sum();
            scores[start..].iter_mut().for_each(|score| *score /= sum);
        }
        Ok(scores)
    }

    /// Takes what [`run`](Self::run) gave for the next window.
    pub(crate) fn accept(&mut self, scores: &[f32]) -> Result<(), Error> {
        let Some(window) = self.windows.get(self.done) else { return Ok(()) };
        check(scores.len(), self.decided(window).count() * self.labels)?;
        self.scores.extend_from_slice(scores);
        self.done += 1;
        Ok(())
    }

    /// The pieces that a window decides.
    fn decided<'j>(&'j self, window: &Window) -> impl Iterator<Item = usize> + 'j {
        self.units[window.decides.clone()].iter().flat_map(Range::clone)
    }

    /// The entities of the pieces read.
    pub(crate) fn finish(self, labels: &[String]) -> Annotation {
        let strategy = self.options.aggregation_strategy.unwrap_or_default();
        let mut chunks: Vec<Chunk> =
            aggregate(&self.scored(), labels, strategy).into_iter().map(|group| self.chunk(group)).collect();
        chunks.retain(|chunk| {
            self.options.threshold.is_none_or(|least| chunk.confidence.is_some_and(|score| score >= least))
        });
        if let Some(kept) = &self.options.entities {
            // Without aggregation a chunk's entity is its whole label.
            let bare = |entity: &str| kept.iter().any(|kept| kept == crate::aggregate::entity(entity));
            chunks.retain(|chunk| {
                kept.contains(&chunk.entity) || (strategy == AggregationStrategy::None && bare(&chunk.entity))
            });
        }
        Annotation { chunks, truncated_from: self.truncated_from, precision: None }
    }

    /// The words of the pieces, each with the label of its first piece and its score; none where it was not read.
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
        let scores = self.scores.chunks_exact(self.labels);
        self.pieces
            .iter()
            .zip(scores)
            .map(|(piece, scores)| ScoredPiece { continues: piece.continues, scores })
            .collect()
    }

    fn chunk(&self, group: Group) -> Chunk {
        let (start, end) = (self.pieces[group.pieces.start].place.start, self.pieces[group.pieces.end - 1].place.end);
        Chunk {
            begin: start.utf16,
            end: end.utf16,
            text: self.text.get(start.byte..end.byte).unwrap_or_default().to_string(),
            entity: group.entity,
            confidence: Some(group.score),
            result: None,
        }
    }
}

/// Words as ranges of pieces. One of more than `longest` pieces falls into its pieces, since each piece has a label of
/// its own that some window must decide.
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
