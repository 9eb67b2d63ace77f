//! Why a job could not be done, and whether to retry it.

use buildinfo::lookup::LookupError;
use crashstore::StoreError;
use platform::blobs::BlobError;
use platform::db::DbError;

/// Why a job could not be done.
#[derive(Debug)]
pub(super) enum Problem {
    /// A part of the system is not available; it may be later.
    Later(&'static str),
    /// It will never work.
    Never(&'static str),
    /// Another worker has the job, or the crash was deleted.
    ClaimLost,
    /// The crash was deleted before the work began.
    Deleted,
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        if error.is_refusal() {
            // The error's text may quote the value.
            tracing::error!("the database refuses what was found about a crash");
            return Self::Never("the database refuses a value");
        }
        tracing::warn!(%error, "the database failed a job");
        Self::Later("the database failed")
    }
}

impl From<LookupError> for Problem {
    fn from(error: LookupError) -> Self {
        tracing::warn!(%error, "a build could not be looked up");
        Self::Later("the build could not be looked up")
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { .. } => Self::Never("an object is too large"),
            error => {
                tracing::warn!(%error, "the blob store failed a job");
                Self::Later("the blob store failed")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Blob(error) => error.into(),
            StoreError::Database(error) => error.into(),
            StoreError::Damaged(_) => Self::Never("an object is damaged"),
        }
    }
}
