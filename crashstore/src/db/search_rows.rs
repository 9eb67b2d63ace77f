//! The table `search_row`.

use crash::CrashId;
use platform::db::{DbError, Tx};
use platform::in_tx;

use crate::search::SCHEMA;

/// Writes the search row of a crash; the highest `row_version` wins, so an older writer that comes
/// late changes nothing. `date` is when the crash came in and never changes. `seq` grows with every
/// commit; readers that follow it re-read a short window, since commits may overtake each other.
///
/// # Errors
/// The database failed.
pub async fn upsert(
    tx: &mut Tx,
    id: &CrashId,
    date: i64,
    row_version: i64,
    doc: &[u8],
) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) VALUES ($1, $2, $3, FALSE, $4, $3, $5) ON CONFLICT (crash_id) DO UPDATE SET row_version = excluded.row_version, deleted = FALSE, schema = excluded.schema, seq = excluded.seq, doc = excluded.doc WHERE excluded.row_version > search_row.row_version";
    write(tx, SQL, id, date, row_version, doc).await
}

/// Marks the search row of a crash as deleted and empties it; retention removes it later.
///
/// # Errors
/// The database failed.
pub async fn delete(tx: &mut Tx, id: &CrashId, date: i64, row_version: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) VALUES ($1, $2, $3, TRUE, $4, $3, $5) ON CONFLICT (crash_id) DO UPDATE SET row_version = excluded.row_version, deleted = TRUE, schema = excluded.schema, seq = excluded.seq, doc = excluded.doc WHERE excluded.row_version > search_row.row_version";
    write(tx, SQL, id, date, row_version, &[]).await
}

async fn write(
    tx: &mut Tx,
    sql: &'static str,
    id: &CrashId,
    date: i64,
    row_version: i64,
    doc: &[u8],
) -> Result<(), DbError> {
    in_tx!(tx, |conn| sqlx::query(sql)
        .bind(id.as_str())
        .bind(date)
        .bind(row_version)
        .bind(SCHEMA)
        .bind(doc)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
