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

use serde::{Deserialize, Serialize};

use crate::Error;

pub use cell::{from_cell, to_cell};
pub use detect::{detect, detect_bytes, Content, Kind};
pub use document::{By, Document, Info, Mention, Passage, Span, Who};
pub use files::{read_files, Files, FilesOptions, NamedFile};
pub use html::rich_text;
pub use input::Input;
pub use json_line::Object as JsonObject;
pub use reading::ReadingText;
pub use text_index::{Place, TextIndex, Unit};
pub use warnings::Warnings;
pub use writer::{file_stem, files, unused_stem, WriteOptions, Writer, WrittenFile, FAILED};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Plain text: the file is a document.
    Text,
    /// JSON lines of Glossa.
    Jsonl,
    /// JSON lines of doccano.
    Doccano,
    /// CSV: a row a document when read, a row a mention when written.
    Csv,
    /// As [`Format::Csv`], with tabs.
    Tsv,
    /// MEDLINE, as PubMed exports it (`.nbib`).
    Medline,
    /// PubMed's XML.
    Pubmed,
    /// JATS XML, as PubMed Central has it.
    Jats,
    /// BioC XML.
    BiocXml,
    /// BioC JSON.
    BiocJson,
    /// PubTator.
    Pubtator,
    /// brat's standoff: a `.txt` and an `.ann` a document, or a zip of many.
    Brat,
    /// PubAnnotation JSON.
    Pubannotation,
    /// CoNLL-2003: a token a line with its IOB label.
    Conll,
    /// W3C Web Annotation (JSON-LD).
    WebAnnotation,
    /// UIMA CAS JSON 0.4: a file a document.
    CasJson,
    /// Tasks of Label Studio.
    LabelStudio,
    /// Training data of spaCy as JSON lines.
    Spacy,
    /// A page that stands alone, to read and print.
    Html,
    /// Aligned columns for people, with a heading per document.
    Table,
}

/// What a format is called and can do.
struct Properties {
    name: &'static str,
    title: &'static str,
    /// The ends of file names, without a dot, the first of which is given to new files.
    extensions: &'static [&'static str],
    reads: bool,
    writes: bool,
    /// Whether each document is a file, so that several are a zip or a folder.
    file_per_document: bool,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 20] = [
        Format::Text,
        Format::Jsonl,
        Format::Doccano,
        Format::Csv,
        Format::Tsv,
        Format::Medline,
        Format::Pubmed,
        Format::Jats,
        Format::BiocXml,
        Format::BiocJson,
        Format::Pubtator,
        Format::Brat,
        Format::Pubannotation,
        Format::Conll,
        Format::WebAnnotation,
        Format::CasJson,
        Format::LabelStudio,
        Format::Spacy,
        Format::Html,
        Format::Table,
    ];

    fn properties(self) -> Properties {
        let of = |name, title, extensions, reads, writes| Properties {
            name,
            title,
            extensions,
            reads,
            writes,
            file_per_document: false,
        };
        match self {
            Format::Text => of("text", "plain text", &["txt"], true, true),
            Format::Jsonl => of("jsonl", "JSON lines", &["jsonl", "ndjson", "jsonlines"], true, true),
            Format::Doccano => of("doccano", "JSON lines of doccano", &["doccano.jsonl"], true, true),
            Format::Csv => of("csv", "CSV", &["csv"], true, true),
            Format::Tsv => of("tsv", "TSV", &["tsv"], true, true),
            Format::Medline => of("medline", "MEDLINE", &["nbib", "medline"], true, false),
            Format::Pubmed => of("pubmed", "PubMed XML", &["pubmed.xml"], true, false),
            Format::Jats => of("jats", "JATS XML", &["nxml", "jats.xml"], true, false),
            Format::BiocXml => of("bioc-xml", "BioC XML", &["bioc.xml"], true, true),
            Format::BiocJson => of("bioc-json", "BioC JSON", &["bioc.json"], true, true),
            Format::Pubtator => of("pubtator", "PubTator", &["pubtator"], true, true),
            Format::Brat => {
                Properties { file_per_document: true, ..of("brat", "annotations of brat", &["ann"], true, true) }
            }
            Format::Pubannotation => of("pubannotation", "PubAnnotation JSON", &["pubannotation.json"], true, true),
            Format::Conll => of("conll", "CoNLL", &["conll", "iob", "iob2"], true, true),
            Format::WebAnnotation => of("web-annotation", "Web Annotation", &["jsonld"], false, true),
            Format::CasJson => {
                Properties { file_per_document: true, ..of("cas-json", "UIMA CAS JSON", &["cas.json"], false, true) }
            }
            Format::LabelStudio => of("label-studio", "tasks of Label Studio", &["label-studio.json"], false, true),
            Format::Spacy => of("spacy", "JSON lines of spaCy", &["spacy.jsonl"], false, true),
            Format::Html => of("html", "HTML", &["html"], false, true),
            Format::Table => of("table", "a table for people", &[], false, true),
        }
    }

    /// The name in options, as in `pubtator`.
    pub fn name(self) -> &'static str {
        self.properties().name
    }

    /// The format of a name.
    pub fn of_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that a file's name says it has, by the longest end that is known; `.xml` and `.json` say none.
    pub fn of_file_name(name: &str) -> Option<Format> {
        let name = name.to_lowercase();
        let ends = |end: &&str| {
            name.len() > end.len() + 1 && name.ends_with(end) && name[..name.len() - end.len()].ends_with('.')
        };
        let longest =
            |format: &Format| format.properties().extensions.iter().filter(|end| ends(end)).map(|end| end.len()).max();
        Format::ALL
            .into_iter()
            .filter_map(|format| Some((longest(&format)?, format)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, format)| format)
    }

    /// The name in words, as in "PubTator".
    pub fn title(self) -> &'static str {
        self.properties().title
    }

    /// The end of the names of new files, without a dot.
    pub fn extension(self) -> &'static str {
        self.properties().extensions.first().unwrap_or(&"txt")
    }

    /// Whether [`read`] reads it.
    pub fn can_be_read(self) -> bool {
        self.properties().reads
    }

    /// Whether [`Writer`] writes it.
    pub fn can_be_written(self) -> bool {
        self.properties().writes
    }

    /// Whether each document is a file of its own: several are a zip, or a folder.
    pub fn is_file_per_document(self) -> bool {
        self.properties().file_per_document
    }
}

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
