//! Spark NLP's pipeline: DocumentAssembler, Tokenizer, BertForTokenClassification, NerConverter.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use super::{check_count, Runner};
use crate::annotation::{Annotation, Chunk, LabelledTokens, TokenLabel};
use crate::engine::Logits;
use crate::labels::{convert_with, named, Confidences, Decoder, Decoding, LikeliestLabels, LikeliestOf, TokenLogits};
use crate::options::{AnnotateOptions, Mode};
use crate::text::{
    cut, divide, rank, truncate, Document, Encoder, Reading, Token, TokenTypes, Tokenizer, Vocabulary, Window,
    WordPieces,
};
use crate::Error;

/// The pipeline's stages around the classifier, with their options.
#[derive(Debug)]
pub(crate) struct Spark {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) reading: Reading,
    pub(crate) case_sensitive: bool,
    /// Word pieces per window, `[CLS]` and `[SEP]` included.
    pub(crate) max_sentence_length: usize,
    pub(crate) pieces: WordPieces,
    pub(crate) token_types: TokenTypes,
    pub(crate) label_from_separator: bool,
    /// One for each label set.
    pub(crate) decoders: Vec<Decoder>,
    pub(crate) confidences: Confidences,
}

/// A label set's label id and score of each token; `None` where the model did not read the token.
type SetLabels = Vec<Option<(usize, f32)>>;

/// The state of a text in this pipeline.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) document: Document,
    pub(crate) tokens: Vec<Token>,
    /// Word piece ids of the whole document.
    pieces: Vec<u32>,
    /// `token_type_ids` of the word pieces.
    token_types: Vec<u32>,
    /// Each token's range of `pieces`.
    pieces_of: Vec<Range<usize>>,
    /// Tokens at which paragraphs begin, but for the first.
    paragraphs: Vec<usize>,
    windows: Vec<Window>,
    done: usize,
    /// Of each label set, if labels are decoded token by token.
    labels: Vec<SetLabels>,
    /// The logits to decode once all windows have run, if labels depend on their neighbours.
    logits: Option<TokenLogits>,
    /// Of each label set: each token's likeliest labels, if the result is to tell them; else empty.
    likeliest: Vec<LikeliestLabels>,
    truncated_from: Option<usize>,
    options: AnnotateOptions,
}

impl Text {
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.done, self.windows.len())
    }

    /// The tokens that a window labels: those that it decides and that have word pieces.
    fn decided<'t>(&'t self, window: &Window) -> impl Iterator<Item = usize> + 't {
        window.decides.clone().filter(|&token| !self.pieces_of[token].is_empty())
    }

    /// Keeps every token's logits, even if decoding does not need them. Call it before the first window runs.
    pub(crate) fn keep_logits(&mut self, labels: usize) {
        let Text { document, tokens, paragraphs, .. } = self;
        self.logits.get_or_insert_with(|| {
            let texts: Vec<&str> = tokens.iter().map(|token| document.slice(token.bytes.clone())).collect();
            TokenLogits::new(tokens.len(), labels).with_paragraphs(paragraphs.clone()).with_texts(&texts)
        });
    }

    /// Takes the logits that were kept; empty if there are none.
    pub(crate) fn take_logits(&mut self) -> TokenLogits {
        self.logits.take().unwrap_or_default()
    }
}

impl Spark {
    /// Cuts a text into tokens, word pieces and windows.
    ///
    /// # Errors
    /// `option_invalid` if a pattern of the tokenizer exceeds its budget of steps.
    pub(crate) fn begin(&self, text: &str, labels: usize, options: &AnnotateOptions) -> Result<Text, Error> {
        let document = Document::read(text, &self.reading, &|word| self.vocabulary.is_word(word));
        let tokens = document.given(divide(&document, self.tokenizer.tokenize(&document)?));
        let paragraphs = paragraphs(&document, &tokens);
        let (pieces, pieces_of) =
            Encoder::new(&self.vocabulary, self.case_sensitive, self.pieces).encode(&document, &tokens);
        let mut token_types = vec![0; pieces.len()];
        for (token, range) in tokens.iter().zip(&pieces_of) {
            token_types[range.clone()].fill(self.token_types.of(document.slice(token.bytes.clone())));
        }
        let limit = self.max_sentence_length.saturating_sub(2);
        let mut truncated_from = None;
        let windows = match options.mode {
            Mode::Window => cut(&pieces_of, limit, &|token| {
                let (at, place) = (tokens[token].bytes.start, pieces_of[token].start);
                rank(document.text(), at, place, pieces.len(), |piece| pieces[piece])
            }),
            Mode::Truncate => {
                let mut window = truncate(&pieces_of, limit);
                let unread = tokens.get(window.decides.end);
                truncated_from = unread.map(|token| document.original_range(token).start);
                if self.label_from_separator {
                    window.decides.end = decided_with_separator(&pieces_of, &window);
                }
                if pieces.is_empty() {
                    vec![]
                } else {
                    vec![window]
                }
            }
        };
        let mut read = Text {
            document,
            labels: vec![vec![None; tokens.len()]; self.decoders.len()],
            logits: None,
            likeliest: match options.label_scores {
                0 => Vec::new(),
                asked => {
                    let of = |decoder: &Decoder| LikeliestLabels::new(tokens.len(), decoder.columns().len(), asked);
                    self.decoders.iter().map(of).collect()
                }
            },
            tokens,
            pieces,
            token_types,
            pieces_of,
            paragraphs,
            windows,
            done: 0,
            truncated_from,
            options: options.clone(),
        };
        if self.decoding() == Decoding::Viterbi {
            read.keep_logits(labels);
        }
        Ok(read)
    }

    /// The logits of the tokens that a window decides, a row per token; empty if there is no such window.
    ///
    /// # Errors
    /// `inference_failed`.
    pub(crate) fn run(&self, runner: &Runner<'_>, text: &Text, window: usize) -> Result<Vec<f32>, Error> {
        let Some(window) = text.windows.get(window) else { return Ok(Vec::new()) };
        let mut ids = vec![self.vocabulary.classification()];
        ids.extend_from_slice(&text.pieces[window.pieces.clone()]);
        ids.push(self.vocabulary.separator());
        let mut token_types = vec![0];
        token_types.extend_from_slice(&text.token_types[window.pieces.clone()]);
        let logits = runner.logits_with(&ids, &token_types)?;
        let rows = text.decided(window).map(|token| first_row(&text.pieces_of[token], window, &logits));
        Ok(rows.collect::<Vec<_>>().concat())
    }

    /// Adds the logits of the next window: a row of `labels` values for each token that it decides.
    ///
    /// # Errors
    /// `inference_failed` if the number of values is not the window's.
    pub(crate) fn accept(&self, text: &mut Text, labels: usize, logits: &[f32]) -> Result<(), Error> {
        let Some(window) = text.windows.get(text.done) else { return Ok(()) };
        let tokens: Vec<usize> = text.decided(window).collect();
        check_count(logits.len(), tokens.len() * labels)?;
        for (token, row) in tokens.into_iter().zip(logits.chunks_exact(labels)) {
            for (likeliest, decoder) in text.likeliest.iter_mut().zip(&self.decoders) {
                likeliest.set(token, &decoder.likeliest_labels(row, likeliest.count()));
            }
            if let Some(kept) = &mut text.logits {
                kept.set(token, row);
                continue;
            }
            for (labels, decoder) in text.labels.iter_mut().zip(&self.decoders) {
                labels[token] = Some(decoder.likeliest(row));
            }
        }
        text.done += 1;
        Ok(())
    }

    /// How labels are decoded.
    pub(crate) fn decoding(&self) -> Decoding {
        self.decoders.first().map_or(Decoding::Argmax, Decoder::decoding)
    }

    /// The tokens' labels of each label set.
    pub(crate) fn labels<'t>(&self, text: &'t Text) -> Cow<'t, [SetLabels]> {
        let decode = |logits| self.decoders.iter().map(|decoder| decoder.decode(logits)).collect();
        text.logits.as_ref().map_or(Cow::Borrowed(&text.labels), |logits| Cow::Owned(decode(logits)))
    }

    /// The chunks of the windows that have run, by the tokens' labels of each label set. `names` are those of all labels, in id
    /// order.
    pub(crate) fn finish(&self, text: &Text, labels: &[Vec<Option<TokenLabel<'_>>>], names: &[String]) -> Annotation {
        let of_set = |(set, labels): (usize, &Vec<Option<TokenLabel<'_>>>)| {
            let likeliest = text.likeliest.get(set).map(|likeliest| |token| named(likeliest.of(token), names));
            let likeliest = likeliest.as_ref().map(|of| of as LikeliestOf<'_>);
            convert_with(&text.document, &text.tokens, labels, &text.options, &self.confidences, likeliest)
        };
        let chunks = labels.iter().enumerate().map(of_set).reduce(merged).unwrap_or_default();
        Annotation { chunks, truncated_from: text.truncated_from, precision: None }
    }

    /// The chunks that the tokens' labels of each label set form, with default options.
    pub(crate) fn chunks(&self, labelled: &LabelledTokens<'_>) -> Vec<Chunk> {
        let LabelledTokens { document, tokens, label_sets } = labelled;
        let options = AnnotateOptions::default();
        let of_set = |labels: &Vec<_>| convert_with(document, tokens, labels, &options, &self.confidences, None);
        label_sets.iter().map(of_set).reduce(merged).unwrap_or_default()
    }
}

/// The chunks of two label sets in the order of the text. Of chunks that begin at one place the longest comes first, and of two
/// at one place that of the first set.
fn merged(one: Vec<Chunk>, other: Vec<Chunk>) -> Vec<Chunk> {
    let place = |chunk: &Chunk| (chunk.begin, Reverse(chunk.end));
    let mut chunks = Vec::with_capacity(one.len() + other.len());
    let mut other = other.into_iter().peekable();
    for chunk in one {
        while let Some(earlier) = other.next_if(|earlier| place(earlier) < place(&chunk)) {
            chunks.push(earlier);
        }
        chunks.push(chunk);
    }
    chunks.extend(other);
    chunks
}

/// The tokens at which paragraphs begin, but for the first.
fn paragraphs(document: &Document, tokens: &[Token]) -> Vec<usize> {
    let begins = |i: &usize| document.begins_paragraph(tokens[i - 1].bytes.start, tokens[*i].bytes.start);
    (1..tokens.len()).filter(begins).collect()
}

/// Exclusive end of the decided tokens of a truncated text if the logits of `[SEP]` label a token too.
///
/// Spark NLP zips the document's word pieces with the rows of logits after `[CLS]`. If there are more pieces than the
/// window holds, the first piece beyond it is paired with the row of `[SEP]`. If a token begins with this piece, it takes
/// its label from that row. Tokens without word pieces (only characters that the encoder drops) are skipped.
fn decided_with_separator(pieces_of: &[Range<usize>], window: &Window) -> usize {
    let end = window.decides.end;
    let next = pieces_of[end..].iter().position(|pieces| !pieces.is_empty());
    match next {
        Some(after) if pieces_of[end + after].start == window.pieces.end => end + after + 1,
        _ => end,
    }
}

/// The logits of a token's first word piece.
fn first_row<'l>(token: &Range<usize>, window: &Window, logits: &'l Logits) -> &'l [f32] {
    logits.row(1 + token.start - window.pieces.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separators_row_goes_to_the_token_that_begins_at_the_limit() {
        let end = |pieces_of: &[Range<usize>]| decided_with_separator(pieces_of, &truncate(pieces_of, 4));
        // Begins there; does not, since the token before it goes on; the text ends there.
        assert_eq!(end(&[0..2, 2..4, 4..5]), 3);
        assert_eq!(end(&[0..2, 2..5, 5..6]), 2);
        assert_eq!(end(&[0..2, 2..4]), 2);
        // Tokens without word pieces between the window's end and the token, and none after them.
        assert_eq!(end(&[0..2, 2..4, 4..4, 4..4, 4..5, 5..6]), 5);
        assert_eq!(end(&[0..2, 2..4, 4..4]), 2);
        assert_eq!(end(&[]), 0);
    }
}
