//! What the shipped models find in texts as they come: with empty lines, invisible characters, numbers as journals print them.

use std::sync::OnceLock;

use crate::common::{in_package, repository, slice};
use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Chunk, Options};
use serde_json::Value;

fn load(model: &str, options: &Options) -> Annotator {
    let folder = Folder::open(repository("www/models").join(model)).expect("a shipped model");
    Annotator::load(&folder, options).expect("a shipped model")
}

fn shipped(model: &str) -> &'static Annotator {
    static CELLULAR: OnceLock<Annotator> = OnceLock::new();
    static TRIALS: OnceLock<Annotator> = OnceLock::new();
    let annotator = if model == "cellular" { &CELLULAR } else { &TRIALS };
    annotator.get_or_init(|| load(model, &Options::default()))
}

/// The chunks of a text, whose places are checked.
fn chunks(annotator: &Annotator, text: &str) -> Vec<Chunk> {
    let chunks = annotator.annotate(text, &AnnotateOptions::default()).expect("chunks").chunks;
    let mut last = 0;
    for chunk in &chunks {
        assert!(chunk.begin >= last && chunk.begin < chunk.end, "{chunk:?}");
        assert_eq!(slice(text, chunk.begin, chunk.end), chunk.text);
        let ends = [chunk.text.chars().next(), chunk.text.chars().last()];
        assert!(!ends.into_iter().flatten().any(invisible), "{chunk:?}");
        last = chunk.end;
    }
    chunks
}

fn invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FE0F}')
}

/// What the model has read of each chunk, and its entity.
fn read(chunks: &[Chunk]) -> Vec<(String, String)> {
    chunks.iter().map(|chunk| (chunk.result.clone().unwrap_or(chunk.text.clone()), chunk.entity.clone())).collect()
}

#[test]
fn texts_are_read_as_if_they_were_plainly_written() {
    if in_package("the shipped models are not in it") {
        return;
    }
    let cases = std::fs::read(repository("tests/texts/plain_writing.json")).expect("sentences");
    let cases: Vec<Value> = serde_json::from_slice(&cases).expect("JSON");
    assert!(cases.len() >= 56);
    let mut found = 0;
    for case in &cases {
        let [model, plain, given] = ["model", "plain", "given"].map(|key| case[key].as_str().expect("a string"));
        assert_ne!(plain, given);
        let expected = read(&chunks(shipped(model), plain));
        assert_eq!(read(&chunks(shipped(model), given)), expected, "{given:?}");
        found += expected.len();
    }
    assert!(found > cases.len(), "{found} chunks in {} sentences", cases.len());
}

#[test]
fn an_invisible_character_at_any_place_changes_nothing() {
    if in_package("the shipped models are not in it") {
        return;
    }
    for (model, text) in [
        ("cellular", "\u{1F9EC} The IL-2 gene, NF-\nkappa B.\n\nT cells"),
        ("clinical_trials", "20 536 adults; 1\u{B7}2 mg\r\nof timolol"),
    ] {
        let expected = read(&chunks(shipped(model), text));
        assert!(expected.len() > 1, "{expected:?}");
        for (i, place) in text.char_indices().map(|(at, _)| at).chain([text.len()]).enumerate() {
            let c = ['\u{AD}', '\u{200B}', '\u{FEFF}', '\u{2060}', '\u{200E}', '\u{FE0F}'][i % 6];
            let marked = format!("{}{c}{}", &text[..place], &text[place..]);
            assert_eq!(read(&chunks(shipped(model), &marked)), expected, "{marked:?}");
        }
    }
    assert_eq!(chunks(shipped("cellular"), "\u{AD}\u{FEFF}\u{200B} \u{2060}"), []);
}

#[test]
fn numbers_are_one_chunk_however_journals_print_them() {
    if in_package("the shipped models are not in it") {
        return;
    }
    let find = |text: &str| -> Vec<(String, String)> {
        let chunks = chunks(shipped("clinical_trials"), text);
        chunks.into_iter().map(|chunk| (chunk.entity, chunk.text)).collect()
    };
    for dot in [".", "\u{B7}", "\u{2219}", "\u{22C5}", "\u{30FB}"] {
        let text = format!(
            "60 patients with type 2 diabetes received metformin 500 mg; HbA1c fell by 1{dot}2% (95% CI 0{dot}8-1{dot}6; \
             p=0{dot}0003)."
        );
        let expected = [
            ("NumberPatients", "60"),
            ("DisorderOrSyndrome", "type 2 diabetes"),
            ("Drug", "metformin"),
            ("DoseValue", "500"),
            ("BioAndMedicalUnit", "mg"),
            ("Value", "1.2"),
            ("BioAndMedicalUnit", "%"),
            ("Confidence", "95% CI 0.8-1.6"),
            ("PValue", "p=0.0003"),
        ];
        let found: Vec<_> = find(&text).into_iter().map(|(entity, text)| (entity, text.replace(dot, "."))).collect();
        assert_eq!(found, expected.map(|(entity, text)| (entity.to_string(), text.to_string())), "{dot}");
    }
    for space in [",", " ", "\u{2009}", "\u{202F}", "\u{A0}"] {
        let number = format!("20{space}536");
        let text = format!(
            "We randomly assigned {number} adults with coronary disease to simvastatin 40 mg daily or placebo."
        );
        let found = find(&text);
        let numbers: Vec<&str> =
            found.iter().filter(|(entity, _)| entity == "NumberPatients").map(|(_, text)| text.as_str()).collect();
        assert_eq!(numbers, [number.as_str()]);
    }
}

#[test]
fn no_chunk_goes_over_an_empty_line() {
    if in_package("the shipped models are not in it") {
        return;
    }
    let ends_paragraph = |text: &str| {
        let lines =
            text.replace("\r\n", "\n").replace(['\u{85}', '\u{2028}'], "\n").replace([' ', '\t', '\u{200B}'], "");
        lines.contains("\n\n")
    };
    let cases = std::fs::read_to_string(repository("tests/texts/blank-line/lines-cellular.jsonl")).expect("records");
    let given: Vec<String> = cases
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["text"].as_str().expect("a text").to_string())
        .collect();
    // The same with other empty lines, and in plain reading of the text as it is written.
    let empty = ["\n\n", "\r\n\r\n", "\n \t\n", "\u{85}\u{85}", "\u{2028}\u{2028}"];
    let as_written = load("cellular", &Options { normalisation: Some(false), ..Options::default() });
    let off = load("cellular", &Options { document_structure: Some(false), ..Options::default() });
    let mut over = 0;
    for text in given.iter().flat_map(|text| empty.map(|empty| text.replace("\r\n", "\n").replace("\n\n", empty))) {
        for annotator in [shipped("cellular"), &as_written] {
            for chunk in chunks(annotator, &text) {
                assert!(!ends_paragraph(&chunk.text), "{chunk:?}");
            }
        }
        over += chunks(&off, &text).iter().filter(|chunk| ends_paragraph(&chunk.text)).count();
    }
    let marked = chunks(shipped("cellular"), "CD28\n\u{200B}\nIL-2 gene\n\u{FEFF} \u{AD}\nNF-kappa B");
    assert!(marked.len() > 1 && !marked.iter().any(|chunk| ends_paragraph(&chunk.text)), "{marked:?}");
    assert!(over > 0, "without the option there are such chunks");
}

/// The Hugging Face pipeline honours both options too. Its model has random weights, so its chunks are only compared.
#[test]
fn hugging_face_folders_are_read_plainly_if_asked_for() {
    let load = |on: Option<bool>| {
        let folder = Folder::open(repository("tests/golden/models/hf_cellular")).expect("a folder");
        let options = Options { normalisation: on, document_structure: on, ..Options::default() };
        Annotator::load(&folder, &options).expect("a model")
    };
    let (on, off) = (load(Some(true)), load(None));
    let plain = "IL-2 gene expression\n\nrequires NF-kappa B in human T cells, 1.2%";
    let given = "\u{FEFF}IL-2 ge\u{AD}ne expres-\nsion\r\n \u{200B}\r\nrequires NF\u{2011}kappa\u{A0}B in hu\u{200D}man T cells, 1\u{2219}2%";
    let found = chunks(&on, given);
    let texts = |chunks: &[Chunk]| -> Vec<(String, String)> {
        let shown = |text: &str| {
            let text: String = text.chars().filter(|c| !invisible(*c)).collect();
            text.replace("-\n", "").replace('\u{2011}', "-").replace('\u{A0}', " ").replace('\u{2219}', ".")
        };
        chunks.iter().map(|chunk| (shown(&chunk.text), chunk.entity.clone())).collect()
    };
    assert!(!found.is_empty());
    assert_eq!(texts(&found), texts(&chunks(&on, plain)));
    assert!(found.iter().all(|chunk| !chunk.text.contains("\r\n")), "{found:?}");
    let read = |annotator: &Annotator| annotator.annotate(given, &AnnotateOptions::default()).expect("chunks").chunks;
    assert_ne!(texts(&read(&off)), texts(&found));
}
