//! What the `glossa` binary prints, flag by flag.

use std::process::Output;

use crate::common::{repository, slice, tiny_path, TemporaryFolder};
use crate::program::glossa;
use serde_json::{json, Value};

const SENTENCE: &str = "IL-2 gene expression requires NF-kappa B in human T cells.";

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The chunks of a line: the text, the entity and the confidence of each.
fn chunks(line: &Value) -> Vec<(String, String, f64)> {
    let chunk = |chunk: &Value| {
        let text = |field: &str| chunk[field].as_str().expect("a string").to_string();
        (text("text"), text("entity"), chunk["confidence"].as_f64().unwrap_or_default())
    };
    line["chunks"].as_array().expect("chunks").iter().map(chunk).collect()
}

/// Preceding flags, the tested flag with its value, an input text, and the expected text and entity of each chunk.
type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn text_and_json_lines_come_in_and_json_lines_go_out() {
    let model = tiny_path();
    let text = format!("\u{1F9EC} {SENTENCE}\n");
    let one = lines(&glossa(&["annotate", "--model", &model, "--to", "jsonl"], &text));
    assert_eq!((one.len(), &one[0]["text"]), (1, &json!(text)));
    let place = |i: usize, field: &str| one[0]["chunks"][i][field].as_u64().expect("an offset") as usize;
    let texts = ["IL-2 gene", "NF-kappa B", "T cells"];
    for (i, expected) in texts.into_iter().enumerate() {
        assert_eq!(one[0]["chunks"][i]["text"], expected);
        assert_eq!(slice(&text, place(i, "begin"), place(i, "end")), expected);
    }

    let records = "{\"id\": \"a\", \"text\": \"CD28 and IL-2\"}\n\n{\"id\": 2, \"text\": \"\"}\n";
    let two = lines(&glossa(&["annotate", "--model", &model, "--to", "jsonl", "--from", "jsonl"], records));
    assert_eq!(two.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), ["a", "2"]);
    assert_eq!(chunks(&two[0]).len(), 2);
    assert_eq!(two[1]["chunks"], json!([]));
}

#[test]
fn errors_have_codes_and_say_where() {
    let model = tiny_path();
    let cases: [(&[&str], &str, &str); 4] = [
        (&["annotate", "--model", "/no/such/folder"], "x", "file_missing: /no/such/folder"),
        (&["annotate", "--model", &model, "/no/such/file"], "", "file_missing: /no/such/file"),
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
    let model = tiny_path();
    let text = "IL-2 gene expression requires NF-kappa B in \u{1F9EC} T cells.";
    let folder = TemporaryFolder::new("eval");
    let annotated = lines(&glossa(&["annotate", "--model", &model, "--to", "jsonl"], text));
    // Offsets of records are code points; only the emoji takes two UTF-16 code units.
    let emoji = text.find('\u{1F9EC}').expect("an emoji") as u64;
    let point = |unit: u64| unit - u64::from(unit > emoji);
    let chunks = annotated[0]["chunks"].as_array().expect("chunks").clone();
    assert_eq!(chunks.len(), 3);
    let entities: Vec<Value> = chunks
        .iter()
        .map(|chunk| {
            let at = |field: &str| point(chunk[field].as_u64().expect("an offset"));
            serde_json::json!([at("begin"), at("end"), chunk["entity"]])
        })
        .collect();
    let wrong = serde_json::json!([[0, 1, "protein"]]);
    for (marked, expected) in [(Value::Array(entities), 1.0), (wrong, 0.0)] {
        let record = serde_json::json!({ "id": "1", "text": text, "entities": marked });
        let file = folder.write("records.jsonl", format!("{record}\n"));
        let output = glossa(&["eval", "--model", &model, &file], "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let report: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
        assert_eq!(report["exact"]["f1"], expected, "{report}");
        let off = report["calibration"]["chunk"]["ece"].as_f64().expect("an error");
        let chunks = report["calibration"]["chunk"]["count"].as_u64().expect("a count");
        assert!(chunks == 3 && (if expected == 1.0 { off < 0.5 } else { off > 0.5 }), "{report}");
        if expected == 1.0 {
            assert_eq!(report["token"]["macro_f1"], 1.0);
            assert_eq!(report["exact"]["entities"]["protein"]["precision"], 1.0);
        }
    }
}

/// Flags of `glossa annotate` that are not options of the library.
const NOT_OF_THE_PIPELINE: [&str; 18] = [
    "--model",
    "--pipeline",
    "--to",
    "--output",
    "--csv-bom",
    "--details",
    "--resume",
    "--keep",
    "--quiet",
    "--from",
    "--text-field",
    "--id-field",
    "--offset-unit",
    "--input-encoding",
    "--threads",
    "--load-timeout",
    "--load-memory",
    "--help",
];

/// A Hugging Face folder with two ONNX files, of other weights each.
fn folder_of_two_graphs(test: &str) -> TemporaryFolder {
    let folder = TemporaryFolder::new(test);
    for (name, path) in [
        ("config.json", "hf_cellular_uncased/config.json"),
        ("tokenizer.json", "hf_cellular_uncased/tokenizer.json"),
        ("tokenizer_config.json", "hf_cellular_uncased/tokenizer_config.json"),
        ("model.onnx", "hf_cellular_uncased/onnx/model.onnx"),
        ("model_quantized.onnx", "hf_cellular/onnx/model.onnx"),
    ] {
        let path = repository(&format!("tests/golden/models/{path}"));
        folder.write(name, std::fs::read(path).expect("a file"));
    }
    folder
}

#[test]
fn what_a_user_should_know_of_a_model_is_told_beside_the_output() {
    let folder = folder_of_two_graphs("warning");
    let model = folder.0.display().to_string();
    let output = glossa(&["annotate", "--model", &model, "--to", "jsonl"], SENTENCE);
    assert_eq!(lines(&output).len(), 1);
    let told = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(told.starts_with("glossa: warning: ") && told.contains("model_quantized.onnx"), "{told}");
    let output = glossa(&["annotate", "--model", &model, "--to", "jsonl", "--dtype", "fp32"], SENTENCE);
    assert!(output.stderr.is_empty());
}

/// Every flag changes the result: without the last flag of a case, other chunks are found.
#[test]
fn every_flag_changes_what_is_found() {
    let sentence = [("IL-2 gene", "DNA"), ("NF-kappa B", "protein"), ("T cells", "cell_type")];
    let six = format!("{SENTENCE} ").repeat(6);
    // A text that fills a window of 30 word pieces.
    let truncated = [&sentence[..], &sentence[..2], &[("T", "cell_type")]].concat();
    let all = sentence.repeat(6);
    let hugging_face = repository("tests/golden/models/hf_cellular").display().to_string();
    let folder = folder_of_two_graphs("dtype");
    let two_graphs = folder.0.display().to_string();
    let tiny = tiny_path();
    let cases: &[Case] = &[
        // "gene" is I-DNA by the model's rule, which argmax lets follow B-protein.
        (&[], &["--decoding", "argmax"], SENTENCE, &[("IL-2 gene", "protein"), sentence[1], sentence[2]]),
        (&[], &["--threshold", "0.8"], SENTENCE, &[sentence[1]]),
        (&[], &["--entity", "protein"], SENTENCE, &[sentence[1]]),
        (&[], &["--white-list", "protein"], SENTENCE, &[sentence[1]]),
        (&[], &["--exclude-entity", "protein"], SENTENCE, &[sentence[0], sentence[2]]),
        (&[], &["--label-casing", "upper"], "CD28", &[("CD28", "PROTEIN")]),
        (&["--decoding", "argmax"], &["--pad-as-o", "false"], "blank", &[("blank", "D")]),
        (&[], &["--replace-label", "DNA=Gene"], SENTENCE, &[("IL-2 gene", "Gene"), sentence[1], sentence[2]]),
        (&[], &["--greedy"], "CD28 CD28", &[("CD28 CD28", "protein")]),
        (&[], &["--ignore-stop-word", ","], "CD28, IL-2", &[("CD28, IL-2", "protein")]),
        (&[], &["--no-schema"], "CD28", &[("CD28", "B-protein")]),
        // The clean-up turns line feeds into spaces, which the exception contains.
        (&["--exception", "IL-2 gene"], &["--cleanup-mode", "shrink"], "IL-2\ngene", &[("IL-2\ngene", "protein")]),
        (&[], &["--case-sensitive", "true"], SENTENCE, &[("cells", "cell_type")]),
        (&[], &["--mode", "truncate"], &six, &truncated),
        (&[], &["--target-pattern", "A-Z0-9"], "CD28/IL-2", &[("CD28", "protein"), ("IL", "protein")]),
        (&[], &["--prefix-pattern", r"\A(/*)"], "/CD28", &[("CD28", "protein")]),
        (&[], &["--suffix-pattern", r"(/)\z"], "CD28/", &[("CD28", "protein")]),
        (&[], &["--infix-pattern", "(CD28)(/)(.+)"], "CD28/IL-2", &[("CD28", "protein"), ("IL-2", "protein")]),
        (&[], &["--context-chars", "/"], "/CD28/", &[("CD28", "protein")]),
        (&[], &["--exception", "IL-2 gene"], SENTENCE, &[("IL-2 gene", "protein"), sentence[1], sentence[2]]),
        (
            &["--exception", "il-2 GENE"],
            &["--case-sensitive-exceptions", "false"],
            SENTENCE,
            &[("IL-2 gene", "protein"), sentence[1], sentence[2]],
        ),
        (&[], &["--split-pattern", "/"], "CD28/IL-2", &[("CD28", "protein"), ("IL-2", "protein")]),
        (&[], &["--split-chars", "/"], "CD28/IL-2", &[("CD28", "protein"), ("IL-2", "protein")]),
        (&[], &["--min-length", "3"], "T cells", &[("cells", "cell_type")]),
        (&[], &["--max-length", "3"], "CD28 T cells", &[("T", "cell_type")]),
        (&[], &["--normalisation", "true"], "CD\u{AD}28", &[("CD\u{AD}28", "protein")]),
        (&[], &["--document-structure", "true"], "IL-2\n\ngene", &[("IL-2", "protein")]),
        // Only confidences change.
        (&[], &["--pieces", "first"], SENTENCE, &sentence),
        (&[], &["--precision", "int8"], SENTENCE, &sentence),
        (&[], &["--max-sentence-length", "14"], &six, &all),
        // The Hugging Face folder has random weights, so nobody can tell its chunks by reading.
        (&["--model", &hugging_face], &["--encoding", "spark"], SENTENCE, &[]),
        (&["--model", &hugging_face], &["--aggregation-strategy", "none"], SENTENCE, &[]),
        (&["--model", &hugging_face], &["--ignore-label", ""], SENTENCE, &[]),
        (&["--model", &two_graphs], &["--dtype", "q8"], SENTENCE, &[]),
    ];
    let found = |flags: &[&[&str]], text: &str| {
        let model = if flags.concat().contains(&"--model") { vec![] } else { vec!["--model", tiny.as_str()] };
        let flags = [&["annotate", "--to", "jsonl"], model.as_slice(), &flags.concat()].concat();
        let line = lines(&glossa(&flags, text)).remove(0);
        assert_eq!(line["text"], text);
        chunks(&line)
    };
    for (common, flag, text, expected) in cases {
        let with = found(&[common, flag], text);
        assert_ne!(with, found(&[common], text), "{flag:?} changes nothing");
        if !common.contains(&"--model") {
            let pairs: Vec<_> = with.iter().map(|(text, entity, _)| (text.as_str(), entity.as_str())).collect();
            assert_eq!(pairs, *expected, "{flag:?}");
        }
    }

    // The first changes a chunk's `result`, the last adds its tokens; for the second, the label of [SEP] must not be O, as in
    // random weights.
    let random = repository("tests/golden/models/cellular").display().to_string();
    let lines_differ: &[Case] = &[
        (&["--model", &tiny, "--cleanup-mode", "shrink"], &["--preserve-position", "false"], "IL-2\ngene", &[]),
        (
            &["--model", &random, "--mode", "truncate", "--max-sentence-length", "8"],
            &["--label-from-separator"],
            SENTENCE,
            &[],
        ),
        (&["--model", &tiny], &["--label-scores", "3"], SENTENCE, &[]),
    ];
    for (common, flag, text, _) in lines_differ {
        let line = |flags: &[&str]| {
            let command = [&["annotate", "--to", "jsonl"], *common, flags].concat();
            lines(&glossa(&command, text)).remove(0)
        };
        assert_ne!(line(flag), line(&[]), "{flag:?} changes nothing");
    }

    let help = String::from_utf8(glossa(&["annotate", "--help"], "").stdout).expect("UTF-8");
    let known = help.lines().filter_map(|line| line.trim_start().trim_start_matches("-h, ").split_whitespace().next());
    let untested: Vec<&str> = known
        .filter(|flag| flag.starts_with("--") && !NOT_OF_THE_PIPELINE.contains(flag))
        .filter(|flag| !cases.iter().any(|case| case.1[0] == *flag))
        .filter(|flag| !lines_differ.iter().any(|case| case.1[0] == *flag))
        .collect();
    assert_eq!(untested, [""; 0]);
}

#[test]
fn values_that_cannot_be_are_refused_by_the_options_name() {
    let model = tiny_path();
    let refused = |flag: &str, value: &str| {
        let output = glossa(&["annotate", "--model", &model, flag, value], SENTENCE);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).to_string()
    };
    let message = refused("--decoding", "best");
    assert!(message.contains("option_invalid: option decoding: \"best\" is none of argmax, viterbi"), "{message}");
    for (flag, value, option) in [
        ("--cleanup-mode", "nope", "cleanupMode"),
        ("--split-pattern", "(", "splitPattern"),
        ("--prefix-pattern", "-", "prefixPattern"),
        ("--exception", "a**", "exceptions"),
        ("--max-sentence-length", "513", "maxSentenceLength"),
        ("--label-scores", "21", "labelScores"),
        ("--black-list", "nope", "excludeEntities"),
        ("--replace-label", "nope=x", "replaceLabels"),
    ] {
        let message = refused(flag, value);
        assert!(message.contains(&format!("option_invalid: option {option}")), "{message}");
    }
}

#[test]
fn confidences_are_fitted_thresholds_told_and_only_some_entities_counted() {
    let model = tiny_path();
    let folder = TemporaryFolder::new("fit-confidence");
    // The model finds a protein and a cell type in each; only the protein is annotated, in the first half.
    let record = |i: usize| {
        let entities = if i < 20 { serde_json::json!([[0, 4, "protein"]]) } else { serde_json::json!([]) };
        serde_json::json!({ "id": i, "text": "IL-2 activates T cells.", "entities": entities }).to_string()
    };
    let file = folder.write("records.jsonl", (0..40).map(record).collect::<Vec<_>>().join("\n"));
    let evaluated = |flags: &[&str]| {
        let output = glossa(&[&["eval", "--model", &model], flags, &[&file]].concat(), "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let report: Value = serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
        (printed, report)
    };
    let (all, only) = (evaluated(&[]).1, evaluated(&["--entities", "protein"]).1);
    let protein = &all["exact"]["entities"]["protein"];
    assert_eq!((&only["exact"]["entities"]["protein"], protein["precision"].as_f64()), (protein, Some(0.5)));
    assert!(all["exact"]["entities"]["cell_type"].is_object() && all["token"]["labels"]["B-cell_type"].is_object());
    assert_eq!(only["exact"]["entities"].as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(only["exact"]["precision"].as_f64(), Some(0.5));
    assert!(only["token"]["labels"]
        .as_object()
        .is_some_and(|labels| labels.keys().all(|label| !label.contains("cell"))));

    // All chunks of the protein have one confidence: a threshold keeps all of them or none.
    let rows = only["thresholds"]["entities"]["protein"].as_array().expect("rows");
    let counts: Vec<u64> = rows.iter().map(|row| row["chunks"].as_u64().expect("a number")).collect();
    assert_eq!((counts.len(), counts[0]), (20, 40));
    assert!(counts.iter().all(|count| [0, 40].contains(count)) && counts.is_sorted_by(|a, b| a >= b), "{counts:?}");

    let (printed, fitted) = evaluated(&["--entities", "protein", "--fit-confidence"]);
    let fit = &fitted["fittedConfidence"];
    let ece = |when: &str| fit[when]["all"]["ece"].as_f64().expect("a number");
    // Half of them are right.
    assert!(ece("before") > 0.2 && ece("after") < 0.15, "{fit}");
    assert!(fit["confidences"]["protein"]["slope"].as_f64().is_some_and(|slope| slope > 0.0));
    assert!(printed.contains("confidence at least") && printed.contains("offset"), "{printed}");
    assert_eq!(fit["confidences"].as_object().map(serde_json::Map::len), Some(1));

    let refused = glossa(&["eval", "--model", &model, "--entities", "proteins", &file], "");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("option_invalid: option entities"));
}

#[test]
fn labels_and_confidences_are_measured_in_each_label_set() {
    let model = repository("tests/models/sets").to_str().expect("a path").to_string();
    let folder = TemporaryFolder::new("eval-sets");
    // A disease with anatomy in it, and one that is both; of the second record the model finds nothing.
    let entities = [
        ((0, 7), "Chemical"),
        ((12, 24), "Disease"),
        ((12, 17), "Anatomy"),
        ((26, 30), "Disease"),
        ((26, 30), "Anatomy"),
    ];
    let entities = entities.map(|((begin, end), entity)| serde_json::json!([begin, end, entity]));
    let records = [
        serde_json::json!({ "id": 1, "text": "aspirin for colon cancer, skin", "entities": entities }),
        serde_json::json!({ "id": 2, "text": "a kidney", "entities": [[2, 8, "Anatomy"]] }),
    ];
    let file = folder.write("records.jsonl", records.map(|record| record.to_string()).join("\n"));
    let evaluated = |flags: &[&str]| {
        let output = glossa(&[&["eval", "--model", &model], flags, &[&file]].concat(), "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        serde_json::from_str::<Value>(printed.lines().last().expect("a line")).expect("JSON")
    };
    let report = evaluated(&[]);
    let label = |report: &Value, label: &str, figure: &str| report["token"]["labels"][label][figure].as_f64();
    assert_eq!(report["exact"]["entities"]["Disease"]["f1"], 1.0);
    assert_eq!((label(&report, "B-Disease", "f1"), label(&report, "B-Disease", "support")), (Some(1.0), Some(2.0)));
    assert_eq!(
        (label(&report, "B-Anatomy", "precision"), label(&report, "B-Anatomy", "support")),
        (Some(1.0), Some(3.0))
    );
    // Six tokens and two, in both sets.
    let count = |report: &Value| report["calibration"]["token"]["count"].as_u64();
    assert_eq!((count(&report), count(&evaluated(&["--entities", "Anatomy"]))), (Some(16), Some(8)));
    let temperature = evaluated(&["--fit-temperature"])["fitted"]["temperature"].as_f64().expect("a temperature");
    assert!(temperature > 0.05 && temperature < 20.0, "{temperature}");
    let fitted = &evaluated(&["--fit-confidence"])["fittedConfidence"]["confidences"];
    assert_eq!(fitted.as_object().map(serde_json::Map::len), Some(3));
}

#[test]
fn a_temperature_is_fitted_and_a_page_written() {
    let model = tiny_path();
    let folder = TemporaryFolder::new("report");
    let page = folder.0.join("report.html");
    // The model finds the entity of the first record, and misses those of the second.
    let records = [
        serde_json::json!({ "id": "a<b>\"&'", "text": "IL-2 activates <script>alert(1)</script> & T cells.", "entities": [[0, 4, "protein"]] }),
        serde_json::json!({ "id": "second", "text": "We saw it there.", "entities": [[7, 9, "cell_type"], [0, 2, "<i>new</i>"]] }),
    ];
    let file = folder.write("records.jsonl", records.map(|record| record.to_string()).join("\n"));
    let page_path = page.display().to_string();
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
        "<title>tiny on ",
        "a&lt;b&gt;&quot;&amp;'",
        "&lt;script&gt;",
        "− missed cell_type</b>",
        "− missed &lt;i&gt;new&lt;/i&gt;</b>",
        "<th scope=\"row\">&lt;i&gt;new&lt;/i&gt;</th>",
        "Expected calibration error",
        "default-src 'none'",
    ] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    // The input is escaped, and the page loads nothing.
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

    let nowhere = folder.0.join("no/such/folder/report.html").display().to_string();
    let output = glossa(&["eval", "--model", &model, "--report", &nowhere, &file], "");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("output_failed: "));
}
