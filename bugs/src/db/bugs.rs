//! The tables `bug` and `bug_signature`: what an import writes.

use std::collections::{BTreeMap, BTreeSet};

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

use super::marks::{MANY, marks};
use crate::bug::Bug;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// Bugs that were not known, or are not as they were.
    pub written: u64,
    /// Bugs that were known and are not any more.
    pub removed: u64,
}

impl std::ops::AddAssign for Changed {
    fn add_assign(&mut self, other: Self) {
        self.written += other.written;
        self.removed += other.removed;
    }
}

/// Writes bugs as they are now: what they say, and their signatures, no others. One without signatures is removed.
/// `begun` is the first import from this Bugzilla, microseconds UTC.
///
/// # Errors
/// The database failed.
pub async fn put(tx: &mut Tx, bugs: &[(&Bug, &BTreeSet<String>)], begun: i64) -> Result<Changed, DbError> {
    let mut changed = Changed::default();
    for some in bugs.chunks(MANY) {
        let ids: Vec<i64> = some.iter().map(|(bug, _)| bug.id).collect();
        let mut stored = stored(tx, &ids).await?;
        for (bug, signatures) in some {
            let known = stored.remove(&bug.id).unwrap_or_default();
            if signatures.is_empty() {
                changed.removed += remove(tx, &[bug.id]).await?;
                continue;
            }
            let is_other = put_bug(tx, bug, begun).await?;
            for gone in known.difference(signatures) {
                remove_signature(tx, bug.id, gone).await?;
            }
            for new in signatures.difference(&known) {
                add_signature(tx, bug.id, new).await?;
            }
            changed.written += u64::from(is_other || known != **signatures);
            // A bug may stand in an answer twice.
            stored.insert(bug.id, (*signatures).clone());
        }
    }
    Ok(changed)
}

/// The stored signatures of bugs.
async fn stored(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, BTreeSet<String>>, DbError> {
    let sql = format!(
        "SELECT bug_id, signature FROM bug_signature WHERE bug_id IN ({})",
        marks(ids.len())
    );
    let rows: Vec<(i64, String)> = in_tx!(tx, |conn| {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
        for id in ids {
            query = query.bind(id);
        }
        query.fetch_all(conn).await
    })?;
    let mut stored: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (id, signature) in rows {
        stored.entry(id).or_default().insert(signature);
    }
    Ok(stored)
}

/// Writes the row of a bug, unless it is the same already; returns whether it was written.
async fn put_bug(tx: &mut Tx, bug: &Bug, begun: i64) -> Result<bool, DbError> {
    const SQL: &str = "INSERT INTO bug (id, status, resolution, summary, assigned, keywords, flags, begun) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
        ON CONFLICT (id) DO UPDATE \
        SET status = excluded.status, resolution = excluded.resolution, summary = excluded.summary, \
            assigned = excluded.assigned, keywords = excluded.keywords, flags = excluded.flags, \
            begun = excluded.begun \
        WHERE bug.status <> excluded.status OR bug.resolution <> excluded.resolution \
            OR bug.summary <> excluded.summary OR bug.assigned <> excluded.assigned \
            OR bug.keywords <> excluded.keywords OR bug.flags <> excluded.flags OR bug.begun <> excluded.begun";
    let written = |error: serde_json::Error| DbError::Row(format!("bug {}: {error}", bug.id));
    let keywords = serde_json::to_string(&bug.keywords).map_err(written)?;
    let flags = serde_json::to_string(&bug.flags).map_err(written)?;
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(bug.id)
        .bind(&bug.status)
        .bind(&bug.resolution)
        .bind(&bug.summary)
        .bind(bug.assigned)
        .bind(keywords)
        .bind(flags)
        .bind(begun)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}

async fn add_signature(tx: &mut Tx, id: i64, signature: &str) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO bug_signature (bug_id, signature) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(signature)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

async fn remove_signature(tx: &mut Tx, id: i64, signature: &str) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM bug_signature WHERE bug_id = $1 AND signature = $2";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(signature)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Removes bugs with all that is known of them; returns how many there were.
///
/// # Errors
/// The database failed.
pub async fn remove(tx: &mut Tx, ids: &[i64]) -> Result<u64, DbError> {
    const SIGNATURES: &str = "DELETE FROM bug_signature WHERE bug_id = $1";
    const BUG: &str = "DELETE FROM bug WHERE id = $1";
    let mut removed = 0;
    for id in ids {
        in_tx!(&mut *tx, |conn| sqlx::query(SIGNATURES)
            .bind(id)
            .execute(conn)
            .await
            .map(|_| ()))?;
        removed += in_tx!(&mut *tx, |conn| sqlx::query(BUG)
            .bind(id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
    }
    Ok(removed)
}

/// The next known bugs after the number `after`, at most `limit`, each with the first import that it is from
/// (microseconds UTC).
///
/// # Errors
/// The database failed.
pub async fn ids_after(db: &Db, after: i64, limit: usize) -> Result<Vec<(i64, i64)>, DbError> {
    const SQL: &str = "SELECT id, begun FROM bug WHERE id > $1 ORDER BY id LIMIT $2";
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await)?)
}

/// Whether a stored bug is from another first import than this one, which began at `begun` (microseconds UTC).
///
/// # Errors
/// The database failed.
pub async fn holds_older(db: &Db, begun: i64) -> Result<bool, DbError> {
    const SQL: &str = "SELECT 1 FROM bug WHERE begun <> $1 LIMIT 1";
    let found = on!(db, |pool| sqlx::query(SQL)
        .bind(begun)
        .fetch_optional(pool)
        .await
        .map(|row| row.is_some()))?;
    Ok(found)
}
