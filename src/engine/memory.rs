//! Windows that have run, with their logits, so that a text that is edited has only its changed windows run again.

use std::collections::HashMap;
use std::mem::{size_of, take};
use std::sync::{Arc, Mutex, PoisonError};

use super::Logits;
use crate::Error;

/// Bytes that each of the two generations may take. The windows of a text of 200,000 characters take 20 MB with 43 labels.
const GENERATION: usize = 24 << 20;

/// The logits of windows by all that the graph is given of them: what it gives for the same again is the same, bit for bit.
///
/// There are two generations: when the young one is full, it becomes the old one, and that is forgotten. A window that is
/// taken from the old one is young again.
#[derive(Debug, Default)]
pub(crate) struct WindowMemory {
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Input, Arc<Logits>>,
    /// Bytes that the young ones take.
    bytes: usize,
    old: HashMap<Input, Arc<Logits>>,
}

/// The ids of a window's word pieces, and their token types.
type Input = (Box<[u32]>, Box<[u32]>);

impl WindowMemory {
    /// The logits of a window, and whether it had to be run for them.
    ///
    /// # Errors
    /// Those of `run`, after which nothing is kept of the window.
    pub(crate) fn get_or(
        &self,
        ids: &[u32],
        token_types: &[u32],
        run: impl FnOnce() -> Result<Logits, Error>,
    ) -> Result<(Arc<Logits>, bool), Error> {
        let input: Input = (ids.into(), token_types.into());
        // Nothing is half done when a panic ends a thread that holds the lock.
        let lock = || self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().find(&input);
        if let Some(known) = known {
            return Ok((known, false));
        }
        let logits = Arc::new(run()?);
        lock().keep(input, Arc::clone(&logits), GENERATION);
        Ok((logits, true))
    }
}

impl Generations {
    fn find(&mut self, input: &Input) -> Option<Arc<Logits>> {
        if let Some(logits) = self.young.get(input) {
            return Some(Arc::clone(logits));
        }
        let (input, logits) = self.old.remove_entry(input)?;
        self.keep(input, Arc::clone(&logits), GENERATION);
        Some(logits)
    }

    fn keep(&mut self, input: Input, logits: Arc<Logits>, most: usize) {
        let bytes = size_of::<f32>() * (input.0.len() + input.1.len() + logits.values.len());
        if self.bytes + bytes > most {
            self.old = take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.young.insert(input, logits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(value: f32) -> Logits {
        Logits { values: vec![value; 3], labels: 3 }
    }

    fn never() -> Result<Logits, Error> {
        panic!("the window is known")
    }

    #[test]
    fn a_window_runs_once_and_one_that_differs_anywhere_runs() {
        let memory = WindowMemory::default();
        let inputs: [(&[u32], &[u32]); 4] =
            [(&[1, 2, 3], &[0, 0, 0]), (&[1, 2, 4], &[0, 0, 0]), (&[1, 2, 3], &[0, 1, 0]), (&[1, 2, 3], &[])];
        for (i, (ids, types)) in inputs.iter().enumerate() {
            let (_, ran) = memory.get_or(ids, types, || Ok(logits(i as f32))).expect("logits");
            assert!(ran);
        }
        for (i, (ids, types)) in inputs.iter().enumerate() {
            let (found, ran) = memory.get_or(ids, types, never).expect("logits");
            assert_eq!((found.row(0)[0], ran), (i as f32, false));
        }
    }

    #[test]
    fn nothing_is_kept_of_a_window_that_fails() {
        let memory = WindowMemory::default();
        let failed = || Err(Error::InferenceFailed { reason: "of a test".into() });
        assert!(memory.get_or(&[1], &[0], failed).is_err());
        assert!(memory.get_or(&[1], &[0], || Ok(logits(1.0))).expect("logits").1);
    }

    #[test]
    fn what_has_not_been_used_for_long_is_forgotten() {
        let mut generations = Generations::default();
        let input = |i: u32| -> Input { (Box::new([i]), Box::new([0])) };
        // Each takes 20 bytes: five a generation.
        for i in 0..8 {
            generations.keep(input(i), Arc::new(logits(i as f32)), 100);
        }
        assert!(generations.find(&input(0)).is_some(), "the old generation is still known");
        for i in 8..13 {
            generations.keep(input(i), Arc::new(logits(i as f32)), 100);
        }
        assert!(generations.find(&input(0)).is_some(), "what was used is young again");
        assert!(generations.find(&input(1)).is_none());
        assert!(generations.young.len() + generations.old.len() <= 10);
    }
}
