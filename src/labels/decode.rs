//! From the logits of a document's tokens to a label and a score for each.

use serde::{Deserialize, Serialize};

use super::argmax;

/// How labels are chosen from the logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Decoding {
    /// Each token's likeliest label, whatever its neighbours' labels, as in Spark NLP.
    #[default]
    Argmax,
    /// The likeliest sequence of labels over the whole document in which `I-X` only follows `B-X` or `I-X`. The model's
    /// transition scores count, if it has any.
    Viterbi,
}

/// What a model's files say on decoding. The default is Spark NLP's way.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderDefaults {
    /// How labels are chosen unless the options say otherwise.
    pub decoding: Decoding,
    /// Logits are divided by it before the softmax, so that scores are as often right as they say: above 0.
    pub temperature: f32,
    /// Log-scores for [`Decoding::Viterbi`]: what is added where the label of a column follows the label of a row,
    /// both in id order. A document's start counts as `O`.
    pub transitions: Option<Vec<Vec<f32>>>,
}

impl Default for DecoderDefaults {
    fn default() -> Self {
        DecoderDefaults { decoding: Decoding::Argmax, temperature: 1.0, transitions: None }
    }
}

impl DecoderDefaults {
    /// Checks the values for a model of so many labels; `Err` says what is wrong.
    pub(crate) fn check(&self, labels: usize) -> Result<(), String> {
        let Self { temperature, transitions, .. } = self;
        if !(temperature.is_finite() && *temperature > 0.0) {
            return Err(format!("temperature is {temperature}, not a number above 0"));
        }
        let Some(rows) = transitions else { return Ok(()) };
        if rows.len() != labels || rows.iter().any(|row| row.len() != labels) {
            return Err(format!("transitions are not {labels} rows of {labels}, one for each label"));
        }
        if rows.iter().flatten().any(|score| !score.is_finite()) {
            return Err("transitions are not all finite".into());
        }
        Ok(())
    }
}

/// The logits of a document's tokens, gathered from its windows: a row of one value per label for each token that the
/// model read.
#[derive(Debug, Clone, Default)]
pub struct TokenLogits {
    labels: usize,
    values: Vec<f32>,
    read: Vec<bool>,
}

impl TokenLogits {
    /// For so many tokens, none of them read yet.
    pub fn new(tokens: usize, labels: usize) -> Self {
        TokenLogits { labels, values: vec![0.0; tokens * labels], read: vec![false; tokens] }
    }

    /// Sets a token's row, which has a value per label in id order.
    pub fn set(&mut self, token: usize, row: &[f32]) {
        self.values[token * self.labels..][..self.labels].copy_from_slice(row);
        self.read[token] = true;
    }

    /// A token's values, one per label; `None` if the model did not read it.
    pub fn row(&self, token: usize) -> Option<&[f32]> {
        self.read[token].then(|| &self.values[token * self.labels..][..self.labels])
    }

    /// Number of tokens, read or not.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Whether the document has no tokens.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }
}

/// Chooses labels for one model.
#[derive(Debug, Clone)]
pub struct Decoder {
    decoding: Decoding,
    temperature: f64,
    /// For each label those that may stand before it, with the log-score of the transition.
    before: Vec<Vec<(usize, f64)>>,
    /// For each label the log-score of beginning a document; none where it may not.
    first: Vec<Option<f64>>,
}

/// In place of a log-probability that is NaN or infinite.
const UNLIKELY: f64 = -1e9;

impl Decoder {
    /// For a model of these labels, in id order. `decoding` comes before that of `defaults`, whose transitions have a row
    /// and a column per label.
    pub fn new(labels: &[String], defaults: &DecoderDefaults, decoding: Option<Decoding>) -> Self {
        let outside = labels.iter().position(|label| label == "O");
        let score =
            |from: usize, to: usize| defaults.transitions.as_ref().map_or(0.0, |scores| f64::from(scores[from][to]));
        let before = (0..labels.len()).map(|to| {
            let allowed = (0..labels.len()).filter(|&from| may_follow(&labels[from], &labels[to], labels));
            allowed.map(|from| (from, score(from, to))).collect()
        });
        let first = (0..labels.len())
            .map(|to| may_follow("O", &labels[to], labels).then(|| outside.map_or(0.0, |from| score(from, to))));
        Decoder {
            decoding: decoding.unwrap_or(defaults.decoding),
            temperature: defaults.temperature.into(),
            before: before.collect(),
            first: first.collect(),
        }
    }

    /// The same decoder at another temperature.
    pub fn at(&self, temperature: f64) -> Self {
        Decoder { temperature, ..self.clone() }
    }

    /// What logits are divided by before the softmax.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// How labels are chosen.
    pub fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// A token's likeliest label, the first of equals, and its softmax score.
    pub fn likeliest(&self, row: &[f32]) -> (usize, f32) {
        let best = argmax(row);
        (best, self.score(row, best))
    }

    /// The softmax score of a label, in f64 as Spark NLP computes it.
    fn score(&self, row: &[f32], label: usize) -> f32 {
        let largest = row[argmax(row)];
        let power = |value: f32| (f64::from(value - largest) / self.temperature).exp();
        let sum: f64 = row.iter().map(|value| power(*value)).sum();
        (power(row[label]) / sum) as f32
    }

    /// The natural logarithms of the softmax scores.
    pub fn log_probabilities(&self, row: &[f32]) -> Vec<f64> {
        let largest = row[argmax(row)];
        let powers = row.iter().map(|value| f64::from(value - largest) / self.temperature);
        let sum: f64 = powers.clone().map(f64::exp).sum();
        powers.map(|power| power - sum.ln()).map(|found| if found.is_finite() { found } else { UNLIKELY }).collect()
    }

    /// The labels of a document's tokens, each with its own softmax score; `None` where the model did not read the
    /// token, before and after which a document's end is taken to be.
    pub fn decode(&self, logits: &TokenLogits) -> Vec<Option<(usize, f32)>> {
        let mut found = vec![None; logits.len()];
        if self.decoding == Decoding::Argmax {
            found.iter_mut().enumerate().for_each(|(i, label)| *label = logits.row(i).map(|row| self.likeliest(row)));
            return found;
        }
        let mut start = 0;
        while start < logits.len() {
            let rows: Vec<&[f32]> = (start..logits.len()).map_while(|token| logits.row(token)).collect();
            for (i, label) in self.path(&rows).into_iter().enumerate() {
                found[start + i] = Some((label, self.score(rows[i], label)));
            }
            start += rows.len() + 1;
        }
        found
    }

    /// The likeliest sequence of labels (Viterbi); of equals, the one with the lower ids at its end.
    fn path(&self, rows: &[&[f32]]) -> Vec<usize> {
        let Some((head, rest)) = rows.split_first() else { return vec![] };
        let first = |(found, score): (&f64, &Option<f64>)| score.map_or(f64::NEG_INFINITY, |score| found + score);
        let mut scores: Vec<f64> = self.log_probabilities(head).iter().zip(&self.first).map(first).collect();
        let mut back: Vec<Vec<u32>> = Vec::with_capacity(rest.len());
        for row in rest {
            let reach = |before: &Vec<(usize, f64)>| {
                let reached = before.iter().map(|(from, transition)| (*from, scores[*from] + transition));
                reached.reduce(|best, other| if other.1 > best.1 { other } else { best })
            };
            // Every label may follow some label: an I-X may follow itself, any other label may follow all.
            let reached: Vec<(usize, f64)> =
                self.before.iter().map(|before| reach(before).unwrap_or_default()).collect();
            scores =
                self.log_probabilities(row).iter().zip(&reached).map(|(found, (_, score))| found + score).collect();
            back.push(reached.iter().map(|(from, _)| *from as u32).collect());
        }
        let mut path = vec![argmax(&scores)];
        for from in back.iter().rev() {
            path.push(from[path[path.len() - 1]] as usize);
        }
        path.reverse();
        path
    }
}

/// Whether a label may stand after another. `I-X` needs `B-X` or `I-X` before it, if the model has a `B-X` at all:
/// in some schemes `I-X` begins an entity.
fn may_follow(before: &str, label: &str, labels: &[String]) -> bool {
    let Some(entity) = label.strip_prefix("I-") else { return true };
    let begins = |other: &str| other.strip_prefix("B-") == Some(entity);
    before == label || begins(before) || !labels.iter().any(|other| begins(other))
}

#[cfg(test)]
mod tests;
