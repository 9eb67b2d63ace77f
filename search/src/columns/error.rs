//! What can go wrong with an index.

use std::path::{Path, PathBuf};

/// What went wrong with an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its files are damaged, or could not be read or written.
    #[error("the search index: {0}")]
    Files(#[from] tantivy::TantivyError),
    /// Its folder could not be read or written.
    #[error("the search index in {folder}: {error}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Its files are no index of this program.
    #[error("the search index cannot be used: {0}")]
    Damaged(&'static str),
}

impl IndexError {
    pub(super) fn folder(folder: &Path, error: std::io::Error) -> Self {
        Self::Folder {
            folder: folder.to_owned(),
            error,
        }
    }

    pub(super) fn damaged(what: &'static str) -> Self {
        Self::Damaged(what)
    }
}
