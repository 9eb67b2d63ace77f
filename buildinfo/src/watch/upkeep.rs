//! Removing history: conclusions, changes and imports older than anyone may ask about.
//!
//! Builds valid now, and everything needed to answer about a time within the kept days, stay. What leaves the kept days
//! is refused at once and removed a day later, so that a reader already at work can finish.

use platform::db::{Db, DbError};

use crate::db::{self, Removed};
use crate::settings::Settings;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The result of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows of each kind.
    pub removed: Removed,
    /// There may be more: call again after a short while.
    pub more: bool,
}

/// Removes up to 500 rows of each kind that are older than [`Settings::keep_history_days`], each kind in its own short
/// transaction. It may be interrupted anywhere, repeated, and run in several processes at once, beside imports and
/// readers.
///
/// # Errors
/// The database failed; the next call continues.
pub async fn step(db: &Db, settings: &Settings, now: i64) -> Result<Pruned, DbError> {
    if settings.keep_history_days == 0 {
        return Ok(Pruned::default());
    }
    let refused = now.saturating_sub(i64::from(settings.keep_history_days).saturating_mul(DAY));
    let removed = db::remove_history(db, refused, refused.saturating_sub(DAY)).await?;
    Ok(Pruned {
        removed,
        more: removed != Removed::default(),
    })
}
