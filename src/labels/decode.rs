//! Decodes logits: a label and a score for each token of a document.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::constraints::{shapes, Rules, Shape};
use super::{argmax, entity_after_hyphen, likeliest, Confidences, Constraint};

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
    /// How many labels each label set has, in id order; empty if all labels are one set. Each set has a softmax of its own and is
    /// decoded by itself, so chunks of different sets may overlap. Each set has one label `O`, and they share no other.
    pub label_sets: Vec<usize>,
    /// Softmax temperature, above 0: logits are divided by it to calibrate the scores.
    pub temperature: f32,
    /// Transition log-scores for [`Decoding::Viterbi`], a row and a column per label in id order: `[from][to]` is added
    /// where label `to` follows label `from`. The start of a document counts as `O`. Scores between labels of different label
    /// sets have no effect.
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
            label_sets: Vec::new(),
            temperature: 1.0,
            transitions: None,
            constraints: Vec::new(),
            confidences: Confidences::default(),
        }
    }
}

impl DecoderDefaults {
    /// Checks the values for a model with these labels. `Err` holds the reason.
    pub(crate) fn check(&self, names: &[String]) -> Result<(), String> {
        let Self { temperature, transitions, constraints, confidences, label_sets, .. } = self;
        let labels = names.len();
        check_sets(label_sets, names)?;
        if !(temperature.is_finite() && *temperature > 0.0) {
            return Err(format!("temperature is {temperature}, not a number above 0"));
        }
        if let Some((entity, _)) = confidences.iter().find(|(_, confidence)| !confidence.is_valid()) {
            return Err(format!("the slope of confidences[{entity:?}] is no number above 0, or its offset no number"));
        }
        if !constraints.is_empty() {
            let has = |label: &str| names.iter().any(|name| name == label);
            let begins = |name: &String| name.strip_prefix("I-").is_none_or(|entity| has(&format!("B-{entity}")));
            if !has("O") || !names.iter().all(begins) {
                return Err("constraints need a label O, and a label B-X for each I-X".into());
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

const NO_SETS: &str = "labelSets do not divide the labels into sets with one label O each";

/// Checks the sizes of label sets for a model with these labels. `Err` holds the reason.
fn check_sets(sizes: &[usize], names: &[String]) -> Result<(), String> {
    let (mut rest, mut others) = (names, HashSet::new());
    for size in sizes {
        let Some((set, after)) = rest.split_at_checked(*size) else { return Err(NO_SETS.into()) };
        let mut outside = 0;
        for label in set {
            let entity = entity_after_hyphen(label);
            if label == "O" {
                outside += 1;
            } else if others.contains(entity) {
                return Err(format!("{entity} is in two labelSets"));
            }
        }
        if outside != 1 {
            return Err(NO_SETS.into());
        }
        others.extend(set.iter().map(|label| entity_after_hyphen(label)));
        rest = after;
    }
    (sizes.is_empty() || rest.is_empty()).then_some(()).ok_or_else(|| NO_SETS.into())
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

/// Decodes the labels of one label set of a model. Rows of logits, and label ids, are those of all sets.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// The ids of the set's labels.
    columns: Range<usize>,
    decoding: Decoding,
    temperature: f64,
    /// For each label, the labels that may precede it, with the log-score of the transition. Only for Viterbi: there is
    /// one for each pair of labels.
    before: Vec<Vec<(usize, f64)>>,
    /// For each label, the log-score of starting a document; `None` if it must not. Only for Viterbi.
    first: Vec<Option<f64>>,
    /// What chunks must be like. Only for Viterbi.
    rules: Rules,
    /// The label `O`, where chunks end. Only for Viterbi.
    outside: Option<usize>,
}

/// Replaces log-probabilities that are NaN or infinite.
const UNLIKELY: f64 = -1e9;

impl Decoder {
    /// The decoders of a model with these labels, in id order: one for each label set, in order. `decoding` overrides that of
    /// `defaults`, whose transitions must have a row and a column per label, and whose label sets must have all labels.
    ///
    /// # Panics
    /// If Viterbi is to decode a set of more than [`MOST_VITERBI_LABELS`].
    pub fn of_sets(labels: &[String], defaults: &DecoderDefaults, decoding: Option<Decoding>) -> Vec<Self> {
        if defaults.label_sets.is_empty() {
            return vec![Self::new(labels, 0..labels.len(), defaults, decoding)];
        }
        let mut start = 0;
        let set = |count: &usize| {
            let columns = start..start + count;
            start = columns.end;
            Self::new(labels, columns, defaults, decoding)
        };
        defaults.label_sets.iter().map(set).collect()
    }

    fn new(all: &[String], columns: Range<usize>, defaults: &DecoderDefaults, decoding: Option<Decoding>) -> Self {
        let decoding = decoding.unwrap_or(defaults.decoding);
        let temperature = defaults.temperature.into();
        if decoding == Decoding::Argmax {
            let (before, first, rules) = (Vec::new(), Vec::new(), Rules::default());
            return Decoder { columns, decoding, temperature, before, first, rules, outside: None };
        }
        let (labels, set) = (&all[columns.clone()], columns.start);
        assert!(labels.len() <= MOST_VITERBI_LABELS, "more than {MOST_VITERBI_LABELS} labels");
        let outside = labels.iter().position(|label| label == "O");
        let score = |from: usize, to: usize| {
            defaults.transitions.as_ref().map_or(0.0, |scores| f64::from(scores[set + from][set + to]))
        };
        let rules = Rules::of(&defaults.constraints);
        let mut predecessors = predecessors(labels);
        if rules != Rules::default() {
            let is_other = |label: &str| label != "O" && !label.starts_with("B-") && !label.starts_with("I-");
            let others = labels.iter().zip(&mut predecessors).filter(|(label, _)| is_other(label));
            others.for_each(|(_, allowed)| *allowed = Some(Vec::new()));
        }
        let before = predecessors.iter().enumerate().map(|(to, allowed)| match allowed {
            None => (0..labels.len()).map(|from| (from, score(from, to))).collect(),
            Some(allowed) => allowed.iter().map(|&from| (from, score(from, to))).collect(),
        });
        let first = predecessors.iter().enumerate();
        let first = first.map(|(to, allowed)| allowed.is_none().then(|| outside.map_or(0.0, |from| score(from, to))));
        let (before, first) = (before.collect(), first.collect());
        Decoder { columns, decoding, temperature, before, first, rules, outside }
    }

    /// The ids of the label set's labels.
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
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
        let row = self.of_set(row);
        let best = argmax(row);
        (self.columns.start + best, self.scores(row)(best))
    }

    /// The logits of the set's labels.
    fn of_set<'r>(&self, row: &'r [f32]) -> &'r [f32] {
        &row[self.columns()]
    }

    /// Ids and softmax scores of a token's `count` likeliest labels, best first; the lower id first in a tie. Decoding does not
    /// change them; the first is [`likeliest`](Self::likeliest).
    pub fn likeliest_labels(&self, row: &[f32], count: usize) -> Vec<(usize, f32)> {
        let row = self.of_set(row);
        let score = self.scores(row);
        likeliest(row, count).into_iter().map(|(label, _)| (self.columns.start + label, score(label))).collect()
    }

    /// The softmax scores of the set's labels, of their logits, in f64 as Spark NLP computes them.
    fn scores<'r>(&self, row: &'r [f32]) -> impl Fn(usize) -> f32 + 'r {
        let (largest, temperature) = (row[argmax(row)], self.temperature);
        let power = move |value: f32| (f64::from(value - largest) / temperature).exp();
        let sum: f64 = row.iter().map(|value| power(*value)).sum();
        move |label| (power(row[label]) / sum) as f32
    }

    /// The natural logarithms of the softmax scores of the set's labels.
    pub fn log_probabilities(&self, row: &[f32]) -> Vec<f64> {
        let row = self.of_set(row);
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
                let shapes = logits.shapes.get(start..start + rows.len()).unwrap_or_default();
                for (i, label) in self.path(&rows, shapes).into_iter().enumerate() {
                    labels[start + i] = Some((self.columns.start + label, self.scores(self.of_set(rows[i]))(label)));
                }
                // The token after the rows, if there is one, was not read.
                start += (rows.len() + 1).min(end - start);
            }
        }
        labels
    }

    /// The likeliest sequence of labels, by the Viterbi algorithm. In a tie the lower id wins, from the last token backwards.
    ///
    /// A step of the algorithm has a place for each label and state of its chunk; only a complete chunk may be followed by another
    /// one or by none. A label that begins a chunk, or is `O`, has one place: all chunks that begin at a token have one state.
    fn path(&self, rows: &[&[f32]], shapes: &[Shape]) -> Vec<usize> {
        let rules = if shapes.is_empty() { Rules::default() } else { self.rules };
        let labels = self.before.len();
        // The first place of each label, and the label of each place.
        let (mut first_place, mut label_of) = (Vec::with_capacity(labels), Vec::new());
        for label in 0..labels {
            first_place.push(label_of.len());
            let places = if self.first[label].is_some() { 1 } else { rules.states() };
            label_of.resize(label_of.len() + places, label);
        }
        let complete_place =
            |label: usize| first_place[label] + if self.first[label].is_some() { 0 } else { rules.complete() };
        let mut scores = vec![f64::NEG_INFINITY; label_of.len()];
        let mut back: Vec<Vec<u16>> = Vec::with_capacity(rows.len());
        // The state of the chunks that begin at a token, and the score of each label where its chunk is complete.
        let (mut begun, mut complete) = (None, vec![f64::NEG_INFINITY; labels]);
        for (token, row) in rows.iter().enumerate() {
            let shape = shapes.get(token).copied().unwrap_or_default();
            let logs = self.log_probabilities(row);
            let before_begun = std::mem::replace(&mut begun, rules.after(rules.start(), shape));
            let mut next = vec![f64::NEG_INFINITY; scores.len()];
            let mut from = vec![0; scores.len()];
            let mut reach = |place: usize, before: usize, score: f64| {
                if score > next[place] {
                    (next[place], from[place]) = (score, before as u16);
                }
            };
            for (label, befores) in self.before.iter().enumerate() {
                let place = first_place[label];
                match self.first[label] {
                    Some(_) if begun.is_none() && self.outside != Some(label) => (),
                    Some(first) if token == 0 => reach(place, 0, first + logs[label]),
                    Some(_) => {
                        for (before, score) in befores {
                            reach(place, complete_place(*before), complete[*before] + score + logs[label]);
                        }
                    }
                    None => {
                        for (before, score) in befores {
                            let begins = self.first[*before].is_some();
                            let states = match before_begun {
                                _ if !begins => 0..rules.states(),
                                Some(state) => state..state + 1,
                                None => 0..0,
                            };
                            for state in states {
                                let before = first_place[*before] + if begins { 0 } else { state };
                                if let Some(state) = rules.after(state, shape) {
                                    reach(place + state, before, scores[before] + score + logs[label]);
                                }
                            }
                        }
                    }
                }
            }
            scores = next;
            back.push(from);
            for (label, score) in complete.iter_mut().enumerate() {
                let is_complete =
                    self.first[label].is_none() || self.outside == Some(label) || begun == Some(rules.complete());
                *score = if is_complete { scores[complete_place(label)] } else { f64::NEG_INFINITY };
            }
        }
        let mut place = if rows.is_empty() { 0 } else { complete_place(argmax(&complete)) };
        let mut path = Vec::with_capacity(rows.len());
        for from in back.iter().rev() {
            path.push(label_of[place]);
            place = from[place].into();
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
