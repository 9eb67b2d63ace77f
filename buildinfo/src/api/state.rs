//! What handlers answer from.

use std::sync::Arc;

use platform::db::Db;
use tokio::sync::Semaphore;

use super::snapshot_cache::SnapshotCache;
use crate::audit::Audits;
use crate::lookup::Lookup;
use crate::watch::inbox::Inbox;

/// What handlers answer from.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) lookup: Lookup,
    pub(super) db: Db,
    /// Room for searches, each of which looks at every build.
    pub(super) searches: Arc<Semaphore>,
    pub(super) snapshot: Arc<SnapshotCache>,
    pub(super) audits: Audits,
    pub(super) inbox: Inbox,
}
