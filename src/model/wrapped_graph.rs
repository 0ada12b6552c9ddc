//! Reads the zip that Spark NLP wraps around an ONNX file, as a stream from front to back.
//!
//! This zip is a compressed entry of the saved model's zip. To seek to its central directory, at the end, one would have to
//! unpack it as a whole, so only the local header of its one file can be used. Spark NLP writes it with Java's
//! `ZipOutputStream`, which sets the lengths in that header to 0 and appends a data descriptor instead: only inflating the
//! data shows where they end.
//!
//! It is written by hand because the stream reader of the crate `zip` refuses entries with data descriptors.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use flate2::Crc;

use super::LoadContext;
use crate::engine::OnnxFile;
use crate::zip_limits::is_plausible;
use crate::Error;

/// Signature of a local file header, with which a zip begins.
pub(super) const MAGIC: &[u8; 4] = b"PK\x03\x04";
/// Signature of a data descriptor, which is optional.
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
/// Signature of a header in the central directory.
const DIRECTORY: &[u8; 4] = b"PK\x01\x02";
/// The protobuf key of `ModelProto.ir_version`, with which every ONNX file begins.
pub(super) const ONNX_START: u8 = 0x08;
/// Maximum length of the central directory of a zip with one file.
const LONGEST_END: u64 = 256 << 10;

/// Reads a zip of `length` bytes to its end and returns the graph of its one file, or `None` if that does not begin like
/// an ONNX file.
pub(super) fn read(
    reader: &mut dyn Read,
    length: u64,
    file: &str,
    context: &LoadContext<'_>,
) -> Result<Option<OnnxFile>, Error> {
    let invalid = |reason: &str| Error::ArchiveInvalid { file: file.to_string(), reason: reason.to_string() };
    let unsupported = |reason: String| Error::ModelUnsupported { file: file.to_string(), reason };
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let header = Header::read(&mut reader).map_err(|error| Error::of_stream(file, &error))?;
    if &header.magic != MAGIC {
        return Err(invalid("it is not a zip"));
    }
    if header.flags & 1 != 0 {
        return Err(unsupported("its ONNX file is encrypted; save the model without encryption".into()));
    }
    let streamed = header.flags & 8 != 0;
    // With a data descriptor the length is unknown here. Spark NLP does not compress, so the zip's length is a good guess.
    let expected = if streamed { length } else { header.length };
    let packed = if streamed { length } else { header.packed };
    if packed > length || !is_plausible(packed, expected) {
        return Err(invalid("its file would unpack to more than it can hold"));
    }

    let mut stored;
    let mut deflated;
    let data: &mut dyn Read = match header.method {
        0 if streamed => return Err(unsupported("its ONNX file is stored without its length".into())),
        0 => {
            stored = reader.by_ref().take(packed);
            &mut stored
        }
        8 => {
            deflated = DeflateDecoder::new(&mut reader);
            &mut deflated
        }
        method => return Err(unsupported(format!("its ONNX file is compressed by method {method}"))),
    };
    let mut unpacked = Unpacked { data, length: 0, packed: length, crc: Crc::new() };
    let mut first = [0];
    let read = unpacked.read(&mut first).map_err(|error| Error::of_stream(file, &error))?;
    if first[..read] != [ONNX_START] {
        return Ok(None);
    }
    let graph = super::read_graph(&mut first.chain(&mut unpacked), expected, true, file, context);
    let Unpacked { length: unpacked, crc, .. } = unpacked;

    let mut end = Vec::new();
    reader.take(LONGEST_END).read_to_end(&mut end).map_err(|error| Error::of_stream(file, &error))?;
    let mut end = end.as_slice();
    let (crc_expected, length) = if streamed {
        end = end.strip_prefix(DESCRIPTOR).unwrap_or(end);
        let descriptor = end.split_at_checked(12).ok_or_else(|| invalid("it is cut off"))?;
        end = descriptor.1;
        (u32_at(descriptor.0, 0), u32_at(descriptor.0, 8))
    } else {
        (header.crc, header.length as u32)
    };
    if end.starts_with(MAGIC) {
        let reason = "it holds more than one file: weights beside the ONNX file (external data) cannot be read; save \
                      the model as a single ONNX file";
        return Err(unsupported(reason.into()));
    }
    if !end.starts_with(DIRECTORY) {
        return Err(invalid("it is cut off"));
    }
    if crc_expected != crc.sum() || length != unpacked as u32 {
        return Err(invalid("its ONNX file has another length or checksum than it should"));
    }
    graph.map(Some)
}

/// Unpacked data, with length and CRC. An implausible compression ratio (a zip bomb) is an error.
struct Unpacked<'r> {
    data: &'r mut dyn Read,
    length: u64,
    packed: u64,
    crc: Crc,
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.length += read as u64;
        if !is_plausible(self.packed, self.length) {
            let reason = format!("it unpacks to more than {} bytes", self.length - read as u64);
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(read)
    }
}

/// A local file header.
struct Header {
    magic: [u8; 4],
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    length: u64,
}

impl Header {
    fn read(reader: &mut dyn Read) -> io::Result<Header> {
        let mut bytes = [0; 30];
        reader.read_exact(&mut bytes)?;
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let beyond = u64::from(u16_at(26)) + u64::from(u16_at(28));
        if io::copy(&mut reader.take(beyond), &mut io::sink())? != beyond {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Header {
            magic: [bytes[0], bytes[1], bytes[2], bytes[3]],
            flags: u16_at(6),
            method: u16_at(8),
            crc: u32_at(&bytes, 14),
            packed: u32_at(&bytes, 18).into(),
            length: u32_at(&bytes, 22).into(),
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
