//! Texts, and what is said of how to read them.

use std::borrow::Cow;
use std::path::Path;

use glossa_ner::command_line::compare::{compare, EndOffset, Table};
use glossa_ner::command_line::eval::Record;
use glossa_ner::formats::{self, read_files, FilesOptions, Format, NamedFile, ReadOptions, WriteOptions, Writer};
use glossa_ner::pipeline_file::PipelineFile;
use glossa_ner::text::charset::Charset;
use glossa_ner::text::{Document, Tokenizer};
use glossa_ner::{AnnotateOptions, Annotation, Annotator, Mode, Options};
use jdk_regex::{Budget, Error, Matcher, Pattern};

use crate::laws::{self, Reading};
use crate::models::{self, Loaded, STRATEGIES};

/// A text to annotate. Its first line, of four characters, says by which model and with which options.
pub(super) fn text(data: &[u8]) {
    let (head, text) = head(data);
    let at = |place: usize| usize::from(head.get(place).copied().unwrap_or_default());
    let loaded = models::loaded();
    let Loaded { annotator, reading } = &loaded[at(0) % loaded.len()];
    let flag = |bit: usize| at(1) >> bit & 1 == 1;
    let mut options = AnnotateOptions {
        mode: if flag(0) { Mode::Truncate } else { Mode::Window },
        threshold: flag(1).then(|| (at(2) % 100) as f32 / 100.0),
        entities: flag(2).then(|| vec!["DNA".into(), "protein".into()]),
        label_scores: at(3) / 10 % 4,
        ..Default::default()
    };
    if reading.pieces {
        options.aggregation_strategy = Some(STRATEGIES[at(3) % STRATEGIES.len()]);
        options.ignore_labels = flag(3).then(Vec::new);
    } else {
        options.greedy_mode = flag(3);
        options.ignore_stop_words = flag(4).then(|| vec!["-".into(), "in".into(), "\n".into()]);
        options.ner_has_no_schema = flag(5) && !flag(2);
        options.preserve_position = !flag(6);
        options.pad_as_o = at(3) % 2 == 0;
    }
    laws::check_text(annotator, &text, &options, *reading);
    if let Ok(annotation) = annotator.annotate(&text, &options) {
        written_reads_the_same(&text, &annotation);
    }
}

/// What is written of a document is read again as the same chunks, whatever is in its text and its id.
fn written_reads_the_same(text: &str, annotation: &Annotation) {
    let first: String = text.lines().next().unwrap_or_default().chars().take(40).collect();
    let id = if first.trim().is_empty() { "d" } else { first.trim() };
    let write = |format: Format| {
        let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("a writer");
        let document = formats::Document { id: id.to_string(), text: text.to_string(), ..Default::default() };
        let reading = document.reading_text();
        let document = document.annotated(&reading, annotation.clone(), "m");
        writer.document(&document).expect("it is written to memory");
        String::from_utf8(writer.finish().expect("it is written to memory").0).expect("UTF-8")
    };
    write(Format::Table);
    let (json_lines, csv) = (write(Format::Jsonl), write(Format::Csv));
    assert_eq!(json_lines.lines().count(), 1, "a line a document");
    let record = Record::parse(&json_lines, "written").expect("a record");
    assert_eq!(record.text, text, "the text of the record");
    let tables = [json_lines, csv].map(|written| Table::parse(&written, "written", EndOffset::Auto).expect("a table"));
    for table in &tables {
        assert_eq!(table.entries.len(), annotation.chunks.len(), "a row a chunk");
        for (entry, chunk) in table.entries.iter().zip(&annotation.chunks) {
            assert_eq!((entry.begin, entry.end, &entry.entity), (chunk.begin, chunk.end, &chunk.entity), "a row");
            assert_eq!(entry.text.as_ref(), Some(&chunk.text), "a row's text");
            assert_eq!(entry.id, id, "a row's id");
        }
    }
    let [a, b] = &tables;
    let same = compare(a, b, None).expect("tables of one document").is_equal();
    assert!(same, "JSON lines and CSV of the same chunks are equal");
}

/// A file of documents. Its first line, of three characters, says its name, its format if the name is not to say it, and its
/// encoding.
pub(super) fn input(data: &[u8]) {
    const NAMES: [&str; 16] = [
        "a.txt",
        "a",
        "a.jsonl",
        "a.NDJSON",
        "a.csv",
        "a.xml",
        "-",
        "a.nbib",
        "a.json",
        "a.pubtator",
        "a.conll",
        "a.ann",
        "a.zip",
        "a.tsv",
        "a.nxml",
        "a.gz",
    ];
    const CHARSETS: [Option<Charset>; 6] = [
        None,
        Some(Charset::Utf8),
        Some(Charset::Utf16Le),
        Some(Charset::Utf16Be),
        Some(Charset::Latin1),
        Some(Charset::Windows1252),
    ];
    let (head, bytes) = (data.get(..3).unwrap_or_default(), data.get(4..).unwrap_or_default());
    // Digits first, then capitals.
    let at = |place: usize| usize::from(head.get(place).copied().unwrap_or_default().wrapping_sub(b'0'));
    let readable: Vec<Format> = Format::ALL.into_iter().filter(|format| format.can_be_read()).collect();
    let format = (at(1) % (readable.len() + 1)).checked_sub(1).map(|i| readable[i]);
    let options = FilesOptions {
        format,
        recognise: at(2) > 5,
        charset: CHARSETS[at(2) % CHARSETS.len()],
        read: ReadOptions::default(),
    };
    let name = NAMES[at(0) % NAMES.len()];
    let mut documents = Vec::new();
    for record in read_files(vec![NamedFile::of_bytes(name, bytes.to_vec())], &options) {
        if let Ok(document) = record.document {
            document.check().expect("what is read is a document");
            let mentioned = document.mentions.iter().all(|mention| !mention.spans.is_empty());
            assert!(mentioned, "each mention has a place");
            documents.push(document);
        }
    }
    let unmarked = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let insisted = format == Some(Format::Text) && options.charset == Some(Charset::Utf8);
    let is_utf16 = bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\xFF\xFE");
    if let (true, [document], Ok(given)) = (insisted && !is_utf16, &documents[..], std::str::from_utf8(unmarked)) {
        assert!(
            document.text == given || bytes.starts_with(b"PK") || bytes.starts_with(b"\x1F\x8B"),
            "the text as given"
        );
    }
    let have_ids = documents.iter().all(|document| !document.id.trim().is_empty());
    for format in Format::ALL.into_iter().filter(|format| format.can_be_written()) {
        let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("a writer");
        documents.iter().for_each(|document| writer.document(document).expect("it is written to memory"));
        let (written, _) = writer.finish().expect("it is written to memory");
        // What we write we read: whatever was in the document.
        if format.can_be_read() && !matches!(format, Format::Csv | Format::Tsv | Format::Text) {
            let extension = if format.is_file_per_document() { "zip" } else { format.extension() };
            let charset = Some(Charset::Utf8);
            let options = FilesOptions { format: Some(format), charset, ..FilesOptions::default() };
            let records = read_files(vec![NamedFile::of_bytes(format!("a.{extension}"), written)], &options);
            for record in records {
                let name = format.name();
                // BioC tells a document that has no id.
                assert!(record.problems.is_empty() || !have_ids, "{name}: {:?}", record.problems);
                record.document.unwrap_or_else(|error| panic!("{name}: {error}")).check().expect("a document");
            }
        }
    }
}

/// A pipeline file: read, written and read again; its rules cut a text, its options annotate one.
pub(super) fn pipeline(data: &[u8]) {
    const TEXT: &str = "IL-2 gene, treat-\r\nment (of) e\u{301} b\u{1F9EC}; NF-kappa B";
    let Ok(file) = PipelineFile::parse(&String::from_utf8_lossy(data), "pipeline.json") else { return };
    let written = serde_json::to_string(&file).expect("JSON");
    assert_eq!(PipelineFile::parse(&written, "written").as_ref(), Ok(&file), "it reads as it was written: {written}");
    let _ = file.model_path(Path::new("folder/pipeline.json"));
    if let Some(Ok(tokenizer)) = file.options.tokenizer.as_ref().map(Tokenizer::new) {
        let _ = tokenizer.tokenize(&Document::new(TEXT));
    }
    for Loaded { annotator, reading } in [&models::loaded()[0], &models::loaded()[8]] {
        laws::check_text(annotator, TEXT, &file.annotate, *reading);
    }
    if file.options != Options::default() {
        if let Ok(annotator) = Annotator::load(&models::memory(models::bundle()), &file.options) {
            laws::check_text(&annotator, TEXT, &file.annotate, Reading::default());
        }
    }
}

/// A pattern in the first line, and a text to search.
pub(super) fn regex(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (pattern, text) = data.split_once('\n').unwrap_or((&data, "aab \u{1F9EC}e\u{301}-1"));
    let _ = search(pattern, text);
}

/// Finds matches up to the text's end or the budget's.
fn search(pattern: &str, text: &str) -> Result<(), Error> {
    let pattern = Pattern::new(pattern)?;
    let mut matcher = Matcher::new(&pattern);
    let mut budget = Budget::new(text.len(), pattern.instructions());
    let (mut from, mut last) = (0, 0);
    while let Some(found) = matcher.find_from(text, from, last, &mut budget)? {
        assert!(from <= found.start && found.start <= found.end, "{found:?} from {from}");
        assert!(text.is_char_boundary(found.start) && text.is_char_boundary(found.end), "{found:?} cuts a character");
        let next = text[found.end..].chars().next();
        (from, last) = (found.end, found.end);
        match next {
            Some(c) if found.is_empty() => from += c.len_utf8(),
            None => break,
            Some(_) => {}
        }
    }
    Ok(())
}

/// The first line, if it has four characters, and the text behind it.
fn head(data: &[u8]) -> (&[u8], Cow<'_, str>) {
    match data.get(..4) {
        Some(head) => (head, String::from_utf8_lossy(data.get(5..).unwrap_or_default())),
        None => (&[], Cow::Borrowed("")),
    }
}
