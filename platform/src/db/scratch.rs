//! A separate PostgreSQL schema for a test or a measurement.

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::error::DbError;
use super::settings::DatabaseSettings;

/// An extra schema on a server. It stays until [`ScratchSchema::drop`].
#[derive(Debug)]
pub struct ScratchSchema {
    server: String,
    name: String,
}

impl ScratchSchema {
    /// Creates an empty schema with a unique name on the server at `server`.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn create(server: &str) -> Result<Self, DbError> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let schema = Self {
            server: server.to_owned(),
            name: format!(
                "datil_scratch_{}_{}_{}",
                std::process::id(),
                crate::clock::now_micros(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            ),
        };
        schema.execute("CREATE SCHEMA", "").await?;
        Ok(schema)
    }

    /// Returns the settings to open it.
    pub fn settings(&self) -> DatabaseSettings {
        let Self { server, name } = self;
        let joint = if server.contains('?') { '&' } else { '?' };
        DatabaseSettings {
            url: format!("{server}{joint}options=-csearch_path%3D{name}"),
            ..DatabaseSettings::default()
        }
    }

    /// Drops the schema and everything in it.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn drop(self) -> Result<(), DbError> {
        self.execute("DROP SCHEMA", "CASCADE").await
    }

    async fn execute(&self, before: &str, after: &str) -> Result<(), DbError> {
        let pool = PgPool::connect(&self.server).await?;
        let sql = format!("{before} {} {after}", self.name);
        sqlx::query(AssertSqlSafe(sql)).execute(&pool).await?;
        pool.close().await;
        Ok(())
    }
}
