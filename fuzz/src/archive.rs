//! Zips, read and written.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::bag::Files;

/// A member that unpacks to more is left out: it is no input to mutate.
const LARGEST: u64 = 1 << 20;

/// The files of a zip; `None` if it is none.
pub(crate) fn unpack(zip: &[u8]) -> Option<Files> {
    let mut zip = ZipArchive::new(Cursor::new(zip)).ok()?;
    let mut files = Files::new();
    for index in 0..zip.len().min(100) {
        let Ok(entry) = zip.by_index(index) else { continue };
        let name = entry.name().to_string();
        let mut bytes = Vec::new();
        // A member that is cut off or has another checksum is taken as far as it goes.
        let _ = entry.take(LARGEST).read_to_end(&mut bytes);
        files.push((name, bytes));
    }
    Some(files)
}

/// A zip of files. What cannot be in one, such as a name twice, is left out.
pub(crate) fn pack(files: &Files, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        if zip.start_file(name, SimpleFileOptions::default().compression_method(method)).is_ok() {
            let _ = zip.write_all(bytes);
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}
