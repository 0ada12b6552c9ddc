//! Where model files come from.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use crate::Error;

/// What an archive is read from.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A file that holds a model's files: its path or address, and its bytes.
pub type ArchiveFile<'s> = (String, Box<dyn ReadSeek + 's>);

/// What [`Source::stream`] hands a file to: its bytes from the first on, and how many there are.
pub type FileVisitor<'t> = dyn FnMut(&mut dyn Read, u64) -> Result<(), Error> + 't;

/// A set of files, by path relative to their root (`assets/vocab.txt`).
pub trait Source {
    /// The root's path or address, for errors and as a fallback name.
    fn name(&self) -> &str;

    /// Names of the files, not the folders, that lie directly in a folder (`fields/labels`; empty for the root),
    /// sorted. A folder that is not there holds none.
    ///
    /// # Errors
    /// `file_unreadable`.
    fn list(&self, folder: &str) -> Result<Vec<String>, Error>;

    /// Hands a file to `take` as a stream, which it need not read to its end; `false` when there is no such file.
    /// This is how large files are read, for an archive cannot be held in memory beside what it unpacks to.
    ///
    /// # Errors
    /// `file_unreadable`, `archive_invalid`, `model_unsupported` (an encrypted file), and those of `take`.
    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error>;

    /// Where the source is one archive rather than a set of files: its path or address, and its bytes.
    ///
    /// # Errors
    /// `file_unreadable`.
    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        Ok(None)
    }

    /// A file's bytes; `None` when there is no such file.
    ///
    /// # Errors
    /// As [`stream`](Self::stream); `file_unreadable` when there is no memory for it.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = None;
        self.stream(path, &mut |reader, length| {
            bytes = Some(fill(reader, length, &self.locate(path))?);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Whether the source itself sees to it that a file has the hash which a manifest lists.
    fn checks_hash(&self, _path: &str) -> bool {
        false
    }

    /// A file's path or address, for errors.
    fn locate(&self, path: &str) -> String {
        format!("{}/{path}", self.name().trim_end_matches('/'))
    }

    /// A file that must be there.
    ///
    /// # Errors
    /// `file_missing`, and those of [`read`](Self::read).
    fn require(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.read(path)?.ok_or_else(|| Error::FileMissing { file: self.locate(path) })
    }
}

/// Reads a file of a known length into a vector of that capacity.
pub(super) fn fill(reader: &mut dyn Read, length: u64, file: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    reserve(&mut bytes, length, file)?;
    reader.take(length.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| Error::of_stream(file, &error))?;
    if bytes.len() as u64 != length {
        return Err(other_length(file, bytes.len() as u64, length));
    }
    Ok(bytes)
}

/// The error of a file that is longer or shorter than was said of it.
pub(super) fn other_length(file: &str, found: u64, length: u64) -> Error {
    let than = if found > length { "more" } else { "fewer" };
    let reason = format!("it holds {than} than the {length} bytes that it should");
    Error::ArchiveInvalid { file: file.to_string(), reason }
}

/// Makes room for so many more bytes, exactly.
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
    /// # Errors
    /// `file_missing` when there is no such folder or file.
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

/// Files already in memory, such as those a browser fetched: a folder's, or one zip file.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    name: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// No files yet; `name` is where they come from.
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

/// Whether a file's name says that it is a zip.
pub fn is_archive_name(path: &str) -> bool {
    path.get(path.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".zip"))
}

/// Of sorted paths, the names of those directly in a folder.
pub fn list_paths<'p>(paths: impl Iterator<Item = &'p String>, folder: &str) -> Vec<String> {
    let inside = |path: &'p String| match folder {
        "" => Some(path.as_str()),
        _ => path.strip_prefix(folder)?.strip_prefix('/'),
    };
    paths.filter_map(inside).filter(|name| !name.contains('/')).map(str::to_string).collect()
}
