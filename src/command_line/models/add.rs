//! `glossa model add`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use super::download::{is_address, Download};
use super::store::{check_name, Store};
use crate::command_line::load::{load, LimitFlags, DEEPEST};
use crate::command_line::Failure;
use crate::model::{Manifest, ManifestFile, MANIFEST};
use crate::zip_limits::{is_outside, LARGEST};
use crate::{Error, Options};

/// The longest manifest that is downloaded.
const LONGEST_MANIFEST: u64 = 16 << 20;

#[derive(Args)]
pub(super) struct Add {
    /// A model's folder or zip, or the address (https://) of a zip or of a bundle's manifest.json. The files that a manifest lists
    /// come from beside it.
    source: String,
    /// The name under which it is kept; by default that of the folder or file, or of the folder of the manifest.
    #[arg(long)]
    name: Option<String>,
    /// The sha256 of the zip or the manifest.json, in hexadecimal. An address needs it: whoever publishes the model says it. A
    /// manifest has that of every other file.
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    /// Put it in place of a model that is kept under that name.
    #[arg(long)]
    replace: bool,
    /// Seconds after which a download is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    timeout: u64,
    #[command(flatten)]
    limits: LimitFlags,
}

impl Add {
    pub(super) fn run(&self, store: &Store) -> Result<(), Failure> {
        let name = self.name.clone().unwrap_or_else(|| name_of(&self.source));
        check_name(&name)?;
        if !self.replace {
            if let Some(kept) = store.find(&name) {
                let reason = format!("{} is there already: --replace, or another --name", kept.path.display());
                return Err(Error::OptionInvalid { option: "name".into(), reason }.into());
            }
        }
        let sha256 = self.sha256.as_deref().map(checked_sha256).transpose()?;
        let unfinished = store.begin()?;
        let place = unfinished.path.join(&name);
        let model = match (is_address(&self.source), sha256) {
            (true, Some(sha256)) => self.download(place, sha256)?,
            (true, None) => {
                let reason = "an address needs it: whoever publishes the model says it".into();
                return Err(Error::OptionInvalid { option: "sha256".into(), reason }.into());
            }
            (false, sha256) => copy(Path::new(&self.source), place, sha256)?,
        };
        for warning in load(model.clone(), &Options::default(), &self.limits)?.warnings() {
            eprintln!("glossa: warning: {warning}");
        }
        let kept = store.keep(&name, &model)?;
        writeln!(io::stdout().lock(), "{}\t{}\t{}", kept.name, kept.bytes, kept.path.display())?;
        Ok(())
    }

    /// Downloads the model, and returns where it lies.
    fn download(&self, place: PathBuf, sha256: String) -> Result<PathBuf, Error> {
        let download = Download::new(self.timeout);
        let Some(folder) = without_query(&self.source).strip_suffix(MANIFEST).filter(|folder| folder.ends_with('/'))
        else {
            let place = as_zip(&place);
            let file = ManifestFile { path: String::new(), bytes: LARGEST, sha256 };
            download.file(&self.source, &file, false, &place)?;
            return Ok(place);
        };
        let query = &self.source[without_query(&self.source).len()..];
        let file = ManifestFile { path: MANIFEST.into(), bytes: LONGEST_MANIFEST, sha256 };
        download.file(&self.source, &file, false, &place.join(MANIFEST))?;
        let bytes = fs::read(place.join(MANIFEST)).map_err(|error| unreadable(&place.join(MANIFEST), &error))?;
        let files = Manifest::parse(&bytes, &self.source)?.files;
        // All before the first: what one of them would do elsewhere cannot be undone.
        let refused = |file: &&ManifestFile| {
            is_outside(&file.path) || file.path.contains(['?', '#', '\\']) || file.bytes > LARGEST
        };
        if let Some(file) = files.iter().find(refused) {
            let reason = format!("it lists {:?} of {} bytes", file.path, file.bytes);
            return Err(Error::ManifestInvalid { file: self.source.clone(), reason });
        }
        for file in files {
            download.file(&format!("{folder}{}{query}", file.path), &file, true, &place.join(&file.path))?;
        }
        Ok(place)
    }
}

/// The place of a zip for that of a folder.
fn as_zip(place: &Path) -> PathBuf {
    let mut place = place.as_os_str().to_owned();
    place.push(".zip");
    place.into()
}

/// An address without its query.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or(address)
}

/// The name of a model by its source: of `…/cellular`, `…/cellular.zip` and `…/cellular/manifest.json`, `cellular`.
fn name_of(source: &str) -> String {
    let path = if is_address(source) { without_query(source) } else { source };
    let path = path.strip_suffix(MANIFEST).unwrap_or(path).trim_end_matches(['/', '\\']);
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    last.strip_suffix(".zip").unwrap_or(last).to_string()
}

/// A hash as manifests have it.
fn checked_sha256(given: &str) -> Result<String, Error> {
    if given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(given.to_ascii_lowercase());
    }
    let reason = format!("{given:?} is not 64 hexadecimal digits");
    Err(Error::OptionInvalid { option: "sha256".into(), reason })
}

/// Copies a model's folder or zip, and returns where it lies.
fn copy(source: &Path, place: PathBuf, sha256: Option<String>) -> Result<PathBuf, Error> {
    let found = source.metadata().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::FileMissing { file: source.display().to_string() },
        _ => unreadable(source, &error),
    })?;
    let place = if found.is_dir() {
        copy_folder(source, &place, DEEPEST)?;
        place
    } else {
        let place = as_zip(&place);
        fs::copy(source, &place).map_err(|error| unreadable(source, &error))?;
        place
    };
    // Of the copy: that is what is kept.
    if let Some(sha256) = sha256 {
        let checked = if found.is_dir() { place.join(MANIFEST) } else { place.clone() };
        let mut hash = Sha256::new();
        File::open(&checked)
            .and_then(|mut file| io::copy(&mut file, &mut hash))
            .map_err(|error| unreadable(&checked, &error))?;
        let file = ManifestFile { path: String::new(), bytes: 0, sha256 };
        file.check_hash(&hash.finalize(), &source.display().to_string())?;
    }
    Ok(place)
}

/// Copies a folder's files, and those of its folders.
fn copy_folder(source: &Path, place: &Path, deepest: usize) -> Result<(), Error> {
    let of_source = |error: io::Error| unreadable(source, &error);
    fs::create_dir(place).map_err(|error| unreadable(place, &error))?;
    for entry in source.read_dir().map_err(of_source)? {
        let entry = entry.map_err(of_source)?;
        let (from, to) = (entry.path(), place.join(entry.file_name()));
        // By way of links: folders of caches consist of them.
        let found = from.metadata().map_err(|error| unreadable(&from, &error))?;
        if found.is_file() {
            fs::copy(&from, &to).map_err(|error| unreadable(&from, &error))?;
        } else if found.is_dir() {
            let Some(deepest) = deepest.checked_sub(1) else {
                let reason = format!("a model has no folders deeper than {DEEPEST}");
                return Err(Error::ModelUnrecognised { source_name: from.display().to_string(), reason });
            };
            copy_folder(&from, &to, deepest)?;
        }
    }
    Ok(())
}

pub(super) fn unreadable(file: &Path, error: &io::Error) -> Error {
    Error::FileUnreadable { file: file.display().to_string(), reason: error.to_string() }
}

/// Copies `from` to a new file at `place`, and checks its length and hash. With `exact`, the file's `bytes` are its length,
/// otherwise the longest that it may be. `address` names it in errors; `read` is told of the bytes.
pub(super) fn write_checked(
    mut from: impl Read,
    address: &str,
    file: &ManifestFile,
    exact: bool,
    place: &Path,
    mut read: impl FnMut(u64),
) -> Result<(), Error> {
    let of_place = |error: io::Error| unreadable(place, &error);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(of_place)?;
    }
    let mut written = File::create(place).map_err(of_place)?;
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let bytes = from.read(&mut buffer).map_err(|error| Error::FileUnreadable {
            file: address.into(),
            reason: format!("after {length} bytes: {error}"),
        })?;
        if bytes == 0 {
            break;
        }
        length += bytes as u64;
        if length > file.bytes {
            let (expected, found) = (format!("at most {} bytes", file.bytes), "more".into());
            return Err(Error::FileMismatch { file: address.into(), expected, found });
        }
        hash.update(&buffer[..bytes]);
        written.write_all(&buffer[..bytes]).map_err(of_place)?;
        read(length);
    }
    written.flush().map_err(of_place)?;
    if exact && length != file.bytes {
        let (expected, found) = (format!("{} bytes", file.bytes), format!("{length} bytes"));
        return Err(Error::FileMismatch { file: address.into(), expected, found });
    }
    file.check_hash(&hash.finalize(), address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_after_its_folder_or_file() {
        for source in [
            "https://example.org/models/cellular/manifest.json?v=2",
            "https://example.org/cellular.zip#x",
            "models/cellular/",
            "models\\cellular",
            "cellular.zip",
        ] {
            assert_eq!(name_of(source), "cellular", "{source}");
        }
    }

    #[test]
    fn a_download_ends_at_its_length_and_is_checked() {
        let folder = std::env::temp_dir().join(format!("glossa-download-{}", std::process::id()));
        let place = folder.join("file");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // Of "abc".
        let check = |content: &mut dyn Read, bytes, sha256: &str, exact| {
            let file = ManifestFile { path: String::new(), bytes, sha256: sha256.into() };
            let checked = write_checked(content, "address", &file, exact, &place, |_| ());
            checked.map_err(|error| error.code())
        };
        assert_eq!(check(&mut &b"abc"[..], 3, sha256, true), Ok(()));
        assert_eq!(check(&mut &b"abc"[..], 9, sha256, false), Ok(()));
        assert_eq!(check(&mut &b"abc"[..], 9, sha256, true), Err("file_mismatch"));
        assert_eq!(check(&mut &b"abd"[..], 3, sha256, true), Err("file_mismatch"));
        // Without an end of its own.
        assert_eq!(check(&mut io::repeat(b'a'), 1 << 20, sha256, false), Err("file_mismatch"));
        fs::remove_dir_all(&folder).expect("a folder");
    }
}
