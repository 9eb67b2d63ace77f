//! Why an import did not start, or failed.

use builds::said::observation::SourceName;
use platform::db::DbError;
use platform::lease::{LeaseHolder, Lost};

/// An import that did not start, or failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Another import is running, and the caller did not want to wait.
    #[error("another import runs: {}", .0.owner)]
    Busy(LeaseHolder),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// A source that no setting has an address for was to be read.
    #[error("there is no address of {0} in the settings")]
    NoAddress(SourceName),
    /// A part of the import ended without doing its work.
    #[error("a part of the import broke off")]
    Task,
    /// It was asked to stop; what was read is kept, and the next import continues.
    #[error("the import was stopped")]
    Stopped,
    /// The right to import was lost because this process was away too long.
    #[error("the import lost its lease")]
    LeaseLost,
}

impl From<Lost> for ImportError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Taken => Self::LeaseLost,
            Lost::Db(error) => error.into(),
        }
    }
}
