//! The signature lists in force: the built-in ones or a site's own.
//!
//! If the setting `processor.siglists` names a folder, nothing else counts. Otherwise the file `siglists/current` of
//! the data folder holds the SHA-256 of the lists that were switched on, which are in `siglists/<SHA-256>`. Without
//! that file the built-in lists are in force. If the selected lists are missing or do not match their SHA-256, that is
//! an error; other lists are never used instead.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use signature::{LIST_FILES, ListError, Lists};

use crate::Settings;

/// The file that names the lists that are switched on.
const CURRENT: &str = "current";
/// Prefixes of unfinished files: a folder of lists, and the file that names them.
const UNFINISHED: [&str; 2] = [".new-", ".tmp"];
/// Unfinished files older than this are abandoned.
const ABANDONED: Duration = Duration::from_secs(3600);
/// A larger file is invalid. In bytes.
const CURRENT_LIMIT: u64 = 1024;

/// Where lists come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They are part of the program.
    BuiltIn,
    /// They are in the folder that the setting `processor.siglists` names.
    Setting(PathBuf),
    /// They were switched on, and are in this folder of the data folder.
    SwitchedOn(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::Setting(folder) => {
                write!(f, "{} (the setting processor.siglists)", folder.display())
            }
            Self::SwitchedOn(folder) => write!(f, "{} (switched on)", folder.display()),
        }
    }
}

/// Why no lists are in force, or lists could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum SiglistsError {
    /// A list cannot be used.
    #[error(transparent)]
    List(#[from] ListError),
    /// The file that names the lists cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Current {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file that should name the lists names none.
    #[error("{}: it names no lists; `datil signature lists activate built-in` puts that right", .0.display())]
    NamesNothing(PathBuf),
    /// The lists that are switched on cannot be used.
    #[error(
        "the signature lists that are switched on cannot be used: {problem}; fetch them again, or go back with \
         `datil signature lists activate built-in`"
    )]
    SwitchedOn {
        /// What is wrong with them.
        problem: String,
    },
    /// There are no such lists in the data folder.
    #[error("no lists in {} have a SHA-256 that begins with {start:?}: `datil signature lists show` names those that \
        are there", folder.display())]
    Unknown {
        /// Where lists lie.
        folder: PathBuf,
        /// What was requested.
        start: String,
    },
    /// Several sets of lists match.
    #[error("several lists have a SHA-256 that begins with {0:?}: give more digits")]
    Ambiguous(String),
    /// Something could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The signature lists of a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Siglists {
    setting: Option<PathBuf>,
    folder: PathBuf,
}

impl Siglists {
    /// The lists of a data folder and its settings.
    pub fn of(settings: &Settings, data_dir: &Path) -> Self {
        Self {
            setting: settings.siglists_folder().map(Path::to_owned),
            folder: data_dir.join("siglists"),
        }
    }

    /// The folder that the setting names, if any: then switching lists on has no effect.
    pub fn setting(&self) -> Option<&Path> {
        self.setting.as_deref()
    }

    /// Which lists are in force, without checking whether they are usable.
    ///
    /// # Errors
    /// The file that names them cannot be read, or names none.
    pub fn origin(&self) -> Result<Origin, SiglistsError> {
        if let Some(folder) = &self.setting {
            return Ok(Origin::Setting(folder.clone()));
        }
        let file = self.folder.join(CURRENT);
        let text = match fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Origin::BuiltIn);
            }
            Ok(meta) if meta.len() > CURRENT_LIMIT => {
                return Err(SiglistsError::NamesNothing(file));
            }
            Ok(_) => fs::read_to_string(&file),
            Err(error) => Err(error),
        };
        let text = text.map_err(|source| SiglistsError::Current {
            file: file.clone(),
            source,
        })?;
        let sha256 = text.trim();
        if !is_sha256(sha256) {
            return Err(SiglistsError::NamesNothing(file));
        }
        Ok(Origin::SwitchedOn(self.folder.join(sha256)))
    }

    /// The lists in force, and where they come from.
    ///
    /// # Errors
    /// They are missing or unusable, or, if they were switched on, have changed since.
    pub fn load(&self) -> Result<(Lists, Origin), SiglistsError> {
        let origin = self.origin()?;
        let lists = match &origin {
            Origin::BuiltIn => Lists::built_in(),
            Origin::Setting(folder) => Lists::load(folder)?,
            Origin::SwitchedOn(folder) => {
                let lists = Lists::load(folder).map_err(|error| SiglistsError::SwitchedOn {
                    problem: error.to_string(),
                })?;
                unchanged(folder, lists.sha256())?;
                lists
            }
        };
        Ok((lists, origin))
    }

    /// The SHA-256 of the lists in force, without compiling them.
    ///
    /// # Errors
    /// They are missing, or cannot be read.
    pub fn sha256(&self) -> Result<String, SiglistsError> {
        let (Origin::Setting(folder) | Origin::SwitchedOn(folder)) = self.origin()? else {
            return Ok(Lists::built_in_sha256());
        };
        let texts = Lists::read(&folder)?;
        Ok(Lists::sha256_of(texts.each_ref().map(String::as_str)))
    }

    /// The SHA-256 of all lists in the data folder, whether switched on or not, sorted.
    pub fn installed(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut found: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_sha256(name))
            .collect();
        found.sort_unstable();
        found
    }

    /// The folder where the lists with this SHA-256 belong, whether or not it exists.
    pub fn folder_of(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }

    /// The lists of the data folder whose SHA-256 has this prefix.
    ///
    /// # Errors
    /// None or several match.
    pub fn find(&self, start: &str) -> Result<String, SiglistsError> {
        let start = start.to_ascii_lowercase();
        let mut found = self.installed();
        found.retain(|sha256| !start.is_empty() && sha256.starts_with(&start));
        match (found.pop(), found.pop()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(SiglistsError::Ambiguous(start)),
            (None, _) => Err(SiglistsError::Unknown {
                folder: self.folder.clone(),
                start,
            }),
        }
    }

    /// Stores lists, given as texts in the order of [`LIST_FILES`], in the data folder, without switching them on;
    /// returns their SHA-256. When this returns they are durable. Lists already there are left alone; damaged ones are
    /// replaced.
    ///
    /// # Errors
    /// They are unusable, or cannot be written.
    pub fn install(&self, texts: [&str; 4]) -> Result<String, SiglistsError> {
        let sha256 = Lists::of_texts(texts)?.sha256().to_owned();
        let target = self.folder.join(&sha256);
        let whole = Lists::load(&target).is_ok_and(|lists| lists.sha256() == sha256);
        if whole {
            return Ok(sha256);
        }
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| SiglistsError::Write { path, source }
        };
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        // The folder may be new.
        let data = self.folder.parent().unwrap_or(Path::new(""));
        sync(data).map_err(failed(data))?;
        self.remove_abandoned();
        let made = tempfile::Builder::new()
            .prefix(UNFINISHED[0])
            .tempdir_in(&self.folder)
            .map_err(failed(&self.folder))?;
        for (name, text) in LIST_FILES.into_iter().zip(texts) {
            let path = made.path().join(name);
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
            written.map_err(failed(&path))?;
        }
        // Temporary folders are private to their creator, but other users' processors read lists.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let readable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(made.path(), readable).map_err(failed(made.path()))?;
        }
        sync(made.path()).map_err(failed(made.path()))?;
        match fs::remove_dir_all(&target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&target)(error));
            }
            _ => {}
        }
        if let Err(error) = fs::rename(made.path(), &target) {
            // Another process may have stored the same lists in the meantime.
            if !Lists::load(&target).is_ok_and(|lists| lists.sha256() == sha256) {
                return Err(failed(&target)(error));
            }
        }
        sync(&self.folder).map_err(failed(&self.folder))?;
        Ok(sha256)
    }

    /// Removes what processes left that were killed while writing. Failures are ignored: nothing depends on it.
    fn remove_abandoned(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let unfinished = UNFINISHED.iter().any(|prefix| name.starts_with(prefix));
            let changed = entry.metadata().and_then(|meta| meta.modified());
            let age = changed.ok().and_then(|changed| changed.elapsed().ok());
            if !unfinished || age.is_none_or(|age| age < ABANDONED) {
                continue;
            }
            let path = entry.path();
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }

    /// Switches on lists of the data folder, by their full SHA-256. Running processors use them within seconds.
    ///
    /// # Errors
    /// They are missing or unusable, or the switch cannot be written.
    pub fn activate(&self, sha256: &str) -> Result<(), SiglistsError> {
        let folder = self.folder.join(sha256);
        let lists = Lists::load(&folder)?;
        unchanged(&folder, lists.sha256())?;
        let path = self.folder.join(CURRENT);
        let written = tempfile::Builder::new().prefix(UNFINISHED[1]).tempfile_in(&self.folder);
        let written = written.and_then(|mut file| {
            writeln!(file, "{sha256}")?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
            }
            file.as_file().sync_all()?;
            file.persist(&path)?;
            sync(&self.folder)
        });
        written.map_err(|source| SiglistsError::Write { path, source })
    }

    /// Returns to the built-in lists; those that were switched on stay in the data folder.
    ///
    /// # Errors
    /// The switch cannot be written.
    pub fn deactivate(&self) -> Result<(), SiglistsError> {
        let path = self.folder.join(CURRENT);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed
                .and_then(|()| sync(&self.folder))
                .map_err(|source| SiglistsError::Write { path, source }),
        }
    }
}

/// Checks that lists of the data folder still match the SHA-256 they are named by.
fn unchanged(folder: &Path, sha256: &str) -> Result<(), SiglistsError> {
    if folder.file_name().is_some_and(|name| name == sha256) {
        return Ok(());
    }
    Err(SiglistsError::SwitchedOn {
        problem: format!("{}: they were changed, to the SHA-256 {sha256}", folder.display()),
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> std::io::Result<()> {
    // A relative path of one part has an empty parent.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
