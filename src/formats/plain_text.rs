//! Plain text: read, a file is a document; written, a file is the texts alone. The texts of several documents are separated by a
//! line with a form feed, at which printers and pagers begin a new page.

use std::io::{self, Write};

use super::document::Document;
use super::input::Input;
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::{Record, Records};

pub(super) fn read(mut input: Input<'_>) -> Records<'_> {
    let text = input.text();
    let record = match text {
        Ok(text) => Record::new(&input.name, Document { id: input.name.clone(), text, ..Document::default() }),
        Err(error) => Record::failed(&input.name, error),
    };
    Box::new(std::iter::once(record))
}

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        warnings.add("mentions, of which plain text has none", document.mentions.len());
        if self.documents > 0 {
            warnings.add("texts that follow another in the same file, behind a line with a form feed", 1);
            out.write_all(b"\n\x0C\n")?;
        }
        self.documents += 1;
        out.write_all(document.text.as_bytes())
    }
}
