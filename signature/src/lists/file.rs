//! Reads the file of a list, and says what is wrong with it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Maximum size of a list, in bytes.
pub const LIST_LIMIT: usize = 1024 * 1024;

/// Maximum entries of a list.
pub(super) const ENTRY_LIMIT: usize = 10_000;

/// Why lists are unusable. Displays as `file:line: problem`.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct ListError {
    /// The file.
    pub file: PathBuf,
    /// The line number, starting at 1, if the problem is in one line.
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
    /// The file is too big for a list.
    #[error("bigger than {LIST_LIMIT} bytes")]
    TooBig,
    /// The list has too many entries.
    #[error("more than {ENTRY_LIMIT} entries")]
    TooMany,
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The entry is not a regular expression, or uses an unsupported feature.
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

/// Reads the text of a list's file.
pub(super) fn read(file: &Path) -> Result<String, ListError> {
    let error = |line, problem| ListError {
        file: file.to_owned(),
        line,
        problem,
    };
    let unreadable = |source| error(None, ListProblem::Unreadable(source));
    // Anything but a regular file, such as a pipe, might never end.
    if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is no file")));
    }
    let limit = u64::try_from(LIST_LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|open| open.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    text_of(bytes).map_err(|(line, problem)| error(line, problem))
}

/// Converts the bytes of a list to text.
///
/// # Errors
/// The problem (too big, or not UTF-8), with its line if it is in one.
pub fn text_of(bytes: Vec<u8>) -> Result<String, (Option<usize>, ListProblem)> {
    if bytes.len() > LIST_LIMIT {
        return Err((None, ListProblem::TooBig));
    }
    String::from_utf8(bytes).map_err(|not_utf8| {
        let valid = not_utf8.utf8_error().valid_up_to();
        let before = not_utf8.as_bytes().iter().take(valid);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        (Some(line), ListProblem::NotUtf8)
    })
}
