//! The table `import_lease`: who may import. Nobody else can write what imports write: a transaction on behalf of an
//! import begins through [`Writes`], which checks the lease within that transaction.

use platform::clock;
use platform::db::{Db, DbError, Tx};
use platform::lease::{Lease, LeaseHolder, LeaseRow};

/// The right to import builds.
pub const IMPORT: LeaseRow = LeaseRow {
    table: "import_lease",
    name: "import",
    right: "to import builds",
    is_changed: false,
};

/// How the name of an owner begins that needs the right for moments only.
const BRIEF: &str = "announced builds";

/// The name of an owner that takes in announced builds, and needs the right to import for moments only.
pub fn brief_owner(owner: &str) -> String {
    format!("{BRIEF} ({owner})")
}

/// Whether the owner will give the right to import back in a moment.
pub fn is_brief(holder: &LeaseHolder) -> bool {
    holder.owner.starts_with(BRIEF)
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
        self.db()
    }

    async fn begin_import(&self) -> Result<Tx, DbError> {
        self.begin().await
    }

    async fn begin_import_repeatable(&self) -> Result<Tx, DbError> {
        self.begin_repeatable().await
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
    match IMPORT.holder(&mut tx, clock::now_micros()).await? {
        None => Ok(tx),
        Some(owner) => Err(DbError::Row(format!(
            "written without the right to import, which {owner} has"
        ))),
    }
}
