//! Sources of model files: a folder, a zip, or files in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use crate::Error;

/// A seekable stream, which reading a zip needs.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// An archive: its path or address, and its bytes.
pub type ArchiveFile<'s> = (String, Box<dyn ReadSeek + 's>);

/// Callback of [`Source::stream`]: receives a file's bytes as a stream, and their number.
pub type FileVisitor<'t> = dyn FnMut(&mut dyn Read, u64) -> Result<(), Error> + 't;

/// A set of files, addressed by paths relative to a root (`assets/vocab.txt`).
pub trait Source {
    /// The root's path or address, for errors and as a fallback name.
    fn name(&self) -> &str;

    /// Sorted names of the files, without folders, directly in a folder (`fields/labels`; empty for the root). Empty if
    /// there is no such folder.
    ///
    /// # Errors
    /// `file_unreadable`.
    fn list(&self, folder: &str) -> Result<Vec<String>, Error>;

    /// Passes a file to `take` as a stream, which need not be read to its end; returns `false` if there is no such file.
    /// Large files must be read this way, since memory may not hold both an archive and its unpacked contents.
    ///
    /// # Errors
    /// `file_unreadable`, `archive_invalid`, `model_unsupported` (an encrypted file), and those of `take`.
    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error>;

    /// The archive, if the source is one rather than a set of files.
    ///
    /// # Errors
    /// `file_unreadable`.
    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        Ok(None)
    }

    /// A file's bytes; `None` if there is no such file.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream); `file_unreadable` if the file does not fit in memory.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = None;
        self.stream(path, &mut |reader, length| {
            bytes = Some(fill(reader, length, &self.locate(path))?);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Whether the source itself checks a file against the hash in the manifest.
    fn checks_hash(&self, _path: &str) -> bool {
        false
    }

    /// A file's path or address, for errors.
    fn locate(&self, path: &str) -> String {
        format!("{}/{path}", self.name().trim_end_matches('/'))
    }

    /// The bytes of a file that must exist.
    ///
    /// # Errors
    /// `file_missing`, and those of [`read`](Self::read).
    fn require(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.read(path)?.ok_or_else(|| Error::FileMissing { file: self.locate(path) })
    }
}

/// Reads a file of known length into a vector with exactly that capacity.
pub(super) fn fill(reader: &mut dyn Read, length: u64, file: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, length, file)?;
    reader.take(length.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| Error::of_stream(file, &error))?;
    if bytes.len() as u64 != length {
        return Err(other_length(file, bytes.len() as u64, length));
    }
    Ok(bytes)
}

/// The error for a file that is longer or shorter than declared.
pub(super) fn other_length(file: &str, actual: u64, length: u64) -> Error {
    let than = if actual > length { "more" } else { "fewer" };
    let reason = format!("it holds {than} than the {length} bytes that it should");
    Error::ArchiveInvalid { file: file.to_string(), reason }
}

/// Reserves exactly this number of additional bytes.
fn reserve(bytes: &mut Vec<u8>, more: u64, file: &str) -> Result<(), Error> {
    let reserved = usize::try_from(more).ok().and_then(|more| bytes.try_reserve_exact(more).ok());
    reserved.ok_or_else(|| Error::no_memory(file, more))
}

/// A folder on disk, or one zip file that holds a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    name: String,
}

impl Folder {
    /// Opens a folder, or a zip file that holds one.
    ///
    /// # Errors
    /// `file_missing` if there is no such folder or file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref().to_path_buf();
        let name = path.display().to_string();
        if !path.exists() {
            return Err(Error::FileMissing { file: name });
        }
        Ok(Folder { path, name })
    }
}

impl Source for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        let unreadable =
            |error: io::Error| Error::FileUnreadable { file: self.locate(folder), reason: error.to_string() };
        let entries = match std::fs::read_dir(self.path.join(folder)) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            if entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error> {
        let unreadable =
            |error: io::Error| Error::FileUnreadable { file: self.locate(path), reason: error.to_string() };
        let mut file = match File::open(self.path.join(path)) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(false),
            Err(error) => return Err(unreadable(error)),
        };
        let length = file.metadata().map_err(unreadable)?.len();
        take(&mut file, length)?;
        Ok(true)
    }

    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        if !self.path.is_file() {
            return Ok(None);
        }
        match File::open(&self.path) {
            Ok(file) => Ok(Some((self.name.clone(), Box::new(file)))),
            Err(error) => Err(Error::FileUnreadable { file: self.name.clone(), reason: error.to_string() }),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Files in memory, such as those that a browser has fetched: the files of a folder, or one zip file.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    name: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// An empty set of files. `name` is the path or address that they come from.
    pub fn new(name: impl Into<String>) -> Self {
        MemoryFiles { name: name.into(), files: BTreeMap::new() }
    }

    /// Adds a file, replacing one of the same path.
    pub fn insert(&mut self, path: impl Into<String>, bytes: Vec<u8>) {
        self.files.insert(path.into(), bytes);
    }
}

impl Source for MemoryFiles {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        Ok(list_paths(self.files.keys(), folder))
    }

    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error> {
        let Some(bytes) = self.files.get(path) else { return Ok(false) };
        take(&mut bytes.as_slice(), bytes.len() as u64)?;
        Ok(true)
    }

    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        let mut files = self.files.iter();
        Ok(match (files.next(), files.next()) {
            (Some((path, bytes)), None) if is_archive_name(path) => {
                Some((self.locate(path), Box::new(Cursor::new(bytes.as_slice()))))
            }
            _ => None,
        })
    }
}

/// Whether a file's name ends in `.zip`, in any case.
pub fn is_archive_name(path: &str) -> bool {
    path.get(path.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".zip"))
}

/// Names of the files directly in a folder, from sorted paths.
pub fn list_paths<'p>(paths: impl Iterator<Item = &'p String>, folder: &str) -> Vec<String> {
    let inside = |path: &'p String| match folder {
        "" => Some(path.as_str()),
        _ => path.strip_prefix(folder)?.strip_prefix('/'),
    };
    paths.filter_map(inside).filter(|name| !name.contains('/')).map(str::to_string).collect()
}
