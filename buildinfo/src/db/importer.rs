//! The record in the table `progress` that a process runs scheduled imports.

use platform::db::{Db, DbError, progress};
use platform::in_tx;

/// The name under which the time of the last announcement is stored, microseconds UTC.
const NAME: &str = "importer_alive";

/// Maximum difference between the clocks of two machines, in microseconds: ten minutes.
pub const CLOCKS_APART: i64 = 600_000_000;

/// When a process last announced that it runs scheduled imports, microseconds UTC; none if none ever did.
///
/// # Errors
/// The database failed.
pub async fn importer_said(db: &Db) -> Result<Option<i64>, DbError> {
    let said = progress(db, NAME).await?;
    Ok((said > 0).then_some(said))
}

/// Stores that a process runs scheduled imports at the time `now`, microseconds UTC. Of several processes, the one
/// whose clock is ahead wins. Unlike other progress, this value can go back: one more than [`CLOCKS_APART`] later than
/// `now` came from a wrong clock, and must not block later announcements.
///
/// # Errors
/// The database failed.
pub async fn say_importer(db: &Db, now: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO progress (name, value) \
        VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE \
        SET value = excluded.value \
        WHERE progress.value < excluded.value OR progress.value > excluded.value + $3";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(NAME)
        .bind(now)
        .bind(CLOCKS_APART)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Deletes the announcement.
///
/// # Errors
/// The database failed.
pub async fn unsay_importer(db: &Db) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM progress WHERE name = $1";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(NAME)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}
