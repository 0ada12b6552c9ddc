//! What file formats there are: their names, and what can be done with each.

use serde::{Deserialize, Serialize};

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
pub(crate) struct Properties {
    name: &'static str,
    title: &'static str,
    /// The ends of file names, without a dot, the first of which is given to new files.
    pub(crate) extensions: &'static [&'static str],
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

    pub(crate) fn properties(self) -> Properties {
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

    /// Whether [`formats::read`](crate::formats::read) reads it.
    pub fn can_be_read(self) -> bool {
        self.properties().reads
    }

    /// Whether [`formats::Writer`](crate::formats::Writer) writes it.
    pub fn can_be_written(self) -> bool {
        self.properties().writes
    }

    /// Whether each document is a file of its own: several are a zip, or a folder.
    pub fn is_file_per_document(self) -> bool {
        self.properties().file_per_document
    }
}
