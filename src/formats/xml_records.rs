//! The records of an XML file, one after another.

use super::input::invalid;
use super::xml::{Element, Xml};
use super::{Input, Record, Records};
use crate::Error;

/// What elements mean in a format.
pub(super) trait XmlFormat {
    /// The elements that are a record each; they are not within each other.
    const RECORDS: &'static [&'static str];
    /// Elements by which a file without a record is known to be of the format.
    const AROUND: &'static [&'static str];
    /// What the format is called.
    const NAME: &'static str;

    /// Reads the record that has begun; `id` is for its id, which is known even if the rest cannot be read.
    fn record(&mut self, xml: &mut Xml<'_>, element: &Element, id: &mut Option<String>) -> Result<Record, Error>;

    /// Reads an element that stands outside of records, or leaves it to be gone through.
    fn around(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<(), Error> {
        let _ = (xml, element);
        Ok(())
    }
}

/// Reads the records of a file.
pub(super) fn read<'r, F: XmlFormat + 'r>(input: Input<'r>, format: F) -> Records<'r> {
    let xml = Xml::new(input, F::RECORDS);
    Box::new(XmlRecords { xml, format, root: None, is_known: false, has_told: false, ended: false })
}

struct XmlRecords<'r, F> {
    xml: Xml<'r>,
    format: F,
    /// The first element.
    root: Option<String>,
    /// Whether an element has shown that the file is of the format.
    is_known: bool,
    /// Whether an error outside of records has been told: one is enough.
    has_told: bool,
    ended: bool,
}

impl<F: XmlFormat> XmlRecords<'_, F> {
    fn record(&mut self, element: &Element) -> Record {
        self.is_known = true;
        self.xml.enter_record(element);
        let mut id = None;
        let read = self.format.record(&mut self.xml, element, &mut id);
        let problems = self.xml.leave_record();
        let mut record =
            read.unwrap_or_else(|error| Record { id, ..Record::failed(self.xml.place(element.line), error) });
        record.problems.splice(0..0, problems);
        record
    }

    /// What is wrong with the file as a whole, when it has ended.
    fn end(&mut self) -> Option<Error> {
        self.ended = true;
        if self.has_told {
            return None;
        }
        let name = self.xml.name();
        match &self.root {
            None => Some(invalid(name, format!("it has no XML element: it is not {}", F::NAME))),
            Some(root) if !self.is_known => {
                Some(invalid(name, format!("it is not {}: its first element is <{root}>", F::NAME)))
            }
            Some(_) if !self.xml.is_closed() => Some(self.xml.cut_off()),
            Some(_) => None,
        }
    }
}

impl<F: XmlFormat> Iterator for XmlRecords<'_, F> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while !self.ended {
            let error = match self.xml.begin() {
                Ok(Some(element)) => {
                    if self.root.is_none() {
                        self.root = Some(element.name.clone());
                    }
                    if F::RECORDS.contains(&element.name.as_str()) {
                        let record = self.record(&element);
                        // A record that the end of the file cut off is told once.
                        self.has_told |= record.document.is_err() && !self.xml.is_closed() && self.xml.is_at_end();
                        return Some(record);
                    }
                    self.is_known |= F::AROUND.contains(&element.name.as_str());
                    match self.format.around(&mut self.xml, &element) {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
                Ok(None) => self.end()?,
                Err(error) => error,
            };
            if !self.has_told {
                self.has_told = true;
                return Some(Record::failed(self.xml.place(self.xml.line()), error));
            }
        }
        None
    }
}
