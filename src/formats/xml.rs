//! XML, element by element, as the readers of single formats take it: a line for every error, no DTD, no deep nesting.

mod entities;
mod lines;
mod open;
mod references;

use std::collections::BTreeSet;

use quick_xml::encoding::EncodingError;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, Event};
use quick_xml::Reader;

use super::input::{failed, invalid, Input};
use crate::Error;
use lines::CountedLines;
use open::Open;
use references::{character, in_value, reference, shortened};

/// How deep elements may be nested. Articles have some twenty levels; readers recurse once for each.
const DEEPEST: usize = 256;

/// How many references that are not known are told of a record.
const MOST_PROBLEMS: usize = 100;

/// A start tag that has been read.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    /// Its name without a prefix.
    pub(super) name: String,
    /// Names as written, and values.
    attributes: Vec<(String, String)>,
    /// The line where it begins.
    pub(super) line: usize,
    /// How many elements are open with it.
    pub(super) depth: usize,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Node {
    /// An element begins.
    Begin(Element),
    /// The element that began last, and has not ended, ends.
    End,
    /// Text, with references resolved.
    Text(String),
    /// The file ends.
    Eof,
}

/// An XML file. Elements that are not closed in their order are errors, from which [`Xml::leave_record`] goes on.
pub(super) struct Xml<'r> {
    reader: Reader<CountedLines<'r>>,
    name: String,
    buffer: Vec<u8>,
    open: Open,
    /// Elements that are never within themselves or each other: where one begins in another, the other lacks its end.
    records: &'static [&'static str],
    /// The depth of the record that is being read.
    record_depth: Option<usize>,
    /// A record that began where none may.
    next_record: Option<Element>,
    /// References that are not known, and stray `&`, of this record.
    unknown: BTreeSet<String>,
    problems: Vec<Error>,
    at_end: bool,
}

impl<'r> Xml<'r> {
    /// Reads a file with such elements as records.
    pub(super) fn new(input: Input<'r>, records: &'static [&'static str]) -> Self {
        let mut reader = Reader::from_reader(CountedLines::new(input.bytes));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        // `Open` does both, so that reading can go on behind such an error.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        Xml {
            reader,
            name: input.name,
            buffer: Vec::new(),
            open: Open::default(),
            records,
            record_depth: None,
            next_record: None,
            unknown: BTreeSet::new(),
            problems: Vec::new(),
            at_end: false,
        }
    }

    /// The file's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// `file:line`.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.name)
    }

    /// The line that is being read.
    pub(super) fn line(&self) -> usize {
        self.reader.get_ref().line()
    }

    /// An error here.
    pub(super) fn invalid(&self, reason: impl Into<String>) -> Error {
        invalid(&self.place(self.line()), reason)
    }

    /// The next element, whatever it is in; `None` at the end of the file.
    pub(super) fn begin(&mut self) -> Result<Option<Element>, Error> {
        loop {
            match self.node(true)? {
                Node::Begin(element) => return Ok(Some(element)),
                Node::Eof => return Ok(None),
                Node::End | Node::Text(_) => {}
            }
        }
    }

    /// From here on to its end, errors concern the record that an element is.
    pub(super) fn enter_record(&mut self, element: &Element) {
        self.record_depth = Some(element.depth);
    }

    /// Leaves the record, going on to its end, or to the beginning of the next one if it has none. Gives what was wrong with its
    /// references.
    pub(super) fn leave_record(&mut self) -> Vec<Error> {
        if let Some(depth) = self.record_depth {
            while self.next_record.is_none() && self.open.depth() >= depth {
                if matches!(self.node(false), Ok(Node::Eof)) {
                    break;
                }
            }
        }
        self.record_depth = None;
        self.unknown.clear();
        std::mem::take(&mut self.problems)
    }

    /// The next element in the one that began last; `None` where that ends. The caller reads the child to its end.
    pub(super) fn child(&mut self) -> Result<Option<Element>, Error> {
        loop {
            match self.node(true)? {
                Node::Begin(element) => return Ok(Some(element)),
                Node::End => return Ok(None),
                Node::Text(_) => {}
                Node::Eof => return Err(self.cut_off()),
            }
        }
    }

    /// Reads to the end of the element that began last, and counts those of a name in it.
    pub(super) fn skip_counting(&mut self, name: &str) -> Result<usize, Error> {
        let depth = self.open.depth();
        let mut count = 0;
        while self.open.depth() >= depth {
            match self.node(false)? {
                Node::Begin(element) if element.name == name => count += 1,
                Node::Eof => return Err(self.cut_off()),
                _ => {}
            }
        }
        Ok(count)
    }

    /// Reads to the end of the element that began last.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        self.skip_counting("").map(|_| ())
    }

    /// The text of the element that began last, and of those in it, as it is written.
    pub(super) fn text(&mut self) -> Result<String, Error> {
        let depth = self.open.depth();
        let mut all = String::new();
        while self.open.depth() >= depth {
            match self.node(true)? {
                Node::Text(text) => all.push_str(&text),
                Node::Eof => return Err(self.cut_off()),
                Node::Begin(_) | Node::End => {}
            }
        }
        Ok(all)
    }

    /// What comes next. Unless it is `wanted`, it has no text and no attributes.
    pub(super) fn node(&mut self, wanted: bool) -> Result<Node, Error> {
        if let Some(element) = self.next_record.take_if(|_| self.record_depth.is_none()) {
            self.open.push(element.name.as_bytes());
            return Ok(Node::Begin(element));
        }
        loop {
            self.buffer.clear();
            let mut buffer = std::mem::take(&mut self.buffer);
            let line = self.line();
            let event = self.reader.read_event_into(&mut buffer);
            let node = match event {
                Ok(event) => self.node_of(&event, line, wanted),
                Err(error) => Err(self.reader_error(error)),
            };
            self.buffer = buffer;
            if let Some(node) = node? {
                return Ok(node);
            }
        }
    }

    fn node_of(&mut self, event: &Event<'_>, line: usize, wanted: bool) -> Result<Option<Node>, Error> {
        Ok(Some(match event {
            Event::Start(start) => Node::Begin(self.start(start, line, wanted)?),
            Event::End(end) => self.end(end, line)?,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if !wanted => return Ok(None),
            Event::Text(text) => {
                if text.starts_with(b"&") {
                    self.problem(line, "& stands alone here, where XML has &amp;: it is kept as text".to_string());
                }
                Node::Text(text.xml10_content().map_err(|error| self.not_utf8(line, &error))?.into_owned())
            }
            Event::CData(text) => {
                Node::Text(text.xml10_content().map_err(|error| self.not_utf8(line, &error))?.into_owned())
            }
            Event::GeneralRef(reference) => Node::Text(self.resolved(reference, line)?),
            Event::Eof => {
                self.at_end = true;
                Node::Eof
            }
            // What a DTD declares is not used: entities could grow without limit, and lead to other files.
            Event::DocType(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => return Ok(None),
        }))
    }

    fn end(&mut self, end: &BytesEnd<'_>, line: usize) -> Result<Node, Error> {
        let name = || String::from_utf8_lossy(end.name().into_inner()).into_owned();
        match self.open.pop(end.name().as_ref()) {
            Ok(true) => Ok(Node::End),
            Ok(false) => Err(invalid(&self.place(line), format!("</{}> ends an element that has not begun", name()))),
            Err(inner) => Err(invalid(&self.place(line), format!("</{}> stands where </{inner}> is expected", name()))),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, line: usize, wanted: bool) -> Result<Element, Error> {
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        let mut element = Element { name, line, ..Element::default() };
        if wanted || self.records.contains(&element.name.as_str()) {
            for attribute in start.attributes().with_checks(false) {
                let attribute = attribute.map_err(|error| {
                    invalid(&self.place(line), format!("<{}> has a bad attribute: {error}", element.name))
                })?;
                let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
                let value = match std::str::from_utf8(&attribute.value) {
                    Ok(value) => self.unescaped(value, line),
                    Err(_) => return Err(invalid(&self.place(line), format!("the attribute {key} is not UTF-8"))),
                };
                element.attributes.push((key, value));
            }
        }
        if let Some(depth) = self.record_depth {
            if self.records.contains(&element.name.as_str()) {
                self.open.truncate(depth - 1);
                element.depth = depth;
                let reason = format!("a <{}> begins here before the end of the one before", element.name);
                self.next_record = Some(element);
                return Err(invalid(&self.place(line), reason));
            }
        }
        self.open.push(start.name().as_ref());
        element.depth = self.open.depth();
        if element.depth > DEEPEST && wanted {
            return Err(invalid(&self.place(line), format!("elements are nested more than {DEEPEST} deep")));
        }
        Ok(element)
    }

    /// The text of a reference; one that is not known stays as it is.
    fn resolved(&mut self, reference: &BytesRef<'_>, line: usize) -> Result<String, Error> {
        let name = reference.decode().map_err(|error| self.not_utf8(line, &error))?;
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            return Ok(c.to_string());
        }
        Ok(match character(&name) {
            Some(text) => text,
            None => {
                self.problem(line, format!("&{}; is not known here, and stays as it is", shortened(&name)));
                format!("&{name};")
            }
        })
    }

    /// The value of an attribute.
    fn unescaped(&mut self, value: &str, line: usize) -> String {
        let mut rest = value;
        let mut all = String::with_capacity(value.len());
        while let Some((before, behind)) = rest.split_once('&') {
            all.push_str(before);
            let known = reference(behind).and_then(|(name, behind)| Some((in_value(name)?, behind)));
            match known {
                Some((text, behind)) => {
                    all.push_str(&text);
                    rest = behind;
                }
                None => {
                    let name = behind.split(|c: char| !c.is_alphanumeric() && c != '#').next().unwrap_or_default();
                    self.problem(line, format!("&{} is not known here, and stays as it is", shortened(name)));
                    all.push('&');
                    rest = behind;
                }
            }
        }
        all.push_str(rest);
        all
    }

    /// Notes what is wrong with a reference, once for each in a record, and for the first of them.
    fn problem(&mut self, line: usize, reason: String) {
        if self.record_depth.is_none() || self.unknown.len() > MOST_PROBLEMS || self.unknown.contains(&reason) {
            return;
        }
        let is_last = self.unknown.len() == MOST_PROBLEMS;
        let told = if is_last { "more references are not known here, and stay as they are" } else { reason.as_str() };
        self.problems.push(invalid(&self.place(line), told));
        self.unknown.insert(reason);
    }

    fn not_utf8(&self, line: usize, error: &EncodingError) -> Error {
        invalid(&self.place(line), format!("the text that begins here is not UTF-8: {error}"))
    }

    fn reader_error(&self, error: quick_xml::Error) -> Error {
        match error {
            quick_xml::Error::Io(error) => failed(&self.name, &error),
            error => self.invalid(format!("it is not well-formed XML: {error}")),
        }
    }

    /// The error of a file that ends too early.
    pub(super) fn cut_off(&self) -> Error {
        self.invalid(format!("the file ends within <{}>: it has been cut off", self.open.innermost()))
    }

    /// Whether the end of the file has been reached.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Whether all elements are closed.
    pub(super) fn is_closed(&self) -> bool {
        self.open.depth() == 0
    }
}
