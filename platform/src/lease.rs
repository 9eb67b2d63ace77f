//! Leases: the right to do what only one process may do at a time, as a row of a table.
//!
//! Each time a lease is taken it gets a new, unique token. A transaction on its behalf checks the token within that
//! transaction: a process that was away so long that another one took over learns of it from the first statement, and
//! writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::AssertSqlSafe;

use crate::clock;
use crate::db::{Db, DbError, Tx};
use crate::{in_tx, on};

/// How long a lease lasts without renewal.
pub const LEASE: Duration = Duration::from_secs(15);

/// How often a lease is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// The pause before a failed renewal is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The row of a lease, in a table with the columns `name`, `owner`, `lease_until` and `token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRow {
    /// The table.
    pub table: &'static str,
    /// The row's name.
    pub name: &'static str,
    /// What it is the right to, as in "to import builds".
    pub right: &'static str,
    /// Whether its transactions change this row too; those of one that do not can run side by side.
    pub is_changed: bool,
}

/// Another owner has the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// The owner.
    pub owner: String,
    /// Until when, unless it is renewed; microseconds UTC.
    pub until: i64,
}

/// Why a lease does not hold any more.
#[derive(Debug)]
pub enum Lost {
    /// Another owner has taken it.
    Taken,
    /// It ended, and the database could not be told to prolong it.
    Db(DbError),
}

/// A lease, as taken once.
#[derive(Debug, Clone)]
pub struct Lease {
    db: Db,
    row: LeaseRow,
    owner: String,
    token: i64,
    lost: Arc<AtomicBool>,
}

fn lease_end(now: i64) -> i64 {
    now.saturating_add(clock::micros(LEASE))
}

impl LeaseRow {
    /// Takes the lease, or returns who has it. `now` is microseconds UTC.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take(self, db: &Db, owner: &str, now: i64) -> Result<Result<Lease, LeaseHolder>, DbError> {
        let Self { table, name, .. } = self;
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
            .bind(lease_end(now))
            .bind(now)
            .fetch_optional(conn)
            .await)?;
        tx.commit().await?;
        if let Some(token) = token {
            return Ok(Ok(Lease {
                db: db.clone(),
                row: self,
                owner: owner.to_owned(),
                token,
                lost: Arc::default(),
            }));
        }
        let who = format!("SELECT owner, lease_until FROM {table} WHERE name = $1");
        let who: Option<(String, i64)> = on!(db, |pool| sqlx::query_as(AssertSqlSafe(who.as_str()))
            .bind(name)
            .fetch_optional(pool)
            .await)?;
        let (owner, until) = who.unwrap_or_default();
        Ok(Err(LeaseHolder { owner, until }))
    }

    /// Ends the lease on behalf of an owner that is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_of(self, db: &Db, owner: &str) -> Result<(), DbError> {
        let Self { table, name, .. } = self;
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

    /// Who has the lease at `now`, microseconds UTC, as a transaction sees it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn holder(self, tx: &mut Tx, now: i64) -> Result<Option<String>, DbError> {
        let Self { table, name, .. } = self;
        let sql = format!("SELECT owner FROM {table} WHERE name = $1 AND lease_until > $2");
        Ok(in_tx!(tx, |conn| sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
            .bind(name)
            .bind(now)
            .fetch_optional(conn)
            .await)?)
    }
}

impl Lease {
    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Renews the lease and returns until when it lasts; none: another owner took it, and the work must stop.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew(&self, now: i64) -> Result<Option<i64>, DbError> {
        let table = self.row.table;
        let sql = format!("UPDATE {table} SET lease_until = $3 WHERE name = $1 AND token = $2");
        let until = lease_end(now);
        let mut tx = self.db.begin().await?;
        let rows = in_tx!(&mut tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(self.row.name)
            .bind(self.token)
            .bind(until)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        tx.commit().await?;
        if rows == 0 {
            self.lost.store(true, Ordering::SeqCst);
            return Ok(None);
        }
        Ok(Some(until))
    }

    /// Ends the lease; transactions begun through it afterwards are refused.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release(&self) -> Result<(), DbError> {
        let table = self.row.table;
        // The row stays, so that no token is used twice.
        let sql = format!("UPDATE {table} SET lease_until = 0, token = token + 1 WHERE name = $1 AND token = $2");
        let mut tx = self.db.begin().await?;
        in_tx!(&mut tx, |conn| sqlx::query(AssertSqlSafe(sql.as_str()))
            .bind(self.row.name)
            .bind(self.token)
            .execute(conn)
            .await
            .map(|_| ()))?;
        tx.commit().await
    }

    /// Whether another owner was seen to have taken it.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Checks within a transaction that this lease still holds, and locks its row until the transaction ends: until
    /// then nobody can take it.
    ///
    /// # Errors
    /// Another owner has taken the lease, see [`Lease::is_lost`]; or the database failed.
    pub async fn check(&self, mut tx: Tx) -> Result<Tx, DbError> {
        let table = self.row.table;
        let sql = format!("SELECT 1 FROM {table} WHERE name = $1 AND token = $2");
        let found = match &mut tx {
            // SQLite's transaction already holds the write lock.
            Tx::Sqlite(tx) => sqlx::query(AssertSqlSafe(sql))
                .bind(self.row.name)
                .bind(self.token)
                .fetch_optional(&mut **tx)
                .await?
                .is_some(),
            Tx::Postgres(tx) => {
                let lock = if self.row.is_changed { "FOR UPDATE" } else { "FOR SHARE" };
                sqlx::query(AssertSqlSafe(format!("{sql} {lock}")))
                    .bind(self.row.name)
                    .bind(self.token)
                    .fetch_optional(&mut **tx)
                    .await?
                    .is_some()
            }
        };
        if found {
            return Ok(tx);
        }
        self.lost.store(true, Ordering::SeqCst);
        Err(DbError::Row(format!(
            "{} has not the right {} any more",
            self.owner, self.row.right
        )))
    }

    /// Keeps renewing a lease that was taken at `taken`, microseconds UTC; returns only once it is lost.
    pub async fn keep(&self, taken: i64) -> Lost {
        let mut until = lease_end(taken);
        let mut pause = RENEW_EVERY;
        loop {
            clock::sleep(pause).await;
            match self.renew_in_time(until, clock::now_micros()).await {
                Ok(next) => (pause, until) = next,
                Err(lost) => return lost,
            }
        }
    }

    /// Renews a lease that holds until `until`: after what pause to do that next, and until when it holds now. A failed
    /// renewal does not lose the lease: it still holds, and is renewed again soon. Times are microseconds UTC.
    ///
    /// # Errors
    /// It is lost.
    pub async fn renew_in_time(&self, until: i64, now: i64) -> Result<(Duration, i64), Lost> {
        match self.renew(now).await {
            Ok(Some(until)) => Ok((RENEW_EVERY, until)),
            Ok(None) => Err(Lost::Taken),
            Err(error) if now < until => {
                let right = self.row.right;
                tracing::warn!(%error, "the right {right} could not be renewed; it is tried again");
                Ok((AGAIN_AFTER, until))
            }
            Err(error) => Err(Lost::Db(error)),
        }
    }
}
