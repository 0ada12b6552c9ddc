//! The files that a command reads: paths, folders and patterns, compressed or not.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::formats::{
    read_files, Document, Files, FilesOptions, Format, NamedFile, ReadOptions, Record, Unit, Warnings,
};
use crate::Error;
use clap::{Args, ValueEnum};

use crate::command_line::input::{place_name, unreadable, EncodingFlag};
use crate::command_line::report::warn;

/// Folders within folders, at most.
const DEEPEST: usize = 64;

/// How files are read.
#[derive(Args, Default)]
pub(crate) struct InputFlags {
    #[command(flatten)]
    format: FormatFlags,
    /// The field or column of the text, in JSON lines and tables; by default text, abstract, body, content or sentence.
    #[arg(long, value_name = "NAME")]
    text_field: Option<String>,
    /// The field or column of the id; by default id, pmid, _id or doc_id.
    #[arg(long, value_name = "NAME")]
    id_field: Option<String>,
}

/// How annotated files are read.
#[derive(Args, Default)]
pub(crate) struct FormatFlags {
    /// The format of the input; by default that of each file's name and first lines.
    #[arg(long, value_name = "FORMAT", value_parser = readable)]
    from: Option<Format>,
    /// What the offsets of annotations in the input count, if not what their format prescribes.
    #[arg(long, value_enum, value_name = "UNIT")]
    offset_unit: Option<UnitName>,
    #[command(flatten)]
    pub(crate) encoding: EncodingFlag,
}

#[derive(Clone, Copy, ValueEnum)]
enum UnitName {
    #[value(name = "utf-16")]
    Utf16,
    CodePoint,
    Byte,
}

/// A format's name, on the command line.
fn named(name: &str, fits: fn(Format) -> bool) -> Result<Format, String> {
    Format::of_name(name).filter(|format| fits(*format)).ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.into_iter().filter(|format| fits(*format)).map(Format::name).collect();
        format!("known are {}", known.join(", "))
    })
}

fn readable(name: &str) -> Result<Format, String> {
    named(name, Format::can_be_read)
}

/// A format that can be written, by name.
pub(crate) fn writable(name: &str) -> Result<Format, String> {
    named(name, Format::can_be_written)
}

impl FormatFlags {
    fn options(&self) -> FilesOptions {
        let unit = self.offset_unit.map(|unit| match unit {
            UnitName::Utf16 => Unit::Utf16,
            UnitName::CodePoint => Unit::CodePoint,
            UnitName::Byte => Unit::Byte,
        });
        let read = ReadOptions { unit, ..ReadOptions::default() };
        FilesOptions { format: self.from, recognise: false, charset: self.encoding.charset(), read }
    }

    /// The documents of an annotated file, all of which must be right; `None` if it is, as far as is known, of a format that the
    /// command reads itself.
    ///
    /// # Errors
    /// Those of the file, and of its first record that has one.
    pub(crate) fn documents(&self, file: &Path, own: &[Format]) -> Result<Option<Vec<Document>>, Error> {
        let name = place_name(file);
        let format = self.from.or_else(|| Format::of_file_name(&name));
        let unknown =
            || !["json", "xml", "gz", "zip"].iter().any(|end| name.to_lowercase().ends_with(&format!(".{end}")));
        if format.map_or_else(unknown, |format| own.contains(&format)) {
            return Ok(None);
        }
        let (mut documents, mut warnings) = (Vec::new(), Warnings::default());
        for record in Sources::find(&[file.to_path_buf()])?.records_as(&self.options()) {
            if let Some(problem) = record.problems.into_iter().next() {
                return Err(problem);
            }
            warnings.merge(&record.warnings);
            documents.push(record.document?);
        }
        warn(&warnings);
        Ok(Some(documents))
    }
}

impl InputFlags {
    fn options(&self) -> FilesOptions {
        let mut options = self.format.options();
        options.read.text_field.clone_from(&self.text_field);
        options.read.id_field.clone_from(&self.id_field);
        options
    }
}

/// The files of a command, found but not opened.
pub(crate) struct Sources {
    files: Vec<PathBuf>,
    /// Bytes of all of them; `None` if standard input is among them.
    pub(crate) length: Option<u64>,
    /// Bytes that have been read.
    pub(crate) read: Arc<AtomicU64>,
}

impl Sources {
    /// Finds the files that arguments name: a file as it is, `-` for standard input, the files of a folder and its folders by
    /// name, and those that fit a pattern such as `**/*.nbib`. Standard input if there are none.
    ///
    /// # Errors
    /// `file_missing` for an argument that stands for no file, if it is the only one: among others it is told when its turn comes.
    /// `option_invalid` for a pattern that is none; `file_unreadable` for a folder.
    pub(crate) fn find(arguments: &[PathBuf]) -> Result<Self, Error> {
        let standard_input = [PathBuf::from("-")];
        let arguments = if arguments.is_empty() { &standard_input[..] } else { arguments };
        let mut files = Vec::new();
        for argument in arguments {
            if argument.is_dir() {
                add_folder(argument, DEEPEST, &mut files)?;
            } else if argument.exists() || argument.as_path() == Path::new("-") || !is_pattern(argument) {
                files.push(argument.clone());
            } else {
                let before = files.len();
                add_matches(argument, &mut files)?;
                if files.len() == before {
                    files.push(argument.clone());
                }
            }
        }
        add_texts(&mut files);
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(file.clone()));
        if let [only] = &files[..] {
            if only.as_path() != Path::new("-") && !only.exists() {
                return Err(Error::FileMissing { file: place_name(only) });
            }
        }
        let length = |file: &PathBuf| {
            if file.as_path() == Path::new("-") {
                None
            } else {
                Some(file.metadata().map_or(0, |found| found.len()))
            }
        };
        let length = files.iter().map(length).sum();
        Ok(Sources { files, length, read: Arc::default() })
    }

    /// Their records, one by one.
    ///
    /// # Errors
    /// If there is only one file, and nothing of it can be read: nothing can be done then.
    pub(crate) fn records(&self, flags: &InputFlags) -> Result<Peekable<Files>, Error> {
        let mut records = self.records_as(&flags.options()).peekable();
        if let ([only], Some(Record { place, document: Err(error), .. })) = (&self.files[..], records.peek()) {
            if *place == place_name(only) {
                return Err(error.clone());
            }
        }
        Ok(records)
    }

    fn records_as(&self, options: &FilesOptions) -> Files {
        let file = |path: &PathBuf| {
            let (path, read) = (path.clone(), self.read.clone());
            NamedFile::new(place_name(&path), move || open(&path, read))
        };
        read_files(self.files.iter().map(file).collect(), options)
    }
}

fn open(path: &Path, read: Arc<AtomicU64>) -> Result<Box<dyn Read>, Error> {
    if path == Path::new("-") {
        return Ok(Box::new(Counted { bytes: io::stdin().lock(), read }));
    }
    let bytes = File::open(path).map_err(|error| unreadable(path, &error))?;
    Ok(Box::new(Counted { bytes, read }))
}

/// Counts what is read.
struct Counted<R> {
    bytes: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn add_folder(folder: &Path, deepest: usize, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = folder.read_dir().and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(folder, &error))?;
    let mut entries: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    entries.sort();
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    for path in entries.into_iter().filter(|path| !hidden(path)) {
        // A link to a folder may lead back to it.
        if path.is_dir() && !path.is_symlink() && deepest > 0 {
            add_folder(&path, deepest - 1, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn add_matches(pattern: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let pattern = pattern.to_string_lossy();
    // As in a folder.
    let visible = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let matches = glob::glob_with(&pattern, visible)
        .map_err(|error| Error::OptionInvalid { option: "files".into(), reason: format!("{pattern}: {error}") })?;
    for path in matches {
        let path = path.map_err(|error| unreadable(error.path(), error.error()))?;
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Adds the text of each `x.ann` of brat, if it lies beside it.
fn add_texts(files: &mut Vec<PathBuf>) {
    let texts: Vec<PathBuf> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end.eq_ignore_ascii_case("ann")))
        .map(|file| file.with_extension("txt"))
        .filter(|text| text.is_file() && !files.contains(text))
        .collect();
    files.extend(texts);
}
