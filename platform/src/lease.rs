//! Leases: the right to do what only one process may do at a time, as a row of a table.
//!
//! Each time a lease is taken it gets a new, unique token. A transaction on its behalf checks the token within that
//! transaction: a process that was away so long that another one took over learns of it from the first statement, and
//! writes nothing.

mod db;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock;
use crate::db::{Db, DbError, Tx};

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
        let taken = db::take(db, self, owner, now, lease_end(now)).await?;
        Ok(taken.map(|token| Lease {
            db: db.clone(),
            row: self,
            owner: owner.to_owned(),
            token,
            lost: Arc::default(),
        }))
    }

    /// Ends the lease on behalf of an owner that is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release_of(self, db: &Db, owner: &str) -> Result<(), DbError> {
        db::release_of(db, self, owner).await
    }

    /// Who has the lease at `now`, microseconds UTC, as a transaction sees it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn holder(self, tx: &mut Tx, now: i64) -> Result<Option<String>, DbError> {
        db::holder(tx, self, now).await
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
        let until = lease_end(now);
        if db::renew(self, until).await? {
            return Ok(Some(until));
        }
        self.lost.store(true, Ordering::SeqCst);
        Ok(None)
    }

    /// Ends the lease; transactions begun through it afterwards are refused.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release(&self) -> Result<(), DbError> {
        db::release(self).await
    }

    /// Whether another owner was seen to have taken it.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Begins a transaction on behalf of the lease, see [`Db::begin`]. Until it ends nobody can take the lease.
    ///
    /// # Errors
    /// Another owner has taken the lease, see [`Lease::is_lost`]; or the database failed.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        self.check(self.db.begin().await?).await
    }

    /// The same for work that is simply repeated if lost, see [`Db::begin_repeatable`].
    ///
    /// # Errors
    /// As those of [`Lease::begin`].
    pub async fn begin_repeatable(&self) -> Result<Tx, DbError> {
        self.check(self.db.begin_repeatable().await?).await
    }

    async fn check(&self, mut tx: Tx) -> Result<Tx, DbError> {
        if db::lock(&mut tx, self).await? {
            return Ok(tx);
        }
        self.lost.store(true, Ordering::SeqCst);
        Err(DbError::Row(format!(
            "{} has not the right {} any more",
            self.owner, self.row.right
        )))
    }

    /// Does work while the lease holds, which is renewed meanwhile and ended afterwards. Work that is not done when the
    /// lease is lost is dropped.
    ///
    /// # Errors
    /// The lease was lost.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Result<T, Lost> {
        let taken = clock::now_micros();
        let outcome = tokio::select! {
            outcome = work => Ok(outcome),
            lost = self.keep(taken) => Err(lost),
        };
        if self.is_lost() {
            return Err(Lost::Taken);
        }
        // If not released, it expires by itself; the work is done either way.
        if let Err(error) = self.release().await {
            tracing::warn!(%error, "the right {} could not be given back", self.row.right);
        }
        outcome
    }

    /// Keeps renewing a lease that was taken at `taken`; returns only once it is lost.
    async fn keep(&self, taken: i64) -> Lost {
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
