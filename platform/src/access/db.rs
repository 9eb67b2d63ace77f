//! The tables of tokens, sessions and the audit log.

mod audit_log;
mod sessions;
mod tokens;

pub use audit_log::{entries, record};
pub(crate) use sessions::{begin_session, end_session, of_session};
pub use tokens::{NewToken, TokenRow, TokenState, create_token, list_tokens, revoke_token};
pub(crate) use tokens::{of_token, used};

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

/// What a step of [`prune`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// Lines of the audit log that were removed.
    pub lines: u64,
    /// Whether there is more to remove.
    pub more: bool,
}

/// Removes some lines of the audit log from before `horizon`, and some sessions that ended before `now`, both
/// microseconds UTC. Tokens stay, since the log names them.
///
/// # Errors
/// The database failed; what was removed stays removed.
pub async fn prune(db: &Db, horizon: i64, now: i64) -> Result<Pruned, DbError> {
    let lines = remove(db, LINES, horizon).await?;
    let sessions = remove(db, SESSIONS, now).await?;
    let step = u64::try_from(STEP).unwrap_or(u64::MAX);
    Ok(Pruned {
        lines,
        more: lines == step || sessions == step,
    })
}

async fn remove(db: &Db, sql: &'static str, before: i64) -> Result<u64, DbError> {
    let mut tx = db.begin_repeatable().await?;
    let removed = in_tx!(&mut tx, |conn| sqlx::query(sql)
        .bind(before)
        .bind(STEP)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    tx.commit().await?;
    Ok(removed)
}
