//! The table `audit_log`.

use crate::access::audit::{Action, Actor, Entry};
use crate::access::meters::RECORDED;
use crate::db::{Db, DbError, Tx};
use crate::{clock, in_tx, on};

/// Of a longer detail or name the rest is not kept; characters.
const MAX_TEXT: usize = 300;

/// Writes a line into the audit log. What it allows or says must wait until the transaction is committed.
///
/// # Errors
/// The database failed.
pub async fn record(
    tx: &mut Tx,
    by: &Actor,
    action: Action,
    crash_id: Option<&str>,
    detail: &str,
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO audit_log (at, id, who, action, crash_id, detail, origin) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let kept = |text: &str| text::one_line(text::cut(text, MAX_TEXT));
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(clock::now_micros())
        .bind(hex::encode(rand::random::<[u8; 8]>()))
        .bind(kept(&by.who))
        .bind(action.name())
        .bind(crash_id.unwrap_or_default())
        .bind(kept(detail))
        .bind(kept(&by.origin))
        .execute(conn)
        .await
        .map(|_| ()))?;
    RECORDED.add_with(1, [action.name()]);
    Ok(())
}

pub(super) const ALL: &str = "SELECT at, id, who, action, crash_id, detail, origin FROM audit_log \
    WHERE at >= $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
pub(super) const OF_CRASH: &str = "SELECT at, id, who, action, crash_id, detail, origin FROM audit_log \
    WHERE crash_id = $5 AND at >= $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";

/// Lines of the audit log from `since` on, microseconds UTC, the newest first, those of one crash if `crash_id` is not
/// empty. `before` is the last line that was read: its time and id.
///
/// # Errors
/// The database failed.
pub async fn entries(
    db: &Db,
    crash_id: &str,
    since: i64,
    before: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let (at, id) = before.unwrap_or((i64::MAX, ""));
    Ok(if crash_id.is_empty() {
        on!(db, |pool| sqlx::query_as(ALL)
            .bind(since)
            .bind(at)
            .bind(id)
            .bind(limit)
            .fetch_all(pool)
            .await)?
    } else {
        on!(db, |pool| sqlx::query_as(OF_CRASH)
            .bind(since)
            .bind(at)
            .bind(id)
            .bind(limit)
            .bind(crash_id)
            .fetch_all(pool)
            .await)?
    })
}
