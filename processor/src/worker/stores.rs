//! Whether the stores are available: a crash is not to blame for one that is away.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use platform::blobs::Blobs;
use platform::db::Db;
use tokio::time::timeout;

use crate::meters::WAITS;

/// How long a store may take to answer a health check.
const ANSWER: Duration = Duration::from_secs(5);
/// Maximum pause before a store that was away is checked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The blob store and the database, and whether they were available.
#[derive(Debug)]
pub(super) struct Stores {
    db: Db,
    blobs: Blobs,
    is_away: AtomicBool,
    pauses: AtomicU32,
}

impl Stores {
    pub(super) fn new(db: Db, blobs: Blobs) -> Self {
        WAITS.set(0.0);
        Self {
            db,
            blobs,
            is_away: AtomicBool::new(false),
            pauses: AtomicU32::new(0),
        }
    }

    /// Whether a store was away when last checked: then nothing must be claimed.
    pub(super) fn are_away(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Checks both stores, and remembers the result.
    pub(super) async fn ask(&self) -> bool {
        let database = timeout(ANSWER, self.db.ping());
        let blobs = timeout(ANSWER, self.blobs.check());
        let (database, blobs) = tokio::join!(database, blobs);
        let well = matches!((database, blobs), (Ok(Ok(())), Ok(Ok(()))));
        let was_away = self.is_away.swap(!well, Ordering::Relaxed);
        if well {
            self.pauses.store(0, Ordering::Relaxed);
        }
        if was_away == well {
            WAITS.set(if well { 0.0 } else { 1.0 });
            if well {
                tracing::info!("database and blob store are there again: crashes are worked on");
            } else {
                tracing::warn!("the database or the blob store is away: no crash is worked on until it is back");
            }
        }
        well
    }

    /// Waits, longer each time, before the next check of the stores.
    pub(super) async fn pause(&self) {
        let pauses = self.pauses.fetch_add(1, Ordering::Relaxed).min(10);
        tokio::time::sleep((FIRST_PAUSE * 2_u32.pow(pauses)).min(LONGEST_PAUSE)).await;
    }
}
