//! The snapshot that is served, kept until there is a newer one.

use std::sync::Arc;

use platform::cpu::Panicked;
use platform::db::Db;
use tokio::sync::Mutex;

use crate::transfer::snapshot::{Snapshot, make};

/// The snapshot of the newest generation that was asked for. Who asks while it is made waits for it.
#[derive(Debug, Default)]
pub(super) struct SnapshotCache(Mutex<Option<Arc<Snapshot>>>);

impl SnapshotCache {
    /// The snapshot of `generation` or a newer one, made if it is not held.
    pub(super) async fn of(&self, db: &Db, generation: i64) -> anyhow::Result<Arc<Snapshot>> {
        let mut held = self.0.lock().await;
        // The folder for temporary files may be swept.
        let usable = |held: &&Arc<Snapshot>| held.header.generation >= generation && held.file.path().exists();
        if let Some(snapshot) = held.as_ref().filter(usable) {
            return Ok(Arc::clone(snapshot));
        }
        let db = db.clone();
        let runtime = tokio::runtime::Handle::current();
        // It waits for the database most of the time, and there is one at once: no room of `cpu` is taken for it.
        let made = tokio::task::spawn_blocking(move || runtime.block_on(make(&db))).await;
        let made = made.map_err(|_| Panicked)??;
        let made = Arc::new(made);
        *held = Some(Arc::clone(&made));
        Ok(made)
    }
}
