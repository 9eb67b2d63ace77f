//! The table `token`.

use crate::access::permission::Permissions;
use crate::access::token::Secret;
use crate::db::{Db, DbError, Tx};
use crate::{in_tx, on};

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it allows.
    pub permissions: Permissions,
    /// Whose it is and what for.
    pub note: String,
    /// When it is made, microseconds UTC.
    pub created: i64,
    /// When it expires, microseconds UTC.
    pub expires: i64,
}

/// A stored token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its id, 8 hexadecimal digits.
    pub id: String,
    /// What it allows: names of permissions with blanks between them.
    pub permissions: String,
    /// Whose it is and what for.
    pub note: String,
    /// When it was made, microseconds UTC.
    pub created: i64,
    /// When it expires, microseconds UTC.
    pub expires: i64,
    /// When it was revoked, microseconds UTC.
    pub revoked: Option<i64>,
    /// When it was used, as counted by the hour; microseconds UTC, 0 if never.
    pub last_used: i64,
}

crate::from_row!(TokenRow {
    id,
    permissions,
    note,
    created,
    expires,
    revoked,
    last_used
});

/// Whether a token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It can.
    Valid,
    /// It is too old.
    Expired,
    /// It was revoked.
    Revoked,
}

impl TokenState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl TokenRow {
    /// Whether it can be used at a time, microseconds UTC.
    pub fn state(&self, now: i64) -> TokenState {
        match self.revoked {
            Some(_) => TokenState::Revoked,
            None if self.expires <= now => TokenState::Expired,
            None => TokenState::Valid,
        }
    }
}

/// Makes a token; returns its id and the token itself, which is nowhere else.
///
/// # Errors
/// The database failed.
pub async fn create_token(tx: &mut Tx, new: &NewToken) -> Result<(String, Secret), DbError> {
    const SQL: &str = "INSERT INTO token (id, hash, permissions, note, created, expires) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let secret = Secret::random();
    let id = hex::encode(rand::random::<[u8; 4]>());
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(&id)
        .bind(secret.hash())
        .bind(new.permissions.to_string())
        .bind(&new.note)
        .bind(new.created)
        .bind(new.expires)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok((id, secret))
}

pub(super) const OF_TOKEN: &str =
    "SELECT id, permissions, note, created, expires, revoked, last_used FROM token WHERE hash = $1";

/// The token with this secret, valid or not.
pub(crate) async fn of_token(db: &Db, secret: &Secret) -> Result<Option<TokenRow>, DbError> {
    Ok(on!(db, |pool| sqlx::query_as(OF_TOKEN)
        .bind(secret.hash())
        .fetch_optional(pool)
        .await)?)
}

/// Tokens in the order in which they were made, from the one after `after` on: the time and the id of the last one that
/// was read.
///
/// # Errors
/// The database failed.
pub async fn list_tokens(db: &Db, after: Option<(i64, &str)>, limit: i64) -> Result<Vec<TokenRow>, DbError> {
    const SQL: &str = "SELECT id, permissions, note, created, expires, revoked, last_used FROM token \
        WHERE (created, id) > ($1, $2) ORDER BY created, id LIMIT $3";
    let (created, id) = after.unwrap_or((i64::MIN, ""));
    Ok(on!(db, |pool| sqlx::query_as(SQL)
        .bind(created)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await)?)
}

/// Notes that a token was used.
pub(crate) async fn used(db: &Db, id: &str, now: i64) -> Result<(), DbError> {
    const SQL: &str = "UPDATE token SET last_used = $2 WHERE id = $1 AND last_used < $2";
    let mut tx = db.begin_repeatable().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Revokes a token and ends its sessions. `token` is its id or the token itself. Returns its id; `None` if there is no
/// such token, or if it was revoked before.
///
/// # Errors
/// The database failed.
pub async fn revoke_token(tx: &mut Tx, token: &str, now: i64) -> Result<Option<String>, DbError> {
    const REVOKE: &str = "UPDATE token SET revoked = $3 WHERE (id = $1 OR hash = $2) AND revoked IS NULL RETURNING id";
    const SESSIONS: &str = "DELETE FROM session WHERE token_id = $1";
    let hash = Secret::of_token(token).map(|secret| secret.hash()).unwrap_or_default();
    let id: Option<String> = in_tx!(&mut *tx, |conn| sqlx::query_scalar(REVOKE)
        .bind(token.trim())
        .bind(hash)
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    if let Some(id) = &id {
        in_tx!(tx, |conn| sqlx::query(SESSIONS)
            .bind(id)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(id)
}
