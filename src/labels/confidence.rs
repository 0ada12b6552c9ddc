//! Confidences of chunks that are calibrated for each entity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the mean of its tokens' scores becomes a chunk's confidence, by the model's names of entities. An entity that is not
/// there keeps the mean.
pub type Confidences = BTreeMap<String, Confidence>;

/// Platt scaling (Platt, "Probabilistic outputs for support vector machines", 1999): the confidence of a mean score `s` is
/// `1 / (1 + exp(-(slope * ln(s / (1 - s)) + offset)))`. The order of the chunks of an entity stays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Above 0.
    pub slope: f64,
    /// Above 0 if the model is not confident enough.
    pub offset: f64,
}

/// Scores closer to 0 or 1 than this are taken as this close: they have a finite logarithm.
const CLOSEST: f64 = 1e-6;

/// `ln(score / (1 - score))`.
pub(crate) fn log_odds(score: f32) -> f64 {
    let score = f64::from(score).clamp(CLOSEST, 1.0 - CLOSEST);
    (score / (1.0 - score)).ln()
}

impl Confidence {
    /// The confidence, 0 to 1, of a mean score from 0 to 1.
    pub fn of(self, score: f32) -> f32 {
        (1.0 / (1.0 + (-(self.slope * log_odds(score) + self.offset)).exp())) as f32
    }

    pub(super) fn is_valid(self) -> bool {
        self.slope.is_finite() && self.slope > 0.0 && self.offset.is_finite()
    }
}
