//! From BioC to documents.

use super::place::{mentions, Part, Placing};
use super::{infon, BiocAnnotation, BiocDocument, BiocPassage, BiocSentence};
use crate::formats::document::{Document, Info, Passage};
use crate::formats::input::invalid;
use crate::formats::text_index::{Place, TextIndex, Unit};
use crate::formats::warnings::Warnings;
use crate::formats::{ReadOptions, Record};

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
                let join = if self.text.is_empty() { "" } else { "\n\n" };
                self.push(join);
                after
                    .and_then(|after| after.checked_add(join.len() as u64))
                    .ok_or("its passages lie behind any text that can be")?
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
