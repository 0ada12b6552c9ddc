//! Many files at once: folders, zips, gzip, and the pairs of files that some formats consist of.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io::{BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use zip::result::ZipError;
use zip::ZipArchive;

use super::brat::without_extension;
use super::detect::{detect, detect_bytes, Content, Kind};
use super::input::{failed, invalid};
use super::{read, read_brat_pair, Format, Input, ReadOptions, Record, Records};
use crate::text::charset::Charset;
use crate::zip_limits::{is_outside, is_plausible, Metered, DIRECTORY_READS, LARGEST};
use crate::Error;

/// Most files of a zip.
const MOST_FILES: usize = 100_000;
/// How much of a file tells its format.
const LOOKED_AT: u64 = 64 << 10;

type Open = Box<dyn FnOnce() -> Result<Box<dyn Read>, Error>>;

/// A file that is opened when its turn comes.
pub struct NamedFile {
    name: String,
    /// What the id of a document is made from that has none of its own: the path in its zip, without the folder that all share.
    path: Option<String>,
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
        NamedFile { name: name.into(), path: None, open: Box::new(open) }
    }

    /// A file that is in memory.
    pub fn of_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::new(name, move || Ok(Box::new(Cursor::new(bytes))))
    }
}

/// How files are read.
#[derive(Debug, Clone, Default)]
pub struct FilesOptions {
    /// The format of all of them; by default that of each one's name.
    pub format: Option<Format>,
    /// Whether a file whose name says nothing, or `.txt`, is read as what its first lines look like. Otherwise one that looks like
    /// anything but prose is an error, which says what to do.
    pub recognise: bool,
    /// The encoding of files that do not say theirs.
    pub charset: Option<Charset>,
    /// See [`ReadOptions`].
    pub read: ReadOptions,
}

/// The records of files, file by file in their order. A zip stands for the files in it, `x.gz` for `x`, and `x.txt` and `x.ann` are
/// read together. What cannot be read is a record with an error, and the next file follows.
///
/// What a file is, its name says, and for the many formats whose files end in `.xml` or `.json`, its first lines. A file of a kind
/// that is not read, such as a PDF, is an error rather than prose; so is plain text that looks like another format, unless `format`
/// insists on it.
pub fn read_files(files: Vec<NamedFile>, options: &FilesOptions) -> Files {
    Files { waiting: paired(files), open: None, format: Format::Text, options: options.clone() }
}

/// See [`read_files`].
pub struct Files {
    waiting: VecDeque<Unread>,
    open: Option<Records<'static>>,
    format: Format,
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

/// The settings that lie beside brat's documents.
const SETTINGS: [&str; 4] = ["annotation.conf", "visual.conf", "tools.conf", "kb_shortcuts.conf"];

/// Joins each `x.ann` with its `x.txt`, at the place of the first of them.
fn paired(mut files: Vec<NamedFile>) -> VecDeque<Unread> {
    if files.iter().any(|file| file.name.to_lowercase().ends_with(".ann")) {
        files.retain(|file| !SETTINGS.contains(&file.name.rsplit(['/', '\\']).next().unwrap_or_default()));
    }
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
    /// The format of the record that came last.
    pub fn format(&self) -> Format {
        self.format
    }

    fn open_pair(&mut self, text: NamedFile, annotations: NamedFile) -> Result<Option<Records<'static>>, Error> {
        let input = |file: NamedFile| Input::new(BufReader::new((file.open)()?), &file.name, self.options.charset);
        let path = text.path.clone();
        let records = read_brat_pair(input(text)?, input(annotations)?, &self.options.read);
        self.format = Format::Brat;
        Ok(Some(named(records, path)))
    }

    /// The records of a file; `None` if it is a zip, whose files are now those that wait.
    fn open_file(&mut self, NamedFile { name, path, open }: NamedFile) -> Result<Option<Records<'static>>, Error> {
        let mut bytes = BufReader::new(open()?);
        let mut start = Vec::new();
        bytes.by_ref().take(LOOKED_AT).read_to_end(&mut start).map_err(|error| failed(&name, &error))?;
        match detect_bytes(&start) {
            Some(Kind::Gzip) => {
                let unpacked = MultiGzDecoder::new(Cursor::new(start).chain(bytes)).take(LARGEST);
                let inner = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(&name).to_string();
                let open: Open = Box::new(move || Ok(Box::new(unpacked)));
                return self.open_file(NamedFile { name: inner, path, open });
            }
            Some(Kind::Zip) if Kind::of_file_name(&name) != Some(Kind::OfficeZip) => {
                let mut zip = start;
                bytes.read_to_end(&mut zip).map_err(|error| failed(&name, &error))?;
                let mut files = paired(files_of_zip(&name, zip)?);
                files.append(&mut self.waiting);
                self.waiting = files;
                return Ok(None);
            }
            Some(kind) => {
                return Err(invalid(&name, format!("it is {}, which is not read as text", kind.name())));
            }
            None => {}
        }
        let mut input = Input::new(BufReader::new(Cursor::new(start).chain(bytes)), &name, self.options.charset)?;
        self.format = match self.options.format {
            // A text of brat's that has no annotations yet.
            Some(Format::Brat) if path.is_some() && name.to_lowercase().ends_with(".txt") => {
                self.format = Format::Text;
                return Ok(Some(named(read(Format::Text, input, &self.options.read), path)));
            }
            Some(Format::Text) if input.peek(LOOKED_AT)?.contains('\0') => {
                return Err(invalid(&name, "it is a binary file, which is not read as text".to_string()));
            }
            Some(format) => format,
            None => self.format_of(&name, &input.peek(LOOKED_AT)?)?,
        };
        Ok(Some(read(self.format, input, &self.options.read)))
    }

    /// The format of a file, by its name and what it begins with.
    fn format_of(&self, name: &str, start: &str) -> Result<Format, Error> {
        let by_name = Format::of_file_name(name).unwrap_or(Format::Text);
        let ends = |end: &str| name.to_lowercase().ends_with(end);
        let is_json = [Format::Jsonl, Format::Doccano, Format::BiocJson, Format::Pubannotation];
        let fits = |format: Format| {
            self.options.recognise
                || format == by_name
                || ends(".xml")
                || ends(".json")
                || (by_name == Format::Jsonl && is_json.contains(&format))
        };
        let (looks, insist) = match detect(name, start) {
            Some(Content::Format(format)) if fits(format) => return Ok(format),
            None => return Ok(by_name),
            Some(Content::Format(format)) => (
                format.title(),
                format!("--from {} reads it as such, and --from text as prose with all its marks", format.name()),
            ),
            Some(Content::Other(kind)) => {
                let insist = if kind.is_text() { ", and --from text reads it as prose with all its marks" } else { "" };
                (kind.name(), format!("{} is not read{insist}", kind.name()))
            }
        };
        Err(invalid(name, format!("it looks like {looks}, not like {}; {insist}", by_name.title())))
    }
}

/// Records whose id is the path of their text in a zip, if they are from one.
fn named(records: Records<'static>, path: Option<String>) -> Records<'static> {
    let Some(id) = path.map(|path| without_extension(&path).to_string()) else { return records };
    Box::new(records.map(move |mut record| {
        if let Ok(document) = &mut record.document {
            document.id.clone_from(&id);
        }
        record
    }))
}

type Zip = ZipArchive<Metered<Cursor<Vec<u8>>>>;

/// A zip that its files are unpacked from.
struct Unpacker {
    zip: Zip,
    /// Bytes that may still be unpacked.
    left: u64,
}

/// The files of a zip, in its order, without folders and what macOS adds.
fn files_of_zip(name: &str, bytes: Vec<u8>) -> Result<Vec<NamedFile>, Error> {
    let invalid = |reason: String| Error::ArchiveInvalid { file: name.to_string(), reason };
    let left = Rc::new(Cell::new(DIRECTORY_READS));
    let zip = ZipArchive::new(Metered { bytes: Cursor::new(bytes), left: left.clone() });
    let mut zip = zip.map_err(|error| match left.get() {
        0 => invalid("its directory is not found, or too long".to_string()),
        _ => invalid(error.to_string()),
    })?;
    left.set(u64::MAX);
    if zip.len() > MOST_FILES {
        return Err(invalid(format!("it has {} files, more than {MOST_FILES}", zip.len())));
    }
    let mut found = Vec::new();
    let mut listed = HashSet::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| invalid(error.to_string()))?;
        let path = entry.name().to_string();
        if is_outside(&path) {
            return Err(invalid(format!("it names a place outside itself, {path:?}")));
        }
        let file = path.rsplit('/').next().unwrap_or_default();
        if entry.is_dir() || path.starts_with("__MACOSX/") || file.starts_with('.') {
            continue;
        }
        if !listed.insert(path.clone()) {
            return Err(invalid(format!("{path} is listed twice")));
        }
        found.push((path, index));
    }
    let folder = common_folder(found.iter().map(|(path, _)| path.as_str()));
    let unpacker = Rc::new(RefCell::new(Unpacker { zip, left: LARGEST }));
    let file = |(path, index): (String, usize)| {
        let (unpacker, place) = (unpacker.clone(), format!("{name}/{path}"));
        let name = place.clone();
        let open: Open = Box::new(move || unpacker.borrow_mut().unpack(index, &place));
        NamedFile { name, path: Some(path[folder..].to_string()), open }
    };
    Ok(found.into_iter().map(file).collect())
}

/// How much of the paths is the folder that all are in.
fn common_folder<'p>(mut paths: impl Iterator<Item = &'p str>) -> usize {
    let folder = |path: &str| path.rfind('/').map_or(0, |at| at + 1);
    let Some(first) = paths.next() else { return 0 };
    let mut common = &first[..folder(first)];
    for path in paths {
        while !path.starts_with(common) {
            common = &common[..folder(&common[..common.len() - 1])];
        }
    }
    common.len()
}

impl Unpacker {
    /// Unpacks a file into memory.
    fn unpack(&mut self, index: usize, place: &str) -> Result<Box<dyn Read>, Error> {
        let invalid = |reason: String| Error::ArchiveInvalid { file: place.to_string(), reason };
        let entry = self.zip.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(reason) => invalid(format!("{reason}; unpack the zip and take its folder")),
            error => invalid(error.to_string()),
        })?;
        let (packed, length) = (entry.compressed_size(), entry.size());
        if !is_plausible(packed, length) {
            return Err(invalid(format!("it would unpack to {length} bytes from {packed}")));
        }
        let too_much = || invalid(format!("the files of its zip unpack to more than {LARGEST} bytes"));
        self.left = self.left.checked_sub(length).ok_or_else(too_much)?;
        let mut bytes = Vec::new();
        // One byte more than declared tells a file that is too long; the zip's checksum tells one that is damaged.
        entry.take(length + 1).read_to_end(&mut bytes).map_err(|error| invalid(error.to_string()))?;
        if bytes.len() as u64 != length {
            return Err(invalid(format!("it has not the {length} bytes that the zip says")));
        }
        Ok(Box::new(Cursor::new(bytes)))
    }
}
