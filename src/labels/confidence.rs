//! Confidences of chunks that are calibrated for each entity.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// How the mean of its tokens' scores becomes a chunk's confidence, by the model's names of entities. An entity that is not
/// there keeps the mean. Written in JSON as an object with an entity's `slope` and `offset` under its name.
// Read from a `Value` and kept in a list: a map of its own would take some kilobytes of the browser's binary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Confidences(Vec<(String, Confidence)>);

impl Confidences {
    /// That of an entity.
    pub fn get(&self, entity: &str) -> Option<Confidence> {
        self.0.iter().find(|(name, _)| name == entity).map(|(_, confidence)| *confidence)
    }

    /// Entities with their confidences.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Confidence)> {
        self.0.iter().map(|(entity, confidence)| (entity.as_str(), *confidence))
    }
}

impl FromIterator<(String, Confidence)> for Confidences {
    fn from_iter<I: IntoIterator<Item = (String, Confidence)>>(confidences: I) -> Self {
        Confidences(confidences.into_iter().collect())
    }
}

impl Confidences {
    /// Reads the object that a manifest has. `Err` holds the reason.
    pub(crate) fn read(value: Value) -> Result<Self, String> {
        let Value::Object(entities) = value else { return Err("confidences are no object".into()) };
        let mut confidences = Vec::new();
        for (entity, fields) in entities {
            let (Some(slope), Some(offset)) = (fields["slope"].as_f64(), fields["offset"].as_f64()) else {
                return Err(format!("confidences[{entity:?}] has no number slope or no number offset"));
            };
            confidences.push((entity, Confidence { slope, offset }));
        }
        Ok(Confidences(confidences))
    }
}

impl Serialize for Confidences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Platt scaling (Platt, "Probabilistic outputs for support vector machines", 1999): the confidence of a mean score `s` is
/// `1 / (1 + exp(-(slope * ln(s / (1 - s)) + offset)))`. The order of the chunks of an entity stays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
