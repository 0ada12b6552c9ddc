//! MEDLINE, as PubMed exports it (`.nbib`; fields as in NLM's "MEDLINE/PubMed Data Element (Field) Descriptions").
//!
//! A record is a document: title (`TI`, or `BTI` of a book) and abstract (`AB`) are its passages; `PMID`, `LID` and `AID` (a DOI),
//! `PMC`, `JT` and `DP` are in its info. The other fields describe it (authors, terms, history) and are not read, but other
//! abstracts (`OAB`) are counted. A field goes on in lines that begin with six blanks, and lines are joined by a blank.

use super::document::{Document, Info, Passage};
use super::input::{invalid, Input, Lines};
use super::prose::{document, note, year, Piece, Prose};
use super::warnings::Warnings;
use super::{Record, Records};
use crate::Error;

pub(super) fn read<'r>(input: Input<'r>) -> Records<'r> {
    Box::new(Medline { lines: input.into_lines(), next: None })
}

/// A line, split.
enum Line<'l> {
    Blank,
    Field { tag: &'l str, value: &'l str },
    Continued(&'l str),
    Other,
}

impl Line<'_> {
    fn of(line: &str) -> Line<'_> {
        if line.trim().is_empty() {
            return Line::Blank;
        }
        // A tag has two to four capitals or digits, is filled up to four characters, and ends with `-`.
        if let Some((tag, value)) =
            line.split_at_checked(4).and_then(|(tag, rest)| Some((tag, rest.strip_prefix('-')?)))
        {
            let tag = tag.trim_end();
            if tag.len() >= 2 && tag.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
                return Line::Field { tag, value: value.trim() };
            }
        }
        match line.strip_prefix("  ") {
            Some(rest) => Line::Continued(rest.trim()),
            None => Line::Other,
        }
    }
}

struct Medline<'r> {
    lines: Lines<'r>,
    /// The first line of a record that follows another without a blank line.
    next: Option<(usize, String)>,
}

/// The fields that make a document. Those that may come several times take the first.
#[derive(Default)]
struct Fields {
    title: Prose,
    book: Prose,
    summary: Prose,
    info: Info,
    has_pmid: bool,
    /// Where the lines of the field that has begun go.
    open: Open,
}

#[derive(Default, Clone, Copy)]
enum Open {
    Title,
    Book,
    Abstract,
    Journal,
    #[default]
    Other,
}

impl Fields {
    fn begin(&mut self, tag: &str, value: &str, warnings: &mut Warnings) {
        self.open = Open::Other;
        match tag {
            "PMID" => {
                self.has_pmid = true;
                note(&mut self.info, "pmid", value);
            }
            "TI" => self.go_on(Open::Title, value),
            "BTI" => self.go_on(Open::Book, value),
            "AB" => self.go_on(Open::Abstract, value),
            "JT" => {
                note(&mut self.info, "journal", value);
                self.open = Open::Journal;
            }
            "OAB" => warnings.add("other abstracts, such as translations, which are not read", 1),
            "LID" | "AID" => {
                if let Some(doi) = value.strip_suffix("[doi]") {
                    note(&mut self.info, "doi", doi);
                }
            }
            "PMC" => note(&mut self.info, "pmcid", value),
            "DP" => note(&mut self.info, "year", year(value).unwrap_or_default()),
            _ => {}
        }
    }

    fn go_on(&mut self, field: Open, value: &str) {
        self.open = field;
        match field {
            Open::Title => push_line(&mut self.title, value),
            Open::Book => push_line(&mut self.book, value),
            Open::Abstract => push_line(&mut self.summary, value),
            Open::Journal => {
                if let Some(journal) = self.info.get_mut("journal") {
                    journal.push(' ');
                    journal.push_str(value);
                }
            }
            Open::Other => {}
        }
    }

    fn document(mut self) -> Document {
        let (mut title, book) = (self.title.take(), self.book.take());
        note(&mut self.info, "book", &book);
        if title.is_empty() {
            title = book;
        }
        let title = Piece { kind: Passage::TITLE, text: title, info: Info::new() };
        let pieces = vec![title, Piece::labelled(None, &self.summary.take())];
        let id = self.info.get("pmid").cloned().unwrap_or_default();
        document(id, pieces, self.info)
    }
}

fn push_line(prose: &mut Prose, line: &str) {
    prose.push_blank();
    prose.push(line);
}

impl Medline<'_> {
    /// The next line that there is.
    fn line(&mut self) -> Option<(usize, Result<String, Error>)> {
        match self.next.take() {
            Some((number, line)) => Some((number, Ok(line))),
            None => self.lines.next(),
        }
    }

    fn no_medline(&self, number: usize, line: &str) -> Error {
        let reason = if line.starts_with("TY  - ") {
            "this is RIS, which is not read: in PubMed, save as “PubMed” instead of sending to a citation manager"
                .to_string()
        } else {
            let line: String = line.chars().take(40).collect();
            format!("{line:?} is no field of MEDLINE, such as `PMID- 100`, nor does it go on with one")
        };
        invalid(&self.lines.place(number), reason)
    }
}

impl Iterator for Medline<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut fields = Fields::default();
        let mut began: Option<usize> = None;
        let mut error = None;
        let (mut problems, mut warnings) = (Vec::new(), Warnings::default());
        let mut has_fields = false;
        while let Some((number, line)) = self.line() {
            let line = match line {
                Ok(line) => line,
                Err(unreadable) => {
                    began.get_or_insert(number);
                    error.get_or_insert(unreadable);
                    continue;
                }
            };
            match Line::of(&line) {
                Line::Blank if began.is_some() => break,
                Line::Blank => continue,
                Line::Field { tag: "PMID", .. } if fields.has_pmid => {
                    self.next = Some((number, line));
                    break;
                }
                Line::Field { tag: "TY", .. } if !has_fields => {
                    began.get_or_insert(number);
                    error.get_or_insert(self.no_medline(number, &line));
                }
                Line::Field { tag, value } => {
                    fields.begin(tag, value, &mut warnings);
                    has_fields = true;
                }
                Line::Continued(value) if has_fields => fields.go_on(fields.open, value),
                // Of a file that is something else, one line is enough.
                Line::Continued(_) | Line::Other if !has_fields && !problems.is_empty() => {}
                Line::Continued(_) | Line::Other => problems.push(self.no_medline(number, &line)),
            }
            began.get_or_insert(number);
        }
        let place = self.lines.place(began?);
        if let Some(error) = error {
            let id = fields.info.remove("pmid");
            return Some(Record { id, ..Record::failed(place, error) });
        }
        if !has_fields {
            return Some(Record::failed(place, problems.swap_remove(0)));
        }
        if !fields.has_pmid {
            problems.push(invalid(&place, "the record has no PMID, and so its document has no id"));
        }
        Some(Record { problems, warnings, ..Record::new(place, fields.document()) })
    }
}
