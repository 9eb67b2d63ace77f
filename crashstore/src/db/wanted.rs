//! The table `crash`: the crashes that somebody names, and those that still wait to be processed.

use std::collections::HashMap;

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::summary::State;

/// Maximum crashes that [`unprocessed`] can list, over all pages, and that [`count_unprocessed`] counts.
pub const MOST_UNPROCESSED: i64 = 100_000;

/// What the row of a crash says of it to somebody who wants it processed again.
pub(crate) struct Named {
    pub(crate) state: State,
    pub(crate) duplicate_of: Option<CrashId>,
}

/// The statement of [`named`] for so many crashes.
pub(super) fn named_sql(crashes: usize) -> String {
    let marks: Vec<String> = (1..=crashes).map(|n| format!("${n}")).collect();
    format!(
        "SELECT crash_id, state, duplicate_of FROM crash WHERE crash_id IN ({})",
        marks.join(", ")
    )
}

/// What the rows of these crashes say, a few hundred at most, by their ids.
pub(crate) async fn named(tx: &mut Tx, ids: &[&CrashId]) -> Result<HashMap<String, Named>, DbError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = named_sql(ids.len());
    let rows: Vec<(String, String, Option<String>)> = in_tx!(tx, |conn| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for id in ids {
            query = query.bind(id.as_str());
        }
        query.fetch_all(conn).await
    })?;
    let named = rows.into_iter().map(|(id, state, first)| {
        let named = Named {
            state: State::from_name(&state),
            duplicate_of: first.and_then(|first| first.parse().ok()),
        };
        (id, named)
    });
    Ok(named.collect())
}

/// A crash that is not processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unprocessed {
    /// The crash.
    pub crash_id: String,
    /// When it came in, microseconds UTC.
    pub received: i64,
}

platform::from_row!(Unprocessed { crash_id, received });

/// The statement of [`unprocessed`]. Its parameters: the time, the limit, the offset.
pub(super) fn unprocessed_sql(db: &Db) -> String {
    format!(
        "SELECT crash_id, received FROM crash {} WHERE state = 'received' AND received < $1 \
         ORDER BY received, crash_id LIMIT $2 OFFSET $3",
        db.by_index("crash_unprocessed")
    )
}

/// The statement of [`count_unprocessed`]. Its parameters: the time, the limit.
pub(super) fn count_sql(db: &Db) -> String {
    format!(
        "SELECT COUNT(*) FROM (SELECT 1 FROM crash {} WHERE state = 'received' AND received < $1 \
         ORDER BY received LIMIT $2) AS counted",
        db.by_index("crash_unprocessed")
    )
}

/// At most `limit` crashes that came in before `until` (microseconds UTC) and are not processed, after the first
/// `offset` of them: the oldest first, so that pages stay what they are while more come. They wait, are worked on, or
/// were given up. Deleted ones and later copies are not among them, nor any beyond the first [`MOST_UNPROCESSED`].
///
/// # Errors
/// The database failed.
pub async fn unprocessed(db: &Db, until: i64, limit: i64, offset: i64) -> Result<Vec<Unprocessed>, DbError> {
    let sql = unprocessed_sql(db);
    let limit = limit.min(MOST_UNPROCESSED.saturating_sub(offset)).max(0);
    Ok(on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .bind(until)
        .bind(limit)
        .bind(offset.max(0))
        .fetch_all(pool)
        .await)?)
}

/// How many crashes [`unprocessed`] can list: at most [`MOST_UNPROCESSED`].
///
/// # Errors
/// The database failed.
pub async fn count_unprocessed(db: &Db, until: i64) -> Result<i64, DbError> {
    let sql = count_sql(db);
    Ok(on!(db, |pool| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
        .bind(until)
        .bind(MOST_UNPROCESSED)
        .fetch_one(pool)
        .await)?)
}
