//! Finds the places of mentions, whose offsets count what their format says, or what it does not say.

use super::document::{Mention, Span};
use super::input::invalid;
use super::text_index::{TextIndex, Unit};
use crate::Error;

/// How often the mentions of a text may repeat it, where the file has their offsets alone: a small file must not fill the memory.
const MOST_COPIES: usize = 64;

/// A mention whose places are still as the file has them.
#[derive(Debug, Clone)]
pub(super) struct Unplaced {
    /// Its file and line, or how else it is found in the file.
    pub(super) place: String,
    /// Begin and end of each of its spans, in the file's unit, relative to the text that is searched.
    pub(super) spans: Vec<(usize, usize)>,
    /// Its text, if the file has it.
    pub(super) text: Option<String>,
    /// Everything else; `spans` and `text` are filled in.
    pub(super) mention: Mention,
}

/// Finds the mentions of a text that begins at `base` (UTF-16) of its document. Offsets count `asked`, or without it `prescribed`,
/// which is the format's unit. A mention that is not where its offsets say is an error; if another unit fits all of them, the
/// error says which, but it is not used without being asked for.
pub(super) fn place(
    index: &TextIndex<'_>,
    base: usize,
    mentions: Vec<Unplaced>,
    prescribed: Unit,
    asked: Option<Unit>,
) -> (Vec<Mention>, Vec<Error>) {
    let unit = asked.unwrap_or(prescribed);
    let found: Vec<Found<'_>> = mentions.iter().map(|mention| find(index, unit, mention)).collect();
    let hint = if found.iter().any(Result::is_err) { hint(index, unit, &mentions) } else { String::new() };
    let (mut placed, mut problems) = (Vec::new(), Vec::new());
    let mut copied = 0;
    for (Unplaced { place, mut mention, text: said, .. }, found) in mentions.into_iter().zip(found) {
        let found = found.and_then(|(spans, pieces)| {
            copied += if said.is_none() { pieces.iter().map(|piece| piece.len()).sum() } else { 0 };
            match copied > MOST_COPIES * index.text().len() + (1 << 20) {
                true => Err(format!("the mentions of this text are more than {MOST_COPIES} times as long as the text")),
                false => Ok((spans, pieces.join(" "))),
            }
        });
        match found {
            Ok((spans, text)) => {
                mention.spans = spans
                    .into_iter()
                    .map(|Span { begin, end }| Span { begin: base + begin, end: base + end })
                    .collect();
                mention.text = text;
                placed.push(mention);
            }
            Err(reason) => problems.push(invalid(&place, format!("{reason}{hint}"))),
        }
    }
    (placed, problems)
}

/// The spans of a mention in UTF-16 and the texts there, or why there are none.
type Found<'t> = Result<(Vec<Span>, Vec<&'t str>), String>;

fn find<'t>(index: &TextIndex<'t>, unit: Unit, mention: &Unplaced) -> Found<'t> {
    let mut spans: Vec<Span> = Vec::new();
    let mut pieces = Vec::new();
    for &(begin, end) in &mention.spans {
        let no_place = || format!("{begin} to {end} is no place in its text, in {}", unit.words());
        let (from, to) = (index.at(unit, begin).ok_or_else(no_place)?, index.at(unit, end).ok_or_else(no_place)?);
        // A mention that is said to be empty is: a tokenizer's piece may be.
        let is_empty = from.byte == to.byte && mention.text.as_deref() != Some("");
        if from.byte > to.byte || is_empty || spans.last().is_some_and(|last| last.end > from.utf16) {
            return Err(format!("{begin} to {end} is empty or not behind the span before"));
        }
        spans.push(Span { begin: from.utf16, end: to.utf16 });
        pieces.push(&index.text()[from.byte..to.byte]);
    }
    if spans.is_empty() {
        return Err("it has no place".to_string());
    }
    match &mention.text {
        Some(text) if !is_same(text, &pieces) => {
            let (begin, end) = (mention.spans[0].0, mention.spans[mention.spans.len() - 1].1);
            let there = excerpt(&pieces);
            Err(format!("at {begin} to {end}, in {}, its text is {there:?}, not {text:?}", unit.words()))
        }
        _ => Ok((spans, pieces)),
    }
}

/// Whether a file's text of a mention is that of its places: white space may be written as another, and at the ends be left out.
fn is_same(said: &str, there: &[&str]) -> bool {
    said.split_whitespace().eq(there.iter().flat_map(|piece| piece.split_whitespace()))
}

/// The beginning of a mention's text, which a wrong offset may make very long.
fn excerpt(pieces: &[&str]) -> String {
    const LONGEST: usize = 100;
    let mut all = pieces.iter().enumerate().flat_map(|(at, piece)| {
        let before = if at == 0 { "" } else { " " };
        before.chars().chain(piece.chars())
    });
    let mut start: String = all.by_ref().take(LONGEST).collect();
    if all.next().is_some() {
        start.push('…');
    }
    start
}

/// What to do if all mentions fit in another unit.
fn hint(index: &TextIndex<'_>, unit: Unit, mentions: &[Unplaced]) -> String {
    let others = Unit::ALL.into_iter().filter(|other| *other != unit);
    let fits = |other: &Unit| {
        mentions.iter().all(|mention| find(index, *other, mention).is_ok())
            && mentions.iter().any(|mention| mention.text.is_some())
    };
    match others.into_iter().find(fits) {
        Some(other) => format!(
            "; all mentions of this text fit if offsets count {}: read it with the offset unit {}",
            other.words(),
            other.name()
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unplaced(begin: usize, end: usize, text: &str) -> Unplaced {
        let (spans, text) = (vec![(begin, end)], Some(text.to_string()));
        Unplaced { place: "f:2".into(), spans, text, mention: Mention::default() }
    }

    #[test]
    fn another_unit_is_offered_and_used_only_if_asked_for() {
        let index = TextIndex::new("\u{1F9EC} TNF-α and IL-2");
        let mentions = || vec![unplaced(3, 8, "TNF-α"), unplaced(13, 17, "IL-2")];
        let (placed, problems) = place(&index, 10, mentions(), Unit::CodePoint, None);
        assert!(placed.is_empty());
        assert_eq!(
            problems[0].to_string(),
            "f:2: at 3 to 8, in code points, its text is \"NF-α \", not \"TNF-α\"; all mentions of this text fit if offsets count \
             UTF-16 code units: read it with the offset unit utf-16"
        );
        let (placed, problems) = place(&index, 10, mentions(), Unit::CodePoint, Some(Unit::Utf16));
        assert_eq!(problems, []);
        assert_eq!((placed[0].begin(), placed[0].end(), placed[0].text.as_str()), (13, 18, "TNF-α"));
    }

    #[test]
    fn mentions_that_repeat_a_long_text_without_end_are_told() {
        let text = "IL-2 ".repeat(100_000);
        let whole = |_| Unplaced { text: None, ..unplaced(0, text.len(), "") };
        let mentions = (0..100).map(whole).collect();
        let (placed, problems) = place(&TextIndex::new(&text), 0, mentions, Unit::Byte, None);
        assert!((64..=67).contains(&placed.len()) && placed.len() + problems.len() == 100);
        let misplaced = vec![unplaced(0, text.len(), "IL-2")];
        let (_, problems) = place(&TextIndex::new(&text), 0, misplaced, Unit::Byte, None);
        assert!(problems[0].to_string().len() < 300);
    }

    #[test]
    fn places_beyond_the_text_and_within_characters_are_told() {
        let index = TextIndex::new("a\u{1F9EC}");
        for (begin, end) in [(0, 9), (2, 3), (2, 1), (1, 1)] {
            let mention = Unplaced { text: None, ..unplaced(begin, end, "") };
            let (placed, problems) = place(&index, 0, vec![mention], Unit::Utf16, None);
            assert_eq!((placed.len(), problems.len()), (0, 1), "{begin} to {end}");
        }
    }
}
