//! The signature lists: which frames are irrelevant, which continue to the next frame, which a signature starts at, and
//! which need their line number.
//!
//! A list is a text file with one entry per line; blank lines and lines that begin with `#` are comments. Entries are
//! regular expressions in Python's dialect that must match at the start of a frame (`|` between them is implied),
//! except sentinels, which must equal the frame.

mod agreement;
mod comparison;
mod compiled;
mod dialect;
mod entry;
mod file;
mod names;
mod treatment;

pub use agreement::{AGREEMENT, Agreement};
pub use comparison::{Comparison, Difference, DifferentName, percent};
pub use compiled::Lists;
pub(crate) use compiled::Verdict;
pub use entry::{Entry, LIST_FILES};
pub use file::{LIST_LIMIT, ListError, ListProblem, text_of};
pub use treatment::{Class, Treatment};

#[cfg(test)]
mod tests;
