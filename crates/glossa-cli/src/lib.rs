//! The command line of Glossa: `glossa annotate`, `glossa eval` and `glossa compare`, for programs that bring their own
//! `main`; and evaluation and comparison for those that want the figures.
#![warn(missing_docs, unreachable_pub)]

pub mod compare;
pub mod eval;

mod annotate;
mod input;
mod option_flags;
mod options_command;
mod parallel;
mod setup;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
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
    /// Annotates texts: each file is a document, or with JSON lines `{"id", "text"}` each line is. Offsets in the output
    /// count UTF-16 code units, end exclusive.
    Annotate(Box<annotate::Annotate>),
    /// Measures a model on records `{"id", "text", "entities": [[begin, end, entity], …]}`, one a line, with offsets
    /// in code points. The last line of the output is the report as one JSON object.
    Eval(Box<eval::command::Eval>),
    /// Reports what differs between two outputs, ours or Spark NLP's. The exit code is 0 if nothing does, 1 if
    /// something does, and 2 if they cannot be compared.
    Compare(compare::command::Compare),
    /// Prints every option as JSON Schema, or as the table of the documentation.
    #[command(hide = true)]
    Options(options_command::Options),
}

/// Runs the command that the program's arguments name.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Annotate(arguments) => exit_code(annotate::run(&arguments), 1),
        Command::Eval(arguments) => exit_code(eval::command::run(&arguments), 1),
        // As of `diff`: 1 is taken by an answer.
        Command::Compare(arguments) => match compare::command::run(&arguments) {
            Ok(equal) => ExitCode::from(u8::from(!equal)),
            Err(failure) => exit_code(Err(failure), 2),
        },
        Command::Options(arguments) => exit_code(options_command::run(&arguments), 1),
    }
}

/// What ends the program early: an error of the library's, or a failure to write.
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

/// Prints what went wrong, if anything did.
fn exit_code(done: Result<(), Failure>, failed: u8) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output may stop early, as `head` does.
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
