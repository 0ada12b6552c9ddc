//! PubTator's annotations: `ID|t|title`, `ID|a|abstract`, and a mention a line, as NCBI's tools give and take them.
//!
//! Offsets count code points of title, one character, abstract. It holds title and abstract on a line each, and of mentions
//! begin, end, entity and identifier. A mention's line is written with six columns, `-` for no identifier: tools that strip lines
//! take one with an empty last column for a relation.

mod parts;

use std::io::{self, Write};

use super::document::{Document, Mention, Passage};
use super::input::{invalid, Input, Lines};
use super::losses::{self, Holds};
use super::placing::{place, Unplaced};
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::{ReadOptions, Record, Records};
use crate::Error;
use parts::{on_one_line, Parts};

/// The key in [`Mention::info`] of the seventh column, which names the parts of a mention of several entities.
const PARTS: &str = "individual mentions";

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    Box::new(Reader { lines: input.into_lines(), unit: options.unit, current: None })
}

struct Reader<'r> {
    lines: Lines<'r>,
    unit: Option<Unit>,
    current: Option<Block>,
}

impl Iterator for Reader<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let Some((number, line)) = self.lines.next() else {
                return self.current.take().map(|block| block.finish(self.unit));
            };
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    let place = self.lines.place(number);
                    self.current.get_or_insert_with(|| Block::new(place)).error.get_or_insert(error);
                    continue;
                }
            };
            if line.trim().is_empty() {
                match self.current.take() {
                    Some(block) => return Some(block.finish(self.unit)),
                    None => continue,
                }
            }
            let place = self.lines.place(number);
            let line = Line::of(&line);
            let begins = self.current.as_ref().is_some_and(|block| block.ends_before(&line));
            let done = if begins { self.current.take() } else { None };
            self.current.get_or_insert_with(|| Block::new(place.clone())).add(line, &place);
            if let Some(block) = done {
                return Some(block.finish(self.unit));
            }
        }
    }
}

/// A line by its form.
enum Line<'l> {
    Title(&'l str, &'l str),
    Abstract(&'l str, &'l str),
    /// Columns from the second on: begin, end, text, entity and maybe more.
    Mention(&'l str, usize, usize, Vec<&'l str>),
    Relation,
    Other(&'l str),
}

impl<'l> Line<'l> {
    fn of(line: &'l str) -> Self {
        let mut parts = line.splitn(3, '|');
        if let (Some(id), Some(part), Some(text)) = (parts.next(), parts.next(), parts.next()) {
            if !id.is_empty() && !id.contains(char::is_whitespace) {
                match part {
                    "t" => return Line::Title(id, text),
                    "a" => return Line::Abstract(id, text),
                    _ => {}
                }
            }
        }
        let cells: Vec<&str> = line.split('\t').collect();
        if cells.len() >= 5 {
            if let (Ok(begin), Ok(end)) = (cells[1].trim().parse(), cells[2].trim().parse()) {
                return Line::Mention(cells[0].trim(), begin, end, cells[3..].to_vec());
            }
        }
        // A relation has its type where a mention has its begin.
        let is_type = |cell: &str| cell.starts_with(|c: char| c.is_alphabetic());
        if cells.len() >= 4 && !cells[0].is_empty() && is_type(cells[1]) {
            return Line::Relation;
        }
        Line::Other(line)
    }
}

/// The lines of a record so far.
#[derive(Default)]
struct Block {
    place: String,
    id: Option<String>,
    title: Option<String>,
    abstract_text: Option<String>,
    mentions: Vec<Unplaced>,
    problems: Vec<Error>,
    /// Why there is no document.
    error: Option<Error>,
    warnings: Warnings,
}

impl Block {
    fn new(place: String) -> Self {
        Block { place, ..Block::default() }
    }

    /// Whether a line belongs to the next record: some files have no blank line between them.
    fn ends_before(&self, line: &Line<'_>) -> bool {
        let is_other = |id: &str| self.id.as_ref().is_some_and(|own| own != id);
        match line {
            Line::Title(id, _) => is_other(id) || self.title.is_some(),
            Line::Abstract(id, _) => is_other(id) || self.abstract_text.is_some(),
            _ => false,
        }
    }

    fn add(&mut self, line: Line<'_>, place: &str) {
        match line {
            Line::Title(id, text) => {
                self.id.get_or_insert_with(|| id.to_string());
                self.title = Some(text.to_string());
            }
            Line::Abstract(id, text) => {
                self.id.get_or_insert_with(|| id.to_string());
                self.abstract_text = Some(text.to_string());
            }
            Line::Mention(id, begin, end, cells) => self.mention(id, (begin, end), &cells, place),
            Line::Relation => self.warnings.add("relations, which are not read", 1),
            Line::Other(text) => self.other(text, place),
        }
    }

    fn mention(&mut self, id: &str, span: (usize, usize), cells: &[&str], place: &str) {
        match &self.id {
            Some(own) if own != id => {
                let reason =
                    format!("the mention is of the document {id:?}, but stands in {own:?}; move it to its document");
                self.problems.push(invalid(place, reason));
                return;
            }
            _ => {}
        }
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let mut mention = Mention {
            entity: cell(1).unwrap_or_default().to_string(),
            identifier: cell(2).filter(|id| *id != "-").map(str::to_string),
            ..Mention::default()
        };
        if cells.len() > 3 && cells[3..].iter().any(|cell| !cell.is_empty()) {
            mention.info.insert(PARTS.to_string(), cells[3..].join("\t"));
        }
        let text = Some(cells[0].to_string()).filter(|text| !text.is_empty());
        self.mentions.push(Unplaced { place: place.to_string(), spans: vec![span], text, mention });
    }

    /// A line of no form: text that was broken into lines, before the mentions.
    fn other(&mut self, text: &str, place: &str) {
        let open = self.abstract_text.as_mut().or(self.title.as_mut()).filter(|_| self.mentions.is_empty());
        if let (Some(open), false) = (open, text.contains('\t')) {
            open.push('\n');
            open.push_str(text);
            self.warnings.add("line breaks within titles and abstracts, which are read as they are", 1);
            return;
        }
        let reason =
            "the line is none of PubTator's: ID|t|title, ID|a|abstract, or a mention in six columns with tabs \
                      between them (ID, begin, end, text, entity, identifier)";
        let error = invalid(place, reason);
        if self.id.is_none() {
            self.error.get_or_insert(error);
        } else {
            self.problems.push(error);
        }
    }

    fn finish(self, unit: Option<Unit>) -> Record {
        let Block { place: at, id, title, abstract_text, mentions, mut problems, error, mut warnings } = self;
        let named = id.clone();
        let (Some(id), None) = (id, &error) else {
            let missing = "the title is missing: a record begins with ID|t|title and ID|a|abstract";
            let error = error.unwrap_or_else(|| invalid(&at, missing));
            return Record { id: named, warnings, problems, ..Record::failed(at, error) };
        };
        let title = title.unwrap_or_default();
        let trimmed = title.trim();
        let abstract_text = abstract_text.unwrap_or_default();
        // Most tools strip the title, so that blanks at its ends may not be counted in the file's offsets.
        let again = if trimmed.len() == title.len() { None } else { Some(mentions.clone()) };
        let mut document = document_of(id, &title, &abstract_text);
        let (mut placed, mut misplaced) = place(&TextIndex::new(&document.text), 0, mentions, Unit::CodePoint, unit);
        if let (Some(mentions), false) = (again, misplaced.is_empty()) {
            let stripped = document_of(document.id.clone(), trimmed, &abstract_text);
            let (fitting, others) = place(&TextIndex::new(&stripped.text), 0, mentions, Unit::CodePoint, unit);
            if others.is_empty() {
                warnings.add("titles with blanks at an end that the offsets do not count, which are left out", 1);
                (document, placed, misplaced) = (stripped, fitting, others);
            }
        }
        document.mentions = placed;
        problems.append(&mut misplaced);
        Record { problems, warnings, ..Record::new(at, document) }
    }
}

/// Title and abstract with one character between them, as the format's offsets have it.
fn document_of(id: String, title: &str, abstract_text: &str) -> Document {
    let length = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    let mut document = Document { id, text: title.to_string(), ..Document::default() };
    let mut passage = |kind: &str, begin, end| {
        document.passages.push(Passage { begin, end, kind: kind.to_string(), ..Passage::default() });
    };
    let end = length(title);
    if end > 0 {
        passage(Passage::TITLE, 0, end);
    }
    if !abstract_text.is_empty() {
        passage(Passage::ABSTRACT, end + 1, end + 1 + length(abstract_text));
        document.text.push('\n');
        document.text.push_str(abstract_text);
    }
    document
}

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        if self.documents > 0 {
            writeln!(out)?;
        }
        self.documents += 1;
        let holds = Holds { passages: true, identifier: true, mention_info: true, ..Holds::default() };
        losses::count(document, holds, warnings);
        let id = document_id(&document.id, self.documents, warnings);
        let index = TextIndex::new(&document.text);
        let parts = Parts::of(document, &index, warnings);
        let written = format!("{} {}", parts.title, parts.abstract_text);
        writeln!(out, "{id}|t|{}\n{id}|a|{}", parts.title, parts.abstract_text)?;
        let written = TextIndex::new(&written);
        for mention in &document.mentions {
            let Some((begin, end)) = parts.span(mention, &index) else {
                warnings.add(losses::NO_PLACE, 1);
                continue;
            };
            if mention.spans.len() > 1 {
                warnings.add("mentions in pieces, which are written as one from begin to end", 1);
            }
            let lost = mention.info.keys().filter(|key| *key != PARTS).count();
            warnings.add("further fields of mentions, which are left out", lost);
            let text = written.slice(Unit::CodePoint, begin, end).unwrap_or_default();
            let entity = cell(&mention.entity);
            let identifier = cell(mention.identifier.as_deref().unwrap_or_default());
            write!(out, "{id}\t{begin}\t{end}\t{text}\t{entity}\t{identifier}")?;
            match mention.info.get(PARTS) {
                Some(parts) => writeln!(out, "\t{}", cell(parts))?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    }
}

/// A column: on one line, and not empty.
fn cell(text: &str) -> String {
    let text = on_one_line(text);
    if text.trim().is_empty() {
        "-".to_string()
    } else {
        text
    }
}

/// The id as the format can have it; the document's number for one without.
fn document_id(id: &str, number: usize, warnings: &mut Warnings) -> String {
    let plain: String =
        id.chars().map(|c| if c.is_whitespace() || c.is_control() || c == '|' { '_' } else { c }).collect();
    if plain != id {
        warnings.add("ids of documents with blanks or |, which become _", 1);
    }
    if plain.is_empty() {
        number.to_string()
    } else {
        plain
    }
}
