//! The row of a lease, in a table with the columns `name`, `owner`, `lease_until` and `token`.

use sqlx::AssertSqlSafe;

use super::{Lease, LeaseHolder, LeaseRow};
use crate::db::{Db, DbError, Tx};
use crate::{in_tx, on};

/// Takes a lease until `until` and returns its token, unless another one lasts beyond `now`.
pub(super) async fn take(
    db: &Db,
    row: LeaseRow,
    owner: &str,
    now: i64,
    until: i64,
) -> Result<Result<i64, LeaseHolder>, DbError> {
    let LeaseRow { table, name, .. } = row;
    let take = format!(
        "INSERT INTO {table} (name, owner, lease_until, token) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (name) DO UPDATE \
         SET owner = excluded.owner, lease_until = excluded.lease_until, token = {table}.token + 1 \
         WHERE {table}.lease_until <= $4 RETURNING token"
    );
    let mut tx = db.begin().await?;
    let token: Option<i64> = in_tx!(&mut tx, |conn| sqlx::query_scalar(AssertSqlSafe(take.as_str()))
        .bind(name)
        .bind(owner)
        .bind(until)
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    tx.commit().await?;
    if let Some(token) = token {
        return Ok(Ok(token));
    }
    let who = format!("SELECT owner, lease_until FROM {table} WHERE name = $1");
    let who: Option<(String, i64)> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(who.as_str()))
        .bind(name)
        .fetch_optional(pool)
        .await)?;
    let (owner, until) = who.unwrap_or_default();
    Ok(Err(LeaseHolder { owner, until }))
}

/// Ends the lease of an owner.
pub(super) async fn release_of(db: &Db, row: LeaseRow, owner: &str) -> Result<(), DbError> {
    let LeaseRow { table, name, .. } = row;
    let sql = format!("UPDATE {table} SET lease_until = 0, token = token + 1 WHERE name = $1 AND owner = $2");
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
        .bind(name)
        .bind(owner)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// The owner of a lease that lasts beyond `now`, as a transaction sees it.
pub(super) async fn holder(tx: &mut Tx, row: LeaseRow, now: i64) -> Result<Option<String>, DbError> {
    let LeaseRow { table, name, .. } = row;
    let sql = format!("SELECT owner FROM {table} WHERE name = $1 AND lease_until > $2");
    Ok(in_tx!(tx, |conn| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
        .bind(name)
        .bind(now)
        .fetch_optional(conn)
        .await)?)
}

/// Prolongs a lease; `false`: it was taken by another owner.
pub(super) async fn renew(lease: &Lease, until: i64) -> Result<bool, DbError> {
    let LeaseRow { table, name, .. } = lease.row;
    let sql = format!("UPDATE {table} SET lease_until = $3 WHERE name = $1 AND token = $2");
    let mut tx = lease.db.begin().await?;
    let rows = in_tx!(&mut tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
        .bind(name)
        .bind(lease.token)
        .bind(until)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(rows > 0)
}

/// Ends a lease. The row stays, so that no token is used twice.
pub(super) async fn release(lease: &Lease) -> Result<(), DbError> {
    let LeaseRow { table, name, .. } = lease.row;
    let sql = format!("UPDATE {table} SET lease_until = 0, token = token + 1 WHERE name = $1 AND token = $2");
    let mut tx = lease.db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
        .bind(name)
        .bind(lease.token)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Whether a lease still holds. If so, its row is locked until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, lease: &Lease) -> Result<bool, DbError> {
    let LeaseRow { table, name, .. } = lease.row;
    let sql = format!("SELECT 1 FROM {table} WHERE name = $1 AND token = $2");
    let found: Option<i32> = match tx {
        // SQLite's transaction already holds the write lock.
        Tx::Sqlite(tx) => {
            let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(name).bind(lease.token);
            query.fetch_optional(&mut **tx).await?
        }
        Tx::Postgres(tx) => {
            let lock = if lease.row.is_changed {
                "FOR UPDATE"
            } else {
                "FOR SHARE"
            };
            let sql = format!("{sql} {lock}");
            let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(name).bind(lease.token);
            query.fetch_optional(&mut **tx).await?
        }
    };
    Ok(found.is_some())
}
