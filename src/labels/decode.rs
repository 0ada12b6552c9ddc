//! Decodes logits: a label and a score for each token of a document.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{argmax, likeliest};

/// The most labels that [`Decoding::Viterbi`] takes: its table of transitions has an entry for each pair of labels, 64 MB
/// at this number, and each token takes as many steps. The largest sets of labels in use have a few hundred.
pub const MOST_VITERBI_LABELS: usize = 2048;

/// How labels are decoded from the logits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Decoding {
    /// The likeliest label of each token by itself, as in Spark NLP.
    #[default]
    Argmax,
    /// The likeliest sequence of labels over the whole document in which `I-X` only follows `B-X` or `I-X`, with the
    /// model's transition scores if it has any.
    Viterbi,
}

/// Decoding as a model's files declare it. The default is that of Spark NLP.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderDefaults {
    /// How labels are decoded, unless the options override it.
    pub decoding: Decoding,
    /// Softmax temperature, above 0: logits are divided by it to calibrate the scores.
    pub temperature: f32,
    /// Transition log-scores for [`Decoding::Viterbi`], a row and a column per label in id order: `[from][to]` is added
    /// where label `to` follows label `from`. The start of a document counts as `O`.
    pub transitions: Option<Vec<Vec<f32>>>,
}

impl Default for DecoderDefaults {
    fn default() -> Self {
        DecoderDefaults { decoding: Decoding::Argmax, temperature: 1.0, transitions: None }
    }
}

impl DecoderDefaults {
    /// Checks the values for a model with this number of labels. `Err` holds the reason.
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
    /// Tokens at which paragraphs begin, in order.
    paragraphs: Vec<usize>,
}

impl TokenLogits {
    /// Makes room for the logits of `tokens` tokens, none of which the model has read yet.
    pub fn new(tokens: usize, labels: usize) -> Self {
        TokenLogits { labels, values: vec![0.0; tokens * labels], read: vec![false; tokens], paragraphs: Vec::new() }
    }

    /// The same, divided into paragraphs that begin at these tokens, in order: they are decoded as documents of their own.
    #[must_use]
    pub fn with_paragraphs(self, paragraphs: Vec<usize>) -> Self {
        TokenLogits { paragraphs, ..self }
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

/// Decodes the labels of one model.
#[derive(Debug, Clone)]
pub struct Decoder {
    decoding: Decoding,
    temperature: f64,
    /// For each label, the labels that may precede it, with the log-score of the transition. Only for Viterbi: there is
    /// one for each pair of labels.
    before: Vec<Vec<(usize, f64)>>,
    /// For each label, the log-score of starting a document; `None` if it must not. Only for Viterbi.
    first: Vec<Option<f64>>,
}

/// Replaces log-probabilities that are NaN or infinite.
const UNLIKELY: f64 = -1e9;

impl Decoder {
    /// A decoder for a model with these labels, in id order. `decoding` overrides that of `defaults`, whose transitions
    /// must have a row and a column per label.
    ///
    /// # Panics
    /// If Viterbi is to decode more than [`MOST_VITERBI_LABELS`].
    pub fn new(labels: &[String], defaults: &DecoderDefaults, decoding: Option<Decoding>) -> Self {
        let decoding = decoding.unwrap_or(defaults.decoding);
        let temperature = defaults.temperature.into();
        if decoding == Decoding::Argmax {
            return Decoder { decoding, temperature, before: Vec::new(), first: Vec::new() };
        }
        assert!(labels.len() <= MOST_VITERBI_LABELS, "more than {MOST_VITERBI_LABELS} labels");
        let outside = labels.iter().position(|label| label == "O");
        let score =
            |from: usize, to: usize| defaults.transitions.as_ref().map_or(0.0, |scores| f64::from(scores[from][to]));
        let predecessors = predecessors(labels);
        let before = predecessors.iter().enumerate().map(|(to, allowed)| match allowed {
            None => (0..labels.len()).map(|from| (from, score(from, to))).collect(),
            Some(allowed) => allowed.iter().map(|&from| (from, score(from, to))).collect(),
        });
        let first = predecessors.iter().enumerate();
        let first = first.map(|(to, allowed)| allowed.is_none().then(|| outside.map_or(0.0, |from| score(from, to))));
        Decoder { decoding, temperature, before: before.collect(), first: first.collect() }
    }

    /// The same decoder at another temperature.
    pub fn at(&self, temperature: f64) -> Self {
        Decoder { temperature, ..self.clone() }
    }

    /// The softmax temperature, by which logits are divided.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// How labels are decoded.
    pub fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// Id and softmax score of a token's likeliest label; the lowest id in a tie.
    pub fn likeliest(&self, row: &[f32]) -> (usize, f32) {
        let best = argmax(row);
        (best, self.score(row, best))
    }

    /// Ids and softmax scores of a token's `count` likeliest labels, best first; the lower id first in a tie. Decoding does not
    /// change them; the first is [`likeliest`](Self::likeliest).
    pub fn likeliest_labels(&self, row: &[f32], count: usize) -> Vec<(usize, f32)> {
        let score = self.scores(row);
        likeliest(row, count).into_iter().map(|(label, _)| (label, score(label))).collect()
    }

    /// The softmax score of a label.
    fn score(&self, row: &[f32], label: usize) -> f32 {
        self.scores(row)(label)
    }

    /// The softmax scores of labels, in f64 as Spark NLP computes them.
    fn scores<'r>(&self, row: &'r [f32]) -> impl Fn(usize) -> f32 + 'r {
        let (largest, temperature) = (row[argmax(row)], self.temperature);
        let power = move |value: f32| (f64::from(value - largest) / temperature).exp();
        let sum: f64 = row.iter().map(|value| power(*value)).sum();
        move |label| (power(row[label]) / sum) as f32
    }

    /// The natural logarithms of the softmax scores.
    pub fn log_probabilities(&self, row: &[f32]) -> Vec<f64> {
        let largest = row[argmax(row)];
        let powers = row.iter().map(|value| f64::from(value - largest) / self.temperature);
        let sum: f64 = powers.clone().map(f64::exp).sum();
        powers.map(|power| power - sum.ln()).map(|log| if log.is_finite() { log } else { UNLIKELY }).collect()
    }

    /// The labels of a document's tokens, each with its softmax score. A token that the model did not read gets `None`
    /// and splits the document: the tokens before and after it are decoded as two documents, as paragraphs are.
    pub fn decode(&self, logits: &TokenLogits) -> Vec<Option<(usize, f32)>> {
        let mut labels = vec![None; logits.len()];
        if self.decoding == Decoding::Argmax {
            labels.iter_mut().enumerate().for_each(|(i, label)| *label = logits.row(i).map(|row| self.likeliest(row)));
            return labels;
        }
        let mut start = 0;
        for end in logits.paragraphs.iter().copied().chain([logits.len()]) {
            while start < end {
                let rows: Vec<&[f32]> = (start..end).map_while(|token| logits.row(token)).collect();
                for (i, label) in self.path(&rows).into_iter().enumerate() {
                    labels[start + i] = Some((label, self.score(rows[i], label)));
                }
                // The token after the rows, if there is one, was not read.
                start += (rows.len() + 1).min(end - start);
            }
        }
        labels
    }

    /// The likeliest sequence of labels, by the Viterbi algorithm. In a tie the lower id wins, from the last token
    /// backwards.
    fn path(&self, rows: &[&[f32]]) -> Vec<usize> {
        let Some((head, rest)) = rows.split_first() else { return vec![] };
        let first = |(log, score): (&f64, &Option<f64>)| score.map_or(f64::NEG_INFINITY, |score| log + score);
        let mut scores: Vec<f64> = self.log_probabilities(head).iter().zip(&self.first).map(first).collect();
        let mut back: Vec<Vec<u32>> = Vec::with_capacity(rest.len());
        for row in rest {
            let reach = |before: &Vec<(usize, f64)>| {
                let reached = before.iter().map(|(from, transition)| (*from, scores[*from] + transition));
                reached.reduce(|best, other| if other.1 > best.1 { other } else { best })
            };
            // Every label has a predecessor: `I-X` may follow itself, any other label may follow all.
            let reached: Vec<(usize, f64)> =
                self.before.iter().map(|before| reach(before).unwrap_or_default()).collect();
            scores = self.log_probabilities(row).iter().zip(&reached).map(|(log, (_, score))| log + score).collect();
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

/// For each label `I-X`, the ids of `B-X` and `I-X`, in order: only these may precede it. `None` for a label that may
/// follow every other, such as an `I-X` of a model without `B-X`: in the IO scheme `I-X` also begins an entity.
fn predecessors(labels: &[String]) -> Vec<Option<Vec<usize>>> {
    let mut ids: HashMap<&str, Vec<usize>> = HashMap::new();
    labels.iter().enumerate().for_each(|(id, label)| ids.entry(label).or_default().push(id));
    let of = |label: &String| {
        let begin = ids.get(format!("B-{}", label.strip_prefix("I-")?).as_str())?;
        let mut allowed = [begin.as_slice(), &ids[label.as_str()]].concat();
        allowed.sort_unstable();
        Some(allowed)
    };
    labels.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
