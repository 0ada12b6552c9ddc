//! The command line as a person runs it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../www/models").join(name)
}

fn glossa(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_glossa"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that fails early does not read its input.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    child.wait_with_output().expect("the program ends")
}

fn model(name: &str) -> String {
    shipped(name).display().to_string()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn text_and_json_lines_come_in_and_json_lines_go_out() {
    let model = model("cellular");
    let text = "IL-2 gene expression requires NF-kappa B.\n";
    let one = lines(&glossa(&["annotate", "--model", &model, "--format", "jsonl"], text));
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["text"], text);
    let chunk = &one[0]["chunks"][0];
    let (begin, end) = (chunk["begin"].as_u64().expect("begin"), chunk["end"].as_u64().expect("end"));
    assert_eq!(chunk["text"], text[begin as usize..end as usize]);

    let records = "{\"id\": \"a\", \"text\": \"CD28 and IL-2\"}\n\n{\"id\": 2, \"text\": \"\"}\n";
    let two = lines(&glossa(&["annotate", "--model", &model, "--format", "jsonl"], records));
    assert_eq!(two.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), ["a", "2"]);
    assert_eq!(two[1]["chunks"], Value::Array(vec![]));
}

#[test]
fn errors_have_codes_and_say_where() {
    let model = model("cellular");
    let cases: [(&[&str], &str, &str); 5] = [
        (&["annotate", "--model", "/no/such/folder"], "x", "file_missing: /no/such/folder"),
        (&["annotate", "--model", &model, "/no/such/file"], "", "file_missing: /no/such/file"),
        (&["annotate", "--model", &model, "--input", "jsonl"], "{\"text\": \"a\"}\n{", "input_invalid: stdin:2"),
        (&["annotate", "--model", &model, "--threshold", "7"], "x", "option_invalid: option threshold"),
        (&["eval", "--model", &model, "/no/such/file"], "", "file_missing: /no/such/file"),
    ];
    for (arguments, input, expected) in cases {
        let output = glossa(arguments, input);
        assert!(!output.status.success());
        let message = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(message.contains(expected), "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn eval_counts_exact_spans_and_labels() {
    let model = model("cellular");
    let text = "IL-2 gene expression requires NF-kappa B in \u{1F9EC} T cells.";
    let annotated = lines(&glossa(&["annotate", "--model", &model, "--format", "jsonl"], text));
    // Offsets of records are code points; of the two, only the emoji is more than one UTF-16 unit.
    let emoji = text.find('\u{1F9EC}').expect("an emoji") as u64;
    let point = |unit: u64| unit - u64::from(unit > emoji);
    let chunks = annotated[0]["chunks"].as_array().expect("chunks").clone();
    assert!(chunks.len() >= 2);
    let entities: Vec<Value> = chunks
        .iter()
        .map(|chunk| {
            let at = |field: &str| point(chunk[field].as_u64().expect("an offset"));
            serde_json::json!([at("begin"), at("end"), chunk["entity"]])
        })
        .collect();
    let file = std::env::temp_dir().join(format!("glossa-eval-{}.jsonl", std::process::id()));
    let wrong = serde_json::json!([[0, 1, "protein"]]);
    for (marked, expected) in [(Value::Array(entities), 1.0), (wrong, 0.0)] {
        let record = serde_json::json!({ "id": "1", "text": text, "entities": marked });
        std::fs::write(&file, format!("{record}\n")).expect("a file");
        let output = glossa(&["eval", "--model", &model, &file.display().to_string()], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let report: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
        assert_eq!(report["exact"]["f1"], expected, "{report}");
        let off = report["calibration"]["chunk"]["ece"].as_f64().expect("an error");
        let chunks = report["calibration"]["chunk"]["count"].as_u64().expect("a count");
        assert!(chunks >= 2 && (if expected == 1.0 { off < 0.5 } else { off > 0.5 }), "{report}");
        if expected == 1.0 {
            assert_eq!(report["token"]["macro_f1"], 1.0);
            assert_eq!(report["exact"]["entities"]["protein"]["precision"], 1.0);
        }
    }
    std::fs::remove_file(file).expect("the file is ours");
}

#[test]
fn options_of_the_pipeline_have_flags() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/models/cellular");
    let model = folder.display().to_string();
    let text = "IL-2   gene \n\n expression requires NF-kappa B.";
    let flags = ["--cleanup-mode", "shrink", "--pieces", "first", "--split-chars", r"\-/", "--context-chars", ".,-"];
    let common = ["annotate", "--model", &model, "--format", "jsonl"];
    let found = lines(&glossa(&[common.as_slice(), &flags].concat(), text));
    assert_eq!(found[0]["text"], text);
    for chunk in found[0]["chunks"].as_array().expect("chunks") {
        let at = |field: &str| chunk[field].as_u64().expect("an offset") as usize;
        assert_eq!(chunk["text"], text[at("begin")..at("end")]);
    }
    let decoded = lines(&glossa(&[common.as_slice(), &["--decoding", "viterbi"]].concat(), text));
    assert_eq!(decoded[0]["text"], text);
    let output = glossa(&[common.as_slice(), &["--decoding", "best"]].concat(), text);
    let message = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(message.contains("option_invalid: option decoding: \"best\" is none of argmax, viterbi"), "{message}");
    for (flag, value, option) in [
        ("--cleanup-mode", "nope", "cleanupMode"),
        ("--split-pattern", "(", "splitPattern"),
        ("--prefix-pattern", "-", "prefixPattern"),
        ("--exception", "a**", "exceptions"),
        ("--max-sentence-length", "513", "maxSentenceLength"),
        ("--black-list", "nope", "excludeEntities"),
        ("--replace-label", "nope=x", "replaceLabels"),
    ] {
        let output = glossa(&[common.as_slice(), &[flag, value]].concat(), text);
        let message = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(message.contains(&format!("option_invalid: option {option}")), "{message}");
    }
}

#[test]
fn a_temperature_is_fitted_and_a_page_written() {
    let model = model("cellular");
    let folder = std::env::temp_dir().join(format!("glossa-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (file, page) = (folder.join("records.jsonl"), folder.join("report.html"));
    // The first is found so; of the second, nothing is.
    let records = [
        serde_json::json!({ "id": "a<b>\"&'", "text": "IL-2 activates <script>alert(1)</script> & T cells.", "entities": [[0, 4, "protein"]] }),
        serde_json::json!({ "id": "second", "text": "We saw it there.", "entities": [[7, 9, "cell_type"], [0, 2, "<i>new</i>"]] }),
    ];
    std::fs::write(&file, records.map(|record| record.to_string()).join("\n")).expect("a file");
    let (file, page_path) = (file.display().to_string(), page.display().to_string());
    let output = glossa(&["eval", "--model", &model, "--fit-temperature", "--report", &page_path, &file], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    let report: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
    let fitted = &report["fitted"];
    let number = |value: &Value| value.as_f64().expect("a number");
    let temperature = number(&fitted["temperature"]);
    assert!((0.05..=20.0).contains(&temperature) && printed.contains(&format!("{temperature:.4} ")), "{printed}");
    assert!(number(&fitted["after"]["nll"]) <= number(&fitted["before"]["nll"]), "{fitted}");
    assert!(fitted["after"]["calibration"]["token"]["ece"].is_number());
    let once = glossa(&["eval", "--model", &model, &file], "");
    let once: Value =
        serde_json::from_slice(once.stdout.rsplit(|byte| *byte == b'\n').nth(1).expect("a line")).expect("JSON");
    assert_eq!((&once["exact"], &once["token"]), (&report["exact"], &report["token"]));
    assert_eq!(once.get("fitted"), None);

    let html = std::fs::read_to_string(&page).expect("the page");
    for expected in [
        "<title>cellular on ",
        "a&lt;b&gt;&quot;&amp;&#39;",
        "&lt;script&gt;",
        "− missed cell_type</b>",
        "− missed &lt;i&gt;new&lt;/i&gt;</b>",
        "<th scope=\"row\">&lt;i&gt;new&lt;/i&gt;</th>",
        "Expected calibration error",
        "default-src 'none'",
    ] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    // Nothing of the input is taken for markup, and nothing is loaded.
    for refused in ["<script", "<i>new", "http://", "https://", "src=", "href=", "@import"] {
        assert!(!html.contains(refused), "{refused}");
    }
    // Every element that is opened is closed, in order.
    let mut open = Vec::new();
    for tag in html.split('<').skip(1).filter(|tag| !tag.starts_with('!') && !tag.starts_with("meta")) {
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "{tag}"),
            None if !tag.split('>').next().unwrap_or_default().ends_with('/') => open.push(name),
            None => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");

    let nowhere = folder.join("no/such/folder/report.html").display().to_string();
    let output = glossa(&["eval", "--model", &model, "--report", &nowhere, &file], "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("output_failed: "));
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}
