//! Reads texts and records from files and standard input, or from their bytes: [`documents`].

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

use clap::{Args, ValueEnum};
use glossa_ner::text::charset::{self, Charset};
use glossa_ner::Error;
use serde_json::Value;

use crate::kind::Kind;
use crate::record::Record;

/// How input files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Input {
    /// Plain text: each file is a document.
    Text,
    /// JSON lines: each line is a document `{"id", "text"}`.
    Jsonl,
}

#[derive(Args, Default)]
pub(crate) struct EncodingFlag {
    /// The encoding of input files that have no byte order mark; by default UTF-8, or UTF-16 where it is plain to see.
    #[arg(long, value_enum, value_name = "NAME")]
    input_encoding: Option<EncodingName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum EncodingName {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "utf-16le")]
    Utf16Le,
    #[value(name = "utf-16be")]
    Utf16Be,
    #[value(name = "latin-1")]
    Latin1,
    #[value(name = "windows-1252")]
    Windows1252,
}

impl EncodingFlag {
    fn charset(&self) -> Option<Charset> {
        self.input_encoding.map(|name| match name {
            EncodingName::Utf8 => Charset::Utf8,
            EncodingName::Utf16Le => Charset::Utf16Le,
            EncodingName::Utf16Be => Charset::Utf16Be,
            EncodingName::Latin1 => Charset::Latin1,
            EncodingName::Windows1252 => Charset::Windows1252,
        })
    }

    /// A file's text, or that of standard input for `-`, without a byte order mark and with its line ends as they are.
    ///
    /// # Errors
    /// `file_missing`, `file_unreadable`; `input_invalid` if it is no text.
    pub(crate) fn read(&self, file: &Path) -> Result<String, Error> {
        decode(read_bytes(file)?, self.charset(), file)
    }
}

/// A text to annotate, or why it cannot be.
#[derive(Debug, Clone, PartialEq)]
pub struct InputDocument {
    /// The record's id, or the place that the text comes from.
    pub id: String,
    /// The text, or the error of its record.
    pub text: Result<String, Error>,
}

/// The documents of a file, or of standard input for `-`: see [`documents`].
///
/// # Errors
/// Those of [`documents`]; `file_missing`, `file_unreadable`.
pub(crate) fn read_documents(
    file: &Path,
    input: Option<Input>,
    encoding: &EncodingFlag,
) -> Result<Vec<InputDocument>, Error> {
    documents(read_bytes(file)?, file, input, encoding.charset())
}

/// The documents of a file of these bytes. `charset` is the encoding of a file without a byte order mark.
///
/// A file is plain text unless its name or `input` says that it is JSON lines. What looks like another kind of file is refused,
/// but for text that `input` insists on.
///
/// # Errors
/// `input_invalid` if it is no text, or of another kind. A record that is not valid is a document with an error.
pub fn documents(
    bytes: Vec<u8>,
    file: &Path,
    input: Option<Input>,
    charset: Option<Charset>,
) -> Result<Vec<InputDocument>, Error> {
    let place = place_name(file);
    let extension = file.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
    if let Some(kind) = Kind::of_bytes(&bytes) {
        return Err(refused(&place, kind, input));
    }
    let text = decode(bytes, charset, file)?;
    let by_name =
        if matches!(extension.as_str(), "jsonl" | "ndjson" | "jsonlines") { Input::Jsonl } else { Input::Text };
    if input.unwrap_or(by_name) == Input::Jsonl {
        return read_records(&text, &place);
    }
    let kind = Kind::of_text(&text).or_else(|| Kind::of_extension(&extension));
    match kind.filter(|kind| input.is_none() || !kind.is_text()) {
        Some(kind) => Err(refused(&place, kind, input)),
        None => Ok(vec![InputDocument { id: place, text: Ok(text) }]),
    }
}

/// The documents of JSON lines.
fn read_records(text: &str, place: &str) -> Result<Vec<InputDocument>, Error> {
    let lines: Vec<(&str, String)> = numbered_lines(text, place).collect();
    let none_is_an_object = !lines.iter().any(|(line, _)| line.trim_start().starts_with('{'));
    let one_value = lines.len() > 1 && serde_json::from_str::<Value>(text).is_ok();
    if !lines.is_empty() && (none_is_an_object || one_value) {
        let looks = match Kind::of_text(text) {
            None => "no line of it is a JSON object; to read it as plain text, say --input text".to_string(),
            Some(Kind::Json | Kind::JsonLines) => {
                "it is one JSON value; JSON lines are an object {\"id\", \"text\"} a line".to_string()
            }
            Some(kind) => format!("it looks like {}, not like JSON lines; {WHAT_IS_READ}", kind.name()),
        };
        return Err(Error::InputInvalid { input: place.to_string(), reason: looks });
    }
    let document = |(line, place): (&str, String)| match Record::parse(line, &place) {
        Ok(record) => match record.id() {
            Ok(id) => InputDocument { id, text: record.text().map(str::to_string) },
            Err(error) => InputDocument { id: place, text: Err(error) },
        },
        Err(error) => InputDocument { id: place, text: Err(error) },
    };
    Ok(lines.into_iter().map(document).collect())
}

const WHAT_IS_READ: &str = "plain text and JSON lines {\"id\", \"text\"} are read";

/// The error for a file of another kind, with what to do.
fn refused(place: &str, kind: Kind, input: Option<Input>) -> Error {
    let what_to_do = match kind {
        Kind::JsonLines => "--input jsonl reads each line as a document {\"id\", \"text\"}",
        _ => WHAT_IS_READ,
    };
    let insist =
        if kind.is_text() && input.is_none() { ", and --input text reads it as prose with all its marks" } else { "" };
    let reason = format!("it looks like {}, not like plain text; {what_to_do}{insist}", kind.name());
    Error::InputInvalid { input: place.to_string(), reason }
}

/// The lines that are not blank, each with its place `file:line`.
pub(crate) fn numbered_lines<'a>(text: &'a str, place: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(move |(i, line)| (line, format!("{place}:{}", i + 1)))
}

/// The name of a file in ids and errors.
pub(crate) fn place_name(file: &Path) -> String {
    if file == Path::new("-") {
        "stdin".to_string()
    } else {
        file.display().to_string()
    }
}

fn read_bytes(file: &Path) -> Result<Vec<u8>, Error> {
    let place = place_name(file);
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::FileMissing { file: place }),
        Err(error) => Err(Error::FileUnreadable { file: place, reason: error.to_string() }),
        Ok(_) => Ok(bytes),
    }
}

fn decode(bytes: Vec<u8>, charset: Option<Charset>, file: &Path) -> Result<String, Error> {
    charset::decode(&bytes, charset).map(Cow::into_owned).map_err(|error| {
        let flag = "say which encoding it is: --input-encoding utf-8, utf-16le, utf-16be, latin-1 or windows-1252";
        Error::InputInvalid { input: place_name(file), reason: format!("{error}; {flag}") }
    })
}
