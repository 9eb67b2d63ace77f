//! The table `crash`: deleted crashes. The remaining row, a tombstone, keeps a crash from coming back when a worker is
//! still processing it or a sweep finds an object.

use crash::CrashId;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

use super::crashes::parsed;
use super::{search_rows, sequence};

/// Marks a crash as deleted, empties its rows and removes its job: from the commit on it is invisible, and a worker on
/// it cannot store a result. Repeating the call only causes its objects to be looked for again. `received` is for a
/// crash without a row.
///
/// # Errors
/// The database failed.
pub async fn bury(tx: &mut Tx, id: &CrashId, received: i64, now: i64) -> Result<(), DbError> {
    const CRASH: &str = "\
INSERT INTO crash (crash_id, received, state, deleted, row_version) VALUES ($1, $2, 'deleted', $3, 1)
ON CONFLICT (crash_id) DO UPDATE SET
  state = 'deleted',
  deleted = CASE WHEN crash.deleted IS NULL THEN excluded.deleted ELSE crash.deleted END,
  cleaned = NULL,
  product = '', version = '', channel = '', build_id = '', os_name = '', process_type = '',
  signature = '', signature_hash = '', reason = '',
  weight = 1, content_hash = '', duplicate_of = NULL,
  lookup_product = '', lookup_build = '', answer_digest = '', build_status = '', generation = 0,
  processed = 0, output = '', row_version = crash.row_version + 1
RETURNING received, row_version";
    const JOB: &str = "DELETE FROM job WHERE crash_id = $1";
    let (received, row_version): (i64, i64) = in_tx!(&mut *tx, |conn| sqlx::query_as(CRASH)
        .bind(id.as_str())
        .bind(received)
        .bind(now)
        .fetch_one(conn)
        .await)?;
    search_rows::delete(tx, id, received, row_version).await?;
    in_tx!(tx, |conn| sqlx::query(JOB)
        .bind(id.as_str())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

pub(super) const TO_CLEAN: &str = "SELECT crash_id \
    FROM crash \
    WHERE deleted IS NOT NULL AND cleaned IS NULL AND deleted <= $1 \
    ORDER BY deleted LIMIT $2";

/// Returns the crashes deleted by `until`, microseconds UTC, whose objects may still exist, the first deleted first.
///
/// # Errors
/// The database failed.
pub async fn to_clean(db: &Db, until: i64, limit: i64) -> Result<Vec<CrashId>, DbError> {
    let ids: Vec<String> = on!(db, |pool| sqlx::query_scalar(TO_CLEAN)
        .bind(until)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    parsed(&ids)
}

/// Notes that all objects of a deleted crash are gone.
///
/// # Errors
/// The database failed.
pub async fn cleaned(tx: &mut Tx, id: &CrashId, now: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE crash SET cleaned = $2 WHERE crash_id = $1 AND deleted IS NOT NULL";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

pub(super) const OLD: &str =
    "SELECT crash_id FROM crash WHERE cleaned IS NOT NULL AND cleaned < $1 ORDER BY cleaned LIMIT $2";

/// Returns the deleted crashes whose objects were gone before a time, microseconds UTC.
///
/// # Errors
/// The database failed.
pub async fn tombstones_before(db: &Db, time: i64, limit: i64) -> Result<Vec<CrashId>, DbError> {
    let ids: Vec<String> = on!(db, |pool| sqlx::query_scalar(OLD)
        .bind(time)
        .bind(limit)
        .fetch_all(pool)
        .await)?;
    parsed(&ids)
}

/// Forgets deleted crashes, unless their objects came back, or the deletion has no number yet by which readers of
/// search rows learn of it. Notes the highest number, for readers that have not come so far. Returns how many it
/// forgot.
///
/// # Errors
/// The database failed.
pub async fn forget(tx: &mut Tx, ids: &[CrashId]) -> Result<u64, DbError> {
    const CRASH: &str = "DELETE FROM crash WHERE crash_id = $1 AND cleaned IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM search_row WHERE search_row.crash_id = $1 AND (seq IS NULL OR seq > $2))";
    const SEARCH: &str = "DELETE FROM search_row WHERE crash_id = $1 AND deleted RETURNING seq";
    let last = sequence::hold(tx).await?;
    let (mut forgotten, mut highest) = (0, 0);
    for id in ids {
        let gone = in_tx!(&mut *tx, |conn| sqlx::query(CRASH)
            .bind(id.as_str())
            .bind(last)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        if gone == 1 {
            forgotten += 1;
            let seq: Option<Option<i64>> = in_tx!(&mut *tx, |conn| sqlx::query_scalar(SEARCH)
                .bind(id.as_str())
                .fetch_optional(conn)
                .await)?;
            highest = seq.flatten().unwrap_or(0).max(highest);
        }
    }
    sequence::note_removed(tx, highest).await?;
    Ok(forgotten)
}
