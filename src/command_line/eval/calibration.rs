//! Calibration: how well scores agree with the frequency of being right.

use serde::Serialize;

/// Number of bins of equal width that scores from 0 to 1 are sorted into.
pub const BINS: usize = 15;

/// Calibration of token scores and chunk confidences.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Token scores, right if the label is the gold label; `O` included.
    pub token: Reliability,
    /// Chunk confidences, right if the chunk is an exact span.
    pub chunk: Reliability,
}

/// Scores by bin.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reliability {
    /// Expected calibration error, 0 to 1: the distance between mean score and accuracy of a bin, averaged over bins
    /// weighted by their counts.
    pub ece: f64,
    /// Number of scores.
    pub count: usize,
    /// The bins, in ascending order.
    #[serde(skip)]
    pub bins: [Bin; BINS],
}

/// The scores in one range, upper limit included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Number of scores.
    pub count: usize,
    /// Number of scores of right predictions.
    pub correct: usize,
    /// Sum of the scores.
    sum: f64,
}

impl Bin {
    /// Mean score; 0 if the bin is empty.
    pub fn confidence(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Share of right predictions; 0 if the bin is empty.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.count.max(1) as f64
    }
}

impl Reliability {
    /// Adds a score from 0 to 1.
    pub(super) fn add(&mut self, score: f32, correct: bool) {
        let bin = (f64::from(score) * BINS as f64).ceil() as usize;
        let bin = &mut self.bins[bin.clamp(1, BINS) - 1];
        bin.count += 1;
        bin.correct += usize::from(correct);
        bin.sum += f64::from(score);
        self.measure();
    }

    pub(super) fn merge(&mut self, other: &Reliability) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.correct += other.correct;
            bin.sum += other.sum;
        }
        self.measure();
    }

    fn measure(&mut self) {
        self.count = self.bins.iter().map(|bin| bin.count).sum();
        let gap_sum = self.bins.iter().map(|bin| (bin.sum - bin.correct as f64).abs()).sum::<f64>();
        self.ece = gap_sum / self.count.max(1) as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_confidence_and_accuracy() {
        let mut found = Reliability::default();
        // One bin, 0.9333 to 1: mean confidence 0.96, accuracy 0.5.
        found.add(0.94, true);
        found.add(0.98, false);
        // Another bin: confidence 0.5, accuracy 1.
        found.add(0.5, true);
        assert!((found.ece - (2.0 * 0.46 + 0.5) / 3.0).abs() < 1e-6, "{}", found.ece);
        assert_eq!((found.count, found.bins[14].count, found.bins[7].correct), (3, 2, 1));
        assert_eq!((found.bins[14].accuracy(), found.bins[0].accuracy()), (0.5, 0.0));

        let mut twice = found.clone();
        twice.merge(&found);
        assert_eq!((twice.count, twice.ece), (6, found.ece));
    }

    #[test]
    fn every_score_has_its_bin() {
        let mut found = Reliability::default();
        for score in [0.0, f32::MIN_POSITIVE, 1.0 / 15.0 - 1e-3, 1.0, f32::NAN] {
            found.add(score, true);
        }
        assert_eq!((found.bins[0].count, found.bins[14].count), (4, 1));
    }
}
