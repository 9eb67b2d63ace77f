//! Databases and memory use of a measurement.

use platform::db::{DatabaseSettings, Db, ScratchSchema};

/// A fresh database and its name; [`Scratch::end`] removes it.
pub(super) struct Scratch {
    pub(super) db: Db,
    pub(super) folder: tempfile::TempDir,
    schema: Option<ScratchSchema>,
}

impl Scratch {
    /// A SQLite file in a temporary folder, or a schema on the PostgreSQL server at `server`.
    pub(super) async fn create(server: Option<&str>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let schema = match server {
            Some(server) => Some(ScratchSchema::create(server).await?),
            None => None,
        };
        let settings = schema
            .as_ref()
            .map_or_else(DatabaseSettings::default, ScratchSchema::settings)
            .unhurried();
        let db = Db::connect(&settings, folder.path()).await?;
        db.migrate(folder.path()).await?;
        Ok(Self { db, folder, schema })
    }

    pub(super) async fn end(self) -> anyhow::Result<()> {
        self.db.close().await;
        if let Some(schema) = self.schema {
            schema.drop().await?;
        }
        Ok(self.folder.close()?)
    }
}

/// The databases to measure: SQLite, and PostgreSQL if a server is given.
pub(super) fn servers(postgres: Option<&str>) -> Vec<Option<&str>> {
    std::iter::once(None).chain(postgres.map(Some)).collect()
}

/// The memory of this process, in MB (a million bytes); 0 if the system does not report it.
pub(super) fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}
