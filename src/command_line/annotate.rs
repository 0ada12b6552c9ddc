//! `glossa annotate`: finds the entities of texts.

use std::path::PathBuf;

use crate::formats::{By, Format, Record};
use crate::Error;
use clap::Args;

use crate::command_line::option_flags::AnnotateFlags;
use crate::command_line::output::{skip_done, OutputFlags};
use crate::command_line::parallel::in_order;
use crate::command_line::progress::Progress;
use crate::command_line::report::{report, warn, Outcome};
use crate::command_line::setup::Setup;
use crate::command_line::sources::{InputFlags, Sources};
use crate::command_line::Failure;

#[derive(Args)]
pub(crate) struct Annotate {
    /// Files, folders and patterns to annotate. Reads standard input if there are none, and for `-`.
    files: Vec<PathBuf>,
    #[command(flatten)]
    input: InputFlags,
    #[command(flatten)]
    output: OutputFlags,
    /// Go on with an output that was cut off: its documents stay, and are not annotated again.
    #[arg(long)]
    resume: bool,
    /// Keep the annotations of the input beside those of the model.
    #[arg(long)]
    keep: bool,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    setup: Setup,
    #[command(flatten)]
    options: AnnotateFlags,
}

/// Annotates all documents, and returns how many of them failed, wholly or in part.
pub(crate) fn run(arguments: &Annotate) -> Result<usize, Failure> {
    let (pipeline, annotator) = arguments.setup.load()?;
    let options = arguments.options.over(&pipeline.annotate)?;
    // An option that cannot be honoured fails with any text: say so once.
    annotator.begin("", &options)?;
    let format = arguments.output.format(pipeline.format.unwrap_or(Format::Table));
    let sources = Sources::find(&arguments.files)?;
    let mut records = sources.records(&arguments.input)?;
    let (mut output, done) = arguments.output.open(format, arguments.resume)?;
    skip_done(&mut records, &done)?;
    let annotate = |record: &Record| {
        let document = record.document.as_ref().map_err(Error::clone)?;
        let reading = document.reading_text();
        let annotation = annotator.annotate(reading.text(), &options)?;
        Ok(document.clone().annotated(&reading, annotation, annotator.name()))
    };
    // All are the model's: to say so with each would only make lines longer.
    let is_plain = format == Format::Jsonl && !arguments.keep && !arguments.output.details;
    let mut progress = Progress::begin(&sources, arguments.quiet);
    let mut outcome = Outcome::default();
    in_order(records, arguments.setup.threads(), annotate, |record, annotated| {
        let name = record.name().to_string();
        let given = record.document.as_ref().map_or(&[][..], |document| &document.mentions);
        outcome.failed += usize::from(annotated.is_err() || !record.problems.is_empty());
        record.problems.iter().for_each(|problem| progress.say(&report(&name, problem)));
        outcome.warnings.merge(&record.warnings);
        match annotated {
            Ok(mut annotated) => {
                if is_plain {
                    annotated.mentions.iter_mut().for_each(|mention| mention.by = By::default());
                }
                if arguments.keep {
                    annotated.mentions.extend(given.iter().cloned());
                } else {
                    outcome
                        .warnings
                        .add("annotations of the input, which are left out (--keep keeps them)", given.len());
                }
                output.document(&annotated)?;
            }
            Err(error) => {
                progress.say(&report(&name, &error));
                output.failure(&name, record.document.as_ref().ok().map(|document| document.text.as_str()), &error)?;
            }
        }
        progress.done(&sources);
        Ok(())
    })?;
    drop(progress);
    outcome.warnings.merge(&output.finish()?);
    warn(&outcome.warnings);
    Ok(outcome.failed)
}
