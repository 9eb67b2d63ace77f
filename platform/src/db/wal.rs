//! SQLite's write-ahead log, folded into the database file by a task of its own.
//!
//! SQLite by itself lets a writer fold the log when it has grown long, and every write behind it waits for the disk.
//! Here the log is folded beside the writers; they wait only for its last pages, so that it can begin anew. A process
//! without the task (it died) loses nothing: the writer folds a much longer log after all, and so does whoever closes
//! the file last.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteExecutor, SqlitePool};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The log is looked at so long after a write began.
const LOOK: Duration = Duration::from_millis(50);
/// After an error, as of a full disk, it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(1);
/// So many pages (of 4 KiB) make folding worth while.
const PAGES: i64 = 2048;
/// While more than so many pages are not folded, folding goes on beside the writers.
const REST: i64 = 400;
/// But not more often than this.
const ROUNDS: usize = 4;
/// Folds all but what is being read from, and waits for nobody.
const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Folds nothing: only looks.
const NOOP: &str = "PRAGMA wal_checkpoint(NOOP)";
/// A writer folds the log itself when it has so many pages: 64 MiB.
pub(super) const PAGES_FOR_A_WRITER: &str = "16384";

/// The task; it ends when this is dropped.
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

    /// A write begins.
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
    // Nobody writes while the one writing connection is here: what is left is folded, and the next
    // write begins the log anew.
    let mut writer = write.acquire().await?;
    checkpoint(&mut *writer, PASSIVE).await?;
    Ok(())
}

/// Answers how many pages of the log are not folded yet.
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
    async fn a_long_log_is_folded_and_begins_anew() {
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
