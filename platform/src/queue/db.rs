//! The table `job`.

use sqlx::AssertSqlSafe;

use super::{FailedJob, Job, Kind, LEASE, Lane, MAX_FAILURES};
use crate::db::{Db, DbError, Tx};
use crate::{in_tx, on};

/// The state of a job that was given up. The SQL texts below also name 0 (ready) and 1 (claimed).
const FAILED: i64 = 2;

/// A job that is there is upgraded; one that is claimed is noted for another round.
const PUSH: &str = "\
INSERT INTO job (crash_id, lane, kind, state, run_at, pushed, lease_until, owner, claims, failures, walker_deaths, last_error)
VALUES ($1, $2, $3, 0, $4, $4, 0, '', 0, 0, 0, '')
ON CONFLICT (crash_id) DO UPDATE SET
  lane = CASE WHEN job.state = 1 THEN job.lane WHEN job.state = 2 THEN excluded.lane
              WHEN excluded.lane < job.lane THEN excluded.lane ELSE job.lane END,
  kind = CASE WHEN job.state = 1 THEN job.kind WHEN job.state = 2 THEN excluded.kind
              WHEN excluded.kind > job.kind THEN excluded.kind ELSE job.kind END,
  again_lane = CASE WHEN job.state <> 1 THEN NULL
                    WHEN job.again_lane < excluded.lane THEN job.again_lane ELSE excluded.lane END,
  again_kind = CASE WHEN job.state <> 1 THEN NULL
                    WHEN job.again_kind > excluded.kind THEN job.again_kind ELSE excluded.kind END,
  run_at = CASE WHEN job.state = 1 THEN job.run_at ELSE excluded.run_at END,
  claims = CASE WHEN job.state = 2 THEN 0 ELSE job.claims END,
  failures = CASE WHEN job.state = 2 THEN 0 ELSE job.failures END,
  walker_deaths = CASE WHEN job.state = 2 THEN 0 ELSE job.walker_deaths END,
  state = CASE WHEN job.state = 2 THEN 0 ELSE job.state END";

/// Wants a crash to be worked on, from now on.
///
/// # Errors
/// The database failed.
pub async fn push(
    tx: &mut Tx,
    crash_id: &str,
    kind: Kind,
    lane: Lane,
    now: i64,
) -> Result<(), DbError> {
    in_tx!(tx, |conn| sqlx::query(PUSH)
        .bind(crash_id)
        .bind(lane.number())
        .bind(kind.number())
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Wants a crash to be processed that somebody waits for: a job that waits for its turn goes to the
/// lane `priority`, a missing one is made. One that is being worked on, or was given up, is left as
/// it is: the work need not be done twice.
///
/// # Errors
/// The database failed.
pub async fn hasten(tx: &mut Tx, crash_id: &str, now: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO job (crash_id, lane, kind, state, run_at, pushed, lease_until, owner, claims, failures, walker_deaths, last_error) VALUES ($1, $2, $3, 0, $4, $4, 0, '', 0, 0, 0, '') ON CONFLICT (crash_id) DO UPDATE SET lane = excluded.lane, run_at = excluded.run_at WHERE job.state = 0 AND job.lane > excluded.lane";
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

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    crash_id: String,
    lane: i64,
    kind: i64,
    pushed: i64,
    walker_deaths: i64,
    claims: i64,
}

/// Claims up to `limit` due jobs for `owner`, asking the lanes in the given order. A job whose
/// lease ran out is due again: its owner died.
///
/// # Errors
/// The database failed.
pub async fn claim(
    db: &Db,
    owner: &str,
    lanes: &[Lane],
    limit: i64,
    now: i64,
) -> Result<Vec<Job>, DbError> {
    let sql = format!(
        "UPDATE job SET state = 1, owner = $1, lease_until = $2, claims = claims + 1, \
           kind = CASE WHEN again_kind > kind THEN again_kind ELSE kind END, \
           again_kind = NULL, again_lane = NULL \
         WHERE crash_id IN (SELECT crash_id FROM job \
           WHERE lane = $3 AND state < 2 AND run_at <= $4 AND lease_until <= $4 \
           ORDER BY run_at, crash_id LIMIT $5 {}) \
         RETURNING crash_id, lane, kind, pushed, walker_deaths, claims",
        db.skip_locked()
    );
    let mut jobs = Vec::new();
    let mut tx = db.begin().await?;
    for lane in lanes {
        let room = limit - i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        if room <= 0 {
            break;
        }
        let rows: Vec<ClaimedRow> =
            in_tx!(&mut tx, |conn| sqlx::query_as(AssertSqlSafe(sql.as_str()))
                .bind(owner)
                .bind(now + lease_micros())
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
            owner: owner.to_owned(),
            claims: row.claims,
        }));
    }
    tx.commit().await?;
    Ok(jobs)
}

/// Whether there is a due job: a cheap look before the writing claim.
///
/// # Errors
/// The database failed.
pub async fn due(db: &Db, now: i64) -> Result<bool, DbError> {
    const SQL: &str =
        "SELECT 1 FROM job WHERE state < 2 AND run_at <= $1 AND lease_until <= $1 LIMIT 1";
    let found: Option<i32> = on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(now)
        .fetch_optional(pool)
        .await)?;
    Ok(found.is_some())
}

fn lease_micros() -> i64 {
    i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX)
}

/// Runs a statement on one claimed job; answers whether the claim was still held.
async fn on_claim(
    tx: &mut Tx,
    sql: &'static str,
    job: &Job,
    extra: i64,
    text: &str,
) -> Result<bool, DbError> {
    let rows = in_tx!(tx, |conn| sqlx::query(sql)
        .bind(&job.crash_id)
        .bind(&job.owner)
        .bind(job.claims)
        .bind(extra)
        .bind(text)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Renews the lease of a claimed job. `false`: the claim was lost.
///
/// # Errors
/// The database failed.
pub async fn renew(tx: &mut Tx, job: &Job, now: i64) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET lease_until = $4 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1 AND $5 = ''";
    on_claim(tx, SQL, job, now + lease_micros(), "").await
}

/// Ends a claimed job, in the transaction that stores its result. If it was pushed again
/// meanwhile, it becomes ready for what was pushed. `false`: the claim was lost, and the caller
/// must roll back.
///
/// # Errors
/// The database failed.
pub async fn done(tx: &mut Tx, job: &Job, now: i64) -> Result<bool, DbError> {
    const DELETE: &str = "DELETE FROM job WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1 AND again_kind IS NULL AND $4 >= 0 AND $5 = ''";
    const AGAIN: &str = "UPDATE job SET state = 0, kind = again_kind, lane = again_lane, again_kind = NULL, again_lane = NULL, run_at = $4, lease_until = 0, owner = $5, claims = 0, failures = 0, walker_deaths = 0 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1";
    if on_claim(tx, DELETE, job, now, "").await? {
        return Ok(true);
    }
    on_claim(tx, AGAIN, job, now, "").await
}

/// Gives a claimed job back unworked, for somebody else to take at once.
///
/// # Errors
/// The database failed.
pub async fn release(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET state = 0, lease_until = $4, owner = $5, claims = claims - 1 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1";
    on_claim(tx, SQL, job, 0, "").await
}

/// Puts a claimed job back after a storage error, with a growing delay; after
/// [`MAX_FAILURES`] of them it ends as failed. The reason must not hold
/// protected data.
///
/// # Errors
/// The database failed.
pub async fn retry(tx: &mut Tx, job: &Job, now: i64, reason: &str) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET state = CASE WHEN failures >= $4 THEN 2 ELSE 0 END, failures = failures + 1, lease_until = 0, owner = '', last_error = $5 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1";
    const DELAY: &str = "UPDATE job SET run_at = $4 + 1000000 * failures * failures WHERE crash_id = $1 AND $2 <> '' AND claims = $3 AND state = 0 AND $5 = ''";
    let held = on_claim(tx, SQL, job, MAX_FAILURES - 1, reason).await?;
    on_claim(tx, DELAY, job, now, "").await?;
    Ok(held)
}

/// Ends a claimed job as failed: it is kept, with the reason. The reason must not hold protected
/// data.
///
/// # Errors
/// The database failed.
pub async fn fail(tx: &mut Tx, job: &Job, reason: &str) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET state = 2, lease_until = $4, owner = '', last_error = $5 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1";
    on_claim(tx, SQL, job, 0, reason).await
}

/// Notes that a walker process died over this job while its worker lived on.
///
/// # Errors
/// The database failed.
pub async fn walker_died(tx: &mut Tx, job: &Job) -> Result<bool, DbError> {
    const SQL: &str = "UPDATE job SET walker_deaths = walker_deaths + $4 WHERE crash_id = $1 AND owner = $2 AND claims = $3 AND state = 1 AND $5 = ''";
    on_claim(tx, SQL, job, 1, "").await
}

/// How many jobs wait or are being worked on, by lane, and how many failed.
///
/// # Errors
/// The database failed.
pub async fn depth(db: &Db) -> Result<Vec<(Option<Lane>, i64)>, DbError> {
    const SQL: &str = "SELECT lane, state, COUNT(*) FROM job GROUP BY lane, state";
    let rows: Vec<(i64, i64, i64)> = on!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await)?;
    let mut depth: Vec<(Option<Lane>, i64)> = super::lanes::ALL
        .iter()
        .map(|lane| (Some(*lane), 0))
        .chain([(None, 0)])
        .collect();
    for (lane, state, count) in rows {
        let lane = (state != FAILED).then(|| Lane::from_number(lane));
        if let Some(slot) = depth.iter_mut().find(|(name, _)| *name == lane) {
            slot.1 += count;
        }
    }
    Ok(depth)
}

/// The jobs that were given up, oldest first, at most `limit`.
///
/// # Errors
/// The database failed.
pub async fn failed(db: &Db, limit: i64) -> Result<Vec<FailedJob>, DbError> {
    const SQL: &str = "SELECT crash_id, last_error, pushed FROM job WHERE state = 2 ORDER BY pushed, crash_id LIMIT $1";
    let rows: Vec<(String, String, i64)> = on!(db, |pool| sqlx::query_as(SQL)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(crash_id, reason, pushed)| FailedJob {
            crash_id,
            reason,
            pushed,
        })
        .collect())
}

/// When the oldest job that is not given up was pushed, microseconds UTC; `None` without jobs.
///
/// # Errors
/// The database failed.
pub async fn oldest(db: &Db) -> Result<Option<i64>, DbError> {
    const SQL: &str = "SELECT MIN(pushed) FROM job WHERE state < 2";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL)
        .fetch_one(pool)
        .await)?)
}
