//! The tables `import_run` and `import_lease`.

use std::time::Duration;

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use serde::Serialize;

use super::Page;
use crate::import::Policy;

/// How long the right to import holds without being renewed.
pub const IMPORT_LEASE: Duration = Duration::from_secs(15);

/// One import, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, sqlx::FromRow)]
pub struct Run {
    /// The moment of its start, microseconds UTC.
    pub id: i64,
    /// What was read: `auto`, or one source.
    pub source: String,
    /// What was decided about the sources, and why: a [`Policy`] as JSON; empty while it runs.
    #[serde(serialize_with = "as_json")]
    pub policy: String,
    /// When it began, microseconds UTC.
    pub started: i64,
    /// When it ended, microseconds UTC; none while it runs, or if it was killed.
    pub ended: Option<i64>,
    /// `running`, `complete`, `partial` (a source failed), `failed`, `stopped` (on request), or
    /// `broken` (it was killed, or failed at our own end).
    pub outcome: String,
    /// Requests made.
    pub requests: i64,
    /// Records read.
    pub records: i64,
    /// Observations that were new.
    pub new_records: i64,
    /// Observations that were known.
    pub unchanged: i64,
    /// Records that could not be used, and requests that failed for good.
    pub errors: i64,
    /// The generation after it.
    pub generation: i64,
    /// What a person should know, one thing a line.
    pub notes: String,
}

impl Run {
    /// What was decided about the sources, and why.
    pub fn policy(&self) -> Policy {
        serde_json::from_str(&self.policy).unwrap_or_default()
    }
}

fn as_json<S: serde::Serializer>(policy: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let policy: Policy = serde_json::from_str(policy).unwrap_or_default();
    policy.serialize(serializer)
}

/// Somebody else imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLease {
    /// Who.
    pub owner: String,
    /// Until when, unless it is renewed; microseconds UTC.
    pub until: i64,
}

fn lease_end(now: i64) -> i64 {
    now + i64::try_from(IMPORT_LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Takes the right to import, or says who has it.
///
/// # Errors
/// The database failed.
pub async fn take_lease(db: &Db, owner: &str, now: i64) -> Result<Result<(), RunLease>, DbError> {
    const TAKE: &str = "INSERT INTO import_lease (name, owner, lease_until) VALUES ('import', $1, $2) ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until WHERE import_lease.lease_until <= $3 OR import_lease.owner = excluded.owner";
    const WHO: &str = "SELECT owner, lease_until FROM import_lease WHERE name = 'import'";
    let mut tx = db.begin().await?;
    let taken = in_tx!(&mut tx, |conn| sqlx::query(TAKE)
        .bind(owner)
        .bind(lease_end(now))
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    if taken == 1 {
        return Ok(Ok(()));
    }
    let who: Option<(String, i64)> =
        on!(db, |pool| sqlx::query_as(WHO).fetch_optional(pool).await)?;
    let (owner, until) = who.unwrap_or_default();
    Ok(Err(RunLease { owner, until }))
}

/// Renews the right to import. `false`: it was lost, and the import must stop.
///
/// # Errors
/// The database failed.
pub async fn renew_lease(db: &Db, owner: &str, now: i64) -> Result<bool, DbError> {
    const SQL: &str =
        "UPDATE import_lease SET lease_until = $2 WHERE name = 'import' AND owner = $1";
    let mut tx = db.begin().await?;
    let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(owner)
        .bind(lease_end(now))
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(rows == 1)
}

/// Gives the right to import back.
///
/// # Errors
/// The database failed.
pub async fn release_lease(db: &Db, owner: &str) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM import_lease WHERE name = 'import' AND owner = $1";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(owner)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Stores that a run began, under the right to import: one that still claims to run was killed.
///
/// # Errors
/// The database failed.
pub async fn start_run(db: &Db, run: &Run) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO import_run (id, source, policy, started, outcome, requests, records, new_records, unchanged, errors, generation, notes) VALUES ($1, $2, $3, $4, 'running', 0, 0, 0, 0, 0, 0, '')";
    const KILLED: &str =
        "UPDATE import_run SET outcome = 'broken' WHERE outcome = 'running' AND id <> $1";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(KILLED)
        .bind(run.id)
        .execute(conn)
        .await
        .map(|_| ()))?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(run.id)
        .bind(&run.source)
        .bind(&run.policy)
        .bind(run.started)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Stores how a run ended, as part of `tx`.
///
/// # Errors
/// The database failed.
pub async fn end_run(tx: &mut Tx, run: &Run) -> Result<(), DbError> {
    const SQL: &str = "UPDATE import_run SET ended = $2, outcome = $3, requests = $4, records = $5, new_records = $6, unchanged = $7, errors = $8, generation = $9, notes = $10, policy = $11 WHERE id = $1";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(run.id)
        .bind(run.ended)
        .bind(&run.outcome)
        .bind(run.requests)
        .bind(run.records)
        .bind(run.new_records)
        .bind(run.unchanged)
        .bind(run.errors)
        .bind(run.generation)
        .bind(&run.notes)
        .bind(&run.policy)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The newest runs first, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn recent_runs(db: &Db, limit: i64) -> Result<Vec<Run>, DbError> {
    Ok(runs_before(db, i64::MAX, limit).await?.rows)
}

/// The runs with a smaller id than `before`, the newest first, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn runs_before(db: &Db, before: i64, limit: i64) -> Result<Page<Run>, DbError> {
    const SQL: &str = "SELECT id, source, policy, started, ended, outcome, requests, records, new_records, unchanged, errors, generation, notes FROM import_run WHERE id < $1 ORDER BY id DESC LIMIT $2";
    let mut rows: Vec<Run> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(before)
        .bind(limit.saturating_add(1))
        .fetch_all(pool)
        .await)?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { rows, more })
}

/// How many imports there were of each outcome.
///
/// # Errors
/// The database failed.
pub async fn run_outcomes(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    const SQL: &str = "SELECT outcome, COUNT(*) FROM import_run GROUP BY outcome ORDER BY outcome";
    Ok(on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?)
}
