//! How far the import of bugs has come, and how the last one went: the row of the table `bug_import`.

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

/// How far the import of bugs has come. Times are microseconds UTC, 0 for never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The root of the Bugzilla that is read; empty before the first import.
    pub root: String,
    /// When its first import began.
    pub begun: i64,
    /// How many bugs the first import has passed, while it is not over.
    pub page_offset: i64,
    /// The highest number among them.
    pub page_last: i64,
    /// Changes before this time are known; 0 until the first import is over.
    pub since: i64,
    /// When it was begun to ask for all known bugs again, while that is not over.
    pub check_begun: i64,
    /// The last one that was asked for.
    pub check_after: i64,
    /// When it was begun the last time that it came to its end.
    pub checked: i64,
    /// When the last import began.
    pub tried: i64,
    /// When the last import ended that had no error: the age of the data.
    pub good: i64,
    /// When the last import with an error ended.
    pub failed: i64,
    /// The error; of interest if it is newer than `good`.
    pub failure: String,
    /// The Bugzilla is not to be asked before this time.
    pub again: i64,
}

platform::from_row!(State {
    root,
    begun,
    page_offset,
    page_last,
    since,
    check_begun,
    check_after,
    checked,
    tried,
    good,
    failed,
    failure,
    again
});

/// How far the import of bugs has come.
///
/// # Errors
/// The database failed.
pub async fn state(db: &Db) -> Result<State, DbError> {
    const SQL: &str = "SELECT root, begun, page_offset, page_last, since, check_begun, check_after, checked, tried, \
            good, failed, failure, again \
        FROM bug_import WHERE name = 'bugzilla'";
    let found = on!(db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await)?;
    Ok(found.unwrap_or_default())
}

/// Stores how far the import has come, in a transaction of its lease.
///
/// # Errors
/// The database failed.
pub async fn store(tx: &mut Tx, state: &State) -> Result<(), DbError> {
    const SQL: &str = "UPDATE bug_import \
        SET root = $1, begun = $2, page_offset = $3, page_last = $4, since = $5, check_begun = $6, check_after = $7, \
            checked = $8, tried = $9, good = $10, failed = $11, failure = $12, again = $13 \
        WHERE name = 'bugzilla'";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(&state.root)
        .bind(state.begun)
        .bind(state.page_offset)
        .bind(state.page_last)
        .bind(state.since)
        .bind(state.check_begun)
        .bind(state.check_after)
        .bind(state.checked)
        .bind(state.tried)
        .bind(state.good)
        .bind(state.failed)
        .bind(&state.failure)
        .bind(state.again)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
