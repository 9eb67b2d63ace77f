//! The database itself, its transactions, and the macros that query either engine.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::error::{DbError, is_missing_table};
use super::lock::FolderLock;
use super::migrations::{POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS};
use super::pools::{BUSY, connections, readers};
use super::settings::DatabaseSettings;
use super::wal;

/// Begins a transaction that takes SQLite's write lock at once and is on disk once committed. The mode belongs to the
/// connection, so every transaction sets its own.
const SQLITE_DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// The same, but it reaches the disk with the next durable transaction.
const SQLITE_REPEATABLE: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
/// Begins a PostgreSQL transaction that reaches the disk a little later, or with the next durable one.
const POSTGRES_REPEATABLE: &str = "BEGIN; SET LOCAL synchronous_commit = off";

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub enum Db {
    /// SQLite: one file.
    Sqlite(SqliteDb),
    /// PostgreSQL: a server.
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
    /// On the single writing connection.
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    /// On a connection from the pool.
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
    /// Opens the database and ensures that its schema fits: a SQLite file is created and migrated, a PostgreSQL schema
    /// must have been migrated by `datil migrate`.
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

    /// Connects without checking the schema, as `datil migrate` does before it migrates.
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
            // An import writes all over the file: pages cached for a while are read and written once instead of many
            // times.
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
            let read = readers(settings.statement_time()).connect_lazy_with(options.pragma("query_only", "true"));
            let folding = Arc::new(wal::Folding::start(read.clone(), write.clone()));
            Ok(Self::Sqlite(SqliteDb { read, write, folding }))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(&url)?.application_name("datil");
            let pool = connections(settings.statement_time())
                .max_connections(16)
                .connect_with(options)
                .await?;
            Ok(Self::Postgres(pool))
        } else {
            let scheme = url.split("://").next().unwrap_or_default();
            Err(DbError::UnknownUrl(text::cut(scheme, 20).to_owned()))
        }
    }

    /// Returns the same database on separate connections without a statement time limit: for imports, upkeep and other
    /// background work. Call this once for each such task.
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
    /// No connection was available, or the file stayed locked.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(begin_on_sqlite(db, SQLITE_DURABLE).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction for work that is repeated if lost. It survives the death of the process. A power loss may
    /// undo the latest such transactions, newest first; the next transaction from [`Db::begin`] makes all before it
    /// durable.
    ///
    /// # Errors
    /// No connection was available.
    pub async fn begin_repeatable(&self) -> Result<Tx, DbError> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(begin_on_sqlite(db, SQLITE_REPEATABLE).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(POSTGRES_REPEATABLE).await?),
        })
    }

    /// Brings the schema up to date. `data_dir` holds the lock that keeps two processes from migrating one SQLite file
    /// at the same time.
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

    /// Compares the database's schema with the one this program needs.
    ///
    /// # Errors
    /// The database cannot be queried, or its schema is newer than this program.
    pub async fn schema(&self) -> Result<Schema, DbError> {
        const SQL: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version DESC LIMIT 1";
        let migrations = match self {
            Self::Sqlite(_) => &SQLITE_MIGRATIONS,
            Self::Postgres(_) => &POSTGRES_MIGRATIONS,
        };
        let wanted = migrations.iter().map(|m| m.version).max().unwrap_or(0);
        // Before the first migration, the table does not exist.
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
            std::cmp::Ordering::Greater => Err(DbError::SchemaTooNew { found, known: wanted }),
        }
    }

    /// Returns what a claim adds to its inner `SELECT` so that two claimants do not wait for each other. SQLite has one
    /// writer and needs nothing.
    pub fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Returns what to put after a table's name so that SQLite uses this index; otherwise it prefers one with more of
    /// the queried columns. PostgreSQL knows how rare each value is, and needs nothing.
    pub fn by_index(&self, index: &'static str) -> String {
        match self {
            Self::Sqlite(_) => format!("INDEXED BY {index}"),
            Self::Postgres(_) => String::new(),
        }
    }

    /// Updates PostgreSQL's statistics, which it would do by itself after a while. SQLite needs none: it is told which
    /// index to use.
    ///
    /// # Errors
    /// The database failed.
    pub async fn analyze(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(pool) => {
                const TABLES: &str = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
                // Skips tables of other schemas in the same database.
                let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(pool).await?;
                for table in tables {
                    let sql = format!("ANALYZE {table}");
                    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
                }
            }
        }
        Ok(())
    }

    /// Returns the name of the engine, for logs and the health page.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Checks that the database answers, with a trivial query.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        on!(self, |pool| sqlx::query("SELECT 1").execute(pool).await.map(|_| ()))?;
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

/// Begins on the single writing connection. When the disk is full, SQLite ends a transaction by itself, and the
/// connection then believes for ever that it is inside one: it is replaced.
async fn begin_on_sqlite(
    db: &SqliteDb,
    begin: &'static str,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
    let pool = &db.write;
    db.folding.wake();
    match pool.begin_with(begin).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            tracing::warn!("the connection to the database lost count and is replaced");
            // An error while closing does not matter: the connection is useless anyway.
            let _ = pool.acquire().await?.close().await;
            pool.begin_with(begin).await
        }
        begun => begun,
    }
}

/// How a schema compares with the one this program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// The schemas are the same.
    Fits,
    /// Migrations are missing.
    Older {
        /// The newest migration applied, 0 for none.
        found: i64,
        /// The newest migration this program has.
        wanted: i64,
    },
}

impl Tx {
    /// Makes the changes durable and visible.
    ///
    /// # Errors
    /// The database could not commit; nothing was changed.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
