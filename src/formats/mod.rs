//! The file formats of annotated texts: each is read into [`Document`]s and written from them by a module of its own.
//!
//! [`read`] gives the documents of a file one by one, [`Writer`] takes them one by one. What a format cannot hold is written as
//! it allows, and said in [`Warnings`].

mod bioc;
mod bioc_json;
mod bioc_xml;
mod brat;
mod cas_json;
mod cell;
mod conll;
mod csv;
mod detect;
mod doccano;
mod document;
mod files;
mod html;
mod input;
mod jats;
mod json_items;
mod json_line;
mod json_text;
mod jsonl;
mod label_studio;
mod losses;
mod marks;
mod medline;
mod placing;
mod plain_text;
mod prose;
mod pubannotation;
mod pubmed_xml;
mod pubtator;
mod reading;
mod spacy;
mod table;
mod text_index;
mod warnings;
mod web_annotation;
mod writer;
mod xml;
mod xml_records;

use crate::Error;

pub use crate::format::Format;
pub use cell::{from_cell, to_cell};
pub use detect::{detect, detect_bytes, Content, Kind};
pub use document::{By, Document, Info, Mention, Passage, Span, Who};
pub use files::{read_files, Files, FilesOptions, NamedFile};
pub use html::rich_text;
pub use input::Input;
#[cfg(all(feature = "cli", not(target_arch = "wasm32")))]
pub(crate) use json_line::Object as JsonObject;
pub use reading::ReadingText;
pub use text_index::{Place, TextIndex, Unit};
pub use warnings::Warnings;
pub use writer::{file_stem, files, unused_stem, WriteOptions, Writer, WrittenFile, FAILED};

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The field or column of the text; by default the first of the usual names that there is.
    pub text_field: Option<String>,
    /// The field or column of the id; likewise.
    pub id_field: Option<String>,
    /// What offsets count, for files that do not keep to their format's unit.
    pub unit: Option<Unit>,
}

/// A record of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The file, and the line where the record begins if that is known: `file:line`.
    pub place: String,
    /// The id of a record that has one, but no document that could be read.
    pub id: Option<String>,
    /// Its document, or why there is none.
    pub document: Result<Document, Error>,
    /// What of the document could not be read, such as a mention that is not where its offsets say: the rest is there.
    pub problems: Vec<Error>,
    /// What was left out because a [`Document`] has no place for it.
    pub warnings: Warnings,
}

impl Record {
    /// A record with nothing wrong.
    fn new(place: impl Into<String>, document: Document) -> Self {
        Record {
            place: place.into(),
            id: None,
            document: Ok(document),
            problems: Vec::new(),
            warnings: Warnings::default(),
        }
    }

    /// A record that cannot be read.
    fn failed(place: impl Into<String>, error: Error) -> Self {
        Record {
            place: place.into(),
            id: None,
            document: Err(error),
            problems: Vec::new(),
            warnings: Warnings::default(),
        }
    }

    /// The name of the document: its id, or where it stands.
    pub fn name(&self) -> &str {
        match &self.document {
            Ok(document) => &document.id,
            Err(_) => self.id.as_ref().unwrap_or(&self.place),
        }
    }
}

/// The records of a file, in its order. They are read one at a time, as far as the format allows.
pub type Records<'r> = Box<dyn Iterator<Item = Record> + 'r>;

/// Reads a file. What is wrong with a record is told in its place, and the next one follows where the format has a next one; what
/// is wrong with the file is told by a record, the last. A format that cannot be read is such an error too.
pub fn read<'r>(format: Format, input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    match format {
        Format::Text => plain_text::read(input),
        Format::Jsonl => jsonl::read(input, options),
        Format::Doccano => doccano::read(input, options),
        Format::Csv => csv::read(input, b',', options),
        Format::Tsv => csv::read(input, b'\t', options),
        Format::Medline => medline::read(input),
        Format::Pubmed => pubmed_xml::read(input),
        Format::Jats => jats::read(input),
        Format::BiocXml => bioc_xml::read(input, options),
        Format::BiocJson => bioc_json::read(input, options),
        Format::Pubtator => pubtator::read(input, options),
        Format::Brat => brat::read(input),
        Format::Pubannotation => pubannotation::read(input, options),
        Format::Conll => conll::read(input),
        Format::WebAnnotation
        | Format::CasJson
        | Format::LabelStudio
        | Format::Spacy
        | Format::Html
        | Format::Table => {
            let reason = format!("files of the format {} are written, not read", format.name());
            let error = input.invalid(reason);
            Box::new(std::iter::once(Record::failed(input.name, error)))
        }
    }
}

/// The records of a text and its annotations in brat's standoff; `name` is that of the text's file. See [`Format::Brat`].
pub fn read_brat_pair<'r>(text: Input<'r>, annotations: Input<'r>, options: &ReadOptions) -> Records<'r> {
    brat::read_pair(text, annotations, options)
}
