//! Protobuf's wire format, read from a stream.

use std::io::{self, BufRead, BufReader, Read};

/// What precedes a field's value: its number and its wire type.
pub(super) type Key = (u64, u8);

pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const FIXED32: u8 = 5;

/// The end of a message that ends with the stream.
pub(super) const OPEN_END: u64 = u64::MAX;

/// Why reading ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// The stream itself broke.
    Stream(io::Error),
    /// Out of memory for this number of bytes.
    Memory(u64),
    /// The bytes are no protobuf.
    Malformed(String),
}

pub(super) fn malformed<T>(reason: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Malformed(reason.into()))
}

/// A stream of fields, and how far it is read.
pub(super) struct Wire<'r> {
    bytes: BufReader<&'r mut dyn Read>,
    at: u64,
    expected: u64,
}

impl<'r> Wire<'r> {
    /// `expected` is the declared length of the stream: no more memory than that is reserved before more has come.
    pub(super) fn new(bytes: &'r mut dyn Read, expected: u64) -> Self {
        Wire { bytes: BufReader::with_capacity(1 << 16, bytes), at: 0, expected }
    }

    /// Bytes read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes still to come, by the declared length.
    pub(super) fn left(&self) -> u64 {
        self.expected.saturating_sub(self.at)
    }

    /// The next field's key; `None` at the end of the message.
    pub(super) fn key(&mut self, end: u64) -> Result<Option<Key>, Fault> {
        if self.at == end || (end == OPEN_END && self.buffer()?.is_empty()) {
            return Ok(None);
        }
        let key = self.varint()?;
        if self.at > end {
            return malformed("a field is longer than the message around it");
        }
        Ok(Some((key >> 3, (key & 7) as u8)))
    }

    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.buffer()?.first() else { return malformed("it is cut off") };
            self.consume(1);
            value |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        malformed("a number is too long")
    }

    /// The length of a value of wire type [`BYTES`], checked against the end of the message.
    pub(super) fn length(&mut self, end: u64) -> Result<u64, Fault> {
        let length = self.varint()?;
        match self.at.checked_add(length) {
            Some(at) if at <= end => Ok(length),
            _ => malformed("a field is longer than the message around it"),
        }
    }

    /// Appends `length` bytes.
    pub(super) fn read(&mut self, length: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
        let no_memory = |_| Fault::Memory(length);
        // A hostile file can declare any length: reserve no more than the stream is said to hold.
        let room = length.min(self.left());
        let room = usize::try_from(room).map_err(|_| Fault::Memory(length))?;
        if out.is_empty() { out.try_reserve_exact(room) } else { out.try_reserve(room) }.map_err(no_memory)?;
        let mut left = length;
        while left > 0 {
            let part = self.buffer()?;
            if part.is_empty() {
                return malformed("it is cut off");
            }
            let count = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            out.try_reserve(count).map_err(no_memory)?;
            out.extend_from_slice(&part[..count]);
            self.consume(count);
            left -= count as u64;
        }
        Ok(())
    }

    /// Appends a field unchanged.
    pub(super) fn copy(&mut self, (field, kind): Key, end: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
        put_varint(out, field << 3 | u64::from(kind));
        match kind {
            VARINT => {
                let value = self.varint()?;
                put_varint(out, value);
                Ok(())
            }
            BYTES => {
                let length = self.length(end)?;
                put_varint(out, length);
                self.read(length, out)
            }
            FIXED32 => self.read(4, out),
            FIXED64 => self.read(8, out),
            _ => malformed(format!("a field has the wire type {kind}")),
        }
    }

    /// Skips a field.
    pub(super) fn skip(&mut self, (_, kind): Key, end: u64) -> Result<(), Fault> {
        let length = match kind {
            VARINT => return self.varint().map(|_| ()),
            BYTES => self.length(end)?,
            FIXED32 => 4,
            FIXED64 => 8,
            _ => return malformed(format!("a field has the wire type {kind}")),
        };
        self.skip_bytes(length)
    }

    /// Skips `left` bytes.
    pub(super) fn skip_bytes(&mut self, mut left: u64) -> Result<(), Fault> {
        while left > 0 {
            let count = self.buffer()?.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if count == 0 {
                return malformed("it is cut off");
            }
            self.consume(count);
            left -= count as u64;
        }
        Ok(())
    }

    fn buffer(&mut self) -> Result<&[u8], Fault> {
        self.bytes.fill_buf().map_err(Fault::Stream)
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
        self.at += count as u64;
    }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field of wire type [`BYTES`].
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | u64::from(BYTES));
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field of wire type [`VARINT`].
pub(super) fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3 | u64::from(VARINT));
    put_varint(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_length_takes_no_room_beyond_the_stream() {
        let mut bytes = vec![];
        put_varint(&mut bytes, u64::from(u32::MAX) << 8);
        bytes.extend_from_slice(&[7; 100]);
        let expected = bytes.len() as u64;
        let mut rest = bytes.as_slice();
        let mut wire = Wire::new(&mut rest, expected);
        let length = wire.length(OPEN_END).expect("a length");
        let mut out = vec![];
        assert!(matches!(wire.read(length, &mut out), Err(Fault::Malformed(_))));
        assert!(out.capacity() < 300);
    }

    #[test]
    fn numbers_that_do_not_end_are_refused() {
        let mut rest = &[0xFF; 20][..];
        assert!(matches!(Wire::new(&mut rest, 20).varint(), Err(Fault::Malformed(_))));
        let mut rest = &[0xFF, 0xFF][..];
        assert!(matches!(Wire::new(&mut rest, 2).varint(), Err(Fault::Malformed(_))));
        let mut rest = &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1][..];
        assert_eq!(Wire::new(&mut rest, 10).varint().expect("a number"), u64::MAX);
    }
}
