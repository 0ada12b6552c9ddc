//! Model files in the browser: what was fetched, and files of the user's own, which are read a part at a time.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;

use crate::model::{is_archive_name, list_paths, ArchiveFile, Source, Taker};
use crate::Error;

/// Bytes read of a file at once.
const PART: usize = 1 << 20;

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

/// Bytes in pieces, as they came.
#[derive(Default)]
pub(super) struct Pieces {
    pieces: Vec<Uint8Array>,
    /// Where in the whole each piece ends.
    ends: Vec<u64>,
}

impl Pieces {
    pub(super) fn length(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(super) fn push(&mut self, piece: Uint8Array) {
        self.ends.push(self.length() + u64::from(piece.length()));
        self.pieces.push(piece);
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Uint8Array::to_vec).collect()
    }

    /// Reads from a place on, to the end of a piece at most.
    fn read(&self, at: u64, buffer: &mut [u8]) -> usize {
        let index = self.ends.partition_point(|&end| end <= at);
        let Some(piece) = self.pieces.get(index) else { return 0 };
        let left = (self.ends[index] - at) as usize;
        let count = left.min(buffer.len());
        let start = piece.length() - left as u32;
        piece.subarray(start, start + count as u32).copy_to(&mut buffer[..count]);
        count
    }
}

/// A model's files, by path.
pub(super) struct JsFiles {
    name: String,
    files: BTreeMap<String, JsFile>,
}

impl JsFiles {
    /// No files yet; `name` is where they come from.
    pub(super) fn new(name: impl Into<String>) -> Self {
        JsFiles { name: name.into(), files: BTreeMap::new() }
    }

    /// Adds a file, replacing one of the same path.
    pub(super) fn insert(&mut self, path: impl Into<String>, file: JsFile) {
        self.files.insert(path.into(), file);
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

    fn stream(&self, path: &str, take: &mut Taker<'_>) -> Result<bool, Error> {
        let Some(file) = self.files.get(path) else { return Ok(false) };
        take(&mut stream(file), file.length())?;
        Ok(true)
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
        let count = self.file.read(self.at, buffer).map_err(|error| {
            let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            io::Error::other(message.unwrap_or_else(|| "the browser does not give it out".into()))
        })?;
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
