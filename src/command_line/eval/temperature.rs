//! Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).

use serde::Serialize;

use super::{gold_labels, Calibration, Record, Tally};
use crate::labels::{Decoder, TokenLogits};
use crate::text::{Document, Token};
use crate::{Annotator, Chunk, Error, LabelledTokens, Mode};

/// Range of temperatures to search.
const RANGE: (f64, f64) = (0.05, 20.0);

/// Logits and gold labels that a temperature is fitted to.
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
    /// Of each label set: the place in the set of each token's gold label, if it has that label.
    gold: Vec<Vec<Option<usize>>>,
}

/// The fitted temperature, and the calibration with and without it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemperatureFit {
    /// The temperature from 0.05 to 20 with the lowest mean negative log-likelihood of the gold labels.
    pub temperature: f64,
    /// At temperature 1.
    pub before: Calibrated,
    /// At the fitted temperature.
    pub after: Calibrated,
}

/// Calibration at one temperature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    /// Mean negative log-likelihood of the gold token labels, in nats.
    pub nll: f64,
    /// Expected calibration errors.
    pub calibration: Calibration,
}

impl TemperatureSamples {
    /// Annotates a record like [`Tally::add`], and keeps its logits and gold labels.
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
        let chunks = tally.count(annotator, &labelling, record);
        let gold = gold_labels(annotator, &labelling, &record.entities).into_iter().zip(annotator.label_sets());
        let places = |(labels, set): (Vec<String>, &[String])| {
            labels.iter().map(|label| set.iter().position(|known| known == label)).collect()
        };
        let gold = gold.map(places).collect();
        let LabelledTokens { document, tokens, .. } = labelling;
        self.documents.push(Sample { record: record.clone(), document, tokens, logits, gold });
        Ok(chunks)
    }

    /// Adds the samples of another set.
    pub fn merge(&mut self, other: TemperatureSamples) {
        self.documents.extend(other.documents);
    }

    /// Fits the temperature; `None` if there is no token that the model read and whose gold label it has.
    pub fn fit(&self, annotator: &Annotator) -> Option<TemperatureFit> {
        let at = |temperature| annotator.decoders().iter().map(|decoder| decoder.at(temperature)).collect::<Vec<_>>();
        self.mean_nll(&at(1.0))?;
        let nll = |logarithm: f64| self.mean_nll(&at(logarithm.exp())).unwrap_or(f64::INFINITY);
        let temperature = lowest(nll, RANGE.0.ln(), RANGE.1.ln()).exp();
        Some(TemperatureFit {
            temperature,
            before: self.calibrated(annotator, &at(1.0)),
            after: self.calibrated(annotator, &at(temperature)),
        })
    }

    /// Mean negative log-likelihood of the gold labels; `None` without samples.
    fn mean_nll(&self, decoders: &[Decoder]) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0);
        for Sample { logits, gold, .. } in &self.documents {
            for (decoder, gold) in decoders.iter().zip(gold) {
                for (token, gold) in gold.iter().enumerate() {
                    if let (Some(row), Some(label)) = (logits.row(token), gold) {
                        sum -= decoder.log_probabilities(row)[*label];
                        count += 1;
                    }
                }
            }
        }
        (count > 0).then(|| sum / count as f64)
    }

    fn calibrated(&self, annotator: &Annotator, decoders: &[Decoder]) -> Calibrated {
        let mut tally = Tally::default();
        for Sample { record, document, tokens, logits, .. } in &self.documents {
            let of_set = |decoder: &Decoder| annotator.token_labels(&decoder.decode(logits));
            let label_sets = decoders.iter().map(of_set).collect();
            let labelling = LabelledTokens { document: document.clone(), tokens: tokens.clone(), label_sets };
            tally.count(annotator, &labelling, record);
        }
        Calibrated { nll: self.mean_nll(decoders).unwrap_or_default(), calibration: tally.report().calibration }
    }
}

/// The minimum of a unimodal function, by golden-section search.
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
    use crate::labels::DecoderDefaults;

    #[test]
    fn the_lowest_point_is_found() {
        for at in [-2.9, 0.0, 1.234, 2.99] {
            assert!((lowest(|x| (x - at).powi(2), -3.0, 3.0) - at).abs() < 1e-3);
        }
    }

    #[test]
    fn likelihood_is_least_where_the_shares_of_right_labels_are_the_scores() {
        // Logits 4 and 0 give the first label 0.982, but it is right three times in four, which is its score at
        // temperature 4 / ln 3.
        let mut logits = TokenLogits::new(4, 2);
        (0..4).for_each(|token| logits.set(token, &[4.0, 0.0]));
        let gold = vec![[0, 0, 0, 1].map(Some).to_vec()];
        let record = Record { id: String::new(), text: String::new(), entities: vec![] };
        let sample = Sample { record, document: Document::default(), tokens: vec![], logits, gold };
        let samples = TemperatureSamples { documents: vec![sample] };
        let decoders = Decoder::of_sets(&["O".into(), "B-X".into()], &DecoderDefaults::default(), None);
        let at = |temperature| [decoders[0].at(temperature)];
        let nll = |logarithm: f64| samples.mean_nll(&at(logarithm.exp())).expect("tokens");
        let found = lowest(nll, RANGE.0.ln(), RANGE.1.ln()).exp();
        assert!((found - 4.0 / 3f64.ln()).abs() < 1e-2, "{found}");
        assert_eq!(TemperatureSamples::default().mean_nll(&decoders), None);
    }
}
