//! Fits the confidences of chunks by entity: see [`Confidence`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::{chunks_without_confidences, Record, Reliability, Span};
use crate::labels::{log_odds, Confidence, Confidences};
use crate::{Annotator, Chunk, LabelledTokens};

/// Parts that the documents are divided into; each is judged by what is fitted on the others.
const FOLDS: usize = 5;
/// How much a fit is drawn towards what it starts from, in the weight of chunks of which nothing is known.
const PRIOR: f64 = 4.0;
/// The least slope: the order of confidences must stay.
const LEAST_SLOPE: f64 = 0.05;

/// Mean token scores of chunks, and whether these are exact spans of gold.
#[derive(Debug, Default)]
pub struct ConfidenceSamples {
    documents: Vec<Vec<Sample>>,
}

#[derive(Debug, Clone)]
struct Sample {
    entity: String,
    score: f32,
    correct: bool,
}

/// The fitted confidences, and how they agree with precision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfidenceFit {
    /// Fitted on all documents, for the manifest.
    pub confidences: Confidences,
    /// Parts of the documents, each of which was left out once for `after`.
    pub folds: usize,
    /// The mean of token scores as it is.
    pub before: Agreement,
    /// Each document by what is fitted on the other parts.
    pub after: Agreement,
}

/// How confidences agree with precision.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Over all chunks.
    pub all: Reliability,
    /// Per entity.
    pub entities: BTreeMap<String, Reliability>,
}

impl ConfidenceSamples {
    /// Adds the chunks of a record's labelled tokens.
    pub fn add(&mut self, labelled: &LabelledTokens<'_>, record: &Record) {
        let sample = |chunk: Chunk| {
            let correct = record.entities.contains(&Span::of(&chunk));
            Some(Sample { score: chunk.confidence?, entity: chunk.entity, correct })
        };
        self.documents.push(chunks_without_confidences(labelled).into_iter().filter_map(sample).collect());
    }

    /// Adds the samples of another set.
    pub fn merge(&mut self, other: ConfidenceSamples) {
        self.documents.extend(other.documents);
    }

    /// Fits the confidences of all entities of the model that have chunks; `None` if none has.
    pub fn fit(&self, annotator: &Annotator) -> Option<ConfidenceFit> {
        let entities = annotator.entities();
        let confidences = fitted(self.documents.iter().flatten(), &entities);
        confidences.iter().next()?;
        let (mut before, mut after) = (Agreement::default(), Agreement::default());
        for fold in 0..FOLDS {
            let parts = || self.documents.iter().enumerate();
            let others = parts().filter(|(i, _)| i % FOLDS != fold).flat_map(|(_, samples)| samples);
            let confidences = fitted(others, &entities);
            for sample in parts().filter(|(i, _)| i % FOLDS == fold).flat_map(|(_, samples)| samples) {
                let Sample { entity, score, correct } = sample;
                before.add(entity, *score, *correct);
                after.add(entity, confidences.get(entity).map_or(*score, |found| found.of(*score)), *correct);
            }
        }
        Some(ConfidenceFit { confidences, folds: FOLDS, before, after })
    }
}

impl Agreement {
    fn add(&mut self, entity: &str, confidence: f32, correct: bool) {
        self.all.add(confidence, correct);
        self.entities.entry(entity.to_string()).or_default().add(confidence, correct);
    }
}

/// Fits one confidence to all chunks, then that of each entity, drawn towards the first: of a rare one little is known.
fn fitted<'s>(samples: impl Iterator<Item = &'s Sample>, entities: &[&str]) -> Confidences {
    let mut by_entity: BTreeMap<&str, Vec<(f64, bool)>> = BTreeMap::new();
    for Sample { entity, score, correct } in samples {
        if entities.contains(&entity.as_str()) {
            by_entity.entry(entity).or_default().push((log_odds(*score), *correct));
        }
    }
    let all: Vec<(f64, bool)> = by_entity.values().flatten().copied().collect();
    let common = regression(&all, Confidence { slope: 1.0, offset: 0.0 });
    by_entity.into_iter().map(|(entity, samples)| (entity.to_string(), regression(&samples, common))).collect()
}

/// Logistic regression of one variable by Newton's method, with a normal prior around `start`.
fn regression(samples: &[(f64, bool)], start: Confidence) -> Confidence {
    let Confidence { mut slope, mut offset } = start;
    for _ in 0..50 {
        // Gradient and Hessian of the negative logarithm of the posterior.
        let (mut to_slope, mut to_offset) = (PRIOR * (slope - start.slope), PRIOR * (offset - start.offset));
        let (mut slopes, mut mixed, mut offsets) = (PRIOR, 0.0, PRIOR);
        for (odds, correct) in samples {
            let probability = 1.0 / (1.0 + (-(slope * odds + offset)).exp());
            let (error, weight) = (probability - f64::from(u8::from(*correct)), probability * (1.0 - probability));
            to_slope += error * odds;
            to_offset += error;
            slopes += weight * odds * odds;
            mixed += weight * odds;
            offsets += weight;
        }
        let determinant = slopes * offsets - mixed * mixed;
        let step = (
            (offsets * to_slope - mixed * to_offset) / determinant,
            (slopes * to_offset - mixed * to_slope) / determinant,
        );
        // Far from the minimum, a whole step may lead away from it.
        let size = step.0.abs().max(step.1.abs()).max(1.0);
        slope = (slope - step.0 / size).max(LEAST_SLOPE);
        offset -= step.1 / size;
        if step.0.abs().max(step.1.abs()) < 1e-6 {
            break;
        }
    }
    Confidence { slope, offset }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunks of which the share that their score says is right, if the score is put through `truth`.
    fn samples(truth: Confidence, count: usize) -> Vec<(f64, bool)> {
        let mut random = fastrand::Rng::with_seed(7);
        let sample = |_| {
            let score = random.f32();
            (log_odds(score), random.f32() < truth.of(score))
        };
        (0..count).map(sample).collect()
    }

    #[test]
    fn the_confidence_behind_samples_is_found() {
        let identity = Confidence { slope: 1.0, offset: 0.0 };
        for truth in [Confidence { slope: 0.5, offset: -0.7 }, Confidence { slope: 2.0, offset: 1.0 }, identity] {
            let found = regression(&samples(truth, 20_000), identity);
            assert!((found.slope - truth.slope).abs() < 0.1 && (found.offset - truth.offset).abs() < 0.1, "{found:?}");
        }
    }

    #[test]
    fn without_samples_nothing_changes_and_the_order_always_stays() {
        let identity = Confidence { slope: 1.0, offset: 0.0 };
        assert_eq!(regression(&[], identity), identity);
        let contrary: Vec<(f64, bool)> = (-50..50).map(|odds| (f64::from(odds) / 10.0, odds < 0)).collect();
        assert!((regression(&contrary, identity).slope - LEAST_SLOPE).abs() < 1e-9);
    }
}
