//! The snapshot to serve, kept until there is a newer one.

use std::sync::Arc;

use platform::cpu::Panicked;
use platform::db::Db;
use tokio::sync::Mutex;

use crate::transfer::snapshot::{Snapshot, make};

/// The newest generation's snapshot, once requested. Requests that come while it is made wait for it.
#[derive(Debug, Default)]
pub(super) struct SnapshotCache(Mutex<Option<Arc<Snapshot>>>);

impl SnapshotCache {
    /// The snapshot of `generation` or a newer one, made if none is held.
    pub(super) async fn of(&self, db: &Db, generation: i64) -> anyhow::Result<Arc<Snapshot>> {
        let mut held = self.0.lock().await;
        // The folder for temporary files may be cleaned up by others.
        let usable = |held: &&Arc<Snapshot>| held.header.generation >= generation && held.file.path().exists();
        if let Some(snapshot) = held.as_ref().filter(usable) {
            return Ok(Arc::clone(snapshot));
        }
        let db = db.clone();
        let runtime = tokio::runtime::Handle::current();
        // It mostly waits for the database, and only one runs at a time, so it does not use a slot of `cpu`.
        let made = tokio::task::spawn_blocking(move || runtime.block_on(make(&db))).await;
        let made = made.map_err(|_| Panicked)??;
        let made = Arc::new(made);
        *held = Some(Arc::clone(&made));
        Ok(made)
    }
}
