//! `glossa convert`: from one format to another, without a model.

use std::path::PathBuf;

use crate::formats::Format;
use clap::Args;

use crate::command_line::output::OutputFlags;
use crate::command_line::progress::Progress;
use crate::command_line::report::{report, warn, Outcome};
use crate::command_line::sources::{InputFlags, Sources};
use crate::command_line::Failure;

#[derive(Args)]
pub(crate) struct Convert {
    /// Files, folders and patterns to convert. Reads standard input if there are none, and for `-`.
    files: Vec<PathBuf>,
    #[command(flatten)]
    input: InputFlags,
    #[command(flatten)]
    output: OutputFlags,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Converts all documents, and returns how many of them failed, wholly or in part.
pub(crate) fn run(arguments: &Convert) -> Result<usize, Failure> {
    let sources = Sources::find(&arguments.files)?;
    let records = sources.records(&arguments.input)?;
    let (mut output, _) = arguments.output.open(arguments.output.format(Format::Jsonl), false)?;
    let mut progress = Progress::begin(&sources, arguments.quiet);
    let mut outcome = Outcome::default();
    for record in records {
        outcome.failed += usize::from(record.document.is_err() || !record.problems.is_empty());
        record.problems.iter().for_each(|problem| progress.say(&report(record.name(), problem)));
        outcome.warnings.merge(&record.warnings);
        match &record.document {
            Ok(document) => output.document(document)?,
            Err(error) => {
                progress.say(&report(record.name(), error));
                output.failure(record.name(), None, error)?;
            }
        }
        progress.done(&sources);
    }
    drop(progress);
    outcome.warnings.merge(&output.finish()?);
    warn(&outcome.warnings);
    Ok(outcome.failed)
}
