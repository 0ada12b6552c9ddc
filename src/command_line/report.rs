//! What a command says of what it could not do.

use crate::formats::Warnings;
use crate::Error;

/// What went wrong in a run, and what its output does not hold.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Records with an error, of their own or of a part.
    pub(crate) failed: usize,
    pub(crate) warnings: Warnings,
}

/// The error of a document in words.
pub(crate) fn report(id: &str, error: &Error) -> String {
    let code = error.code();
    match error {
        // These name their file themselves.
        Error::InputInvalid { .. }
        | Error::FileMissing { .. }
        | Error::FileUnreadable { .. }
        | Error::ArchiveInvalid { .. } => {
            format!("glossa: {code}: {error}")
        }
        _ => format!("glossa: {code}: {id}: {error}"),
    }
}

/// Prints what was left out, with counts.
pub(crate) fn warn(warnings: &Warnings) {
    for (what, times) in warnings.iter() {
        eprintln!("glossa: warning: {what}: {times}");
    }
}
