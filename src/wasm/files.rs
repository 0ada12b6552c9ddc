//! Model files in the browser: what was fetched, and files of the user's own, which are read a part at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::model::{is_archive_name, list_paths, ArchiveFile, FileVisitor, ManifestFile, Source};
use crate::Error;

/// Bytes read of a file at once.
const PART: usize = 1 << 20;
/// Bytes of a file that the browser hashes at most: it takes all of them at once, and copies them.
const HASHED: u64 = 64 << 20;

#[wasm_bindgen]
extern "C" {
    pub(super) type Blob;
    #[wasm_bindgen(method, getter)]
    fn size(this: &Blob) -> f64;
    #[wasm_bindgen(method)]
    fn slice(this: &Blob, start: f64, end: f64) -> Blob;

    /// Only workers have it.
    type FileReaderSync;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<FileReaderSync, JsValue>;
    #[wasm_bindgen(method, catch, js_name = readAsArrayBuffer)]
    fn read(this: &FileReaderSync, blob: &Blob) -> Result<ArrayBuffer, JsValue>;

    /// Pages that came without encryption do not have it, and then this throws.
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn digest(algorithm: &str, bytes: &Uint8Array) -> Result<Promise, JsValue>;
}

/// A file that stays outside WebAssembly's memory, which unlike that of JS is never given back.
pub(super) enum JsFile {
    /// In the memory of JS.
    Pieces(Pieces),
    /// Wherever the browser has it.
    Blob(Blob),
}

impl JsFile {
    /// A `Blob` as it is, anything else as an array of bytes.
    pub(super) fn new(value: JsValue) -> Self {
        if value.has_type::<Blob>() {
            return JsFile::Blob(value.unchecked_into());
        }
        // An array of bytes is taken as it is: to construct another would copy it.
        let mut pieces = Pieces::default();
        pieces.push(value.dyn_into().unwrap_or_else(|other| Uint8Array::new(&other)));
        JsFile::Pieces(pieces)
    }

    fn length(&self) -> u64 {
        match self {
            JsFile::Pieces(pieces) => pieces.length(),
            JsFile::Blob(blob) => blob.size() as u64,
        }
    }

    /// Reads from a place on, at least a byte; `at` is before the end.
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize, JsValue> {
        match self {
            JsFile::Pieces(pieces) => Ok(pieces.read(at, buffer)),
            JsFile::Blob(blob) => {
                let end = (at + buffer.len() as u64).min(self.length());
                let part = FileReaderSync::new()?.read(&blob.slice(at as f64, end as f64))?;
                let part = Uint8Array::new(&part);
                let count = (part.length() as usize).min(buffer.len());
                part.subarray(0, count as u32).copy_to(&mut buffer[..count]);
                Ok(count)
            }
        }
    }
}

/// Bytes in pieces, as they came; or in a single one, if their number was known.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: Vec<Uint8Array>,
    /// Where in the whole each piece ends. A single one may be longer, as long as not all bytes have come.
    ends: Vec<u64>,
}

impl Pieces {
    /// None yet, with room for so many if they will be hashed, which takes them in a single piece.
    pub(super) fn of_length(bytes: u64) -> Self {
        if bytes > HASHED {
            return Self::default();
        }
        Pieces { pieces: vec![Uint8Array::new_with_length(bytes as u32)], ends: vec![0] }
    }

    pub(super) fn length(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(super) fn push(&mut self, piece: Uint8Array) {
        let (begin, end) = (self.length(), self.length() + u64::from(piece.length()));
        match (&self.pieces[..], &mut self.ends[..]) {
            ([whole], [last]) if end <= u64::from(whole.length()) => {
                whole.set(&piece, begin as u32);
                *last = end;
            }
            _ => {
                self.pieces.push(piece);
                self.ends.push(end);
            }
        }
    }

    /// Has the browser compute the sha256, on a thread of its own; `None` where it does not, or they are not in one piece.
    fn hash(&self) -> Option<JsFuture> {
        let [whole] = &self.pieces[..] else { return None };
        digest("SHA-256", whole).ok().map(JsFuture::from)
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Uint8Array::to_vec).collect()
    }

    /// Reads from a place on, to the end of a piece at most.
    fn read(&self, at: u64, buffer: &mut [u8]) -> usize {
        let index = self.ends.partition_point(|&end| end <= at);
        let Some(piece) = self.pieces.get(index) else { return 0 };
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let count = ((self.ends[index] - at) as usize).min(buffer.len());
        let start = (at - begin) as u32;
        piece.subarray(start, start + count as u32).copy_to(&mut buffer[..count]);
        count
    }
}

/// A model's files, by path.
pub(super) struct JsFiles {
    name: String,
    files: BTreeMap<String, JsFile>,
    /// Paths of files whose hash is among some [`Hashes`].
    hashed: BTreeSet<String>,
}

/// Hashes that the browser computes while a model is made of the files: of some, what the manifest lists of each, where
/// it came from, and the hash to come.
#[derive(Default)]
pub(super) struct Hashes(Vec<(ManifestFile, String, JsFuture)>);

impl Hashes {
    /// Waits for them.
    ///
    /// # Errors
    /// `file_mismatch`; `file_unreadable` when the browser fails.
    pub(super) async fn check(self) -> Result<(), Error> {
        for (entry, file, hash) in self.0 {
            let hash =
                hash.await.map_err(|error| Error::FileUnreadable { file: file.clone(), reason: reason(&error) })?;
            entry.check_hash(&Uint8Array::new(&hash).to_vec(), &file)?;
        }
        Ok(())
    }
}

/// What a JavaScript error says.
pub(super) fn reason(error: &JsValue) -> String {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    message.unwrap_or_else(|| format!("{error:?}"))
}

impl JsFiles {
    /// No files yet; `name` is where they come from.
    pub(super) fn new(name: impl Into<String>) -> Self {
        JsFiles { name: name.into(), files: BTreeMap::new(), hashed: BTreeSet::new() }
    }

    /// Adds a file, replacing one of the same path.
    pub(super) fn insert(&mut self, path: impl Into<String>, file: JsFile) {
        self.files.insert(path.into(), file);
    }

    /// Adds a file that a manifest lists; its hash is for `hashes` to check, where the browser computes it.
    pub(super) fn insert_listed(&mut self, entry: ManifestFile, pieces: Pieces, hashes: &mut Hashes) {
        if let Some(hash) = pieces.hash() {
            self.hashed.insert(entry.path.clone());
            hashes.0.push((entry.clone(), self.locate(&entry.path), hash));
        }
        self.insert(entry.path, JsFile::Pieces(pieces));
    }
}

/// A stream over a file. A read is a call into JS, at worst a trip to the disk: the buffer makes them few.
fn stream(file: &JsFile) -> BufReader<JsReader<'_>> {
    BufReader::with_capacity(PART, JsReader { file, length: file.length(), at: 0 })
}

impl Source for JsFiles {
    fn name(&self) -> &str {
        &self.name
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        Ok(list_paths(self.files.keys(), folder))
    }

    fn stream(&self, path: &str, take: &mut FileVisitor<'_>) -> Result<bool, Error> {
        let Some(file) = self.files.get(path) else { return Ok(false) };
        take(&mut stream(file), file.length())?;
        Ok(true)
    }

    fn checks_hash(&self, path: &str) -> bool {
        self.hashed.contains(path)
    }

    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        let mut files = self.files.iter();
        Ok(match (files.next(), files.next()) {
            (Some((path, file)), None) if is_archive_name(path) => Some((self.locate(path), Box::new(stream(file)))),
            _ => None,
        })
    }
}

struct JsReader<'f> {
    file: &'f JsFile,
    length: u64,
    at: u64,
}

impl Read for JsReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.file.read(self.at, buffer).map_err(|error| io::Error::other(reason(&error)))?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for JsReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
