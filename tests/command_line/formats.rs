//! Any format in, any format out: `glossa annotate`, `convert`, `eval` and `compare` with the field's files.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::common::{repository, tiny_path, TemporaryFolder};
use crate::program::glossa;
use flate2::{write::GzEncoder, Compression};
use serde_json::Value;

/// Exit code, output and messages.
fn run(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let output = glossa(arguments, input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn annotate(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    run(&[&["annotate", "--model", &tiny_path(), "--to", "jsonl"], arguments].concat(), input)
}

fn json(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn ids(lines: &str) -> Vec<String> {
    json(lines).iter().map(|line| line["id"].as_str().expect("an id").to_string()).collect()
}

/// The texts of a document's chunks, each of which is at its place.
fn found(document: &Value) -> Vec<String> {
    let units: Vec<u16> = document["text"].as_str().expect("a text").encode_utf16().collect();
    let chunks = document["chunks"].as_array().expect("chunks").iter();
    let text = |chunk: &Value| {
        let at = |side: &str| usize::try_from(chunk[side].as_u64().expect("an offset")).expect("an offset");
        let there = String::from_utf16(&units[at("begin")..at("end")]).expect("a text");
        assert_eq!(there, chunk["text"].as_str().expect("a text"));
        there
    };
    chunks.map(text).collect()
}

const PUBTATOR: &str =
    "1001|t|IL-2 gene \u{1F9EC} \u{3b2}\n1001|a|CD28 binds NF-kappa B.\n1001\t14\t18\tCD28\tGene\t940\n\n\
                        1002|t|CD28 signalling\n1002|a|\n\n";
const NBIB: &str =
    "PMID- 7\nTI  - IL-2 gene expression\nAB  - CD28 binds\n      NF-kappa B.\n\nPMID- 8\nTI  - CD28\n\n";

#[test]
fn each_of_the_fields_formats_is_read() {
    let case = |name: &str| repository("tests/texts/formats-of-the-field").join(name).display().to_string();
    for (name, format) in [
        ("pubtator.txt", "pubtator"),
        ("bioc.json", "bioc-json"),
        ("bioc.xml", "bioc-xml"),
        ("medline.nbib", "medline"),
        ("pubmed.xml", "pubmed"),
    ] {
        let flags: &[&str] = if name.ends_with(".txt") { &["--from", format] } else { &[] };
        let (code, out, messages) = annotate(&[flags, &[&case(name)]].concat(), b"");
        assert_eq!(code, 0, "{name}: {messages}");
        let documents = json(&out);
        assert!(!documents.is_empty(), "{name}");
        assert!(documents.iter().flat_map(found).any(|text| text.starts_with("IL-2")), "{name}: {out}");
        // Without a name it is not guessed, and what to say is told.
        let content = fs::read(case(name)).expect("a file");
        let (code, _, messages) = annotate(&[], &content);
        assert!(code == 1 && messages.contains(&format!("--from {format}")), "{name}: {messages}");
        let (code, from_stdin, messages) = annotate(&["--from", format], &content);
        assert_eq!((code, json(&from_stdin).len()), (0, documents.len()), "{name}: {messages}");
    }
}

#[test]
fn nothing_goes_over_the_end_of_a_title() {
    let (_, out, _) = annotate(&["--from", "pubtator", "--document-structure", "true"], PUBTATOR.as_bytes());
    let documents = json(&out);
    assert_eq!(ids(&out), ["1001", "1002"]);
    assert_eq!(documents[0]["text"], "IL-2 gene \u{1F9EC} \u{3b2}\nCD28 binds NF-kappa B.");
    assert!(found(&documents[0]).iter().all(|text| !text.contains('\n')), "{out}");
    assert!(found(&documents[0]).contains(&"CD28".to_string()));
}

#[test]
fn folders_patterns_pairs_and_compressed_files_are_read_in_order() {
    let folder = TemporaryFolder::new("folder");
    fs::create_dir_all(folder.0.join("b/.hidden")).expect("a folder");
    folder.write("a.nbib", NBIB);
    folder.write("b/c.txt", "CD28");
    folder.write("b/d.txt", "IL-2");
    folder.write("b/d.ann", "T1\tDNA 0 4\tIL-2\n");
    folder.write("b/.hidden/x.txt", "no");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(PUBTATOR.as_bytes()).expect("packed");
    folder.write("e.pubtator.gz", gzip.finish().expect("packed"));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("x/one.nbib", NBIB), ("x/two.txt", "IL-2"), ("__MACOSX/._one", "no")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a file");
        zip.write_all(content.as_bytes()).expect("packed");
    }
    folder.write("f.zip", zip.finish().expect("a zip").into_inner());
    let whole = folder.0.display().to_string();
    let (code, out, messages) = annotate(&["--keep", &whole], b"");
    assert_eq!(code, 0, "{messages}");
    let names: Vec<String> = ids(&out)
        .iter()
        .map(|id| Path::new(id).strip_prefix(&whole).map_or(id.clone(), |rest| rest.display().to_string()))
        .collect();
    assert_eq!(names, ["7", "8", "b/c.txt", "d", "1001", "1002", "7", "8", "f.zip/x/two.txt"]);
    let pair = &json(&out)[3];
    assert!(pair["chunks"].as_array().expect("chunks").iter().any(|chunk| chunk["id"] == "T1"), "{pair}");
    let (code, out, _) = annotate(&[&format!("{whole}/**/*.txt")], b"");
    assert_eq!((code, json(&out).len()), (0, 2));
    // The text of annotations is found beside them.
    let (code, out, messages) = annotate(&["--keep", &format!("{whole}/b/d.ann")], b"");
    assert_eq!((code, json(&out).len()), (0, 1), "{messages}");
    let (code, _, messages) = annotate(&[&format!("{whole}/*.xyz")], b"");
    assert_eq!(code, 1);
    assert!(messages.contains("file_missing"), "{messages}");
}

#[test]
fn a_bad_record_is_told_with_its_place_and_the_others_go_on() {
    let folder = TemporaryFolder::new("bad");
    // The second mention is not where it says, the third document has no title or abstract.
    let text = "1|t|IL-2\n1|a|CD28\n1\t0\t4\tIL-2\tGene\t-\n1\t0\t4\tCD28\tGene\t-\n\nfoo\n\n3|t|CD28\n3|a|\n";
    let file = folder.write("bad.pubtator", text);
    let (code, out, messages) = run(&["convert", "--to", "jsonl", &file], b"");
    assert_eq!(code, 2, "{messages}");
    assert!(messages.contains("bad.pubtator:4: ") && messages.contains("bad.pubtator:6: "), "{messages}");
    let documents = json(&out);
    assert_eq!(documents.len(), 3, "{out}");
    assert_eq!((documents[0]["chunks"].as_array().map(Vec::len), &documents[2]["id"]), (Some(1), &"3".into()));
    assert_eq!(documents[1]["error"]["code"], "input_invalid");
    // All is lost only if there is nothing else.
    let (code, _, _) = run(&["convert", &folder.write("none.pdf", "%PDF-1.7")], b"");
    assert_eq!(code, 1);
}

#[test]
fn offsets_in_another_unit_are_told_and_read_when_asked() {
    // The emoji is two UTF-16 code units.
    let text = "1|t|\u{1F9EC} IL-2\n1|a|\n1\t3\t7\tIL-2\tGene\t-\n";
    let (code, _, messages) = run(&["convert", "--from", "pubtator"], text.as_bytes());
    assert_eq!(code, 2);
    assert!(messages.contains("stdin:3: ") && messages.contains("utf-16"), "{messages}");
    let (code, out, messages) = run(&["convert", "--from", "pubtator", "--offset-unit", "utf-16"], text.as_bytes());
    assert_eq!(code, 0, "{messages}");
    assert_eq!(found(&json(&out)[0]), ["IL-2"]);
}

#[test]
fn every_format_that_is_written_is_read_again() {
    let folder = TemporaryFolder::new("again");
    let source = folder.write("s.pubtator", PUBTATOR);
    for (format, file) in [
        ("jsonl", "o.jsonl"),
        ("doccano", "o.doccano.jsonl"),
        ("bioc-xml", "o.bioc.xml"),
        ("bioc-json", "o.bioc.json"),
        ("pubtator", "o.pubtator"),
        ("pubannotation", "o.pubannotation.json"),
        ("brat", "o.zip"),
        ("brat", "o-folder"),
    ] {
        let path = folder.0.join(file).display().to_string();
        let (code, out, messages) = run(&["convert", "--to", format, "--output", &path, &source], b"");
        assert_eq!((code, out.as_str()), (0, ""), "{format}: {messages}");
        let (code, out, messages) = run(&["convert", "--to", "jsonl", &path], b"");
        assert_eq!(code, 0, "{format}: {messages}");
        let documents = json(&out);
        assert_eq!(documents.len(), 2, "{format}: {out}");
        assert_eq!(found(&documents[0]), ["CD28"], "{format}");
        assert_eq!(documents[0]["chunks"][0]["entity"], "Gene", "{format}");
    }
    for format in
        ["csv", "tsv", "conll", "web-annotation", "cas-json", "label-studio", "spacy", "html", "table", "text"]
    {
        let output = glossa(&["convert", "--to", format, &source], b"");
        assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{format}");
    }
    // What is left out is said with counts: scores have no place in PubTator.
    let (_, _, messages) = run(&["annotate", "--model", &tiny_path(), "--to", "pubtator", &source], b"");
    assert!(messages.contains("glossa: warning: ") && messages.contains("--keep keeps them): 1"), "{messages}");
    let (code, _, messages) = run(&["convert", "--to", "medline", &source], b"");
    assert_eq!(code, 2);
    assert!(messages.contains("known are"), "{messages}");
}

#[test]
fn a_run_that_was_cut_off_goes_on() {
    let folder = TemporaryFolder::new("resume");
    let records: String =
        (0..40).map(|i| format!("{{\"id\": \"d{i}\", \"text\": \"IL-2 gene and CD28, number {i}.\"}}\n")).collect();
    let (source, output) = (folder.write("s.jsonl", &records), folder.0.join("o.jsonl").display().to_string());
    assert_eq!(annotate(&["--output", &output, &source], b"").0, 0);
    let whole = fs::read_to_string(&output).expect("an output");
    // Cut off within a line, at its end, before the first, and not at all.
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let end = lines[..17].concat().len();
    for cut in [end + 30, end, 0, whole.len()] {
        fs::write(&output, &whole[..cut]).expect("a file");
        let (code, out, messages) = annotate(&["--resume", "--output", &output, &source], b"");
        assert_eq!((code, out.as_str()), (0, ""), "{messages}");
        assert_eq!(fs::read_to_string(&output).expect("an output"), whole, "cut at {cut}");
    }
    let other = folder.write("t.jsonl", "{\"id\": \"x\", \"text\": \"IL-2\"}\n");
    let (code, _, messages) = annotate(&["--resume", "--output", &output, &other], b"");
    assert_eq!(code, 1);
    assert!(messages.contains("option_invalid") && messages.contains("other input"), "{messages}");
    assert_eq!(fs::read_to_string(&output).expect("an output"), whole, "nothing is lost");
    let (code, _, messages) = run(&["annotate", "--model", &tiny_path(), "--resume", "--to", "csv", &source], b"");
    assert_eq!(code, 1);
    assert!(messages.contains("option_invalid") && messages.contains("jsonl"), "{messages}");
}

#[test]
fn annotated_files_of_any_format_are_measured_and_compared() {
    let folder = TemporaryFolder::new("measured");
    let source = folder.write("s.pubtator", PUBTATOR);
    let annotated = |name: &str, format: &str| {
        let path = folder.0.join(name).display().to_string();
        let (code, _, messages) =
            run(&["annotate", "--model", &tiny_path(), "--to", format, "--output", &path, &source], b"");
        assert_eq!(code, 0, "{messages}");
        path
    };
    let files =
        [annotated("a.jsonl", "jsonl"), annotated("a.bioc.xml", "bioc-xml"), annotated("a.pubtator", "pubtator")];
    for file in &files {
        let (code, out, messages) = run(&["eval", "--model", &tiny_path(), file], b"");
        assert_eq!(code, 0, "{messages}");
        let report: Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
        assert_eq!(report["exact"]["f1"], 1.0, "{file}: {report}");
        let (code, out, messages) = run(&["compare", &files[0], file], b"");
        assert_eq!(code, 0, "{file}: {out}{messages}");
    }
    assert_eq!(run(&["compare", &files[0], &source], b"").0, 1, "the input has another annotation");
}
