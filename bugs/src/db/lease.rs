//! The right to import bugs, in the table `bug_import`. Nobody else writes what imports write.
//!
//! Each time it is taken it gets a new, unique token, which every transaction of an import checks: an importer that was
//! away so long that another one took over writes nothing.

use std::time::Duration;

use platform::clock;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

/// How long the right to import lasts without renewal.
pub const IMPORT_LEASE: Duration = Duration::from_secs(15);

/// Another owner holds the right to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// The owner.
    pub owner: String,
    /// Until when, unless it is renewed; microseconds UTC.
    pub until: i64,
}

/// The right to import, as taken once.
#[derive(Debug, Clone)]
pub struct Lease {
    db: Db,
    token: i64,
}

fn lease_end(now: i64) -> i64 {
    now.saturating_add(clock::micros(IMPORT_LEASE))
}

impl Lease {
    /// Takes the right to import, or returns who holds it. `now` is microseconds UTC.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take(db: &Db, owner: &str, now: i64) -> Result<Result<Self, LeaseHolder>, DbError> {
        const TAKE: &str = "INSERT INTO bug_import (name, owner, lease_until, token) \
            VALUES ('bugzilla', $1, $2, 1) \
            ON CONFLICT (name) DO UPDATE \
            SET owner = excluded.owner, lease_until = excluded.lease_until, token = bug_import.token + 1 \
            WHERE bug_import.lease_until <= $3 RETURNING token";
        const WHO: &str = "SELECT owner, lease_until FROM bug_import WHERE name = 'bugzilla'";
        let mut tx = db.begin().await?;
        let token: Option<i64> = in_tx!(&mut tx, |conn| sqlx::query_scalar(TAKE)
            .bind(owner)
            .bind(lease_end(now))
            .bind(now)
            .fetch_optional(conn)
            .await)?;
        tx.commit().await?;
        if let Some(token) = token {
            return Ok(Ok(Self { db: db.clone(), token }));
        }
        let who: Option<(String, i64)> = on!(db, |pool| sqlx::query_as(WHO).fetch_optional(pool).await)?;
        let (owner, until) = who.unwrap_or_default();
        Ok(Err(LeaseHolder { owner, until }))
    }

    /// Renews the right to import; `false`: another owner took it, and the import must stop.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew(&self, now: i64) -> Result<bool, DbError> {
        const SQL: &str = "UPDATE bug_import SET lease_until = $2 WHERE name = 'bugzilla' AND token = $1";
        let mut tx = self.db.begin().await?;
        let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
            .bind(self.token)
            .bind(lease_end(now))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        tx.commit().await?;
        Ok(rows > 0)
    }

    /// Gives up the right to import; transactions begun through this lease afterwards are refused.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release(&self) -> Result<(), DbError> {
        // The row stays, so that no token is used twice.
        const SQL: &str = "UPDATE bug_import SET lease_until = 0, token = token + 1 \
            WHERE name = 'bugzilla' AND token = $1";
        let mut tx = self.db.begin().await?;
        in_tx!(&mut tx, |conn| sqlx::query(SQL)
            .bind(self.token)
            .execute(conn)
            .await
            .map(|_| ()))?;
        tx.commit().await
    }

    /// The database, for reading.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Begins a transaction of the import; `None` if another owner has taken over. Until it ends, nobody can.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin(&self) -> Result<Option<Tx>, DbError> {
        // SQLite's transaction already holds the write lock.
        const SQLITE: &str = "SELECT 1 FROM bug_import WHERE name = 'bugzilla' AND token = $1";
        const POSTGRES: &str = "SELECT 1 FROM bug_import WHERE name = 'bugzilla' AND token = $1 FOR UPDATE";
        let mut tx = self.db.begin().await?;
        let found = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query(SQLITE)
                .bind(self.token)
                .fetch_optional(&mut **tx)
                .await?
                .is_some(),
            Tx::Postgres(tx) => sqlx::query(POSTGRES)
                .bind(self.token)
                .fetch_optional(&mut **tx)
                .await?
                .is_some(),
        };
        Ok(found.then_some(tx))
    }
}
