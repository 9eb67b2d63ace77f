//! The table `search_sequence`: numbers for search rows.
//!
//! A process that gives numbers holds the one row of this table until its commit. So numbers become visible in their
//! order, and none is given twice, even if two processes believe that they have the lease. The lease only keeps them
//! from doing the same work.

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};
use sqlx::AssertSqlSafe;

/// Maximum rows that [`unnumbered`] counts, of each kind.
pub const MOST_UNNUMBERED: i64 = 10_000;

/// Takes the lease, or keeps it, and holds the row. A lease that ends later than any could was made by a wrong clock.
pub(super) const TAKE: &str = "UPDATE search_sequence SET owner = $1, lease_until = $2 \
    WHERE name = 'search_row' AND (owner = $1 OR lease_until <= $3 OR lease_until > $4) RETURNING number";

/// Takes the lease in the name of `owner` until `until`, unless that of another ends between `now` and `never`, and
/// holds the right to give numbers until the transaction ends. Returns the last number that was given, or `None` if
/// another process has the lease.
/// Times in microseconds UTC.
///
/// # Errors
/// The database failed.
pub(crate) async fn take_sequence(
    tx: &mut Tx,
    owner: &str,
    now: i64,
    until: i64,
    never: i64,
) -> Result<Option<i64>, DbError> {
    Ok(in_tx!(tx, |conn| sqlx::query_scalar(TAKE)
        .bind(owner)
        .bind(until)
        .bind(now)
        .bind(never)
        .fetch_optional(conn)
        .await)?)
}

/// Ends the lease of `owner`.
///
/// # Errors
/// The database failed.
pub(crate) async fn give_back_sequence(db: &Db, owner: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE search_sequence SET lease_until = 0 WHERE name = 'search_row' AND owner = $1";
    let mut tx = db.begin_repeatable().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(owner)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Holds the right to give numbers until the transaction ends, and returns the last number that was given.
pub(super) async fn hold(tx: &mut Tx) -> Result<i64, DbError> {
    const SQL: &str = "UPDATE search_sequence SET number = number WHERE name = 'search_row' RETURNING number";
    Ok(in_tx!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?)
}

/// The statement that numbers rows without a number, by date. Its parameters: the last number, the limit. Rows that
/// are being written are passed over: they have no number afterwards either.
pub(super) fn number_new_sql(db: &Db) -> String {
    number_sql(db, "search_row_unnumbered", "seq IS NULL ORDER BY date, crash_id")
}

/// The same for rows with a number of an earlier release.
pub(super) fn number_foreign_sql(db: &Db) -> String {
    number_sql(db, "search_row_by_seq", "seq > $1 ORDER BY seq")
}

/// Rows are counted as they come, in the order of an index; it need not be exact.
fn number_sql(db: &Db, index: &'static str, which: &str) -> String {
    format!(
        "UPDATE search_row SET seq = $1 + numbered.place \
         FROM (SELECT crash_id, ROW_NUMBER() OVER () AS place \
           FROM (SELECT crash_id, date, seq FROM search_row {} WHERE {which} LIMIT $2 {}) AS waiting) AS numbered \
         WHERE search_row.crash_id = numbered.crash_id",
        db.by_index(index),
        db.skip_locked()
    )
}

/// Numbers at most `limit` rows from `last` on, in the transaction that holds the right to do so, and notes the last
/// number. Returns how many it numbered.
///
/// # Errors
/// The database failed.
pub(crate) async fn number_search_rows(db: &Db, tx: &mut Tx, last: i64, limit: i64) -> Result<i64, DbError> {
    const LAST: &str = "UPDATE search_sequence SET number = $1 WHERE name = 'search_row'";
    let mut given = 0;
    for sql in [number_foreign_sql(db), number_new_sql(db)] {
        let rows = in_tx!(&mut *tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(last + given)
            .bind(limit - given)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        given += i64::try_from(rows).unwrap_or(0);
    }
    if given > 0 {
        in_tx!(tx, |conn| sqlx::query(LAST)
            .bind(last + given)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(given)
}

/// Notes the number of a row that is removed, in the transaction that holds the right to give numbers.
pub(super) async fn note_removed(tx: &mut Tx, seq: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE search_sequence SET removed = $1 WHERE name = 'search_row' AND removed < $1";
    in_tx!(tx, |conn| sqlx::query(SQL).bind(seq).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// Who may give numbers, and until when, microseconds UTC: some seconds after numbers were last given. `None` without
/// the row that says so.
///
/// # Errors
/// The database failed.
pub async fn sequence_lease(db: &Db) -> Result<Option<(String, i64)>, DbError> {
    const SQL: &str = "SELECT owner, lease_until FROM search_sequence WHERE name = 'search_row'";
    Ok(on!(db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await)?)
}

pub(super) const UNNUMBERED: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM search_row WHERE seq IS NULL LIMIT $1) AS waiting";
pub(super) const FOREIGN: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM search_row \
    WHERE seq > (SELECT number FROM search_sequence WHERE name = 'search_row') LIMIT $1) AS waiting";

/// Counts the rows that wait for a number, up to [`MOST_UNNUMBERED`].
///
/// # Errors
/// The database failed.
pub async fn unnumbered(db: &Db) -> Result<i64, DbError> {
    count(db, MOST_UNNUMBERED).await
}

/// Whether a row waits for a number.
///
/// # Errors
/// The database failed.
pub(crate) async fn is_any_unnumbered(db: &Db) -> Result<bool, DbError> {
    Ok(count(db, 1).await? > 0)
}

async fn count(db: &Db, most: i64) -> Result<i64, DbError> {
    let mut found = 0;
    for sql in [UNNUMBERED, FOREIGN] {
        let rows: i64 = on!(db, |pool| sqlx::query_scalar(sql).bind(most).fetch_one(pool).await)?;
        found += rows;
    }
    Ok(found.min(most))
}
