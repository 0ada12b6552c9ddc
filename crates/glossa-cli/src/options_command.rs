//! `glossa options`: the list of options for the page, the JS types and the documentation.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::Args;

use crate::option_flags::{all_options, Kind, OptionFlag};
use crate::Failure;

#[derive(Args)]
pub(crate) struct Options {
    /// Print the table of docs/options.md instead of the JSON Schema.
    #[arg(long)]
    markdown: bool,
}

pub(crate) fn run(arguments: &Options) -> Result<(), Failure> {
    let printed = if arguments.markdown { markdown() } else { json() };
    io::stdout().lock().write_all(printed.as_bytes())?;
    Ok(())
}

/// The JSON Schema of all options.
fn json() -> String {
    format!("{:#}\n", glossa_ner::schema())
}

/// The documentation of all options.
fn markdown() -> String {
    let mut page = String::from(
        "# Options\n\nThe same names hold in Rust (there in snake case), in JavaScript and in pipeline files. This page is \
         made by `glossa options --markdown`.\n",
    );
    for (group, title, note) in [
        ("load", "Loading a model", "`Annotator.create({ model, options })`, `Annotator::load(source, &options)`."),
        (
            "tokenizer",
            "Tokenizer",
            "Fields of the load option `tokenizer`, by Spark NLP's names. Patterns are Java's regular expressions.",
        ),
        ("annotate", "Annotating a text", "`annotator.annotate(text, options)`."),
    ] {
        let _ = write!(
            page,
            "\n## {title}\n\n{note}\n\n| option | flag | values | default | meaning |\n|---|---|---|---|---|\n"
        );
        for flag in all_options().iter().filter(|flag| flag.group == group) {
            let default = flag.default.as_ref().map_or(String::new(), |default| format!("`{default}`"));
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                page,
                "| `{}` | `--{}` | {} | {} | {} |",
                flag.option,
                flag.flag,
                cell(&values(flag)),
                cell(&default),
                cell(&flag.description)
            );
        }
    }
    page
}

fn values(flag: &OptionFlag) -> String {
    let limits = |from: Option<String>, to: Option<String>| match (from, to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(from), None) => format!("{from} or more"),
        _ => "a number".into(),
    };
    match &flag.kind {
        Kind::Switch | Kind::Bool => "true, false".into(),
        Kind::Whole(from, to) => limits(from.map(|n| n.to_string()), to.map(|n| n.to_string())),
        Kind::Number(from, to) => limits(from.map(|n| n.to_string()), to.map(|n| n.to_string())),
        Kind::Choice(names) => {
            let names: Vec<String> = names.iter().map(|(name, help)| format!("`{name}`: {help}")).collect();
            names.join("<br>")
        }
        Kind::Text => "a pattern".into(),
        Kind::List => "a list of texts".into(),
        Kind::Characters => "a list of characters".into(),
        Kind::Map => "an object of texts".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Files made from the list are those in the repository. `UPDATE=1` writes them.
    #[test]
    fn the_page_and_the_documentation_have_the_current_list() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (file, expected) in
            [("www/glossa/options.schema.json", super::json()), ("docs/options.md", super::markdown())]
        {
            let path = root.join(file);
            if std::env::var_os("UPDATE").is_some() {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                std::fs::write(&path, &expected).expect("a file");
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == expected, "{file} is stale: run UPDATE=1 cargo test -p glossa-cli options");
        }
    }
}
