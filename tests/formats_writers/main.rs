//! JSON lines, doccano, tables, plain text, and the formats that are written only, through the library's door.

mod folder;
mod json_lines;
mod page;
mod random;
mod tables;
mod written;

use glossa_ner::formats::{
    read, By, Document, Format, Input, Mention, Passage, ReadOptions, Record, Span, TextIndex, Unit, Warnings, Who,
    WriteOptions, Writer,
};
use glossa_ner::{ChunkToken, Error, LabelScore};

/// What a format writes, and the warnings.
fn write_with(format: Format, documents: &[Document], options: &WriteOptions) -> (String, Warnings) {
    let mut writer = Writer::new(format, Vec::new(), options).expect("a format that is written");
    for document in documents {
        writer.document(document).expect("memory");
    }
    let (bytes, warnings) = writer.finish().expect("memory");
    (String::from_utf8(bytes).expect("UTF-8"), warnings)
}

fn write(format: Format, documents: &[Document]) -> String {
    write_with(format, documents, &WriteOptions::default()).0
}

fn records(format: Format, file: &str, options: &ReadOptions) -> Vec<Record> {
    let input = Input::new(file.as_bytes(), "f", None).expect("UTF-8");
    read(format, input, options).collect()
}

/// The documents of a file with nothing wrong.
fn documents(format: Format, file: &str) -> Vec<Document> {
    let document = |record: Record| {
        assert_eq!(record.problems, [], "{file}");
        record.document.unwrap_or_else(|error| panic!("{error}"))
    };
    records(format, file, &ReadOptions::default()).into_iter().map(document).collect()
}

/// All errors of a file, those of records and those of their mentions.
fn errors(format: Format, file: &str, options: &ReadOptions) -> Vec<String> {
    let of = |record: Record| record.document.err().into_iter().chain(record.problems);
    records(format, file, options).into_iter().flat_map(of).map(|error| error.to_string()).collect()
}

fn warnings(format: Format, documents: &[Document]) -> String {
    write_with(format, documents, &WriteOptions::default()).1.to_string()
}

/// A mention at the places of texts, each searched behind the one before.
fn mention(text: &str, pieces: &[&str], entity: &str) -> Mention {
    let mut from = 0;
    let mut spans = Vec::new();
    let index = TextIndex::new(text);
    for piece in pieces {
        let begin = from + text[from..].find(piece).expect("a piece of the text");
        from = begin + piece.len();
        let utf16 = |byte| index.at(Unit::Byte, byte).expect("a place").utf16;
        spans.push(Span { begin: utf16(begin), end: utf16(from) });
    }
    Mention { spans, text: pieces.join(" "), entity: entity.into(), ..Mention::default() }
}

fn document(id: &str, text: &str, mentions: &[(&[&str], &str)]) -> Document {
    let mentions = mentions.iter().map(|(pieces, entity)| mention(text, pieces, entity)).collect();
    Document { id: id.into(), text: text.into(), mentions, ..Document::default() }
}

/// Texts that trip formats: letters of one, two, three and four bytes, marks that join with letters, line ends, right to left.
fn plain_samples() -> Vec<Document> {
    let long = "TNF-α binds β-catenin \u{1F9EC} in µ-slides. ".repeat(300_000 / 39);
    vec![
        document("greek", "TNF-α and IFN-γ, 5 µg", &[(&["TNF-α"], "protein"), (&["IFN-γ"], "protein")]),
        document("emoji", "\u{1F9EC}\u{1F9EC} IL-2\u{1F52C} gene", &[(&["IL-2"], "DNA"), (&["gene"], "DNA")]),
        document(
            "combining",
            "e\u{301}toposide a\u{308}nd n\u{303}",
            &[(&["e\u{301}toposide"], "Drug"), (&["n\u{303}"], "x")],
        ),
        document("crlf", "IL-2\r\nbinds\r\n\r\nTax.\r\n", &[(&["IL-2"], "protein"), (&["Tax"], "protein")]),
        document("rtl", "נוגדן נגד IL-2 אל", &[(&["IL-2"], "protein"), (&["נוגדן"], "protein")]),
        document("line ends", "a\u{85}b\u{2028}c\u{2029}d\u{B}\u{C}\u{1C}e", &[(&["b\u{2028}c"], "x")]),
        document("marks <&>", "<b>\"a\" & 'b'</b>, =1+1; \\ \u{0}x", &[(&["\"a\" & 'b'"], "<i>\"'&")]),
        document("empty", "", &[]),
        document("no mentions", "Nothing here.", &[]),
        document("long", &long, &[(&["β-catenin", "β-catenin"][..1], "protein"), (&["µ-slides"], "x")]),
    ]
}

/// Mentions within others, across each other, twice at one place, and in pieces.
fn nested_samples() -> Vec<Document> {
    let text = "left and right β-lungs of \u{1F9EC} IL-2 receptor alpha chain";
    vec![
        document(
            "nested",
            text,
            &[
                (&["IL-2 receptor alpha chain"], "protein"),
                (&["IL-2"], "protein"),
                (&["receptor alpha"], "cross"),
                (&["IL-2"], "DNA"),
                (&["IL-2 receptor"], "family"),
            ],
        ),
        document("pieces", text, &[(&["left", "β-lungs"], "organ"), (&["right β-lungs"], "organ")]),
    ]
}

/// All that a document can hold.
fn full_sample() -> Document {
    let mut full =
        document("full", "Title β\nIL-2 binds.", &[(&["IL-2"], "protein"), (&["β"], "x"), (&["binds"], "y")]);
    let info = |key: &str, value: &str| [(key.to_string(), value.to_string())].into();
    full.passages = vec![
        Passage { begin: 0, end: 7, kind: Passage::TITLE.into(), offset: Some(0), info: info("section", "T") },
        Passage { begin: 8, end: 19, kind: String::new(), offset: None, info: Default::default() },
    ];
    full.info = info("year", "2026");
    full.truncated_from = Some(12);
    full.precision = Some("int8".into());
    full.mentions[0] = Mention {
        confidence: Some(0.98),
        result: Some("IL-2 ".into()),
        id: Some("T1".into()),
        identifier: Some("NCBIGene:3558".into()),
        by: By { who: Who::Model, name: Some("cellular".into()) },
        time: Some("2026-11-27T03:00:00Z".into()),
        info: info("note", "a \"b\""),
        ..full.mentions[0].clone()
    };
    full.mentions[1].by = By { who: Who::Person, name: Some("Ada".into()) };
    full.mentions[2].by.who = Who::Person;
    full
}

fn samples() -> Vec<Document> {
    let mut samples = plain_samples();
    samples.extend(nested_samples());
    samples.push(full_sample());
    samples
}
