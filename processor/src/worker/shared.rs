//! The state shared by all jobs of a processor.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use buildinfo::Lookup;
use platform::blobs::Blobs;
use platform::db::Db;
use platform::queue::{Claimant, Job, Wake};

use super::lists::InForce;
use super::stores::Stores;
use crate::symbols::Fetcher;
use crate::walk::Pool;

/// The state shared by all jobs of a processor.
pub(super) struct Shared {
    pub(super) db: Db,
    pub(super) blobs: Blobs,
    pub(super) wake: Wake,
    pub(super) lookup: Lookup,
    pub(super) stores: Stores,
    pub(super) claimant: Claimant,
    pub(super) workers: usize,
    pub(super) lists: InForce,
    pub(super) pool: Pool,
    pub(super) fetcher: Fetcher,
    /// The jobs whose claims are renewed, by crash id.
    pub(super) claimed: Mutex<HashMap<String, Job>>,
}

impl Shared {
    /// The jobs held, by crash id.
    pub(super) fn claims(&self) -> MutexGuard<'_, HashMap<String, Job>> {
        // Nothing that could leave the map half-changed runs under the lock.
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops renewing this claim. The same crash may have been claimed again in the meantime.
    pub(super) fn forget(&self, job: &Job) {
        let mut claims = self.claims();
        if claims.get(&job.crash_id).is_some_and(|held| held.claim == job.claim) {
            claims.remove(&job.crash_id);
        }
    }
}
