//! From BioC to documents.

use super::{infon, BiocAnnotation, BiocDocument, BiocPassage, BiocSentence, Number};
use crate::formats::document::{By, Document, Info, Mention, Passage, Who};
use crate::formats::input::invalid;
use crate::formats::placing::{place, Unplaced};
use crate::formats::text_index::{Place, TextIndex, Unit};
use crate::formats::warnings::Warnings;
use crate::formats::{ReadOptions, Record};
use crate::Error;

/// The widest gap between two passages that is filled up; where more is missing, such as references that are left out, the
/// passages are joined and keep their offsets.
const WIDEST_GAP: u64 = 64;

/// The record of a BioC document. `file` is the name of the file, `at` the place of the document in it; `collection` is what its
/// collection says, for its info.
pub(in crate::formats) fn record(
    file: &str,
    at: String,
    bioc: BiocDocument,
    collection: &Info,
    options: &ReadOptions,
) -> Record {
    let unit = options.unit.unwrap_or(Unit::CodePoint);
    let mut assembly = Assembly { unit, end: Place::default(), text: String::new(), parts: Vec::new() };
    let mut warnings = Warnings::default();
    warnings.add(RELATIONS, bioc.relations);
    let mut problems = Vec::new();
    if bioc.id.is_empty() {
        problems.push(invalid(&at, "the document has no id"));
    }
    let mut passages = Vec::new();
    let mut annotations: Vec<(Option<usize>, BiocAnnotation)> = Vec::new();
    for passage in bioc.passages {
        match assembly.passage(passage, &mut annotations, &mut warnings) {
            Ok(passage) => passages.push(passage),
            Err(reason) => return Record::failed(at.clone(), invalid(&at, reason)),
        }
    }
    annotations.extend(bioc.annotations.into_iter().map(|annotation| (None, annotation)));

    let Assembly { text, parts, .. } = assembly;
    let index = TextIndex::new(&text);
    let mentions =
        mentions(&Placing { file, at: &at, index: &index, parts: &parts, options }, annotations, &mut problems);
    let mut info = bioc.infons;
    // `bioctype` says what is a document anyway.
    for (key, value) in bioc.other.into_iter().filter(|(key, _)| key != "bioctype") {
        match super::text_of(value) {
            Some(value) if !value.starts_with(['[', '{']) => _ = info.entry(key).or_insert(value),
            Some(_) => warnings.add("lists and objects that BioC does not know, which are not read", 1),
            None => {}
        }
    }
    let precision = info.remove(infon::PRECISION);
    let cut = info.get(infon::TRUNCATED_FROM).and_then(|from| index.at(Unit::CodePoint, from.parse().ok()?));
    if cut.is_some() {
        info.remove(infon::TRUNCATED_FROM);
    }
    info.extend(collection.iter().map(|(key, value)| (key.clone(), value.clone())));
    if let [Passage { offset: None, kind, info, .. }] = passages.as_slice() {
        if kind.is_empty() && info.is_empty() {
            passages.clear();
        }
    }
    let truncated_from = cut.map(|place| place.utf16);
    let document = Document { id: bioc.id, text, passages, mentions, info, truncated_from, precision };
    Record { problems, warnings, ..Record::new(at, document) }
}

const RELATIONS: &str = "relations, which are not read";

/// A passage or sentence, with its offset in the file.
struct Part {
    /// Its offset in the file, and its length, in the file's unit.
    offset: u64,
    length: u64,
    begin: Place,
    end: Place,
}

impl Part {
    fn has(&self, begin: u64, end: u64) -> bool {
        self.offset <= begin && end <= self.offset.saturating_add(self.length)
    }
}

/// A document's text, as far as it has been put together.
struct Assembly {
    unit: Unit,
    text: String,
    end: Place,
    parts: Vec<Part>,
}

impl Assembly {
    fn push(&mut self, text: &str) {
        let length = TextIndex::new(text).end();
        self.text.push_str(text);
        self.end = sum(self.end, length);
    }

    /// Appends what stands before a text that the file gives an offset; `after` is the offset in the file of the end of the text
    /// so far, if there can be one.
    fn gap(&mut self, after: Option<u64>, offset: u64, fill: fn(usize) -> String, join: &str) {
        match after.and_then(|after| offset.checked_sub(after)) {
            Some(gap) if gap <= WIDEST_GAP => self.push(&fill(usize::try_from(gap).unwrap_or(0))),
            _ if self.text.is_empty() => {}
            _ => self.push(join),
        }
    }

    /// Appends a text, and gives the number of its part.
    fn part(&mut self, offset: u64, text: &str) -> usize {
        let begin = self.end;
        self.push(text);
        let length = (self.end.offset(self.unit) - begin.offset(self.unit)) as u64;
        self.parts.push(Part { offset, length, begin, end: self.end });
        self.parts.len() - 1
    }

    /// The offset in the file of the end of the text so far.
    fn after(&self) -> Option<u64> {
        self.parts.last().map_or(Some(0), |part| part.offset.checked_add(part.length))
    }

    /// Appends a passage. Its annotations go to `annotations`, with the part that they are in.
    fn passage(
        &mut self,
        passage: BiocPassage,
        annotations: &mut Vec<(Option<usize>, BiocAnnotation)>,
        warnings: &mut Warnings,
    ) -> Result<Passage, String> {
        let BiocPassage { offset, mut infons, text, sentences, annotations: own, relations } = passage;
        warnings.add(RELATIONS, relations);
        let after = self.after();
        let offset = match offset.get("passage's offset")? {
            Some(offset) => {
                self.gap(after, offset, lines, "\n\n");
                offset
            }
            None => {
                if !self.text.is_empty() {
                    self.push("\n\n");
                }
                self.end.offset(self.unit) as u64
            }
        };
        let begin = self.end;
        warnings.add("sentences, which are joined to their passage", sentences.len());
        let part = match text {
            Some(text) if !text.is_empty() || sentences.is_empty() => {
                let part = self.part(offset, &text);
                // They have no text of their own then, or the same again.
                for BiocSentence { annotations: own, relations, .. } in sentences {
                    warnings.add(RELATIONS, relations);
                    annotations.extend(own.into_iter().map(|annotation| (Some(part), annotation)));
                }
                Some(part)
            }
            _ if sentences.is_empty() => Some(self.part(offset, "")),
            _ => {
                let mut after = Some(offset);
                for BiocSentence { offset, text, annotations: own, relations } in sentences {
                    warnings.add(RELATIONS, relations);
                    let text = text.unwrap_or_default();
                    let is_first = self.end == begin;
                    let offset = offset.get("sentence's offset")?.or_else(|| after?.checked_add(u64::from(!is_first)));
                    let offset = offset.ok_or("its sentences lie behind any text that can be")?;
                    let join = if is_first { "" } else { " " };
                    self.gap(after, offset, blanks, join);
                    let part = self.part(offset, &text);
                    after = self.after();
                    annotations.extend(own.into_iter().map(|annotation| (Some(part), annotation)));
                }
                None
            }
        };
        annotations.extend(own.into_iter().map(|annotation| (part, annotation)));
        let kind = kind(&mut infons);
        let is_there = begin.offset(self.unit) as u64 == offset;
        Ok(Passage {
            begin: begin.utf16,
            end: self.end.utf16,
            kind,
            offset: if is_there { None } else { Some(offset) },
            info: infons,
        })
    }
}

/// What a passage is, by its infon `type`. PubMed Central calls the title `front`.
fn kind(infons: &mut Info) -> String {
    match infons.get(infon::TYPE) {
        Some(kind) if kind == "front" => Passage::TITLE.to_string(),
        _ => infons.remove(infon::TYPE).unwrap_or_default(),
    }
}

/// White space between passages: it ends in a line break, or an empty line if there is room for one.
fn lines(length: usize) -> String {
    let breaks = length.min(2);
    " ".repeat(length - breaks) + &"\n".repeat(breaks)
}

/// White space between sentences.
fn blanks(length: usize) -> String {
    " ".repeat(length)
}

fn sum(a: Place, b: Place) -> Place {
    Place { utf16: a.utf16 + b.utf16, code_point: a.code_point + b.code_point, byte: a.byte + b.byte }
}

/// What the places of annotations are found by.
struct Placing<'p> {
    file: &'p str,
    at: &'p str,
    index: &'p TextIndex<'p>,
    parts: &'p [Part],
    options: &'p ReadOptions,
}

/// The mentions of a document: those in their own passage or sentence first, whose place is looked for there, then those that
/// stand elsewhere or go over several.
fn mentions(
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
    let span = |location: &super::BiocLocation| {
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
