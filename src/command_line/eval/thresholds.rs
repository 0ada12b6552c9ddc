//! What a threshold of confidence keeps, and how much of that is right.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Counts, Score};

/// Thresholds from 0, in equal steps below 1.
const STEPS: usize = 20;

/// Scores by exact span of the chunks with at least some confidence.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Thresholds {
    /// Over all entities, by ascending threshold.
    pub all: Vec<AtThreshold>,
    /// Per entity.
    pub entities: BTreeMap<String, Vec<AtThreshold>>,
}

/// The scores of the chunks that a threshold keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct AtThreshold {
    /// The least confidence of a chunk that is kept.
    pub threshold: f64,
    /// Number of chunks.
    pub chunks: usize,
    /// Precision, recall and F1; the support is that without a threshold.
    #[serde(flatten)]
    pub score: Score,
}

/// Chunks by confidence, of one entity. One at a threshold is kept by it.
#[derive(Debug, Clone, Default)]
pub(super) struct ByConfidence([Counts; STEPS]);

impl ByConfidence {
    /// Adds a chunk; without a confidence, no threshold drops it.
    pub(super) fn add(&mut self, confidence: Option<f32>, correct: bool) {
        let reached = |step: &usize| confidence.is_none_or(|confidence| confidence >= *step as f32 / STEPS as f32);
        let step = (0..STEPS).rfind(reached).unwrap_or(0);
        self.0[step].add(Counts { true_positives: usize::from(correct), predicted: 1, gold: 0 });
    }

    pub(super) fn merge(&mut self, other: &ByConfidence) {
        self.0.iter_mut().zip(&other.0).for_each(|(counts, other)| counts.add(*other));
    }

    /// The scores at each threshold, of an entity with so many gold annotations.
    pub(super) fn scores(&self, gold: usize) -> Vec<AtThreshold> {
        let mut kept = Counts { gold, ..Counts::default() };
        let at = |(step, counts): (usize, &Counts)| {
            kept.add(*counts);
            AtThreshold { threshold: step as f64 / STEPS as f64, chunks: kept.predicted, score: kept.score() }
        };
        let mut scores: Vec<AtThreshold> = self.0.iter().enumerate().rev().map(at).collect();
        scores.reverse();
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_counts_up_to_its_confidence() {
        let mut found = ByConfidence::default();
        for (confidence, correct) in [(Some(0.35), true), (Some(0.349), false), (None, true), (Some(0.0), false)] {
            found.add(confidence, correct);
        }
        let scores = found.scores(4);
        let at = |step: usize| (scores[step].chunks, scores[step].score.precision, scores[step].score.recall);
        assert_eq!(
            [at(0), at(6), at(7), at(8), at(19)],
            [(4, 0.5, 0.5), (3, 2.0 / 3.0, 0.5), (2, 1.0, 0.5), (1, 1.0, 0.25), (1, 1.0, 0.25)]
        );
        assert_eq!((scores.len(), scores[7].threshold), (20, 0.35));
    }
}
