//! The program `glossa`, run as a user does.

#[path = "../common/mod.rs"]
mod common;

mod program;

mod cli;
mod compare;
mod formats;
mod inputs;
mod load_limits;
mod models;
mod options;
mod pipeline_file;
mod shipped;
mod texts;
