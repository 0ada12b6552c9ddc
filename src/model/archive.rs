//! A zip file as a source of model files. Nothing is written to disk.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Read, SeekFrom};
use std::rc::Rc;

use zip::result::ZipError;
use zip::ZipArchive;

use super::source::{list_paths, FileVisitor, ReadSeek, Source};
use crate::zip_limits::{is_outside, is_plausible, Metered, DIRECTORY_READS, LARGEST};
use crate::Error;

/// Limit on the number of files in an archive; a saved model has a few dozen.
const MOST_FILES: usize = 20_000;
/// The files of a zip. If all are in one folder, that folder is the root.
pub(super) struct Archive<'s> {
    name: String,
    zip: RefCell<ZipArchive<Metered<Box<dyn ReadSeek + 's>>>>,
    files: BTreeMap<String, Entry>,
    /// Bytes that may still be unpacked.
    left: Cell<u64>,
}

#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    length: u64,
}

impl<'s> Archive<'s> {
    /// Reads the central directory. `name` is the archive's path or address.
    pub(super) fn open(name: String, mut bytes: Box<dyn ReadSeek + 's>) -> Result<Self, Error> {
        let unreadable = |error: io::Error| Error::of_stream(&name, &error);
        let mut head = Vec::new();
        bytes.by_ref().take(4).read_to_end(&mut head).map_err(unreadable)?;
        // An empty archive begins with the end record, `PK\5\6`.
        if head != *b"PK\x03\x04" && head != *b"PK\x05\x06" {
            return Err(Error::ModelUnrecognised { source_name: name, reason: "it is a file, but no zip".into() });
        }
        let packed = bytes.seek(SeekFrom::End(0)).map_err(unreadable)?;
        let left = Rc::new(Cell::new(DIRECTORY_READS));
        let invalid = |reason: String| Error::ArchiveInvalid { file: name.clone(), reason };
        let mut zip = ZipArchive::new(Metered { bytes, left: left.clone() }).map_err(|error| match error {
            _ if left.get() == 0 => invalid("its directory is not found, or too long".into()),
            error => zip_error(&name, error),
        })?;
        if zip.len() > MOST_FILES {
            return Err(invalid(format!("it has {} files, more than {MOST_FILES}", zip.len())));
        }
        left.set(u64::MAX);

        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(|error| zip_error(&name, error))?;
            let path = entry.name().to_string();
            if is_outside(&path) {
                return Err(invalid(format!("it names a place outside itself, {path:?}")));
            }
            // macOS adds this folder to every zip it makes.
            if entry.is_dir() || path.starts_with("__MACOSX/") {
                continue;
            }
            if entry.encrypted() {
                return Err(Error::ModelUnsupported {
                    file: name,
                    reason: format!("{path} is encrypted; unpack it with its password and load the folder"),
                });
            }
            if entry.compressed_size() > packed || !is_plausible(entry.compressed_size(), entry.size()) {
                let (size, packed) = (entry.size(), entry.compressed_size());
                return Err(invalid(format!("{path} would unpack to {size} bytes from {packed}")));
            }
            let length = entry.size();
            if files.insert(path.clone(), Entry { index, length }).is_some() {
                return Err(invalid(format!("{path} is listed twice")));
            }
        }
        Ok(Archive { name, zip: RefCell::new(zip), files: at_root(files), left: Cell::new(LARGEST) })
    }
}

impl Source for Archive<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        Ok(list_paths(self.files.keys(), folder))
    }

    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error> {
        let Some(&Entry { index, length }) = self.files.get(path) else { return Ok(false) };
        let file = self.locate(path);
        let Some(left) = self.left.get().checked_sub(length) else {
            return Err(Error::ArchiveInvalid {
                file,
                reason: format!("its files unpack to more than {LARGEST} bytes"),
            });
        };
        self.left.set(left);
        let mut zip = self.zip.borrow_mut();
        let entry = zip.by_index(index).map_err(|error| zip_error(&file, error))?;
        // Pass on one byte more than declared, so that readers notice a file that is too long.
        take(&mut entry.take(length + 1), length)?;
        Ok(true)
    }
}

/// Makes paths relative to the one folder that holds all files, if there is one.
fn at_root(files: BTreeMap<String, Entry>) -> BTreeMap<String, Entry> {
    let Some(folder) =
        files.keys().next().and_then(|path| path.split_once('/')).map(|(folder, _)| format!("{folder}/"))
    else {
        return files;
    };
    if !files.keys().all(|path| path.starts_with(&folder)) {
        return files;
    }
    files.into_iter().map(|(path, entry)| (path[folder.len()..].to_string(), entry)).collect()
}

fn zip_error(file: &str, error: ZipError) -> Error {
    let file = file.to_string();
    match error {
        ZipError::Io(error) => Error::of_stream(&file, &error),
        ZipError::UnsupportedArchive(reason) => {
            Error::ModelUnsupported { file, reason: format!("{reason}; unpack it and load the folder") }
        }
        error => Error::ArchiveInvalid { file, reason: error.to_string() },
    }
}
