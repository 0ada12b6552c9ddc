//! The command line: `glossa annotate`, `convert`, `eval`, `compare` and `model`. [`run_from`] is the program; [`eval`] and
//! [`compare`] evaluate models and compare outputs.

pub mod compare;
pub mod eval;

mod annotate;
mod convert;
mod input;
mod load;
mod models;
mod option_flags;
mod options_command;
mod output;
mod parallel;
mod progress;
mod report;
mod setup;
mod sources;

use std::ffi::OsString;
use std::io;

use crate::engine::quiet_guarded_panics;
use crate::Error;
use clap::{Parser, Subcommand};

/// Finds biomedical entities in text.
#[derive(Parser)]
#[command(name = "glossa", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Annotates texts of any format that `glossa convert` reads. Offsets in tables, CSV and JSON lines count UTF-16 code units of
    /// the text as given, end exclusive; other formats count as they prescribe. A document that fails has its error in its place
    /// where the format has one, the others go on, and the exit code is 2; it is 1 if nothing could be done.
    Annotate(Box<annotate::Annotate>),
    /// Changes the format of annotated or plain texts. What a format is, a file's name says, or its first lines, or --from; zip and
    /// gzip files are read too. Offsets in JSON lines and CSV count UTF-16 code units, end exclusive; other formats count as they
    /// prescribe. What the other format cannot hold is written as it allows, and said with counts. The exit code is 2 if a record
    /// could not be read, wholly or in part, and 1 if nothing could be done.
    Convert(Box<convert::Convert>),
    /// Measures a model on JSON lines `{"id", "text", "entities": [[begin, end, entity], …]}` with offsets in code points, or
    /// on the JSON lines of `glossa annotate`, `{"id", "text", "chunks": [{"begin", "end", "entity"}, …]}`, with offsets in
    /// UTF-16 code units; all ends are exclusive. The last line of the output is the report as one JSON object.
    Eval(Box<eval::command::Eval>),
    /// Reports the differences between two outputs, of glossa or Spark NLP. Offsets are compared and printed in UTF-16 code
    /// units, end exclusive. The exit code is 0 if there are none, 1 if there
    /// are some, and 2 if the outputs cannot be compared.
    Compare(compare::command::Compare),
    /// Keeps models under names for --model: adds, lists and removes them.
    Model(models::Models),
    /// Prints all options as JSON Schema, or as the tables of docs/options.md.
    #[command(hide = true)]
    Options(options_command::Options),
}

/// The exit code if some documents failed and the others are done.
const SOME_FAILED: u8 = 2;

/// Runs the program on its arguments, the first of which is its own name, and returns its exit code: 0 if all is done, 2 if some
/// documents failed or the arguments are wrong, 1 if nothing could be done. `glossa compare` has its own, as `diff` does. It
/// reads standard input, and writes to standard output and standard error.
pub fn run_from(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    quiet_guarded_panics();
    let command = match Cli::try_parse_from(arguments) {
        Ok(Cli { command }) => command,
        Err(usage) => {
            // A closed pipe keeps help from being read, no more.
            let _ = usage.print();
            return u8::try_from(usage.exit_code()).unwrap_or(1);
        }
    };
    match command {
        Command::Annotate(arguments) => exit_code_of_many(annotate::run(&arguments)),
        Command::Convert(arguments) => exit_code_of_many(convert::run(&arguments)),
        Command::Eval(arguments) => exit_code(eval::command::run(&arguments), 1),
        // As `diff` does: 1 means different, so failures are 2.
        Command::Compare(arguments) => match compare::command::run(&arguments) {
            Ok(equal) => u8::from(!equal),
            Err(failure) => exit_code(Err(failure), 2),
        },
        Command::Model(arguments) => exit_code(models::run(&arguments), 1),
        Command::Options(arguments) => exit_code(options_command::run(&arguments), 1),
    }
}

/// Why a command failed: an error of the library, or of writing the output.
pub(crate) enum Failure {
    Coded(Error),
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Coded(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

/// Prints the error, if there is one, and returns the exit code of a command that does many documents, of which some may have failed.
fn exit_code_of_many(failed: Result<usize, Failure>) -> u8 {
    match failed {
        Ok(0) => 0,
        Ok(_) => SOME_FAILED,
        Err(failure) => exit_code(Err(failure), 1),
    }
}

/// Prints the error, if there is one, and returns the exit code; `failed` is the one for errors.
fn exit_code(done: Result<(), Failure>, failed: u8) -> u8 {
    match done {
        Ok(()) => 0,
        // The reader may close the pipe early, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(Failure::Output(error)) => {
            eprintln!("glossa: output_failed: {error}");
            failed
        }
        Err(Failure::Coded(error)) => {
            eprintln!("glossa: {}: {error}", error.code());
            failed
        }
    }
}
