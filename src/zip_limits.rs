//! What a zip may be, so that a hostile one neither fills the memory nor keeps the reader busy.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// Limit on the unpacked bytes read from one archive: what a 32-bit program can address.
pub(crate) const LARGEST: u64 = 4 << 30;
/// Limit on the bytes read to find the central directory: bounds the search in a file full of false end records.
pub(crate) const DIRECTORY_READS: u64 = 32 << 20;
/// Files that unpack to more bytes than this may have a compression ratio of at most [`RATIO`].
const LARGE: u64 = 64 << 20;
/// Neither trained weights nor prose compress so well that a large file has a higher ratio.
const RATIO: u64 = 100;
/// The highest compression ratio that deflate can reach.
const DEFLATE_RATIO: u64 = 1032;

/// Rejects zip bombs: whether the unpacked size and the compression ratio are plausible.
pub(crate) fn is_plausible(packed: u64, unpacked: u64) -> bool {
    let ratio = if unpacked > LARGE { RATIO } else { DEFLATE_RATIO };
    unpacked <= LARGEST && unpacked <= packed.saturating_add(1).saturating_mul(ratio)
}

/// Whether a path could lead out of the folder that it is joined to (path traversal).
pub(crate) fn is_outside(path: &str) -> bool {
    let absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
    absolute || path.contains('\0') || path.split(['/', '\\']).any(|part| part == "..")
}

/// A reader with a limit on the bytes read in total.
pub(crate) struct Metered<R> {
    pub(crate) bytes: R,
    pub(crate) left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.unwrap_or(0));
        match left {
            Some(_) => Ok(read),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "its directory is too long")),
        }
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
