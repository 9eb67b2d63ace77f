//! Removing history: what was concluded, changed and imported so long ago that nobody may ask about it any more.
//!
//! Builds that are valid now, and all that a question about a time within the kept days needs, stay. What leaves the
//! kept days is refused at once and removed a day later, so that a reader who had begun can finish.

use platform::db::{Db, DbError};

use crate::db::{self, Removed};
use crate::settings::Settings;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// What one step removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows of each kind.
    pub removed: Removed,
    /// There may be more: call it again, after a little while.
    pub more: bool,
}

/// Removes up to 500 rows of each kind that are older than [`Settings::keep_history_days`], each kind in a short
/// transaction of its own. It may be broken off anywhere, repeated, and run in several processes at once, beside
/// imports and readers.
///
/// # Errors
/// The database failed; the next call goes on.
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
