//! The rows that a process has: those that are built in, and those that the site's file of products changes or adds.

use std::sync::OnceLock;

use super::rows::{BUILT_IN, Row};

/// The rows in force. Products are positions in them, so they stay as they were when the first one was read.
static ROWS: OnceLock<&'static [Row]> = OnceLock::new();

/// Rows of products came too late: some were read before, or others were installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rows of products are installed once, before any product is named")]
pub struct Late;

/// Every product's row, in the order of lists: those that are built in come first.
pub fn rows() -> &'static [Row] {
    ROWS.get_or_init(|| BUILT_IN)
}

/// Puts these rows in force, which [`super::stated::rows`] made, before anything reads one.
///
/// # Errors
/// See [`Late`].
pub fn install(rows: Vec<Row>) -> Result<(), Late> {
    // Kept for as long as the program runs.
    ROWS.set(Box::leak(rows.into_boxed_slice())).map_err(|_| Late)
}
