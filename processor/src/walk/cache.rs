//! The parsed symbol files of one child, bounded by the size of their text.
//!
//! Parsing dominates a walk (about 5 s for each GB of text, against milliseconds for the walk itself), so parsed files
//! are kept between crashes. A parsed file takes about 2.2 times the memory of its text.
//!
//! The absence of a file is never cached: checking costs microseconds, and a file that has arrived since is found at
//! once. A file that has changed is parsed again.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use minidump_unwind::SymbolFile;

use crate::symbol_key::SymbolKey;

/// Maximum bytes of a symbol file's first line.
const FIRST_LINE_LIMIT: u64 = 4_096;

/// The result of looking for a module's symbols.
#[derive(Clone)]
pub(super) enum Symbols {
    /// The symbols.
    Loaded(Arc<SymbolFile>),
    /// There is a file, but it is unusable: not a symbol file, or one of another build.
    Corrupt,
    /// There is no file, or no room for it.
    Missing,
}

/// See the module's description.
pub(super) struct SymbolCache {
    roots: Vec<PathBuf>,
    /// Read after them, for the current dump.
    further: Vec<PathBuf>,
    /// Maximum bytes of text held.
    budget: u64,
    entries: HashMap<SymbolKey, Entry>,
    /// Bytes of text held.
    held: u64,
    /// The number of the current walk.
    walk: u64,
    /// Files parsed for the current crash.
    parsed: u32,
}

struct Entry {
    /// `None`: the file is corrupt.
    symbols: Option<Arc<SymbolFile>>,
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
    /// The last walk that used it.
    used: u64,
}

impl SymbolCache {
    /// A cache of at most `budget` bytes of symbol text, read from the first of `roots` that has the file.
    pub(super) fn new(roots: Vec<PathBuf>, budget: u64) -> Self {
        Self {
            roots,
            further: Vec::new(),
            budget,
            entries: HashMap::new(),
            held: 0,
            walk: 0,
            parsed: 0,
        }
    }

    /// Has the files of these folders, too, for the next dump, and no longer those of the one before.
    pub(super) fn also_read(&mut self, roots: Vec<PathBuf>) {
        self.further = roots;
    }

    /// Starts a walk. Files used in a walk are kept until the next one starts: if a crash's symbols do not all fit, its
    /// last modules go without, instead of the same files being parsed over and over.
    pub(super) fn begin_walk(&mut self) {
        self.walk += 1;
    }

    /// The number of files parsed since the last call.
    pub(super) fn take_parsed(&mut self) -> u32 {
        std::mem::take(&mut self.parsed)
    }

    /// The symbols that `key` names.
    pub(super) fn get(&mut self, key: &SymbolKey) -> Symbols {
        let Some((path, bytes, modified)) = self.find(key) else {
            self.remove(key);
            return Symbols::Missing;
        };
        if let Some(entry) = self.entries.get_mut(key)
            && entry.path == path
            && entry.bytes == bytes
            && entry.modified == modified
        {
            entry.used = self.walk;
            return answer(entry.symbols.as_ref());
        }
        self.remove(key);
        if !self.make_room(bytes) {
            return Symbols::Missing;
        }
        self.parsed += 1;
        let symbols = parse(&path, key).map(Arc::new);
        let found = answer(symbols.as_ref());
        if symbols.is_some() {
            self.held += bytes;
        }
        self.entries.insert(
            key.clone(),
            Entry {
                symbols,
                path,
                bytes,
                modified,
                used: self.walk,
            },
        );
        found
    }

    fn find(&self, key: &SymbolKey) -> Option<(PathBuf, u64, SystemTime)> {
        self.roots.iter().chain(&self.further).find_map(|root| {
            let mut path = root.clone();
            path.extend(key.path_parts());
            let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((path, metadata.len(), metadata.modified().ok()?))
        })
    }

    fn remove(&mut self, key: &SymbolKey) {
        if let Some(entry) = self.entries.remove(key)
            && entry.symbols.is_some()
        {
            self.held -= entry.bytes;
        }
    }

    /// Drops files not used in this walk, least recently used first, until `bytes` more fit; false if they cannot.
    fn make_room(&mut self, bytes: u64) -> bool {
        while self.held.saturating_add(bytes) > self.budget {
            let Some(oldest) = self
                .entries
                .iter()
                .filter(|(_, entry)| entry.symbols.is_some() && entry.used < self.walk)
                .min_by_key(|(key, entry)| (entry.used, *key))
                .map(|(key, _)| key.clone())
            else {
                return false;
            };
            self.remove(&oldest);
        }
        true
    }
}

fn answer(symbols: Option<&Arc<SymbolFile>>) -> Symbols {
    symbols.map_or(Symbols::Corrupt, |symbols| Symbols::Loaded(Arc::clone(symbols)))
}

/// Parses a symbol file; `None` if it is not one, or holds another build's symbols, or makes the parser panic.
fn parse(path: &Path, key: &SymbolKey) -> Option<SymbolFile> {
    let mut first_line = String::new();
    BufReader::new(File::open(path).ok()?.take(FIRST_LINE_LIMIT))
        .read_line(&mut first_line)
        .ok()?;
    if !key.matches_module_line(&first_line) {
        return None;
    }
    // Nothing is shared with the parser, so nothing can be left half changed.
    catch_unwind(AssertUnwindSafe(|| SymbolFile::from_file(path).ok()))
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 3] = [
        "11111111111111111111111111111111A",
        "22222222222222222222222222222222B",
        "33333333333333333333333333333333C",
    ];

    fn key(index: usize) -> SymbolKey {
        SymbolKey::new("xul.pdb", IDS[index]).unwrap()
    }

    fn store(root: &Path, index: usize, text: &str) {
        let path = root.join(key(index).path_parts().join("/"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(index: usize) -> String {
        format!("MODULE windows x86_64 {} xul.pdb\nPUBLIC 1000 0 f\n", IDS[index])
    }

    fn kind(symbols: &Symbols) -> &'static str {
        match symbols {
            Symbols::Loaded(_) => "loaded",
            Symbols::Corrupt => "corrupt",
            Symbols::Missing => "missing",
        }
    }

    #[test]
    fn a_file_is_parsed_once_and_again_when_it_has_changed() {
        let root = tempfile::tempdir().unwrap();
        let mut cache = SymbolCache::new(vec![root.path().to_owned()], 1 << 20);
        assert_eq!(kind(&cache.get(&key(0))), "missing");
        store(root.path(), 0, &text(0));
        for _ in 0..3 {
            cache.begin_walk();
            assert_eq!(kind(&cache.get(&key(0))), "loaded");
        }
        assert_eq!(cache.take_parsed(), 1);
        store(root.path(), 0, &(text(0) + "PUBLIC 2000 0 g\n"));
        assert_eq!(kind(&cache.get(&key(0))), "loaded");
        assert_eq!(cache.take_parsed(), 1);
    }

    #[test]
    fn the_first_root_that_has_the_file_answers() {
        let (empty, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        store(full.path(), 0, &text(0));
        let roots = vec![empty.path().to_owned(), full.path().to_owned()];
        let mut cache = SymbolCache::new(roots, 1 << 20);
        assert_eq!(kind(&cache.get(&key(0))), "loaded");
    }

    #[test]
    fn each_dump_has_folders_of_its_own() {
        let (all, one) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        store(all.path(), 0, &text(0));
        store(one.path(), 1, &text(1));
        let mut cache = SymbolCache::new(vec![all.path().to_owned()], 1 << 20);
        for (roots, expected) in [
            (vec![], ["loaded", "missing"]),
            (vec![one.path().to_owned()], ["loaded", "loaded"]),
            (vec![all.path().to_owned()], ["loaded", "missing"]),
        ] {
            cache.also_read(roots);
            cache.begin_walk();
            assert_eq!([0, 1].map(|nth| kind(&cache.get(&key(nth)))), expected);
        }
    }

    #[test]
    fn files_that_are_not_this_modules_symbols_are_corrupt() {
        let root = tempfile::tempdir().unwrap();
        store(root.path(), 0, &text(1));
        store(root.path(), 1, "");
        store(root.path(), 2, "<html>\n");
        let mut cache = SymbolCache::new(vec![root.path().to_owned()], 1 << 20);
        for index in 0..3 {
            assert_eq!(kind(&cache.get(&key(index))), "corrupt", "{index}");
        }
    }

    #[test]
    fn the_budget_holds_and_a_walk_keeps_what_it_has_used() {
        let root = tempfile::tempdir().unwrap();
        for index in 0..3 {
            store(root.path(), index, &text(index));
        }
        let mut cache = SymbolCache::new(vec![root.path().to_owned()], text(0).len() as u64 * 2);
        let mut ask = |index: usize| kind(&cache.get(&key(index)));
        assert_eq!((ask(0), ask(1)), ("loaded", "loaded"));
        assert_eq!(ask(2), "missing", "both others are in use");
        cache.begin_walk();
        let mut ask = |index: usize| kind(&cache.get(&key(index)));
        assert_eq!((ask(1), ask(2)), ("loaded", "loaded"));
        assert_eq!(cache.take_parsed(), 3);
        cache.begin_walk();
        assert_eq!(kind(&cache.get(&key(1))), "loaded");
        assert_eq!(cache.take_parsed(), 0, "0 was dropped, being the oldest");
    }
}
