//! Why an export failed.

use std::io;

use platform::db::DbError;

/// A failed export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The output could not be written.
    #[error("writing the export: {0}")]
    Write(#[from] io::Error),
}
