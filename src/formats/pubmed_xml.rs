//! PubMed's XML (DTD `pubmed_250101`): title and abstract of `PubmedArticle` and `PubmedBookArticle`.
//!
//! Each section of an abstract is a passage, with its `Label` before the text, in [`Passage::SECTION`], and its `NlmCategory`
//! in the passage's info. The document's info has `pmid`, `doi`, `pmcid`, `journal` (for books: `book`) and `year`. Other
//! abstracts (`OtherAbstract`: in other languages, for patients) are counted. `DeleteCitation`, which lists withdrawn records, has
//! no text.

use super::document::{Info, Passage};
use super::input::Input;
use super::prose::{document, note, text_of, year, Piece};
use super::warnings::Warnings;
use super::xml::{Element, Xml};
use super::xml_records::{self, XmlFormat};
use super::{Record, Records};
use crate::Error;

pub(super) fn read<'r>(input: Input<'r>) -> Records<'r> {
    xml_records::read(input, Pubmed)
}

struct Pubmed;

impl XmlFormat for Pubmed {
    const RECORDS: &'static [&'static str] = &["PubmedArticle", "PubmedBookArticle"];
    const AROUND: &'static [&'static str] = &["PubmedArticleSet", "PubmedBookArticleSet"];
    const NAME: &'static str = "PubMed XML";

    fn record(&mut self, xml: &mut Xml<'_>, element: &Element, id: &mut Option<String>) -> Result<Record, Error> {
        let mut article = Article::default();
        let read = article.read(xml);
        *id = article.info.get("pmid").cloned();
        read?;
        let Article { titles, abstracts, info, warnings, .. } = article;
        let id = id.clone().unwrap_or_default();
        let place = xml.place(element.line);
        let mut record = Record::new(place, document(id.clone(), titles.into_iter().chain(abstracts).collect(), info));
        record.warnings = warnings;
        if id.is_empty() {
            record.problems.push(xml.invalid("the record has no PMID, and so its document has no id"));
        }
        Ok(record)
    }
}

#[derive(Default)]
struct Article {
    titles: Vec<Piece>,
    abstracts: Vec<Piece>,
    info: Info,
    warnings: Warnings,
}

impl Article {
    /// Reads the element that began last. Names say by themselves what an element is, whatever it is in.
    fn read(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "PMID" => note(&mut self.info, "pmid", &text_of(xml)?),
                "ArticleTitle" => self.title(&text_of(xml)?),
                "Abstract" => self.sections(xml)?,
                "OtherAbstract" => {
                    self.warnings.add("other abstracts, such as translations, which are not read", 1);
                    xml.skip()?;
                }
                "Journal" => self.journal(xml)?,
                "Book" => self.book(xml)?,
                "ELocationID" | "ArticleId" => {
                    let kind =
                        element.attribute("EIdType").or(element.attribute("IdType")).unwrap_or_default().to_string();
                    let value = text_of(xml)?;
                    match kind.as_str() {
                        "doi" => note(&mut self.info, "doi", &value),
                        "pmc" => note(&mut self.info, "pmcid", &value),
                        _ => {}
                    }
                }
                // What is around the above. A reference has ids of its own, as have the articles that comments are about.
                "MedlineCitation" | "Article" | "PubmedData" | "ArticleIdList" | "BookDocument" | "PubmedBookData" => {
                    self.read(xml)?;
                }
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn title(&mut self, text: &str) {
        self.titles.push(Piece { kind: Passage::TITLE, text: text.to_string(), info: Info::new() });
    }

    fn sections(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            if element.name != "AbstractText" {
                xml.skip()?;
                continue;
            }
            // `UNLABELLED` says that a section among labelled ones has no label.
            let label = element.attribute("Label").filter(|label| !label.is_empty() && *label != "UNLABELLED");
            let mut piece = Piece::labelled(label, &text_of(xml)?);
            note(&mut piece.info, "nlmCategory", element.attribute("NlmCategory").unwrap_or_default());
            self.abstracts.push(piece);
        }
        Ok(())
    }

    fn journal(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "Title" => note(&mut self.info, "journal", &text_of(xml)?),
                "JournalIssue" => self.journal(xml)?,
                "PubDate" => self.date(xml)?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn book(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "BookTitle" => {
                    let title = text_of(xml)?;
                    note(&mut self.info, "book", &title);
                }
                "PubDate" => self.date(xml)?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    /// `Year`, or `MedlineDate` such as `1998 Dec-1999 Jan`.
    fn date(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        while let Some(element) = xml.child()? {
            match element.name.as_str() {
                "Year" | "MedlineDate" => note(&mut self.info, "year", year(&text_of(xml)?).unwrap_or_default()),
                _ => xml.skip()?,
            }
        }
        Ok(())
    }
}
