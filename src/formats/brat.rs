//! brat's standoff: a `.txt` with the text and an `.ann` with its annotations, or a zip of many such pairs.
//!
//! Offsets count code points of the `.txt`. It holds text, spans, pieces and entities without blanks; identifiers as
//! normalisations (`N`), and score, who decided, when and all else of a mention as a note (`#`) of JSON, which [`Note`] describes.
//! A span never goes over a line break, so that a mention which does is written in pieces; pieces with nothing but a line break
//! and blanks between them are read as one again.

mod annotations;

use std::collections::HashSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::document::{numbered, By, Document, Info, Mention, Span, Who};
use super::input::Input;
use super::json_text;
use super::losses::{self, is_line_break, Holds};
use super::placing::place;
use super::text_index::{Place, TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::WrittenFile;
use super::{ReadOptions, Record, Records};

/// The key in [`Mention::info`] of notes that people wrote, one a line.
const NOTES: &str = "note";
/// The key in [`Mention::info`] of the names of the concepts in [`Mention::identifier`], one a line, if they are not its text.
const CONCEPTS: &str = "concept";

/// What no column of brat holds, as the JSON of a note.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Note {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Who>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
    /// The mention's name, if it is no `T` with a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    #[serde(skip_serializing_if = "Info::is_empty")]
    info: Info,
}

impl Note {
    fn apply(self, mention: &mut Mention) {
        mention.confidence = self.score.or(mention.confidence);
        if self.by.is_some() || self.annotator.is_some() {
            mention.by = By { who: self.by.unwrap_or_default(), name: self.annotator };
        }
        mention.time = self.time.or(mention.time.take());
        mention.identifier = self.identifier.or(mention.identifier.take());
        mention.id = self.id.or(mention.id.take());
        mention.result = self.result.or(mention.result.take());
        mention.info.extend(self.info);
    }
}

/// A file alone is an error, as it is half of a document: see `read_files` for the two of them, and for zips.
pub(super) fn read<'r>(input: Input<'r>) -> Records<'r> {
    let missing = if input.name.to_lowercase().ends_with(".txt") { ".ann" } else { ".txt" };
    let reason = format!(
        "a document of brat is two files, a .txt with the text and an .ann with its annotations; the {missing} is missing: give \
         both, or a zip of such pairs"
    );
    let error = input.invalid(reason);
    Box::new(std::iter::once(Record::failed(input.name, error)))
}

/// The document of a text and its annotations.
pub(super) fn read_pair<'r>(text: Input<'r>, annotations: Input<'r>, options: &ReadOptions) -> Records<'r> {
    let file = text.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let id = without_extension(file).to_string();
    Box::new(std::iter::once(record(id, text, annotations, options.unit)))
}

/// A path without its last `.txt` or `.ann`.
pub(super) fn without_extension(path: &str) -> &str {
    path.rsplit_once('.')
        .filter(|(_, end)| end.eq_ignore_ascii_case("txt") || end.eq_ignore_ascii_case("ann"))
        .map_or(path, |(stem, _)| stem)
}

/// The document of a pair.
fn record(id: String, mut text: Input<'_>, annotations: Input<'_>, unit: Option<Unit>) -> Record {
    let at = text.name.clone();
    let mut text = match text.text() {
        Ok(text) => text,
        Err(error) => return Record { id: Some(id), ..Record::failed(at, error) },
    };
    let annotations::Annotations { mentions, mut problems, mut warnings } = annotations::read(annotations);
    // Some tools read a text with its line ends made one character each, and count those.
    let again = text.contains("\r\n").then(|| mentions.clone());
    let (mut placed, mut misplaced) = place(&TextIndex::new(&text), 0, mentions, Unit::CodePoint, unit);
    if let (Some(mentions), false) = (again, misplaced.is_empty()) {
        let plain = text.replace("\r\n", "\n");
        let (fitting, others) = place(&TextIndex::new(&plain), 0, mentions, Unit::CodePoint, unit);
        if others.is_empty() {
            warnings.add("texts with carriage returns that the offsets do not count, which are left out", 1);
            (text, placed, misplaced) = (plain, fitting, others);
        }
    }
    let index = TextIndex::new(&text);
    placed.iter_mut().for_each(|mention| join(mention, &index));
    problems.append(&mut misplaced);
    let document = Document { id, mentions: placed, text, ..Document::default() };
    Record { problems, warnings, ..Record::new(at, document) }
}

fn is_cut(c: char) -> bool {
    c == '\t' || is_line_break(c)
}

/// Makes pieces one that are apart only because a span may not go over a line break.
fn join(mention: &mut Mention, index: &TextIndex<'_>) {
    if mention.spans.len() < 2 {
        return;
    }
    let mut joined: Vec<Span> = Vec::new();
    for span in mention.spans.drain(..) {
        let between = joined.last().and_then(|last| index.slice(Unit::Utf16, last.end, span.begin)).unwrap_or_default();
        match joined.last_mut() {
            Some(last) if between.contains(is_cut) && between.trim().is_empty() => last.end = span.end,
            _ => joined.push(span),
        }
    }
    let pieces: Vec<&str> = joined.iter().filter_map(|span| index.slice(Unit::Utf16, span.begin, span.end)).collect();
    mention.text = pieces.join(" ");
    mention.spans = joined;
}

/// The two files of a document.
pub(super) fn files(document: &Document, warnings: &mut Warnings) -> Vec<WrittenFile> {
    losses::count(document, Holds::MENTIONS, warnings);
    // Python reads `\r\n` as one character and Java as two; a blank in place of `\r` is counted by both.
    let text = document.text.replace("\r\n", " \n").replace('\r', "\n");
    warnings.add("carriage returns, which become blanks or line feeds", document.text.matches('\r').count());
    let index = TextIndex::new(&text);
    let mut out = Annotated { lines: String::new(), normalizations: 0, notes: 0 };
    for (mention, id) in document.mentions.iter().zip(ids(&document.mentions)) {
        out.mention(mention, &id, &index, warnings);
    }
    let annotations = WrittenFile { extension: "ann", content: out.lines.into_bytes() };
    vec![WrittenFile { extension: "txt", content: text.into_bytes() }, annotations]
}

/// A name for each mention: its own if it is one of brat's, and otherwise the next number.
fn ids(mentions: &[Mention]) -> Vec<String> {
    let is_own = |id: &str| {
        id.strip_prefix('T').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    numbered(mentions, is_own, HashSet::new())
}

/// The lines of an `.ann`.
struct Annotated {
    lines: String,
    normalizations: usize,
    notes: usize,
}

impl Annotated {
    fn mention(&mut self, mention: &Mention, id: &str, index: &TextIndex<'_>, warnings: &mut Warnings) {
        let whole: Option<Vec<(Place, Place)>> = mention.spans.iter().map(|span| places(*span, index)).collect();
        let pieces: Vec<(Place, Place)> =
            whole.unwrap_or_default().into_iter().flat_map(|piece| cut(piece, index)).collect();
        if pieces.is_empty() {
            warnings.add(losses::NO_PLACE, 1);
            return;
        }
        if pieces.len() > mention.spans.len() {
            warnings.add("mentions over line breaks, which are written in pieces", 1);
        }
        let entity = losses::without_blanks(&mention.entity, "Entity");
        if entity != mention.entity {
            warnings.add("names of entities with blanks or without characters, which are changed", 1);
        }
        let offsets: Vec<String> =
            pieces.iter().map(|(begin, end)| format!("{} {}", begin.code_point, end.code_point)).collect();
        let texts: Vec<&str> = pieces.iter().map(|(begin, end)| &index.text()[begin.byte..end.byte]).collect();
        self.line(format_args!("{id}\t{entity} {}\t{}", offsets.join(";"), texts.join(" ")));
        let in_note = self.identifier(mention, id, &texts.join(" "));
        self.note(mention, id, in_note);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.lines, "{line}");
    }

    /// The identifier as normalisations, or where it has not the form of one, what the note is to say.
    fn identifier(&mut self, mention: &Mention, id: &str, text: &str) -> Option<String> {
        let identifier = mention.identifier.as_ref()?;
        let is_reference = |part: &&str| {
            let plain = !part.contains(|c: char| c.is_whitespace() || c.is_control());
            plain && part.split_once(':').is_some_and(|(base, entry)| !base.is_empty() && !entry.is_empty())
        };
        let parts: Vec<&str> = identifier.split(';').collect();
        if !parts.iter().all(is_reference) {
            return Some(identifier.clone());
        }
        let mut concepts = mention.info.get(CONCEPTS).map(String::as_str).unwrap_or_default().split('\n');
        for part in parts {
            self.normalizations += 1;
            let concept = concepts.next().filter(|concept| !concept.is_empty()).unwrap_or(text);
            let number = self.normalizations;
            self.line(format_args!("N{number}\tReference {id} {part}\t{}", on_one_line(concept)));
        }
        None
    }

    fn note(&mut self, mention: &Mention, id: &str, identifier: Option<String>) {
        let has_normalization = mention.identifier.is_some() && identifier.is_none();
        let is_elsewhere = |key: &str| key == NOTES || (key == CONCEPTS && has_normalization);
        let own = mention.by != By::default();
        let note = Note {
            score: mention.confidence,
            by: own.then_some(mention.by.who),
            annotator: mention.by.name.clone(),
            time: mention.time.clone(),
            identifier,
            id: mention.id.clone().filter(|own| own != id),
            result: mention.result.clone(),
            info: mention
                .info
                .iter()
                .filter(|(key, _)| !is_elsewhere(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        };
        let json = if note == Note::default() { None } else { json_text::on_one_line(&note).ok() };
        let people = mention.info.get(NOTES).map(String::as_str).unwrap_or_default();
        for note in json.as_deref().into_iter().chain(people.split('\n').filter(|note| !note.is_empty())) {
            self.notes += 1;
            let number = self.notes;
            self.line(format_args!("#{number}\tAnnotatorNotes {id}\t{}", on_one_line(note)));
        }
    }
}

/// A last column.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if is_cut(c) { ' ' } else { c }).collect()
}

fn places(span: Span, index: &TextIndex<'_>) -> Option<(Place, Place)> {
    let (begin, end) = (index.at(Unit::Utf16, span.begin)?, index.at(Unit::Utf16, span.end)?);
    (begin.byte < end.byte).then_some((begin, end))
}

/// The parts of a piece between line breaks and the blanks around these.
fn cut((begin, end): (Place, Place), index: &TextIndex<'_>) -> Vec<(Place, Place)> {
    let text = &index.text()[begin.byte..end.byte];
    if !text.contains(is_cut) {
        return vec![(begin, end)];
    }
    let trimmed = |part: &str, at: usize| {
        let first = at + (part.len() - part.trim_start().len());
        (first, first + part.trim().len())
    };
    let mut parts = Vec::new();
    let mut at = begin.byte;
    for part in text.split_inclusive(is_cut) {
        parts.push(trimmed(part, at));
        at += part.len();
    }
    let place = |byte| index.at(Unit::Byte, byte);
    parts.into_iter().filter(|(from, to)| from < to).filter_map(|(from, to)| Some((place(from)?, place(to)?))).collect()
}
