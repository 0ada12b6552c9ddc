//! Limits of time and memory for loading a model, which may be anyone's: see [`LoadBudget`].

use std::time::{Duration, Instant};

use crate::Error;

/// How long loading a model may take, and how much memory. `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoadLimits {
    /// From the beginning of loading to its end.
    pub time: Option<Duration>,
    /// Bytes of memory by which the process may grow meanwhile, whatever else it does. No limit where the system does not say
    /// how much memory a process has.
    pub memory: Option<u64>,
}

/// What is left of [`LoadLimits`] since a load began.
///
/// [`Annotator::load_within`](crate::Annotator::load_within) looks at it between the steps of loading: pieces of a file, plans
/// of the graph, windows that try it. A single step is not interrupted. A program that must go on by itself loads in a thread
/// of its own, calls [`check`](Self::check) in another every few milliseconds, and gives the load up when that fails: that is
/// what the command line does.
#[derive(Debug, Clone, Copy)]
pub struct LoadBudget {
    limits: LoadLimits,
    began: Instant,
    memory_before: u64,
}

impl LoadBudget {
    /// A load that begins now.
    pub fn begin(limits: LoadLimits) -> Self {
        LoadBudget { limits, began: Instant::now(), memory_before: memory_used() }
    }

    /// Whether something is left.
    ///
    /// # Errors
    /// `load_limit`, with the limit that is passed.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(time) = self.limits.time.filter(|&time| self.began.elapsed() > time) {
            return Err(Error::LoadLimit { reason: format!("it takes more than {} s", time.as_secs_f64()) });
        }
        let grown = || memory_used().saturating_sub(self.memory_before);
        match self.limits.memory {
            Some(memory) if grown() > memory => {
                Err(Error::LoadLimit { reason: format!("it takes more than {} MB of memory", memory >> 20) })
            }
            _ => Ok(()),
        }
    }
}

/// Bytes of physical memory that the process has; 0 if the system does not say.
fn memory_used() -> u64 {
    memory_stats::memory_stats().map_or(0, |used| used.physical_mem as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_is_told() {
        let check = |time, memory| LoadBudget::begin(LoadLimits { time, memory }).check();
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(Some(Duration::from_secs(3600)), Some(1 << 40)), Ok(()));
        let error = check(Some(Duration::ZERO), None).expect_err("no time");
        assert_eq!(error.code(), "load_limit");
        assert_eq!(error.to_string(), "loading the model is given up: it takes more than 0 s");
    }

    #[test]
    fn memory_that_is_taken_since_counts() {
        let budget = LoadBudget::begin(LoadLimits { time: None, memory: Some(64 << 20) });
        assert_eq!(budget.check(), Ok(()));
        let taken = vec![1u8; 256 << 20];
        let checked = budget.check();
        assert_eq!(taken.iter().step_by(4096).map(|&byte| u64::from(byte)).sum::<u64>(), 1 << 16);
        let error = checked.expect_err("no memory");
        assert_eq!(error.to_string(), "loading the model is given up: it takes more than 64 MB of memory");
    }
}
