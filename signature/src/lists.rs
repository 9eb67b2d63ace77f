//! The signature lists: which frames do not matter, which go on to the next frame, which are the
//! first to look at, and which need their line number.
//!
//! A list is a text file with an entry a line; blank lines and lines that begin with `#` are
//! comments. Entries are regular expressions in Python's dialect that must match at the start of
//! a frame (`|` between them is implied), but for sentinels, which must equal the frame.

mod dialect;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Anchored, Input};
use sha2::{Digest, Sha256};

/// The names of the four files, in the order irrelevant, prefix, sentinels, line numbers.
const FILES: [&str; 4] = [
    "irrelevant_signature_re.txt",
    "prefix_signature_re.txt",
    "signature_sentinels.txt",
    "signatures_with_line_numbers_re.txt",
];

/// The lists that come with this crate.
const BUILT_IN: [&str; 4] = [
    include_str!("../lists/irrelevant_signature_re.txt"),
    include_str!("../lists/prefix_signature_re.txt"),
    include_str!("../lists/signature_sentinels.txt"),
    include_str!("../lists/signatures_with_line_numbers_re.txt"),
];

/// How big a list may be, in bytes.
const FILE_LIMIT: usize = 1024 * 1024;

/// How big the compiled form of lists may get, in bytes.
const COMPILED_LIMIT: usize = 32 * 1024 * 1024;

/// An entry of a list. Displays as `file:line: entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of its file.
    pub file: &'static str,
    /// Its line, the first being 1.
    pub line: usize,
    /// The entry, as it stands in the file.
    pub text: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Why lists cannot be used. Displays as `file:line: problem`.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ListError {
    /// The file.
    pub file: PathBuf,
    /// The line, the first being 1, if the problem is in one.
    pub line: Option<usize>,
    /// What is wrong.
    #[source]
    pub problem: ListProblem,
}

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub enum ListProblem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// The file is bigger than a list may be.
    #[error("bigger than {FILE_LIMIT} bytes")]
    TooBig,
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The entry is no regular expression, or one of a kind that is not supported.
    #[error("`{entry}` cannot be used: {reason}")]
    Entry {
        /// The entry.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All entries together are too big to be compiled.
    #[error("cannot be compiled: {0}")]
    Uncompilable(String),
}

/// What is said of a frame, and the entry that says so.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict<'a> {
    /// It does not matter.
    Irrelevant(&'a Arc<Entry>),
    /// It belongs to the signature, and so does the frame after it.
    Prefix(&'a Arc<Entry>),
}

/// The four lists, compiled.
#[derive(Debug)]
pub struct Lists {
    /// The entries that frames do not matter by, and behind them those of prefixes.
    verdicts: List,
    line_numbers: List,
    sentinels: HashMap<String, Arc<Entry>>,
    longest_sentinel: usize,
    folder: Option<String>,
    version: String,
}

impl Lists {
    /// The lists that come with this crate.
    pub fn built_in() -> Self {
        Self::compile(BUILT_IN, None).expect("a test compiles the lists of this crate")
    }

    /// Reads the four lists of a folder: `irrelevant_signature_re.txt`,
    /// `prefix_signature_re.txt`, `signature_sentinels.txt` and
    /// `signatures_with_line_numbers_re.txt`. An empty list matches nothing.
    ///
    /// # Errors
    /// If a file is missing or has an entry that cannot be used.
    pub fn load(folder: &Path) -> Result<Self, ListError> {
        let mut texts: [String; 4] = Default::default();
        for (text, name) in texts.iter_mut().zip(FILES) {
            *text = read(&folder.join(name))?;
        }
        Self::compile(texts.each_ref().map(String::as_str), Some(folder))
    }

    /// Where the lists come from: a folder, or `None` for the built-in ones.
    pub fn folder(&self) -> Option<&str> {
        self.folder.as_deref()
    }

    /// 16 hexadecimal digits that change with the text of the lists.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn compile(texts: [&str; 4], folder: Option<&Path>) -> Result<Self, ListError> {
        let [irrelevant, prefix, sentinels, line_numbers] = texts;
        let mut hash = Sha256::new();
        for text in texts {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        let version = hash
            .finalize()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut by_text = HashMap::new();
        for entry in entries(FILES[2], sentinels) {
            // Of equal entries the first one counts.
            by_text
                .entry(entry.text.clone())
                .or_insert_with(|| Arc::new(entry));
        }
        Ok(Self {
            verdicts: List::compile(&[(FILES[0], irrelevant), (FILES[1], prefix)], folder)?,
            line_numbers: List::compile(&[(FILES[3], line_numbers)], folder)?,
            longest_sentinel: by_text.keys().map(String::len).max().unwrap_or_default(),
            sentinels: by_text,
            folder: folder.map(|folder| folder.display().to_string()),
            version,
        })
    }

    /// What an entry says of a frame. That it does not matter comes first.
    pub(crate) fn verdict(&self, frame: &str) -> Option<Verdict<'_>> {
        let entry = self.verdicts.find(frame)?;
        Some(if entry.file == FILES[0] {
            Verdict::Irrelevant(entry)
        } else {
            Verdict::Prefix(entry)
        })
    }

    /// The entry by which a function needs its line number.
    pub(crate) fn with_line_number(&self, function: &str) -> Option<&Arc<Entry>> {
        self.line_numbers.find(function)
    }

    /// The entry by which frames before this one do not matter.
    pub(crate) fn sentinel(&self, frame: &str) -> Option<&Arc<Entry>> {
        // Most frames are longer, and need not be hashed.
        if frame.len() > self.longest_sentinel {
            return None;
        }
        self.sentinels.get(frame)
    }
}

/// Lists of regular expressions, compiled into one automaton that knows which of them matched. A
/// frame may be long, and is read once for all of them.
#[derive(Debug)]
struct List {
    entries: Vec<Arc<Entry>>,
    regex: Regex,
}

impl List {
    /// Compiles files by name and text, whose entries count in this order.
    fn compile(files: &[(&'static str, &str)], folder: Option<&Path>) -> Result<Self, ListError> {
        let path = |file| folder.map_or_else(|| PathBuf::from(file), |folder| folder.join(file));
        let unusable = |entry: &Entry, reason: String| ListError {
            file: path(entry.file),
            line: Some(entry.line),
            problem: ListProblem::Entry {
                entry: entry.text.clone(),
                reason,
            },
        };
        let mut list = Vec::new();
        let mut patterns = Vec::new();
        for entry in files.iter().flat_map(|(file, text)| entries(file, text)) {
            let pattern = dialect::translate(&entry.text)
                .map_err(|reason| unusable(&entry, reason.to_owned()))?;
            patterns.push(pattern);
            list.push(Arc::new(entry));
        }
        // Only where an anchored match ends is ever asked for.
        let config = meta::Config::new()
            .nfa_size_limit(Some(COMPILED_LIMIT))
            .which_captures(WhichCaptures::Implicit)
            .auto_prefilter(false);
        let regex = Regex::builder()
            .configure(config)
            .build_many(&patterns)
            .map_err(|error| {
                let entry = error.pattern().and_then(|id| list.get(id.as_usize()));
                match (entry, error.syntax_error()) {
                    (Some(entry), Some(syntax)) => unusable(entry, one_line(syntax)),
                    (Some(entry), None) => unusable(entry, error.to_string()),
                    (None, _) => {
                        let longest = files.iter().max_by_key(|(_, text)| text.len());
                        ListError {
                            file: path(longest.map_or("", |(file, _)| file)),
                            line: None,
                            problem: ListProblem::Uncompilable(error.to_string()),
                        }
                    }
                }
            })?;
        Ok(Self {
            entries: list,
            regex,
        })
    }

    /// The first entry that matches at the start of the text.
    fn find(&self, text: &str) -> Option<&Arc<Entry>> {
        let input = Input::new(text).anchored(Anchored::Yes);
        let found = self.regex.search_half(&input)?;
        self.entries.get(found.pattern().as_usize())
    }
}

/// The last line of a syntax error, which names it; the others draw the expression.
fn one_line(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn entries(file: &'static str, text: &str) -> impl Iterator<Item = Entry> {
    text.lines().enumerate().filter_map(move |(i, line)| {
        let text = line.trim();
        (!text.is_empty() && !text.starts_with('#')).then(|| Entry {
            file,
            line: i + 1,
            text: text.to_owned(),
        })
    })
}

fn read(file: &Path) -> Result<String, ListError> {
    let error = |line, problem| ListError {
        file: file.to_owned(),
        line,
        problem,
    };
    let size = std::fs::metadata(file)
        .map_err(|source| error(None, ListProblem::Unreadable(source)))?
        .len();
    if size > FILE_LIMIT as u64 {
        return Err(error(None, ListProblem::TooBig));
    }
    let bytes =
        std::fs::read(file).map_err(|source| error(None, ListProblem::Unreadable(source)))?;
    String::from_utf8(bytes).map_err(|not_utf8| {
        let valid = &not_utf8.as_bytes()[..not_utf8.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        error(Some(line), ListProblem::NotUtf8)
    })
}

#[cfg(test)]
mod tests;
