//! Reports that may be stored without a row.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crash::CrashId;

/// Maximum ids remembered; if there are more, everything is swept again.
const MAX_UNRECORDED: usize = 100_000;

/// The ids of reports that may be stored without a row, with how many times each was looked for.
#[derive(Debug, Default)]
pub(crate) struct Unrecorded {
    ids: Mutex<BTreeMap<CrashId, u8>>,
    overflowed: AtomicBool,
}

impl Unrecorded {
    /// Returns a guard that, when dropped, remembers the id unless it was settled.
    pub(crate) fn guard(&self, id: CrashId) -> Guard<'_> {
        Guard {
            unrecorded: self,
            id: Some(id),
        }
    }

    /// Remembers an id that was looked for `looks` times.
    pub(crate) fn put(&self, id: CrashId, looks: u8) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < MAX_UNRECORDED {
            ids.insert(id, looks);
        } else {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// Whether ids were dropped for lack of room since the last call.
    pub(crate) fn has_overflowed(&self) -> bool {
        self.overflowed.swap(false, Ordering::Relaxed)
    }

    /// The remembered ids.
    #[cfg(test)]
    pub(crate) fn ids(&self) -> Vec<CrashId> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.keys().cloned().collect()
    }

    /// Returns all remembered ids and forgets them.
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
    /// Notes that the report has a row.
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
