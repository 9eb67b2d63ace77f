//! The table `search_row`.

use crash::CrashId;
use platform::db::{DbError, Tx};
use platform::in_tx;

use crate::search::SCHEMA;

/// Writes the search row of a crash, in the transaction that gives the crash this `row_version`: that transaction
/// decides which of two writers wins. `date` is when the crash came in, and never changes; `now` is the current time;
/// both in microseconds UTC.
///
/// # Errors
/// The database failed.
pub async fn upsert(
    tx: &mut Tx,
    id: &CrashId,
    date: i64,
    row_version: i64,
    now: i64,
    doc: &[u8],
) -> Result<(), DbError> {
    write(tx, id, date, row_version, now, false, doc).await
}

/// Marks the search row of a crash as deleted and empties it; it is removed with the crash's tombstone.
///
/// # Errors
/// The database failed.
pub(super) async fn delete(tx: &mut Tx, id: &CrashId, date: i64, row_version: i64, now: i64) -> Result<(), DbError> {
    write(tx, id, date, row_version, now, true, &[]).await
}

async fn write(
    tx: &mut Tx,
    id: &CrashId,
    date: i64,
    row_version: i64,
    now: i64,
    deleted: bool,
    doc: &[u8],
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (crash_id) DO UPDATE \
        SET row_version = excluded.row_version, deleted = excluded.deleted, schema = excluded.schema, \
        seq = excluded.seq, doc = excluded.doc";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_str())
        .bind(date)
        .bind(row_version)
        .bind(deleted)
        .bind(SCHEMA)
        .bind(now)
        .bind(doc)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
