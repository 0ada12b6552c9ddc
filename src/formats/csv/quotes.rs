//! Follows the quotes of a table.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes on their way to the reader, which does not tell of quotes that nothing closes, and takes a line break of two bytes for
/// the end of one row and the beginning of the next: outside quotes each is `\n` for it.
pub(super) struct Watched<R> {
    bytes: R,
    delimiter: u8,
    state: Quotes,
    /// Whether the byte before was `\r`, so that `\n` belongs to it.
    is_behind_return: bool,
    unclosed: Rc<Cell<bool>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    /// Before the first character of a cell.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// Within quotes.
    Within,
    /// Behind a quote within quotes, which ends them if no other follows.
    Perhaps,
}

impl<R> Watched<R> {
    pub(super) fn new(bytes: R, delimiter: u8, unclosed: Rc<Cell<bool>>) -> Self {
        Watched { bytes, delimiter, state: Quotes::Begin, is_behind_return: false, unclosed }
    }

    /// The byte for the reader, if there is one.
    fn passed_on(&mut self, byte: u8) -> Option<u8> {
        let is_border = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.state = match self.state {
            Quotes::Begin if byte == b'"' => Quotes::Within,
            Quotes::Within if byte == b'"' => Quotes::Perhaps,
            Quotes::Perhaps if byte == b'"' => Quotes::Within,
            Quotes::Within => Quotes::Within,
            _ if is_border => Quotes::Begin,
            _ => Quotes::Plain,
        };
        let is_second = std::mem::take(&mut self.is_behind_return) && byte == b'\n';
        self.is_behind_return = byte == b'\r' && self.state == Quotes::Begin;
        let byte = if self.is_behind_return { b'\n' } else { byte };
        (!is_second).then_some(byte)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.bytes.read(buffer)?;
            let mut kept = 0;
            for i in 0..read {
                if let Some(byte) = self.passed_on(buffer[i]) {
                    buffer[kept] = byte;
                    kept += 1;
                }
            }
            if read == 0 {
                self.unclosed.set(self.state == Quotes::Within && !buffer.is_empty());
            }
            // None would be the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}
