//! Texts that are edited: what has not changed is not run again, and the annotation is that of a text that is new.

mod common;

use common::{in_package, repository, tiny};
use fastrand::Rng;
use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotation, Annotator, Decoding, Mode, Options};

const WORDS: [&str; 40] = [
    "IL-2",
    "gene",
    "expression",
    "NF-kappa",
    "B",
    "T",
    "cells",
    "GATA-1",
    "CD28",
    "the",
    "of",
    "in",
    "and",
    "patients",
    "were",
    "was",
    "metformin",
    "(500",
    "mg)",
    "daily,",
    "human",
    "promoter",
    "binds",
    "monocytes",
    "p",
    "<",
    "0.05",
    "after",
    "weeks",
    "transcription",
    "factor",
    "receptor-mediated",
    "αβ",
    "µg/ml",
    "lymphocytes",
    "activation",
    "requires",
    "with",
    "not",
    "\u{1F9EC}",
];

/// Sentences and paragraphs of about so many characters.
fn text(random: &mut Rng, characters: usize) -> String {
    let mut text = String::new();
    while text.len() < characters {
        for _ in 0..random.usize(8..28) {
            text.push_str(WORDS[random.usize(..WORDS.len())]);
            text.push(' ');
        }
        text.truncate(text.trim_end().len());
        text.push_str(if random.usize(..8) == 0 { ".\n\n" } else { ". " });
    }
    text
}

/// An edit as one who writes makes it, somewhere.
fn edit(random: &mut Rng, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let place = random.usize(..places.len());
    let at = places[place];
    let until = |characters: usize| places[(place + characters).min(places.len() - 1)];
    match random.usize(..10) {
        0..4 => text.insert(at, random.alphabetic()),
        4 => text.insert(at, ' '),
        5 => text.insert_str(at, ". "),
        6 => text.insert_str(at, "\n\n"),
        7 => text.insert_str(at, " IL-2 gene "),
        8 => text.replace_range(at..until(1), ""),
        _ => text.replace_range(at..until(60), ""),
    }
}

/// The annotation of a text whose windows are reused, how many of its windows were run, and how many there are.
fn reusing(annotator: &Annotator, text: &str, options: &AnnotateOptions) -> (Annotation, usize, usize) {
    let mut job = annotator.begin(text, options).expect("a job");
    job.reuse_windows();
    while annotator.advance(&mut job).expect("a window") {}
    let (ran, (_, all)) = (job.ran(), job.progress());
    (annotator.finish(job).expect("an annotation"), ran, all)
}

/// Edits a text so many times; each time the annotation must be that of a new text, bit for bit.
fn check(annotator: &Annotator, options: &AnnotateOptions, seed: u64, characters: usize, edits: usize) {
    let mut random = Rng::with_seed(seed);
    let mut text = text(&mut random, characters);
    reusing(annotator, &text, options);
    let (mut ran, mut all) = (0, 0);
    for _ in 0..edits {
        edit(&mut random, &mut text);
        let (annotation, some, of) = reusing(annotator, &text, options);
        assert_eq!(annotation, annotator.annotate(&text, options).expect("an annotation"), "of {text:?}");
        (ran, all) = (ran + some, all + of);
    }
    assert!(ran < all, "{ran} of {all} windows were run");
}

fn load(folder: &str, options: &Options) -> Annotator {
    Annotator::load(&Folder::open(repository(folder)).expect("a folder"), options).expect("a model")
}

#[test]
fn an_edited_text_is_annotated_as_a_new_one() {
    let truncate = AnnotateOptions { mode: Mode::Truncate, ..Default::default() };
    for decoding in [Decoding::Viterbi, Decoding::Argmax] {
        for document_structure in [true, false] {
            let options = Options {
                decoding: Some(decoding),
                document_structure: Some(document_structure),
                normalisation: Some(document_structure),
                ..Options::default()
            };
            let annotator = tiny(&options);
            for (seed, characters) in [(1, 300), (2, 1200), (3, 6000)] {
                check(&annotator, &AnnotateOptions::default(), seed, characters, 60);
                check(&annotator, &truncate, seed, characters, 20);
            }
        }
    }
}

#[test]
fn so_it_is_by_a_tokenizer_of_hugging_face() {
    let annotator = load("tests/golden/models/hf_cellular", &Options::default());
    for (seed, characters) in [(4, 1500), (5, 9000)] {
        check(&annotator, &AnnotateOptions::default(), seed, characters, 40);
    }
}

#[test]
fn so_it_is_by_the_models_that_are_shipped() {
    if in_package("the shipped models are not in it") {
        return;
    }
    for model in ["www/models/cellular", "www/models/biomedical", "www/models/clinical_trials"] {
        check(&load(model, &Options::default()), &AnnotateOptions::default(), 6, 7000, 6);
    }
}

/// The aim is two windows' time at most. A window of a long text is seldom as long as one may be, and a third one has to be run
/// where an edit takes away the place at which a window began.
#[test]
fn a_keystroke_in_a_long_text_runs_two_windows_or_less() {
    let annotator = load("tests/golden/models/hf_cellular", &Options::default());
    let mut random = Rng::with_seed(8);
    let text = text(&mut random, 10_000);
    let options = AnnotateOptions::default();
    let (_, ran, all) = reusing(&annotator, &text, &options);
    assert_eq!(ran, all);
    let mut counts = [0; 6];
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    for _ in 0..200 {
        let mut edited = text.clone();
        edited.insert(places[random.usize(..places.len())], random.alphabetic());
        counts[reusing(&annotator, &edited, &options).1.min(5)] += 1;
    }
    assert!(counts[..3].iter().sum::<usize>() >= 195 && counts[5] == 0, "{counts:?}");
}

#[test]
fn no_window_is_reused_unasked_and_none_of_another_annotator() {
    let (one, other) = (tiny(&Options::default()), tiny(&Options::default()));
    let text = text(&mut Rng::with_seed(9), 1000);
    let options = AnnotateOptions::default();
    let (_, first, all) = reusing(&one, &text, &options);
    assert_eq!(reusing(&one, &text, &options).1, 0);
    assert_eq!((first, reusing(&other, &text, &options).1), (all, all));
    let mut job = one.begin(&text, &options).expect("a job");
    while one.advance(&mut job).expect("a window") {}
    assert_eq!(job.ran(), all);
}
