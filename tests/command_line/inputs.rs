//! What `glossa` takes as input: encodings, kinds of files, records, and what it does with those that it cannot read.

use crate::common::{repository, tiny_path, TemporaryFolder};
use crate::program::glossa;
use serde_json::Value;

const SENTENCE: &str = "IL-2 gene expression requires NF-kappa B.";

/// Exit code, output and messages of `glossa annotate` with the tiny model.
fn annotate(arguments: &[&str], input: &[u8]) -> (i32, String, String) {
    let model = tiny_path();
    let output = glossa(&[&["annotate", "--model", &model], arguments].concat(), input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A file of `tests/texts`.
fn case(path: &str) -> String {
    repository("tests/texts").join(path).display().to_string()
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    let folder = TemporaryFolder::new("mark");
    let plain = folder.write("plain.txt", SENTENCE);
    let marked = folder.write("marked.txt", format!("\u{FEFF}{SENTENCE}"));
    let little = folder.write("little.txt", utf16(&format!("\u{FEFF}{SENTENCE}"), u16::to_le_bytes));
    let big = folder.write("big.txt", utf16(&format!("\u{FEFF}{SENTENCE}"), u16::to_be_bytes));
    let unmarked = folder.write("unmarked.txt", utf16(SENTENCE, u16::to_le_bytes));
    let (code, out, messages) = annotate(&["--to", "jsonl", &plain, &marked, &little, &big, &unmarked], b"");
    assert_eq!(code, 0, "{messages}");
    let found = json(&out);
    assert_eq!(found.len(), 5);
    for document in &found {
        assert_eq!(document["text"], SENTENCE);
        assert_eq!(document["chunks"], found[0]["chunks"]);
        assert_eq!(document["offsetUnit"], "utf-16");
    }
}

#[test]
fn records_settings_and_gold_may_have_a_byte_order_mark() {
    let ids = |arguments: &[&str]| {
        let (code, out, messages) = annotate(&[&["--to", "jsonl"], arguments].concat(), b"");
        assert_eq!(code, 0, "{messages}");
        json(&out).iter().map(|line| line["id"].as_str().expect("an id").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[&case("bom/bom.jsonl")]), ["a", "b"]);
    assert_eq!(ids(&["--from", "jsonl", &case("bom/bom.jsonl")]), ["a", "b"]);

    let model = tiny_path();
    let output = glossa(&["eval", "--model", &model, &case("bom/eval_bom.jsonl")], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let folder = TemporaryFolder::new("settings");
    let text = folder.write("t.txt", SENTENCE);
    let settings = format!("\u{FEFF}{{\"glossaPipeline\": 1, \"model\": {model:?}, \"format\": \"jsonl\"}}");
    for bytes in [settings.clone().into_bytes(), utf16(&settings, u16::to_le_bytes)] {
        let file = folder.write("p.json", bytes);
        let output = glossa(&["annotate", "--pipeline", &file, &text], b"");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    let table = "id,begin,end,entity,confidence,text\nd,0,4,DNA,,IL-2\n";
    let (a, b) =
        (folder.write("a.csv", table), folder.write("b.csv", utf16(&format!("\u{FEFF}{table}"), u16::to_be_bytes)));
    assert!(glossa(&["compare", &a, &b], b"").status.success());
}

/// The model of the recordings as its folder is, and with a byte order mark before each of its text files.
#[test]
fn a_models_text_files_may_have_a_byte_order_mark() {
    let folder = TemporaryFolder::new("model");
    let source = repository("tests/golden/models/cellular");
    std::fs::create_dir(folder.0.join("assets")).expect("a folder");
    std::fs::copy(source.join("model.onnx"), folder.0.join("model.onnx")).expect("a copy");
    let with = |mark: &str| {
        for name in ["assets/labels.txt", "assets/vocab.txt"] {
            let content = std::fs::read_to_string(source.join(name)).expect("a text file");
            folder.write(name, format!("{mark}{content}"));
        }
        let model = folder.0.display().to_string();
        let output = glossa(&["annotate", "--model", &model, "--to", "csv"], SENTENCE.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert_eq!(with("\u{FEFF}"), with(""));
}

#[test]
fn an_encoding_that_cannot_be_told_is_asked_for() {
    let folder = TemporaryFolder::new("encoding");
    let file = folder.write("latin.txt", b"na\xEFve CD28 cells\n");
    let (code, out, messages) = annotate(&["--to", "jsonl", &file], b"");
    assert_eq!((code, out.as_str()), (1, ""));
    for part in ["input_invalid", "latin.txt: it is not UTF-8: the byte 0xEF at byte 2", "--input-encoding", "latin-1"]
    {
        assert!(messages.contains(part), "{messages}");
    }
    for name in ["latin-1", "windows-1252"] {
        let (code, out, messages) = annotate(&["--to", "jsonl", "--input-encoding", name, &file], b"");
        assert_eq!(code, 0, "{messages}");
        let document = &json(&out)[0];
        assert_eq!(document["text"], "na\u{EF}ve CD28 cells\n");
        assert_eq!((&document["chunks"][0]["begin"], &document["chunks"][0]["text"]), (&6.into(), &"CD28".into()));
    }
    let wide = folder.write("wide.txt", utf16(SENTENCE, u16::to_be_bytes));
    let (code, out, _) = annotate(&["--to", "jsonl", "--input-encoding", "utf-16be", &wide], b"");
    assert_eq!((code, &json(&out)[0]["text"]), (0, &SENTENCE.into()));
    let record = folder.write("gold.jsonl", b"{\"text\": \"na\xEFve CD28\", \"entities\": [[6, 10, \"protein\"]]}");
    let model = tiny_path();
    assert!(glossa(&["eval", "--model", &model, "--input-encoding", "latin-1", &record], b"").status.success());
    assert!(!glossa(&["eval", "--model", &model, &record], b"").status.success());
}

#[test]
fn other_kinds_of_files_are_refused_with_what_to_do() {
    let folder = TemporaryFolder::new("kinds");
    let own = |name: &str, content: &[u8]| folder.write(name, content);
    let cases = [
        (case("formats-of-the-field/pubtator.txt"), "PubTator, not like plain text; --from pubtator reads it"),
        (own("medline.txt", b"PMID- 7\nTI  - IL-2\n"), "MEDLINE, not like plain text; --from medline reads it"),
        (own("tree.xml", b"<?xml version='1.0'?><tree/>"), "XML"),
        (own("records.txt", b"{\"id\": 1, \"abstract\": \"IL-2\"}\n{\"id\": 2}\n"), "--from jsonl"),
        (own("references.txt", b"TY  - JOUR\nTI  - IL-2\nER  - \n"), "RIS"),
        (own("a.ann", b"T1\tprotein 0 4\tIL-2\n"), "the .txt is missing"),
        (own("a.brat.txt", b"T1\tprotein 0 4\tIL-2\n"), "brat"),
        (own("tokens.txt", b"IL-2\tB-DNA\ngene\tI-DNA\nbinds\tO\n"), "CoNLL"),
        (own("page.html", b"<!doctype html><p>IL-2"), "HTML"),
        (own("paper.txt", b"%PDF-1.7\n1 0 obj"), "PDF"),
        (own("paper.docx", b"PK\x03\x04rest"), "zip"),
        (own("zeros.txt", b"IL-2\0\0gene"), "binary"),
    ];
    for (file, named) in &cases {
        let (code, out, messages) = annotate(&["--to", "jsonl", file], b"");
        assert_eq!((code, out.as_str()), (1, ""), "{file}");
        assert!(messages.contains("input_invalid") && messages.contains(file.as_str()), "{messages}");
        assert!(messages.contains(named), "{messages}");
        let content = std::fs::read(file).expect("a file");
        let (code, out, _) = annotate(&["--to", "jsonl"], &content);
        assert_eq!((code, out.as_str()), (1, ""), "{file}");
    }
    for (name, content) in [("text.json", "IL-2 gene"), ("leaf.xml", "<tree/>")] {
        let (code, _, messages) = annotate(&[&own(name, content.as_bytes())], b"");
        assert!(code == 1 && messages.contains("--from text"), "{messages}");
    }
    // Who insists on text gets it, unless it is none.
    let insist = |file: &str| annotate(&["--from", "text", "--to", "jsonl", file], b"").0;
    assert_eq!(insist(&cases[0].0), 0);
    assert_eq!(insist(&cases[4].0), 0);
    assert_eq!(insist(&cases[9].0), 1);
    assert_eq!(insist(&cases[11].0), 1);
    // Titles in brackets and names in italics are prose.
    for text in ["[Effects of IL-2]. CD28 binds.", "<i>E. coli</i> binds IL-2.", "{IL-2} binds", "[1] IL-2"] {
        assert_eq!(annotate(&[], text.as_bytes()).0, 0, "{text}");
    }
}

#[test]
fn json_lines_are_json_lines_by_name_or_flag_and_never_by_guess() {
    let records = format!("{{\"id\": \"a\", \"text\": {SENTENCE:?}}}\n");
    let (code, out, messages) = annotate(&["--to", "jsonl"], records.as_bytes());
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(messages.contains("stdin: it looks like JSON lines") && messages.contains("--from jsonl"), "{messages}");
    assert_eq!(annotate(&["--from", "jsonl"], records.as_bytes()).0, 0);
    let folder = TemporaryFolder::new("names");
    for name in ["r.jsonl", "r.ndjson", "R.JSONL"] {
        let (code, out, _) = annotate(&["--to", "jsonl", &folder.write(name, &records)], b"");
        assert_eq!((code, &json(&out)[0]["id"]), (0, &"a".into()), "{name}");
    }
    // Text that is called JSON lines.
    for (content, reason) in [
        ("IL-2 gene\nCD28\n", "no line of it is a JSON object"),
        ("[{\"text\": \"IL-2\"}]", "it is one JSON value"),
        ("{\n\"text\": \"IL-2\"\n}", "it is one JSON value"),
        ("1|t|IL-2\n1|a|CD28\n", "PubTator"),
    ] {
        let (code, out, messages) = annotate(&[&folder.write("prose.jsonl", content)], b"");
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(messages.contains(reason), "{messages}");
    }
    assert_eq!(
        annotate(&["--to", "jsonl", &folder.write("empty.jsonl", "\n\n")], b""),
        (0, String::new(), String::new())
    );
}

#[test]
fn a_record_that_cannot_be_read_has_its_error_in_its_place() {
    let cases = [
        (case("jsonl-first-record/firstnull.jsonl"), "x", 0, ":1: its \"text\" is null, not a string"),
        (case("jsonl-first-record/secondnull.jsonl"), "x", 1, ":2: its \"text\" is null, not a string"),
        (case("jsonl-first-record/firstmeta.jsonl"), "", 0, ":1: it has no \"text\", only meta"),
        (case("jsonl-first-record/lone.jsonl"), "", 0, ":1: it is not valid JSON: "),
    ];
    for (file, id, at, reason) in &cases {
        let (code, out, messages) = annotate(&["--to", "jsonl", file], b"");
        assert_eq!(code, 2, "{messages}");
        assert!(messages.contains(reason), "{messages}");
        let found = json(&out);
        assert!(found.len() > 1);
        for (i, line) in found.iter().enumerate() {
            assert_eq!(line["chunks"].is_array(), i != *at, "{line}");
            assert_eq!(line["error"].is_object(), i == *at, "{line}");
        }
        let failed = &found[*at];
        assert_eq!(failed["error"]["code"], "input_invalid");
        let message = failed["error"]["message"].as_str().expect("a message");
        assert!(message.starts_with(file.as_str()) && message.contains(reason), "{message}");
        let place = format!("{file}:{}", at + 1);
        assert_eq!(failed["id"], if id.is_empty() { place.as_str() } else { id });
    }
    let records = b"{\"text\": \"CD28\"}\n\n{\"text\": \"a\", \"text\": \"b\"}\n{\"text\": [\"IL-2\"]}\n{\"text\": \"IL-2\", \"id\": {}}\n";
    let (code, out, messages) = annotate(&["--to", "jsonl", "--from", "jsonl"], records);
    let ids: Vec<Value> = json(&out).iter().map(|line| line["id"].clone()).collect();
    assert_eq!((code, ids), (2, ["stdin:1", "stdin:3", "stdin:4", "stdin:5"].map(Value::from).to_vec()));
    for reason in
        ["stdin:3: it has \"text\" twice", "stdin:4: its \"text\" is an array", "stdin:5: its \"id\" is an object"]
    {
        assert!(messages.contains(&format!("input_invalid: {reason}")), "{messages}");
    }
    let (code, out, _) = annotate(&["--to", "jsonl", &case("jsonl-first-record/abstractkey.jsonl")], b"");
    assert_eq!((code, json(&out).iter().filter(|line| line["error"].is_object()).count()), (0, 0));
}

#[test]
fn one_document_of_many_fails_in_every_format() {
    let folder = TemporaryFolder::new("many");
    let good = folder.write("good.txt", "CD28");
    let pdf = folder.write("paper.pdf", "%PDF-1.7");
    let records = folder.write("r.jsonl", "{\"id\": \"=a\", \"text\": \"IL-2\"}\n{\"id\": 2, \"text\": 3}\n");
    let missing = folder.0.join("missing.txt").display().to_string();
    let files = [good.as_str(), &pdf, &missing, &records];
    let (code, out, messages) = annotate(&[&["--to", "jsonl"], &files[..]].concat(), b"");
    assert_eq!(code, 2);
    let found = json(&out);
    let codes: Vec<&str> = found.iter().map(|line| line["error"]["code"].as_str().unwrap_or("none")).collect();
    assert_eq!(codes, ["none", "input_invalid", "file_missing", "none", "input_invalid"]);
    let ids: Vec<&str> = found.iter().map(|line| line["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, [&good, &pdf, &missing, "=a", "2"]);
    assert_eq!(messages.lines().count(), 3, "{messages}");

    let (code, out, _) = annotate(&[&["--to", "csv"], &files[..]].concat(), b"");
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!((code, rows.len()), (2, 6));
    assert_eq!(rows[0], "id,begin,end,entity,confidence,text");
    assert!(rows[2].starts_with(&format!("{pdf},,,error,,\"input_invalid: {pdf}: ")), "{out}");
    assert!(rows[4].starts_with("'=a,0,4,protein,0."), "{out}");

    let (code, out, _) = annotate(&[&["--to", "table"], &files[..]].concat(), b"");
    assert_eq!(code, 2);
    assert!(out.contains(&format!("{missing}: failed: file_missing: ")), "{out}");
    assert!(out.contains(&format!("{good}: 1 chunks, begin and end in UTF-16 code units\n")), "{out}");

    // Neither measured nor compared as if nothing had been found.
    let failed = folder.write("failed.jsonl", "{\"id\": \"a\", \"error\": {\"code\": \"x\", \"message\": \"y\"}}\n");
    let model = tiny_path();
    for output in [glossa(&["eval", "--model", &model, &failed], b""), glossa(&["compare", &failed, &failed], b"")] {
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("failed.jsonl:1: "));
    }
    // An option that cannot be honoured is the command's error, not that of every document.
    let (code, out, _) = annotate(&["--to", "jsonl", "--entity", "nope", &good, &records], b"");
    assert_eq!((code, out.as_str()), (1, ""));
}

#[test]
fn what_is_annotated_evaluates_to_one_with_the_same_model() {
    let folder = TemporaryFolder::new("gold");
    let text = "\u{1F9EC} IL-2 gene,\r\nNF-kappa B and CD28.\n\nIL\u{AD}-2 gene in \u{1F469}\u{200D}\u{1F52C} T cells";
    let models: [&[&str]; 4] = [
        &[&tiny_path()],
        &[&tiny_path(), "--normalisation", "true", "--document-structure", "true"],
        &[&repository("tests/golden/models/cellular").display().to_string()],
        &[&repository("tests/golden/models/hf_cellular").display().to_string()],
    ];
    for model in models {
        let output = glossa(&[&["annotate", "--to", "jsonl", "--model"], model].concat(), text.as_bytes());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let found = json(&String::from_utf8(output.stdout.clone()).expect("UTF-8"));
        assert_eq!(found[0]["text"], text, "line ends stay as they are");
        assert!(!found[0]["chunks"].as_array().expect("chunks").is_empty());
        let gold = folder.write("gold.jsonl", &output.stdout);
        let output = glossa(&[&["eval", "--model"], model, &[&gold]].concat(), b"");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let report: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
        assert_eq!(report["exact"]["f1"], 1.0, "{model:?} {report}");
    }
}

#[test]
fn csv_may_begin_with_a_byte_order_mark() {
    let (code, out, _) = annotate(&["--to", "csv", "--csv-bom"], b"-CD28");
    assert_eq!(code, 0);
    assert!(out.starts_with("\u{FEFF}id,begin,end,"), "{out}");
    assert!(!annotate(&["--to", "csv"], b"CD28").1.contains('\u{FEFF}'));
    let (code, _, messages) = annotate(&["--csv-bom"], b"CD28");
    assert_eq!(code, 1);
    assert!(messages.contains("csv-bom"), "{messages}");
    // What is escaped is compared as it was.
    let folder = TemporaryFolder::new("csv");
    let file = folder.write("d.jsonl", "{\"id\": \"-1\", \"text\": \"CD28\"}");
    let written = |format: &str| folder.write(format, annotate(&["--to", format, &file], b"").1);
    let (csv, lines) = (written("csv"), written("jsonl"));
    assert!(glossa(&["compare", &csv, &lines], b"").status.success());
}

#[test]
fn every_commands_help_says_the_unit_of_offsets() {
    for command in ["annotate", "eval", "compare"] {
        let help = String::from_utf8(glossa(&[command, "--help"], b"").stdout).expect("UTF-8");
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("UTF-16 code units") && help.contains("exclusive"), "{help}");
    }
}
