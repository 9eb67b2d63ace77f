//! That a process imports by itself, as it says so in the table `progress`.

use platform::db::{Db, DbError, progress};
use platform::in_tx;

/// Under this name stands when it was said last, microseconds UTC.
const NAME: &str = "importer_alive";

/// So far the clocks of two machines may be apart, in microseconds: ten minutes.
pub const CLOCKS_APART: i64 = 600_000_000;

/// When a process last said that it imports by itself, microseconds UTC; none if none ever did.
///
/// # Errors
/// The database failed.
pub async fn importer_said(db: &Db) -> Result<Option<i64>, DbError> {
    let said = progress(db, NAME).await?;
    Ok((said > 0).then_some(said))
}

/// Stores that a process imports by itself at the time `now`, microseconds UTC. Of several processes the one whose
/// clock is ahead is believed; but unlike progress, what is said can go back: a word that is more than
/// [`CLOCKS_APART`] later than `now` came from a wrong clock, and must not silence what is said after it.
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

/// Forgets what was said.
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
