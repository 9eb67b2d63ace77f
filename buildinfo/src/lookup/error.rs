//! Why a look-up failed.

use std::sync::Arc;

use builds::index::IndexFull;
use platform::db::DbError;
use platform::http::ApiError;

/// A look-up failed.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// There are more builds than an index can hold.
    #[error(transparent)]
    Full(#[from] IndexFull),
    /// The database failed to answer a moment ago, and not every caller asks it again at once.
    #[error("the database does not answer")]
    Away,
    /// The builds are not loaded yet.
    #[error("the builds are being loaded")]
    Loading,
    /// The builds could not be loaded; others waited for the same load.
    #[error(transparent)]
    Load(Arc<LookupError>),
}

impl LookupError {
    /// Whether there are more builds than an index can hold.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Full(_) => true,
            Self::Load(error) => error.is_full(),
            Self::Db(_) | Self::Away | Self::Loading => false,
        }
    }
}

impl From<LookupError> for ApiError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Away => Self::Unavailable("the database does not answer".to_owned()),
            LookupError::Loading => Self::Unavailable("the builds are being loaded; ask again in a moment".to_owned()),
            LookupError::Db(_) | LookupError::Full(_) | LookupError::Load(_) => Self::Internal(error.into()),
        }
    }
}
