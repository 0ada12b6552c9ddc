//! The objects of a file of JSON, one at a time.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;

use crate::formats::input::{failed, invalid, Input};
use crate::Error;

/// A member as [`Document::info`](crate::formats::Document::info) has it: text as it is, and anything else, or text that would be
/// taken for it, as JSON.
pub(super) fn info_of(value: &Value) -> String {
    match value {
        Value::String(text) if value_of(text) == *value => text.clone(),
        value => value.to_string(),
    }
}

/// The inverse of [`info_of`]. What is JSON but would be written otherwise, such as `1.50`, is text.
pub(super) fn value_of(info: &str) -> Value {
    let text = || info.into();
    match serde_json::from_str::<Value>(info) {
        Ok(Value::String(inner)) if value_of(&inner).is_string() => text(),
        Ok(value) if serde_json::to_string(&value).is_ok_and(|json| json == info) => value,
        _ => text(),
    }
}

/// A name or number in words.
pub(super) fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// How the objects of a file stand.
enum Layout {
    Unknown,
    /// One a line: behind a line that cannot be read the next can.
    Lines,
    /// One after another, over lines.
    Stream,
    /// In a list; whether there is one before.
    List(bool),
    Ended,
}

/// The objects of a file with `file:line` of each. Behind an error there is another only if they stand one a line.
pub(super) struct Values<'r> {
    name: String,
    bytes: Counted<'r>,
    layout: Layout,
    /// A line that is the beginning of an object over several.
    begun: Vec<u8>,
}

/// Bytes, and the number of the line that they have come to.
struct Counted<'r> {
    bytes: Box<dyn BufRead + 'r>,
    line: Rc<Cell<usize>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.line.set(self.line.get() + buffer[..read].iter().filter(|byte| **byte == b'\n').count());
        Ok(read)
    }
}

impl Counted<'_> {
    /// The next byte that is not white space, which stays.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.bytes.fill_buf()?.first().copied() {
                Some(byte) if byte.is_ascii_whitespace() => self.skip(byte),
                other => return Ok(other),
            }
        }
    }

    fn skip(&mut self, byte: u8) {
        self.bytes.consume(1);
        self.line.set(self.line.get() + usize::from(byte == b'\n'));
    }
}

impl<'r> Values<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        let Input { name, bytes } = input;
        let bytes = Counted { bytes, line: Rc::new(Cell::new(1)) };
        Values { name, bytes, layout: Layout::Unknown, begun: Vec::new() }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.name, self.bytes.line.get())
    }

    /// The line that comes, as a value. An object that goes on behind the line is `None`, and is [`Self::begun`].
    fn line(&mut self) -> io::Result<Option<serde_json::Result<Value>>> {
        let mut line = Vec::new();
        self.bytes.bytes.read_until(b'\n', &mut line)?;
        let parsed = serde_json::from_slice::<Value>(&line);
        if matches!(&self.layout, Layout::Unknown) && parsed.as_ref().is_err_and(serde_json::Error::is_eof) {
            self.begun = line;
            return Ok(None);
        }
        self.bytes.line.set(self.bytes.line.get() + usize::from(line.last() == Some(&b'\n')));
        Ok(Some(parsed))
    }

    /// The value that comes, over as many lines as it has.
    fn value(&mut self) -> serde_json::Result<Value> {
        let begun = std::mem::take(&mut self.begun);
        self.bytes.line.set(self.bytes.line.get() + begun.iter().filter(|byte| **byte == b'\n').count());
        Value::deserialize(&mut serde_json::Deserializer::from_reader(begun.chain(&mut self.bytes)))
    }

    /// Steps to the next object of a list; `false` at the list's end.
    fn step(&mut self, has_one: bool) -> io::Result<Result<bool, &'static str>> {
        let next = self.bytes.peek()?;
        Ok(match (next, has_one) {
            (Some(b']'), _) => {
                self.bytes.skip(b']');
                match self.bytes.peek()? {
                    None => Ok(false),
                    Some(_) => Err("there is something behind the end of the list"),
                }
            }
            (Some(b','), true) => {
                self.bytes.skip(b',');
                self.bytes.peek().map(|_| Ok(true))?
            }
            (Some(_), false) => Ok(true),
            (Some(_), true) => Err("a comma or ] is missing behind the object before"),
            (None, _) => Err("the file is cut off: the list has no end"),
        })
    }

    /// The next value, where it stands and what it is.
    fn advance(&mut self) -> io::Result<Option<(String, Result<Value, String>)>> {
        let bad = |error: &serde_json::Error| match error.is_eof() {
            true => format!("the file is cut off: {error}"),
            false => format!("it is not JSON: {error}"),
        };
        if matches!(self.layout, Layout::Unknown) && self.bytes.peek()? == Some(b'[') {
            self.bytes.skip(b'[');
            self.layout = Layout::List(false);
        }
        if let Layout::List(has_one) = self.layout {
            match self.step(has_one)? {
                Ok(true) => self.layout = Layout::List(true),
                Ok(false) => return Ok(None),
                Err(reason) => {
                    self.layout = Layout::Ended;
                    return Ok(Some((self.place(), Err(reason.to_string()))));
                }
            }
        } else if self.bytes.peek()?.is_none() {
            return Ok(None);
        }
        let place = self.place();
        if matches!(self.layout, Layout::Unknown | Layout::Lines) {
            if let Some(value) = self.line()? {
                self.layout = Layout::Lines;
                return Ok(Some((place, value.map_err(|error| bad(&error)))));
            }
            self.layout = Layout::Stream;
        }
        let value = self.value();
        if value.is_err() {
            self.layout = Layout::Ended;
        }
        // Lines and columns of the error count from the beginning of the value.
        Ok(Some((place, value.map_err(|error| format!("{} of this document", bad(&error))))))
    }
}

impl Iterator for Values<'_> {
    type Item = (String, Result<Value, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.layout, Layout::Ended) {
            return None;
        }
        match self.advance() {
            Ok(next) => next.map(|(place, value)| {
                let value = value.map_err(|reason| invalid(&place, reason));
                (place, value)
            }),
            Err(error) => {
                self.layout = Layout::Ended;
                Some((self.name.clone(), Err(failed(&self.name, &error))))
            }
        }
    }
}
