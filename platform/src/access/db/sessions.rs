//! The table `session`.

use super::tokens::TokenRow;
use crate::access::token::Secret;
use crate::db::{Db, DbError, Tx};
use crate::{in_tx, on};

/// Begins a session of a token until `expires`, microseconds UTC; returns the secret of its cookie.
pub(crate) async fn begin_session(tx: &mut Tx, token_id: &str, now: i64, expires: i64) -> Result<Secret, DbError> {
    const SQL: &str = "INSERT INTO session (hash, token_id, created, expires) VALUES ($1, $2, $3, $4)";
    let secret = Secret::random();
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(secret.hash())
        .bind(token_id)
        .bind(now)
        .bind(expires)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(secret)
}

pub(super) const OF_SESSION: &str = "SELECT t.id, t.permissions, t.note, t.created, t.expires, t.revoked, \
    t.last_used FROM session s JOIN token t ON t.id = s.token_id WHERE s.hash = $1 AND s.expires > $2";

/// The token of a session that has not ended, valid or not.
pub(crate) async fn of_session(db: &Db, cookie: &Secret, now: i64) -> Result<Option<TokenRow>, DbError> {
    Ok(on!(db, |pool| sqlx::query_as(OF_SESSION)
        .bind(cookie.hash())
        .bind(now)
        .fetch_optional(pool)
        .await)?)
}

/// Ends a session, by the hash of its cookie.
pub(crate) async fn end_session(tx: &mut Tx, hash: &str) -> Result<(), DbError> {
    const SQL: &str = "DELETE FROM session WHERE hash = $1";
    in_tx!(tx, |conn| sqlx::query(SQL).bind(hash).execute(conn).await.map(|_| ()))?;
    Ok(())
}
