//! Aligned columns for people, with a heading per document.

use std::io::{self, Write};

use super::document::{Document, Mention};
use super::losses::{self, Holds};
use super::warnings::Warnings;
use super::writer::{Failed, WriteFormat};

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl Writer {
    fn start(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.documents += 1;
        if self.documents > 1 {
            writeln!(out)?;
        }
        Ok(())
    }
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        // It is made to be looked at: what a look does not need is no loss.
        losses::count(
            document,
            Holds { by: false, passages: true, info: true, truncated: true, ..Holds::MENTIONS },
            warnings,
        );
        self.start(out)?;
        let Document { id, mentions, .. } = document;
        let width = mentions.iter().map(|mention| mention.entity.chars().count()).max().unwrap_or(0);
        let unit = if mentions.is_empty() { "" } else { ", begin and end in UTF-16 code units" };
        writeln!(out, "{id}: {} chunks{unit}", mentions.len())?;
        for mention in mentions {
            let Mention { entity, confidence, text, .. } = mention;
            let (begin, end) = (mention.begin(), mention.end());
            let confidence = confidence.map_or("   -".to_string(), |value| format!("{value:.2}"));
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(out, "{begin:>7} {end:>7}  {entity:width$}  {confidence}  {text}")?;
        }
        match document.truncated_from {
            Some(from) => writeln!(out, "not read: from {from} on"),
            None => Ok(()),
        }
    }

    fn failure(
        &mut self,
        out: &mut dyn Write,
        Failed { id, error, .. }: Failed<'_>,
        _: &mut Warnings,
    ) -> io::Result<()> {
        self.start(out)?;
        writeln!(out, "{id}: failed: {}: {error}", error.code())
    }
}
