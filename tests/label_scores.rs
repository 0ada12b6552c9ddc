//! The option `labelScores`: the likeliest labels of each token of a chunk.

mod common;

use common::{repository, slice, tiny};
use glossa_ner::model::Folder;
use glossa_ner::text::CleanupMode;
use glossa_ner::{
    AggregationStrategy, AnnotateOptions, Annotator, Chunk, ChunkToken, Decoding, Error, Mode, Options, TokenLabel,
};
use serde_json::json;

const SENTENCE: &str = "\u{1F9EC} IL-2 gene expression requires NF-kappa B in human T cells.";

fn scored(label_scores: usize) -> AnnotateOptions {
    AnnotateOptions { label_scores, ..Default::default() }
}

fn by(decoding: Decoding) -> Annotator {
    tiny(&Options { decoding: Some(decoding), ..Default::default() })
}

fn chunks(annotator: &Annotator, text: &str, options: &AnnotateOptions) -> Vec<Chunk> {
    annotator.annotate(text, options).expect("chunks").chunks
}

fn texts<'c>(text: &str, tokens: impl IntoIterator<Item = &'c ChunkToken>) -> Vec<String> {
    tokens.into_iter().map(|token| slice(text, token.begin, token.end)).collect()
}

fn likeliest(chunk: &Chunk) -> Vec<&str> {
    chunk.tokens.iter().map(|token| token.labels[0].label.as_str()).collect()
}

/// The mean of the first scores of a chunk's tokens.
fn mean(chunk: &Chunk) -> f32 {
    chunk.tokens.iter().map(|token| token.labels[0].score).sum::<f32>() / chunk.tokens.len() as f32
}

fn assert_probabilities(chunks: &[Chunk], count: usize) {
    for token in chunks.iter().flat_map(|chunk| &chunk.tokens) {
        let scores: Vec<f32> = token.labels.iter().map(|label| label.score).collect();
        assert_eq!(scores.len(), count);
        assert!(scores.is_sorted_by(|a, b| a >= b), "{token:?}");
        assert!(scores[count - 1] >= 0.0 && scores.iter().sum::<f32>() <= 1.0 + 1e-5, "{token:?}");
    }
}

#[test]
fn each_token_of_a_chunk_has_its_likeliest_labels() {
    let annotator = by(Decoding::Argmax);
    let text = format!("{SENTENCE} ").repeat(6);
    let found = chunks(&annotator, &text, &scored(3));
    assert_probabilities(&found, 3);
    let tokens = |chunk: &Chunk| texts(&text, &chunk.tokens);
    assert_eq!(
        found.iter().take(3).map(tokens).collect::<Vec<_>>(),
        [vec!["IL-2", "gene"], vec!["NF-kappa", "B"], vec!["T", "cells"]]
    );
    assert_eq!(found.len(), 18);
    let labelled = annotator.label(&text, Mode::Window).expect("labels");
    let decided = |token: &ChunkToken| {
        let at = labelled.tokens.iter().position(|other| (other.begin, other.end) == (token.begin, token.end));
        labelled.label_sets[0][at.expect("a token of the text")].expect("a label")
    };
    for chunk in &found {
        assert_eq!(chunk.confidence, Some(mean(chunk)));
        for token in &chunk.tokens {
            let TokenLabel { label, score } = decided(token);
            assert_eq!((token.labels[0].label.as_str(), Some(token.labels[0].score)), (label, score));
        }
    }
}

#[test]
fn more_labels_than_the_model_has_are_all_of_them() {
    let annotator = tiny(&Options::default());
    let found = chunks(&annotator, SENTENCE, &scored(20));
    assert_probabilities(&found, annotator.labels().len());
    for token in found.iter().flat_map(|chunk| &chunk.tokens) {
        let mut labels: Vec<&str> = token.labels.iter().map(|label| label.label.as_str()).collect();
        let mut known: Vec<&str> = annotator.labels().iter().map(String::as_str).collect();
        labels.sort_unstable();
        known.sort_unstable();
        assert_eq!(labels, known);
        assert!((token.labels.iter().map(|label| label.score).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    let error = annotator.annotate(SENTENCE, &scored(21)).expect_err("too many");
    assert!(matches!(&error, Error::OptionInvalid { option, .. } if option == "labelScores"), "{error}");
}

#[test]
fn the_scores_are_those_before_decoding_at_the_models_temperature() {
    let (argmax, viterbi) = (by(Decoding::Argmax), by(Decoding::Viterbi));
    let options = scored(8);
    let (likely, decoded) = (chunks(&argmax, SENTENCE, &options), chunks(&viterbi, SENTENCE, &options));
    assert_eq!(
        likely.iter().map(|chunk| &chunk.tokens).collect::<Vec<_>>(),
        decoded.iter().map(|chunk| &chunk.tokens).collect::<Vec<_>>()
    );
    // Before I-DNA, Viterbi decides for a label that is not the first.
    assert_eq!((likely[0].entity.as_str(), decoded[0].entity.as_str()), ("protein", "DNA"));
    assert_eq!(likeliest(&decoded[0]), ["B-protein", "I-DNA"]);
    let score = |token: usize, label: &str| {
        decoded[0].tokens[token].labels.iter().find(|other| other.label == label).expect("a label").score
    };
    assert_eq!(decoded[0].confidence, Some((score(0, "B-DNA") + score(1, "I-DNA")) / 2.0));

    let (labelled, logits) = viterbi.label_with_logits(SENTENCE, Mode::Window).expect("logits");
    let token = &decoded[0].tokens[0];
    let at = labelled.tokens.iter().position(|other| other.begin == token.begin).expect("a token");
    let row = logits.row(at).expect("logits");
    let power = |logit: f32| (f64::from(logit) / viterbi.temperature()).exp();
    let sum: f64 = row.iter().map(|logit| power(*logit)).sum();
    for label in &token.labels {
        let id = viterbi.labels().iter().position(|name| *name == label.label).expect("a label");
        assert!((f64::from(label.score) - power(row[id]) / sum).abs() < 1e-6, "{label:?}");
    }
}

#[test]
fn nothing_else_of_a_result_changes() {
    let annotator = tiny(&Options::default());
    let bare = annotator.annotate(SENTENCE, &AnnotateOptions::default()).expect("chunks");
    assert!(!serde_json::to_string(&bare).expect("JSON").contains("tokens"));
    let mut with = annotator.annotate(SENTENCE, &scored(2)).expect("chunks");
    let token = &with.chunks[1].tokens[0];
    let label = |at: usize| json!({"label": token.labels[at].label, "score": token.labels[at].score});
    assert_eq!(json!(token), json!({"begin": token.begin, "end": token.end, "labels": [label(0), label(1)]}));
    with.chunks.iter_mut().for_each(|chunk| chunk.tokens.clear());
    assert_eq!(with, bare);
}

#[test]
fn windows_that_others_have_run_give_the_same() {
    let annotator = tiny(&Options::default());
    let text = format!("{SENTENCE} ").repeat(6);
    let mut job = annotator.begin(&text, &scored(3)).expect("a job");
    let scores: Vec<_> = (0..job.progress().1).map(|window| annotator.run(&job, window).expect("scores")).collect();
    assert!(scores.len() > 2);
    for scores in scores {
        annotator.accept(&mut job, annotator.window_scores(scores.into_values())).expect("accepted");
    }
    assert_eq!(annotator.finish(job), annotator.annotate(&text, &scored(3)));
}

#[test]
fn tokens_are_places_of_the_text_as_given() {
    let options = Options {
        cleanup_mode: CleanupMode::Shrink,
        normalisation: Some(true),
        decoding: Some(Decoding::Argmax),
        ..Default::default()
    };
    let text = "  \u{1F9EC}  CD\u{AD}28 \r\n receptor,\u{200B} IL-2";
    let joined = AnnotateOptions { ignore_stop_words: Some(vec![",".into()]), ..scored(1) };
    let found = chunks(&tiny(&options), text, &joined);
    // The words that the chunk was joined over are none of its tokens.
    assert_eq!(texts(text, &found[0].tokens), ["CD\u{AD}28", "receptor", "IL-2"]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].begin, found[0].end), (found[0].tokens[0].begin, found[0].tokens[2].end));
    assert_eq!(found[0].confidence, Some(mean(&found[0])));
    // Labels keep the model's names.
    let renamed = AnnotateOptions { replace_labels: [("protein".into(), "P".into())].into(), ..joined };
    assert_eq!(likeliest(&chunks(&tiny(&options), text, &renamed)[0]), ["B-protein", "I-protein", "B-protein"]);
}

/// What transformers' pipeline joins, and the probabilities that it decides by.
#[test]
fn hugging_faces_pipeline_tells_of_what_it_joins() {
    let folder = Folder::open(repository("tests/golden/models/hf_cellular")).expect("a folder");
    let annotator = Annotator::load(&folder, &Options::default()).expect("a model");
    let count = annotator.labels().len();
    let run = |strategy| {
        // Nothing is left out, so that the chunks are made of the whole text.
        let ignore_labels = Some(Vec::new());
        let options = AnnotateOptions { aggregation_strategy: Some(strategy), ignore_labels, ..scored(20) };
        let found = chunks(&annotator, SENTENCE, &options);
        assert_probabilities(&found, count);
        for chunk in &found {
            assert!((chunk.confidence.expect("a confidence") - mean(chunk)).abs() < 1e-6, "{strategy:?}: {chunk:?}");
            assert_eq!(chunk.begin, chunk.tokens[0].begin);
            assert_eq!(chunk.end, chunk.tokens[chunk.tokens.len() - 1].end);
        }
        found.into_iter().flat_map(|chunk| chunk.tokens).collect::<Vec<_>>()
    };
    let pieces = run(AggregationStrategy::None);
    assert_eq!(run(AggregationStrategy::Simple), pieces);
    let words = annotator.label(SENTENCE, Mode::Window).expect("labels").tokens;
    assert!(words.len() < pieces.len());
    let score = |token: &ChunkToken, label: &str| {
        token.labels.iter().find(|other| other.label == label).expect("a label").score
    };
    for strategy in [AggregationStrategy::First, AggregationStrategy::Average, AggregationStrategy::Max] {
        let found = run(strategy);
        let places = |token: &ChunkToken| (token.begin, token.end);
        assert_eq!(
            found.iter().map(places).collect::<Vec<_>>(),
            words.iter().map(|word| (word.begin, word.end)).collect::<Vec<_>>()
        );
        for word in &found {
            let of: Vec<&ChunkToken> =
                pieces.iter().filter(|piece| word.begin <= piece.begin && piece.end <= word.end).collect();
            for label in &word.labels {
                let scores = of.iter().map(|piece| score(piece, &label.label));
                let expected = match strategy {
                    AggregationStrategy::First => score(of[0], &label.label),
                    AggregationStrategy::Average => scores.sum::<f32>() / of.len() as f32,
                    _ => {
                        let best = |piece: &&&ChunkToken| piece.labels[0].score;
                        let highest = of.iter().max_by(|a, b| best(a).total_cmp(&best(b))).expect("a piece");
                        score(highest, &label.label)
                    }
                };
                assert!((label.score - expected).abs() < 1e-6, "{strategy:?}: {word:?}");
            }
        }
    }
}
