//! The two databases behind one closed type: SQLite (embedded, the default) and PostgreSQL.
//!
//! A query is one SQL text for both, with `$1` placeholders; the macros [`on!`](crate::on) and
//! [`in_tx!`](crate::in_tx) expand the same body for each. Reads go to the pool, every write goes
//! through a [`Tx`]. SQLite has one writing connection (`BEGIN IMMEDIATE`) beside a pool of
//! reading ones, so that writers queue up in the process instead of failing with "busy".

mod scratch;
mod wal;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Executor};

use crate::config::{ConfigError, check_within};

pub use scratch::ScratchSchema;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// Begins a transaction that takes SQLite's write lock at once, and is on the disk when it was
/// committed. The mode belongs to the connection, so each beginning states its own.
const SQLITE_DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// The same, but it comes to the disk with the next durable one.
const SQLITE_REPEATABLE: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
/// A transaction of PostgreSQL that comes to the disk a little later, or with the next durable one.
const POSTGRES_REPEATABLE: &str = "BEGIN; SET LOCAL synchronous_commit = off";

/// How long a statement waits for a locked SQLite file before it fails.
const BUSY: Duration = Duration::from_secs(15);

/// The section `database` of the settings.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// `sqlite://path` or `postgres://…`. Empty: the file `datil.db` in the data folder.
    pub url: String,
    /// How many seconds a statement may take; 0: no limit. On SQLite, reading ones only. Imports, migrations and commands are not
    /// limited.
    pub statement_seconds: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            statement_seconds: 20,
        }
    }
}

impl DatabaseSettings {
    /// Whether every value can be used; nothing is opened.
    ///
    /// # Errors
    /// The first setting that cannot, and why.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "database.url";
        let url = self.url.as_str();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            PgConnectOptions::from_str(url).map_err(|error| ConfigError::setting(NAME, error))?;
        } else if !url.is_empty() && !url.starts_with("sqlite://") {
            return Err(ConfigError::setting(
                NAME,
                "it must begin with sqlite:// or postgres://, or be empty for a file in the data folder",
            ));
        }
        let seconds = u64::from(self.statement_seconds);
        check_within("database.statement_seconds", seconds, 0..=86_400)
    }

    fn statement_time(&self) -> Option<Duration> {
        match self.statement_seconds {
            0 => None,
            seconds => Some(Duration::from_secs(u64::from(seconds))),
        }
    }

    /// The same, for a command that may take as long as it takes.
    pub fn unhurried(&self) -> Self {
        Self {
            url: self.url.clone(),
            statement_seconds: 0,
        }
    }
}

impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("url", &crate::config::without_password(&self.url))
            .field("statement_seconds", &self.statement_seconds)
            .finish()
    }
}

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database could not be reached or refused a statement.
    #[error("database: {0}")]
    Sql(#[source] sqlx::Error),
    /// A statement took longer than it may, waited too long for a lock, or found no free connection.
    #[error("the database took too long: {0}")]
    TooSlow(#[source] sqlx::Error),
    /// The address names no database that Datil knows.
    #[error("database.url must begin with sqlite:// or postgres://, not {0:?}")]
    UnknownUrl(String),
    /// The schema is older than this program. PostgreSQL only: SQLite migrates itself.
    #[error(
        "the database schema is at version {found}, this program needs {wanted}: run `datil migrate`"
    )]
    SchemaTooOld {
        /// The newest migration that was applied.
        found: i64,
        /// The newest migration that this program has.
        wanted: i64,
    },
    /// The schema was made by a newer program.
    #[error(
        "the database schema is at version {found}, newer than this program knows ({known}): use a newer datil"
    )]
    SchemaTooNew {
        /// The newest migration that was applied.
        found: i64,
        /// The newest migration that this program has.
        known: i64,
    },
    /// A migration failed.
    #[error("migrating the database: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The folder of the SQLite file, or its lock, could not be used.
    #[error("database file {path}: {source}")]
    File {
        /// What could not be used.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A stored value does not have the form that this program writes.
    #[error("a stored row cannot be understood: {0}")]
    Row(String),
}

impl DbError {
    /// Whether the database refused a value, as it will each time, and not whether it is there: too long, too large, or a text that
    /// it cannot hold.
    pub fn is_refusal(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(error)) = self else {
            return false;
        };
        // PostgreSQL: data exception, program limit exceeded. SQLite: TOOBIG, MISMATCH, RANGE.
        error.code().is_some_and(|code| {
            (code.len() == 5 && (code.starts_with("22") || code.starts_with("54")))
                || matches!(&*code, "18" | "20" | "25")
        })
    }
}

/// Whether a statement failed because it took longer than it may.
pub(crate) fn is_too_slow(error: &sqlx::Error) -> bool {
    // PostgreSQL: query_canceled, lock_not_available. SQLite: SQLITE_INTERRUPT.
    const SLOW: [&str; 3] = ["57014", "55P03", "9"];
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| SLOW.contains(&&*code)),
        _ => false,
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        if is_too_slow(&error) {
            Self::TooSlow(error)
        } else {
            Self::Sql(error)
        }
    }
}

/// An open database. Clones share the connections.
#[derive(Debug, Clone)]
pub enum Db {
    /// One file.
    Sqlite(SqliteDb),
    /// A server.
    Postgres(PgPool),
}

/// The two pools of a SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteDb {
    /// Connections that only read.
    pub read: SqlitePool,
    /// The one connection that writes.
    pub write: SqlitePool,
    folding: Arc<wal::Folding>,
}

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub enum Tx {
    /// On the one writing connection.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On a connection of the pool.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// Runs a reading query on either database: `on!(db, |pool| sqlx::query(SQL).fetch_all(pool).await)`.
#[macro_export]
macro_rules! on {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(db) => {
                let $pool = &db.read;
                $body
            }
            $crate::db::Db::Postgres($pool) => $body,
        }
    };
}

/// Runs a query inside a transaction on either database:
/// `in_tx!(tx, |conn| sqlx::query(SQL).execute(conn).await)`.
#[macro_export]
macro_rules! in_tx {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

impl Db {
    /// Opens the database and makes sure that its schema fits: a SQLite file is created and
    /// migrated, a PostgreSQL schema must have been migrated by `datil migrate`.
    ///
    /// # Errors
    /// The address is unknown, the database cannot be reached, or its schema does not fit.
    pub async fn open(settings: &DatabaseSettings, data_dir: &Path) -> Result<Self, DbError> {
        let db = Self::connect(settings, data_dir).await?;
        match db.schema().await? {
            Schema::Fits => {}
            Schema::Older { found, wanted } => match &db {
                Self::Sqlite(_) => db.migrate(data_dir).await?,
                Self::Postgres(_) => return Err(DbError::SchemaTooOld { found, wanted }),
            },
        }
        Ok(db)
    }

    /// Connects without looking at the schema: what `datil migrate` does before it migrates.
    ///
    /// # Errors
    /// The address is unknown or the database cannot be reached.
    pub async fn connect(settings: &DatabaseSettings, data_dir: &Path) -> Result<Self, DbError> {
        let url = if settings.url.is_empty() {
            format!("sqlite://{}", data_dir.join("datil.db").display())
        } else {
            settings.url.clone()
        };
        if let Some(path) = url.strip_prefix("sqlite://") {
            let path = PathBuf::from(path.split('?').next().unwrap_or(path));
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(|source| DbError::File {
                    path: folder.to_owned(),
                    source,
                })?;
            }
            let options = SqliteConnectOptions::new()
                .filename(&path)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY)
                .foreign_keys(true)
                .pragma("journal_size_limit", "67108864");
            // An import writes all over the file: pages that are kept for a while are read and
            // written once instead of many times.
            let writing = options
                .clone()
                .pragma("cache_size", "-16384")
                .pragma("temp_store", "MEMORY")
                .pragma("wal_autocheckpoint", wal::PAGES_FOR_A_WRITER);
            let write = SqlitePoolOptions::new()
                .max_connections(1)
                .acquire_timeout(BUSY)
                .connect_with(writing)
                .await?;
            let read = readers(settings.statement_time())
                .connect_lazy_with(options.pragma("query_only", "true"));
            let folding = Arc::new(wal::Folding::start(read.clone(), write.clone()));
            Ok(Self::Sqlite(SqliteDb {
                read,
                write,
                folding,
            }))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(&url)?.application_name("datil");
            let pool = connections(settings.statement_time())
                .max_connections(16)
                .connect_with(options)
                .await?;
            Ok(Self::Postgres(pool))
        } else {
            let scheme = url.split("://").next().unwrap_or_default();
            Err(DbError::UnknownUrl(scheme.chars().take(20).collect()))
        }
    }

    /// The same database, through connections of their own whose statements may take as long as they take: for imports, upkeep, and
    /// whatever nobody waits for. To be called once for each such task.
    pub fn unhurried(&self) -> Self {
        match self {
            Self::Sqlite(db) => Self::Sqlite(SqliteDb {
                read: readers(None).connect_lazy_with((*db.read.connect_options()).clone()),
                write: db.write.clone(),
                folding: Arc::clone(&db.folding),
            }),
            Self::Postgres(pool) => Self::Postgres(
                connections(None)
                    .max_connections(8)
                    .connect_lazy_with((*pool.connect_options()).clone()),
            ),
        }
    }

    /// Begins a transaction; on SQLite it takes the write lock at once.
    ///
    /// # Errors
    /// No connection could be had, or the file stayed locked.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(begin_on_sqlite(db, SQLITE_DURABLE).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction of work that is done again if it was lost. It survives the death of the
    /// process. A loss of power may take the last of such transactions, in the order in which they
    /// were made; the next one of [`Db::begin`] makes all before it durable.
    ///
    /// # Errors
    /// No connection could be had.
    pub async fn begin_repeatable(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(begin_on_sqlite(db, SQLITE_REPEATABLE).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(POSTGRES_REPEATABLE).await?),
        })
    }

    /// Brings the schema up to date, and says how many migrations were applied. `data_dir` holds
    /// the lock that keeps two processes from migrating one SQLite file at the same time.
    ///
    /// # Errors
    /// A migration failed, or the schema is newer than this program.
    pub async fn migrate(&self, data_dir: &Path) -> Result<(), DbError> {
        match self {
            Self::Sqlite(db) => {
                let _lock = FolderLock::wait(data_dir, "migrate.lock").await?;
                SQLITE_MIGRATIONS.run(&db.write).await?;
            }
            Self::Postgres(_) => {
                let unhurried = self.unhurried();
                if let Self::Postgres(pool) = &unhurried {
                    POSTGRES_MIGRATIONS.run(pool).await?;
                }
                unhurried.close().await;
            }
        }
        Ok(())
    }

    /// How the schema that is there compares with the one that this program needs.
    ///
    /// # Errors
    /// The database cannot be asked, or its schema is newer than this program.
    pub async fn schema(&self) -> Result<Schema, DbError> {
        const SQL: &str =
            "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version DESC LIMIT 1";
        let migrations = match self {
            Self::Sqlite(_) => &SQLITE_MIGRATIONS,
            Self::Postgres(_) => &POSTGRES_MIGRATIONS,
        };
        let wanted = migrations.iter().map(|m| m.version).max().unwrap_or(0);
        // Before the first migration there is no table to ask.
        let found = on!(self, |pool| sqlx::query_scalar::<_, i64>(SQL)
            .fetch_optional(pool)
            .await);
        let found = match found {
            Ok(version) => version.unwrap_or(0),
            Err(error) if is_missing_table(&error) => 0,
            Err(error) => return Err(error.into()),
        };
        match found.cmp(&wanted) {
            std::cmp::Ordering::Equal => Ok(Schema::Fits),
            std::cmp::Ordering::Less => Ok(Schema::Older { found, wanted }),
            std::cmp::Ordering::Greater => Err(DbError::SchemaTooNew {
                found,
                known: wanted,
            }),
        }
    }

    /// What a claim adds to its inner `SELECT` so that two claimers do not wait for each other.
    /// SQLite has one writer and needs nothing.
    pub fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// What stands behind a table's name so that SQLite uses this index, which otherwise takes any that has more of the columns asked
    /// for. PostgreSQL knows how rare each value is, and needs nothing.
    pub fn by_index(&self, index: &'static str) -> String {
        match self {
            Self::Sqlite(_) => format!("INDEXED BY {index}"),
            Self::Postgres(_) => String::new(),
        }
    }

    /// Lets PostgreSQL learn how its rows are spread, which it does by itself after a while; SQLite is told which index to use.
    ///
    /// # Errors
    /// The database failed.
    pub async fn analyze(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(pool) => {
                const TABLES: &str =
                    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
                // Not those of other schemas in the same database.
                let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(pool).await?;
                for table in tables {
                    let sql = format!("ANALYZE {table}");
                    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
                }
            }
        }
        Ok(())
    }

    /// The name of the engine, for logs and the health page.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Asks the database for nothing: is it there?
    ///
    /// # Errors
    /// It is not.
    pub async fn ping(&self) -> Result<(), DbError> {
        on!(self, |pool| sqlx::query("SELECT 1")
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Closes every connection; SQLite folds its write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => {
                db.read.close().await;
                db.write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Reading connections to SQLite, whose statements are broken off after `time`.
fn readers(time: Option<Duration>) -> SqlitePoolOptions {
    let options = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(BUSY)
        // There is nobody who could have closed a file.
        .test_before_acquire(false);
    let Some(time) = time else { return options };
    // Each statement acquires a connection: either a new one or one that was used before.
    options
        .after_connect(move |connection, _| Box::pin(break_off_after(connection, time)))
        .before_acquire(move |connection, _| {
            Box::pin(async move {
                break_off_after(connection, time).await?;
                Ok(true)
            })
        })
}

/// Breaks off what this connection still does after this time.
async fn break_off_after(
    connection: &mut SqliteConnection,
    time: Duration,
) -> Result<(), sqlx::Error> {
    /// So many steps of SQLite's machine take well under a millisecond.
    const STEPS: i32 = 10_000;
    let end = Instant::now() + time;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(())
}

/// Connections to PostgreSQL, which breaks off statements after `time`. A transaction whose process was stopped in the middle of it
/// ends as well: others wait for its locks.
fn connections(time: Option<Duration>) -> PgPoolOptions {
    const IDLE: Duration = Duration::from_secs(300);
    let limit = time.map_or(0, |time| time.as_millis());
    let idle = IDLE.as_millis();
    let sql = format!(
        "SET statement_timeout = {limit}; SET lock_timeout = {limit}; SET idle_in_transaction_session_timeout = {idle}"
    );
    PgPoolOptions::new()
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(move |connection, _| {
            let sql = sql.clone();
            Box::pin(async move {
                connection.execute(AssertSqlSafe(sql)).await?;
                Ok(())
            })
        })
}

/// Begins on the one writing connection. When the disk is full SQLite ends a transaction by itself,
/// and the connection then believes to be inside of one for ever: it is replaced.
async fn begin_on_sqlite(
    db: &SqliteDb,
    begin: &'static str,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
    let pool = &db.write;
    db.folding.wake();
    match pool.begin_with(begin).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            tracing::warn!("the connection to the database lost count and is replaced");
            // An error while closing concerns a connection that is of no use anyway.
            let _ = pool.acquire().await?.close().await;
            pool.begin_with(begin).await
        }
        begun => begun,
    }
}

/// Whether a statement failed because its table does not exist, and for no other reason.
fn is_missing_table(error: &sqlx::Error) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    error.as_database_error().is_some_and(|error| {
        // SQLite has one code for all errors in a statement's text.
        error.code().is_some_and(|code| code == UNDEFINED_TABLE)
            || error.message().starts_with("no such table")
    })
}

/// How a schema compares with the one that this program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It is the one.
    Fits,
    /// Migrations are missing.
    Older {
        /// The newest migration that was applied, 0 for none.
        found: i64,
        /// The newest migration that this program has.
        wanted: i64,
    },
}

impl Tx {
    /// Makes the changes durable and visible.
    ///
    /// # Errors
    /// The database could not commit: nothing was changed.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// An exclusive lock on a file in a folder, held until it is dropped or the process ends, however
/// it ends (`flock`).
#[derive(Debug)]
pub struct FolderLock {
    _file: std::fs::File,
}

impl FolderLock {
    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn try_take(folder: &Path, name: &str) -> Result<Option<Self>, DbError> {
        let path = folder.join(name);
        let file = std::fs::create_dir_all(folder)
            .and_then(|()| {
                std::fs::OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(&path)
            })
            .map_err(|source| DbError::File {
                path: path.clone(),
                source,
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => Err(DbError::File { path, source }),
        }
    }

    /// Takes the lock, waiting for whoever holds it.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub async fn wait(folder: &Path, name: &str) -> Result<Self, DbError> {
        loop {
            if let Some(lock) = Self::try_take(folder, name)? {
                return Ok(lock);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// How far a background task has come: the number stored under its name, 0 at first.
///
/// # Errors
/// The database failed.
pub async fn progress(db: &Db, name: &str) -> Result<i64, DbError> {
    const SQL: &str = "SELECT value FROM progress WHERE name = $1";
    let found: Option<i64> = on!(db, |pool| sqlx::query_scalar(SQL)
        .bind(name)
        .fetch_optional(pool)
        .await)?;
    Ok(found.unwrap_or(0))
}

/// Stores how far a background task has come. It never goes back: a smaller number changes nothing.
///
/// # Errors
/// The database failed.
pub async fn set_progress(tx: &mut Tx, name: &str, value: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO progress (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > progress.value";
    in_tx!(tx, |conn| sqlx::query(SQL)
        .bind(name)
        .bind(value)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
