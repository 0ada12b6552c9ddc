//! A model's files as JavaScript holds them: bytes, bytes in chunks, or `Blob`s.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use js_sys::{Array, ArrayBuffer, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;

use crate::model::{is_archive_name, list_paths, ArchiveFile, FileVisitor, Source};
use crate::Error;

/// Bytes read of a file at once: a read is a call into JS, at worst a trip to the disk.
pub(super) const BUFFER_BYTES: usize = 1 << 20;

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
}

/// A file that stays outside WebAssembly's memory, which can grow but never shrink.
pub(super) enum JsFile {
    /// In the memory of JS.
    Bytes(ByteChunks),
    /// Wherever the browser has it.
    Blob(Blob),
}

impl JsFile {
    pub(super) fn new(value: JsValue) -> Self {
        if value.has_type::<Blob>() {
            JsFile::Blob(value.unchecked_into())
        } else if Array::is_array(&value) {
            JsFile::Bytes(Array::from(&value).iter().map(bytes).collect())
        } else {
            JsFile::Bytes([bytes(value)].into_iter().collect())
        }
    }

    fn length(&self) -> u64 {
        match self {
            JsFile::Bytes(chunks) => chunks.length(),
            JsFile::Blob(blob) => blob.size() as u64,
        }
    }

    /// Reads at least one byte from position `at`, which is before the end.
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize, JsValue> {
        match self {
            JsFile::Bytes(chunks) => Ok(chunks.read(at, buffer)),
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

/// A `Uint8Array` as it is, since a new one would be a copy; anything else as a `Uint8Array` of it.
fn bytes(value: JsValue) -> Uint8Array {
    value.dyn_into().unwrap_or_else(|other| Uint8Array::new(&other))
}

/// A file's bytes in consecutive chunks.
#[derive(Default)]
pub(super) struct ByteChunks {
    chunks: Vec<Uint8Array>,
    /// Where in the file each chunk ends.
    ends: Vec<u64>,
}

impl FromIterator<Uint8Array> for ByteChunks {
    fn from_iter<T: IntoIterator<Item = Uint8Array>>(chunks: T) -> Self {
        let mut all = ByteChunks::default();
        for chunk in chunks {
            all.ends.push(all.length() + u64::from(chunk.length()));
            all.chunks.push(chunk);
        }
        all
    }
}

impl ByteChunks {
    fn length(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Reads from position `at`, up to the end of the chunk at most.
    fn read(&self, at: u64, buffer: &mut [u8]) -> usize {
        let index = self.ends.partition_point(|&end| end <= at);
        let Some(chunk) = self.chunks.get(index) else { return 0 };
        let begin = self.ends[index] - u64::from(chunk.length());
        let count = ((self.ends[index] - at) as usize).min(buffer.len());
        let start = (at - begin) as u32;
        chunk.subarray(start, start + count as u32).copy_to(&mut buffer[..count]);
        count
    }
}

/// A model's files, by path.
pub(super) struct JsFiles {
    name: String,
    files: BTreeMap<String, JsFile>,
    /// Paths of files whose sha256 JavaScript checks.
    hashed: BTreeSet<String>,
}

impl JsFiles {
    /// `name` is where the files come from; see `Annotator::from_files` for `files` and `hashed`.
    pub(super) fn new(name: String, files: &Object, hashed: Vec<String>) -> Self {
        let entries = Object::entries(files);
        let pairs = entries.iter().map(|entry| {
            let entry = Array::from(&entry);
            (entry.get(0).as_string().unwrap_or_default(), JsFile::new(entry.get(1)))
        });
        JsFiles { name, files: pairs.collect(), hashed: hashed.into_iter().collect() }
    }
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
        take(&mut reader(file), file.length())?;
        Ok(true)
    }

    fn checks_hash(&self, path: &str) -> bool {
        self.hashed.contains(path)
    }

    fn archive(&self) -> Result<Option<ArchiveFile<'_>>, Error> {
        let mut files = self.files.iter();
        Ok(match (files.next(), files.next()) {
            (Some((path, file)), None) if is_archive_name(path) => Some((self.locate(path), Box::new(reader(file)))),
            _ => None,
        })
    }
}

fn reader(file: &JsFile) -> BufReader<JsReader<&JsFile>> {
    BufReader::with_capacity(BUFFER_BYTES, JsReader { length: file.length(), file, at: 0 })
}

/// Reads a file that it holds itself.
pub(super) type OwnedReader = JsReader<JsFile>;

impl OwnedReader {
    pub(super) fn of(file: JsFile) -> Self {
        JsReader { length: file.length(), file, at: 0 }
    }
}

pub(super) struct JsReader<F> {
    file: F,
    length: u64,
    at: u64,
}

impl<F: Borrow<JsFile>> Read for JsReader<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.file.borrow().read(self.at, buffer).map_err(|error| {
            let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            io::Error::other(message.or(error.as_string()).unwrap_or_else(|| "the browser does not say why".into()))
        })?;
        self.at += count as u64;
        Ok(count)
    }
}

impl<F> Seek for JsReader<F> {
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
