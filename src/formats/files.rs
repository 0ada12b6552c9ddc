//! Many files at once: folders, zips, gzip, and the pairs of files that some formats consist of.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use zip::result::ZipError;
use zip::ZipArchive;

use super::detect::{detect, Kind};
use super::input::{failed, invalid};
use super::{read, read_brat_pair, Format, Input, ReadOptions, Record, Records};
use crate::text::charset::Charset;
use crate::Error;

/// Most files of a zip.
const MOST_FILES: usize = 100_000;
/// Most bytes that a file of a zip, or a gzip file, may unpack to.
const LARGEST: u64 = 4 << 30;
/// Files that unpack to more bytes than this may have a compression ratio of at most [`RATIO`].
const LARGE: u64 = 64 << 20;
/// Text in which much repeats, such as XML, is packed to a fiftieth.
const RATIO: u64 = 200;
/// How much of a file tells its format.
const LOOKED_AT: u64 = 64 << 10;

type Open = Box<dyn FnOnce() -> Result<Box<dyn Read>, Error>>;

/// A file that is opened when its turn comes.
pub struct NamedFile {
    name: String,
    open: Open,
}

impl fmt::Debug for NamedFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("NamedFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NamedFile {
    /// A file of this name, which says its format, and errors and ids have it.
    pub fn new(name: impl Into<String>, open: impl FnOnce() -> Result<Box<dyn Read>, Error> + 'static) -> Self {
        NamedFile { name: name.into(), open: Box::new(open) }
    }

    /// A file that is in memory.
    pub fn of_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::new(name, move || Ok(Box::new(Cursor::new(bytes))))
    }
}

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct FilesOptions {
    /// The format of all of them; by default that of each one's name and content.
    pub format: Option<Format>,
    /// The encoding of files that do not say theirs.
    pub charset: Option<Charset>,
    /// See [`ReadOptions`].
    pub read: ReadOptions,
}

/// The records of files, file by file in their order. A zip stands for the files in it, `x.gz` for `x`, and `x.txt` and `x.ann` are
/// read together. What cannot be read is a record with an error, and the next file follows.
///
/// What a file is, its name says, and where that leaves it open its first lines. A file of a kind that is not read, such as a PDF,
/// is an error rather than prose; so is plain text that looks like another format, unless `format` insists on it.
pub fn read_files(files: Vec<NamedFile>, options: &FilesOptions) -> Files {
    Files { waiting: paired(files), open: None, options: options.clone() }
}

/// See [`read_files`].
pub struct Files {
    waiting: VecDeque<Unread>,
    open: Option<Records<'static>>,
    options: FilesOptions,
}

impl fmt::Debug for Files {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Files").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

enum Unread {
    File(NamedFile),
    /// A text and its annotations.
    Pair(NamedFile, NamedFile),
}

/// Joins each `x.ann` with its `x.txt`, at the place of the first of them.
fn paired(files: Vec<NamedFile>) -> VecDeque<Unread> {
    let stem = |name: &str, end: &str| {
        let cut = name.len().checked_sub(end.len())?;
        name.get(cut..)?.eq_ignore_ascii_case(end).then(|| name[..cut].to_string())
    };
    let annotated: HashMap<String, usize> =
        files.iter().enumerate().filter_map(|(i, file)| Some((stem(&file.name, ".ann")?, i))).collect();
    let texts: HashMap<String, usize> =
        files.iter().enumerate().filter_map(|(i, file)| Some((stem(&file.name, ".txt")?, i))).collect();
    let mut files: Vec<Option<NamedFile>> = files.into_iter().map(Some).collect();
    let mut unread = VecDeque::new();
    for i in 0..files.len() {
        let Some(file) = files[i].take() else { continue };
        let other = stem(&file.name, ".ann")
            .and_then(|stem| texts.get(&stem))
            .or_else(|| stem(&file.name, ".txt").and_then(|stem| annotated.get(&stem)));
        unread.push_back(match other.and_then(|other| files[*other].take()) {
            Some(other) if stem(&file.name, ".ann").is_some() => Unread::Pair(other, file),
            Some(other) => Unread::Pair(file, other),
            None => Unread::File(file),
        });
    }
    unread
}

impl Iterator for Files {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.open.as_mut().and_then(Iterator::next) {
                return Some(record);
            }
            self.open = None;
            let unread = self.waiting.pop_front()?;
            let (name, opened) = match unread {
                Unread::File(file) => (file.name.clone(), self.open_file(file)),
                Unread::Pair(text, annotations) => (text.name.clone(), self.open_pair(text, annotations)),
            };
            match opened {
                Ok(records) => self.open = records,
                Err(error) => return Some(Record::failed(name, error)),
            }
        }
    }
}

impl Files {
    fn open_pair(&self, text: NamedFile, annotations: NamedFile) -> Result<Option<Records<'static>>, Error> {
        let input = |file: NamedFile| Input::new(BufReader::new((file.open)()?), &file.name, self.options.charset);
        Ok(Some(read_brat_pair(input(text)?, input(annotations)?, &self.options.read)))
    }

    /// The records of a file; `None` if it is a zip, whose files are now those that wait.
    fn open_file(&mut self, NamedFile { name, open }: NamedFile) -> Result<Option<Records<'static>>, Error> {
        let mut bytes = BufReader::new(open()?);
        let mut start = Vec::new();
        let unreadable = |error: &std::io::Error| failed(&name, error);
        bytes.by_ref().take(LOOKED_AT).read_to_end(&mut start).map_err(|error| unreadable(&error))?;
        if start.starts_with(b"\x1F\x8B") {
            let unpacked = MultiGzDecoder::new(Cursor::new(start).chain(bytes)).take(LARGEST);
            let inner = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(&name).to_string();
            return self.open_file(NamedFile::new(inner, move || Ok(Box::new(unpacked))));
        }
        if (start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")) && !is_office(&name) {
            let mut zip = start;
            bytes.read_to_end(&mut zip).map_err(|error| unreadable(&error))?;
            let mut files = paired(files_of_zip(&name, zip)?);
            files.append(&mut self.waiting);
            self.waiting = files;
            return Ok(None);
        }
        let format = self.format_of(&name, &start)?;
        let input = Input::new(BufReader::new(Cursor::new(start).chain(bytes)), &name, self.options.charset)?;
        Ok(Some(read(format, input, &self.options.read)))
    }

    /// The format of a file, by the option, its name, or what it begins with.
    fn format_of(&self, name: &str, start: &[u8]) -> Result<Format, Error> {
        let kind = Kind::of_bytes(start);
        if let Some(kind) = kind {
            return Err(invalid(name, format!("it is {}, which is not read; {}", kind.name(), kind.what_to_do())));
        }
        if let Some(format) = self.options.format {
            return Ok(format);
        }
        detect(name, start, self.options.charset)
    }
}

/// Documents of a word processor or spreadsheet are zips too.
fn is_office(name: &str) -> bool {
    let name = name.to_lowercase();
    ["docx", "xlsx", "pptx", "odt", "ods", "epub"].iter().any(|end| name.ends_with(&format!(".{end}")))
}

/// The files of a zip, by name, without folders and what macOS adds.
fn files_of_zip(name: &str, bytes: Vec<u8>) -> Result<Vec<NamedFile>, Error> {
    let broken = |error: ZipError| Error::ArchiveInvalid { file: name.to_string(), reason: error.to_string() };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if zip.len() > MOST_FILES {
        let reason = format!("it has {} files, more than {MOST_FILES}", zip.len());
        return Err(Error::ArchiveInvalid { file: name.to_string(), reason });
    }
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(broken)?;
        let path = entry.name().to_string();
        if !(entry.is_dir() || path.starts_with("__MACOSX/") || path.ends_with(".DS_Store")) {
            found.push((path, index));
        }
    }
    found.sort();
    let zip = Rc::new(RefCell::new(zip));
    let file = |(path, index): (String, usize)| {
        let (zip, place) = (zip.clone(), format!("{name}/{path}"));
        NamedFile::new(place.clone(), move || unpack(&mut zip.borrow_mut(), index, &place))
    };
    Ok(found.into_iter().map(file).collect())
}

/// Unpacks a file of a zip into memory.
fn unpack(zip: &mut ZipArchive<Cursor<Vec<u8>>>, index: usize, place: &str) -> Result<Box<dyn Read>, Error> {
    let broken = |reason: String| Error::ArchiveInvalid { file: place.to_string(), reason };
    let entry = zip.by_index(index).map_err(|error| match error {
        ZipError::UnsupportedArchive(reason) => broken(format!("{reason}; unpack it and take the folder")),
        error => broken(error.to_string()),
    })?;
    let (packed, unpacked) = (entry.compressed_size(), entry.size());
    if unpacked > LARGEST || (unpacked > LARGE && unpacked > packed.saturating_mul(RATIO)) {
        return Err(broken(format!("it would unpack to {unpacked} bytes from {packed}")));
    }
    let mut bytes = Vec::new();
    // A byte more than it says, to notice one that is longer.
    entry.take(unpacked + 1).read_to_end(&mut bytes).map_err(|error| broken(error.to_string()))?;
    if bytes.len() as u64 != unpacked {
        return Err(broken(format!("it has {} bytes and not {unpacked}, as the zip says", bytes.len())));
    }
    Ok(Box::new(Cursor::new(bytes)))
}
