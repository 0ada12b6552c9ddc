//! `glossa model`: keeps models under a name, from folders, files and addresses.

mod add;
mod download;
mod store;

use std::io::{self, Write as _};

use clap::{Args, Subcommand};

use crate::command_line::Failure;

pub(crate) use store::Store;

#[derive(Args)]
pub(crate) struct Models {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Keeps a model, so that --model takes its name: from a folder, a zip, or an address with the sha256 of what lies there. It is
    /// loaded before it is kept. This is the one command that uses the network.
    Add(Box<add::Add>),
    /// Prints the models that are kept: name, bytes and path, with tabs between.
    List,
    /// Removes a model that is kept.
    Remove {
        /// Its name.
        name: String,
    },
}

pub(crate) fn run(arguments: &Models) -> Result<(), Failure> {
    let store = Store::of_user()?;
    match &arguments.action {
        Action::Add(arguments) => arguments.run(&store),
        Action::List => {
            let mut out = io::stdout().lock();
            for model in store.models()? {
                writeln!(out, "{}\t{}\t{}", model.name, model.bytes, model.path.display())?;
            }
            Ok(())
        }
        Action::Remove { name } => Ok(store.remove(name)?),
    }
}
