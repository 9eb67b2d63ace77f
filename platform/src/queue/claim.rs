//! Claims on jobs: who makes them, and how long they hold.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a claim holds without being renewed.
pub const LEASE: Duration = Duration::from_secs(15);

/// How often a worker renews its claims.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);

/// After how many claims a job ends as failed: a guard against one that kills its worker.
pub const MAX_CLAIMS: i64 = 200;

/// Somebody who claims jobs; gives each claim a name of its own.
#[derive(Debug)]
pub struct Claimant {
    owner: String,
    claims: AtomicU64,
}

impl Claimant {
    /// A claimant under a name that nobody else has.
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            claims: AtomicU64::new(0),
        }
    }

    /// A name for a claim that no other ever has: the owner's, a hyphen and a number.
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
