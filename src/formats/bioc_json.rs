//! BioC JSON. What is read and written is said in [`bioc`](super::bioc).
//!
//! A file is a collection, a list of collections (as PubMed Central's service gives it), documents one after another or in a list,
//! or an object with a list of documents (as PubTator's service gives it, in `PubTator3`). What a collection says of itself is read
//! where it stands before its documents. Values of infons that are no text are kept as JSON. A document is written as a line of a
//! collection.

use std::io::{self, Write};

use serde_json::Value;

use super::bioc::{bioc_document, record, BiocDocument, Collection};
use super::document::{Document, Info};
use super::input::Input;
use super::json_items::JsonBytes;
use super::json_line::to_info;
use super::json_text::on_one_line;
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::{ReadOptions, Record, Records};
use crate::formats::input::invalid;
use crate::Error;

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    let name = input.name().to_string();
    let bytes = JsonBytes::new(input);
    Box::new(BiocJson {
        name,
        bytes,
        options: options.clone(),
        within: Within::File { in_list: false },
        collection: Collection::default(),
        ended: false,
    })
}

/// What encloses the place that is read.
enum Within {
    /// Nothing, or a list that is the file.
    File { in_list: bool },
    /// A collection or document that has begun, of which no documents have been read so far: its text, and the line where it begins.
    Object { in_list: bool, text: Vec<u8>, line: usize },
    /// The documents of a collection.
    Documents { in_list: bool },
    /// A collection, behind its documents.
    Rest { in_list: bool },
}

/// The members in which documents stand.
const DOCUMENTS: [&str; 2] = ["documents", "PubTator3"];

struct BiocJson<'r> {
    name: String,
    bytes: JsonBytes<'r>,
    options: ReadOptions,
    within: Within,
    collection: Collection,
    ended: bool,
}

impl Iterator for BiocJson<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while !self.ended {
            match self.step() {
                Ok(Some(record)) => return Some(record),
                Ok(None) => {}
                // Where the file is wrong outside of documents, nothing behind can be found.
                Err(error) => {
                    self.ended = true;
                    return Some(Record::failed(self.bytes.place(self.bytes.line()), error));
                }
            }
        }
        None
    }
}

impl BiocJson<'_> {
    /// Reads on, to the end of a document at most.
    fn step(&mut self) -> Result<Option<Record>, Error> {
        let next = self.bytes.peek()?;
        match std::mem::replace(&mut self.within, Within::File { in_list: false }) {
            Within::File { in_list } => self.step_in_file(next, in_list)?,
            Within::Object { in_list, text, line } => return self.step_in_object(next, in_list, text, line),
            Within::Documents { in_list } => {
                self.within = Within::Documents { in_list };
                match next {
                    Some(b',') => self.bytes.take(),
                    Some(b']') => {
                        self.bytes.take();
                        self.within = Within::Rest { in_list };
                    }
                    Some(b'{') => {
                        let (mut text, line) = (Vec::new(), self.bytes.line());
                        self.bytes.value(&mut text)?;
                        return Ok(Some(self.document(&text, line)));
                    }
                    _ => return Err(self.unexpected(next, "a document")),
                }
            }
            Within::Rest { in_list } => {
                self.within = Within::Rest { in_list };
                match next {
                    Some(b',' | b':') => self.bytes.take(),
                    Some(b'}') => {
                        self.bytes.take();
                        self.within = Within::File { in_list };
                    }
                    Some(b']') | None => return Err(self.unexpected(next, "the end of the collection")),
                    Some(_) => self.bytes.value(&mut Vec::new())?,
                }
            }
        }
        Ok(None)
    }

    fn step_in_file(&mut self, next: Option<u8>, in_list: bool) -> Result<(), Error> {
        self.within = Within::File { in_list };
        match next {
            None if in_list => return Err(self.unexpected(next, "a collection or document")),
            None => self.ended = true,
            Some(b',') => self.bytes.take(),
            Some(b'[') if !in_list => {
                self.bytes.take();
                self.within = Within::File { in_list: true };
            }
            Some(b']') if in_list => {
                self.bytes.take();
                self.within = Within::File { in_list: false };
            }
            Some(b'{') => {
                let line = self.bytes.line();
                self.bytes.take();
                self.collection = Collection::default();
                self.within = Within::Object { in_list, text: vec![b'{'], line };
            }
            Some(_) => return Err(self.unexpected(next, "a collection or document")),
        }
        Ok(())
    }

    /// Reads a member of a collection or document.
    fn step_in_object(
        &mut self,
        next: Option<u8>,
        in_list: bool,
        mut text: Vec<u8>,
        line: usize,
    ) -> Result<Option<Record>, Error> {
        match next {
            Some(b',') => {
                self.bytes.take();
                text.push(b',');
            }
            Some(b'}') => {
                self.bytes.take();
                text.push(b'}');
                self.within = Within::File { in_list };
                return Ok(Some(self.document(&text, line)));
            }
            Some(b'"') => {
                let mut key = Vec::new();
                self.bytes.value(&mut key)?;
                // Line ends keep the numbers of lines in errors right.
                text.resize(text.len() + self.bytes.line() - line - line_ends(&text), b'\n');
                text.extend_from_slice(&key);
                if self.bytes.peek()? != Some(b':') {
                    return Err(self.bytes.invalid("a : is missing behind the name of a member"));
                }
                self.bytes.take();
                text.push(b':');
                let key: String =
                    serde_json::from_slice(&key).map_err(|error| self.bytes.invalid(error.to_string()))?;
                if self.bytes.peek()? == Some(b'[') && DOCUMENTS.contains(&key.as_str()) {
                    self.bytes.take();
                    self.within = Within::Documents { in_list };
                    return Ok(None);
                }
                let begin = text.len();
                self.bytes.value(&mut text)?;
                self.note(&key, &text[begin..]);
            }
            _ => return Err(self.unexpected(next, "a member of an object")),
        }
        self.within = Within::Object { in_list, text, line };
        Ok(None)
    }

    /// Keeps what a collection says of itself.
    fn note(&mut self, key: &str, value: &[u8]) {
        let text = || match serde_json::from_slice(value) {
            Ok(Value::String(text)) => text,
            Ok(Value::Null) | Err(_) => String::new(),
            Ok(other) => other.to_string(),
        };
        match key {
            "source" => self.collection.source = text(),
            "date" => self.collection.date = text(),
            "key" => self.collection.key = text(),
            "infons" => {
                let values: serde_json::Map<String, Value> = serde_json::from_slice(value).unwrap_or_default();
                self.collection.infons = to_info(values);
            }
            _ => {}
        }
    }

    /// The record of a document's text, which begins in a line.
    fn document(&self, text: &[u8], line: usize) -> Record {
        let place = self.bytes.place(line);
        match serde_json::from_slice::<BiocDocument>(text) {
            Ok(document) => {
                let is_document = !document.passages.is_empty() || !document.id.is_empty();
                if !is_document {
                    let reason = "this object has neither documents nor an id and passages: it is not BioC JSON";
                    return Record::failed(place.clone(), invalid(&place, reason));
                }
                // What stands beside the passages of a document on its own is not its collection's.
                let info =
                    if matches!(self.within, Within::Documents { .. }) { self.collection.info() } else { Info::new() };
                record(&self.name, place, document, &info, &self.options)
            }
            Err(error) => {
                let at = self.bytes.place(line + error.line().saturating_sub(1));
                let id = serde_json::from_slice::<Value>(text)
                    .ok()
                    .and_then(|value| Some(value.get("id")?.as_str()?.to_string()));
                let error = invalid(&at, format!("the document is not BioC JSON: {error}"));
                Record { id, ..Record::failed(place, error) }
            }
        }
    }

    fn unexpected(&self, next: Option<u8>, expected: &str) -> Error {
        match next {
            None => self.bytes.invalid(format!("the file ends where {expected} is expected: it has been cut off")),
            Some(byte) => self.bytes.invalid(format!("{:?} stands where {expected} is expected", char::from(byte))),
        }
    }
}

fn line_ends(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Writes a collection.
#[derive(Default)]
pub(super) struct Writer {
    /// That of the first document.
    collection: Option<Collection>,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        match &self.collection {
            Some(collection) => {
                collection.compare(document, warnings);
                out.write_all(b",\n")?;
            }
            None => {
                let collection = Collection::of(document);
                write_head(out, &collection)?;
                self.collection = Some(collection);
            }
        }
        out.write_all(on_one_line(&bioc_document(document, warnings))?.as_bytes())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.collection.is_none() {
            write_head(out, &Collection::default())?;
        }
        out.write_all(b"\n]}\n")
    }
}

/// What stands before the first document.
fn write_head(out: &mut dyn Write, collection: &Collection) -> io::Result<()> {
    let Collection { source, date, key, infons } = collection;
    writeln!(
        out,
        "{{\"source\":{},\"date\":{},\"key\":{},\"version\":\"1.0\",\"infons\":{},\"documents\":[",
        on_one_line(source)?,
        on_one_line(date)?,
        on_one_line(key)?,
        on_one_line(infons)?
    )
}
