//! That a process imports by itself, as it says so in the table `progress`.

use platform::db::{Db, DbError, progress};
use platform::in_tx;

/// Under this name stands when it was said last, microseconds UTC.
const NAME: &str = "importer_alive";

/// When a process last said that it imports by itself, microseconds UTC; none if none ever did.
///
/// # Errors
/// The database failed.
pub async fn importer_said(db: &Db) -> Result<Option<i64>, DbError> {
    let said = progress(db, NAME).await?;
    Ok((said > 0).then_some(said))
}

/// Stores that a process imports by itself at the time `now`, microseconds UTC. Unlike progress, it can go back: a clock that was wrong
/// once must not silence what is said later.
///
/// # Errors
/// The database failed.
pub async fn say_importer(db: &Db, now: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO progress (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(NAME)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}
