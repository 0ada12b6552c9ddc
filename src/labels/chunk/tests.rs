use std::collections::BTreeMap;

use super::*;
use crate::text::{CleanupMode, Reading, Tokenizer, TokenizerOptions};

/// Chunks of a text whose tokens have these labels (`-` is none), scored 0.5, 0.6 and so on.
fn converted(document: &Document, labels: &[&str], options: &AnnotateOptions) -> Vec<Chunk> {
    let tokens = Tokenizer::new(&TokenizerOptions::default()).unwrap().tokenize(document).unwrap();
    assert_eq!(tokens.len(), labels.len());
    let label = |(i, &label)| TokenLabel { label, score: Some(0.5 + i as f32 / 10.0) };
    let labels: Vec<_> = labels.iter().enumerate().map(|found| (*found.1 != "-").then(|| label(found))).collect();
    let chunks = convert(document, &tokens, &labels, options);
    let units: Vec<u16> = document.original().encode_utf16().collect();
    for chunk in &chunks {
        assert_eq!(String::from_utf16(&units[chunk.begin..chunk.end]).unwrap(), chunk.text);
    }
    chunks
}

/// Text and entity of the chunks of `a b c …`.
fn pairs(labels: &[&str], options: &AnnotateOptions) -> Vec<(String, String)> {
    let document = Document::new(&"a b c d e f"[..labels.len() * 2 - 1]);
    converted(&document, labels, options).into_iter().map(|chunk| (chunk.text, chunk.entity)).collect()
}

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(text, entity)| (text.to_string(), entity.to_string())).collect()
}

fn some(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

#[test]
fn only_b_and_o_end_a_chunk() {
    let all = AnnotateOptions::default();
    assert_eq!(pairs(&["B-X", "I-Y", "B-X", "O", "I-Y"], &all), owned(&[("a b", "X"), ("c", "X"), ("e", "Y")]));
    assert_eq!(pairs(&["B-X", "-", "I-X", "PAD", "B-Z"], &all), owned(&[("a", "X"), ("c", "X"), ("e", "Z")]));
    let spark = AnnotateOptions { pad_as_o: false, ..Default::default() };
    assert_eq!(pairs(&["PAD", "O", "NA", "O", "X"], &spark), owned(&[("a", "D"), ("c", "")]));
}

#[test]
fn labels_without_schema_name_the_entity() {
    let options = AnnotateOptions { ner_has_no_schema: true, ..Default::default() };
    assert_eq!(pairs(&["X", "X", "Y", "O", "Y"], &options), owned(&[("a b c", "X"), ("e", "Y")]));
}

#[test]
fn greedy_mode_joins_neighbours_of_one_entity() {
    let options = AnnotateOptions { greedy_mode: true, ..Default::default() };
    let expected = owned(&[("a b", "X"), ("c", "Y"), ("e f", "Y")]);
    assert_eq!(pairs(&["B-X", "B-X", "B-Y", "O", "B-Y", "B-Y"], &options), expected);
}

#[test]
fn threshold_and_lists_filter_whole_chunks() {
    let threshold = AnnotateOptions { threshold: Some(0.65), ..Default::default() };
    assert_eq!(pairs(&["B-X", "I-X", "B-X", "I-X"], &threshold), owned(&[("c d", "X")]));
    let white = AnnotateOptions { entities: some(&["Y"]), ..Default::default() };
    assert_eq!(pairs(&["B-X", "B-Y"], &white), owned(&[("b", "Y")]));
    let black = AnnotateOptions { exclude_entities: some(&["Y"]), ..Default::default() };
    assert_eq!(pairs(&["B-X", "B-Y"], &black), owned(&[("a", "X")]));
}

#[test]
fn names_are_replaced_after_the_lists_and_before_casing() {
    let options = AnnotateOptions {
        entities: some(&["X"]),
        replace_labels: BTreeMap::from([("X".into(), "Gene".into()), ("Gene".into(), "no".into())]),
        label_casing: Some(LabelCasing::Upper),
        ..Default::default()
    };
    assert_eq!(pairs(&["B-X", "B-Y"], &options), owned(&[("a", "GENE")]));
}

#[test]
fn stop_words_join_chunks_of_one_entity() {
    let document = Document::new("R House, Walbhat of Mumbai\nIndia X; Y");
    let labels = ["B-L", "I-L", "O", "B-L", "O", "B-L", "B-L", "B-D", "O", "B-D"];
    let found = |words: &[&str]| {
        let options = AnnotateOptions { ignore_stop_words: some(words), ..Default::default() };
        converted(&document, &labels, &options)
    };
    let texts = |words: &[&str]| found(words).into_iter().map(|chunk| chunk.text).collect::<Vec<_>>();
    assert_eq!(texts(&["\n", ","]), ["R House, Walbhat", "Mumbai\nIndia", "X", "Y"]);
    assert_eq!(texts(&[",", "of"]), ["R House, Walbhat of Mumbai", "India", "X", "Y"]);
    let all = found(&["\n", ",", "of"]);
    assert_eq!(all[0].text, "R House, Walbhat of Mumbai\nIndia");
    assert_eq!(all[0].result.as_deref(), Some("R House Walbhat Mumbai India"));
    // The mean leaves the stop words out.
    assert!((all[0].confidence.unwrap() - (0.5 + 0.6 + 0.8 + 1.0 + 1.1) / 5.0).abs() < 1e-6);
}

#[test]
fn chunks_of_a_cleaned_text_stand_in_the_original() {
    let document = Document::assemble("  a \n\n b\\nc\\n d", CleanupMode::ShrinkFull);
    assert_eq!(document.text(), "a b c  d");
    let chunks = converted(&document, &["B-X", "I-X", "I-X", "B-Y"], &AnnotateOptions::default());
    assert_eq!((chunks[0].begin, chunks[0].text.as_str()), (2, "a \n\n b\\nc"));
    assert_eq!(chunks[0].result.as_deref(), Some("a b c"));
    assert_eq!((chunks[1].text.as_str(), &chunks[1].result), ("d", &None));
}

#[test]
fn a_chunk_without_scores_has_no_confidence() {
    let document = Document::new("a b");
    let tokens = Tokenizer::new(&TokenizerOptions::default()).unwrap().tokenize(&document).unwrap();
    let label = |label, score| TokenLabel { label, score };
    let labels = align(&tokens, &[(2, label("I-X", None)), (0, label("B-X", None)), (0, label("O", None))]);
    let options = AnnotateOptions { threshold: Some(0.9), ..Default::default() };
    let chunks = convert(&document, &tokens, &labels, &options);
    assert_eq!(chunks[0].confidence, None);
    assert_eq!(serde_json::to_string(&chunks).unwrap(), r#"[{"begin":0,"end":3,"text":"a b","entity":"X"}]"#);
}

#[test]
fn a_chunk_ends_with_its_paragraph() {
    let reading = Reading { document_structure: true, ..Default::default() };
    let text = "a b\n\nc d\n\ne of\n\nf";
    let labels = ["I-X", "I-X", "I-X", "I-X", "I-X", "O", "I-X"];
    let texts = |document: &Document, words: Option<Vec<String>>| {
        let options = AnnotateOptions { ignore_stop_words: words, ..Default::default() };
        converted(document, &labels, &options).into_iter().map(|chunk| chunk.text).collect::<Vec<_>>()
    };
    let divided = Document::read(text, &reading, &|_| false);
    let words = some(&["of", "\n"]);
    assert_eq!(texts(&divided, None), ["a b", "c d", "e", "f"]);
    assert_eq!(texts(&divided, words.clone()), ["a b", "c d", "e", "f"]);
    // Without structure, an empty line is white space.
    let whole = Document::new(text);
    assert_eq!(texts(&whole, None), ["a b\n\nc d\n\ne", "f"]);
    assert_eq!(texts(&whole, words), ["a b\n\nc d\n\ne of\n\nf"]);
}

#[test]
fn a_chunk_has_its_tokens_if_their_likeliest_labels_are_given() {
    // Two code units before, and a stop word between.
    let document = Document::new("𝛼 b of d");
    let tokens = Tokenizer::new(&TokenizerOptions::default()).unwrap().tokenize(&document).unwrap();
    let labels = ["O", "B-X", "O", "B-X"].map(|label| Some(TokenLabel { label, score: None }));
    let options = AnnotateOptions { ignore_stop_words: some(&["of"]), ..Default::default() };
    let likeliest = |token: usize| vec![LabelScore { label: format!("label {token}"), score: 0.5 }];
    let chunks = convert_with(&document, &tokens, &labels, &options, &Confidences::default(), Some(&likeliest));
    let found: Vec<_> = chunks.iter().map(|chunk| (&chunk.text[..], &chunk.tokens[..])).collect();
    let token = |begin, end, number| ChunkToken { begin, end, labels: likeliest(number) };
    assert_eq!(found, [("b of d", &[token(3, 4, 1), token(8, 9, 3)][..])]);
    let without = convert_with(&document, &tokens, &labels, &options, &Confidences::default(), None);
    assert_eq!(without.iter().map(|chunk| chunk.tokens.len()).collect::<Vec<_>>(), [0]);
}
