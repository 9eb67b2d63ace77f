//! The table `import_run`.

use builds::policy::Policy;
use builds::said::observation::SourceName;
use platform::clock;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::lease::Writes;
use super::page::Page;
use super::placeholders::quoted;

/// One stored import.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Run {
    /// Its start, microseconds UTC; higher than that of any earlier run.
    pub id: i64,
    /// What was read: `auto`, or one source.
    pub source: String,
    /// What was decided about the sources, and why: a [`Policy`] as JSON; empty while the run is in progress.
    #[serde(serialize_with = "as_json")]
    pub policy: String,
    /// When it began, microseconds UTC.
    pub started: i64,
    /// When it ended, microseconds UTC; none while it runs, or if it was killed.
    pub ended: Option<i64>,
    /// `running`, `complete`, `partial` (a source failed), `failed`, `stopped` (on request), or `broken` (it was
    /// killed, or failed on our side).
    pub outcome: String,
    /// Requests made.
    pub requests: i64,
    /// Records read.
    pub records: i64,
    /// New observations.
    pub new_records: i64,
    /// Observations already known.
    pub unchanged: i64,
    /// Unusable records, and requests that finally failed.
    pub errors: i64,
    /// The generation after it.
    pub generation: i64,
    /// What people should know, one item per line.
    pub notes: String,
}

platform::from_row!(Run {
    id,
    source,
    policy,
    started,
    ended,
    outcome,
    requests,
    records,
    new_records,
    unchanged,
    errors,
    generation,
    notes,
});

const COLUMNS: &str = "id, source, policy, started, ended, outcome, requests, records, new_records, unchanged, \
    errors, generation, notes";

impl Run {
    /// A run that begins now, later than the previous one even on a clock that was set back. It is stored by
    /// [`start_run`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn next(db: &Db, source: &str, policy: String) -> Result<Self, DbError> {
        let now = clock::now_micros();
        let last = recent_runs(db, 1).await?;
        Ok(Self {
            id: last.first().map_or(now, |last| now.max(last.id + 1)),
            started: now,
            source: source.to_owned(),
            policy,
            ..Self::default()
        })
    }

    /// Adds a line to the notes, which people read.
    pub fn note(&mut self, text: &str) {
        if !self.notes.is_empty() {
            self.notes.push('\n');
        }
        self.notes.push_str(text);
    }

    /// What was decided about the sources, and why.
    pub fn policy(&self) -> Policy {
        serde_json::from_str(&self.policy).unwrap_or_default()
    }
}

fn as_json<S: serde::Serializer>(policy: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let policy: Policy = serde_json::from_str(policy).unwrap_or_default();
    policy.serialize(serializer)
}

/// Stores that a run began, under the right to import: any other run still marked as running was killed.
///
/// # Errors
/// The database failed.
pub async fn start_run(to: &impl Writes, run: &Run) -> Result<(), DbError> {
    const SQL: &str = "\
        INSERT INTO import_run (id, source, policy, started, outcome, requests, records, new_records, unchanged, \
        errors, generation, notes) \
        VALUES ($1, $2, $3, $4, 'running', 0, 0, 0, 0, 0, 0, '')";
    const KILLED: &str = "UPDATE import_run SET outcome = 'broken' WHERE outcome = 'running' AND id <> $1";
    let mut tx = to.begin_import().await?;
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
    const SQL: &str = "UPDATE import_run \
        SET ended = $2, outcome = $3, requests = $4, records = $5, new_records = $6, unchanged = $7, errors = $8, \
        generation = $9, notes = $10, policy = $11 \
        WHERE id = $1";
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

/// The newest runs, newest first, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn recent_runs(db: &Db, limit: i64) -> Result<Vec<Run>, DbError> {
    Ok(runs_before(db, i64::MAX, limit).await?.rows)
}

/// The runs with ids below `before`, newest first, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn runs_before(db: &Db, before: i64, limit: i64) -> Result<Page<Run>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM import_run WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let mut rows: Vec<Run> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .bind(before)
        .bind(limit.saturating_add(1))
        .fetch_all(pool)
        .await)?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page { rows, more })
}

/// When the newest run that read sources began, microseconds UTC; none if there never was one.
///
/// # Errors
/// The database failed.
pub async fn last_import(db: &Db) -> Result<Option<i64>, DbError> {
    Ok(newest_import(db).await?.map(|run| run.started))
}

/// The newest run that read sources; none if there never was one.
///
/// # Errors
/// The database failed.
pub async fn newest_import(db: &Db) -> Result<Option<Run>, DbError> {
    Ok(recent_imports(db, 1).await?.pop())
}

/// The newest run that read sources and had them all; none if there never was one.
///
/// # Errors
/// The database failed.
pub async fn last_complete_import(db: &Db) -> Result<Option<Run>, DbError> {
    Ok(of_sources(db, "AND outcome = 'complete'", 1).await?.pop())
}

/// The newest runs that read sources, newest first, at most `limit`. Those that took in what was handed in, of which
/// there can be very many, are passed over.
///
/// # Errors
/// The database failed.
pub async fn recent_imports(db: &Db, limit: i64) -> Result<Vec<Run>, DbError> {
    of_sources(db, "", limit).await
}

/// Whether a run took in builds that were handed in: announced, or in a table.
///
/// # Errors
/// The database failed.
pub async fn took_in_builds(db: &Db) -> Result<bool, DbError> {
    let handed_in = SourceName::all().filter(|source| source.row().is_handed_in());
    let sql = format!(
        "SELECT id FROM import_run WHERE outcome = 'complete' AND source IN ({}) ORDER BY id DESC LIMIT 1",
        quoted(handed_in.map(SourceName::as_str))
    );
    let found: Option<(i64,)> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .fetch_optional(pool)
        .await)?;
    Ok(found.is_some())
}

async fn of_sources(db: &Db, and: &str, limit: i64) -> Result<Vec<Run>, DbError> {
    let handed_in = SourceName::all().filter(|source| source.row().is_handed_in());
    let sql = format!(
        "SELECT {COLUMNS} FROM import_run WHERE id < $1 AND source NOT IN ({}) {and} ORDER BY id DESC LIMIT $2",
        quoted(handed_in.map(SourceName::as_str))
    );
    Ok(on!(db, |pool| sqlx::query_as(AssertSqlSafe(sql.as_str()))
        .bind(i64::MAX)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// The number of imports of each outcome.
///
/// # Errors
/// The database failed.
pub async fn run_outcomes(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    const SQL: &str = "SELECT outcome, COUNT(*) FROM import_run GROUP BY outcome ORDER BY outcome";
    Ok(on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?)
}
