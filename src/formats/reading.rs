//! A document as a model reads it: its passages are paragraphs.

use super::document::{By, Document, Mention, Span, Who};
use crate::{Annotation, Chunk, ChunkToken};

/// Between two paragraphs.
const EMPTY_LINE: &str = "\n\n";

/// The text for a model, in which an empty line stands between any two passages, so that no entity goes over the end of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingText {
    text: String,
    /// Where the parts of the text begin that were moved, and by how much they were moved to the right, in UTF-16 code units.
    moved: Vec<(usize, isize)>,
}

impl Document {
    /// The text for a model.
    pub fn reading_text(&self) -> ReadingText {
        let index = super::TextIndex::new(&self.text);
        let byte = |utf16: usize| index.at(super::Unit::Utf16, utf16).map(|place| place.byte);
        let mut reading = ReadingText { text: String::with_capacity(self.text.len()), moved: Vec::new() };
        let (mut from, mut shift) = (0, 0);
        for pair in self.passages.windows(2) {
            let (end, begin) = (pair[0].end, pair[1].begin);
            let (Some(end_byte), Some(begin_byte)) = (byte(end), byte(begin)) else { continue };
            let gap = self.text.get(end_byte..begin_byte).filter(|gap| gap.trim().is_empty() && end_byte >= from);
            let Some(gap) = gap.filter(|gap| !is_empty_line(gap)) else { continue };
            reading.text.push_str(&self.text[from..end_byte]);
            reading.text.push_str(EMPTY_LINE);
            from = begin_byte;
            shift += EMPTY_LINE.len() as isize - gap.encode_utf16().count() as isize;
            reading.moved.push((begin.wrapping_add_signed(shift), shift));
        }
        reading.text.push_str(&self.text[from..]);
        reading
    }

    /// Takes what a model of this name found in [`Document::reading_text`], in place of the mentions that there were.
    pub fn annotated(self, reading: &ReadingText, annotation: Annotation, model: &str) -> Document {
        let index = super::TextIndex::new(&self.text);
        let mention = |chunk: Chunk| {
            let place = |begin, end| Span { begin: reading.original(begin), end: reading.original_end(begin, end) };
            let span = place(chunk.begin, chunk.end);
            let token = |token: ChunkToken| {
                let Span { begin, end } = place(token.begin, token.end);
                ChunkToken { begin, end, ..token }
            };
            let text = index.slice(super::Unit::Utf16, span.begin, span.end).unwrap_or(&chunk.text).to_string();
            Mention {
                spans: vec![span],
                text,
                entity: chunk.entity,
                confidence: chunk.confidence,
                result: chunk.result,
                tokens: chunk.tokens.into_iter().map(token).collect(),
                by: By { who: Who::Model, name: Some(model.to_string()) },
                ..Mention::default()
            }
        };
        let mentions = annotation.chunks.into_iter().map(mention).collect();
        let truncated_from = annotation.truncated_from.map(|at| reading.original(at));
        let precision = annotation.precision.map(|precision| precision.name().to_string());
        Document { mentions, truncated_from, precision, ..self }
    }
}

impl ReadingText {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where a place of this text is in the document's.
    fn original(&self, at: usize) -> usize {
        let part = self.moved.partition_point(|(begin, _)| *begin <= at);
        let shift = part.checked_sub(1).map_or(0, |part| self.moved[part].1);
        at.wrapping_add_signed(-shift)
    }

    /// Where the end is of something that begins at `begin`: it belongs to the character before it.
    fn original_end(&self, begin: usize, end: usize) -> usize {
        if end > begin {
            self.original(end - 1) + 1
        } else {
            self.original(end)
        }
    }
}

/// Whether white space holds an empty line, and so ends a paragraph whatever else is in it.
fn is_empty_line(gap: &str) -> bool {
    gap.replace("\r\n", "\n").matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() > 1
}

#[cfg(test)]
mod tests {
    use super::super::document::Passage;
    use super::*;

    fn document(text: &str, passages: &[(usize, usize)]) -> Document {
        let passages = passages.iter().map(|&(begin, end)| Passage { begin, end, ..Passage::default() }).collect();
        Document { text: text.into(), passages, ..Document::default() }
    }

    #[test]
    fn passages_are_paragraphs_and_what_is_found_is_where_it_was() {
        // Title, one blank, abstract; a line break; what has an empty line already.
        let text = "TNF-\u{3b1} \u{1F9EC} IL-2\nCD28\n\nNF-kappa B";
        let document = document(text, &[(0, 5), (6, 8), (9, 13), (14, 18), (20, 30)]);
        let reading = document.reading_text();
        assert_eq!(reading.text(), "TNF-\u{3b1}\n\n\u{1F9EC}\n\nIL-2\n\nCD28\n\nNF-kappa B");
        let find = |name: &str| {
            let before = &reading.text()[..reading.text().find(name).expect("a name")];
            let begin = before.encode_utf16().count();
            let end = begin + name.encode_utf16().count();
            let tokens = vec![ChunkToken { begin, end, labels: Vec::new() }];
            Chunk { begin, end, text: name.into(), entity: "X".into(), confidence: None, result: None, tokens }
        };
        let names = ["TNF-\u{3b1}", "\u{1F9EC}", "IL-2", "CD28", "NF-kappa B"];
        let chunks = names.iter().map(|name| find(name)).collect();
        let annotation = Annotation { chunks, truncated_from: None, precision: None };
        let found = document.annotated(&reading, annotation, "m");
        let places: Vec<_> = found.mentions.iter().map(|mention| (mention.begin(), mention.end())).collect();
        assert_eq!(places, [(0, 5), (6, 8), (9, 13), (14, 18), (20, 30)]);
        assert!(found.mentions.iter().zip(names).all(|(mention, name)| mention.text == name));
        let tokens: Vec<_> = found.mentions.iter().flat_map(|mention| &mention.tokens).collect();
        assert_eq!(tokens.iter().map(|token| (token.begin, token.end)).collect::<Vec<_>>(), places);
    }

    #[test]
    fn a_text_that_is_one_passage_is_read_as_it_is() {
        for passages in [&[][..], &[(0, 4)], &[(0, 2), (2, 4)], &[(0, 9), (1, 2)]] {
            let expected = if passages.len() == 2 && passages[0].1 == 2 { "IL\n\n-2" } else { "IL-2" };
            assert_eq!(document("IL-2", passages).reading_text().text(), expected);
        }
    }
}
