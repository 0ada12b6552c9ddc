//! The structure of a document: its paragraphs.

use super::document::Document;
use super::plain;
use super::token::Token;

/// The bytes at which the paragraphs of a text begin, but for the first. An empty line ends a paragraph: two line ends with
/// nothing but white space and invisible characters between them.
pub(super) fn paragraph_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut line_ends = 0;
    let mut before_text = true;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line_end = line_end(rest);
        if line_end > 0 {
            line_ends += 1;
            at += line_end;
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        if !(c.is_whitespace() || plain::is_invisible(c)) {
            if line_ends > 1 && !before_text {
                starts.push(at);
            }
            (line_ends, before_text) = (0, false);
        }
        at += c.len_utf8();
    }
    starts
}

/// Length of the line end at the start: CR LF is one. So is CR CR LF, which a file has whose line ends were converted twice.
pub(super) fn line_end(text: &str) -> usize {
    ["\r\r\n", "\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]
        .into_iter()
        .find(|end| text.starts_with(end))
        .map_or(0, str::len)
}

/// Divides tokens that go over the end of a paragraph, as patterns of the tokenizer may allow.
pub(crate) fn divide(document: &Document, tokens: Vec<Token>) -> Vec<Token> {
    if document.paragraphs().is_empty() {
        return tokens;
    }
    let mut divided = Vec::with_capacity(tokens.len());
    for token in tokens {
        let starts = document.paragraphs();
        let first = starts.partition_point(|start| *start <= token.bytes.start);
        let within = starts[first..].iter().take_while(|start| **start < token.bytes.end);
        let mut from = token.start();
        for end in within.copied().chain([token.bytes.end]) {
            let part = document.slice(from.byte..end);
            let after = from.after_text(part);
            let shown = part.trim_end();
            if !shown.is_empty() {
                let until = from.after_text(shown);
                let spark_begin = token.spark_begin + from.utf16 - token.begin;
                let bytes = from.byte..until.byte;
                divided.push(Token { begin: from.utf16, end: until.utf16, bytes, spark_begin });
            }
            from = after;
        }
    }
    divided
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Reading, Tokenizer, TokenizerOptions};

    fn paragraphs(text: &str) -> Vec<&str> {
        let mut starts = paragraph_starts(text);
        starts.push(text.len());
        let mut from = 0;
        let blank = |c: char| c.is_whitespace() || c == '\u{200B}';
        starts.into_iter().map(|to| text[std::mem::replace(&mut from, to)..to].trim_matches(blank)).collect()
    }

    #[test]
    fn an_empty_line_ends_a_paragraph_however_lines_end() {
        for empty in ["\n\n", "\r\n\r\n", "\r\r", "\u{85}\u{85}", "\u{2028}\n", "\n \t\n", "\n\u{200B}\n", "\n\n\n\n"] {
            assert_eq!(paragraphs(&format!("\n\na b{empty}  c\n")), ["a b", "c"], "{empty:?}");
        }
        for within in ["\n", "\r\n", "\r\r\n", " ", "\u{85}", "\n\u{C}", "\u{2029}", "\n\t"] {
            assert_eq!(paragraphs(&format!("a b{within}c")).len(), 1, "{within:?}");
        }
        assert_eq!(paragraphs("").len(), 1);
        assert_eq!(paragraphs("\n\n\n").len(), 1);
    }

    #[test]
    fn no_token_goes_over_the_end_of_a_paragraph() {
        let options = TokenizerOptions { exceptions: Some(vec!["one\\s+two".into()]), ..Default::default() };
        let tokenizer = Tokenizer::new(&options).expect("a tokenizer");
        let tokens = |structure: bool| {
            let reading = Reading { document_structure: structure, ..Default::default() };
            let document = Document::read("\u{1F9EC} one\n\ntwo", &reading, &|_| false);
            let tokens = tokenizer.tokenize(&document).expect("tokens");
            let tokens: Vec<_> = divide(&document, tokens).into_iter().map(|t| (t.begin, t.end, t.bytes)).collect();
            tokens
        };
        assert_eq!(tokens(false), [(0, 2, 0..4), (3, 11, 5..13)]);
        assert_eq!(tokens(true), [(0, 2, 0..4), (3, 6, 5..8), (8, 11, 10..13)]);
    }
}
