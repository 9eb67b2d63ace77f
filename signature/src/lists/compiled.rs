//! The four lists, compiled, and their verdict on a frame.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Anchored, Input};

use super::entry::{Entry, LIST_FILES, digest, entries};
use super::file::{ENTRY_LIMIT, ListError, ListProblem, read};
use super::{dialect, names};

/// The lists built into this crate.
pub(super) const BUILT_IN: [&str; 4] = [
    include_str!("../../lists/irrelevant_signature_re.txt"),
    include_str!("../../lists/prefix_signature_re.txt"),
    include_str!("../../lists/signature_sentinels.txt"),
    include_str!("../../lists/signatures_with_line_numbers_re.txt"),
];

/// Maximum compiled size of lists, in bytes.
const COMPILED_LIMIT: usize = 8 * 1024 * 1024;

/// When the lists together are too big, an entry whose own compiled form exceeds this many bytes is blamed.
const ENTRY_COMPILED_LIMIT: usize = COMPILED_LIMIT / 8;

/// A verdict on a frame, and the entry that gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict<'a> {
    /// It is irrelevant.
    Irrelevant(&'a Arc<Entry>),
    /// It belongs to the signature, and so does the frame after it.
    Prefix(&'a Arc<Entry>),
}

/// The four lists, compiled.
#[derive(Debug)]
pub struct Lists {
    /// The irrelevant entries, followed by the prefixes.
    verdicts: List,
    line_numbers: List,
    sentinels: HashMap<String, Arc<Entry>>,
    longest_sentinel: usize,
    folder: Option<String>,
    sha256: String,
}

impl Lists {
    /// Returns the lists built into this crate.
    pub fn built_in() -> Self {
        Self::compile(BUILT_IN, None).expect("a test compiles the lists of this crate")
    }

    /// Reads the four lists of a folder, [`LIST_FILES`]. An empty list matches nothing.
    ///
    /// # Errors
    /// If a file is missing or has an unusable entry.
    pub fn load(folder: &Path) -> Result<Self, ListError> {
        let texts = Self::read(folder)?;
        Self::compile(texts.each_ref().map(String::as_str), Some(folder))
    }

    /// Reads the texts of the four lists of a folder, in the order of [`LIST_FILES`], without interpreting them.
    ///
    /// # Errors
    /// If a file is missing, too big or not UTF-8.
    pub fn read(folder: &Path) -> Result<[String; 4], ListError> {
        let mut texts: [String; 4] = Default::default();
        for (text, name) in texts.iter_mut().zip(LIST_FILES) {
            *text = read(&folder.join(name))?;
        }
        Ok(texts)
    }

    /// Compiles the texts of the four lists, in the order of [`LIST_FILES`].
    ///
    /// # Errors
    /// If an entry is unusable.
    pub fn of_texts(texts: [&str; 4]) -> Result<Self, ListError> {
        Self::compile(texts, None)
    }

    /// Returns the SHA-256 of lists given as text, like [`Lists::sha256`], without compiling them.
    pub fn sha256_of(texts: [&str; 4]) -> String {
        digest(texts)
    }

    /// Returns the SHA-256 of the built-in lists, without compiling them.
    pub fn built_in_sha256() -> String {
        digest(BUILT_IN)
    }

    /// Returns the folder the lists come from; `None` for texts and the built-in ones.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// Returns the identity of the lists: 64 hexadecimal digits, the SHA-256 of their entries. For each file in the
    /// order of [`LIST_FILES`], the input is a line with its name in square brackets, then its distinct entries, sorted
    /// by bytes, one per line. So comments, blank lines and the order of entries do not matter: lists with the same
    /// entries make the same signatures.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns all entries, in the order of [`LIST_FILES`] and of their lines. Of equal sentinels, only the first.
    pub fn entries(&self) -> Vec<&Entry> {
        let mut sentinels: Vec<&Entry> = self.sentinels.values().map(AsRef::as_ref).collect();
        sentinels.sort_unstable_by_key(|entry| entry.line);
        self.verdicts
            .entries
            .iter()
            .map(AsRef::as_ref)
            .chain(sentinels)
            .chain(self.line_numbers.entries.iter().map(AsRef::as_ref))
            .collect()
    }

    /// Returns the number of entries of each list, in the order of [`LIST_FILES`].
    pub fn counts(&self) -> [usize; 4] {
        let entries = self.entries();
        LIST_FILES.map(|file| entries.iter().filter(|entry| entry.file == file).count())
    }

    /// Returns the entries that match any frame, which is hardly ever intended.
    pub fn matching_anything(&self) -> Vec<&Entry> {
        self.entries()
            .into_iter()
            .filter(|entry| entry.file != LIST_FILES[2] && names::matches_anything(entry))
            .collect()
    }

    fn compile(texts: [&str; 4], folder: Option<&Path>) -> Result<Self, ListError> {
        let [irrelevant, prefix, sentinels, line_numbers] = texts;
        let [irrelevant_file, prefix_file, sentinels_file, line_numbers_file] = LIST_FILES;
        for (file, text) in LIST_FILES.into_iter().zip(texts) {
            if entries(file, text).nth(ENTRY_LIMIT).is_some() {
                return Err(ListError {
                    file: path_of(file, folder),
                    line: None,
                    problem: ListProblem::TooMany,
                });
            }
        }
        let mut by_text = HashMap::new();
        for entry in entries(sentinels_file, sentinels) {
            // Of equal entries, the first counts.
            by_text.entry(entry.text.clone()).or_insert_with(|| Arc::new(entry));
        }
        Ok(Self {
            verdicts: List::compile(&[(irrelevant_file, irrelevant), (prefix_file, prefix)], folder)?,
            line_numbers: List::compile(&[(line_numbers_file, line_numbers)], folder)?,
            longest_sentinel: by_text.keys().map(String::len).max().unwrap_or_default(),
            sentinels: by_text,
            folder: folder.map(|folder| folder.display().to_string()),
            sha256: digest(texts),
        })
    }

    /// Returns the verdict on a frame. Irrelevance takes precedence.
    pub(crate) fn verdict(&self, frame: &str) -> Option<Verdict<'_>> {
        let entry = self.verdicts.find(frame)?;
        Some(if entry.file == LIST_FILES[0] {
            Verdict::Irrelevant(entry)
        } else {
            Verdict::Prefix(entry)
        })
    }

    /// Returns the entry that gives a function its line number.
    pub(crate) fn with_line_number(&self, function: &str) -> Option<&Arc<Entry>> {
        self.line_numbers.find(function)
    }

    /// Returns the entry that makes the frames before this one irrelevant.
    pub(crate) fn sentinel(&self, frame: &str) -> Option<&Arc<Entry>> {
        // Most frames are longer, and need no hashing.
        if frame.len() > self.longest_sentinel {
            return None;
        }
        self.sentinels.get(frame)
    }
}

/// Lists of regular expressions, compiled into one automaton that knows which of them matched, so that a long frame is
/// read only once.
#[derive(Debug)]
struct List {
    entries: Vec<Arc<Entry>>,
    regex: Regex,
}

impl List {
    /// Compiles files, given by name and text. Earlier entries take precedence.
    fn compile(files: &[(&'static str, &str)], folder: Option<&Path>) -> Result<Self, ListError> {
        let unusable = |entry: &Entry, reason: String| ListError {
            file: path_of(entry.file, folder),
            line: Some(entry.line),
            problem: ListProblem::Entry {
                entry: entry.text.clone(),
                reason,
            },
        };
        let mut list = Vec::new();
        let mut patterns = Vec::new();
        for entry in files.iter().flat_map(|(file, text)| entries(file, text)) {
            let pattern = dialect::translate(&entry.text).map_err(|reason| unusable(&entry, reason.to_owned()))?;
            patterns.push(pattern);
            list.push(Arc::new(entry));
        }
        let regex = Regex::builder()
            .configure(config(COMPILED_LIMIT))
            .build_many(&patterns)
            .map_err(|error| {
                let entry = error.pattern().and_then(|id| list.get(id.as_usize()));
                match (entry, error.syntax_error()) {
                    (Some(entry), Some(syntax)) => unusable(entry, one_line(syntax)),
                    (Some(entry), None) => unusable(entry, error.to_string()),
                    (None, _) => match first_too_big(&patterns).and_then(|at| list.get(at)) {
                        Some(entry) => {
                            unusable(entry, "it is too big: what it repeats, it repeats too often".to_owned())
                        }
                        None => ListError {
                            file: path_of(files.first().map_or("", |(file, _)| file), folder),
                            line: None,
                            problem: ListProblem::Uncompilable(error.to_string()),
                        },
                    },
                }
            })?;
        Ok(Self { entries: list, regex })
    }

    /// Returns the first entry that matches at the start of the text.
    fn find(&self, text: &str) -> Option<&Arc<Entry>> {
        let input = Input::new(text).anchored(Anchored::Yes);
        let found = self.regex.search_half(&input)?;
        self.entries.get(found.pattern().as_usize())
    }
}

/// Returns the last line of a syntax error, which names it; the others draw the expression.
fn one_line(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// Returns the compiler's settings: only where an anchored match ends is ever needed.
fn config(limit: usize) -> meta::Config {
    meta::Config::new()
        .nfa_size_limit(Some(limit))
        .which_captures(WhichCaptures::Implicit)
        .auto_prefilter(false)
}

/// Returns the first expression that is too big on its own.
fn first_too_big(patterns: &[String]) -> Option<usize> {
    let config = config(ENTRY_COMPILED_LIMIT);
    patterns.iter().position(|pattern| {
        let built = Regex::builder().configure(config.clone()).build(pattern);
        built.is_err()
    })
}

fn path_of(file: &str, folder: Option<&Path>) -> PathBuf {
    folder.map_or_else(|| PathBuf::from(file), |folder| folder.join(file))
}
