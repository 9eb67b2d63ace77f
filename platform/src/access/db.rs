//! The tables of tokens, sessions and the audit log.

mod audit_log;
mod sessions;
mod tokens;

pub use audit_log::{entries, record};
pub(super) use sessions::{begin_session, end_session, of_session};
pub use tokens::{NewToken, TokenRow, create_token, list_tokens, revoke_token};
pub(super) use tokens::{of_token, used};

use crate::db::{Db, DbError};
use crate::in_tx;

/// At most so many rows of a table are removed in one transaction.
const STEP: i64 = 500;

const LINES: &str = "DELETE FROM audit_log WHERE (at, id) IN \
    (SELECT at, id FROM audit_log WHERE at < $1 ORDER BY at, id LIMIT $2)";
const SESSIONS: &str = "DELETE FROM session WHERE hash IN \
    (SELECT hash FROM session WHERE expires < $1 ORDER BY expires LIMIT $2)";

/// The statements that run for every request or again and again, by what they do: tests look at their plans.
pub fn statements() -> [(&'static str, &'static str); 6] {
    [
        ("token", tokens::OF_TOKEN),
        ("session", sessions::OF_SESSION),
        ("log", audit_log::ALL),
        ("log of a crash", audit_log::OF_CRASH),
        ("old lines", LINES),
        ("old sessions", SESSIONS),
    ]
}

/// Removes lines of the audit log from before `horizon` and sessions that ended before `now`, both microseconds UTC, in
/// small transactions; returns how many lines were removed. Tokens stay: the log names them.
///
/// # Errors
/// The database failed; what was removed stays removed.
pub async fn prune(db: &Db, horizon: i64, now: i64) -> Result<u64, DbError> {
    let mut lines = 0;
    for (sql, before) in [(LINES, horizon), (SESSIONS, now)] {
        loop {
            let mut tx = db.begin().await?;
            let removed = in_tx!(&mut tx, |conn| sqlx::query(sql)
                .bind(before)
                .bind(STEP)
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
            tx.commit().await?;
            if sql == LINES {
                lines += removed;
            }
            if removed < u64::try_from(STEP).unwrap_or(u64::MAX) {
                break;
            }
        }
    }
    Ok(lines)
}
