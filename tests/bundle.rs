//! Bundles through the public API, and what is said of broken ones.

mod common;

use common::{bundle_files, found, repository, slice, tiny, TINY};
use glossa_ner::labels::{Confidence, Confidences, Constraint};
use glossa_ner::model::{Folder, Manifest, MemoryFiles, Source};
use glossa_ner::text::TokenTypes;
use glossa_ner::{AnnotateOptions, Annotator, Decoding, Error, Mode, Options};

const SENTENCE: &str = "IL-2 gene expression requires NF-kappa B in human T cells. ";
const CHUNKS: [(&str, &str); 3] = [("IL-2 gene", "DNA"), ("NF-kappa B", "protein"), ("T cells", "cell_type")];

#[test]
fn a_bundle_annotates_in_both_modes() {
    let annotator = tiny(&Options::default());
    assert_eq!(annotator.entities(), ["DNA", "cell_type", "protein"]);
    for mode in [Mode::Window, Mode::Truncate] {
        let options = AnnotateOptions { mode, ..Default::default() };
        let annotation = annotator.annotate(SENTENCE, &options).expect("chunks");
        assert_eq!(found(&annotation.chunks), CHUNKS);
        assert_eq!(annotation.truncated_from, None);
        for chunk in &annotation.chunks {
            assert_eq!(slice(SENTENCE, chunk.begin, chunk.end), chunk.text);
            assert!(chunk.confidence.is_some_and(|confidence| confidence > 0.5 && confidence < 1.0));
        }
    }
}

#[test]
fn odd_texts_keep_their_places_in_both_modes() {
    let annotator = tiny(&Options::default());
    let texts = [
        "",
        " \r\n\t ",
        "\0",
        "\u{1F9EC}\u{1F9EC} IL-2\r\n\0e\u{301}NF-\u{3BA}B\u{200D}\u{FEFF} T\u{301} cells",
        "\u{2187}IL-2\u{2187}GATA-1\u{2009}and\u{A0}CD28",
        &"GATA-1 and IL-2 \u{1F469}\u{200D}\u{1F52C}. ".repeat(60),
        &"x".repeat(5000),
        &"\u{4E2D}\u{6587}".repeat(400),
    ];
    for text in texts {
        for mode in [Mode::Window, Mode::Truncate] {
            let annotation = annotator.annotate(text, &AnnotateOptions { mode, ..Default::default() }).expect("chunks");
            let mut last = 0;
            for chunk in &annotation.chunks {
                assert_eq!(slice(text, chunk.begin, chunk.end), chunk.text);
                assert!(chunk.begin >= last && chunk.end > chunk.begin);
                last = chunk.end;
            }
        }
    }
    assert_eq!(annotator.annotate("", &AnnotateOptions::default()).map(|annotation| annotation.chunks), Ok(vec![]));
}

#[test]
fn long_text_is_read_to_its_end_or_says_from_where_it_was_not() {
    let annotator = tiny(&Options::default());
    let text = SENTENCE.repeat(40);
    let whole = annotator.annotate(&text, &AnnotateOptions::default()).expect("chunks");
    assert_eq!(found(&whole.chunks), CHUNKS.repeat(40));
    assert_eq!(whole.truncated_from, None);

    let options = AnnotateOptions { mode: Mode::Truncate, ..Default::default() };
    let cut = annotator.annotate(&text, &options).expect("chunks");
    // A window reads 30 word pieces. The sentence has 16, so the last that is read is the second sentence's "T".
    assert_eq!(found(&cut.chunks), [&CHUNKS[..], &CHUNKS[..2], &[("T", "cell_type")]].concat());
    assert_eq!(cut.truncated_from, Some(SENTENCE.len() + SENTENCE.find("cells").expect("a place")));
}

#[test]
fn a_windows_length_may_be_chosen() {
    let windows = |length: Option<usize>| {
        let annotator = tiny(&Options { max_sentence_length: length, ..Options::default() });
        let job = annotator.begin(&SENTENCE.repeat(6), &AnnotateOptions::default()).expect("a job");
        let chunks = annotator.annotate(&SENTENCE.repeat(6), &AnnotateOptions::default()).expect("chunks").chunks;
        assert_eq!(found(&chunks), CHUNKS.repeat(6));
        job.progress().1
    };
    // 96 pieces in windows of 126, of 30, which share 3, and of 12, which share 1.
    assert_eq!(windows(Some(128)), 1);
    assert_eq!(windows(None), 4);
    // Of so many windows each ends where its words say, which makes them more.
    assert!((9..=24).contains(&windows(Some(14))));
}

#[test]
fn threshold_and_entities_filter_and_are_checked() {
    let annotator = tiny(&Options::default());
    let kept = |threshold: Option<f32>, entities: Option<&[&str]>| {
        let entities = entities.map(|entities| entities.iter().map(ToString::to_string).collect());
        let options = AnnotateOptions { threshold, entities, ..Default::default() };
        annotator.annotate(SENTENCE, &options).expect("chunks").chunks
    };
    let all = kept(None, None);
    assert_eq!(found(&kept(None, Some(&["DNA", "protein"]))), CHUNKS[..2]);
    assert_eq!(found(&kept(Some(0.8), None)), CHUNKS[1..2]);
    assert_eq!(found(&kept(Some(0.8), Some(&["DNA"]))), []);
    assert_eq!(kept(all[1].confidence, Some(&["protein"])), all[1..2]);
    for options in [
        AnnotateOptions { threshold: Some(f32::NAN), ..Default::default() },
        AnnotateOptions { threshold: Some(-0.1), ..Default::default() },
        AnnotateOptions { entities: Some(vec!["drug".into()]), ..Default::default() },
    ] {
        assert_eq!(annotator.annotate("x", &options).unwrap_err().code(), "option_invalid");
    }
    for length in [0, 513] {
        let options = Options { max_sentence_length: Some(length), ..Default::default() };
        let error = Annotator::load(&Folder::open(repository(TINY)).expect("a folder"), &options);
        assert_eq!(error.unwrap_err().code(), "option_invalid");
    }
}

/// What is said of the bundle with one file changed.
fn changed(path: &str, change: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Error {
    Annotator::load(&with_file(path, change), &Options::default()).expect_err("an error")
}

/// The bundle in memory, with one file changed, or left out if the change gives none.
fn with_file(path: &str, change: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> MemoryFiles {
    let mut files = MemoryFiles::new("memory");
    for (name, bytes) in bundle_files(TINY) {
        if let Some(bytes) = if name == path { change(bytes) } else { Some(bytes) } {
            files.insert(name, bytes);
        }
    }
    files
}

#[test]
fn a_bundle_may_say_how_it_is_decoded() {
    let text = SENTENCE;
    let with = |edit: &dyn Fn(&mut Manifest), options: &Options| {
        let files = with_file("manifest.json", |bytes| {
            let mut manifest = Manifest::parse(&bytes, "").expect("a manifest");
            manifest.format = "glossa-bundle/2".into();
            (manifest.decoding, manifest.temperature, manifest.transitions) = (None, None, None);
            edit(&mut manifest);
            serde_json::to_vec(&manifest).ok()
        });
        let annotator = Annotator::load(&files, options).expect("a model");
        annotator.annotate(text, &AnnotateOptions::default()).expect("chunks").chunks
    };
    let places = |chunks: &[glossa_ner::Chunk]| {
        chunks.iter().map(|chunk| (chunk.begin, chunk.end, chunk.entity.clone())).collect::<Vec<_>>()
    };
    let plain = Options { decoding: Some(Decoding::Argmax), ..Default::default() };
    let first = with(&|_| (), &plain);
    let cooled = with(&|manifest| manifest.temperature = Some(4.0), &plain);
    assert_eq!(places(&cooled), places(&first));
    assert!(cooled.iter().zip(&first).all(|(cooled, first)| cooled.confidence < first.confidence));

    // Transitions that let nothing begin count only when asked for, by the options or the manifest.
    let nothing = |manifest: &mut Manifest| {
        let count = manifest.labels.len();
        let row = |_| (0..count).map(|to| if manifest.labels[to].starts_with("B-") { -1000.0 } else { 0.0 }).collect();
        manifest.transitions = Some((0..count).map(row).collect());
    };
    assert_eq!(with(&nothing, &plain), first);
    assert_eq!(with(&nothing, &Options::default()), with(&|_| (), &Options::default()));
    assert_eq!(with(&nothing, &Options { decoding: Some(Decoding::Viterbi), ..Default::default() }), []);
    let declared = |manifest: &mut Manifest| {
        nothing(manifest);
        manifest.decoding = Some(Decoding::Viterbi);
    };
    assert_eq!(with(&declared, &Options::default()), []);
    assert_eq!(with(&declared, &plain), first);
}

#[test]
fn a_bundle_may_say_what_every_chunk_must_be_like() {
    // Labels that are drawn to one entity: it goes on from each beginning, or begins at each token.
    let with = |to: &'static str, constraints: &[Constraint], confidences: Option<Confidences>| {
        let files = with_file("manifest.json", |bytes| {
            let mut manifest = Manifest::parse(&bytes, "").expect("a manifest");
            manifest.format = "glossa-bundle/4".into();
            manifest.decoding = Some(Decoding::Viterbi);
            let drawn = |label: &String| if label == to { 50.0 } else { 0.0 };
            manifest.transitions = Some(vec![manifest.labels.iter().map(drawn).collect(); manifest.labels.len()]);
            manifest.constraints = Some(constraints.to_vec());
            manifest.confidences = confidences.clone();
            serde_json::to_vec(&manifest).ok()
        });
        Annotator::load(&files, &Options::default()).expect("a model")
    };
    let texts = |annotator: &Annotator, text: &str| {
        let found = annotator.annotate(text, &AnnotateOptions::default()).expect("chunks").chunks;
        found.into_iter().map(|chunk| chunk.text).collect::<Vec<_>>()
    };
    let (free, balanced) = (with("I-protein", &[], None), with("I-protein", &[Constraint::BalancedBrackets], None));
    for (text, unconstrained, expected) in [
        ("IL-2 and ( IL-4 ) here", "IL-2 and ( IL-4 ) here", "IL-2 and ( IL-4 ) here"),
        ("IL-2 and ( IL-4 here", "IL-2 and ( IL-4 here", "IL-2 and"),
        ("IL-2 and [ IL-4 )", "IL-2 and [ IL-4 )", "IL-2 and"),
    ] {
        assert_eq!(texts(&free, text)[0], unconstrained);
        assert_eq!(texts(&balanced, text)[0], expected);
    }
    let (free, spoken) = (with("B-protein", &[], None), with("B-protein", &[Constraint::NotOnlyPunctuation], None));
    assert_eq!(texts(&free, "IL-2 - … 5 %"), ["IL-2", "-", "…", "5", "%"]);
    assert_eq!(texts(&spoken, "IL-2 - … 5 %"), ["IL-2", "5", "%"]);

    let doubtful = Confidences::from_iter([("protein".to_string(), Confidence { slope: 0.5, offset: -1.0 })]);
    let calibrated = with("B-protein", &[], Some(doubtful));
    let confidences = |annotator: &Annotator, threshold| {
        let options = AnnotateOptions { threshold, ..Default::default() };
        let chunks = annotator.annotate("IL-2 and IL-4", &options).expect("chunks").chunks;
        chunks.iter().map(|chunk| chunk.confidence.expect("a confidence")).collect::<Vec<_>>()
    };
    let (before, after) = (confidences(&free, None), confidences(&calibrated, None));
    for (before, after) in before.iter().zip(&after) {
        let odds = |p: f32| (p / (1.0 - p)).ln();
        assert!((odds(*after) - (0.5 * odds(*before) - 1.0)).abs() < 1e-3, "{before} {after}");
    }
    // The threshold is of what is told.
    let highest = after.iter().copied().fold(0.0, f32::max);
    assert_eq!(confidences(&calibrated, Some(highest)), [highest]);
    assert_eq!(confidences(&calibrated, Some((highest + 1.0) / 2.0)), [0.0; 0]);
}

#[test]
fn a_bundle_may_be_told_how_tokens_are_capitalised() {
    let scores = |segments: Option<TokenTypes>, text: &str| -> Vec<f32> {
        let files = with_file("manifest.json", |bytes| {
            let mut manifest = Manifest::parse(&bytes, "").expect("a manifest");
            manifest.format = "glossa-bundle/2".into();
            manifest.token_types = segments;
            serde_json::to_vec(&manifest).ok()
        });
        let annotator = Annotator::load(&files, &Options::default()).expect("a model");
        let labelling = annotator.label(text, Mode::Window).expect("labels");
        labelling.label_sets[0].iter().map(|label| label.and_then(|label| label.score).expect("a score")).collect()
    };
    let (capitals, small) = ("Binding of IL-2 to T cells", "binding of il-2 to t cells");
    assert_eq!(scores(None, capitals), scores(Some(TokenTypes::Zeros), capitals));
    assert_eq!(scores(None, capitals), scores(None, small));
    assert_ne!(scores(Some(TokenTypes::Casing), capitals), scores(Some(TokenTypes::Casing), small));
    assert_eq!(scores(Some(TokenTypes::Casing), small), scores(None, small));
}

#[test]
fn a_broken_bundle_is_a_coded_error_that_names_the_file() {
    let flipped = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    };
    let shorter = |mut bytes: Vec<u8>| {
        bytes.pop();
        Some(bytes)
    };
    let with = |edit: fn(&mut Manifest)| {
        move |bytes: Vec<u8>| {
            let mut manifest = Manifest::parse(&bytes, "").expect("a manifest");
            edit(&mut manifest);
            serde_json::to_vec(&manifest).ok()
        }
    };
    fn first_with_token_types(manifest: &mut Manifest) {
        manifest.format = "glossa-bundle/1".into();
        manifest.token_types = Some(TokenTypes::Casing);
    }
    fn first_with_temperature(manifest: &mut Manifest) {
        manifest.format = "glossa-bundle/1".into();
        manifest.temperature = Some(2.0);
    }
    /// In the format that knows how to decode.
    fn second(edit: fn(&mut Manifest)) -> impl Fn(Vec<u8>) -> Option<Vec<u8>> {
        move |bytes| {
            let mut manifest = Manifest::parse(&bytes, "").expect("a manifest");
            manifest.format = "glossa-bundle/2".into();
            edit(&mut manifest);
            serde_json::to_vec(&manifest).ok()
        }
    }
    fn replaced(key: &'static str, value: &'static str) -> impl Fn(Vec<u8>) -> Option<Vec<u8>> {
        replaced_in("glossa-bundle/2", key, value)
    }
    fn fourth(key: &'static str, value: &'static str) -> impl Fn(Vec<u8>) -> Option<Vec<u8>> {
        replaced_in("glossa-bundle/4", key, value)
    }
    fn replaced_in(
        format: &'static str,
        key: &'static str,
        value: &'static str,
    ) -> impl Fn(Vec<u8>) -> Option<Vec<u8>> {
        move |bytes| {
            let mut manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            manifest["format"] = format.into();
            manifest[key] = "VALUE".into();
            Some(manifest.to_string().replace("\"VALUE\"", value).into_bytes())
        }
    }
    let cases = [
        (changed("model.onnx", flipped), "file_mismatch", "model.onnx"),
        (changed("vocab.txt", shorter), "file_mismatch", "vocab.txt"),
        (changed("vocab.txt", |_| None), "file_missing", "vocab.txt"),
        (changed("manifest.json", |_| None), "model_unrecognised", "memory"),
        (changed("manifest.json", |_| Some(b"{".to_vec())), "manifest_invalid", "manifest.json"),
        (changed("manifest.json", with(|m| m.format = "other".into())), "manifest_invalid", "manifest.json"),
        (changed("manifest.json", with(|m| m.max_sentence_length = 0)), "manifest_invalid", "manifest.json"),
        (changed("manifest.json", with(|m| m.files.clear())), "manifest_invalid", "manifest.json"),
        (changed("manifest.json", with(first_with_token_types)), "manifest_invalid", "glossa-bundle/1"),
        (changed("manifest.json", with(first_with_temperature)), "manifest_invalid", "glossa-bundle/1"),
        (
            changed("manifest.json", second(|m| m.document_structure = Some(true))),
            "manifest_invalid",
            "has no documentStructure; \"glossa-bundle/3\" has",
        ),
        (
            changed("manifest.json", second(|m| m.normalisation = Some(false))),
            "manifest_invalid",
            "has no normalisation",
        ),
        (changed("manifest.json", second(|m| m.constraints = Some(vec![]))), "manifest_invalid", "has no constraints"),
        (
            changed("manifest.json", second(|m| m.confidences = Some(Confidences::default()))),
            "manifest_invalid",
            "has no confidences; \"glossa-bundle/4\" has",
        ),
        (changed("manifest.json", fourth("tokenizer", "{\"splitPatern\": \"-\"}")), "manifest_invalid", "splitPatern"),
        (changed("manifest.json", fourth("tokenizer", "{\"minLength\": -1}")), "manifest_invalid", "minLength"),
        (changed("manifest.json", fourth("tokenizer", "[]")), "manifest_invalid", "tokenizer"),
        (changed("manifest.json", fourth("constraints", "[\"even\"]")), "manifest_invalid", "even"),
        (
            changed("manifest.json", fourth("confidences", "{\"DNA\": {\"slope\": 0, \"offset\": 1}}")),
            "manifest_invalid",
            "confidences[\"DNA\"]",
        ),
        (changed("manifest.json", second(|m| m.temperature = Some(0.0))), "manifest_invalid", "temperature"),
        (changed("manifest.json", second(|m| m.temperature = Some(-1.0))), "manifest_invalid", "temperature"),
        (changed("manifest.json", replaced("temperature", "1e300")), "manifest_invalid", "temperature"),
        (changed("manifest.json", replaced("temperature", "\"1\"")), "manifest_invalid", "manifest.json"),
        (changed("manifest.json", replaced("decoding", "\"best\"")), "manifest_invalid", "best"),
        (changed("manifest.json", second(|m| m.transitions = Some(vec![]))), "manifest_invalid", "transitions"),
        (
            changed("manifest.json", second(|m| m.transitions = Some(vec![vec![0.0; 10]; 11]))),
            "manifest_invalid",
            "transitions",
        ),
        (changed("manifest.json", replaced("transitions", "[[1e300]]")), "manifest_invalid", "transitions"),
        // Transitions between the labels that were would be what is wrong.
        (
            changed(
                "manifest.json",
                with(|m| {
                    m.transitions = None;
                    m.labels.truncate(3);
                }),
            ),
            "labels_mismatch",
            "model.onnx",
        ),
        (
            changed("manifest.json", with(|m| (m.transitions, m.labels) = (None, vec![]))),
            "labels_invalid",
            "manifest.json",
        ),
        (
            changed("manifest.json", with(|m| (m.transitions, m.labels[1]) = (None, "O".into()))),
            "labels_invalid",
            "manifest.json",
        ),
    ];
    for (error, code, file) in cases {
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(file), "{error}");
    }
}

#[test]
fn broken_export_folders_are_coded_errors() {
    let folder = Folder::open(repository("tests/golden/models/cellular")).expect("a folder");
    type Change<'c> = &'c dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>>;
    let load = |change: Change<'_>| {
        let mut files = MemoryFiles::new("memory");
        for name in ["model.onnx", "assets/vocab.txt", "assets/labels.txt"] {
            if let Some(bytes) = change(name, folder.require(name).expect("a file")) {
                files.insert(name, bytes);
            }
        }
        Annotator::load(&files, &Options::default()).map(|annotator| annotator.name().to_string())
    };
    let only = |path: &'static str, new: Option<&'static [u8]>| {
        move |name: &str, bytes: Vec<u8>| if name == path { new.map(<[u8]>::to_vec) } else { Some(bytes) }
    };
    assert_eq!(load(&|_, bytes| Some(bytes)), Ok("memory".to_string()));
    for (change, code) in [
        (only("model.onnx", None), "file_missing"),
        (only("model.onnx", Some(b"")), "graph_invalid"),
        (only("model.onnx", Some(b"no graph at all")), "graph_invalid"),
        (only("assets/labels.txt", Some(b"O\nB-X")), "labels_mismatch"),
        (only("assets/labels.txt", Some(b"")), "labels_invalid"),
        (only("assets/labels.txt", Some(b"\xFF")), "labels_invalid"),
        (only("assets/vocab.txt", Some(b"a\nb")), "vocabulary_invalid"),
    ] {
        assert_eq!(load(&change).expect_err(code).code(), code);
    }
    let truncated = |name: &str, mut bytes: Vec<u8>| {
        if name == "model.onnx" {
            bytes.truncate(bytes.len() / 2);
        }
        Some(bytes)
    };
    assert_eq!(load(&truncated).expect_err("half a graph").code(), "graph_invalid");
}
