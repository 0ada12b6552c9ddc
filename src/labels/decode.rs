//! Decodes logits: a label and a score for each token of a document.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::constraints::{shapes, Rules, Shape, COMPLETE, STATES};
use super::{argmax, likeliest, Confidences, Constraint};

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
    /// What every chunk must be like with [`Decoding::Viterbi`]. They need a label `O`, and a `B-X` for each `I-X`; no token then
    /// gets a label of another form, such as `PAD`.
    pub constraints: Vec<Constraint>,
    /// How the mean of its tokens' scores becomes a chunk's confidence, by entity.
    pub confidences: Confidences,
}

impl Default for DecoderDefaults {
    fn default() -> Self {
        DecoderDefaults {
            decoding: Decoding::Argmax,
            temperature: 1.0,
            transitions: None,
            constraints: Vec::new(),
            confidences: Confidences::new(),
        }
    }
}

impl DecoderDefaults {
    /// Checks the values for a model with these labels. `Err` holds the reason.
    pub(crate) fn check(&self, names: &[String]) -> Result<(), String> {
        let Self { temperature, transitions, constraints, confidences, .. } = self;
        let labels = names.len();
        if !(temperature.is_finite() && *temperature > 0.0) {
            return Err(format!("temperature is {temperature}, not a number above 0"));
        }
        if let Some((entity, _)) = confidences.iter().find(|(_, confidence)| !confidence.is_valid()) {
            return Err(format!("the slope of confidences[{entity:?}] is no number above 0, or its offset no number"));
        }
        if !constraints.is_empty() {
            let begins = |entity: &str| names.iter().any(|name| name.strip_prefix("B-") == Some(entity));
            let alone = |name: &&String| name.strip_prefix("I-").is_some_and(|entity| !begins(entity));
            if let Some(name) = names.iter().find(alone) {
                return Err(format!("constraints need a label B-X for each I-X, and {name:?} has none"));
            }
            if !names.iter().any(|name| name == "O") {
                return Err("constraints need a label O, which there is not".into());
            }
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
    /// What constraints ask of each token; empty if they are not to be heeded.
    shapes: Vec<Shape>,
}

impl TokenLogits {
    /// Makes room for the logits of `tokens` tokens, none of which the model has read yet.
    pub fn new(tokens: usize, labels: usize) -> Self {
        TokenLogits { labels, values: vec![0.0; tokens * labels], read: vec![false; tokens], ..Default::default() }
    }

    /// The same, divided into paragraphs that begin at these tokens, in order: they are decoded as documents of their own.
    #[must_use]
    pub fn with_paragraphs(self, paragraphs: Vec<usize>) -> Self {
        TokenLogits { paragraphs, ..self }
    }

    /// The same, with the tokens' texts, which [constraints](Constraint) need: without them, none is heeded. Set paragraphs
    /// first: brackets have their partners in the same one.
    #[must_use]
    pub fn with_texts(self, texts: &[&str]) -> Self {
        let mut found = Vec::with_capacity(texts.len());
        for end in self.paragraphs.iter().copied().chain([texts.len()]) {
            let paragraph = texts[found.len()..end.clamp(found.len(), texts.len())].iter().copied();
            found.extend(shapes(paragraph));
        }
        TokenLogits { shapes: found, ..self }
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
    /// What chunks must be like. Only for Viterbi.
    rules: Option<Rules>,
    /// The label `O`, where chunks end. Only for Viterbi.
    outside: Option<usize>,
    /// For each label, whether it is none of `O`, `B-X` and `I-X`. Only for Viterbi.
    other: Vec<bool>,
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
            let (before, first) = (Vec::new(), Vec::new());
            return Decoder { decoding, temperature, before, first, rules: None, outside: None, other: Vec::new() };
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
        let (before, first) = (before.collect(), first.collect());
        let other = |label: &String| label != "O" && !label.starts_with("B-") && !label.starts_with("I-");
        let other = labels.iter().map(other).collect();
        Decoder { decoding, temperature, before, first, rules: Rules::of(&defaults.constraints), outside, other }
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
                let path = match (self.rules, logits.shapes.get(start..start + rows.len())) {
                    (Some(rules), Some(shapes)) => self.constrained_path(&rows, shapes, rules),
                    _ => self.path(&rows),
                };
                for (i, label) in path.into_iter().enumerate() {
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

    /// The likeliest sequence of labels whose chunks keep to the rules, ties as in [`path`](Self::path). A step of the
    /// algorithm has a label and the state of its chunk; only a complete chunk may be followed by `O` or by another one.
    fn constrained_path(&self, rows: &[&[f32]], shapes: &[Shape], rules: Rules) -> Vec<usize> {
        let labels = self.before.len();
        let at = |label: usize, state: usize| label * STATES + state;
        let mut scores = vec![f64::NEG_INFINITY; labels * STATES];
        let mut back: Vec<Vec<u32>> = Vec::with_capacity(rows.len());
        for (token, (row, shape)) in rows.iter().zip(shapes).enumerate() {
            let logs = self.log_probabilities(row);
            let mut next = vec![f64::NEG_INFINITY; scores.len()];
            let mut from = vec![0; scores.len()];
            let mut reach = |to: usize, before: usize, score: f64| {
                if score > next[to] {
                    (next[to], from[to]) = (score, before as u32);
                }
            };
            for label in (0..labels).filter(|label| !self.other[*label]) {
                let Some(first) = self.first[label] else {
                    let befores = self.before[label].iter().filter(|_| token > 0);
                    for (before, score) in befores {
                        for state in 0..STATES {
                            let before = at(*before, state);
                            if let Some(state) = rules.after(state, *shape) {
                                reach(at(label, state), before, scores[before] + score + logs[label]);
                            }
                        }
                    }
                    continue;
                };
                let state =
                    if self.outside == Some(label) { Some(COMPLETE) } else { rules.after(rules.start(), *shape) };
                let Some(state) = state else { continue };
                if token == 0 {
                    reach(at(label, state), 0, first + logs[label]);
                } else {
                    for (before, score) in &self.before[label] {
                        let before = at(*before, COMPLETE);
                        reach(at(label, state), before, scores[before] + score + logs[label]);
                    }
                }
            }
            scores = next;
            back.push(from);
        }
        let ended: Vec<f64> = (0..labels).map(|label| scores[at(label, COMPLETE)]).collect();
        let mut step = at(argmax(&ended), COMPLETE);
        let mut path = Vec::with_capacity(rows.len());
        for from in back.iter().rev() {
            path.push(step / STATES);
            step = from[step] as usize;
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
