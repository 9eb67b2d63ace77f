//! The table `swept_day`: days whose stored reports all have rows.

use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

/// Returns the days that were swept completely, as `YYYYMMDD`, sorted.
///
/// # Errors
/// The database failed.
pub async fn swept_days(db: &Db) -> Result<Vec<String>, DbError> {
    const SQL: &str = "SELECT day FROM swept_day ORDER BY day";
    Ok(on!(db, |pool| sqlx::query_scalar(SQL).fetch_all(pool).await)?)
}

/// Notes that a day, as `YYYYMMDD`, was swept completely.
///
/// # Errors
/// The database failed.
pub async fn day_is_swept(tx: &mut Tx, day: &str, now: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO swept_day (day, swept) VALUES ($1, $2) ON CONFLICT (day) DO NOTHING";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(day)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
