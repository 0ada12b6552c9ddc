//! Glossa's command line: `glossa annotate`, `glossa eval` and `glossa compare`. As a library, [`run`] is its `main`,
//! [`input`] reads the files to annotate, and [`eval`] and [`compare`] evaluate models and compare outputs.
#![warn(missing_docs, unreachable_pub)]

pub mod compare;
pub mod eval;
pub mod input;

mod annotate;
mod kind;
mod load;
mod option_flags;
mod options_command;
mod parallel;
mod record;
mod setup;

use std::io;
use std::panic;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use glossa_ner::engine::is_guarded;
use glossa_ner::Error;

/// Finds biomedical entities in text.
#[derive(Parser)]
#[command(name = "glossa", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Annotates texts. Each file is a document, or each line of a file of JSON lines `{"id", "text"}`, whose name ends in
    /// .jsonl or .ndjson. Offsets in the output count UTF-16 code units of the text as given, end exclusive. A document that
    /// fails has its error in its place, the others go on, and the exit code is 3; it is 1 if nothing could be done.
    Annotate(Box<annotate::Annotate>),
    /// Measures a model on JSON lines `{"id", "text", "entities": [[begin, end, entity], …]}` with offsets in code points, or
    /// on the JSON lines of `glossa annotate`, `{"id", "text", "chunks": [{"begin", "end", "entity"}, …]}`, with offsets in
    /// UTF-16 code units; all ends are exclusive. The last line of the output is the report as one JSON object.
    Eval(Box<eval::command::Eval>),
    /// Reports the differences between two outputs, of glossa or Spark NLP. Offsets are compared and printed in UTF-16 code
    /// units, end exclusive. The exit code is 0 if there are none, 1 if there
    /// are some, and 2 if the outputs cannot be compared.
    Compare(compare::command::Compare),
    /// Prints all options as JSON Schema, or as the tables of docs/options.md.
    #[command(hide = true)]
    Options(options_command::Options),
}

/// The exit code if some documents failed and the others were annotated.
const SOME_FAILED: u8 = 3;

/// Parses the program's arguments and runs the command.
pub fn run() -> ExitCode {
    quiet_guarded_panics();
    match Cli::parse().command {
        Command::Annotate(arguments) => match annotate::run(&arguments) {
            Ok(0) => ExitCode::SUCCESS,
            Ok(_) => ExitCode::from(SOME_FAILED),
            Err(failure) => exit_code(Err(failure), 1),
        },
        Command::Eval(arguments) => exit_code(eval::command::run(&arguments), 1),
        // As `diff` does: 1 means different, so failures are 2.
        Command::Compare(arguments) => match compare::command::run(&arguments) {
            Ok(equal) => ExitCode::from(u8::from(!equal)),
            Err(failure) => exit_code(Err(failure), 2),
        },
        Command::Options(arguments) => exit_code(options_command::run(&arguments), 1),
    }
}

/// Prints nothing of panics that become errors: those are reported as such.
fn quiet_guarded_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_guarded() {
            print(panic);
        }
    }));
}

/// Why a command failed: an error of the library, or of writing the output.
enum Failure {
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

/// Prints the error, if there is one, and returns the exit code; `failed` is the one for errors.
fn exit_code(done: Result<(), Failure>, failed: u8) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader may close the pipe early, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            eprintln!("glossa: output_failed: {error}");
            ExitCode::from(failed)
        }
        Err(Failure::Coded(error)) => {
            eprintln!("glossa: {}: {error}", error.code());
            ExitCode::from(failed)
        }
    }
}
