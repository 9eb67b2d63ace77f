//! Database errors and their kinds.

use std::path::PathBuf;

use crate::cpu::Panicked;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database could not be reached or refused a statement.
    #[error("database: {0}")]
    Sql(#[source] sqlx::Error),
    /// A statement exceeded its time limit, waited too long for a lock, or found no free connection.
    #[error("the database took too long: {0}")]
    TooSlow(#[source] sqlx::Error),
    /// The address does not name a database that Datil supports.
    #[error("database.url must begin with sqlite:// or postgres://, not {0:?}")]
    UnknownUrl(String),
    /// The schema is older than this program. PostgreSQL only: SQLite migrates itself.
    #[error("the database schema is at version {found}, this program needs {wanted}: run `datil migrate`")]
    SchemaTooOld {
        /// The newest migration applied.
        found: i64,
        /// The newest migration this program has.
        wanted: i64,
    },
    /// The schema was made by a newer program.
    #[error("the database schema is at version {found}, newer than this program knows ({known}): use a newer datil")]
    SchemaTooNew {
        /// The newest migration applied.
        found: i64,
        /// The newest migration this program has.
        known: i64,
    },
    /// A migration failed.
    #[error("migrating the database: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The folder of the SQLite file, or its lock, could not be used.
    #[error("database file {path}: {source}")]
    File {
        /// The path that could not be used.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A stored value is not in the form this program writes.
    #[error("a stored row cannot be understood: {0}")]
    Row(String),
}

impl DbError {
    /// Whether the database refused a value, and always will: too long, too large, or a text it cannot hold. Not for a
    /// database that is unavailable.
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

/// Whether a statement failed because it took too long.
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

impl From<Panicked> for DbError {
    fn from(error: Panicked) -> Self {
        Self::Row(error.to_string())
    }
}

/// Whether a statement failed because its table does not exist, and for no other reason.
pub(super) fn is_missing_table(error: &sqlx::Error) -> bool {
    const UNDEFINED_TABLE: &str = "42P01";
    error.as_database_error().is_some_and(|error| {
        // SQLite has one code for all errors in a statement's text.
        error.code().is_some_and(|code| code == UNDEFINED_TABLE) || error.message().starts_with("no such table")
    })
}
