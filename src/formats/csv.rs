//! Tables with a header, by RFC 4180: CSV, and TSV with tabs.
//!
//! Read, a row is a document: its text is in the column that the options name, or the first of those named `text`, `abstract`,
//! `body`, `content`, `sentence`, its id likewise in `id`, `pmid`, `_id`, `doc_id`; the other columns are information. A header
//! with more semicolons than commas tells a table of semicolons.
//!
//! Written, a row is a mention: id, begin, end (UTF-16 code units), entity, confidence (may be empty), text, and if asked for
//! who decided, when, and the identifier. A document that failed has a row with empty begin and end, the entity `error`, and code
//! and message as text. In CSV [`to_cell`] keeps spreadsheets from taking a text for a formula; cells of TSV are as they are.

mod quotes;

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use self::quotes::{Faults, Watched};
use super::cell::to_cell;
use super::document::{By, Document, Mention};
use super::input::{failed, invalid, Input};
use super::json_line::{ID_FIELDS, TEXT_FIELDS};
use super::losses::{self, Holds};
use super::warnings::Warnings;
use super::writer::{Failed, WriteFormat, WriteOptions};
use super::{ReadOptions, Record, Records};
use crate::Error;

/// The columns that are always written.
const COLUMNS: [&str; 6] = ["id", "begin", "end", "entity", "confidence", "text"];
/// The columns that are written if asked for.
const DETAILS: [&str; 3] = ["by", "time", "identifier"];
/// What is wrong with `"a" b`.
const BEYOND: &str =
    "a cell that begins with a quote goes on behind the closing one: in a cell in quotes, write each quote within twice";
/// The most bytes of a header.
const LONGEST_HEADER: usize = 1 << 20;

pub(super) fn read<'r>(input: Input<'r>, delimiter: u8, options: &ReadOptions) -> Records<'r> {
    let name = input.name.clone();
    match Rows::new(input, delimiter, options) {
        Ok(rows) => Box::new(rows),
        Err(error) => Box::new(std::iter::once(Record::failed(name, error))),
    }
}

/// The rows of a table as records.
struct Rows<'r> {
    name: String,
    reader: csv::Reader<Watched<Box<dyn BufRead + 'r>>>,
    faults: Rc<Faults>,
    columns: Vec<String>,
    text: usize,
    id: Option<usize>,
    row: ByteRecord,
    ended: bool,
}

impl<'r> Rows<'r> {
    fn new(mut input: Input<'r>, delimiter: u8, options: &ReadOptions) -> Result<Self, Error> {
        let header = header(&mut input)?;
        let count = |c: u8| header.iter().filter(|byte| **byte == c).count();
        let delimiter = if delimiter == b',' && count(b';') > count(b',') { b';' } else { delimiter };
        let faults = Rc::new(Faults::default());
        let bytes: Box<dyn BufRead + 'r> = Box::new(Cursor::new(header).chain(input.bytes));
        let watched = Watched::new(bytes, delimiter, Rc::clone(&faults));
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(watched);
        let unreadable = |error: csv::Error| invalid(&input.name, error.to_string());
        let columns = reader.byte_headers().map_err(unreadable)?.clone();
        let columns: Vec<String> =
            columns.iter().map(|name| String::from_utf8_lossy(name).trim().to_string()).collect();
        let place = |reason: String| invalid(&format!("{}:1", input.name), reason);
        if faults.take_before(reader.position().byte()) {
            return Err(place(BEYOND.to_string()));
        }
        let text = text_column(&columns, delimiter, options).map_err(place)?;
        let id = id_column(&columns, options).map_err(place)?;
        let columns = different(columns);
        Ok(Rows { name: input.name, reader, faults, columns, text, id, row: ByteRecord::new(), ended: false })
    }

    fn document(&self, place: &str) -> Result<Document, Error> {
        let wrong = |reason: String| Err(invalid(place, reason));
        if self.faults.take_before(self.reader.position().byte()) {
            return wrong(BEYOND.to_string());
        }
        if self.faults.unclosed.get() {
            return wrong(
                "a quote is not closed before the end of the file: the file is cut off, or a quote is missing".into(),
            );
        }
        let (found, expected) = (self.row.len(), self.columns.len());
        if found != expected {
            let what_to_do = "a cell with a separator or a line break in it must stand in quotes";
            return wrong(format!("it has {found} cells, the header {expected}: {what_to_do}"));
        }
        let mut document = Document::default();
        for (i, (column, cell)) in self.columns.iter().zip(&self.row).enumerate() {
            let cell = match std::str::from_utf8(cell) {
                Ok(cell) => cell.to_string(),
                Err(_) => return wrong(format!("its {column:?} is not UTF-8")),
            };
            if i == self.text {
                document.text = cell;
            } else if Some(i) == self.id {
                document.id = cell;
            } else if !cell.is_empty() {
                document.info.insert(column.clone(), cell);
            }
        }
        if document.id.is_empty() {
            document.id = place.to_string();
        }
        Ok(document)
    }
}

impl Iterator for Rows<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.ended {
            return None;
        }
        match self.reader.read_byte_record(&mut self.row) {
            Ok(false) => None,
            Ok(true) => {
                let line = self.row.position().map_or(0, csv::Position::line);
                let place = format!("{}:{line}", self.name);
                Some(match self.document(&place) {
                    Ok(document) => Record::new(place, document),
                    Err(error) => {
                        let id =
                            self.id.and_then(|id| self.row.get(id)).map(|id| String::from_utf8_lossy(id).into_owned());
                        Record { id: id.filter(|id| !id.is_empty()), ..Record::failed(place, error) }
                    }
                })
            }
            Err(error) => {
                self.ended = true;
                let error = match error.into_kind() {
                    csv::ErrorKind::Io(error) => failed(&self.name, &error),
                    other => invalid(&self.name, format!("{other:?}")),
                };
                Some(Record::failed(&self.name, error))
            }
        }
    }
}

/// The first row, whose cells may have line breaks in quotes, as it is in the file.
fn header(input: &mut Input<'_>) -> Result<Vec<u8>, Error> {
    let mut header = Vec::new();
    loop {
        let rest = (LONGEST_HEADER - header.len()) as u64;
        let read = input.bytes.by_ref().take(rest).read_until(b'\n', &mut header);
        let read = read.map_err(|error| failed(&input.name, &error))?;
        let is_closed = header.iter().filter(|byte| **byte == b'"').count() % 2 == 0;
        let is_blank = header.iter().all(u8::is_ascii_whitespace);
        if read == 0 || (is_closed && !is_blank) {
            return Ok(header);
        }
    }
}

/// The place of the text's column.
fn text_column(columns: &[String], delimiter: u8, options: &ReadOptions) -> Result<usize, String> {
    let listed = || columns.iter().take(20).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    if columns.iter().all(String::is_empty) {
        return Err("it is empty: a table has a header, and a row for each document".to_string());
    }
    if let Some(name) = &options.text_field {
        return find(columns, name)?.ok_or_else(|| format!("it has no column {name:?}, only {}", listed()));
    }
    if ["begin", "end", "entity", "text"].iter().all(|name| columns.iter().any(|column| column == name)) {
        return Err("it is a table of mentions, as Glossa writes it, which has no whole texts: \
             JSON lines hold both, and are read again"
            .to_string());
    }
    for name in TEXT_FIELDS {
        if let Some(column) = find(columns, name)? {
            return Ok(column);
        }
    }
    let separator = match delimiter {
        b'\t' => "tab",
        b';' => "semicolon",
        _ => "comma",
    };
    let usual = TEXT_FIELDS.join(", ");
    Err(format!(
        "no column is named {usual}; with the separator {separator} the columns are {}; say which has the text",
        listed()
    ))
}

/// The place of the id's column.
fn id_column(columns: &[String], options: &ReadOptions) -> Result<Option<usize>, String> {
    if let Some(name) = &options.id_field {
        return find(columns, name)?.map(Some).ok_or_else(|| format!("it has no column {name:?}"));
    }
    for name in ID_FIELDS {
        if let Some(column) = find(columns, name)? {
            return Ok(Some(column));
        }
    }
    Ok(None)
}

/// The place of a column: by its name, or by its name in other capitals.
fn find(columns: &[String], name: &str) -> Result<Option<usize>, String> {
    let places = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
        columns.iter().enumerate().filter(|(_, column)| is(column)).map(|(i, _)| i).collect()
    };
    let exact = places(&|column| column == name);
    let found = if exact.is_empty() { places(&|column| column.eq_ignore_ascii_case(name)) } else { exact };
    match found[..] {
        [] => Ok(None),
        [column] => Ok(Some(column)),
        _ => Err(format!("it has the column {name:?} more than once")),
    }
}

/// The names of columns as keys: none is empty, and none comes twice.
fn different(columns: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let key = |(i, name): (usize, String)| {
        let name = if name.is_empty() { format!("column {}", i + 1) } else { name };
        if seen.insert(name.clone()) {
            return name;
        }
        let numbered = format!("{name} (column {})", i + 1);
        seen.insert(numbered.clone());
        numbered
    };
    columns.into_iter().enumerate().map(key).collect()
}

pub(super) struct Writer {
    delimiter: u8,
    mark: bool,
    details: bool,
    is_begun: bool,
}

impl Writer {
    pub(super) fn new(delimiter: u8, options: &WriteOptions) -> Self {
        Writer { delimiter, mark: options.csv_mark, details: options.details, is_begun: false }
    }

    fn start(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_begun {
            return Ok(());
        }
        self.is_begun = true;
        let mark = if self.mark { "\u{FEFF}" } else { "" };
        write!(out, "{mark}")?;
        let details = &DETAILS[..if self.details { DETAILS.len() } else { 0 }];
        self.rows(out, std::iter::once(COLUMNS.iter().chain(details).map(|name| Cow::Borrowed(*name)).collect()))
    }

    fn cell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.delimiter == b'\t' {
            Cow::Borrowed(text)
        } else {
            to_cell(text)
        }
    }

    fn rows<'c>(&self, out: &mut dyn Write, rows: impl Iterator<Item = Vec<Cow<'c, str>>>) -> io::Result<()> {
        let mut writer = WriterBuilder::new().delimiter(self.delimiter).from_writer(vec![]);
        for row in rows {
            writer.write_record(row.iter().map(|cell| cell.as_bytes()))?;
        }
        out.write_all(&writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let details = self.details;
        let holds = Holds {
            confidence: true,
            by: details,
            time: details,
            identifier: details,
            info: true,
            mention_info: true,
            passages: true,
            ..Holds::default()
        };
        losses::count(document, holds, warnings);
        warnings.add("documents without mentions, which have no row", usize::from(document.mentions.is_empty()));
        self.start(out)?;
        let rows = document.mentions.iter().map(|mention| {
            let Mention { entity, confidence, text, by, time, identifier, spans, .. } = mention;
            warnings.add(
                "mentions in pieces, whose begin is the first's and whose end is the last's",
                usize::from(spans.len() > 1),
            );
            let confidence = confidence.map_or(String::new(), |value| format!("{value:.4}"));
            let (begin, end) = (mention.begin().to_string().into(), mention.end().to_string().into());
            let mut row =
                vec![self.cell(&document.id), begin, end, self.cell(entity), confidence.into(), self.cell(text)];
            if self.details {
                let or_empty = |value: &'_ Option<String>| value.clone().unwrap_or_default();
                let cell = |text: String| Cow::Owned(self.cell(&text).into_owned());
                row.extend([cell(who(by)), cell(or_empty(time)), cell(or_empty(identifier))]);
            }
            row
        });
        self.rows(out, rows)
    }

    fn failure(
        &mut self,
        out: &mut dyn Write,
        Failed { id, error, .. }: Failed<'_>,
        _: &mut Warnings,
    ) -> io::Result<()> {
        self.start(out)?;
        let reason = format!("{}: {error}", error.code());
        let empty = || Cow::Borrowed("");
        let mut row = vec![self.cell(id), empty(), empty(), "error".into(), empty(), self.cell(&reason)];
        row.resize(if self.details { COLUMNS.len() + DETAILS.len() } else { COLUMNS.len() }, empty());
        self.rows(out, std::iter::once(row))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.start(out)
    }
}

/// Who decided, in a cell: `person`, `model: cellular`.
fn who(By { who, name }: &By) -> String {
    match name {
        Some(name) => format!("{}: {name}", who.name()),
        None => who.name().to_string(),
    }
}
