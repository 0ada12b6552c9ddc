//! Whether scores are as often right as they say.

use serde::Serialize;

/// Bins of equal width that confidences from 0 to 1 are sorted into.
pub const BINS: usize = 15;

/// How confidence and correctness agree, of tokens and of chunks.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// A token's score, against whether its label is the marked one; `O` included.
    pub token: Reliability,
    /// A chunk's confidence, against whether it is an exact span.
    pub chunk: Reliability,
}

/// Scores by bin.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reliability {
    /// Expected calibration error: how far the mean confidence of a bin is from its share of right ones, 0 to 1, as the
    /// mean over all scores.
    pub ece: f64,
    /// Scores counted.
    pub count: usize,
    /// The bins, in order of confidence.
    #[serde(skip)]
    pub bins: [Bin; BINS],
}

/// The scores of one range of confidence, its upper end included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Scores counted.
    pub count: usize,
    /// Of those, how many belong to what is marked.
    pub right: usize,
    /// Sum of the scores.
    sum: f64,
}

impl Bin {
    /// Mean score; 0 if there is none.
    pub fn confidence(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Share of right ones; 0 if there is none.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.count.max(1) as f64
    }
}

impl Reliability {
    /// Counts a score of 0 to 1.
    pub(super) fn add(&mut self, score: f32, right: bool) {
        let bin = (f64::from(score) * BINS as f64).ceil() as usize;
        let bin = &mut self.bins[bin.clamp(1, BINS) - 1];
        bin.count += 1;
        bin.right += usize::from(right);
        bin.sum += f64::from(score);
        self.measure();
    }

    pub(super) fn merge(&mut self, other: &Reliability) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.right += other.right;
            bin.sum += other.sum;
        }
        self.measure();
    }

    fn measure(&mut self) {
        self.count = self.bins.iter().map(|bin| bin.count).sum();
        let apart = self.bins.iter().map(|bin| (bin.sum - bin.right as f64).abs()).sum::<f64>();
        self.ece = apart / self.count.max(1) as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_the_mean_distance_of_confidence_and_accuracy() {
        let mut found = Reliability::default();
        // Of one bin, 0.9333 to 1: mean confidence 0.96, half of them right.
        found.add(0.94, true);
        found.add(0.98, false);
        // Of another: 0.5 and right.
        found.add(0.5, true);
        assert!((found.ece - (2.0 * 0.46 + 0.5) / 3.0).abs() < 1e-6, "{}", found.ece);
        assert_eq!((found.count, found.bins[14].count, found.bins[7].right), (3, 2, 1));
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
