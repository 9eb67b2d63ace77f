//! The reports that may be stored and have no row.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crash::CrashId;

/// How many ids are remembered; when there are more, everything is looked through again.
const MAX_UNRECORDED: usize = 100_000;

/// The ids of reports that may be stored and have no row, with how often they were looked for.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded {
    ids: Mutex<BTreeMap<CrashId, u8>>,
    overflowed: AtomicBool,
}

impl Unrecorded {
    /// A guard that remembers the id unless it is settled.
    pub(crate) fn guard(&self, id: CrashId) -> Guard<'_> {
        Guard {
            unrecorded: self,
            id: Some(id),
        }
    }

    /// Remembers an id that was looked for so often.
    pub(crate) fn put(&self, id: CrashId, looks: u8) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < MAX_UNRECORDED {
            ids.insert(id, looks);
        } else {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether there were more than are remembered since this was asked last.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.swap(false, Ordering::Relaxed)
    }

    /// The ids that are remembered.
    #[cfg(test)]
    pub(crate) fn ids(&self) -> Vec<CrashId> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.keys().cloned().collect()
    }

    /// All that are remembered, which are then forgotten.
    pub(crate) fn take(&self) -> BTreeMap<CrashId, u8> {
        std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See [`Unrecorded::guard`].
pub(crate) struct Guard<'u> {
    unrecorded: &'u Unrecorded,
    id: Option<CrashId>,
}

impl Guard<'_> {
    /// The report has a row.
    pub(crate) fn settle(mut self) {
        self.id = None;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.unrecorded.put(id, 0);
        }
    }
}
