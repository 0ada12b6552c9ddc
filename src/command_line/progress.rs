//! How far a run is, on a terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::command_line::sources::Sources;

/// A bar with the documents done and the time left; nothing where messages do not go to a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    documents: u64,
}

impl Progress {
    /// Begins. The bar is that of bytes read: how many documents there are is known at the end.
    pub(crate) fn begin(sources: &Sources, quiet: bool) -> Self {
        // Results on the same terminal show how far it is.
        let bar = if quiet || !io::stderr().is_terminal() || io::stdout().is_terminal() {
            ProgressBar::hidden()
        } else if let Some(length) = sources.length {
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}, {eta} left");
            ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        } else {
            let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}");
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        };
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, documents: 0 }
    }

    /// Counts a document.
    pub(crate) fn done(&mut self, sources: &Sources) {
        self.documents += 1;
        self.bar.set_position(sources.read.load(Ordering::Relaxed));
        self.bar.set_message(format!("{} documents", self.documents));
    }

    /// Prints a line without breaking the bar.
    pub(crate) fn say(&self, message: &str) {
        self.bar.suspend(|| eprintln!("{message}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
