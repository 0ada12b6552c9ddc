//! JATS XML (Journal Article Tag Suite 1.3, NISO Z39.96-2021) and its forerunners, as PubMed Central has it: an `article`, or many
//! in a `pmc-articleset` or another element.
//!
//! Title, abstracts and body are read, with the captions of figures and tables, and appendices. A paragraph is a passage; the
//! heading that it stands under is in [`Passage::SECTION`]. Headings of the body are passages of the kind `heading`, captions of
//! the kind `caption`, with the figure's label in their info; a heading in an abstract is the label before its first paragraph.
//! Figures within a paragraph follow it. What has no place in running text is left out and counted: references, the cells of
//! tables, displayed formulas and those without MathML, footnotes, superscript reference marks, translations. Other reference
//! marks are kept as text. The document's info has `pmid`, `doi`, `pmcid`, `journal`, `year` and `articleType`.

mod content;

use super::document::{Info, Passage};
use super::input::Input;
use super::prose::{document, note, text_of, with_label, year, Piece};
use super::xml::{Element, Xml};
use super::xml_records::{self, XmlFormat};
use super::{Record, Records};
use crate::Error;
use content::Content;

pub(super) fn read<'r>(input: Input<'r>) -> Records<'r> {
    xml_records::read(input, Jats)
}

struct Jats;

impl XmlFormat for Jats {
    const RECORDS: &'static [&'static str] = &["article"];
    const AROUND: &'static [&'static str] = &["pmc-articleset"];
    const NAME: &'static str = "JATS XML";

    fn record(&mut self, xml: &mut Xml<'_>, element: &Element, id: &mut Option<String>) -> Result<Record, Error> {
        let mut article = Article::default();
        note(&mut article.info, "articleType", element.attribute("article-type").unwrap_or_default());
        let read = article.read(xml);
        *id = article.name();
        read?;
        let Article { title, content, info, .. } = article;
        let id = id.clone().unwrap_or_default();
        let title = Piece { kind: Passage::TITLE, text: title, info: Info::new() };
        let pieces = std::iter::once(title).chain(content.pieces).collect();
        let mut record = Record::new(xml.place(element.line), document(id.clone(), pieces, info));
        record.warnings = content.warnings;
        if id.is_empty() {
            record.problems.push(xml.invalid("the article has no article-id, and so its document has no id"));
        }
        Ok(record)
    }
}

#[derive(Default)]
struct Article {
    title: String,
    content: Content,
    info: Info,
    publisher_id: Option<String>,
}

impl Article {
    /// Reads the element that began last, which is the article or around its parts.
    fn read(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "front" | "article-meta" | "journal-meta" | "journal-title-group" => self.read(xml)?,
                "journal-title" => note(&mut self.info, "journal", &text_of(xml)?),
                "article-id" => self.id(element.attribute("pub-id-type").unwrap_or_default(), &text_of(xml)?),
                "title-group" => self.titles(xml)?,
                "pub-date" => self.date(xml)?,
                "abstract" => self.content.summary(xml)?,
                "trans-abstract" => {
                    self.content.warnings.add("translated titles and abstracts, which are not read", 1);
                    xml.skip()?;
                }
                "body" => self.content.body(xml)?,
                "back" => self.back(xml)?,
                "floats-group" => self.content.body(xml)?,
                "sub-article" | "response" => {
                    self.content.warnings.add("sub-articles and responses, which are not read", 1);
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    /// The document's id.
    fn name(&self) -> Option<String> {
        ["pmcid", "pmid", "doi"].into_iter().find_map(|key| self.info.get(key)).or(self.publisher_id.as_ref()).cloned()
    }

    fn id(&mut self, kind: &str, value: &str) {
        match kind {
            "pmid" => note(&mut self.info, "pmid", value),
            "doi" => note(&mut self.info, "doi", value),
            // Older files have the number alone.
            "pmc" | "pmcid" if value.starts_with(|c: char| c.is_ascii_digit()) => {
                note(&mut self.info, "pmcid", &format!("PMC{value}"));
            }
            "pmc" | "pmcid" => note(&mut self.info, "pmcid", value),
            "publisher-id" => self.publisher_id = Some(value.to_string()),
            _ => {}
        }
    }

    fn titles(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "article-title" => self.title = self.content.line(xml)?,
                "subtitle" => self.title = with_label(&self.title, &self.content.line(xml)?),
                "trans-title-group" | "trans-title" => {
                    self.content.warnings.add("translated titles and abstracts, which are not read", 1);
                    xml.skip()?;
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn date(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "year" => note(&mut self.info, "year", year(&text_of(xml)?).unwrap_or_default()),
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn back(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "app-group" | "app" => self.content.body(xml)?,
                "ref-list" => self.content.references(xml)?,
                _ => {
                    self.content
                        .warnings
                        .add("parts behind the body, such as acknowledgements and notes, which are not read", 1);
                    xml.skip()?;
                }
            }
        }
        Ok(())
    }
}
