//! A text cut at its mentions, for formats of nested elements.

use super::document::Document;
use super::losses;
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;

/// The most mentions over one place that are marked. Where mentions cross, marks are closed and opened again, all that are open.
const MOST_OPEN: usize = 6;

/// A part of a marked text, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part<'d> {
    /// Text as it is.
    Text(&'d str),
    /// A mark begins.
    Open(Mark),
    /// The mark that was opened last ends.
    Close,
    /// The passage of this index begins, or with `None` what stands behind a passage. No mark is open.
    Passage(Option<usize>),
}

/// A piece of a mention, or a fragment of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    /// The index of the mention.
    pub(super) mention: usize,
    /// Which of the mention's pieces, from 0.
    pub(super) piece: usize,
    /// Whether it goes on in no further mark.
    pub(super) is_last: bool,
}

/// A text with its marks.
#[derive(Debug, Default)]
pub(super) struct Marked<'d> {
    pub(super) parts: Vec<Part<'d>>,
    /// Mentions that are not marked, since too many are at their place.
    pub(super) unmarked: Vec<usize>,
}

/// Marks all mentions of a document.
pub(super) fn marked<'d>(document: &'d Document, warnings: &mut Warnings) -> Marked<'d> {
    let index = TextIndex::new(&document.text);
    let mut spans = Vec::new();
    for (mention, of) in document.mentions.iter().enumerate() {
        for (piece, (begin, end)) in losses::places(&index, of, warnings).into_iter().flatten().enumerate() {
            spans.push((begin.byte, end.byte, mention, piece));
        }
    }
    spans.sort_unstable_by_key(|&(begin, end, mention, piece)| (begin, std::cmp::Reverse(end), mention, piece));
    let mut borders = Vec::new();
    for (i, passage) in document.passages.iter().enumerate() {
        let byte = |offset| index.at(Unit::Utf16, offset).map(|place| place.byte);
        if let (Some(begin), Some(end)) = (byte(passage.begin), byte(passage.end)) {
            borders.extend([(begin, Some(i)), (end, None)]);
        }
    }
    let mut sweep =
        Sweep { text: &document.text, at: 0, open: Vec::new(), borders, next_border: 0, marked: Marked::default() };
    for (begin, end, mention, piece) in spans {
        sweep.go_to(begin);
        if sweep.open.len() < MOST_OPEN {
            sweep.open(Open { end, mention, piece });
        } else {
            sweep.marked.unmarked.push(mention);
        }
    }
    sweep.go_to(document.text.len());
    let mut marked = sweep.marked;
    marked.unmarked.sort_unstable();
    marked.unmarked.dedup();
    marked
}

#[derive(Clone, Copy)]
struct Open {
    end: usize,
    mention: usize,
    piece: usize,
}

struct Sweep<'d> {
    text: &'d str,
    at: usize,
    open: Vec<Open>,
    borders: Vec<(usize, Option<usize>)>,
    next_border: usize,
    marked: Marked<'d>,
}

impl Sweep<'_> {
    /// Goes on to a place: marks that end before it or there are closed, and passages that begin before it or there, begun.
    fn go_to(&mut self, place: usize) {
        loop {
            let border = self.borders.get(self.next_border).copied().filter(|(at, _)| *at <= place);
            let end = self.open.iter().map(|open| open.end).min().filter(|end| *end <= place);
            match (end, border) {
                (Some(end), border) if border.is_none_or(|(at, _)| end <= at) => {
                    self.text_to(end);
                    let lowest = self.open.iter().position(|open| open.end == end).unwrap_or(0);
                    self.close(lowest);
                }
                (_, Some((at, passage))) => {
                    self.text_to(at);
                    self.next_border += 1;
                    let open = std::mem::take(&mut self.open);
                    self.marked.parts.extend(open.iter().map(|_| Part::Close));
                    self.marked.parts.push(Part::Passage(passage));
                    open.into_iter().for_each(|open| self.open(open));
                }
                _ => break,
            }
        }
        self.text_to(place);
    }

    fn text_to(&mut self, place: usize) {
        if place > self.at {
            self.marked.parts.push(Part::Text(&self.text[self.at..place]));
            self.at = place;
        }
    }

    fn open(&mut self, open: Open) {
        let cut = self.open.iter().map(|below| below.end).min().unwrap_or(usize::MAX);
        let border = self.borders.get(self.next_border).map_or(usize::MAX, |(at, _)| *at);
        let is_last = open.end <= cut && open.end <= border;
        self.marked.parts.push(Part::Open(Mark { mention: open.mention, piece: open.piece, is_last }));
        self.open.push(open);
    }

    /// Closes a mark that ends here, and those above it for a moment.
    fn close(&mut self, lowest: usize) {
        let above = self.open.split_off(lowest);
        self.marked.parts.extend(above.iter().map(|_| Part::Close));
        let here = self.at;
        above.into_iter().filter(|open| open.end > here).for_each(|open| self.open(open));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{Mention, Passage, Span};

    fn document(text: &str, spans: &[&[(usize, usize)]]) -> Document {
        let mention = |spans: &&[(usize, usize)]| {
            let spans = spans.iter().map(|&(begin, end)| Span { begin, end }).collect();
            Mention { spans, ..Mention::default() }
        };
        Document { text: text.into(), mentions: spans.iter().map(mention).collect(), ..Document::default() }
    }

    fn shown(document: &Document) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.to_string(),
            Part::Open(Mark { mention, piece, is_last }) => {
                format!("<{mention}.{piece}{}", if *is_last { ":" } else { "~" })
            }
            Part::Close => ">".to_string(),
            Part::Passage(passage) => passage.map_or("|".to_string(), |passage| format!("|{passage}:")),
        };
        marked(document, &mut Warnings::default()).parts.iter().map(part).collect()
    }

    #[test]
    fn marks_are_nested() {
        for (spans, expected) in [
            (&[][..], "abcdef"),
            (&[&[(0, 6)][..]][..], "<0.0:abcdef>"),
            (&[&[(1, 2)], &[(2, 4)]], "a<0.0:b><1.0:cd>ef"),
            // One in another, and two at one place.
            (&[&[(1, 2)], &[(0, 4)]], "<1.0:a<0.0:b>cd>ef"),
            (&[&[(0, 2)], &[(0, 2)]], "<0.0:<1.0:ab>>cdef"),
            // Across each other.
            (&[&[(0, 3)], &[(1, 5)]], "<0.0:a<1.0~bc>><1.0:de>f"),
            (&[&[(0, 3)], &[(1, 4)], &[(2, 6)]], "<0.0:a<1.0~b<2.0~c>>><1.0:<2.0~d>><2.0:ef>"),
            // Pieces, and an empty one.
            (&[&[(0, 1), (3, 4)]], "<0.0:a>bc<0.1:d>ef"),
            (&[&[(2, 2)], &[(0, 2)], &[(2, 4)]], "<1.0:ab><2.0:<0.0:>cd>ef"),
            (&[&[(6, 6)]], "abcdef<0.0:>"),
        ] {
            assert_eq!(shown(&document("abcdef", spans)), expected, "{spans:?}");
        }
    }

    #[test]
    fn passages_cut_marks() {
        let mut document = document("abcdef", &[&[(1, 4)]]);
        let passage = |begin, end| Passage { begin, end, ..Passage::default() };
        document.passages = vec![passage(0, 2), passage(3, 6)];
        assert_eq!(shown(&document), "|0:a<0.0~b>|<0.0~c>|1:<0.0:d>ef|");
    }

    #[test]
    fn many_crossing_mentions_are_no_square_of_parts() {
        let spans: Vec<[(usize, usize); 1]> = (0..2000).map(|i| [(i, i + 1500)]).collect();
        let spans: Vec<&[(usize, usize)]> = spans.iter().map(|span| &span[..]).collect();
        let document = document(&"x".repeat(4000), &spans);
        let Marked { parts, unmarked } = marked(&document, &mut Warnings::default());
        assert!(parts.len() < 2000 * 2 * MOST_OPEN, "{}", parts.len());
        let marks: std::collections::HashSet<usize> = parts
            .iter()
            .filter_map(|part| if let Part::Open(mark) = part { Some(mark.mention) } else { None })
            .collect();
        assert_eq!(marks.len() + unmarked.len(), 2000);
    }
}
