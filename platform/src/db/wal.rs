//! Folds SQLite's write-ahead log into the database file in a separate task.
//!
//! By default, a writer folds the log once it has grown long, and every write behind it waits for the disk. Here the
//! log is folded alongside the writers; they wait only for its last pages, so that the log can restart. If the task
//! dies, nothing is lost: a writer still folds a much longer log, and so does the last process to close the file.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteExecutor, SqlitePool};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long after the start of a write the log is checked.
const LOOK: Duration = Duration::from_millis(50);
/// Pause after an error, such as a full disk.
const PAUSE: Duration = Duration::from_secs(1);
/// Minimum pages, of 4 KiB, that make folding worthwhile.
const PAGES: i64 = 2048;
/// While more unfolded pages than this remain, folding goes on alongside the writers.
const REST: i64 = 400;
/// Maximum rounds of folding alongside the writers.
const ROUNDS: usize = 4;
/// Folds everything except pages being read, without waiting.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Folds nothing, only reports.
const NOOP: &str = "PRAGMA wal_checkpoint(NOOP)";
/// A writer folds the log itself once it has this many pages: 64 MiB.
pub(super) const PAGES_FOR_A_WRITER: &str = "16384";

/// The folding task, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Folding {
    wrote: Arc<Notify>,
    _end: DropGuard,
}

impl Folding {
    pub(super) fn start(read: SqlitePool, write: SqlitePool) -> Self {
        let wrote = Arc::new(Notify::new());
        let end = CancellationToken::new();
        let task = fold_always(read, write, Arc::clone(&wrote));
        tokio::spawn(end.clone().run_until_cancelled_owned(task));
        Self {
            wrote,
            _end: end.drop_guard(),
        }
    }

    /// Tells the task that a write begins.
    pub(super) fn wake(&self) {
        self.wrote.notify_one();
    }
}

async fn fold_always(read: SqlitePool, write: SqlitePool, wrote: Arc<Notify>) {
    loop {
        wrote.notified().await;
        tokio::time::sleep(LOOK).await;
        match fold(&read, &write).await {
            Ok(()) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log cannot be folded into the database file");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn fold(read: &SqlitePool, write: &SqlitePool) -> Result<(), sqlx::Error> {
    if checkpoint(read, NOOP).await? < PAGES {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        if checkpoint(read, PASSIVE).await? <= REST {
            break;
        }
    }
    // Holding the single writing connection blocks writes: the rest is folded, and the next write restarts the log.
    let mut writer = write.acquire().await?;
    checkpoint(&mut *writer, PASSIVE).await?;
    Ok(())
}

/// Returns how many pages of the log are not folded yet.
async fn checkpoint(connection: impl SqliteExecutor<'_>, pragma: &'static str) -> Result<i64, sqlx::Error> {
    let (_busy, logged, folded): (i64, i64, i64) = sqlx::query_as(pragma).fetch_one(connection).await?;
    Ok(logged - folded)
}

#[cfg(test)]
mod tests {
    use super::super::{DatabaseSettings, Db, SqliteDb};
    use super::{NOOP, PAGES, checkpoint, fold};

    async fn write(db: &SqliteDb, pages: i64) {
        sqlx::query("INSERT INTO blobs VALUES (zeroblob($1 * 4096))")
            .bind(pages)
            .execute(&db.write)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_long_log_is_folded_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let settings = DatabaseSettings::default();
        let db = match Db::connect(&settings, folder.path()).await.unwrap() {
            Db::Sqlite(db) => db,
            Db::Postgres(_) => panic!("the default is SQLite"),
        };
        sqlx::query("CREATE TABLE blobs (blob BLOB)")
            .execute(&db.write)
            .await
            .unwrap();
        write(&db, 10).await;
        fold(&db.read, &db.write).await.unwrap();
        let short = checkpoint(&db.read, NOOP).await.unwrap();
        assert!((10..PAGES).contains(&short), "{short}");

        write(&db, PAGES).await;
        fold(&db.read, &db.write).await.unwrap();
        assert_eq!(checkpoint(&db.read, NOOP).await.unwrap(), 0);

        write(&db, 10).await;
        let (_, logged, _): (i64, i64, i64) = sqlx::query_as(NOOP).fetch_one(&db.read).await.unwrap();
        assert!(logged < 30, "{logged}");
    }
}
