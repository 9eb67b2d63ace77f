//! The folder of symbol files from servers, with markers for those that could not be fetched.
//!
//! The layout is that of a Breakpad store. Beside `<name>.sym` there may be the empty files `<name>.sym.missing` (not
//! on any server) and `<name>.sym.failed` (a server returned an error), which are valid for a while. Several processes
//! may share the folder: a file appears whole, by renaming.
//!
//! What one set of servers has says nothing of another, so each has a store of its own: the folder itself is that of
//! the setting's servers, and those of products with others are in it, under [`OTHERS`].

use std::{
    fs::{self, File, FileTimes},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};
use url::Url;

use crate::symbol_key::SymbolKey;

/// The folder of the stores of other servers than the setting's; names of debug files never start with a dot.
const OTHERS: &str = ".servers";

/// How long a marker that no server has the file is valid: symbols of a new build can arrive after its first crash.
const MISSING_FOR: Duration = Duration::from_secs(60 * 60);
/// How long a marker that a server failed is valid.
const FAILED_FOR: Duration = Duration::from_secs(2 * 60);
/// A temporary file older than this belongs to a process that died.
const TEMPORARY_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The precision with which a file's last use is recorded.
const USED_WITHIN: Duration = Duration::from_secs(60 * 60);

/// The prefix of unfinished files; names of debug files never start with a dot.
const TEMPORARY: &str = ".new-";

/// Why a file is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not on any server.
    Missing,
    /// A server failed.
    Failed,
}

impl Mark {
    const ALL: [Self; 2] = [Self::Missing, Self::Failed];

    fn ending(self) -> &'static str {
        match self {
            Self::Missing => ".missing",
            Self::Failed => ".failed",
        }
    }

    fn holds_for(self) -> Duration {
        match self {
            Self::Missing => MISSING_FOR,
            Self::Failed => FAILED_FOR,
        }
    }
}

/// What is known about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Present,
    Marked(Mark),
    Nothing,
}

/// See the module's description.
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store of the setting's servers, which is the folder of all stores.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The store of other servers in the folder of all stores.
    pub(super) fn of_servers(folder: &Path, servers: &[Url]) -> Self {
        let mut digest = Sha256::new();
        for server in servers {
            digest.update(server.as_str());
            digest.update([0]);
        }
        let name = hex::encode(digest.finalize());
        Self::new(folder.join(OTHERS).join(text::cut(&name, 32)))
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known about the file at the time `now`; asking for a file counts as using it.
    pub(super) fn known(&self, key: &SymbolKey, now: SystemTime) -> Known {
        let path = self.path(key);
        if let Ok(metadata) = path.metadata() {
            let used = metadata.accessed().unwrap_or(SystemTime::UNIX_EPOCH);
            if age(used, now) > USED_WITHIN {
                // Set explicitly, because many systems are mounted so that reading a file leaves no trace. If this
                // fails, only the order of removal suffers.
                let _ = File::open(&path).and_then(|file| file.set_times(FileTimes::new().set_accessed(now)));
            }
            return Known::Present;
        }
        Mark::ALL
            .into_iter()
            .find(|&mark| modified(&marked(&path, mark)).is_some_and(|time| age(time, now) < mark.holds_for()))
            .map_or(Known::Nothing, Known::Marked)
    }

    /// Creates a temporary file beside the location of the file that `key` names.
    pub(super) fn begin(&self, key: &SymbolKey) -> io::Result<tempfile::NamedTempFile> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)
    }

    /// Moves a finished file to its location.
    pub(super) fn finish(&self, key: &SymbolKey, file: tempfile::NamedTempFile) -> io::Result<()> {
        let path = self.path(key);
        file.persist(&path)?;
        for mark in Mark::ALL {
            remove(&marked(&path, mark))?;
        }
        Ok(())
    }

    pub(super) fn mark(&self, key: &SymbolKey, mark: Mark) -> io::Result<()> {
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
        // Recreating it gives it the current time.
        File::create(marked(&path, mark)).map(|_| ())
    }

    fn path(&self, key: &SymbolKey) -> PathBuf {
        let mut path = self.folder.clone();
        path.extend(key.path_parts());
        path
    }
}

/// Removes from all stores in `folder` expired markers and what dead processes left, and then the least recently used
/// files until at most `limit` bytes are left.
pub(super) fn prune(folder: &Path, limit: u64, now: SystemTime) -> io::Result<()> {
    let others = folder.join(OTHERS);
    let mut stores = vec![folder.to_owned()];
    if others.is_dir() {
        stores.extend(folders(&others)?);
    }
    let mut files = Vec::new();
    for store in stores {
        for name in folders(&store)?.into_iter().filter(|name| *name != others) {
            for id in folders(&name)? {
                for entry in fs::read_dir(&id)? {
                    let entry = entry?;
                    let Ok(metadata) = entry.metadata() else {
                        continue;
                    };
                    let path = entry.path();
                    let since = age(metadata.modified().unwrap_or(now), now);
                    match short_lived(&path) {
                        Some(lifetime) if since > lifetime => remove(&path)?,
                        Some(_) => {}
                        None => {
                            let used = metadata.accessed().unwrap_or(SystemTime::UNIX_EPOCH);
                            files.push((used, path, metadata.len()));
                        }
                    }
                }
                // Only succeeds if the folder is empty.
                let _ = fs::remove_dir(&id);
            }
            let _ = fs::remove_dir(&name);
        }
    }
    files.sort();
    let mut held: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
    for (_, path, bytes) in files {
        if held <= limit {
            break;
        }
        remove(&path)?;
        held -= bytes;
    }
    Ok(())
}

fn marked(path: &Path, mark: Mark) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(mark.ending());
    PathBuf::from(name)
}

/// How long a file other than a symbol file is kept; `None` for symbol files.
fn short_lived(path: &Path) -> Option<Duration> {
    let name = path.file_name()?.to_string_lossy();
    if name.starts_with(TEMPORARY) {
        return Some(TEMPORARY_FOR);
    }
    Mark::ALL
        .into_iter()
        .find(|mark| name.ends_with(mark.ending()))
        .map(Mark::holds_for)
}

fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

fn age(time: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(time).unwrap_or_default()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn key(digit: char) -> SymbolKey {
        SymbolKey::new("xul.pdb", &digit.to_string().repeat(33)).unwrap()
    }

    fn put(store: &Store, key: &SymbolKey, text: &str, used: SystemTime) {
        let mut file = store.begin(key).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        store.finish(key, file).unwrap();
        let times = FileTimes::new().set_accessed(used);
        let file = File::open(store.path(key)).unwrap();
        file.set_times(times).unwrap();
    }

    fn now() -> SystemTime {
        platform::clock::now().into()
    }

    #[test]
    fn marks_hold_for_a_while_and_a_file_ends_them() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let (key, now) = (key('1'), now());
        assert_eq!(store.known(&key, now), Known::Nothing);
        store.mark(&key, Mark::Missing).unwrap();
        for (minutes, expected) in [
            (0, Known::Marked(Mark::Missing)),
            (58, Known::Marked(Mark::Missing)),
            (62, Known::Nothing),
        ] {
            let later = now + Duration::from_secs(minutes * 60);
            assert_eq!(store.known(&key, later), expected, "{minutes}");
        }
        store.mark(&key, Mark::Failed).unwrap();
        put(&store, &key, "MODULE", now);
        assert_eq!(store.known(&key, now), Known::Present);
        let names: Vec<_> = fs::read_dir(store.path(&key).parent().unwrap()).unwrap().collect();
        assert_eq!(names.len(), 1, "the marks are gone");
    }

    #[test]
    fn what_one_set_of_servers_has_says_nothing_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let url = |text: &str| Url::parse(text).unwrap();
        let (one, other) = (url("https://one.example/"), url("https://other.example/"));
        let stores = [
            Store::new(folder.path().to_owned()),
            Store::of_servers(folder.path(), std::slice::from_ref(&one)),
            Store::of_servers(folder.path(), &[one.clone(), other.clone()]),
            Store::of_servers(folder.path(), &[other, one]),
        ];
        let now = now();
        for (nth, store) in stores.iter().enumerate() {
            assert_eq!(store.known(&key('1'), now), Known::Nothing, "{nth}");
            store.mark(&key('1'), Mark::Missing).unwrap();
            let used = now - Duration::from_secs(3_600 * nth as u64);
            put(store, &key('2'), "0123456789", used);
        }
        // They are bounded together.
        prune(folder.path(), 20, now).unwrap();
        let left = stores
            .each_ref()
            .map(|store| store.known(&key('2'), now) == Known::Present);
        assert_eq!(left, [true, true, false, false]);
        assert_eq!(stores[3].known(&key('1'), now), Known::Marked(Mark::Missing));
    }

    #[test]
    fn pruning_keeps_what_was_used_last() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let now = now();
        let before = |hours: u64| now - Duration::from_secs(hours * 3_600);
        for (digit, hours) in [('1', 9), ('2', 30), ('3', 20)] {
            put(&store, &key(digit), "0123456789", before(hours));
        }
        // Asking is using.
        assert_eq!(store.known(&key('2'), now), Known::Present);
        store.mark(&key('4'), Mark::Failed).unwrap();
        let later = now + Duration::from_secs(600);
        prune(folder.path(), 20, later).unwrap();
        let known = |digit| store.known(&key(digit), now);
        assert_eq!(known('1'), Known::Present);
        assert_eq!(known('2'), Known::Present);
        assert_eq!(known('3'), Known::Nothing);
        assert_eq!(known('4'), Known::Nothing);
        assert!(!store.path(&key('4')).parent().unwrap().exists());
    }
}
