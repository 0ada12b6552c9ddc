//! From annotations to mentions: BioC's offsets are those of the document, whatever passage an annotation stands in.

use super::{infon, BiocAnnotation, BiocLocation, Number};
use crate::formats::document::{By, Mention, Who};
use crate::formats::input::invalid;
use crate::formats::placing::{place, Unplaced};
use crate::formats::text_index::{Place, TextIndex, Unit};
use crate::formats::ReadOptions;
use crate::Error;

/// A passage or sentence, with its offset in the file.
pub(super) struct Part {
    /// Its offset in the file, and its length, in the file's unit.
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) begin: Place,
    pub(super) end: Place,
}

impl Part {
    fn has(&self, begin: u64, end: u64) -> bool {
        self.offset <= begin && end <= self.offset.saturating_add(self.length)
    }
}

/// What the places of annotations are found by.
pub(super) struct Placing<'p> {
    pub(super) file: &'p str,
    pub(super) at: &'p str,
    pub(super) index: &'p TextIndex<'p>,
    pub(super) parts: &'p [Part],
    pub(super) options: &'p ReadOptions,
}

/// The mentions of a document: those in their own passage or sentence first, whose place is looked for there, then those that
/// stand elsewhere or go over several.
pub(super) fn mentions(
    placing: &Placing<'_>,
    annotations: Vec<(Option<usize>, BiocAnnotation)>,
    problems: &mut Vec<Error>,
) -> Vec<Mention> {
    let Placing { index, parts, options, .. } = *placing;
    let mut own: Vec<Vec<Unplaced>> = parts.iter().map(|_| Vec::new()).collect();
    let mut others = Vec::new();
    let sorted = Sorted::new(parts);
    for (part, annotation) in annotations {
        let name = placing.name(&annotation);
        let spans = match spans(&annotation) {
            Ok(spans) => spans,
            Err(reason) => {
                problems.push(invalid(&name, reason));
                continue;
            }
        };
        let unplaced = |spans| unplaced(name.clone(), spans, annotation);
        let part = part.or_else(|| sorted.all(&spans));
        let is_inside = |part: usize| spans.iter().all(|(begin, end)| parts[part].has(*begin, *end));
        match part.filter(|part| is_inside(*part)) {
            Some(part) => {
                if let Some(spans) = relative(&spans, parts[part].offset) {
                    own[part].push(unplaced(spans));
                }
            }
            None => {
                // Where no passage has it, its own says why not.
                let absolute = sorted.absolute(&spans, options.unit.unwrap_or(Unit::CodePoint));
                let in_own = part.and_then(|part| Some((part, relative(&spans, parts[part].offset)?)));
                match (absolute, in_own) {
                    (Some(spans), _) => others.push(unplaced(spans)),
                    (None, Some((part, spans))) => own[part].push(unplaced(spans)),
                    (None, None) => problems.push(invalid(&name, outside(part.map(|part| &parts[part]), &spans))),
                }
            }
        }
    }
    let mut mentions = Vec::new();
    for (part, unplaced) in parts.iter().zip(own).filter(|(_, unplaced)| !unplaced.is_empty()) {
        let within = TextIndex::new(&index.text()[part.begin.byte..part.end.byte]);
        let (placed, wrong) = place(&within, part.begin.utf16, unplaced, Unit::CodePoint, options.unit);
        mentions.extend(placed);
        problems.extend(wrong.into_iter().map(|error| counted_from(part.offset, error)));
    }
    let (placed, wrong) = place(index, 0, others, Unit::CodePoint, options.unit);
    mentions.extend(placed);
    problems.extend(wrong);
    mentions
}

impl Placing<'_> {
    /// The place of an annotation in the file.
    fn name(&self, annotation: &BiocAnnotation) -> String {
        match annotation.line {
            Some(line) => format!("{}:{line}", self.file),
            None if annotation.id.is_empty() => self.at.to_string(),
            None => format!("{}, annotation {}", self.at, annotation.id),
        }
    }
}

/// An error whose offsets count from the beginning of a passage or sentence, with that said.
fn counted_from(offset: u64, error: Error) -> Error {
    match error {
        Error::InputInvalid { input, reason } if offset > 0 => {
            Error::InputInvalid { input, reason: format!("counted from its passage's offset {offset}: {reason}") }
        }
        error => error,
    }
}

/// Spans counted from an offset of the file; `None` if they begin before it.
fn relative(spans: &[(u64, u64)], first: u64) -> Option<Vec<(usize, usize)>> {
    let relative =
        |(begin, end): &(u64, u64)| Some((to_usize(begin.checked_sub(first)?)?, to_usize(end.checked_sub(first)?)?));
    spans.iter().map(relative).collect()
}

fn outside(part: Option<&Part>, spans: &[(u64, u64)]) -> String {
    let (begin, end) = (spans.first().map_or(0, |span| span.0), spans.last().map_or(0, |span| span.1));
    match part {
        Some(part) => {
            let to = part.offset.saturating_add(part.length);
            format!("its place, {begin} to {end}, is in no passage; its own goes from {} to {to}", part.offset)
        }
        None => format!("its place, {begin} to {end}, is in no passage"),
    }
}

/// Begin and end of each location.
fn spans(annotation: &BiocAnnotation) -> Result<Vec<(u64, u64)>, String> {
    let number = |number: &Number, what| number.get(what)?.ok_or_else(|| format!("its location has no {what}"));
    let span = |location: &BiocLocation| {
        let (offset, length) = (number(&location.offset, "offset")?, number(&location.length, "length")?);
        Ok((offset, offset.checked_add(length).ok_or("its location is no place in any text")?))
    };
    let mut spans = annotation.locations.iter().map(span).collect::<Result<Vec<_>, String>>()?;
    if spans.is_empty() {
        return Err("it has no location".to_string());
    }
    spans.sort_unstable();
    Ok(spans)
}

fn to_usize(number: u64) -> Option<usize> {
    usize::try_from(number).ok()
}

/// Parts in the order of their offsets in the file.
struct Sorted<'p> {
    parts: &'p [Part],
    order: Vec<usize>,
}

impl<'p> Sorted<'p> {
    fn new(parts: &'p [Part]) -> Self {
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|part| parts[*part].offset);
        Sorted { parts, order }
    }

    /// The part in which an offset in the file lies; `is_end` if it may be the end of the part, but not its begin.
    fn part(&self, offset: u64, is_end: bool) -> Option<usize> {
        let begun = self.order.partition_point(|part| {
            let begin = self.parts[*part].offset;
            if is_end {
                begin < offset
            } else {
                begin <= offset
            }
        });
        let part = self.order[begun.checked_sub(1)?];
        self.parts[part].has(offset, offset).then_some(part)
    }

    /// The part in which all spans lie.
    fn all(&self, spans: &[(u64, u64)]) -> Option<usize> {
        let part = self.part(spans.first()?.0, false)?;
        spans.iter().all(|(begin, end)| self.parts[part].has(*begin, *end)).then_some(part)
    }

    /// Spans as those of the document's text; `None` if one is in no part.
    fn absolute(&self, spans: &[(u64, u64)], unit: Unit) -> Option<Vec<(usize, usize)>> {
        spans.iter().map(|(begin, end)| Some((self.at(*begin, unit, false)?, self.at(*end, unit, true)?))).collect()
    }

    /// An offset of the file as one of the document's text.
    fn at(&self, offset: u64, unit: Unit, is_end: bool) -> Option<usize> {
        let part = &self.parts[self.part(offset, is_end)?];
        Some(part.begin.offset(unit) + to_usize(offset - part.offset)?)
    }
}

fn unplaced(place: String, spans: Vec<(usize, usize)>, annotation: BiocAnnotation) -> Unplaced {
    let mut info = annotation.infons;
    // What is no score as it is understood here stays an infon.
    let confidence =
        info.get(infon::SCORE).and_then(|score| score.parse().ok()).filter(|score| (0.0..=1.0).contains(score));
    if confidence.is_some() {
        info.remove(infon::SCORE);
    }
    let who = info.get(infon::BY).and_then(|by| Who::of_name(by));
    if who.is_some() {
        info.remove(infon::BY);
    }
    let mention = Mention {
        entity: info.remove(infon::TYPE).unwrap_or_default(),
        confidence,
        result: info.remove(infon::RESULT),
        id: Some(annotation.id).filter(|id| !id.is_empty()),
        identifier: info.remove(infon::IDENTIFIER),
        by: By { who: who.unwrap_or_default(), name: info.remove(infon::ANNOTATOR) },
        time: info.remove(infon::TIME),
        info,
        ..Mention::default()
    };
    Unplaced { place, spans, text: annotation.text, mention }
}
