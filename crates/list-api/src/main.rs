//! `list-api RUSTDOC.json LIST`: whether the public interface of a crate, as rustdoc's JSON has it, is what `LIST` says, and
//! has no types of other crates but the standard library's and serde's traits. `UPDATE=1` writes the list.
//!
//! Exit codes: 0 if so, 1 if not, 3 if the JSON is of a version that this cannot read.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use public_api::{Builder, PublicApi};

/// The crates whose names may stand in the interface, and types of the language. serde's traits are what makes types readable
/// and writable.
const ALLOWED: [&str; 6] = ["alloc", "core", "serde", "serde_core", "std", "u64"];

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [json, list] = arguments.as_slice() else {
        eprintln!("usage: list-api RUSTDOC.json LIST");
        return ExitCode::from(2);
    };
    let api = match Builder::from_rustdoc_json(json)
        .sorted(true)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
    {
        Ok(api) => api,
        Err(error) => {
            eprintln!("list-api: {}: {error}", json.display());
            return ExitCode::from(3);
        }
    };
    let krate = json.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let foreign = foreign_items(&api, krate);
    for item in &foreign {
        eprintln!("list-api: a type of another crate: {item}");
    }
    let same = is_as_listed(&api, list);
    if foreign.is_empty() && same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The items in which a crate is named that may not be.
fn foreign_items(api: &PublicApi, krate: &str) -> Vec<String> {
    let allowed: HashSet<&str> = ALLOWED.into_iter().chain([krate]).collect();
    let is_foreign = |item: &String| roots(item).any(|root| !allowed.contains(root));
    api.items().map(ToString::to_string).filter(is_foreign).collect()
}

/// The first name of each path in an item: of `pub fn a::b(c::D)`, `a` and `c`.
fn roots(item: &str) -> impl Iterator<Item = &str> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let paths = item.split(move |c| !is_path(c));
    // `T::Item` and `Self::Error` begin with a type.
    paths
        .filter_map(|path| path.split_once("::"))
        .map(|(root, _)| root)
        .filter(|root| root.starts_with(char::is_lowercase))
}

/// Whether the interface is the one of the list; says what is not, or writes the list.
fn is_as_listed(api: &PublicApi, list: &Path) -> bool {
    let found: BTreeSet<String> = api.items().map(ToString::to_string).collect();
    if env::var_os("UPDATE").is_some() {
        let text: String = found.iter().flat_map(|item| [item, "\n"]).collect();
        return fs::write(list, text).map_err(|error| eprintln!("list-api: {}: {error}", list.display())).is_ok();
    }
    let text = fs::read_to_string(list).unwrap_or_default();
    let listed: BTreeSet<String> = text.lines().map(ToString::to_string).collect();
    for item in listed.difference(&found) {
        eprintln!("- {item}");
    }
    for item in found.difference(&listed) {
        eprintln!("+ {item}");
    }
    listed == found
}
