//! The entries of a list: the lines that are not comments.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

/// The names of the four files, in the order irrelevant, prefix, sentinels, line numbers.
pub const LIST_FILES: [&str; 4] = [
    "irrelevant_signature_re.txt",
    "prefix_signature_re.txt",
    "signature_sentinels.txt",
    "signatures_with_line_numbers_re.txt",
];

/// An entry of a list. Displays as `file:line: entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of its file, one of [`LIST_FILES`].
    pub file: &'static str,
    /// Its line number, starting at 1.
    pub line: usize,
    /// The entry, as written in the file.
    pub text: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Returns the entries of a list.
pub(super) fn entries(file: &'static str, text: &str) -> impl Iterator<Item = Entry> {
    text.lines().enumerate().filter_map(move |(i, line)| {
        let text = line.trim();
        (!text.is_empty() && !text.starts_with('#')).then(|| Entry {
            file,
            line: i + 1,
            text: text.to_owned(),
        })
    })
}

/// Returns the SHA-256 of the four lists' entries, in hexadecimal; see [`super::Lists::sha256`].
pub(super) fn digest(texts: [&str; 4]) -> String {
    let mut hash = Sha256::new();
    for (file, text) in LIST_FILES.into_iter().zip(texts) {
        hash.update(format!("[{file}]\n"));
        let sorted: BTreeSet<String> = entries(file, text).map(|entry| entry.text).collect();
        for entry in sorted {
            hash.update(entry);
            hash.update("\n");
        }
    }
    hex::encode(hash.finalize())
}
