//! BioC XML (`BioC.dtd`). What is read and written is said in [`bioc`](super::bioc).
//!
//! Characters that XML does not allow are written as blanks; a carriage return is written as a reference, so that it stays one.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::escape::{escape, partial_escape};
use quick_xml::events::attributes::Attribute;
use quick_xml::events::BytesText;
use quick_xml::name::QName;

use super::bioc::{
    bioc_document, record, BiocAnnotation, BiocDocument, BiocLocation, BiocPassage, BiocSentence, Collection, Number,
};
use super::document::{Document, Info};
use super::input::Input;
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::xml::{Element, Xml};
use super::xml_records::{self, XmlFormat};
use super::{ReadOptions, Record, Records};
use crate::Error;

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    xml_records::read(input, Bioc { collection: Collection::default(), options: options.clone() })
}

struct Bioc {
    collection: Collection,
    options: ReadOptions,
}

impl XmlFormat for Bioc {
    const RECORDS: &'static [&'static str] = &["document"];
    const AROUND: &'static [&'static str] = &["collection"];
    const NAME: &'static str = "BioC XML";

    fn record(&mut self, xml: &mut Xml<'_>, element: &Element, id: &mut Option<String>) -> Result<Record, Error> {
        let mut document = BiocDocument::default();
        let read = read_document(xml, &mut document);
        *id = Some(document.id.clone()).filter(|id| !id.is_empty());
        read?;
        Ok(record(xml.name(), xml.place(element.line), document, &self.collection.info(), &self.options))
    }

    fn around(&mut self, xml: &mut Xml<'_>, element: &Element) -> Result<(), Error> {
        match element.name.as_str() {
            "collection" => self.collection = Collection::default(),
            "source" => self.collection.source = xml.text()?,
            "date" => self.collection.date = xml.text()?,
            "key" => self.collection.key = xml.text()?,
            "infon" => infon(xml, element, &mut self.collection.infons)?,
            _ => {}
        }
        Ok(())
    }
}

fn read_document(xml: &mut Xml<'_>, document: &mut BiocDocument) -> Result<(), Error> {
    while let Some(element) = xml.child()? {
        match element.name.as_str() {
            "id" => document.id = xml.text()?.trim().to_string(),
            "infon" => infon(xml, &element, &mut document.infons)?,
            "passage" => document.passages.push(passage(xml)?),
            "annotation" => document.annotations.push(annotation(xml, &element)?),
            "relation" => relation(xml, &mut document.relations)?,
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn passage(xml: &mut Xml<'_>) -> Result<BiocPassage, Error> {
    let mut passage = BiocPassage::default();
    while let Some(element) = xml.child()? {
        match element.name.as_str() {
            "infon" => infon(xml, &element, &mut passage.infons)?,
            "offset" => passage.offset = Number::of_text(&xml.text()?),
            "text" => passage.text = Some(xml.text()?),
            "sentence" => passage.sentences.push(sentence(xml)?),
            "annotation" => passage.annotations.push(annotation(xml, &element)?),
            "relation" => relation(xml, &mut passage.relations)?,
            _ => xml.skip()?,
        }
    }
    Ok(passage)
}

fn sentence(xml: &mut Xml<'_>) -> Result<BiocSentence, Error> {
    let mut sentence = BiocSentence::default();
    while let Some(element) = xml.child()? {
        match element.name.as_str() {
            "offset" => sentence.offset = Number::of_text(&xml.text()?),
            "text" => sentence.text = Some(xml.text()?),
            "annotation" => sentence.annotations.push(annotation(xml, &element)?),
            "relation" => relation(xml, &mut sentence.relations)?,
            // Its infons are lost with it.
            _ => xml.skip()?,
        }
    }
    Ok(sentence)
}

fn annotation(xml: &mut Xml<'_>, element: &Element) -> Result<BiocAnnotation, Error> {
    let id = element.attribute("id").unwrap_or_default().to_string();
    let mut annotation = BiocAnnotation { id, line: Some(element.line), ..BiocAnnotation::default() };
    while let Some(element) = xml.child()? {
        match element.name.as_str() {
            "infon" => infon(xml, &element, &mut annotation.infons)?,
            "text" => annotation.text = Some(xml.text()?),
            "location" => {
                let number = |name| element.attribute(name).map_or(Number::None, Number::of_text);
                annotation.locations.push(BiocLocation { offset: number("offset"), length: number("length") });
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(annotation)
}

fn relation(xml: &mut Xml<'_>, relations: &mut usize) -> Result<(), Error> {
    *relations += 1;
    xml.skip()
}

fn infon(xml: &mut Xml<'_>, element: &Element, infons: &mut Info) -> Result<(), Error> {
    let key = element.attribute("key").unwrap_or_default().to_string();
    infons.insert(key, xml.text()?);
    Ok(())
}

/// Writes a collection.
#[derive(Default)]
pub(super) struct Writer {
    /// That of the first document.
    collection: Option<Collection>,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        match &self.collection {
            Some(collection) => collection.compare(document, warnings),
            None => {
                let collection = Collection::of(document);
                write_head(out, &collection, warnings)?;
                self.collection = Some(collection);
            }
        }
        let bioc = bioc_document(document, warnings);
        let mut xml = Elements::new(warnings);
        xml.within("document", &[], |xml| write_document(xml, &bioc))?;
        out.write_all(&xml.finish())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.collection.is_none() {
            write_head(out, &Collection::default(), &mut Warnings::default())?;
        }
        out.write_all(b"</collection>\n")
    }
}

/// What stands before the first document.
fn write_head(out: &mut dyn Write, collection: &Collection, warnings: &mut Warnings) -> io::Result<()> {
    out.write_all(
        b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE collection SYSTEM \"BioC.dtd\">\n<collection>\n",
    )?;
    let mut xml = Elements::new(warnings);
    xml.text("source", &collection.source)?;
    xml.text("date", &collection.date)?;
    xml.text("key", &collection.key)?;
    xml.infons(&collection.infons)?;
    out.write_all(&xml.finish())
}

fn write_document(xml: &mut Elements<'_>, document: &BiocDocument) -> io::Result<()> {
    xml.text("id", &document.id)?;
    xml.infons(&document.infons)?;
    for passage in &document.passages {
        xml.within("passage", &[], |xml| {
            xml.infons(&passage.infons)?;
            xml.text("offset", &passage.offset.to_string())?;
            xml.text("text", passage.text.as_deref().unwrap_or_default())?;
            passage.annotations.iter().try_for_each(|annotation| write_annotation(xml, annotation))
        })?;
    }
    Ok(())
}

fn write_annotation(xml: &mut Elements<'_>, annotation: &BiocAnnotation) -> io::Result<()> {
    xml.within("annotation", &[("id", &annotation.id)], |xml| {
        xml.infons(&annotation.infons)?;
        for BiocLocation { offset, length } in &annotation.locations {
            xml.empty("location", &[("offset", &offset.to_string()), ("length", &length.to_string())])?;
        }
        xml.text("text", annotation.text.as_deref().unwrap_or_default())
    })
}

/// Elements being written, one a line.
struct Elements<'w> {
    xml: quick_xml::Writer<Vec<u8>>,
    warnings: &'w mut Warnings,
}

impl<'w> Elements<'w> {
    fn new(warnings: &'w mut Warnings) -> Self {
        Elements { xml: quick_xml::Writer::new_with_indent(Vec::new(), b' ', 2), warnings }
    }

    /// What has been written, with a line end.
    fn finish(self) -> Vec<u8> {
        let mut written = self.xml.into_inner();
        written.push(b'\n');
        written
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        let text = self.escaped(text, |text| partial_escape(text));
        self.xml.create_element(name).write_text_content(BytesText::from_escaped(text))?;
        Ok(())
    }

    fn infons(&mut self, infons: &Info) -> io::Result<()> {
        for (key, value) in infons {
            let key = self.attribute("key", key);
            let value = self.escaped(value, |text| partial_escape(text));
            self.xml.create_element("infon").with_attribute(key).write_text_content(BytesText::from_escaped(value))?;
        }
        Ok(())
    }

    fn empty(&mut self, name: &str, attributes: &[(&'static str, &str)]) -> io::Result<()> {
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| self.attribute(name, value)).collect();
        self.xml.create_element(name).with_attributes(attributes).write_empty()?;
        Ok(())
    }

    fn within(
        &mut self,
        name: &str,
        attributes: &[(&'static str, &str)],
        content: impl FnOnce(&mut Elements<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| self.attribute(name, value)).collect();
        let start = quick_xml::events::BytesStart::new(name).with_attributes(attributes);
        self.xml.write_event(quick_xml::events::Event::Start(start.borrow()))?;
        content(self)?;
        self.xml.write_event(quick_xml::events::Event::End(start.to_end()))
    }

    fn attribute(&mut self, name: &'static str, value: &str) -> Attribute<'static> {
        let value = self.escaped(value, |text| escape(text)).replace('\n', "&#10;").replace('\t', "&#9;");
        Attribute { key: QName(name.as_bytes()), value: Cow::Owned(value.into_bytes()) }
    }

    /// A text as it stands in XML. No character becomes several, so that offsets stay right.
    fn escaped(&mut self, text: &str, escape: for<'t> fn(&'t str) -> Cow<'t, str>) -> String {
        let forbidden = text.chars().filter(|c| is_forbidden(*c)).count();
        self.warnings.add("characters that XML does not allow, written as blanks", forbidden);
        let allowed = if forbidden == 0 { Cow::Borrowed(text) } else { Cow::Owned(text.replace(is_forbidden, " ")) };
        escape(&allowed).replace('\r', "&#13;")
    }
}

/// Whether a character is not one of XML 1.0's `Char`.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}
