//! Where model files come from.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Error;

/// A set of files, by path relative to their root (`assets/vocab.txt`).
pub trait Source {
    /// The root's path or address, for errors and as a fallback name.
    fn name(&self) -> &str;

    /// A file's bytes; `None` when there is no such file.
    ///
    /// # Errors
    /// `file_unreadable`.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error>;

    /// A file's path or address, for errors.
    fn locate(&self, path: &str) -> String {
        format!("{}/{path}", self.name().trim_end_matches('/'))
    }

    /// A file that must be there.
    ///
    /// # Errors
    /// `file_missing`, `file_unreadable`.
    fn require(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.read(path)?.ok_or_else(|| Error::FileMissing { file: self.locate(path) })
    }
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    name: String,
}

impl Folder {
    /// # Errors
    /// `file_missing` when there is no such folder.
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

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        match std::fs::read(self.path.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => {
                Err(Error::FileUnreadable { file: self.locate(path), reason: error.to_string() })
            }
        }
    }
}

/// Files already in memory, such as those a browser fetched.
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

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.files.get(path).cloned())
    }
}
