//! The table `job`.
//!
//! `state` is 0 (ready), 1 (claimed) or 2 (given up). Pushes during a claim are kept in `again_kind`, `again_lane` and
//! `again_run_at`, which are empty in every other state: the end of a claim applies them.

use sqlx::AssertSqlSafe;

use super::claim::{Claimant, LEASE};
use super::job::{FailedJob, Job, JobState, JobStatus, Kind};
use super::lanes::{ALL, Lane};
use crate::db::{Db, DbError, Tx};
use crate::{clock, in_tx, on};

/// Maximum jobs of a lane counted.
pub const MOST_COUNTED: i64 = 10_000;

/// Upgrades an existing job; a claimed one is marked for another round.
const PUSH: &str = "\
INSERT INTO job
  (crash_id, lane, kind, state, run_at, pushed, lease_until, owner, claims, failures, walker_deaths, last_error)
VALUES ($1, $2, $3, 0, $4, $5, 0, '', 0, 0, 0, '')
ON CONFLICT (crash_id) DO UPDATE SET
  lane = CASE WHEN job.state = 2 OR (job.state = 0 AND excluded.lane < job.lane) THEN excluded.lane ELSE job.lane END,
  kind = CASE WHEN job.state <> 1 AND excluded.kind > job.kind THEN excluded.kind ELSE job.kind END,
  run_at = CASE
    WHEN job.state = 2 OR (job.state = 0 AND excluded.run_at < job.run_at) THEN excluded.run_at
    ELSE job.run_at END,
  again_lane = CASE WHEN job.state = 1 THEN
    CASE WHEN job.again_lane < excluded.lane THEN job.again_lane ELSE excluded.lane END END,
  again_kind = CASE WHEN job.state = 1 THEN
    CASE WHEN job.again_kind > excluded.kind THEN job.again_kind ELSE excluded.kind END END,
  again_run_at = CASE WHEN job.state = 1 THEN
    CASE WHEN job.again_run_at < excluded.run_at THEN job.again_run_at ELSE excluded.run_at END END,
  pushed = CASE WHEN job.state = 2 THEN excluded.pushed ELSE job.pushed END,
  claims = CASE WHEN job.state = 2 THEN 0 ELSE job.claims END,
  failures = CASE WHEN job.state = 2 THEN 0 ELSE job.failures END,
  walker_deaths = CASE WHEN job.state = 2 THEN 0 ELSE job.walker_deaths END,
  state = CASE WHEN job.state = 2 THEN 0 ELSE job.state END";

/// Merges pushes during the claim into the unfinished job.
const BOTH_PUSHES: &str = "\
kind = CASE WHEN again_kind > kind THEN again_kind ELSE kind END, \
lane = CASE WHEN again_lane < lane THEN again_lane ELSE lane END, \
again_kind = NULL, again_lane = NULL, again_run_at = NULL";

/// The condition of a statement on one claimed job: the crash is `$1`, the claim `$2`.
const CLAIMED: &str = "WHERE crash_id = $1 AND owner = $2 AND state = 1";

/// Queues a crash for work, due now.
///
/// # Errors
/// The database failed.
pub async fn push(tx: &mut Tx, crash_id: &str, kind: Kind, lane: Lane, now: i64) -> Result<(), DbError> {
    push_later(tx, crash_id, kind, lane, now, now).await
}

/// Queues a crash for work, due at `run_at`, microseconds UTC. This does not delay a job that is due earlier.
///
/// # Errors
/// The database failed.
pub async fn push_later(
    tx: &mut Tx,
    crash_id: &str,
    kind: Kind,
    lane: Lane,
    now: i64,
    run_at: i64,
) -> Result<(), DbError> {
    in_tx!(tx, |conn| sqlx::query(PUSH)
        .bind(crash_id)
        .bind(lane.number())
        .bind(kind.number())
        .bind(run_at)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Queues a crash for work, due now, unless it has a job of any kind and state, which stays as it is. Returns whether
/// it was queued.
///
/// # Errors
/// The database failed.
pub async fn push_unless_queued(
    tx: &mut Tx,
    crash_id: &str,
    kind: Kind,
    lane: Lane,
    now: i64,
) -> Result<bool, DbError> {
    const SQL: &str = "\
        INSERT INTO job (crash_id, lane, kind, state, run_at, pushed, lease_until, owner, \
        claims, failures, walker_deaths, last_error) \
        VALUES ($1, $2, $3, 0, $4, $4, 0, '', 0, 0, 0, '') \
        ON CONFLICT (crash_id) DO NOTHING";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(crash_id)
        .bind(lane.number())
        .bind(kind.number())
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Queues a crash that a user is waiting for: a waiting job moves to the lane `priority` and becomes the whole
/// pipeline, a missing one is created. A job that is claimed or given up is left alone: the work need not be done
/// twice.
///
/// # Errors
/// The database failed.
pub async fn hasten(tx: &mut Tx, crash_id: &str, now: i64) -> Result<(), DbError> {
    const SQL: &str = "\
        INSERT INTO job (crash_id, lane, kind, state, run_at, pushed, lease_until, owner, \
        claims, failures, walker_deaths, last_error) \
        VALUES ($1, $2, $3, 0, $4, $4, 0, '', 0, 0, 0, '') \
        ON CONFLICT (crash_id) DO UPDATE \
        SET lane = excluded.lane, run_at = excluded.run_at, kind = excluded.kind \
        WHERE job.state = 0 AND job.lane > excluded.lane";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(crash_id)
        .bind(Lane::Priority.number())
        .bind(Kind::Process.number())
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

struct ClaimedRow {
    crash_id: String,
    lane: i64,
    kind: i64,
    pushed: i64,
    walker_deaths: i64,
    failures: i64,
    claims: i64,
}

crate::from_row!(ClaimedRow {
    crash_id,
    lane,
    kind,
    pushed,
    walker_deaths,
    failures,
    claims
});

/// The statement of [`claim`]. Its parameters: owner, end of the lease, lane, now, limit.
fn claim_sql(db: &Db) -> String {
    format!(
        "UPDATE job SET state = 1, owner = $1, lease_until = $2, claims = claims + 1, {BOTH_PUSHES} \
         WHERE crash_id IN (SELECT crash_id FROM job \
           WHERE lane = $3 AND state < 2 AND run_at <= $4 AND lease_until <= $4 \
           ORDER BY run_at, crash_id LIMIT $5 {}) \
         RETURNING crash_id, lane, kind, pushed, walker_deaths, failures, claims",
        db.skip_locked()
    )
}

/// Claims up to `limit` due jobs, trying the lanes in the given order. A job whose lease expired is due again: its
/// owner died.
///
/// # Errors
/// The database failed.
pub async fn claim(db: &Db, claimant: &Claimant, lanes: &[Lane], limit: i64, now: i64) -> Result<Vec<Job>, DbError> {
    let (sql, name) = (claim_sql(db), claimant.name());
    let mut jobs = Vec::new();
    let mut tx = db.begin().await?;
    for lane in lanes {
        let room = limit - i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        if room <= 0 {
            break;
        }
        let rows: Vec<ClaimedRow> = in_tx!(&mut tx, |conn| sqlx::query_as(AssertSqlSafe(sql.as_str()))
            .bind(&name)
            .bind(lease_end(now))
            .bind(lane.number())
            .bind(now)
            .bind(room)
            .fetch_all(conn)
            .await)?;
        jobs.extend(rows.into_iter().map(|row| Job {
            crash_id: row.crash_id,
            kind: Kind::from_number(row.kind),
            lane: Lane::from_number(row.lane),
            pushed: row.pushed,
            walker_deaths: row.walker_deaths,
            failures: row.failures,
            claim: name.clone(),
            claims: row.claims,
        }));
    }
    tx.commit().await?;
    Ok(jobs)
}

const DUE: &str =
    "SELECT 1 FROM job WHERE lane IN (0, 1, 2, 3) AND state < 2 AND run_at <= $1 AND lease_until <= $1 LIMIT 1";

/// Whether there is a due job: a cheap check before a claim, which writes.
///
/// # Errors
/// The database failed.
pub async fn due(db: &Db, now: i64) -> Result<bool, DbError> {
    let found: Option<i32> = on!(db, |pool| sqlx::query_scalar(DUE).bind(now).fetch_optional(pool).await)?;
    Ok(found.is_some())
}

fn lease_end(now: i64) -> i64 {
    now.saturating_add(clock::micros(LEASE))
}

/// Whether a claim is still held. A later write may still come too late: only the transaction that ends the claim
/// decides.
///
/// # Errors
/// The database failed.
pub async fn held(db: &Db, job: &Job) -> Result<bool, DbError> {
    let sql = format!("SELECT 1 FROM job {CLAIMED}");
    let found: Option<i32> = on!(db, |pool| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
        .bind(&job.crash_id)
        .bind(&job.claim)
        .fetch_optional(pool)
        .await)?;
    Ok(found.is_some())
}

/// Runs a statement that begins with `sql` on one claimed job, with further values bound from `$3` on. Returns whether
/// the claim was still held.
macro_rules! on_claim {
    ($tx:expr, $job:expr, $sql:expr $(, $value:expr)*) => {{
        let sql = format!("{} {CLAIMED}", $sql);
        let rows = in_tx!($tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(&$job.crash_id)
            .bind(&$job.claim)
            $(.bind($value))*
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        rows == 1
    }};
}

/// Renews the lease of a claimed job. Returns `false` if the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn renew(tx: &mut Tx, job: &Job, now: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET lease_until = $3";
    Ok(on_claim!(tx, job, SQL, lease_end(now)))
}

/// Ends a claimed job, in the transaction that stores its result. If it was pushed again meanwhile, it becomes ready
/// for that push. Returns `false` if the claim was lost; the caller must then roll back.
///
/// # Errors
/// The database failed.
pub async fn done(tx: &mut Tx, job: &Job, now: i64) -> Result<bool, DbError> {
    const AGAIN: &str = "UPDATE job \
        SET state = 0, kind = again_kind, lane = again_lane, run_at = again_run_at, \
        again_kind = NULL, again_lane = NULL, again_run_at = NULL, pushed = $3, lease_until = 0, owner = '', \
        claims = 0, failures = 0, walker_deaths = 0, last_error = ''";
    let sql = format!("DELETE FROM job {CLAIMED} AND again_kind IS NULL");
    let gone = in_tx!(&mut *tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
        .bind(&job.crash_id)
        .bind(&job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if gone == 1 {
        return Ok(true);
    }
    Ok(on_claim!(tx, job, AGAIN, now))
}

/// Releases a claimed job unfinished, for immediate claiming by another worker. The reason, if any, must not hold
/// protected data. Returns `false` if the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn release(tx: &mut Tx, job: &Job, reason: &str) -> Result<bool, DbError> {
    let sql = format!(
        "UPDATE job SET state = 0, lease_until = 0, owner = '', claims = claims - 1, last_error = $3, {BOTH_PUSHES}"
    );
    Ok(on_claim!(tx, job, sql, reason))
}

/// Puts a claimed job back until `run_at` and counts a failure. The reason must not hold protected data. Returns
/// `false` if the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn retry(tx: &mut Tx, job: &Job, run_at: i64, reason: &str) -> Result<bool, DbError> {
    let sql = format!(
        "UPDATE job \
         SET state = 0, failures = failures + 1, run_at = $3, lease_until = 0, owner = '', last_error = $4, \
         {BOTH_PUSHES}"
    );
    Ok(on_claim!(tx, job, sql, run_at, reason))
}

/// Ends a claimed job as failed and keeps it with the reason, which must not hold protected data. If it was pushed
/// again meanwhile, it is retried for both pushes instead. Returns `false` if the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn fail(tx: &mut Tx, job: &Job, now: i64, reason: &str) -> Result<bool, DbError> {
    let again = format!(
        "UPDATE job \
         SET state = 0, run_at = again_run_at, pushed = $3, lease_until = 0, owner = '', claims = 0, failures = 0, \
         walker_deaths = 0, last_error = $4, {BOTH_PUSHES}"
    );
    let sql = format!(
        "UPDATE job \
         SET state = 2, run_at = $3, lease_until = 0, owner = '', last_error = $4 {CLAIMED} \
         AND again_kind IS NULL"
    );
    let failed = in_tx!(&mut *tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
        .bind(&job.crash_id)
        .bind(&job.claim)
        .bind(now)
        .bind(reason)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    if failed == 1 {
        return Ok(true);
    }
    Ok(on_claim!(tx, job, again, now, reason))
}

/// Notes that a walker process died on this job while its worker lived on. Returns `false` if the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn walker_died(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET walker_deaths = walker_deaths + 1";
    Ok(on_claim!(tx, job, SQL))
}

const DEPTH: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE lane = $1 AND state < 2 LIMIT $2) AS counted";
const FAILED_DEPTH: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE state = 2 LIMIT $1) AS counted";

/// Counts the waiting and claimed jobs by lane, and the failed ones (`None`): at most [`MOST_COUNTED`] of each, so that
/// a long queue does not cost more than a short one.
///
/// # Errors
/// The database failed.
pub async fn depth(db: &Db) -> Result<Vec<(Option<Lane>, i64)>, DbError> {
    let mut depth = Vec::new();
    for lane in ALL {
        let count: i64 = on!(db, |pool| sqlx::query_scalar(DEPTH)
            .bind(lane.number())
            .bind(MOST_COUNTED)
            .fetch_one(pool)
            .await)?;
        depth.push((Some(lane), count));
    }
    let failed: i64 = on!(db, |pool| sqlx::query_scalar(FAILED_DEPTH)
        .bind(MOST_COUNTED)
        .fetch_one(pool)
        .await)?;
    depth.push((None, failed));
    Ok(depth)
}

const DUE_IN: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE lane = $1 AND state < 2 AND run_at <= $2 LIMIT $3) \
    AS counted";

/// Counts the jobs of a lane that are due or claimed, up to `most`.
///
/// # Errors
/// The database failed.
pub async fn due_in(db: &Db, lane: Lane, now: i64, most: i64) -> Result<i64, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(DUE_IN)
        .bind(lane.number())
        .bind(now)
        .bind(most)
        .fetch_one(pool)
        .await)?)
}

/// Returns the status of a crash's job, `None` without one.
///
/// # Errors
/// The database failed.
pub async fn job_of(db: &Db, crash_id: &str) -> Result<Option<JobStatus>, DbError> {
    const SQL: &str = "SELECT state, pushed, run_at, last_error FROM job WHERE crash_id = $1";
    let row: Option<(i64, i64, i64, String)> =
        on!(db, |pool| sqlx::query_as(SQL).bind(crash_id).fetch_optional(pool).await)?;
    Ok(row.map(|(state, pushed, run_at, reason)| JobStatus {
        state: match state {
            0 => JobState::Waiting,
            1 => JobState::Claimed,
            _ => JobState::Failed,
        },
        pushed,
        run_at,
        reason,
    }))
}

const FAILED: &str = "SELECT crash_id, last_error, pushed, run_at \
    FROM job \
    WHERE state = 2 AND (pushed > $1 OR (pushed = $1 AND crash_id > $2)) \
    ORDER BY pushed, crash_id LIMIT $3";

/// Returns at most `limit` jobs that were given up, oldest first, after the job `after`.
///
/// # Errors
/// The database failed.
pub async fn failed(db: &Db, after: Option<&FailedJob>, limit: i64) -> Result<Vec<FailedJob>, DbError> {
    let (pushed, id) = after.map_or((i64::MIN, ""), |job| (job.pushed, &job.crash_id));
    let rows: Vec<(String, String, i64, i64)> = on!(db, |pool| sqlx::query_as(FAILED)
        .bind(pushed)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(crash_id, reason, pushed, failed)| FailedJob {
            crash_id,
            reason,
            pushed,
            failed,
        })
        .collect())
}

/// Restarts a job that was given up. Returns `false` if there is none.
///
/// # Errors
/// The database failed.
pub async fn retry_failed(tx: &mut Tx, crash_id: &str, now: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job \
        SET state = 0, run_at = $2, pushed = $2, claims = 0, failures = 0, walker_deaths = 0 \
        WHERE crash_id = $1 AND state = 2";
    let rows = in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(crash_id)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

const OLDEST: &str = "SELECT MIN(pushed) FROM job WHERE state < 2";

/// Returns when the oldest job not given up was pushed, microseconds UTC; `None` without jobs.
///
/// # Errors
/// The database failed.
pub async fn oldest(db: &Db) -> Result<Option<i64>, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(OLDEST).fetch_one(pool).await)?)
}

/// The statements that run all the time, by name: for a test of how the databases run them.
#[doc(hidden)]
pub fn statements(db: &Db) -> Vec<(&'static str, String)> {
    vec![
        ("push", PUSH.to_owned()),
        ("claim", claim_sql(db)),
        ("due", DUE.to_owned()),
        ("held", format!("SELECT 1 FROM job {CLAIMED}")),
        ("depth", DEPTH.to_owned()),
        ("due in a lane", DUE_IN.to_owned()),
        ("depth of the failed", FAILED_DEPTH.to_owned()),
        ("failed", FAILED.to_owned()),
        ("oldest", OLDEST.to_owned()),
    ]
}
