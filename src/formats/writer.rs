//! Writes documents in any format.

use std::collections::HashSet;
use std::io::{self, Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::ZipWriter;

use super::document::Document;
use super::warnings::Warnings;
use super::{
    bioc_json, bioc_xml, brat, cas_json, conll, csv, doccano, html, jsonl, label_studio, plain_text, pubannotation,
    pubtator, spacy, table, web_annotation, Format,
};
use crate::Error;

/// What is said of documents that failed, in formats that have no place for their errors.
pub const FAILED: &str = "documents that failed, which are left out";

/// A document that failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed<'f> {
    pub(super) id: &'f str,
    /// Its text, if that could be read.
    pub(super) text: Option<&'f str>,
    pub(super) error: &'f Error,
}

/// A format being written, document by document.
pub(super) trait WriteFormat {
    /// Writes a document.
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()>;

    /// Writes what stands in the place of a document that failed.
    fn failure(&mut self, out: &mut dyn Write, failed: Failed<'_>, warnings: &mut Warnings) -> io::Result<()> {
        let _ = (out, failed);
        warnings.add(FAILED, 1);
        Ok(())
    }

    /// Ends the output, which is a valid file even if there was no document.
    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let _ = out;
        Ok(())
    }
}

/// A file of a format that has a file for each document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The end of its name, without a dot.
    pub extension: &'static str,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// How files are written.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// Whether CSV begins with a byte order mark, by which Excel recognises UTF-8.
    pub csv_mark: bool,
    /// Whether CSV and TSV have the columns `by`, `time` and `identifier` too.
    pub details: bool,
    /// The key of annotations in doccano's JSON lines; by default `label`.
    pub label_field: Option<String>,
}

/// Writes documents one after another. See [`Format::can_be_written`].
pub struct Writer<W: Write> {
    out: W,
    format: Box<dyn WriteFormat>,
    warnings: Warnings,
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Writer").field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Writes many small pieces to `out`: pass a `BufWriter`. Formats of a file for each document are written as a zip.
    ///
    /// # Errors
    /// `option_invalid` for a format that is read only.
    pub fn new(format: Format, out: W, options: &WriteOptions) -> Result<Self, Error> {
        let writer: Box<dyn WriteFormat> = match format {
            Format::Text => Box::new(plain_text::Writer::default()),
            Format::Jsonl => Box::new(jsonl::Writer),
            Format::Doccano => Box::new(doccano::Writer::new(options)),
            Format::Csv => Box::new(csv::Writer::new(b',', options)),
            Format::Tsv => Box::new(csv::Writer::new(b'\t', options)),
            Format::BiocXml => Box::new(bioc_xml::Writer::default()),
            Format::BiocJson => Box::new(bioc_json::Writer::default()),
            Format::Pubtator => Box::new(pubtator::Writer::default()),
            Format::Brat => Box::new(Zipped::new(brat::files)),
            Format::Pubannotation => Box::new(pubannotation::Writer::default()),
            Format::Conll => Box::new(conll::Writer::default()),
            Format::WebAnnotation => Box::new(web_annotation::Writer::default()),
            Format::CasJson => Box::new(Zipped::new(cas_json::files)),
            Format::LabelStudio => Box::new(label_studio::Writer::default()),
            Format::Spacy => Box::new(spacy::Writer),
            Format::Table => Box::new(table::Writer::default()),
            Format::Html => Box::new(html::Writer::default()),
            Format::Medline | Format::Pubmed | Format::Jats => {
                let reason = format!("files of the format {} are read, not written", format.name());
                return Err(Error::option_invalid("to", reason));
            }
        };
        Ok(Writer { out, format: writer, warnings: Warnings::default() })
    }

    /// Writes a document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn document(&mut self, document: &Document) -> io::Result<()> {
        self.format.document(&mut self.out, document, &mut self.warnings)
    }

    /// Writes the error of a document that failed, where the format has a place for it; `text` is its text, if it could be read.
    ///
    /// # Errors
    /// Those of the output.
    pub fn failure(&mut self, id: &str, text: Option<&str>, error: &Error) -> io::Result<()> {
        self.format.failure(&mut self.out, Failed { id, text, error }, &mut self.warnings)
    }

    /// Ends the output, and says what it does not hold.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<(W, Warnings)> {
        self.format.finish(&mut self.out)?;
        self.out.flush()?;
        Ok((self.out, self.warnings))
    }
}

/// A zip of the files of all documents. A name that comes twice gets a number.
struct Zipped {
    files: fn(&Document, &mut Warnings) -> Vec<WrittenFile>,
    zip: ZipWriter<Cursor<Vec<u8>>>,
    stems: HashSet<String>,
}

impl Zipped {
    fn new(files: fn(&Document, &mut Warnings) -> Vec<WrittenFile>) -> Self {
        Zipped { files, zip: ZipWriter::new(Cursor::new(Vec::new())), stems: HashSet::new() }
    }
}

impl WriteFormat for Zipped {
    fn document(&mut self, _: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let stem = unused_stem(&mut self.stems, file_stem(&document.id));
        for WrittenFile { extension, content } in (self.files)(document, warnings) {
            self.zip.start_file(format!("{stem}.{extension}"), SimpleFileOptions::default())?;
            self.zip.write_all(&content)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let zip = std::mem::replace(&mut self.zip, ZipWriter::new(Cursor::new(Vec::new())));
        out.write_all(&zip.finish()?.into_inner())
    }
}

/// The stem, with a number if it has been used in any case; it is used then.
pub fn unused_stem(stems: &mut HashSet<String>, stem: String) -> String {
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    // Names of a file system that does not tell `A` from `a`.
    let free = std::iter::once(stem.clone()).chain(numbered).find(|stem| stems.insert(stem.to_lowercase()));
    free.unwrap_or(stem)
}

/// A document's id as the name of a file on any system: letters, digits, `.`, `-` and `_`, at most 100 characters.
pub fn file_stem(id: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let stem: String = id.chars().take(100).map(plain).collect();
    let stem = stem.trim_matches('.');
    if stem.is_empty() {
        "document".to_string()
    } else {
        stem.to_string()
    }
}

/// The files of a document in a format that has a file for each document; none for other formats.
pub fn files(format: Format, document: &Document, warnings: &mut Warnings) -> Vec<WrittenFile> {
    match format {
        Format::Brat => brat::files(document, warnings),
        Format::CasJson => cas_json::files(document, warnings),
        _ => Vec::new(),
    }
}
