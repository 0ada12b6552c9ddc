//! Loads a model in a thread of its own, which is given up when it passes a limit of time or memory.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::model::Folder;
use crate::{Annotator, Error, LoadBudget, LoadLimits, Options};
use clap::Args;

/// How often the limits are looked at.
const CHECKED_EVERY: Duration = Duration::from_millis(20);
/// Memory that loading may take beside [`MEMORY_OF_A_BYTE`], in MiB.
const LEAST_MEMORY: u64 = 1024;
/// How many times the length of its files a model may take while it is loaded. Weights in 16 or 4 bits that run in f32 take
/// two or eight times their length.
const MEMORY_OF_A_BYTE: u64 = 8;
/// Bytes of the thread's stack: as many as a main thread has.
const STACK: usize = 8 << 20;
/// How deep a model's folder is looked into for the length of its files.
pub(crate) const DEEPEST: usize = 4;

#[derive(Args)]
pub(crate) struct LimitFlags {
    /// Seconds after which loading the model is given up (load_limit); 0 for no limit.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0, help_heading = "Loading the model")]
    load_timeout: f64,
    /// MiB of memory beyond which loading the model is given up (load_limit), 0 for no limit; by default 1,024 and eight times
    /// the length of the model's files.
    #[arg(long, value_name = "MIB", help_heading = "Loading the model")]
    load_memory: Option<u64>,
}

impl LimitFlags {
    fn limits(&self, model: &Path) -> Result<LoadLimits, Error> {
        let time = Duration::try_from_secs_f64(self.load_timeout)
            .map_err(|error| Error::OptionInvalid { option: "load-timeout".into(), reason: error.to_string() })?;
        let memory =
            self.load_memory.unwrap_or_else(|| LEAST_MEMORY + MEMORY_OF_A_BYTE * (length(model, DEEPEST) >> 20));
        Ok(LoadLimits {
            time: Some(time).filter(|time| !time.is_zero()),
            memory: Some(memory.saturating_mul(1 << 20)).filter(|&memory| memory > 0),
        })
    }
}

/// Loads the model at a path.
///
/// # Errors
/// `load_limit`, and those of [`Annotator::load`].
pub(crate) fn load(model: PathBuf, options: &Options, flags: &LimitFlags) -> Result<Annotator, Error> {
    let budget = LoadBudget::begin(flags.limits(&model)?);
    let (alive, ended) = channel::<()>();
    let options = options.clone();
    let work = move || {
        let loaded = Folder::open(&model).and_then(|folder| Annotator::load_within(&folder, &options, &budget));
        drop(alive);
        loaded
    };
    let thread = thread::Builder::new().name("load".into()).stack_size(STACK).spawn(work);
    let thread = thread.map_err(|error| Error::LoadLimit { reason: format!("there is no thread for it: {error}") })?;
    while ended.recv_timeout(CHECKED_EVERY) == Err(RecvTimeoutError::Timeout) {
        budget.check()?;
    }
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Bytes of a file, or of a folder's files; 0 for what cannot be read.
pub(crate) fn length(path: &Path, deepest: usize) -> u64 {
    let Ok(found) = path.metadata() else { return 0 };
    if !found.is_dir() {
        return found.len();
    }
    let entries = path.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| if deepest == 0 { 0 } else { length(&entry.path(), deepest - 1) }).sum()
}
