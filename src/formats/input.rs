//! A file as readers take it: UTF-8 without a byte order mark.

use std::fmt;
use std::io::{self, BufRead, Cursor, Read};

use crate::text::charset::{self, Charset};
use crate::Error;

/// What to do about a file that is no text in its encoding.
const SAY_WHICH: &str = "say which encoding it is: --input-encoding utf-8, utf-16le, utf-16be, latin-1 or windows-1252";
/// How much of a file tells its encoding.
const LOOKED_AT: u64 = 4096;

/// A file on its way in, with its name.
pub struct Input<'r> {
    /// The file's name in errors.
    pub(super) name: String,
    pub(super) bytes: Box<dyn BufRead + 'r>,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'r> Input<'r> {
    /// Takes a file whose encoding its byte order mark or its XML declaration says, or `charset`; UTF-8 is passed on as it
    /// comes, anything else is decoded as a whole.
    ///
    /// # Errors
    /// `file_unreadable`; `input_invalid` if it is no text in its encoding.
    pub fn new(mut bytes: impl BufRead + 'r, name: &str, charset: Option<Charset>) -> Result<Self, Error> {
        let mut start = Vec::new();
        bytes.by_ref().take(LOOKED_AT).read_to_end(&mut start).map_err(|error| failed(name, &error))?;
        let has_mark = matches!(start[..], [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 0, 0xFE, 0xFF, ..]);
        let without_mark = start.strip_prefix(b"\xEF\xBB\xBF");
        let charset = charset.or_else(|| declared(&start));
        // A NUL may be half of UTF-16 without a mark.
        let is_utf8 = without_mark.is_some()
            || (!has_mark && charset.unwrap_or(Charset::Utf8) == Charset::Utf8 && !start.contains(&0));
        if is_utf8 {
            let skipped = if without_mark.is_some() { 3 } else { 0 };
            let mut start = Cursor::new(start);
            start.set_position(skipped);
            return Ok(Input { name: name.to_string(), bytes: Box::new(start.chain(bytes)) });
        }
        bytes.read_to_end(&mut start).map_err(|error| failed(name, &error))?;
        let text = charset::decode(&start, charset).map_err(|error| invalid(name, format!("{error}; {SAY_WHICH}")))?;
        Ok(Input { name: name.to_string(), bytes: Box::new(Cursor::new(text.into_owned().into_bytes())) })
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error of this file.
    pub(super) fn invalid(&self, reason: impl Into<String>) -> Error {
        invalid(&self.name, reason)
    }

    /// The beginning of the file, as much as so many bytes, without a character that is cut off; it is read again afterwards.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub(super) fn peek(&mut self, length: u64) -> Result<String, Error> {
        let mut start = Vec::new();
        self.bytes.by_ref().take(length).read_to_end(&mut start).map_err(|error| failed(&self.name, &error))?;
        let valid = std::str::from_utf8(&start).map_or_else(|error| error.valid_up_to(), str::len);
        let text = String::from_utf8_lossy(&start[..valid]).into_owned();
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        self.bytes = Box::new(Cursor::new(start).chain(rest));
        Ok(text)
    }

    /// All of the file.
    ///
    /// # Errors
    /// `file_unreadable`; `input_invalid` if it is not UTF-8.
    pub(super) fn text(&mut self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        self.bytes.read_to_end(&mut bytes).map_err(|error| failed(&self.name, &error))?;
        match charset::decode(&bytes, Some(Charset::Utf8)) {
            Ok(text) => Ok(text.into_owned()),
            Err(error) => Err(self.invalid(format!("{error}; {SAY_WHICH}"))),
        }
    }

    /// The lines with their numbers, from 1, and without their ends; a `\r` before `\n` belongs to the end. After an error of
    /// the file there is no other line.
    pub(super) fn into_lines(self) -> Lines<'r> {
        Lines { input: self, number: 0, ended: false }
    }
}

/// See [`Input::into_lines`].
pub(super) struct Lines<'r> {
    input: Input<'r>,
    number: usize,
    ended: bool,
}

impl Lines<'_> {
    /// The name of the file.
    pub(super) fn name(&self) -> &str {
        &self.input.name
    }

    /// `file:line`.
    pub(super) fn place(&self, number: usize) -> String {
        format!("{}:{number}", self.input.name)
    }
}

impl Iterator for Lines<'_> {
    /// `Err` is of the line of that number.
    type Item = (usize, Result<String, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.number += 1;
        let mut line = Vec::new();
        match self.input.bytes.read_until(b'\n', &mut line) {
            Ok(0) => {
                self.ended = true;
                None
            }
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                }
                let line = String::from_utf8(line).map_err(|error| {
                    let at = error.utf8_error().valid_up_to();
                    let byte = error.as_bytes()[at];
                    let reason = format!(
                        "it is not UTF-8: the byte 0x{byte:02X} at byte {at} (from 0) of this line is not valid there; {SAY_WHICH}"
                    );
                    invalid(&self.place(self.number), reason)
                });
                Some((self.number, line))
            }
            Err(error) => {
                self.ended = true;
                Some((self.number, Err(failed(&self.input.name, &error))))
            }
        }
    }
}

/// An error of a file's record; `place` is the file, and the line if it is known.
pub(super) fn invalid(place: &str, reason: impl Into<String>) -> Error {
    Error::InputInvalid { input: place.to_string(), reason: reason.into() }
}

/// An error of reading a file.
pub(super) fn failed(name: &str, error: &io::Error) -> Error {
    Error::FileUnreadable { file: name.to_string(), reason: error.to_string() }
}

/// The encoding that an XML declaration names, if it is known here.
fn declared(start: &[u8]) -> Option<Charset> {
    let declaration = start.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|two| two == b"?>")?;
    let declaration = String::from_utf8_lossy(&declaration[..end]).to_lowercase();
    let (_, encoding) = declaration.split_once("encoding")?;
    match encoding.trim_start_matches(|c: char| c == '=' || c.is_whitespace()).trim_matches(['"', '\'', ' ', '?']) {
        name if name.starts_with("iso-8859-1") || name.starts_with("latin1") => Some(Charset::Latin1),
        name if name.starts_with("windows-1252") => Some(Charset::Windows1252),
        _ => None,
    }
}
