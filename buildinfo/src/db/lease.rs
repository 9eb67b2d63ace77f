//! The table `import_lease`: who may import. Nobody else can write what imports write.
//!
//! Each time the lease is taken it gets a new, unique token. A transaction on behalf of an import begins through
//! [`Writes`], which checks the token within that transaction: an importer that was away so long that another took over
//! learns of it from the first statement, and writes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use platform::clock;
use platform::db::{Db, DbError, Tx};
use platform::{in_tx, on};

/// How long the right to import lasts without renewal.
pub const IMPORT_LEASE: Duration = Duration::from_secs(15);

/// Another owner holds the right to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLease {
    /// The owner.
    pub owner: String,
    /// Until when, unless it is renewed; microseconds UTC.
    pub until: i64,
}

/// How the name of an owner begins that needs the right for moments only.
const BRIEF: &str = "announced builds";

impl RunLease {
    /// The name of an owner that takes in announced builds, and needs the right for moments only.
    pub fn brief_owner(owner: &str) -> String {
        format!("{BRIEF} ({owner})")
    }

    /// Whether the owner will give the right back in a moment.
    pub fn is_brief(&self) -> bool {
        self.owner.starts_with(BRIEF)
    }
}

/// The right to import, as taken once.
#[derive(Debug, Clone)]
pub struct Lease {
    db: Db,
    owner: String,
    token: i64,
    lost: Arc<AtomicBool>,
}

fn lease_end(now: i64) -> i64 {
    now.saturating_add(clock::micros(IMPORT_LEASE))
}

impl Lease {
    /// Takes the right to import, or returns who holds it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take(db: &Db, owner: &str, now: i64) -> Result<Result<Self, RunLease>, DbError> {
        const TAKE: &str = "INSERT INTO import_lease (name, owner, lease_until, token) \
            VALUES ('import', $1, $2, 1) \
            ON CONFLICT (name) DO UPDATE \
            SET owner = excluded.owner, lease_until = excluded.lease_until, token = import_lease.token + 1 \
            WHERE import_lease.lease_until <= $3 RETURNING token";
        const WHO: &str = "SELECT owner, lease_until FROM import_lease WHERE name = 'import'";
        let mut tx = db.begin().await?;
        let token: Option<i64> = in_tx!(&mut tx, |conn| sqlx::query_scalar(TAKE)
            .bind(owner)
            .bind(lease_end(now))
            .bind(now)
            .fetch_optional(conn)
            .await)?;
        tx.commit().await?;
        if let Some(token) = token {
            return Ok(Ok(Self {
                db: db.clone(),
                owner: owner.to_owned(),
                token,
                lost: Arc::default(),
            }));
        }
        let who: Option<(String, i64)> = on!(db, |pool| sqlx::query_as(WHO).fetch_optional(pool).await)?;
        let (owner, until) = who.unwrap_or_default();
        Ok(Err(RunLease { owner, until }))
    }

    /// Renews the right to import and returns until when it lasts. None: another owner took it, and the import must
    /// stop.
    ///
    /// # Errors
    /// The database failed.
    pub async fn renew(&self, now: i64) -> Result<Option<i64>, DbError> {
        const SQL: &str = "UPDATE import_lease SET lease_until = $2 WHERE name = 'import' AND token = $1";
        let until = lease_end(now);
        let mut tx = self.db.begin().await?;
        let rows = in_tx!(&mut tx, |conn| sqlx::query(SQL)
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

    /// Gives up the right to import; transactions begun through this lease afterwards are refused.
    ///
    /// # Errors
    /// The database failed.
    pub async fn release(&self) -> Result<(), DbError> {
        // The row stays, so that no token is used twice.
        const SQL: &str =
            "UPDATE import_lease SET lease_until = 0, token = token + 1 WHERE name = 'import' AND token = $1";
        let mut tx = self.db.begin().await?;
        in_tx!(&mut tx, |conn| sqlx::query(SQL)
            .bind(self.token)
            .execute(conn)
            .await
            .map(|_| ()))?;
        tx.commit().await
    }

    /// Whether another owner was seen to have taken the right to import.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Checks within a transaction that this lease still holds, and locks it until the transaction ends.
    async fn check(&self, mut tx: Tx) -> Result<Tx, DbError> {
        // SQLite's transaction already holds the write lock.
        const SQLITE: &str = "SELECT 1 FROM import_lease WHERE name = 'import' AND token = $1";
        const POSTGRES: &str = "SELECT 1 FROM import_lease WHERE name = 'import' AND token = $1 FOR SHARE";
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
        if found {
            return Ok(tx);
        }
        self.lost.store(true, Ordering::SeqCst);
        Err(DbError::Row(format!(
            "{} has not the right to import any more",
            self.owner
        )))
    }
}

/// Releases the right to import on behalf of an owner that is gone.
///
/// # Errors
/// The database failed.
pub async fn release_lease(db: &Db, owner: &str) -> Result<(), DbError> {
    const SQL: &str = "UPDATE import_lease SET lease_until = 0, token = token + 1 WHERE name = 'import' AND owner = $1";
    let mut tx = db.begin().await?;
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(owner)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// Who may write what imports write: the holder of the [`Lease`]; or, while there is no holder, a process that has the
/// database to itself, such as a test or benchmark. A plain database is refused during an import, so that an import
/// cannot write around its own lease.
pub trait Writes: Sync {
    /// The database, for reading.
    fn db(&self) -> &Db;

    /// Begins a transaction, see [`Db::begin`].
    fn begin_import(&self) -> impl Future<Output = Result<Tx, DbError>> + Send;

    /// Begins a transaction for import work that is simply repeated if lost, see [`Db::begin_repeatable`].
    fn begin_import_repeatable(&self) -> impl Future<Output = Result<Tx, DbError>> + Send;
}

impl Writes for Lease {
    fn db(&self) -> &Db {
        &self.db
    }

    async fn begin_import(&self) -> Result<Tx, DbError> {
        self.check(self.db.begin().await?).await
    }

    async fn begin_import_repeatable(&self) -> Result<Tx, DbError> {
        self.check(self.db.begin_repeatable().await?).await
    }
}

impl Writes for Db {
    fn db(&self) -> &Db {
        self
    }

    async fn begin_import(&self) -> Result<Tx, DbError> {
        alone(self.begin().await?).await
    }

    async fn begin_import_repeatable(&self) -> Result<Tx, DbError> {
        alone(self.begin_repeatable().await?).await
    }
}

/// Checks that no import is running.
async fn alone(mut tx: Tx) -> Result<Tx, DbError> {
    const SQL: &str = "SELECT owner FROM import_lease WHERE name = 'import' AND lease_until > $1";
    let owner: Option<String> = in_tx!(&mut tx, |conn| sqlx::query_scalar(SQL)
        .bind(clock::now_micros())
        .fetch_optional(conn)
        .await)?;
    match owner {
        None => Ok(tx),
        Some(owner) => Err(DbError::Row(format!(
            "written without the right to import, which {owner} has"
        ))),
    }
}
