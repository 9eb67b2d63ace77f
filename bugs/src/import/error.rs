//! Why an import failed.

use platform::config::ConfigError;
use platform::db::DbError;
use platform::lease::{LeaseHolder, Lost};

use super::pages::MAX_PAGES;
use crate::bugzilla::BugzillaError;

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No Bugzilla is set.
    #[error("bugs.bugzilla_url is empty: no bugs are read")]
    Off,
    /// The address cannot be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Another process imports, and waiting was not wanted.
    #[error("bugs are being imported by {}", .0.owner)]
    Busy(LeaseHolder),
    /// It was asked to stop. The next import goes on.
    #[error("the import was stopped; the next one goes on")]
    Stopped,
    /// Another process took over.
    #[error("another process took over the import")]
    LeaseLost,
    /// The HTTP client could not be made.
    #[error("an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// The Bugzilla could not be read.
    #[error(transparent)]
    Bugzilla(#[from] BugzillaError),
    /// The Bugzilla's list has no end.
    #[error("the Bugzilla's list does not end within {MAX_PAGES} pages")]
    Endless,
    /// The Bugzilla answered about bugs that it was not asked about.
    #[error("the Bugzilla answers about other bugs than those it was asked about: nothing was removed")]
    Others,
    /// Too many known bugs were missing in an answer for that to be believed.
    #[error(
        "the Bugzilla does not show {missing} of {asked} known bugs any more, which is not believed: none of them was \
         removed (`datil bugs import --again` believes it)"
    )]
    Missing {
        /// How many were missing.
        missing: usize,
        /// How many were asked for.
        asked: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<Lost> for ImportError {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Taken => Self::LeaseLost,
            Lost::Db(error) => error.into(),
        }
    }
}

impl ImportError {
    /// Whether it is about the Bugzilla, and so is stored for others to read.
    pub(crate) fn is_of_bugzilla(&self) -> bool {
        match self {
            Self::Bugzilla(_) | Self::Endless | Self::Others | Self::Missing { .. } => true,
            Self::Off
            | Self::Settings(_)
            | Self::Busy(_)
            | Self::Stopped
            | Self::LeaseLost
            | Self::Client(_)
            | Self::Db(_) => false,
        }
    }
}
