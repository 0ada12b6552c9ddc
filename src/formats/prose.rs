//! Running text out of mixed content, and documents of passages in it.

use super::document::{Document, Info, Passage};
use super::xml::{Node, Xml};
use crate::Error;

/// Text whose white space is as a reader sees it: a blank for any run of it, none at the ends.
#[derive(Debug, Default)]
pub(super) struct Prose {
    text: String,
    /// White space has come since the last character.
    blank: bool,
}

/// A place in running text, to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    length: usize,
    blank: bool,
}

impl Prose {
    /// Appends a piece.
    pub(super) fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            if matches!(c, ' ' | '\t' | '\n' | '\r') {
                self.blank = true;
                continue;
            }
            if self.blank && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.blank = false;
            self.text.push(c);
        }
    }

    /// Appends white space.
    pub(super) fn push_blank(&mut self) {
        self.blank = true;
    }

    /// Whether nothing but white space has come.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where the text ends now.
    pub(super) fn mark(&self) -> Mark {
        Mark { length: self.text.len(), blank: self.blank }
    }

    /// What has come since then.
    pub(super) fn since(&self, mark: Mark) -> &str {
        &self.text[mark.length..]
    }

    /// Takes away what has come since then.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.text.truncate(mark.length);
        self.blank = mark.blank;
    }

    /// The text, which begins anew.
    pub(super) fn take(&mut self) -> String {
        self.blank = false;
        std::mem::take(&mut self.text)
    }

    /// Appends the text of the element that began last, whatever is in it.
    pub(super) fn push_element(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        loop {
            match xml.node(true)? {
                Node::Text(text) => self.push(&text),
                Node::Begin(element) if element.name == "math" => self.push_math(xml)?,
                Node::Begin(element) if element.name == "tex-math" => xml.skip()?,
                Node::Begin(_) => self.push_element(xml)?,
                Node::End => return Ok(()),
                Node::Eof => return Err(xml.cut_off()),
            }
        }
    }

    /// Appends the signs of a formula in MathML, where white space between elements means nothing.
    pub(super) fn push_math(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        loop {
            match xml.node(true)? {
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(text) => self.push(text.trim()),
                Node::Begin(element) if matches!(element.name.as_str(), "annotation" | "annotation-xml") => {
                    xml.skip()?;
                }
                Node::Begin(_) => self.push_math(xml)?,
                Node::End => return Ok(()),
                Node::Eof => return Err(xml.cut_off()),
            }
        }
    }
}

/// The text of the element that began last, as a reader sees it.
pub(super) fn text_of(xml: &mut Xml<'_>) -> Result<String, Error> {
    let mut prose = Prose::default();
    prose.push_element(xml)?;
    Ok(prose.take())
}

/// A passage that is not yet part of a text.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) info: Info,
}

impl Piece {
    /// A section of an abstract, whose label stands before its text, as MEDLINE has it.
    pub(super) fn labelled(label: Option<&str>, text: &str) -> Piece {
        let mut info = Info::new();
        let text = match label {
            Some(label) => {
                info.insert(Passage::SECTION.to_string(), label.to_string());
                with_label(label, text)
            }
            None => text.to_string(),
        };
        Piece { kind: Passage::ABSTRACT, text, info }
    }
}

/// `METHODS: text`; a label that ends with a sign of its own gets no other.
pub(super) fn with_label(label: &str, text: &str) -> String {
    let colon = if label.ends_with([':', '.', '?', '!']) { "" } else { ":" };
    format!("{label}{colon} {text}").trim_end().to_string()
}

/// A document of such passages, with an empty line between them; those without text are left out.
pub(super) fn document(id: String, pieces: Vec<Piece>, info: Info) -> Document {
    let mut document = Document { id, info, ..Document::default() };
    let mut end = 0;
    for Piece { kind, text, info } in pieces.into_iter().filter(|piece| !piece.text.is_empty()) {
        if !document.text.is_empty() {
            document.text.push_str("\n\n");
            end += 2;
        }
        let begin = end;
        end += text.encode_utf16().count();
        document.text.push_str(&text);
        document.passages.push(Passage { begin, end, kind: kind.to_string(), offset: None, info });
    }
    document
}

/// The first four digits in a row, which in a date are its year.
pub(super) fn year(date: &str) -> Option<&str> {
    let digits = date.split(|c: char| !c.is_ascii_digit());
    digits.into_iter().find(|digits| digits.len() == 4)
}

/// Adds a value if there is one, and none yet.
pub(super) fn note(info: &mut Info, key: &str, value: &str) {
    let value = value.trim();
    if !value.is_empty() && !info.contains_key(key) {
        info.insert(key.to_string(), value.to_string());
    }
}
