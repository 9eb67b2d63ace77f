//! The table `progress`: how far background tasks have got.

use super::database::{Db, Tx};
use super::error::DbError;
use crate::{in_tx, on};

/// Returns how far a background task has got: the number stored under its name, 0 at first.
///
/// # Errors
/// The database failed.
pub async fn progress(db: &Db, name: &str) -> Result<i64, DbError> {
    const SQL: &str = "SELECT value FROM progress WHERE name = $1";
    let found: Option<i64> = on!(db, |pool| sqlx::query_scalar(SQL).bind(name).fetch_optional(pool).await)?;
    Ok(found.unwrap_or(0))
}

/// Stores how far a background task has got. It never goes back: a smaller number changes nothing.
///
/// # Errors
/// The database failed.
pub async fn set_progress(tx: &mut Tx, name: &str, value: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO progress (name, value) \
        VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE \
        SET value = excluded.value \
        WHERE excluded.value > progress.value";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(name)
        .bind(value)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Forgets how far a background task has got: it begins anew.
///
/// # Errors
/// The database failed.
pub async fn forget_progress(tx: &mut Tx, name: &str) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM progress WHERE name = $1";
    in_tx!(tx, |conn| sqlx::query(SQL).bind(name).execute(conn).await.map(|_| ()))?;
    Ok(())
}
