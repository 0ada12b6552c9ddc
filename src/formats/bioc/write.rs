//! From documents to BioC.

use std::collections::HashSet;

use super::{infon, BiocAnnotation, BiocDocument, BiocLocation, BiocPassage, Number, COLLECTION};
use crate::formats::document::{Document, Info, Mention, Passage, Who};
use crate::formats::losses::{NO_PLACE, TOKENS};
use crate::formats::text_index::{Place, TextIndex, Unit};
use crate::formats::warnings::Warnings;

/// A part of the text that is written as a passage.
struct Part<'d> {
    begin: Place,
    end: Place,
    passage: Option<&'d Passage>,
}

impl Part<'_> {
    /// Its offset in the file.
    fn offset(&self) -> u64 {
        self.passage.and_then(|passage| passage.offset).unwrap_or(self.begin.code_point as u64)
    }
}

/// A document as BioC has it, in code points.
pub(in crate::formats) fn bioc_document(document: &Document, warnings: &mut Warnings) -> BiocDocument {
    let index = TextIndex::new(&document.text);
    let parts = parts(document, &index, warnings);
    let mut passages: Vec<BiocPassage> = parts.iter().map(|part| bioc_passage(part, &document.text)).collect();
    let mut names = Names::new(&document.mentions);
    for mention in &document.mentions {
        warnings.add(TOKENS, usize::from(!mention.tokens.is_empty()));
        let begin = mention.begin();
        // The part in which it begins; `parts` has one at least.
        let at = parts.partition_point(|part| part.begin.utf16 <= begin).saturating_sub(1);
        match locations(mention, &parts[at], &index) {
            Some(locations) => passages[at].annotations.push(bioc_annotation(mention, locations, &mut names)),
            None => warnings.add(NO_PLACE, 1),
        }
    }
    let mut infons: Info = document.info.iter().filter(|(key, _)| !key.starts_with(COLLECTION)).map(pair).collect();
    if let Some(precision) = &document.precision {
        infons.insert(infon::PRECISION.to_string(), precision.clone());
    }
    if let Some(place) = document.truncated_from.and_then(|from| index.at(Unit::Utf16, from)) {
        infons.insert(infon::TRUNCATED_FROM.to_string(), place.code_point.to_string());
    }
    BiocDocument { id: document.id.clone(), infons, passages, ..BiocDocument::default() }
}

fn pair((key, value): (&String, &String)) -> (String, String) {
    (key.clone(), value.clone())
}

/// The passages of a document, and what of its text is in none, unless it is white space.
fn parts<'d>(document: &'d Document, index: &TextIndex<'_>, warnings: &mut Warnings) -> Vec<Part<'d>> {
    let mut parts: Vec<Part<'d>> = Vec::new();
    let mut last = Place::default();
    let between = |begin: Place, end: Place, parts: &mut Vec<Part<'d>>, warnings: &mut Warnings| {
        let text = &document.text[begin.byte..end.byte];
        if text.trim().is_empty() {
            // What is read there again: see `read::lines`.
            let is_kept = !parts.is_empty() && end.byte < document.text.len() && matches!(text, "" | "\n" | "\n\n");
            warnings.add(
                "white space around passages, which is not kept as it is",
                usize::from(!text.is_empty() && !is_kept),
            );
        } else {
            parts.push(Part { begin, end, passage: None });
        }
    };
    for passage in &document.passages {
        let place = index.at(Unit::Utf16, passage.begin).zip(index.at(Unit::Utf16, passage.end));
        match place {
            Some((begin, end)) if last.byte <= begin.byte && begin.byte <= end.byte => {
                between(last, begin, &mut parts, warnings);
                parts.push(Part { begin, end, passage: Some(passage) });
                last = end;
            }
            _ => warnings.add("passages that overlap others, which are left out", 1),
        }
    }
    if document.passages.is_empty() {
        parts.push(Part { begin: last, end: index.end(), passage: None });
    } else {
        between(last, index.end(), &mut parts, warnings);
    }
    if parts.is_empty() {
        parts.push(Part { begin: Place::default(), end: index.end(), passage: None });
    }
    parts
}

fn bioc_passage(part: &Part<'_>, text: &str) -> BiocPassage {
    let mut infons = Info::new();
    if let Some(passage) = part.passage {
        infons.extend(passage.info.iter().map(pair));
        // A file's own word for it, such as `front`, is kept.
        if !passage.kind.is_empty() && !infons.contains_key(infon::TYPE) {
            infons.insert(infon::TYPE.to_string(), passage.kind.clone());
        }
    }
    BiocPassage {
        offset: Number::Is(part.offset()),
        infons,
        text: Some(text[part.begin.byte..part.end.byte].to_string()),
        ..BiocPassage::default()
    }
}

/// The locations of a mention that begins in a part; `None` if it has no place.
fn locations(mention: &Mention, part: &Part<'_>, index: &TextIndex<'_>) -> Option<Vec<BiocLocation>> {
    let location = |span: &crate::formats::Span| {
        let (begin, end) = (index.at(Unit::Utf16, span.begin)?, index.at(Unit::Utf16, span.end)?);
        let offset = part.offset() + (begin.code_point.checked_sub(part.begin.code_point)? as u64);
        let length = end.code_point.checked_sub(begin.code_point)? as u64;
        Some(BiocLocation { offset: Number::Is(offset), length: Number::Is(length) })
    };
    let locations: Vec<BiocLocation> = mention.spans.iter().map(location).collect::<Option<_>>()?;
    (!locations.is_empty()).then_some(locations)
}

fn bioc_annotation(mention: &Mention, locations: Vec<BiocLocation>, names: &mut Names<'_>) -> BiocAnnotation {
    let mut infons = mention.info.clone();
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            infons.insert(key.to_string(), value);
        }
    };
    set(infon::TYPE, Some(mention.entity.clone()).filter(|entity| !entity.is_empty()));
    set(infon::SCORE, mention.confidence.map(|score| score.to_string()));
    set(infon::BY, (mention.by.who != Who::File).then(|| mention.by.who.name().to_string()));
    set(infon::ANNOTATOR, mention.by.name.clone());
    set(infon::TIME, mention.time.clone());
    set(infon::IDENTIFIER, mention.identifier.clone());
    set(infon::RESULT, mention.result.clone());
    let id = mention.id.clone().unwrap_or_else(|| names.next());
    BiocAnnotation { id, infons, text: Some(mention.text.clone()), locations, line: None }
}

/// Numbers for mentions without an id, which readers expect.
struct Names<'d> {
    taken: HashSet<&'d str>,
    last: usize,
}

impl<'d> Names<'d> {
    fn new(mentions: &'d [Mention]) -> Self {
        Names { taken: mentions.iter().filter_map(|mention| mention.id.as_deref()).collect(), last: 0 }
    }

    fn next(&mut self) -> String {
        loop {
            self.last += 1;
            let name = self.last.to_string();
            if !self.taken.contains(name.as_str()) {
                return name;
            }
        }
    }
}
