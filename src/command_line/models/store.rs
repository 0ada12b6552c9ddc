//! The folder that keeps models under their names: a folder or a zip each.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use etcetera::{choose_base_strategy, BaseStrategy};

use crate::command_line::load::{length, DEEPEST};
use crate::Error;

/// The environment variable that names the folder.
const VARIABLE: &str = "GLOSSA_MODELS";
/// What the names of unfinished models begin with: no model's name does.
const UNFINISHED: &str = ".adding-";

/// The folder of the models: `GLOSSA_MODELS`, or `glossa/models` where the system keeps users' data.
pub(crate) struct Store {
    folder: PathBuf,
}

/// A model that is kept.
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

impl Store {
    /// The user's.
    ///
    /// # Errors
    /// `option_invalid` if the system has no place for users' data, and the variable names none.
    pub(crate) fn of_user() -> Result<Self, Error> {
        if let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
            return Ok(Store { folder: folder.into() });
        }
        let strategy = choose_base_strategy().map_err(|error| Error::OptionInvalid {
            option: VARIABLE.into(),
            reason: format!("not set, and {error}"),
        })?;
        Ok(Store { folder: strategy.data_dir().join("glossa").join("models") })
    }

    /// The path of the model that a command names: a path as it is, or the name of a model that is kept. What is neither is
    /// left as it is, for the error that names it.
    pub(crate) fn resolve(model: PathBuf) -> PathBuf {
        let is_name = || model.to_str().filter(|name| check_name(name).is_ok());
        if model.exists() {
            return model;
        }
        let kept = is_name().and_then(|name| Store::of_user().ok()?.find(name));
        kept.map_or(model, |kept| kept.path)
    }

    /// The model of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Kept> {
        let paths = [self.folder.join(name), self.folder.join(format!("{name}.zip"))];
        let path = paths.into_iter().find(|path| path.exists())?;
        Some(Kept { name: name.to_string(), bytes: length(&path, DEEPEST), path })
    }

    /// All models, by name.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub(crate) fn models(&self) -> Result<Vec<Kept>, Error> {
        let unreadable = |error: io::Error| self.unreadable(&error);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unreadable)?,
        };
        let mut models = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
            let name = name.and_then(|name| name.to_str()).filter(|name| check_name(name).is_ok());
            models.extend(name.and_then(|name| self.find(name)));
        }
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(models)
    }

    /// Removes the model of this name.
    ///
    /// # Errors
    /// `file_missing` if there is none, `file_unreadable` if it cannot be removed.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let Some(kept) = self.find(name) else {
            return Err(Error::FileMissing { file: self.folder.join(name).display().to_string() });
        };
        // Out of its place at once, so that what is left of it by a failure is no model.
        let unfinished = self.begin()?;
        fs::rename(&kept.path, unfinished.path.join(name)).map_err(|error| self.unreadable(&error))
    }

    /// A new folder for what is to be kept. It goes when it is dropped.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub(crate) fn begin(&self) -> Result<Unfinished, Error> {
        for number in 0.. {
            let path = self.folder.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
            let made = fs::create_dir_all(&self.folder).and_then(|()| fs::create_dir(&path));
            match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Unfinished { path }).map_err(|error| self.unreadable(&error)),
            }
        }
        unreachable!("a number is free")
    }

    /// Moves what lies at `from` to its place under a name, in place of what was there, which stays if that fails.
    ///
    /// # Errors
    /// `file_unreadable`.
    pub(crate) fn keep(&self, name: &str, from: &Path) -> Result<Kept, Error> {
        let aside = self.begin()?;
        let before = self.find(name).map(|kept| (kept.path, aside.path.join(name)));
        if let Some((path, aside)) = &before {
            fs::rename(path, aside).map_err(|error| self.unreadable(&error))?;
        }
        let place = if from.is_dir() { name.to_string() } else { format!("{name}.zip") };
        fs::rename(from, self.folder.join(place)).map_err(|error| {
            if let Some((path, aside)) = &before {
                let _ = fs::rename(aside, path);
            }
            self.unreadable(&error)
        })?;
        self.find(name).ok_or_else(|| Error::FileMissing { file: self.folder.join(name).display().to_string() })
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        Error::FileUnreadable { file: self.folder.display().to_string(), reason: error.to_string() }
    }
}

/// A folder of the store for what is not yet a model.
pub(crate) struct Unfinished {
    pub(crate) path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether a model may have this name: letters, digits, `.`, `_` and `-`, and no dot at first.
///
/// # Errors
/// `option_invalid`.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let one = Path::new(name).components().eq([Component::Normal(name.as_ref())]);
    if one && name.chars().all(plain) && !name.starts_with('.') {
        return Ok(());
    }
    let reason = format!("{name:?} is no name for a model: letters, digits, '.', '_' and '-', with no dot at first");
    Err(Error::OptionInvalid { option: "name".into(), reason })
}
