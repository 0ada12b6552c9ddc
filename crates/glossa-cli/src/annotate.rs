//! `glossa annotate`: finds the entities of texts.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use glossa_ner::export::{Format, Writer};
use glossa_ner::Annotation;

use crate::input::{read_documents, Input, InputDocument};
use crate::option_flags::AnnotateFlags;
use crate::parallel::in_order;
use crate::setup::Setup;
use crate::Failure;

#[derive(Args)]
pub(crate) struct Annotate {
    /// Output format; by default that of the pipeline file, or a table.
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// How files are read.
    #[arg(long, value_enum, default_value_t)]
    input: Input,
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
    /// JSON lines, one `{id, text, chunks, precision}` per document, with `truncatedFrom` if the text was truncated.
    Jsonl,
    /// CSV with a header and a row per chunk: id, begin, end, entity, confidence, text.
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

pub(crate) fn run(arguments: &Annotate) -> Result<(), Failure> {
    let (pipeline, annotator) = arguments.setup.load()?;
    let options = arguments.options.over(&pipeline.annotate)?;
    let format = arguments.format.map(Format::from).or(pipeline.format).unwrap_or_default();
    let mut documents = Vec::new();
    if arguments.files.is_empty() {
        read_documents(Path::new("-"), arguments.input, &mut documents)?;
    }
    for file in &arguments.files {
        read_documents(file, arguments.input, &mut documents)?;
    }
    let mut writer = Writer::new(format, BufWriter::new(io::stdout().lock()));
    let run = |document: &InputDocument| annotator.annotate(&document.text, &options);
    in_order(&documents, arguments.setup.threads(), run, |document, annotation: Annotation| {
        Ok(writer.document(&document.id, &document.text, &annotation)?)
    })?;
    writer.finish()?;
    Ok(())
}
