//! Where a command writes: standard output, a file, or a folder with a file for each document.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::formats::{file_stem, files, unused_stem, Document, Format, Record, Warnings, WriteOptions, Writer, FAILED};
use crate::Error;
use clap::Args;
use serde::Deserialize;

use crate::command_line::sources::writable;
use crate::command_line::Failure;

/// How results are written.
#[derive(Args)]
pub(crate) struct OutputFlags {
    /// The format of the output.
    #[arg(long, value_name = "FORMAT", value_parser = writable)]
    pub(crate) to: Option<Format>,
    /// Write to this file; to a folder in formats that have a file for each document, or to a zip if the name ends in .zip. By
    /// default to standard output.
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Begin CSV with a byte order mark, by which Excel knows that it is UTF-8.
    #[arg(long)]
    csv_bom: bool,
    /// Say who decided, when, and the identifier, in tables too (columns by, time, identifier), and that it was the model in
    /// JSON lines.
    #[arg(long)]
    pub(crate) details: bool,
}

impl OutputFlags {
    /// The format: as asked for, or as the output's name says, or `otherwise`.
    pub(crate) fn format(&self, otherwise: Format) -> Format {
        let name =
            self.output.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        let by_name = || name.and_then(|name| Format::of_file_name(&name)).filter(|format| format.can_be_written());
        self.to.or_else(by_name).unwrap_or(otherwise)
    }

    /// Opens the output. With `resume` the documents of an output that was cut off stay, and the next are added.
    ///
    /// # Errors
    /// `option_invalid` if it cannot be written so; `input_invalid` if an output to go on with is none.
    pub(crate) fn open(&self, format: Format, resume: bool) -> Result<(Output, Vec<String>), Failure> {
        let invalid = |option: &str, reason: String| Error::OptionInvalid { option: option.into(), reason };
        if self.csv_bom && format != Format::Csv {
            return Err(invalid("csv-bom", "a byte order mark is for --to csv".into()).into());
        }
        let options = WriteOptions { csv_mark: self.csv_bom, details: self.details, ..WriteOptions::default() };
        let named =
            |error: io::Error, path: &Path| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if resume {
            let Some(path) = self.output.as_ref().filter(|_| format == Format::Jsonl) else {
                let reason = "what can be gone on with is a file of JSON lines: --to jsonl --output FILE; glossa convert makes any other format of it";
                return Err(invalid("resume", reason.into()).into());
            };
            let (file, done) = reopen(path)?;
            let writer = Writer::new(format, Box::new(BufWriter::new(file)) as Box<dyn Write>, &options)?;
            return Ok((Output::Stream(writer), done));
        }
        let output = match &self.output {
            None => Writer::new(format, Box::new(BufWriter::new(io::stdout().lock())) as Box<dyn Write>, &options)
                .map(Output::Stream)?,
            Some(path) if format.is_file_per_document() && !is_zip(path) => {
                fs::create_dir_all(path).map_err(|error| named(error, path))?;
                Output::Folder { path: path.clone(), format, stems: HashSet::new(), warnings: Warnings::default() }
            }
            Some(path) => {
                let file = File::create(path).map_err(|error| named(error, path))?;
                Writer::new(format, Box::new(BufWriter::new(file)) as Box<dyn Write>, &options).map(Output::Stream)?
            }
        };
        Ok((output, Vec::new()))
    }
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

/// Where documents are written.
pub(crate) enum Output {
    Stream(Writer<Box<dyn Write>>),
    Folder { path: PathBuf, format: Format, stems: HashSet<String>, warnings: Warnings },
}

impl Output {
    pub(crate) fn document(&mut self, document: &Document) -> io::Result<()> {
        match self {
            Output::Stream(writer) => writer.document(document),
            Output::Folder { path, format, stems, warnings } => {
                let stem = unused_stem(stems, file_stem(&document.id));
                files(*format, document, warnings)
                    .into_iter()
                    .try_for_each(|file| fs::write(path.join(format!("{stem}.{}", file.extension)), file.content))
            }
        }
    }

    pub(crate) fn failure(&mut self, id: &str, text: Option<&str>, error: &Error) -> io::Result<()> {
        match self {
            Output::Stream(writer) => writer.failure(id, text, error),
            Output::Folder { warnings, .. } => {
                warnings.add(FAILED, 1);
                Ok(())
            }
        }
    }

    /// Ends the output, and returns what it does not hold.
    pub(crate) fn finish(self) -> io::Result<Warnings> {
        match self {
            Output::Stream(writer) => writer.finish().map(|(_, warnings)| warnings),
            Output::Folder { warnings, .. } => Ok(warnings),
        }
    }
}

/// Passes over the records whose documents an output to go on with has.
///
/// # Errors
/// `option_invalid` if they are others.
pub(crate) fn skip_done(records: &mut impl Iterator<Item = Record>, done: &[String]) -> Result<(), Error> {
    for (i, id) in done.iter().enumerate() {
        let record = records.next();
        let name = record.as_ref().map(Record::name);
        if name != Some(id) {
            let found = name.map_or("there is none".to_string(), |name| format!("it is {name:?}"));
            let reason =
                format!("document {} of the output is {id:?}, of the input {found}: it was made of other input", i + 1);
            return Err(Error::OptionInvalid { option: "resume".into(), reason });
        }
    }
    Ok(())
}

/// A document of an output to go on with.
#[derive(Deserialize)]
struct Done {
    id: String,
}

/// Opens JSON lines to go on with, without a last line that was cut off, and returns the ids of the documents that they hold.
fn reopen(path: &Path) -> Result<(File, Vec<String>), Failure> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(named)?;
    let mut lines = BufReader::new(&file);
    let (mut done, mut kept, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line).map_err(named)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let Done { id } = serde_json::from_slice(&line).map_err(|error| Error::InputInvalid {
            input: format!("{}:{}", path.display(), done.len() + 1),
            reason: format!("it is no document of a run that could go on: {error}"),
        })?;
        done.push(id);
        kept += length as u64;
    }
    file.set_len(kept).map_err(named)?;
    let mut file = file;
    io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(named)?;
    Ok((file, done))
}
