//! Output formats.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::engine::Precision;
use crate::{Annotation, Chunk};

/// How annotations are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    /// Aligned columns for people, with a heading per document.
    #[default]
    Table,
    /// JSON lines, one `{id, text, chunks, precision}` per document, with `truncatedFrom` if the text was truncated.
    Jsonl,
    /// CSV with a header and a row per chunk: id, begin, end, entity, confidence (may be empty), text.
    Csv,
}

/// Writes documents one after another.
#[derive(Debug)]
pub struct Writer<W: Write> {
    format: Format,
    out: W,
    documents: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    id: &'a str,
    text: &'a str,
    chunks: &'a [Chunk],
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated_from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
}

impl<W: Write> Writer<W> {
    /// Writes many small pieces to `out`: pass a `BufWriter`.
    pub fn new(format: Format, out: W) -> Self {
        Writer { format, out, documents: 0 }
    }

    /// Writes one document.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn document(&mut self, id: &str, text: &str, annotation: &Annotation) -> std::io::Result<()> {
        let chunks = annotation.chunks.as_slice();
        let first = self.documents == 0;
        self.documents += 1;
        match self.format {
            Format::Jsonl => {
                let Annotation { truncated_from, precision, .. } = *annotation;
                serde_json::to_writer(&mut self.out, &Document { id, text, chunks, truncated_from, precision })?;
                writeln!(self.out)
            }
            Format::Csv => {
                let mut rows = csv::Writer::from_writer(vec![]);
                if first {
                    rows.write_record(["id", "begin", "end", "entity", "confidence", "text"])?;
                }
                for chunk in chunks {
                    let (begin, end) = (chunk.begin.to_string(), chunk.end.to_string());
                    let confidence = chunk.confidence.map_or(String::new(), |value| format!("{value:.4}"));
                    rows.write_record([id, &begin, &end, &chunk.entity, &confidence, &chunk.text])?;
                }
                self.out.write_all(&rows.into_inner().map_err(csv::IntoInnerError::into_error)?)
            }
            Format::Table => {
                let width = chunks.iter().map(|chunk| chunk.entity.chars().count()).max().unwrap_or(0);
                writeln!(self.out, "{}{id}: {} chunks", if first { "" } else { "\n" }, chunks.len())?;
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
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn each_format_writes_every_document() {
        assert_eq!(
            written(Format::Jsonl),
            "{\"id\":\"d1\",\"text\":\"x a \\\"b\\\", y\",\"chunks\":[{\"begin\":2,\"end\":8,\"text\":\"a \\\"b\\\",\",\
             \"entity\":\"DNA\",\"confidence\":0.5}],\"truncatedFrom\":9,\"precision\":\"int8\"}\n{\"id\":\"d2\",\"text\":\"\",\"chunks\":[]}\n"
        );
        assert_eq!(written(Format::Csv), "id,begin,end,entity,confidence,text\nd1,2,8,DNA,0.5000,\"a \"\"b\"\",\"\n");
        assert_eq!(
            written(Format::Table),
            "d1: 1 chunks\n      2       8  DNA  0.50  a \"b\",\nnot read: from 9 on\n\nd2: 0 chunks\n"
        );
    }
}
