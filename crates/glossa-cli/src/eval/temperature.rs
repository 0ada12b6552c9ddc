//! Temperature scaling: the temperature at which a model is best calibrated.

use serde::Serialize;

use super::{marked_labels, Calibration, Record, Tally};
use glossa_ner::labels::{Decoder, TokenLogits};
use glossa_ner::text::{Document, Token};
use glossa_ner::{Annotator, Chunk, Error, LabelledTokens, Mode};

/// Temperatures searched.
const RANGE: (f64, f64) = (0.05, 20.0);

/// A model's logits on annotated records, to fit a temperature to.
#[derive(Debug, Default)]
pub struct TemperatureSamples {
    documents: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    record: Record,
    document: Document,
    tokens: Vec<Token>,
    logits: TokenLogits,
    /// The marked label's id, where the model has it.
    marked: Vec<Option<usize>>,
}

/// The temperature found, and calibration with and without it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemperatureFit {
    /// Least mean negative log-likelihood of the marked labels: 0.05 to 20.
    pub temperature: f64,
    /// At temperature 1.
    pub before: Calibrated,
    /// At the temperature found.
    pub after: Calibrated,
}

/// How well scores agree with the marked labels at one temperature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    /// Mean negative log-likelihood of the tokens' marked labels, in nats.
    pub nll: f64,
    /// Expected calibration errors.
    pub calibration: Calibration,
}

impl TemperatureSamples {
    /// Annotates a record as [`Tally::add`] does, and keeps what the temperature is found by.
    ///
    /// # Errors
    /// Those of [`Tally::add`]; `option_invalid` in the Hugging Face pipeline.
    pub fn add(
        &mut self,
        tally: &mut Tally,
        annotator: &Annotator,
        record: &Record,
        mode: Mode,
    ) -> Result<Vec<Chunk>, Error> {
        let (labelling, logits) = annotator.label_with_logits(&record.text, mode)?;
        let chunks = tally.count(&labelling, record);
        let id = |label: &String| annotator.labels().iter().position(|known| known == label);
        let marked = marked_labels(&labelling, &record.entities).iter().map(id).collect();
        let LabelledTokens { document, tokens, .. } = labelling;
        self.documents.push(Sample { record: record.clone(), document, tokens, logits, marked });
        Ok(chunks)
    }

    /// Adds what was kept elsewhere.
    pub fn merge(&mut self, other: TemperatureSamples) {
        self.documents.extend(other.documents);
    }

    /// Finds the temperature; `None` if the model read no token whose marked label it has.
    pub fn fit(&self, annotator: &Annotator) -> Option<TemperatureFit> {
        let decoder = annotator.decoder()?;
        self.likelihood(&decoder.at(1.0))?;
        let nll = |logarithm: f64| self.likelihood(&decoder.at(logarithm.exp())).unwrap_or(f64::INFINITY);
        let temperature = lowest(nll, RANGE.0.ln(), RANGE.1.ln()).exp();
        Some(TemperatureFit {
            temperature,
            before: self.calibrated(annotator, &decoder.at(1.0)),
            after: self.calibrated(annotator, &decoder.at(temperature)),
        })
    }

    /// Mean negative log-likelihood; `None` if there is nothing to take it of.
    fn likelihood(&self, decoder: &Decoder) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for Sample { logits, marked, .. } in &self.documents {
            for (token, marked) in marked.iter().enumerate() {
                if let (Some(row), Some(label)) = (logits.row(token), marked) {
                    sum -= decoder.log_probabilities(row)[*label];
                    count += 1;
                }
            }
        }
        (count > 0).then(|| sum / count as f64)
    }

    fn calibrated(&self, annotator: &Annotator, decoder: &Decoder) -> Calibrated {
        let mut tally = Tally::default();
        for Sample { record, document, tokens, logits, .. } in &self.documents {
            let labels = annotator.token_labels(&decoder.decode(logits));
            tally.count(&LabelledTokens { document: document.clone(), tokens: tokens.clone(), labels }, record);
        }
        Calibrated { nll: self.likelihood(decoder).unwrap_or_default(), calibration: tally.report().calibration }
    }
}

/// Where a function that falls and then rises is lowest (golden-section search).
fn lowest(function: impl Fn(f64) -> f64, mut from: f64, mut to: f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (to - ratio * (to - from), from + ratio * (to - from));
    let (mut at_left, mut at_right) = (function(left), function(right));
    while to - from > 1e-4 {
        if at_left < at_right {
            (to, right, at_right) = (right, left, at_left);
            left = to - ratio * (to - from);
            at_left = function(left);
        } else {
            (from, left, at_left) = (left, right, at_right);
            right = from + ratio * (to - from);
            at_right = function(right);
        }
    }
    (from + to) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use glossa_ner::labels::DecoderDefaults;

    #[test]
    fn the_lowest_point_is_found() {
        for at in [-2.9, 0.0, 1.234, 2.99] {
            assert!((lowest(|x| (x - at).powi(2), -3.0, 3.0) - at).abs() < 1e-3);
        }
    }

    #[test]
    fn likelihood_is_least_where_the_shares_of_right_labels_are_the_scores() {
        // Logits 4 and 0 say 0.982 of the first label, but it is right in three of four: at temperature 4 / ln 3.
        let mut logits = TokenLogits::new(4, 2);
        (0..4).for_each(|token| logits.set(token, &[4.0, 0.0]));
        let marked = [0, 0, 0, 1].map(Some).to_vec();
        let record = Record { id: String::new(), text: String::new(), entities: vec![] };
        let labelled = Sample { record, document: Document::default(), tokens: vec![], logits, marked };
        let fitting = TemperatureSamples { documents: vec![labelled] };
        let decoder = Decoder::new(&["O".into(), "B-X".into()], &DecoderDefaults::default(), None);
        let nll = |logarithm: f64| fitting.likelihood(&decoder.at(logarithm.exp())).expect("tokens");
        let found = lowest(nll, RANGE.0.ln(), RANGE.1.ln()).exp();
        assert!((found - 4.0 / 3f64.ln()).abs() < 1e-2, "{found}");
        assert_eq!(TemperatureSamples::default().likelihood(&decoder), None);
    }
}
