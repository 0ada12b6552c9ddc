//! Follows the quotes of a table.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// What is wrong with the quotes that have been read.
#[derive(Default)]
pub(super) struct Faults {
    /// Whether the file ended within quotes.
    pub(super) unclosed: Cell<bool>,
    /// Where cells go on behind the quote that closes them, in bytes of what the reader gets.
    beyond: RefCell<VecDeque<u64>>,
}

impl Faults {
    /// Whether a cell before a place went on behind its quotes; it is told once.
    pub(super) fn take_before(&self, place: u64) -> bool {
        let mut beyond = self.beyond.borrow_mut();
        let there = beyond.partition_point(|at| *at < place);
        beyond.drain(..there);
        there > 0
    }
}

/// Bytes on their way to the reader, which does not tell of quotes that are out of place, and takes a line break of two bytes for
/// the end of one row and the beginning of the next: outside quotes each is `\n` for it.
pub(super) struct Watched<R> {
    bytes: R,
    delimiter: u8,
    state: Quotes,
    /// Whether the byte before was `\r`, so that `\n` belongs to it.
    is_behind_return: bool,
    /// Bytes that the reader got.
    passed: u64,
    faults: Rc<Faults>,
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
    pub(super) fn new(bytes: R, delimiter: u8, faults: Rc<Faults>) -> Self {
        Watched { bytes, delimiter, state: Quotes::Begin, is_behind_return: false, passed: 0, faults }
    }

    /// The byte for the reader, if there is one.
    fn passed_on(&mut self, byte: u8) -> Option<u8> {
        let is_border = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        if self.state == Quotes::Perhaps && byte != b'"' && !is_border {
            self.faults.beyond.borrow_mut().push_back(self.passed);
        }
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
        self.passed += u64::from(!is_second);
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
                self.faults.unclosed.set(self.state == Quotes::Within && !buffer.is_empty());
            }
            // None would be the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}
