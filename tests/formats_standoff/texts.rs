//! Documents that formats trip over, and short ways to read and write.

use std::io::Cursor;

use glossa_ner::formats::{
    read, By, Document, Format, Input, Mention, Passage, ReadOptions, Record, Span, Warnings, Who, WriteOptions, Writer,
};

/// The records of a file.
pub fn records(format: Format, name: &str, file: &[u8]) -> Vec<Record> {
    let input = Input::new(Cursor::new(file.to_vec()), name, None).expect("a file that can be decoded");
    read(format, input, &ReadOptions::default()).collect()
}

/// The documents of a file in which nothing is wrong.
pub fn documents(format: Format, file: &str) -> Vec<Document> {
    records(format, "file", file.as_bytes()).into_iter().map(whole).collect()
}

/// The document of a record in which nothing is wrong.
pub fn whole(record: Record) -> Document {
    assert_eq!(record.problems, [], "{}", record.place);
    record.document.expect("a document")
}

/// What is written of documents, and what is lost.
pub fn written(format: Format, documents: &[Document]) -> (Vec<u8>, Warnings) {
    let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("a format that is written");
    documents.iter().for_each(|document| writer.document(document).expect("memory"));
    writer.finish().expect("memory")
}

/// As [`written`], as text.
pub fn text_of(format: Format, documents: &[Document]) -> (String, String) {
    let (bytes, warnings) = written(format, documents);
    (String::from_utf8(bytes).expect("UTF-8"), warnings.to_string())
}

/// A mention of each place of `part`.
pub fn mentions(text: &str, part: &str, entity: &str) -> Vec<Mention> {
    let utf16 = |byte: usize| text[..byte].encode_utf16().count();
    let all = text.match_indices(part);
    all.map(|(at, _)| mention(text, &[(utf16(at), utf16(at + part.len()))], entity)).collect()
}

/// A mention at places in UTF-16.
pub fn mention(text: &str, spans: &[(usize, usize)], entity: &str) -> Mention {
    let units: Vec<u16> = text.encode_utf16().collect();
    let piece = |(begin, end): &(usize, usize)| String::from_utf16(&units[*begin..*end]).expect("no half characters");
    Mention {
        spans: spans.iter().map(|&(begin, end)| Span { begin, end }).collect(),
        text: spans.iter().map(piece).collect::<Vec<_>>().join(" "),
        entity: entity.to_string(),
        ..Mention::default()
    }
}

/// A document with mentions of each of `parts`.
pub fn document(id: &str, text: &str, parts: &[(&str, &str)]) -> Document {
    let mentions = parts.iter().flat_map(|(part, entity)| mentions(text, part, entity)).collect();
    Document { id: id.to_string(), text: text.to_string(), mentions, ..Document::default() }
}

/// A passage of a kind.
pub fn passage(begin: usize, end: usize, kind: &str) -> Passage {
    Passage { begin, end, kind: kind.to_string(), ..Passage::default() }
}

/// A mention with all fields.
pub fn judged(mention: Mention) -> Mention {
    Mention {
        confidence: Some(0.875),
        identifier: Some("MESH:D003924".to_string()),
        by: By { who: Who::Person, name: Some("Ada L.".to_string()) },
        time: Some("2026-11-27T03:00:00Z".to_string()),
        ..mention
    }
}

/// Texts that offsets and lines go wrong in, each with mentions whose text is unique in it.
pub fn hard() -> Vec<Document> {
    let long = format!("{}β-catenin ends it.", "\u{1F9EC} IL-2 binds. ".repeat(20_000));
    let long_mentions = mention(&long, &[(0, 2)], "Symbol");
    let end = long.encode_utf16().count();
    vec![
        document("greek", "Low TNF-α and 5 µg of β-carotene", &[("TNF-α", "protein"), ("β-carotene", "chemical")]),
        document(
            "emoji",
            "\u{1F9EC} the \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} gene p53 \u{2764}\u{FE0F}",
            &[("p53", "DNA"), ("\u{1F9EC}", "Symbol")],
        ),
        document("marks", "re\u{301}sistance a\u{300} la pe\u{301}nicilline", &[("pe\u{301}nicilline", "Drug")]),
        document(
            "crlf",
            "First line\r\n\r\nIL-2 line\r\nNF-kappa\r\nB line",
            &[("IL-2", "protein"), ("NF-kappa\r\nB", "protein")],
        ),
        document("rtl", "המחקר על \u{5D0}ספירין נמשך", &[("\u{5D0}ספירין", "Drug")]),
        document("empty", "", &[]),
        document("none", "Nothing is here.", &[]),
        Document {
            mentions: vec![
                mention("left and right atrium", &[(0, 4), (15, 21)], "Organ"),
                mention("left and right atrium", &[(9, 21)], "Organ"),
                mention("left and right atrium", &[(15, 21)], "Part"),
            ],
            ..document("pieces", "left and right atrium", &[])
        },
        document("breaks", "one\u{2028}two\u{85}three\ttab\u{B}four", &[("two", "N"), ("three\ttab", "N")]),
        Document {
            mentions: vec![long_mentions, mention(&long, &[(end - 18, end - 9)], "protein")],
            ..document("long", &long, &[])
        },
    ]
}
