//! A file whose lines are counted while it is read.

use std::io::{self, BufRead, Read};

/// Counts the lines of what has been taken.
pub(super) struct CountedLines<'r> {
    bytes: Box<dyn BufRead + 'r>,
    /// From 1.
    line: usize,
}

impl<'r> CountedLines<'r> {
    pub(super) fn new(bytes: Box<dyn BufRead + 'r>) -> Self {
        CountedLines { bytes, line: 1 }
    }

    /// The line that comes next.
    pub(super) fn line(&self) -> usize {
        self.line
    }
}

impl Read for CountedLines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.line += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        Ok(read)
    }
}

impl BufRead for CountedLines<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, taken: usize) {
        // What is taken has been shown by `fill_buf`, which gives it again without reading on.
        if let Ok(shown) = self.bytes.fill_buf() {
            self.line += shown[..taken.min(shown.len())].iter().filter(|byte| **byte == b'\n').count();
        }
        self.bytes.consume(taken);
    }
}
