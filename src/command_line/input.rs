//! Reads files and standard input as text.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

use crate::text::charset::{self, Charset};
use crate::Error;
use clap::{Args, ValueEnum};

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
    pub(crate) fn charset(&self) -> Option<Charset> {
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
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    done.map_err(|error| unreadable(file, &error))?;
    Ok(bytes)
}

/// The error of a file or folder that cannot be opened or read.
pub(crate) fn unreadable(file: &Path, error: &io::Error) -> Error {
    let file = place_name(file);
    match error.kind() {
        io::ErrorKind::NotFound => Error::FileMissing { file },
        _ => Error::FileUnreadable { file, reason: error.to_string() },
    }
}

fn decode(bytes: Vec<u8>, charset: Option<Charset>, file: &Path) -> Result<String, Error> {
    charset::decode(&bytes, charset).map(Cow::into_owned).map_err(|error| {
        let flag = "say which encoding it is: --input-encoding utf-8, utf-16le, utf-16be, latin-1 or windows-1252";
        Error::InputInvalid { input: place_name(file), reason: format!("{error}; {flag}") }
    })
}
