//! The two annotating pipelines: Spark NLP's, and that of Hugging Face's transformers.
//!
//! Both work the same way: a text becomes windows of word pieces, the classifier runs window by window, and the scores of
//! all windows become chunks.

mod hugging_face;
mod spark;

pub(crate) use hugging_face::{HuggingFace, Text as HuggingFaceText};
pub(crate) use spark::Spark;

use crate::Error;

/// An annotating pipeline: every stage but the classifier.
#[derive(Debug)]
pub(crate) enum Pipeline {
    /// Spark NLP's tokenizer, encoder and converter.
    Spark(Box<Spark>),
    /// The model's own tokenizer, and an aggregation strategy.
    HuggingFace(Box<HuggingFace>),
}

/// A text being annotated window by window, for callers that show progress or want to cancel.
#[derive(Debug)]
pub struct Job(pub(crate) State);

/// The state of a text in either pipeline.
#[derive(Debug)]
pub(crate) enum State {
    Spark(spark::Text),
    HuggingFace(hugging_face::Text),
}

impl Job {
    /// The number of windows that have run, and of all windows.
    pub fn progress(&self) -> (usize, usize) {
        match &self.0 {
            State::Spark(text) => text.progress(),
            State::HuggingFace(text) => text.progress(),
        }
    }
}

/// The model's scores for a window: a row for each token or word piece that the window decides, with a value per label.
#[derive(Debug, Clone, PartialEq)]
pub enum WindowScores {
    /// Of Spark NLP's pipeline: the logits of each token's first word piece.
    Logits(Vec<f32>),
    /// Of the Hugging Face pipeline: the probabilities (softmax) of each word piece.
    Probabilities(Vec<f32>),
}

impl WindowScores {
    /// The values, row by row.
    pub fn into_values(self) -> Vec<f32> {
        match self {
            WindowScores::Logits(values) | WindowScores::Probabilities(values) => values,
        }
    }
}

/// Checks how many values came back for a window.
fn check_count(actual: usize, expected: usize) -> Result<(), Error> {
    let reason = || format!("{actual} values came back for a window of {expected}");
    (actual == expected).then_some(()).ok_or_else(|| Error::InferenceFailed { reason: reason() })
}
