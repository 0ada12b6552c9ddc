//! Counts what a format has no place for, in the same words for all formats.

use super::document::{Document, Mention, Span, Who};
use super::text_index::{Place, TextIndex, Unit};
use super::warnings::Warnings;

/// What a format holds of a document beside its text and the places and entities of its mentions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holds {
    pub(super) passages: bool,
    pub(super) confidence: bool,
    /// Whether a person's mentions are told from others.
    pub(super) by: bool,
    pub(super) time: bool,
    pub(super) identifier: bool,
    /// Spark NLP's text of a chunk.
    pub(super) result: bool,
    /// The tokens of a chunk, with the scores of their labels.
    pub(super) tokens: bool,
    /// What a file says about the document and its passages.
    pub(super) info: bool,
    /// What a file says about mentions.
    pub(super) mention_info: bool,
    /// Whether it says what the model left unread.
    pub(super) truncated: bool,
}

impl Holds {
    /// All that is said about mentions, but for their tokens.
    pub(super) const MENTIONS: Holds = Holds {
        passages: false,
        confidence: true,
        by: true,
        time: true,
        identifier: true,
        result: true,
        tokens: false,
        info: false,
        mention_info: true,
        truncated: false,
    };
}

/// Counts what the format does not hold.
pub(super) fn count(document: &Document, holds: Holds, warnings: &mut Warnings) {
    let mentions = |what: &dyn Fn(&Mention) -> bool| document.mentions.iter().filter(|mention| what(mention)).count();
    let mut lost = |held: bool, what, times: &dyn Fn() -> usize| {
        if !held {
            warnings.add(what, times());
        }
    };
    lost(holds.passages, "passages, which are left out", &|| document.passages.len());
    lost(holds.confidence, "confidences, which are left out", &|| mentions(&|mention| mention.confidence.is_some()));
    lost(holds.by, "mentions of persons, which are not told from others", &|| {
        mentions(&|mention| mention.by.who == Who::Person)
    });
    lost(holds.time, "times of decisions, which are left out", &|| mentions(&|mention| mention.time.is_some()));
    lost(holds.identifier, "identifiers, which are left out", &|| mentions(&|mention| mention.identifier.is_some()));
    lost(holds.result, "results of Spark NLP, which are left out", &|| mentions(&|mention| mention.result.is_some()));
    lost(holds.tokens, TOKENS, &|| mentions(&|mention| !mention.tokens.is_empty()));
    lost(holds.info, "further fields of documents and passages, which are left out", &|| {
        document.info.len() + document.passages.iter().map(|passage| passage.info.len()).sum::<usize>()
    });
    lost(holds.mention_info, "further fields of mentions, which are left out", &|| {
        document.mentions.iter().map(|mention| mention.info.len()).sum()
    });
    lost(holds.truncated, "documents that the model read in part, which is not said", &|| {
        usize::from(document.truncated_from.is_some())
    });
}

/// What is said of mentions that have tokens.
pub(super) const TOKENS: &str = "mentions with the scores of their tokens' labels, which are left out";

/// What is said of mentions whose spans are no places of the text.
pub(super) const NO_PLACE: &str = "mentions without a place in the text, which are left out";

/// A mention's spans in the text, in all units; `None` if they are no places of it, which is counted.
pub(super) fn places(index: &TextIndex<'_>, mention: &Mention, warnings: &mut Warnings) -> Option<Vec<(Place, Place)>> {
    let at = |offset| index.at(Unit::Utf16, offset);
    let place = |span: &Span| Some((at(span.begin)?, at(span.end)?)).filter(|(begin, end)| begin.byte <= end.byte);
    let places: Option<Vec<_>> = mention.spans.iter().map(place).collect();
    let places = places.filter(|places| !places.is_empty());
    warnings.add(NO_PLACE, usize::from(places.is_none()));
    places
}

/// The pieces of all mentions, each with its mention, for formats in which each is a mention of its own.
pub(super) fn pieces<'d>(
    index: &TextIndex<'_>,
    document: &'d Document,
    warnings: &mut Warnings,
) -> Vec<(&'d Mention, Place, Place)> {
    let mut pieces = Vec::new();
    for mention in &document.mentions {
        let Some(places) = places(index, mention, warnings) else { continue };
        warnings.add("mentions in pieces, each piece of which is a mention", usize::from(places.len() > 1));
        pieces.extend(places.into_iter().map(|(begin, end)| (mention, begin, end)));
    }
    pieces
}

/// Whether a reader may take it for the end of a line: some tools split lines at every line end of Unicode.
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{B}' | '\u{C}' | '\r' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A name without blanks, which become `_`; `empty` for one without characters.
pub(super) fn without_blanks(name: &str, empty: &str) -> String {
    if name.is_empty() {
        return empty.to_string();
    }
    name.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}
