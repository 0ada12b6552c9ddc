//! A zip of texts and their annotations.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

use super::{record, without_extension};
use crate::formats::input::{failed, Input};
use crate::formats::warnings::Warnings;
use crate::formats::{Record, Records};
use crate::zip_limits::{is_outside, is_plausible, Metered, DIRECTORY_READS, LARGEST};
use crate::Error;

/// The documents in the order in which the zip lists them. Each is unpacked when its turn comes.
pub(super) fn read<'r>(mut input: Input<'r>) -> Records<'r> {
    let mut bytes = Vec::new();
    let pairs = match input.bytes.read_to_end(&mut bytes) {
        Ok(_) => Pairs::of(&input.name, bytes),
        Err(error) => Err(failed(&input.name, &error)),
    };
    match pairs {
        Ok(pairs) => Box::new(pairs),
        Err(error) => Box::new(std::iter::once(Record::failed(input.name, error))),
    }
}

type Zip = ZipArchive<Metered<Cursor<Vec<u8>>>>;

struct Pair {
    /// The path of both without their extension.
    stem: String,
    text: Option<usize>,
    annotations: Option<usize>,
}

struct Pairs {
    name: String,
    zip: Zip,
    pairs: std::vec::IntoIter<Pair>,
    /// What the ids leave out: the folder that holds all.
    folder: usize,
    /// Bytes that may still be unpacked.
    left: u64,
    /// Those of the zip, which its first record says.
    warnings: Warnings,
}

impl Pairs {
    /// Reads the zip's directory.
    fn of(name: &str, bytes: Vec<u8>) -> Result<Self, Error> {
        let invalid = |reason: String| Error::ArchiveInvalid { file: name.to_string(), reason };
        let left = Rc::new(Cell::new(DIRECTORY_READS));
        let mut zip = ZipArchive::new(Metered { bytes: Cursor::new(bytes), left: left.clone() }).map_err(|error| {
            match left.get() {
                0 => invalid("its directory is not found, or too long".to_string()),
                _ => invalid(error.to_string()),
            }
        })?;
        left.set(u64::MAX);
        let mut warnings = Warnings::default();
        let mut pairs: Vec<Pair> = Vec::new();
        let mut by_stem: HashMap<String, usize> = HashMap::new();
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(|error| invalid(error.to_string()))?;
            let path = entry.name();
            if is_outside(path) {
                return Err(invalid(format!("it names a place outside itself, {path:?}")));
            }
            let file = path.rsplit('/').next().unwrap_or_default();
            // macOS adds files beside those that are packed.
            if entry.is_dir() || path.starts_with("__MACOSX/") || file.starts_with('.') {
                continue;
            }
            let stem = without_extension(path);
            if stem.len() == path.len() {
                warnings.add("files of the zip that are neither .txt nor .ann, which are not read", 1);
                continue;
            }
            let at = *by_stem.entry(stem.to_string()).or_insert_with(|| {
                pairs.push(Pair { stem: stem.to_string(), text: None, annotations: None });
                pairs.len() - 1
            });
            let is_text = path.to_lowercase().ends_with(".txt");
            let place = if is_text { &mut pairs[at].text } else { &mut pairs[at].annotations };
            if place.replace(index).is_some() {
                return Err(invalid(format!("{path} is listed twice")));
            }
        }
        if pairs.is_empty() && !zip.is_empty() {
            return Err(invalid("it has no .txt, which with an .ann beside it is a document of brat".to_string()));
        }
        let folder = common_folder(&pairs);
        Ok(Pairs { name: name.to_string(), zip, pairs: pairs.into_iter(), folder, left: LARGEST, warnings })
    }

    /// Unpacks a file.
    fn input(&mut self, index: usize, path: &str) -> Result<Input<'static>, Error> {
        let file = format!("{}/{path}", self.name);
        let invalid = |reason: String| Error::ArchiveInvalid { file: file.clone(), reason };
        let entry = self.zip.by_index(index).map_err(|error| invalid(error.to_string()))?;
        let (packed, length) = (entry.compressed_size(), entry.size());
        if !is_plausible(packed, length) {
            return Err(invalid(format!("it would unpack to {length} bytes from {packed}")));
        }
        let Some(left) = self.left.checked_sub(length) else {
            return Err(invalid(format!("the files of its zip unpack to more than {LARGEST} bytes")));
        };
        self.left = left;
        let mut bytes = Vec::new();
        // One byte more than declared tells a file that is too long; the zip's checksum tells one that is damaged.
        entry.take(length + 1).read_to_end(&mut bytes).map_err(|error| invalid(error.to_string()))?;
        if bytes.len() as u64 != length {
            return Err(invalid(format!("it has not the {length} bytes that the zip says")));
        }
        Input::new(Cursor::new(bytes), &file, None)
    }

    fn record(&mut self, pair: &Pair) -> Result<Record, Error> {
        let (text, annotations) = (format!("{}.txt", pair.stem), format!("{}.ann", pair.stem));
        let Some(at) = pair.text else {
            let reason = format!("{text} is missing, which the annotations are of; add it to the zip");
            return Err(Error::InputInvalid { input: format!("{}/{annotations}", self.name), reason });
        };
        let text = self.input(at, &text)?;
        let annotations = pair.annotations.map(|at| self.input(at, &annotations)).transpose()?;
        Ok(record(pair.stem[self.folder..].to_string(), text, annotations, None))
    }
}

impl Iterator for Pairs {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let pair = self.pairs.next()?;
        let record = self.record(&pair);
        let mut record = record.unwrap_or_else(|error| Record::failed(format!("{}/{}", self.name, pair.stem), error));
        record.warnings.merge(&std::mem::take(&mut self.warnings));
        Some(record)
    }
}

/// How much of the paths is the folder that all are in.
fn common_folder(pairs: &[Pair]) -> usize {
    let folder = |stem: &str| stem.rfind('/').map_or(0, |at| at + 1);
    let Some(first) = pairs.first() else { return 0 };
    let mut common = &first.stem[..folder(&first.stem)];
    for pair in pairs {
        while !pair.stem.starts_with(common) {
            common = &common[..folder(&common[..common.len() - 1])];
        }
    }
    common.len()
}
