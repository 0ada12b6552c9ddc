//! From scores to entities: labels are decoded, then joined into chunks.

mod aggregate;
mod chunk;
mod confidence;
mod constraints;
mod decode;
mod iob;
mod label_scores;

pub use aggregate::AggregationStrategy;
pub(crate) use aggregate::{aggregate, best, joined_units, scores_of, words, Group, ScoredPiece};
pub use chunk::{align, convert, LabelCasing};
pub(crate) use chunk::{convert_with, LikeliestOf};
#[cfg(all(feature = "cli", not(target_arch = "wasm32")))]
pub(crate) use confidence::log_odds;
pub use confidence::{Confidence, Confidences};
pub use constraints::Constraint;
pub use decode::{Decoder, DecoderDefaults, Decoding, TokenLogits, MOST_VITERBI_LABELS};
pub(crate) use iob::{entity_after_hyphen, entity_after_prefix};
pub use label_scores::MOST_LABEL_SCORES;
pub(crate) use label_scores::{likeliest, named, LikeliestLabels};

/// Index of the highest value; the first one in a tie. `values` must not be empty.
pub(crate) fn argmax<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}
