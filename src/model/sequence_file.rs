//! Reads Hadoop SequenceFiles, in which Spark saves collections: version 6, uncompressed, without keys.
//!
//! It is written by hand because the released crate, `sequencefile` 0.2, is unmaintained and would add outdated versions of
//! its dependencies (byteorder 0.4, bzip2 0.2, flate2 0.2).

use crate::Error;

const MAGIC: &[u8] = b"SEQ\x06";
const VALUE_CLASS: &[u8] = b"org.apache.hadoop.io.BytesWritable";
/// In place of a record's length: a sync marker follows.
const SYNC_ESCAPE: u32 = u32::MAX;

/// The values of a file, in order. `file` is its name in errors.
pub(super) fn values<'b>(bytes: &'b [u8], file: &str) -> Result<Vec<&'b [u8]>, Error> {
    let invalid = |reason: String| Error::ArchiveInvalid { file: file.to_string(), reason };
    let short = || invalid("it is cut off".into());
    let mut rest = Rest(bytes);
    if rest.take(MAGIC.len()).ok_or_else(short)? != MAGIC {
        return Err(invalid("it is not a Hadoop SequenceFile of version 6".into()));
    }
    rest.name().ok_or_else(short)?;
    let value_class = rest.name().ok_or_else(short)?;
    if value_class != VALUE_CLASS {
        return Err(invalid(format!("its values are {}", String::from_utf8_lossy(value_class))));
    }
    if rest.take(2).ok_or_else(short)? != [0, 0] {
        let reason = "its records are compressed by Hadoop; save the model with Spark's default configuration";
        return Err(Error::ModelUnsupported { file: file.to_string(), reason: reason.into() });
    }
    for _ in 0..rest.number().ok_or_else(short)? {
        rest.name().and_then(|_| rest.name()).ok_or_else(short)?;
    }
    let sync = rest.take(16).ok_or_else(short)?;

    let mut values = Vec::new();
    while !rest.0.is_empty() {
        let length = rest.number().ok_or_else(short)?;
        if length == SYNC_ESCAPE {
            if rest.take(16).ok_or_else(short)? != sync {
                return Err(invalid("a sync marker differs from that of the header".into()));
            }
            continue;
        }
        let key = rest.number().ok_or_else(short)?;
        let mut record = Rest(rest.take(length as usize).ok_or_else(short)?);
        let value = record.take(key as usize).and_then(|_| {
            let length = record.number()?;
            record.take(length as usize)
        });
        values.push(value.ok_or_else(|| invalid("a record is longer than its length".into()))?);
    }
    Ok(values)
}

/// The part of a file not yet read.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A length-prefixed name. The length is a Hadoop VInt: one byte up to 127, otherwise a byte that encodes how many
    /// bytes follow.
    fn name(&mut self) -> Option<&'b [u8]> {
        let first = self.take(1)?[0] as i8;
        let length = match first {
            0.. => first as usize,
            -120..=-113 => {
                let bytes = self.take((-112 - i32::from(first)) as usize)?;
                bytes.iter().try_fold(0usize, |length, &byte| length.checked_mul(256)?.checked_add(byte.into()))?
            }
            _ => return None,
        };
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(records: &[u8]) -> Vec<u8> {
        let mut bytes = b"SEQ\x06".to_vec();
        for class in ["org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable"] {
            bytes.push(class.len() as u8);
            bytes.extend_from_slice(class.as_bytes());
        }
        bytes.extend_from_slice(&[0; 6]);
        bytes.extend_from_slice(&[7; 16]);
        bytes.extend_from_slice(records);
        bytes
    }

    #[test]
    fn sync_markers_stand_between_records() {
        let record = [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 2, 8, 9];
        let records = [&record[..], &[255; 4], &[7; 16], &record].concat();
        assert_eq!(values(&file(&records), "f"), Ok(vec![&[8u8, 9][..], &[8, 9]]));
    }

    #[test]
    fn lengths_beyond_the_file_are_refused() {
        for records in
            [&[0, 0, 0, 9][..], &[0, 0, 0, 6, 0, 0, 0, 0, 127, 0, 0, 2, 8, 9], &[255, 255, 255, 254, 0, 0, 0, 0]]
        {
            assert_eq!(values(&file(records), "f").unwrap_err().code(), "archive_invalid");
        }
    }
}
