//! Which database to use, and its time limits.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

use crate::config::{ConfigError, check_within};

/// The section `database` of the settings.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// `sqlite://path` or `postgres://…`. Empty: the file `datil.db` in the data folder.
    pub url: String,
    /// How many seconds a statement may take; 0: no limit. On SQLite, this applies to reads only. Imports, migrations
    /// and commands are not limited.
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
    /// Checks that every value can be used; opens nothing.
    ///
    /// # Errors
    /// The first setting that cannot be used, and why.
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

    pub(super) fn statement_time(&self) -> Option<Duration> {
        match self.statement_seconds {
            0 => None,
            seconds => Some(Duration::from_secs(u64::from(seconds))),
        }
    }

    /// Returns the same settings without a time limit, for a command.
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
