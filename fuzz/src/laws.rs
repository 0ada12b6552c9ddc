//! What holds of every result, whatever the model and the text.

use glossa_ner::{AnnotateOptions, Annotation, Annotator, Chunk, Mode};

/// What the laws depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Texts are read in plain writing, so that nothing invisible is a word.
    pub(crate) plain: bool,
    /// Paragraphs are told apart.
    pub(crate) paragraphs: bool,
    /// Chunks are runs of a tokenizer's pieces, as in transformers: several may share a character, and one may be white space.
    pub(crate) pieces: bool,
    /// The model has several label sets, whose chunks may overlap.
    pub(crate) sets: bool,
}

/// Annotates a text in the ways that there are, and checks every result.
pub(crate) fn check_text(annotator: &Annotator, text: &str, options: &AnnotateOptions, reading: Reading) {
    let annotated = annotator.annotate(text, options);
    if let Ok(annotation) = &annotated {
        check(text, annotation, options, reading);
        assert_eq!(in_windows(annotator, text, options).as_ref(), Some(annotation), "windows one by one differ");
        if options.label_scores > 0 {
            let mut bare = annotation.clone();
            bare.chunks.iter_mut().for_each(|chunk| chunk.tokens.clear());
            let without = annotator.annotate(text, &AnnotateOptions { label_scores: 0, ..options.clone() });
            assert_eq!(without.as_ref(), Ok(&bare), "without the scores of labels");
        }
    }
    let Ok(labelled) = annotator.label(text, options.mode) else { return };
    let units: Vec<u16> = text.encode_utf16().collect();
    for labels in &labelled.label_sets {
        assert_eq!(labelled.tokens.len(), labels.len(), "a label for each token");
    }
    for tokens in labelled.tokens.windows(2) {
        assert!(reading.pieces || tokens[0].end <= tokens[1].begin, "tokens overlap: {tokens:?}");
        assert!(tokens[0].begin <= tokens[1].begin, "tokens are not in order: {tokens:?}");
    }
    for token in &labelled.tokens {
        let place = labelled.document.original_range(token);
        let some = token.begin < token.end && place.start < place.end;
        assert!(some || reading.pieces, "an empty token: {token:?}, {place:?}");
        slice(&units, place.start, place.end);
    }
    let with_chunks = annotator.label_and_annotate(text, options.mode).map(|(_, chunks)| chunks);
    let default = annotator.annotate(text, &AnnotateOptions { mode: options.mode, ..Default::default() });
    assert_eq!(with_chunks, default.map(|annotation| annotation.chunks), "labels and chunks from one run");
}

/// As several workers do: the windows run in another order than their scores are taken in.
fn in_windows(annotator: &Annotator, text: &str, options: &AnnotateOptions) -> Option<Annotation> {
    let mut job = annotator.begin(text, options).ok()?;
    let windows = job.progress().1;
    let mut scores: Vec<_> = (0..windows).rev().map(|window| annotator.run(&job, window)).collect();
    while let Some(scores) = scores.pop() {
        annotator.accept(&mut job, annotator.window_scores(scores.ok()?.into_values())).ok()?;
    }
    annotator.finish(job).ok()
}

/// Checks the chunks of a text.
pub(crate) fn check(text: &str, annotation: &Annotation, options: &AnnotateOptions, reading: Reading) {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut last = 0;
    for chunk in &annotation.chunks {
        let Chunk { begin, end, text: shown, confidence, .. } = chunk;
        // A tokenizer's piece may stand for nothing in the text, such as the space that it puts before a word.
        assert!(begin < end || reading.pieces && begin == end, "an empty chunk: {chunk:?}");
        assert!(last <= *begin, "chunks overlap or are not in order: {chunk:?} begins before {last}");
        last = if reading.pieces || reading.sets { *begin } else { *end };
        assert_eq!(slice(&units, *begin, *end), *shown, "not the text at its place: {chunk:?}");
        if let Some(confidence) = confidence {
            assert!((0.0..=1.0).contains(confidence), "no probability: {chunk:?}");
            assert!(options.threshold.is_none_or(|threshold| *confidence >= threshold), "too low: {chunk:?}");
        }
        check_tokens(chunk, &units, options, reading);
        if reading.plain && !reading.pieces {
            assert!(shown.chars().any(|c| !c.is_whitespace() && !is_invisible(c)), "nothing to see: {chunk:?}");
        }
        if reading.paragraphs {
            // A word of a tokenizer of bytes may take the white space behind it along.
            let seen = shown.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c));
            assert!(seen.is_empty() || !has_empty_line(seen), "over an empty line: {chunk:?}");
        }
        if let (Some(entities), true) = (&options.entities, options.replace_labels.is_empty()) {
            // In another case, or as a whole label.
            let same = |entity: &String| chunk.entity.to_lowercase().ends_with(&entity.to_lowercase());
            assert!(entities.iter().any(same), "not asked for: {chunk:?}");
        }
    }
    if let Some(from) = annotation.truncated_from {
        assert!(options.mode == Mode::Truncate, "truncated at {from}");
        assert!(last <= from, "chunks up to {last}, read up to {from}");
        slice(&units, from, units.len());
    }
}

/// Checks the tokens of a chunk.
fn check_tokens(chunk: &Chunk, units: &[u16], options: &AnnotateOptions, reading: Reading) {
    let Chunk { begin, end, tokens, .. } = chunk;
    assert_eq!(tokens.is_empty(), options.label_scores == 0, "tokens if they are asked for: {chunk:?}");
    let mut last = *begin;
    for token in tokens {
        slice(units, token.begin, token.end);
        assert!(reading.pieces || token.begin < token.end, "an empty token: {chunk:?}");
        assert!(last <= token.begin && token.end <= *end, "tokens overlap, or are not in the chunk: {chunk:?}");
        last = if reading.pieces { token.begin } else { token.end };
        let scores: Vec<f32> = token.labels.iter().map(|label| label.score).collect();
        assert!((1..=options.label_scores).contains(&scores.len()), "as many labels as asked for: {chunk:?}");
        assert!(scores.is_sorted_by(|a, b| a >= b), "the likeliest label first: {chunk:?}");
        let all = (0.0..=1.0).contains(&scores[scores.len() - 1]) && scores.iter().sum::<f32>() <= 1.0 + 1e-4;
        assert!(all, "no probabilities: {chunk:?}");
    }
    if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
        assert_eq!((first.begin, last.end), (*begin, *end), "from the first token to the last: {chunk:?}");
    }
}

/// The part of a text between two UTF-16 offsets, which stand between characters.
fn slice(units: &[u16], begin: usize, end: usize) -> String {
    let part = units.get(begin..end).unwrap_or_else(|| panic!("{begin} to {end} is not in {} units", units.len()));
    String::from_utf16(part).unwrap_or_else(|_| panic!("{begin} to {end} cuts a character"))
}

/// Some of the characters that show nothing; the library knows all of them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}')
}

/// Whether a line of a text, which neither begins nor ends with one, is empty or white space.
fn has_empty_line(text: &str) -> bool {
    // CR CR LF is one line end, of a file whose line ends were converted twice.
    text.replace("\r\r\n", "\n")
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .split('\n')
        .any(|line| line.trim().is_empty())
}
