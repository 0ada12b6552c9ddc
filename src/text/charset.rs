//! From bytes to text: byte order marks, UTF-16, and the encodings that files are written in.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

/// The encoding of a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Charset {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big-endian.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// ISO 8859-1: each byte is the code point of its value.
    #[serde(rename = "latin-1")]
    Latin1,
    /// Windows-1252: as Latin-1, with quotes, dashes and others in place of 27 controls.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl fmt::Display for Charset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Charset::Utf8 => "UTF-8",
            Charset::Utf16Le => "UTF-16LE",
            Charset::Utf16Be => "UTF-16BE",
            Charset::Latin1 => "Latin-1",
            Charset::Windows1252 => "Windows-1252",
        })
    }
}

/// Why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// A byte sequence is not valid in the encoding.
    #[error(
        "it is not {charset}: the byte 0x{byte:02X} at byte {position} (from 0), in line {line}, is not valid there"
    )]
    Invalid {
        /// The encoding.
        charset: Charset,
        /// The first byte of the sequence.
        byte: u8,
        /// Its position, from 0.
        position: usize,
        /// The number of its line, from 1.
        line: usize,
    },
    /// A byte order mark of UTF-32.
    #[error("it is UTF-32, which is not read; save it as UTF-8")]
    Utf32,
}

/// How many bytes are looked at to recognise UTF-16 without a byte order mark.
const LOOKED_AT: usize = 4096;

/// The text of a file, without its byte order mark.
///
/// A byte order mark decides the encoding, whatever `charset` says. Without one it is `charset`; without that, UTF-16 if
/// every other byte is mostly NUL, as it is in Western text, and otherwise UTF-8.
///
/// # Errors
/// If the bytes are not valid in the encoding.
pub fn decode(bytes: &[u8], charset: Option<Charset>) -> Result<Cow<'_, str>, Undecodable> {
    let (charset, bytes, skipped) = match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return Err(Undecodable::Utf32),
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Charset::Utf8, rest, 3),
        [0xFF, 0xFE, rest @ ..] => (Charset::Utf16Le, rest, 2),
        [0xFE, 0xFF, rest @ ..] => (Charset::Utf16Be, rest, 2),
        _ => (charset.or_else(|| utf16_without_mark(bytes)).unwrap_or(Charset::Utf8), bytes, 0),
    };
    let invalid = |at: usize| Undecodable::Invalid {
        charset,
        byte: bytes[at],
        position: skipped + at,
        line: 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count(),
    };
    match charset {
        Charset::Utf8 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| invalid(error.valid_up_to())),
        Charset::Utf16Le => utf16(bytes, u16::from_le_bytes).map(Cow::Owned).map_err(invalid),
        Charset::Utf16Be => utf16(bytes, u16::from_be_bytes).map(Cow::Owned).map_err(invalid),
        Charset::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Charset::Windows1252 => Ok(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// The UTF-16 that bytes without a byte order mark are, if every other byte is mostly NUL and the rest is not.
fn utf16_without_mark(bytes: &[u8]) -> Option<Charset> {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let pairs = looked_at.len() / 2;
    let nul = |at: usize| looked_at.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (nul(0), nul(1));
    let mostly = |nuls: usize| pairs > 0 && nuls * 5 > pairs * 2;
    match (mostly(first), mostly(second)) {
        (false, true) if first * 20 < pairs.max(20) => Some(Charset::Utf16Le),
        (true, false) if second * 20 < pairs.max(20) => Some(Charset::Utf16Be),
        _ => None,
    }
}

/// `Err` holds the place of the first unpaired surrogate, or of half a code unit at the end.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(bytes.len() - 1);
    }
    let mut at = 0;
    let mut text = String::with_capacity(bytes.len() / 2);
    for c in char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))) {
        let c = c.map_err(|_| at)?;
        at += 2 * c.len_utf16();
        text.push(c);
    }
    Ok(text)
}

/// By the table of the WHATWG Encoding Standard, which maps the five unassigned bytes to controls.
fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [char; 32] = [
        '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}', '\u{90}', '\u{2018}', '\u{2019}',
        '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}',
        '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
    ];
    match byte {
        0x80..=0x9F => FROM_0X80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "na\u{EF}ve \u{1F9EC}\r\nIL-2";

    fn utf16_bytes(mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some('\u{FEFF}');
        mark.into_iter().chain(TEXT.chars()).collect::<String>().encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn byte_order_marks_tell_the_encoding_and_are_no_text() {
        let read = |bytes: &[u8], charset| decode(bytes, charset).map(Cow::into_owned);
        for charset in [None, Some(Charset::Utf8), Some(Charset::Windows1252)] {
            assert_eq!(read(format!("\u{FEFF}{TEXT}").as_bytes(), charset), Ok(TEXT.into()));
            assert_eq!(read(&utf16_bytes(true, u16::to_le_bytes), charset), Ok(TEXT.into()));
            assert_eq!(read(&utf16_bytes(true, u16::to_be_bytes), charset), Ok(TEXT.into()));
        }
        // Only the first one is a mark.
        assert_eq!(read("\u{FEFF}\u{FEFF}a\u{FEFF}".as_bytes(), None), Ok("\u{FEFF}a\u{FEFF}".into()));
        assert_eq!(read(&[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0], None), Err(Undecodable::Utf32));
    }

    #[test]
    fn utf16_without_a_mark_is_recognised_or_named() {
        for bytes in [utf16_bytes(false, u16::to_le_bytes), utf16_bytes(false, u16::to_be_bytes)] {
            assert_eq!(decode(&bytes, None), Ok(TEXT.into()));
        }
        assert_eq!(decode("\u{4E2D}".as_bytes(), None), Ok("\u{4E2D}".into()));
        assert_eq!(decode(b"", None), Ok("".into()));
        assert_eq!(decode(&[0x3D, 0xD8], Some(Charset::Utf16Le)).unwrap_err().to_string().matches("byte 0").count(), 2);
        assert!(decode(&[b'a', 0, b'b'], Some(Charset::Utf16Le)).is_err());
    }

    #[test]
    fn other_encodings_are_read_if_they_are_named() {
        let bytes = b"Mu\xF1oz\n\x93caf\xE9\x94";
        assert_eq!(decode(bytes, Some(Charset::Latin1)), Ok("Mu\u{F1}oz\n\u{93}caf\u{E9}\u{94}".into()));
        assert_eq!(decode(bytes, Some(Charset::Windows1252)), Ok("Mu\u{F1}oz\n\u{201C}caf\u{E9}\u{201D}".into()));
        let error = decode(bytes, None).unwrap_err();
        assert_eq!(error, Undecodable::Invalid { charset: Charset::Utf8, byte: 0xF1, position: 2, line: 1 });
        assert_eq!(
            error.to_string(),
            "it is not UTF-8: the byte 0xF1 at byte 2 (from 0), in line 1, is not valid there"
        );
        let second = decode(b"\xEF\xBB\xBFa\nb\xE9", None).unwrap_err();
        assert_eq!(second, Undecodable::Invalid { charset: Charset::Utf8, byte: 0xE9, position: 6, line: 2 });
    }
}
