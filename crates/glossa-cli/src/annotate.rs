//! `glossa annotate`: finds the entities of texts.

use std::io::{self, BufWriter};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glossa_ner::export::{Format, Writer};
use glossa_ner::Error;

use crate::input::{place_name, read_documents, EncodingFlag, Input, InputDocument};
use crate::option_flags::AnnotateFlags;
use crate::parallel::in_order;
use crate::setup::Setup;
use crate::Failure;

#[derive(Args)]
pub(crate) struct Annotate {
    /// Output format; by default that of the pipeline file, or a table.
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Begin CSV with a byte order mark, by which Excel knows that it is UTF-8.
    #[arg(long)]
    csv_bom: bool,
    /// How files are read; by default JSON lines if the name ends in .jsonl or .ndjson, otherwise as plain text.
    #[arg(long, value_enum)]
    input: Option<Input>,
    #[command(flatten)]
    encoding: EncodingFlag,
    /// Files to annotate. Reads standard input if there are none, and for `-`.
    files: Vec<PathBuf>,
    #[command(flatten)]
    setup: Setup,
    #[command(flatten)]
    options: AnnotateFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    /// Aligned columns for people, with a heading per document.
    Table,
    /// JSON lines, one `{id, text, chunks, offsetUnit, precision}` per document, with `truncatedFrom` if the text was
    /// truncated; `{id, error}` for a document that failed. Offsets count UTF-16 code units.
    Jsonl,
    /// CSV with a header and a row per chunk: id, begin, end, entity, confidence, text. Offsets count UTF-16 code units. A
    /// document that failed has a row with its error as text and nothing at begin and end. Cells that a spreadsheet would
    /// take for a formula begin with an apostrophe.
    Csv,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Table => Format::Table,
            FormatName::Jsonl => Format::Jsonl,
            FormatName::Csv => Format::Csv,
        }
    }
}

/// Annotates all documents, and returns how many of them failed.
pub(crate) fn run(arguments: &Annotate) -> Result<usize, Failure> {
    let (pipeline, annotator) = arguments.setup.load()?;
    let options = arguments.options.over(&pipeline.annotate)?;
    // An option that cannot be honoured fails with any text: say so once.
    annotator.begin("", &options)?;
    let format = arguments.format.map(Format::from).or(pipeline.format).unwrap_or_default();
    if arguments.csv_bom && format != Format::Csv {
        let reason = "a byte order mark is for --format csv".to_string();
        return Err(Error::OptionInvalid { option: "csv-bom".into(), reason }.into());
    }
    let documents = read_files(arguments)?;
    let mut writer = Writer::new(format, BufWriter::new(io::stdout().lock())).with_csv_mark(arguments.csv_bom);
    let run = |document: &InputDocument| annotator.annotate(document.text.as_deref().map_err(Error::clone)?, &options);
    let mut failed = 0;
    in_order(&documents, arguments.setup.threads(), run, |InputDocument { id, text }, annotation| {
        match annotation {
            Ok(annotation) => writer.document(id, text.as_deref().unwrap_or_default(), &annotation)?,
            Err(error) => {
                failed += 1;
                report(id, &error);
                writer.failure(id, text.as_deref().ok(), &error)?;
            }
        }
        Ok(())
    })?;
    writer.finish()?;
    Ok(failed)
}

/// The documents of all files. A file that cannot be read is a document with an error, unless it is the only one.
fn read_files(arguments: &Annotate) -> Result<Vec<InputDocument>, Failure> {
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let mut documents = Vec::new();
    for file in files {
        match read_documents(file, arguments.input, &arguments.encoding) {
            Ok(found) => documents.extend(found),
            Err(error) if files.len() == 1 => return Err(error.into()),
            Err(error) => documents.push(InputDocument { id: place_name(file), text: Err(error) }),
        }
    }
    Ok(documents)
}

/// Prints the error of a document.
fn report(id: &str, error: &Error) {
    let code = error.code();
    match error {
        // These name their file themselves.
        Error::InputInvalid { .. } | Error::FileMissing { .. } | Error::FileUnreadable { .. } => {
            eprintln!("glossa: {code}: {error}");
        }
        _ => eprintln!("glossa: {code}: {id}: {error}"),
    }
}
