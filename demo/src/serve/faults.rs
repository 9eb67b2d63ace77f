//! How the services misbehave: each has a switch that holds any number of faults at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::NaiveDate;

use crate::world::{Channel, Platform, Product};

/// A way to misbehave. A service ignores the faults of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// None: the service works. It has no effect in a set.
    #[default]
    None,
    /// Any service: every request gets a 503.
    Down,
    /// Any service: every request gets a 200 with an unrelated HTML page.
    Garbage,
    /// Any service: every fifth request gets a 502, the others succeed. A retry counts like any other request, but no
    /// path fails twice in a row, however many clients ask at once.
    Flaky,
    /// Any service: it works but has lost its data: no hits, empty listings, no releases.
    Empty,
    /// Any service: each answer is delayed by this long.
    Slow(Duration),
    /// Any service: a request gets no answer until the client gives up.
    Hanging,
    /// Buildhub: uploads of the world's last days, this many, are missing. product-details: so is what shipped in them.
    Late(u32),
    /// Buildhub: it has no record of this platform.
    WithoutPlatform(Platform),
    /// Buildhub: it has no record of this channel (the one stated in the record).
    WithoutChannel(Channel),
    /// Buildhub: it has no record of builds whose ids are of these days; the second day is excluded.
    WithoutDays(NaiveDate, NaiveDate),
    /// Archive: listings are HTML, whatever the client asks for.
    HtmlOnly,
    /// Archive: it answers as its predecessor did.
    FormerDialect,
    /// Archive: every path redirects (301) to the same path under `/moved`, where it is served.
    Moved,
    /// Archive: about every seventh metadata file is bad. Of each package, `buildhub.json` or the `_info.txt` is good,
    /// and of the packages with one build id, one `buildhub.json`.
    BadFiles,
    /// product-details: it claims that this build of the version shipped, if any did.
    Wrong(Product, &'static str, u32),
    /// product-details: the file of this name is missing.
    WithoutFile(&'static str),
}

/// One service's faults and its request count. Shared; both may be used while it serves.
#[derive(Debug, Default)]
pub struct Switch {
    faults: RwLock<Vec<Fault>>,
    requests: AtomicU64,
    /// The paths whose last request got a 502.
    failed: Mutex<HashSet<String>>,
}

impl Switch {
    /// Misbehaves in exactly this way from the next request on.
    pub fn set(&self, fault: Fault) {
        self.set_all(&[fault]);
    }

    /// Misbehaves in exactly these ways from the next request on.
    pub fn set_all(&self, faults: &[Fault]) {
        let faults = faults.iter().copied().filter(|fault| *fault != Fault::None).collect();
        // A writer that panicked still left a complete set.
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Returns the current faults; none if the service works.
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of requests so far, including those answered with a fault.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns whether a flaky service answers the `count`-th request, for this path, with a 502.
    pub(super) fn is_flaky_at(&self, count: u64, path: &str) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let fails = count.is_multiple_of(5) && !failed.contains(path);
        if fails {
            failed.insert(path.to_owned());
        } else {
            failed.remove(path);
        }
        fails
    }

    /// Counts a request.
    pub(super) fn count(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// The switches of the four services.
#[derive(Debug, Default)]
pub struct Faults {
    /// Buildhub: `/api/search` and every path that belongs to no other service.
    pub buildhub: Switch,
    /// The archive: `/pub/`, and `/moved/pub/` when it has moved.
    pub archive: Switch,
    /// product-details: `/1.0/`.
    pub product_details: Switch,
    /// The Bugzilla: `/rest/`.
    pub bugzilla: Switch,
}
