//! Hadoop SequenceFiles, in which Spark saves collections: version 6, not compressed, no keys.

use crate::Error;

const MAGIC: &[u8] = b"SEQ\x06";
const VALUE_CLASS: &[u8] = b"org.apache.hadoop.io.BytesWritable";
/// Stands for a record's length where a sync marker follows instead.
const SYNC_ESCAPE: u32 = u32::MAX;

/// The values of a file, in order. `file` names it in errors.
pub(super) fn values<'b>(bytes: &'b [u8], file: &str) -> Result<Vec<&'b [u8]>, Error> {
    let invalid = |reason: String| Error::ArchiveInvalid { file: file.to_string(), reason };
    let short = || invalid("it is cut off".into());
    let mut rest = Rest(bytes);
    if rest.take(MAGIC.len()).ok_or_else(short)? != MAGIC {
        return Err(invalid("it is no Hadoop SequenceFile of version 6".into()));
    }
    rest.name().ok_or_else(short)?;
    let values = rest.name().ok_or_else(short)?;
    if values != VALUE_CLASS {
        return Err(invalid(format!("its values are {}", String::from_utf8_lossy(values))));
    }
    if rest.take(2).ok_or_else(short)? != [0, 0] {
        let reason = "its records are compressed by Hadoop; save the model with Spark's default settings";
        return Err(Error::ModelUnsupported { file: file.to_string(), reason: reason.into() });
    }
    for _ in 0..rest.number().ok_or_else(short)? {
        rest.name().and_then(|_| rest.name()).ok_or_else(short)?;
    }
    let sync = rest.take(16).ok_or_else(short)?;

    let mut found = Vec::new();
    while !rest.0.is_empty() {
        let length = rest.number().ok_or_else(short)?;
        if length == SYNC_ESCAPE {
            if rest.take(16).ok_or_else(short)? != sync {
                return Err(invalid("a sync marker is not the file's".into()));
            }
            continue;
        }
        let key = rest.number().ok_or_else(short)?;
        let mut record = Rest(rest.take(length as usize).ok_or_else(short)?);
        let value = record.take(key as usize).and_then(|_| {
            let length = record.number()?;
            record.take(length as usize)
        });
        found.push(value.ok_or_else(|| invalid("a record is longer than its length".into()))?);
    }
    Ok(found)
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

    /// A name with its length before it, in Hadoop's form for integers: one byte up to 127, otherwise a byte that
    /// tells how many follow.
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
