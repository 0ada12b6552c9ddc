//! Sections, paragraphs and what stands between them.

use crate::formats::document::{Info, Passage};
use crate::formats::prose::{with_label, Piece, Prose};
use crate::formats::warnings::Warnings;
use crate::formats::xml::{Node, Xml};
use crate::Error;

/// The kind of a section's heading in the body.
const HEADING: &str = "heading";
/// The kind of a figure's or table's caption.
const CAPTION: &str = "caption";

/// What has been read of an article's text.
#[derive(Default)]
pub(super) struct Content {
    pub(super) pieces: Vec<Piece>,
    pub(super) warnings: Warnings,
    /// The paragraph that is being read.
    prose: Prose,
    /// Figures in it, which follow it.
    floats: Vec<Piece>,
    kind: &'static str,
    /// The heading of the innermost section that has one.
    heading: Option<String>,
    /// The label of the figure or table.
    label: Option<String>,
    /// The heading that goes before the next paragraph of an abstract.
    prefix: Option<String>,
    /// In a superscript, whether it has had reference marks.
    superscript: Option<bool>,
}

impl Content {
    /// Reads an abstract, which began last.
    pub(super) fn summary(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        self.kind = Passage::ABSTRACT;
        self.section(xml, "abstract")
    }

    /// Reads the body, or another element of sections and paragraphs.
    pub(super) fn body(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        self.kind = Passage::PARAGRAPH;
        self.section(xml, "body")
    }

    /// Reads an element whose text is a line, such as a title.
    pub(super) fn line(&mut self, xml: &mut Xml<'_>) -> Result<String, Error> {
        let outer = std::mem::take(&mut self.prose);
        self.mixed(xml, "line")?;
        Ok(std::mem::replace(&mut self.prose, outer).take())
    }

    /// Reads an element that has a heading of its own.
    fn section(&mut self, xml: &mut Xml<'_>, name: &str) -> Result<(), Error> {
        let outer = self.heading.clone();
        self.block(xml, name)?;
        // A heading without a paragraph.
        if let Some(prefix) = self.prefix.take() {
            self.push(prefix);
        }
        self.heading = outer;
        Ok(())
    }

    /// Reads an element whose text is apart from what is around it.
    fn block(&mut self, xml: &mut Xml<'_>, name: &str) -> Result<(), Error> {
        self.end_paragraph();
        self.mixed(xml, name)?;
        self.end_paragraph();
        Ok(())
    }

    /// Reads a figure or table, which stands beside the text even if it is within a paragraph.
    fn float(&mut self, xml: &mut Xml<'_>, name: &str) -> Result<(), Error> {
        let prose = std::mem::take(&mut self.prose);
        let pieces = std::mem::take(&mut self.pieces);
        let floats = std::mem::take(&mut self.floats);
        let (prefix, superscript) = (self.prefix.take(), self.superscript.take());
        let (label, kind) = (self.label.take(), std::mem::replace(&mut self.kind, CAPTION));
        let heading = self.heading.clone();
        self.block(xml, name)?;
        (self.prefix, self.superscript, self.label, self.kind, self.heading) =
            (prefix, superscript, label, kind, heading);
        self.prose = prose;
        self.floats = floats;
        self.floats.append(&mut std::mem::replace(&mut self.pieces, pieces));
        if self.prose.is_empty() {
            self.pieces.append(&mut self.floats);
        }
        Ok(())
    }

    fn end_paragraph(&mut self) {
        let text = self.prose.take();
        if !text.is_empty() {
            let text = match self.prefix.take() {
                Some(prefix) => with_label(&prefix, &text),
                None => text,
            };
            self.push(text);
        }
        self.pieces.append(&mut self.floats);
    }

    fn push(&mut self, text: String) {
        let mut info = Info::new();
        if let Some(heading) = &self.heading {
            info.insert(Passage::SECTION.to_string(), heading.clone());
        }
        if let Some(label) = &self.label {
            info.insert("label".to_string(), label.clone());
        }
        self.pieces.push(Piece { kind: self.kind, text, info });
    }

    /// Reads to the end of an element of such a name, which began last.
    fn mixed(&mut self, xml: &mut Xml<'_>, parent: &str) -> Result<(), Error> {
        // A section's number comes before its title.
        let mut number = None;
        loop {
            match xml.node(true)? {
                Node::Text(text) => self.prose.push(&text),
                Node::End => return Ok(()),
                Node::Eof => return Err(xml.cut_off()),
                Node::Begin(element) => self.element(xml, &element.name, parent, &mut number)?,
            }
        }
    }

    /// Reads an element within another. It is as small as may be, because it is called once for each that is open.
    fn element(
        &mut self,
        xml: &mut Xml<'_>,
        name: &str,
        parent: &str,
        number: &mut Option<String>,
    ) -> Result<(), Error> {
        match name {
            "sec" | "app" | "app-group" => self.section(xml, "sec"),
            "title" => self.title(xml, parent, number.take()),
            "label" => self.label(xml, parent, number),
            "fig"
            | "table-wrap"
            | "supplementary-material"
            | "media"
            | "chem-struct-wrap"
            | "fig-group"
            | "table-wrap-group" => self.float(xml, "float"),
            "p" | "caption" | "list" | "list-item" | "def-list" | "def-item" | "def" | "term" | "disp-quote"
            | "boxed-text" | "verse-group" | "verse-line" | "preformat" | "code" | "statement" | "speech"
            | "attrib" | "table-wrap-foot" | "fn-group" | "question" | "answer" => self.block(xml, name),
            "table" | "array" => self.leave_out(xml, "tables, whose cells are not read"),
            "fn" if matches!(parent, "fn-group" | "table-wrap-foot") => self.block(xml, name),
            "fn" => self.leave_out(xml, "footnotes, which are left out"),
            "disp-formula" | "disp-formula-group" => {
                self.prose.push_blank();
                self.leave_out(xml, "formulas, which are left out")
            }
            "inline-formula" => self.formula(xml),
            "math" => self.prose.push_math(xml),
            "xref" => self.reference(xml),
            "sup" => self.superscript(xml, parent),
            "ref-list" => self.references(xml),
            "break" => {
                self.prose.push_blank();
                xml.skip()
            }
            // They describe a picture, or the section.
            "tex-math" | "alt-text" | "long-desc" | "object-id" | "sec-meta" | "permissions" | "graphic"
            | "inline-graphic" | "private-char" | "index-term" => xml.skip(),
            _ => self.mixed(xml, if parent == "xref" { parent } else { "" }),
        }
    }

    fn label(&mut self, xml: &mut Xml<'_>, parent: &str, number: &mut Option<String>) -> Result<(), Error> {
        let label = self.line(xml)?;
        match parent {
            "sec" => *number = Some(label),
            "float" if !label.is_empty() => self.label = Some(label),
            _ => {}
        }
        Ok(())
    }

    /// Counts references.
    pub(super) fn references(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        let references = xml.skip_counting("ref")?;
        self.warnings.add("references, which are not read", references);
        Ok(())
    }

    fn title(&mut self, xml: &mut Xml<'_>, parent: &str, number: Option<String>) -> Result<(), Error> {
        match parent {
            "abstract" => self.heading = Some(self.line(xml)?).filter(|heading| !heading.is_empty()),
            "sec" => {
                let title = self.line(xml)?;
                let heading = number.into_iter().chain([title]).collect::<Vec<_>>().join(" ").trim().to_string();
                if heading.is_empty() {
                    return Ok(());
                }
                self.end_paragraph();
                if self.kind == Passage::ABSTRACT {
                    if let Some(outer) = self.prefix.replace(heading.clone()) {
                        self.push(outer);
                    }
                } else {
                    self.pieces.push(Piece { kind: HEADING, text: heading.clone(), info: Info::new() });
                }
                self.heading = Some(heading);
            }
            _ => self.block(xml, "title")?,
        }
        Ok(())
    }

    fn leave_out(&mut self, xml: &mut Xml<'_>, what: &'static str) -> Result<(), Error> {
        self.warnings.add(what, 1);
        xml.skip()
    }

    /// Reads a formula in a line: its MathML or text, but not TeX or a picture.
    fn formula(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        let before = self.prose.mark();
        self.mixed(xml, "inline-formula")?;
        if self.prose.since(before).is_empty() {
            self.prose.push_blank();
            self.warnings.add("formulas, which are left out", 1);
        }
        Ok(())
    }

    /// Reads a reference to something: a mark such as `[1]`, or words such as `Figure 1`. A raised mark would be read as the end of
    /// the word that it stands at.
    fn reference(&mut self, xml: &mut Xml<'_>) -> Result<(), Error> {
        let before = self.prose.mark();
        if self.superscript.is_some() {
            self.superscript = Some(true);
            self.mixed(xml, "xref")?;
            self.prose.back_to(before);
            return Ok(());
        }
        self.mixed(xml, "xref")
    }

    /// Reads a superscript. If reference marks are all that it has, it is left out.
    fn superscript(&mut self, xml: &mut Xml<'_>, parent: &str) -> Result<(), Error> {
        let before = self.prose.mark();
        let outer = self.superscript.replace(false);
        self.mixed(xml, "sup")?;
        let has_marks = std::mem::replace(&mut self.superscript, outer) == Some(true);
        if parent == "xref" {
            self.warnings.add("superscript reference marks, which are left out", 1);
            self.prose.back_to(before);
        } else if has_marks {
            self.warnings.add("superscript reference marks, which are left out", 1);
            // Commas and dashes between marks.
            if !self.prose.since(before).contains(char::is_alphanumeric) {
                self.prose.back_to(before);
            }
        }
        Ok(())
    }
}
