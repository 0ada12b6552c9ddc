//! The two annotating pipelines: Spark NLP's, and that of Hugging Face's transformers.
//!
//! Both work the same way: a text becomes windows of word pieces, the classifier runs window by window, and the scores of
//! all windows become chunks.

mod hugging_face;
mod spark;

pub(crate) use hugging_face::{HuggingFace, Text as HuggingFaceText};
pub(crate) use spark::Spark;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::engine::{Classifier, Logits, WindowMemory};
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
pub struct Job {
    pub(crate) state: State,
    reuses_windows: bool,
    /// Windows that the model was run on.
    ran: AtomicUsize,
}

/// The state of a text in either pipeline.
#[derive(Debug)]
pub(crate) enum State {
    Spark(spark::Text),
    HuggingFace(hugging_face::Text),
}

impl Job {
    pub(crate) fn new(state: State) -> Self {
        Job { state, reuses_windows: false, ran: AtomicUsize::new(0) }
    }

    /// The number of windows that have run, and of all windows.
    pub fn progress(&self) -> (usize, usize) {
        match &self.state {
            State::Spark(text) => text.progress(),
            State::HuggingFace(text) => text.progress(),
        }
    }

    /// Has the annotator keep the logits of this job's windows, some tens of megabytes at most, and run none of those that it
    /// has kept of an earlier one: for a text that is edited. The annotation is the same, bit for bit.
    pub fn reuse_windows(&mut self) {
        self.reuses_windows = true;
    }

    /// How many windows the model was run on: the others were kept of an earlier job.
    pub fn ran(&self) -> usize {
        self.ran.load(Ordering::Relaxed)
    }

    /// What runs this job's windows.
    pub(crate) fn runner<'j>(&'j self, classifier: &'j Classifier, memory: &'j WindowMemory) -> Runner<'j> {
        Runner { classifier, memory: self.reuses_windows.then_some(memory), ran: Some(&self.ran) }
    }
}

/// Runs the classifier on windows, or has their logits of an earlier run.
pub(crate) struct Runner<'j> {
    classifier: &'j Classifier,
    memory: Option<&'j WindowMemory>,
    ran: Option<&'j AtomicUsize>,
}

impl<'j> Runner<'j> {
    /// One that runs every window.
    pub(crate) fn new(classifier: &'j Classifier) -> Self {
        Runner { classifier, memory: None, ran: None }
    }

    /// See [`Classifier::reads_token_types`].
    fn reads_token_types(&self, largest: u32) -> bool {
        self.classifier.reads_token_types(largest)
    }

    /// See [`Classifier::logits_with`].
    fn logits_with(&self, ids: &[u32], token_types: &[u32]) -> Result<Arc<Logits>, Error> {
        let run = || self.classifier.logits_with(ids, token_types);
        let (logits, ran) = match self.memory {
            Some(memory) => memory.get_or(ids, token_types, run)?,
            None => (Arc::new(run()?), true),
        };
        if let Some(count) = self.ran.filter(|_| ran) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(logits)
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
