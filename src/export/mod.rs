//! Output formats.

mod cell;

use std::borrow::Cow;
use std::io::Write;

use serde::{Deserialize, Serialize};

pub use cell::{from_cell, to_cell};

use crate::engine::Precision;
use crate::{Annotation, Chunk, Error};

/// How annotations are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// Aligned columns for people, with a heading per document.
    #[default]
    Table,
    /// JSON lines, one `{id, text, chunks, offsetUnit, precision}` per document, with `truncatedFrom` if the text was
    /// truncated; `{id, text, error: {code, message}}` for one that failed, without `text` if it could not be read.
    Jsonl,
    /// CSV with a header and a row per chunk: id, begin, end, entity, confidence (may be empty), text. A document that failed
    /// has a row with empty begin and end, the entity `error`, and code and message as text. See [`to_cell`].
    Csv,
}

/// Writes documents one after another.
#[derive(Debug)]
pub struct Writer<W: Write> {
    format: Format,
    out: W,
    documents: usize,
    csv_mark: bool,
}

/// The unit of all offsets, as JSON lines say it.
const OFFSET_UNIT: &str = "utf-16";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    id: &'a str,
    text: &'a str,
    chunks: &'a [Chunk],
    offset_unit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated_from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
}

/// A document that failed.
#[derive(Serialize)]
struct Failure<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    error: FailureReason<'a>,
}

#[derive(Serialize)]
struct FailureReason<'a> {
    code: &'a str,
    message: &'a str,
}

impl<W: Write> Writer<W> {
    /// Writes many small pieces to `out`: pass a `BufWriter`.
    pub fn new(format: Format, out: W) -> Self {
        Writer { format, out, documents: 0, csv_mark: false }
    }

    /// Whether CSV begins with a byte order mark, by which Excel recognises UTF-8.
    #[must_use]
    pub fn with_csv_mark(self, csv_mark: bool) -> Self {
        Writer { csv_mark, ..self }
    }

    /// Writes one document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn document(&mut self, id: &str, text: &str, annotation: &Annotation) -> std::io::Result<()> {
        let chunks = annotation.chunks.as_slice();
        self.start()?;
        match self.format {
            Format::Jsonl => {
                let Annotation { truncated_from, precision, .. } = *annotation;
                let offset_unit = OFFSET_UNIT;
                self.json_line(&Document { id, text, chunks, offset_unit, truncated_from, precision })
            }
            Format::Csv => {
                let rows = chunks.iter().map(|chunk| {
                    let confidence = chunk.confidence.map_or(String::new(), |value| format!("{value:.4}"));
                    let (begin, end) = (chunk.begin.to_string().into(), chunk.end.to_string().into());
                    [to_cell(id), begin, end, to_cell(&chunk.entity), confidence.into(), to_cell(&chunk.text)]
                });
                self.csv_rows(rows)
            }
            Format::Table => {
                let width = chunks.iter().map(|chunk| chunk.entity.chars().count()).max().unwrap_or(0);
                let unit = if chunks.is_empty() { "" } else { ", begin and end in UTF-16 code units" };
                writeln!(self.out, "{id}: {} chunks{unit}", chunks.len())?;
                for chunk in chunks {
                    let Chunk { begin, end, entity, confidence, text, .. } = chunk;
                    let confidence = confidence.map_or("   -".to_string(), |value| format!("{value:.2}"));
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    writeln!(self.out, "{begin:>7} {end:>7}  {entity:width$}  {confidence}  {text}")?;
                }
                match annotation.truncated_from {
                    Some(from) => writeln!(self.out, "not read: from {from} on"),
                    None => Ok(()),
                }
            }
        }
    }

    /// Writes the error of a document that failed; `text` is its text, if it could be read.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn failure(&mut self, id: &str, text: Option<&str>, error: &Error) -> std::io::Result<()> {
        self.start()?;
        let (code, message) = (error.code(), error.to_string());
        match self.format {
            Format::Jsonl => self.json_line(&Failure { id, text, error: FailureReason { code, message: &message } }),
            Format::Csv => {
                let reason = format!("{code}: {message}");
                let empty = || Cow::Borrowed("");
                let row = [to_cell(id), empty(), empty(), "error".into(), empty(), to_cell(&reason)];
                self.csv_rows([row].into_iter())
            }
            Format::Table => writeln!(self.out, "{id}: failed: {code}: {message}"),
        }
    }

    /// What stands before a document.
    fn start(&mut self) -> std::io::Result<()> {
        let first = self.documents == 0;
        self.documents += 1;
        match (self.format, first) {
            (Format::Csv, true) => {
                let mark = if self.csv_mark { "\u{FEFF}" } else { "" };
                writeln!(self.out, "{mark}id,begin,end,entity,confidence,text")
            }
            (Format::Table, false) => writeln!(self.out),
            _ => Ok(()),
        }
    }

    fn json_line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_string(value)?;
        // Readers that split at every line end of Unicode, as Python's splitlines does, must not split a record. These
        // characters stand in strings only, where the escape means the same.
        for (c, escape) in [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
            if line.contains(c) {
                line = line.replace(c, escape);
            }
        }
        writeln!(self.out, "{line}")
    }

    fn csv_rows<'c>(&mut self, records: impl Iterator<Item = [Cow<'c, str>; 6]>) -> std::io::Result<()> {
        let mut rows = csv::Writer::from_writer(vec![]);
        for record in records {
            rows.write_record(record.iter().map(|cell| cell.as_bytes()))?;
        }
        self.out.write_all(&rows.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }

    /// Ends the output.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let chunk = Chunk {
            begin: 2,
            end: 8,
            text: "a \"b\",".into(),
            entity: "DNA".into(),
            confidence: Some(0.5),
            result: None,
        };
        let annotation = Annotation { chunks: vec![chunk], truncated_from: Some(9), precision: Some(Precision::Int8) };
        let mut writer = Writer::new(format, Vec::new());
        writer.document("d1", "x a \"b\", y", &annotation).unwrap();
        writer.document("d2", "", &Annotation::default()).unwrap();
        let error = Error::InputInvalid { input: "f:3".into(), reason: "it has no \"text\"".into() };
        writer.failure("d3", None, &error).unwrap();
        writer.failure("=d4", Some("t"), &Error::InferenceFailed { reason: "NaN".into() }).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn each_format_writes_every_document() {
        let json = [
            r#"{"id":"d1","text":"x a \"b\", y","chunks":[{"begin":2,"end":8,"text":"a \"b\",","entity":"DNA","confidence":0.5}],"#,
            r#""offsetUnit":"utf-16","truncatedFrom":9,"precision":"int8"}"#,
            "\n",
            r#"{"id":"d2","text":"","chunks":[],"offsetUnit":"utf-16"}"#,
            "\n",
            r#"{"id":"d3","error":{"code":"input_invalid","message":"f:3: it has no \"text\""}}"#,
            "\n",
            r#"{"id":"=d4","text":"t","error":{"code":"inference_failed","message":"the model failed to run: NaN"}}"#,
            "\n",
        ];
        assert_eq!(written(Format::Jsonl), json.concat());
        assert_eq!(
            written(Format::Csv),
            "id,begin,end,entity,confidence,text\nd1,2,8,DNA,0.5000,\"a \"\"b\"\",\"\n\
             d3,,,error,,\"input_invalid: f:3: it has no \"\"text\"\"\"\n\
             '=d4,,,error,,inference_failed: the model failed to run: NaN\n"
        );
        assert_eq!(
            written(Format::Table),
            "d1: 1 chunks, begin and end in UTF-16 code units\n      2       8  DNA  0.50  a \"b\",\n\
             not read: from 9 on\n\nd2: 0 chunks\n\nd3: failed: input_invalid: f:3: it has no \"text\"\n\n\
             =d4: failed: inference_failed: the model failed to run: NaN\n"
        );
    }

    #[test]
    fn a_json_line_is_one_line_to_any_reader() {
        let text = "a\u{85}b\u{2028}c\u{2029}d\ne\u{B}\u{C}\u{1C}";
        let mut writer = Writer::new(Format::Jsonl, Vec::new());
        writer.document("d", text, &Annotation::default()).unwrap();
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        let line_end = |c: char| matches!(c, '\n'..='\r' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}');
        assert_eq!(written.matches(line_end).count(), 1, "{written:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap()["text"], text);
    }

    #[test]
    fn csv_begins_with_a_byte_order_mark_if_asked_for() {
        let mut writer = Writer::new(Format::Csv, Vec::new()).with_csv_mark(true);
        writer.document("d", "", &Annotation::default()).unwrap();
        writer.document("e", "", &Annotation::default()).unwrap();
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(written, "\u{FEFF}id,begin,end,entity,confidence,text\n");
    }
}
