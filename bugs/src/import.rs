//! Reads bugs from a Bugzilla into the tables.
//!
//! The first import reads all bugs with a crash signature; later ones those that are new or changed. Once a day the
//! known ones are asked for again, so that those that nobody may see any more disappear. Each page is stored with the
//! place that it ends at: an import that breaks off goes on there. Only an answer that was read whole removes anything.

mod again;
mod error;
mod lease;
mod pages;
mod run;

use std::time::Duration;

use platform::clock;
use platform::db::Db;
use platform::lease::Lease;
use tokio_util::sync::CancellationToken;

pub use error::ImportError;
pub use run::{Imported, Progress};

use crate::db::{State, state};
use crate::meters;
use crate::settings::Settings;
use lease::with_lease;
use run::Run;

/// Between the beginnings of two imports, microseconds.
pub const EVERY: i64 = 3600 * 1_000_000;
/// After an import with an error the next one comes sooner, microseconds.
pub const AFTER_ERROR: i64 = 600 * 1_000_000;

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether to wait while another process imports.
    pub wait: bool,
    /// Whether to import only if it is time to.
    pub only_if_due: bool,
    /// Whether to ask for all known bugs again, also if that was done today.
    pub again: bool,
    /// The pause before a request that failed is sent again; it doubles.
    pub pause: Duration,
    /// Bugs in one answer: at least 2.
    pub page: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: true,
            only_if_due: false,
            again: false,
            pause: Duration::from_millis(500),
            page: 500,
        }
    }
}

/// When the next import is due, microseconds UTC; the past if it is already.
pub fn due(state: &State, root: &str) -> i64 {
    if state.root != root {
        return 0;
    }
    let last = if state.good >= state.tried {
        state.good.saturating_add(EVERY)
    } else if state.failed >= state.tried {
        state.failed.saturating_add(AFTER_ERROR)
    } else {
        // It was broken off, and goes on.
        state.tried
    };
    last.max(state.again)
}

/// Imports what is new; `None` if only a due import was wanted and none is due.
///
/// # Errors
/// Nothing is asked, another process imports, or something failed: see [`ImportError`]. What was read before stays, and
/// what went wrong with the Bugzilla is stored.
pub async fn import(
    db: &Db,
    settings: &Settings,
    options: &Options,
    owner: &str,
    stop: &CancellationToken,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Imported>, ImportError> {
    let root = settings.root()?.ok_or(ImportError::Off)?;
    let work = async |lease: Lease| {
        let started = clock::now_micros();
        let state = state(lease.db()).await?;
        if options.only_if_due && due(&state, root.as_str()) > started {
            return Ok(None);
        }
        Run::begin(lease, state, &root, options, report, started)
            .await?
            .finish()
            .await
            .map(Some)
    };
    let outcome = with_lease(db, options.wait, owner, stop, report, work).await;
    match &outcome {
        Ok(Some(_)) => meters::IMPORTS.add_with(1, ["complete"]),
        Err(error) if error.is_of_bugzilla() => meters::IMPORTS.add_with(1, ["failed"]),
        _ => {}
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_the_next_import_is_due() {
        let state = |tried, good, failed, again| State {
            root: "r".to_owned(),
            tried,
            good,
            failed,
            again,
            ..State::default()
        };
        for (state, root, expected) in [
            (State::default(), "r", 0),
            (state(5, 5, 0, 0), "r", 5 + EVERY),
            (state(5, 5, 0, 0), "other", 0),
            (state(5, 5, 3, 0), "r", 5 + EVERY),
            (state(9, 5, 12, 0), "r", 12 + AFTER_ERROR),
            (state(9, 5, 12, 2 * AFTER_ERROR), "r", 2 * AFTER_ERROR),
            (state(20, 5, 12, 0), "r", 20),
        ] {
            assert_eq!(due(&state, root), expected, "{state:?}");
        }
    }
}
