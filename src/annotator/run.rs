//! The windows of a job: run one after another, or elsewhere, by another annotator of the same model.

use std::ops::Range;

use super::{Annotator, Job};
use crate::engine::Logits;
use crate::model::Reading;
use crate::text::Window;
use crate::Error;

impl Annotator {
    /// Runs the next window; `false` when none is left.
    ///
    /// # Errors
    /// `inference_failed`.
    pub fn advance(&self, job: &mut Job) -> Result<bool, Error> {
        let (next, windows) = job.progress();
        if next == windows {
            return Ok(false);
        }
        let rows = self.run(job, next)?;
        self.accept(job, &rows)?;
        Ok(true)
    }

    /// What the model gives for a window, as [`accept`](Self::accept) takes it: a value per label for each token that
    /// the window decides. The job stays as it is.
    ///
    /// # Errors
    /// `inference_failed`.
    pub fn run(&self, job: &Job, window: usize) -> Result<Vec<f32>, Error> {
        let vocabulary = match (&self.reading, &job.own) {
            (Reading::Spark(vocabulary), _) => vocabulary,
            (Reading::HuggingFace { tokenizer, .. }, Some(own)) => return own.run(tokenizer, &self.classifier, window),
            (Reading::HuggingFace { .. }, None) => return Ok(Vec::new()),
        };
        let Some(window) = job.windows.get(window) else { return Ok(Vec::new()) };
        let mut ids = vec![vocabulary.classification()];
        ids.extend_from_slice(&job.pieces[window.pieces.clone()]);
        ids.push(vocabulary.separator());
        let mut segments = vec![0];
        segments.extend_from_slice(&job.segments[window.pieces.clone()]);
        let logits = self.classifier.logits_with(&ids, &segments)?;
        let read = self.read(job, window).map(|token| first_row(&job.placed[token], window, &logits));
        Ok(read.collect::<Vec<_>>().concat())
    }

    /// Takes what [`run`](Self::run) gave for the next window of the same text, with the same options.
    ///
    /// # Errors
    /// `inference_failed` when it is not of that length.
    pub fn accept(&self, job: &mut Job, rows: &[f32]) -> Result<(), Error> {
        if let Some(own) = &mut job.own {
            return own.accept(rows);
        }
        let Some(window) = job.windows.get(job.done) else { return Ok(()) };
        let tokens: Vec<usize> = self.read(job, window).collect();
        check(rows.len(), tokens.len() * self.labels.len())?;
        for (token, row) in tokens.into_iter().zip(rows.chunks_exact(self.labels.len())) {
            match &mut job.logits {
                Some(kept) => kept.set(token, row),
                None => job.found[token] = Some(self.decoder.likeliest(row)),
            }
        }
        job.done += 1;
        Ok(())
    }

    /// The tokens that a window labels: those that it decides and that have pieces.
    fn read<'j>(&self, job: &'j Job, window: &Window) -> impl Iterator<Item = usize> + 'j {
        let mut decided = window.decides.clone();
        let next = job.placed.get(decided.end).filter(|token| token.start == window.pieces.end);
        if self.label_from_separator && next.is_some() {
            decided.end += 1;
        }
        decided.filter(|&token| !job.placed[token].is_empty())
    }
}

/// Refuses values of another number than a window has.
pub(crate) fn check(found: usize, expected: usize) -> Result<(), Error> {
    let reason = || format!("{found} values came back for a window of {expected}");
    (found == expected).then_some(()).ok_or_else(|| Error::InferenceFailed { reason: reason() })
}

/// What the model gave a token's first piece.
fn first_row<'l>(token: &Range<usize>, window: &Window, logits: &'l Logits) -> &'l [f32] {
    logits.row(1 + token.start - window.pieces.start)
}
