//! What can go wrong with an index.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tantivy::TantivyError;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError};

/// Maximum characters of what a library says: it may repeat whole files.
const MAX_TEXT: usize = 300;

/// What went wrong with an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its files are damaged, or could not be read or written.
    #[error("the search index: {}", text::shortened(&text::one_line(&.0.to_string()), MAX_TEXT))]
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

    /// Whether the files themselves are bad, so that they must be made again; otherwise the machine lacks something,
    /// and they may be good.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Folder { .. } => false,
            Self::Files(error) => match error {
                TantivyError::IoError(error)
                | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
                | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: error, .. }) => {
                    !is_of_machine(error)
                }
                TantivyError::LockFailure(..)
                | TantivyError::SystemError(_)
                | TantivyError::OpenWriteError(_)
                | TantivyError::OpenDirectoryError(_) => false,
                _ => true,
            },
        }
    }
}

/// Whether the machine lacks memory, handles, room or rights.
fn is_of_machine(error: &io::Error) -> bool {
    /// `ENFILE` and `EMFILE`: too many open files.
    const TOO_MANY: [i32; 2] = [23, 24];
    matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::OutOfMemory
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::Interrupted
            | ErrorKind::ReadOnlyFilesystem
    ) || error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_a_library_says_is_one_short_line() {
        let error = IndexError::Files(TantivyError::SchemaError("a\nb".repeat(10_000)));
        let said = error.to_string();
        assert!(
            said.starts_with("the search index: ") && said.chars().count() < 400,
            "{said}"
        );
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn damage_is_told_from_what_the_machine_lacks() {
        let io = |error: io::Error| IndexError::Files(TantivyError::IoError(Arc::new(error)));
        for (error, is_damage) in [
            (io(io::Error::from_raw_os_error(24)), false),
            (io(io::Error::from(ErrorKind::PermissionDenied)), false),
            (io(io::Error::from(ErrorKind::StorageFull)), false),
            (io(io::Error::from(ErrorKind::UnexpectedEof)), true),
            (io(io::Error::from(ErrorKind::InvalidData)), true),
            (IndexError::Files(TantivyError::SchemaError(String::new())), true),
            (IndexError::damaged("x"), true),
            (IndexError::folder(Path::new("x"), ErrorKind::NotFound.into()), false),
        ] {
            assert_eq!(error.is_damage(), is_damage, "{error}");
        }
    }
}
