//! File formats for JavaScript: see [`crate::formats`].

use std::io::BufReader;

use js_sys::{Array, Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::Performance;

use super::files::{JsFile, OwnedReader, BUFFER_BYTES};
use super::{js_error, plain, read, PERFORMANCE};
use crate::formats::{
    self, read_files, Document, Files, FilesOptions, Format, NamedFile, ReadOptions, Unit, WriteOptions,
};
use crate::text::charset::Charset;
use crate::Error;

/// How files are read.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct ReadSettings {
    /// A format's name; by default that of each file's name and first lines.
    from: Option<Format>,
    /// The encoding of files that do not say theirs: `utf-8`, `utf-16le`, `utf-16be`, `latin-1`, `windows-1252`.
    encoding: Option<Charset>,
    text_field: Option<String>,
    id_field: Option<String>,
    offset_unit: Option<Unit>,
    /// Whether a file whose name says nothing, or `.txt`, is read as what it looks like.
    recognise: bool,
}

/// How documents are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct WriteSettings {
    byte_order_mark: bool,
    details: bool,
}

/// An error of a record.
#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
}

impl Problem {
    fn of(error: &Error) -> Self {
        Problem { code: error.code(), message: error.to_string() }
    }
}

/// What was left out, and how often.
#[derive(Serialize)]
struct Warning {
    what: &'static str,
    times: usize,
}

fn list(warnings: &formats::Warnings) -> Vec<Warning> {
    warnings.iter().map(|(what, times)| Warning { what, times }).collect()
}

/// A record of a file.
#[derive(Serialize)]
struct ReadRecord<'r> {
    place: &'r str,
    id: &'r str,
    format: &'static str,
    document: Option<&'r Document>,
    error: Option<Problem>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

/// Reads the documents of files.
#[wasm_bindgen]
pub struct DocumentReader {
    records: Files,
}

#[wasm_bindgen]
impl DocumentReader {
    /// `files` is an array of `{name, content}`, `content` being a `Uint8Array` or, in a worker, a `Blob`, which is read a part at a
    /// time. `options`: `{from, encoding, textField, idField, offsetUnit}`.
    ///
    /// Throws `option_invalid`.
    #[wasm_bindgen(constructor)]
    pub fn new(files: &Array, options: JsValue) -> Result<DocumentReader, JsValue> {
        let ReadSettings { from, encoding, text_field, id_field, offset_unit, recognise } = read(&options)?;
        let file = |file: JsValue| {
            let property = |name: &str| Reflect::get(&file, &name.into()).unwrap_or(JsValue::UNDEFINED);
            let (name, content) = (property("name").as_string().unwrap_or_default(), JsFile::new(property("content")));
            NamedFile::new(name, move || Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, OwnedReader::of(content)))))
        };
        let files = files.iter().map(file).collect();
        let read = ReadOptions { text_field, id_field, unit: offset_unit };
        let options = FilesOptions { format: from, recognise, charset: encoding, read };
        Ok(DocumentReader { records: read_files(files, &options) })
    }

    /// The next records, as many as come in so many milliseconds and at least one; an empty array when there are no more.
    /// A record: `{place, id, format, document, error, problems, warnings}`, with `document` or `error`.
    pub fn next(&mut self, milliseconds: f64) -> Array {
        let now = || PERFORMANCE.with(Performance::now);
        let until = now() + milliseconds;
        let found = Array::new();
        while let Some(record) = self.records.next() {
            let document = record.document.as_ref();
            found.push(&plain(&ReadRecord {
                place: &record.place,
                id: record.name(),
                format: self.records.format().name(),
                document: document.ok(),
                error: document.err().map(Problem::of),
                problems: record.problems.iter().map(Problem::of).collect(),
                warnings: list(&record.warnings),
            }));
            if now() >= until {
                break;
            }
        }
        found
    }
}

/// Writes documents in a format.
#[wasm_bindgen]
pub struct DocumentWriter {
    writer: formats::Writer<Vec<u8>>,
}

#[wasm_bindgen]
impl DocumentWriter {
    /// `format` is a format's name, `options` are `{byteOrderMark, details}`.
    ///
    /// Throws `option_invalid`.
    #[wasm_bindgen(constructor)]
    pub fn new(format: &str, options: JsValue) -> Result<DocumentWriter, JsValue> {
        let WriteSettings { byte_order_mark, details } = read(&options)?;
        let unknown = || js_error(&Error::option_invalid("to", format!("{format} is not the name of a format")));
        let format = Format::of_name(format).ok_or_else(unknown)?;
        let options = WriteOptions { csv_mark: byte_order_mark, details, ..WriteOptions::default() };
        let writer = formats::Writer::new(format, Vec::new(), &options).map_err(|error| js_error(&error))?;
        Ok(DocumentWriter { writer })
    }

    /// A document's text with its marks as a piece of HTML for the clipboard.
    ///
    /// Throws `input_invalid` for what is no document.
    #[wasm_bindgen(js_name = richText)]
    pub fn rich_text(document: JsValue) -> Result<String, JsValue> {
        Ok(formats::rich_text(&document_of(document)?))
    }

    /// All formats: `[{name, extension, read, written, filePerDocument}]`.
    pub fn formats() -> JsValue {
        let info = |format: Format| FormatInfo {
            name: format.name(),
            extension: format.extension(),
            read: format.can_be_read(),
            written: format.can_be_written(),
            file_per_document: format.is_file_per_document(),
        };
        plain(&Vec::from(Format::ALL.map(info)))
    }

    /// Writes a document, of the shape that [`DocumentReader::next`] gives; what it leaves out is empty.
    ///
    /// Throws `input_invalid` for what is no document.
    pub fn document(&mut self, document: JsValue) -> Result<(), JsValue> {
        self.writer.document(&document_of(document)?).map_err(|error| js_error(&output_failed(&error)))
    }

    /// `{bytes, warnings}`: the file, and what it does not hold.
    pub fn finish(self) -> Result<Object, JsValue> {
        let (bytes, warnings) = self.writer.finish().map_err(|error| js_error(&output_failed(&error)))?;
        let result = Object::new();
        // Setting a property of a new object cannot fail.
        let _ = Reflect::set(&result, &"bytes".into(), &js_sys::Uint8Array::from(&bytes[..]));
        let _ = Reflect::set(&result, &"warnings".into(), &plain(&list(&warnings)));
        Ok(result)
    }
}

fn output_failed(error: &std::io::Error) -> Error {
    Error::InputInvalid { input: "document".into(), reason: error.to_string() }
}

/// What formats there are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FormatInfo {
    name: &'static str,
    extension: &'static str,
    read: bool,
    written: bool,
    file_per_document: bool,
}

/// A document of JavaScript's, or the error of what is none.
fn document_of(document: JsValue) -> Result<Document, JsValue> {
    let document: Document = serde_wasm_bindgen::from_value(document)
        .map_err(|error| js_error(&Error::InputInvalid { input: "document".into(), reason: error.to_string() }))?;
    document.check().map_err(|error| js_error(&error))?;
    Ok(document)
}
