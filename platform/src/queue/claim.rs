//! Claims on jobs: their owners and their leases.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a claim lasts without being renewed.
pub const LEASE: Duration = Duration::from_secs(15);

/// How often a worker renews its claims.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// After this many claims a job ends as failed: a guard against a job that kills its worker.
pub const MAX_CLAIMS: i64 = 200;

/// An owner of claims, which gives each claim a unique name.
#[derive(Debug)]
pub struct Claimant {
    owner: String,
    claims: AtomicU64,
}

impl Claimant {
    /// Creates a claimant with a unique name.
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            claims: AtomicU64::new(0),
        }
    }

    /// Returns a claim name that is never reused: the owner's, a hyphen and a number.
    pub(super) fn name(&self) -> String {
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::Claimant;

    #[test]
    fn no_two_claims_have_one_name() {
        let claimant = Claimant::new("one");
        assert_ne!(claimant.name(), claimant.name());
    }
}
