//! Deleting old rows, a few at a time.

use platform::db::{Db, DbError};
use platform::in_tx;

/// Maximum rows in one transaction.
pub(super) const ROWS: usize = 200;

/// Runs a `DELETE` whose parameters are a time and a maximum number of rows until it deletes none.
pub(super) async fn delete_until(db: &Db, sql: &'static str, time: i64) -> Result<(), DbError> {
    loop {
        let mut tx = db.begin().await?;
        let rows = in_tx!(&mut tx, |conn| sqlx::query(sql)
            .bind(time)
            .bind(i64::try_from(ROWS).unwrap_or(i64::MAX))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        tx.commit().await?;
        if rows == 0 {
            return Ok(());
        }
    }
}
