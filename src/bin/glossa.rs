//! The program `glossa`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(glossa_ner::command_line::run_from(std::env::args_os()))
}
