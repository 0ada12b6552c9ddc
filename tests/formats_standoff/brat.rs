use std::io::{Cursor, Write};

use glossa_ner::formats::{
    files, read_brat_pair, read_files, Document, FilesOptions, Format, Input, Mention, NamedFile, ReadOptions, Record,
    Unit, Warnings,
};
use zip::write::SimpleFileOptions;
use zip::ZipWriter;

use super::texts::{document, hard, judged, mention, records, whole, written};

/// The record of a pair of files.
fn pair(text: &str, annotations: &str) -> Record {
    pair_in(text, annotations, None)
}

fn pair_in(text: &str, annotations: &str, unit: Option<Unit>) -> Record {
    let text = Input::new(text.as_bytes(), "folder/doc.txt", None).expect("text");
    let annotations = Input::new(annotations.as_bytes(), "folder/doc.ann", None).expect("text");
    let mut records: Vec<Record> =
        read_brat_pair(text, annotations, &ReadOptions { unit, ..ReadOptions::default() }).collect();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

/// The text and the annotations that are written, and what is lost.
fn both(document: &Document) -> (String, String, String) {
    let mut warnings = Warnings::default();
    let files = files(Format::Brat, document, &mut warnings);
    assert_eq!(files.iter().map(|file| file.extension).collect::<Vec<_>>(), ["txt", "ann"]);
    let text = |at: usize| String::from_utf8(files[at].content.clone()).expect("UTF-8");
    (text(0), text(1), warnings.to_string())
}

/// The records of a zip of brat's files.
fn of_zip(name: &str, zip: &[u8]) -> Vec<Record> {
    let options = FilesOptions { format: Some(Format::Brat), ..FilesOptions::default() };
    read_files(vec![NamedFile::of_bytes(name, zip.to_vec())], &options).collect()
}

fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(*path, SimpleFileOptions::default()).expect("memory");
        zip.write_all(content.as_bytes()).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

const TEXT: &str = "\u{1F9EC} TNF-α in left and right atrium,\nNF-kappa\nB too\n";
const ANNOTATIONS: &str = "T1\tprotein 2 7\tTNF-α\nN1\tReference T1 UniProt:P01375\ttumor necrosis factor\n\
    N2\tReference T1 Gene:7124\tTNF-α\n#1\tAnnotatorNotes T1\tseen twice\n#2\tAnnotatorNotes T1\tonce {more}\n\
    T2\tOrgan 11 15;26 32\tleft atrium\nT7\tprotein 34 42;43 44\tNF-kappa B\n";

#[test]
fn mentions_are_read_with_pieces_identifiers_and_notes() {
    let read = whole(pair(TEXT, ANNOTATIONS));
    assert_eq!((read.id.as_str(), read.text.as_str()), ("doc", TEXT));
    let found: Vec<(Option<&str>, usize, usize, usize, &str)> = read
        .mentions
        .iter()
        .map(|mention| {
            (mention.id.as_deref(), mention.spans.len(), mention.begin(), mention.end(), mention.text.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (Some("T1"), 1, 3, 8, "TNF-α"),
            (Some("T2"), 2, 12, 33, "left atrium"),
            // A span over a line break is in pieces in the file only.
            (Some("T7"), 1, 35, 45, "NF-kappa\nB"),
        ]
    );
    assert_eq!(read.mentions[0].identifier.as_deref(), Some("UniProt:P01375;Gene:7124"));
    assert_eq!(read.mentions[0].info["note"], "seen twice\nonce {more}");
    let (text, annotations, warnings) = both(&read);
    assert_eq!((text.as_str(), annotations.as_str()), (TEXT, ANNOTATIONS));
    assert_eq!(warnings, "mentions over line breaks, which are written in pieces: 1");
}

#[test]
fn what_the_format_holds_comes_back() {
    for mut document in hard() {
        if document.id == "crlf" {
            continue;
        }
        for (at, mention) in document.mentions.iter_mut().enumerate() {
            mention.id = Some(format!("T{}", at + 4));
            *mention = judged(mention.clone());
        }
        if let Some(first) = document.mentions.first_mut() {
            first.identifier = Some("no reference".to_string());
            first.id = Some("a-1".to_string());
            first.result = Some("x\u{2028}y".to_string());
            first.info.insert("infon".to_string(), "v\nw".to_string());
            first.info.insert("note".to_string(), "by hand".to_string());
        }
        let (text, annotations, _) = both(&document);
        assert_eq!(text, document.text);
        let read = whole(pair(&text, &annotations));
        assert_eq!(Document { id: document.id.clone(), ..read }, document);
        assert!(annotations.lines().all(|line| line.split('\t').count() == 3), "{annotations}");
    }
}

#[test]
fn offsets_are_right_with_carriage_returns_counted_or_not() {
    let crlf = &hard()[3];
    let (text, annotations, warnings) = both(crlf);
    assert!(!text.contains('\r') && text.encode_utf16().count() == crlf.text.encode_utf16().count());
    assert!(warnings.contains("carriage returns, which become blanks or line feeds: 4"), "{warnings}");
    let read = whole(pair(&text, &annotations));
    let spans = |document: &Document| document.mentions.iter().map(|mention| mention.spans.clone()).collect::<Vec<_>>();
    assert_eq!(spans(&read), spans(crlf));

    let counted = pair("a\r\nIL-2", "T1\tX 3 7\tIL-2\n");
    assert_eq!((counted.warnings.to_string(), whole(counted).text.as_str()), (String::new(), "a\r\nIL-2"));
    let not_counted = pair("a\r\nIL-2", "T1\tX 2 6\tIL-2\n");
    assert!(not_counted.warnings.to_string().starts_with("texts with carriage returns that the offsets do not count"));
    assert_eq!(whole(not_counted).text, "a\nIL-2");
}

#[test]
fn names_and_ids_are_given_where_there_are_none() {
    let text = "IL-2 and IL-3";
    let mut document = document("x", text, &[("IL-2", "cell type"), ("IL-3", ""), ("and", "Word")]);
    document.mentions[1].id = Some("T1".to_string());
    document.mentions.push(Mention { spans: Vec::new(), ..Mention::default() });
    document.mentions.push(mention("IL-2 and IL-3", &[(4, 5)], "Blank"));
    document.mentions[4].spans[0].end = 99;
    let (_, annotations, warnings) = both(&document);
    assert_eq!(annotations, "T2\tcell_type 0 4\tIL-2\nT1\tEntity 9 13\tIL-3\nT3\tWord 5 8\tand\n");
    assert_eq!(
        warnings,
        "mentions without a place in the text, which are left out: 2; names of entities with blanks or without characters, which \
         are changed: 2"
    );
}

#[test]
fn bad_lines_are_told_and_the_rest_is_read() {
    let annotations = "T1\tprotein 0 4\tIL-3\nT2\tprotein 0 4\tIL-2\nT2\tprotein 9 13\tIL-4\nT3\tprotein zero 4\tIL-2\n\
        R1\tbinds Arg1:T1 Arg2:T2\t\nE1\tExpression:T1 Theme:T2\nA1\tNegation E1\nM1\tSpeculation E1\n*\tEquiv T1 T2\n\
        #1\tAnnotatorNotes R1\tno\n#2\tAnnotatorNotes T9\tgone\n#3\tAnnotatorNotes\nwhat is this\nT5\tprotein 40 50\tIL-2\n\n";
    let read = pair("IL-2 and IL-4", annotations);
    assert_eq!(read.document.as_ref().expect("a document").mentions.len(), 2);
    let problems: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
    let begins = [
        "folder/doc.ann:3: T2 has stood above",
        "folder/doc.ann:4: a mention has the form",
        "folder/doc.ann:12: a note has the form",
        "folder/doc.ann:13: the line is none of brat's",
        "folder/doc.ann:11: it is of T9, which the file does not have",
        "folder/doc.ann:1: at 0 to 4, in code points, its text is \"IL-2\", not \"IL-3\"",
        "folder/doc.ann:14: 40 to 50 is no place in its text",
    ];
    assert_eq!(problems.len(), begins.len(), "{problems:#?}");
    for (problem, begin) in problems.iter().zip(begins) {
        assert!(problem.starts_with(begin), "{problem:?} does not begin with {begin:?}");
    }
    assert_eq!(
        read.warnings.to_string(),
        "attributes, which are not read: 2; equivalences, which are not read: 1; events, which are not read: 1; notes and \
         identifiers of what is not read: 1; relations, which are not read: 1"
    );
}

#[test]
fn another_unit_is_offered_and_taken_when_asked_for() {
    let annotations = "T1\tprotein 3 7\tIL-2\n";
    let error = pair("\u{1F9EC} IL-2", annotations).problems[0].to_string();
    assert!(error.ends_with("read it with the offset unit utf-16"), "{error}");
    assert_eq!(whole(pair_in("\u{1F9EC} IL-2", annotations, Some(Unit::Utf16))).mentions[0].begin(), 3);
}

#[test]
fn a_zip_is_written_and_read() {
    let mut all: Vec<Document> = hard().into_iter().filter(|document| document.id != "crlf").collect();
    for document in &mut all {
        for (at, mention) in document.mentions.iter_mut().enumerate() {
            mention.id = Some(format!("T{}", at + 1));
        }
    }
    let (zip, _) = written(Format::Brat, &all);
    let read: Vec<Document> = of_zip("all.zip", &zip).into_iter().map(whole).collect();
    assert_eq!(read, all);
}

#[test]
fn a_zip_without_texts_says_so() {
    let (zip, warnings) = written(Format::Brat, &[]);
    assert!(warnings.is_empty());
    assert_eq!(of_zip("none.zip", &zip), []);
    let read = of_zip("other.zip", &zip_of(&[("notes.md", "x")]));
    assert_eq!(read.len(), 1);
    let error = read[0].document.as_ref().expect_err("no document").to_string();
    assert!(error.starts_with("other.zip/notes.md: a document of brat is two files"), "{error}");
}

#[test]
fn folders_of_a_zip_are_in_ids_unless_all_share_them() {
    let zip = zip_of(&[
        ("corpus/a/1.txt", "IL-2"),
        ("corpus/a/1.ann", "T1\tX 0 4\tIL-2\n"),
        ("corpus/annotation.conf", "[entities]"),
        ("corpus/b/1.ann", "T1\tX 0 4\tIL-2\n"),
        ("corpus/b/2.TXT", "not annotated"),
        ("__MACOSX/corpus/a/._1.txt", "x"),
    ]);
    let read = of_zip("z.zip", &zip);
    let ids: Vec<_> =
        read.iter().map(|record| record.document.as_ref().map(|document| document.id.clone()).ok()).collect();
    assert_eq!(ids, [Some("a/1".to_string()), None, Some("b/2".to_string())]);
    let error = read[1].document.as_ref().expect_err("half a pair").to_string();
    assert!(error.starts_with("z.zip/corpus/b/1.ann: ") && error.contains("the .txt is missing"), "{error}");
    assert_eq!(read[2].document.as_ref().expect("a text").mentions, []);
}

#[test]
fn hostile_and_damaged_zips_are_refused() {
    let error = |zip: &[u8], at: usize| {
        let read = of_zip("z.zip", zip);
        read[at].document.as_ref().expect_err("an error").to_string()
    };
    assert!(error(&zip_of(&[("../../x.txt", "y")]), 0).contains("it names a place outside itself"));
    // The directory says of the first file that it is 1 GiB.
    let mut zip = zip_of(&[("bomb.txt", "IL-2"), ("b.txt", "fine")]);
    let entry = zip.windows(4).position(|four| four == b"PK\x01\x02").expect("a directory");
    zip[entry + 24..entry + 28].copy_from_slice(&(1u32 << 30).to_le_bytes());
    assert!(error(&zip, 0).contains("it would unpack to 1073741824 bytes"), "{}", error(&zip, 0));
    assert!(of_zip("z.zip", &zip)[1].document.is_ok());
    let mut damaged = zip_of(&[("a.txt", "IL-2 binds IL-2"), ("b.txt", "fine")]);
    damaged[36] ^= 0xFF;
    assert!(error(&damaged, 0).starts_with("z.zip/a.txt: invalid archive"), "{}", error(&damaged, 0));
    let whole = zip_of(&[("a.txt", "IL-2")]);
    assert!(error(&whole[..whole.len() - 10], 0).starts_with("z.zip: invalid archive"));
    let not_text = [&b"PK\x03\x04"[..], &[0; 100]].concat();
    assert!(error(&not_text, 0).starts_with("z.zip: invalid archive"));
}

#[test]
fn a_zip_of_ten_thousand_files_is_read() {
    let texts: Vec<(String, String)> = (0..10_000)
        .map(|at| match at % 2 {
            0 => (format!("{at}.txt"), "IL-2 binds".to_string()),
            _ => (format!("{}.ann", at - 1), "T1\tX 0 4\tIL-2\n".to_string()),
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    let read = of_zip("z.zip", &zip_of(&files));
    assert_eq!(read.len(), 5_000);
    assert!(read.iter().all(|record| record.document.as_ref().is_ok_and(|document| document.mentions.len() == 1)));
}

#[test]
fn half_a_pair_is_told_what_is_missing() {
    for (name, missing) in [("x.ann", "the .txt is missing"), ("x.txt", "the .ann is missing")] {
        let read = records(Format::Brat, name, b"T1\tX 0 4\tIL-2\n");
        let error = read[0].document.as_ref().expect_err("half").to_string();
        assert!(
            error.starts_with(&format!("{name}: a document of brat is two files")) && error.contains(missing),
            "{error}"
        );
    }
}
