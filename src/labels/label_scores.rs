//! The likeliest labels of each token, for results that tell more than the label decided for.

use crate::annotation::LabelScore;

/// The most labels that [`label_scores`](crate::AnnotateOptions::label_scores) asks for: they are kept for every token of a
/// document until it is decided which tokens make chunks.
pub const MOST_LABEL_SCORES: usize = 20;

/// The likeliest labels of a document's tokens, gathered from its windows.
#[derive(Debug)]
pub(crate) struct LikeliestLabels {
    /// Labels of each token.
    count: usize,
    /// Id and score, `count` for each token.
    values: Vec<(usize, f32)>,
}

impl LikeliestLabels {
    /// Makes room for `asked` labels of each of `tokens` tokens, or for all `labels` that there are.
    pub(crate) fn new(tokens: usize, labels: usize, asked: usize) -> Self {
        let count = asked.min(labels);
        LikeliestLabels { count, values: vec![(0, 0.0); tokens * count] }
    }

    /// Labels of each token.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Sets a token's ids and scores: [`count`](Self::count) of them.
    pub(crate) fn set(&mut self, token: usize, labels: &[(usize, f32)]) {
        self.values[token * self.count..][..self.count].copy_from_slice(labels);
    }

    /// A token's ids and scores, which have been set.
    pub(crate) fn of(&self, token: usize) -> &[(usize, f32)] {
        &self.values[token * self.count..][..self.count]
    }
}

/// Ids and scores of the `count` labels with the highest scores, best first; the lower id first in a tie.
pub(crate) fn likeliest(scores: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(count + 1);
    for (id, &score) in scores.iter().enumerate() {
        let place = best.iter().position(|(_, other)| score > *other).unwrap_or(best.len());
        if place < count {
            best.insert(place, (id, score));
            best.truncate(count);
        }
    }
    best
}

/// Replaces label ids by label names.
pub(crate) fn named(labels: &[(usize, f32)], names: &[String]) -> Vec<LabelScore> {
    let name = |&(id, score): &(usize, f32)| Some(LabelScore { label: names.get(id)?.clone(), score });
    labels.iter().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_come_first_and_in_a_tie_the_lower_id() {
        let scores = [0.1, 0.3, 0.2, 0.3, 0.1];
        assert_eq!(likeliest(&scores, 4), [(1, 0.3), (3, 0.3), (2, 0.2), (0, 0.1)]);
        assert_eq!(likeliest(&scores, 9).len(), 5);
        assert_eq!(likeliest(&scores, 0), []);
        // As of the argmax, whatever the numbers are.
        for scores in [[f32::NAN, 1.0, 2.0], [1.0, f32::NAN, 2.0], [-f32::INFINITY, f32::INFINITY, f32::NAN]] {
            assert_eq!(likeliest(&scores, 2)[0].0, super::super::argmax(&scores));
        }
    }
}
