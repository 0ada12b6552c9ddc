//! Models with several label sets: each is decoded by itself, and chunks of different sets may overlap.

mod common;
#[path = "common/onnx.rs"]
mod onnx;

use common::{found, repository, slice};
use glossa_ner::labels::{Constraint, Decoder, DecoderDefaults, TokenLogits};
use glossa_ner::model::{Manifest, ManifestFile, Measured, MemoryFiles};
use glossa_ner::text::TokenizerOptions;
use glossa_ner::{AnnotateOptions, Annotator, Decoding, Error, Mode, Options};
use onnx::{floats, graph, model, node};
use sha2::{Digest, Sha256};

/// Two label sets, of five labels and three.
const LABELS: [&str; 8] = ["O", "B-Disease", "I-Disease", "B-Chemical", "I-Chemical", "O", "B-Anatomy", "I-Anatomy"];
const SETS: [usize; 2] = [5, 3];

/// The vocabulary: word pieces in id order, each with its label in the two sets.
const PIECES: [(&str, &str, &str); 11] = [
    ("[PAD]", "O", "O"),
    ("[UNK]", "O", "O"),
    ("[CLS]", "O", "O"),
    ("[SEP]", "O", "O"),
    ("colon", "B-Disease", "B-Anatomy"),
    ("cancer", "I-Disease", "O"),
    ("aspirin", "B-Chemical", "O"),
    ("liver", "O", "B-Anatomy"),
    ("lobe", "O", "I-Anatomy"),
    ("(", "I-Disease", "I-Anatomy"),
    ("skin", "B-Disease", "B-Anatomy"),
];

const TEXT: &str = "aspirin for colon cancer of a liver lobe , skin";

fn entry(path: &str, bytes: &[u8]) -> ManifestFile {
    let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ManifestFile { path: path.into(), bytes: bytes.len() as u64, sha256 }
}

/// The files of a bundle whose every word piece has a label of each set, by [`PIECES`]; `edit` changes its manifest.
fn files(edit: impl Fn(&mut Manifest)) -> [(&'static str, Vec<u8>); 3] {
    let of = |set: usize, wanted: &str| {
        let labels = if set == 0 { &LABELS[..SETS[0]] } else { &LABELS[SETS[0]..] };
        labels.iter().map(|label| if *label == wanted { 3.0 } else { 0.0 }).collect::<Vec<f32>>()
    };
    let rows: Vec<f32> = PIECES.iter().flat_map(|(_, one, other)| [of(0, one), of(1, other)].concat()).collect();
    let tensors = [floats("table", &[PIECES.len(), LABELS.len()], &rows)];
    let graph =
        model(17, Some(graph(&["input_ids"], &[node("Gather", &["table", "input_ids"], "logits", &[])], &tensors)));
    let vocabulary: String = PIECES.iter().map(|(piece, ..)| format!("{piece}\n")).collect();
    let mut manifest = Manifest {
        format: "glossa-bundle/5".into(),
        name: "sets".into(),
        labels: LABELS.map(String::from).into(),
        label_sets: Some(SETS.into()),
        files: vec![entry("model.onnx", &graph), entry("vocab.txt", vocabulary.as_bytes())],
        tokenizer: TokenizerOptions::default(),
        case_sensitive: false,
        max_sentence_length: 16,
        token_types: None,
        decoding: Some(Decoding::Viterbi),
        temperature: None,
        transitions: None,
        constraints: None,
        confidences: None,
        document_structure: None,
        normalisation: None,
        licence: "Apache-2.0".into(),
        attribution: vec![],
        measured: Measured::default(),
    };
    edit(&mut manifest);
    let manifest = serde_json::to_string_pretty(&manifest).expect("JSON") + "\n";
    [("manifest.json", manifest.into_bytes()), ("model.onnx", graph), ("vocab.txt", vocabulary.into_bytes())]
}

fn bundle(edit: impl Fn(&mut Manifest)) -> MemoryFiles {
    let mut memory = MemoryFiles::new("memory");
    files(edit).into_iter().for_each(|(name, bytes)| memory.insert(name, bytes));
    memory
}

/// The tests of the page, the packages and the command line have these files too; `GLOSSA_UPDATE=1` writes them anew.
#[test]
fn the_files_are_those_that_the_code_makes() {
    for (name, bytes) in files(|_| ()) {
        let path = repository("tests/models/sets").join(name);
        if std::env::var_os("GLOSSA_UPDATE").is_some() {
            std::fs::write(&path, &bytes).expect("a written file");
        }
        assert!(std::fs::read(&path).expect(name) == bytes, "{name} is another; GLOSSA_UPDATE=1 writes it anew");
    }
}

fn annotator(edit: impl Fn(&mut Manifest)) -> Annotator {
    Annotator::load(&bundle(edit), &Options::default()).expect("a model")
}

#[test]
fn chunks_of_different_sets_overlap_and_are_in_the_order_of_the_text() {
    let expected = [
        ("aspirin", "Chemical"),
        ("colon cancer", "Disease"),
        ("colon", "Anatomy"),
        ("liver lobe", "Anatomy"),
        // Of two at one place, that of the first set.
        ("skin", "Disease"),
        ("skin", "Anatomy"),
    ];
    for decoding in [Decoding::Argmax, Decoding::Viterbi] {
        let annotator = annotator(|manifest| manifest.decoding = Some(decoding));
        assert_eq!((annotator.decoding(), annotator.entities()), (decoding, vec!["Disease", "Chemical", "Anatomy"]));
        assert_eq!(annotator.label_sets(), [&LABELS[..5], &LABELS[5..]]);
        for mode in [Mode::Window, Mode::Truncate] {
            let options = AnnotateOptions { mode, ..Default::default() };
            let chunks = annotator.annotate(TEXT, &options).expect("chunks").chunks;
            assert_eq!(found(&chunks), expected);
            chunks.iter().for_each(|chunk| assert_eq!(slice(TEXT, chunk.begin, chunk.end), chunk.text));
            assert_eq!(annotator.label_and_annotate(TEXT, mode).expect("chunks").1, chunks);
        }
        let only = AnnotateOptions { entities: Some(vec!["Anatomy".into()]), ..Default::default() };
        let chunks = annotator.annotate(TEXT, &only).expect("chunks").chunks;
        assert_eq!(found(&chunks), [("colon", "Anatomy"), ("liver lobe", "Anatomy"), ("skin", "Anatomy")]);
    }
}

#[test]
fn a_label_and_its_probability_are_of_its_set() {
    let annotator = annotator(|_| ());
    // One label has the logit 3, the others 0.
    let share = |others: f64| (3f64.exp() / (3f64.exp() + others)) as f32;
    let labelled = annotator.label("colon", Mode::Window).expect("labels");
    let of_set = |set: usize| labelled.label_sets[set][0].expect("a label");
    assert_eq!((of_set(0).label, of_set(0).score), ("B-Disease", Some(share(4.0))));
    assert_eq!((of_set(1).label, of_set(1).score), ("B-Anatomy", Some(share(2.0))));
    let options = AnnotateOptions { label_scores: 20, ..Default::default() };
    for chunk in annotator.annotate(TEXT, &options).expect("chunks").chunks {
        let size = if chunk.entity == "Anatomy" { 3 } else { 5 };
        assert_eq!(chunk.confidence, Some(share(size as f64 - 1.0)));
        for token in &chunk.tokens {
            assert_eq!(token.labels.len(), size, "{chunk:?}");
            assert!(token.labels[0].label.ends_with(&chunk.entity), "{chunk:?}");
            assert!((token.labels.iter().map(|label| label.score).sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn constraints_hold_in_each_set() {
    let annotator = annotator(|manifest| manifest.constraints = Some(vec![Constraint::BalancedBrackets]));
    let chunks = annotator.annotate("colon (", &AnnotateOptions::default()).expect("chunks").chunks;
    assert_eq!(found(&chunks), [("colon", "Disease"), ("colon", "Anatomy")]);
}

#[test]
fn sets_that_are_none_are_refused() {
    type Edit = fn(&mut Manifest);
    let refused = |edit: Edit| match Annotator::load(&bundle(edit), &Options::default()) {
        Err(Error::ManifestInvalid { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let not_divided = "labelSets do not divide the labels into sets with one label O each";
    let cases: [(Edit, &str); 9] = [
        (|m| m.label_sets = Some(vec![5, 4]), not_divided),
        (|m| m.label_sets = Some(vec![5]), not_divided),
        (|m| m.label_sets = Some(vec![5, 3, 0]), not_divided),
        (|m| m.label_sets = Some(vec![usize::MAX, 2]), not_divided),
        (|m| m.label_sets = Some(vec![4, 4]), "Chemical is in two labelSets"),
        (|m| m.labels[7] = "I-Disease".into(), "Disease is in two labelSets"),
        (|m| m.labels[5] = "B-Cell".into(), not_divided),
        (|m| m.labels[2] = "O".into(), not_divided),
        (|m| m.format = "glossa-bundle/4".into(), "has no labelSets; \"glossa-bundle/5\" has"),
    ];
    for (edit, expected) in cases {
        let reason = refused(edit);
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn each_set_is_decoded_as_a_model_of_its_own() {
    let mut random = fastrand::Rng::with_seed(7);
    let labels = LABELS.map(String::from);
    for round in 0..200 {
        let mut number = || random.f32() * 6.0 - 3.0;
        let transitions: Vec<Vec<f32>> =
            (0..LABELS.len()).map(|_| (0..LABELS.len()).map(|_| number()).collect()).collect();
        let rows: Vec<Vec<f32>> = (0..round % 9).map(|_| (0..LABELS.len()).map(|_| number()).collect()).collect();
        let decoded = |columns: std::ops::Range<usize>, sets: &[usize]| {
            let cut = |row: &Vec<f32>| row[columns.clone()].to_vec();
            let defaults = DecoderDefaults {
                decoding: if round % 2 == 0 { Decoding::Viterbi } else { Decoding::Argmax },
                label_sets: sets.to_vec(),
                temperature: 1.5,
                transitions: Some(transitions[columns.clone()].iter().map(cut).collect()),
                ..Default::default()
            };
            let mut logits = TokenLogits::new(rows.len(), columns.len());
            rows.iter().enumerate().for_each(|(token, row)| logits.set(token, &cut(row)));
            let decoders = Decoder::of_sets(&labels[columns.clone()], &defaults, None);
            decoders.iter().map(|decoder| decoder.decode(&logits)).collect::<Vec<_>>()
        };
        let mut alone = [decoded(0..5, &[]), decoded(5..8, &[])].concat();
        alone[1].iter_mut().flatten().for_each(|(label, _)| *label += 5);
        assert_eq!(decoded(0..8, &SETS), alone);
    }
}
