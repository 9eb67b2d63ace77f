//! The job queue: rows in the same database as everything else.
//!
//! A crash has at most one row here. A worker *claims* jobs for a short lease and renews it while
//! it works; every later step names the claim, whose name is never used twice, so a worker that lost
//! its lease changes nothing. Pushing a crash that has a job upgrades the job; what is pushed while
//! one is being worked on is kept beside it, and the job stays open for another round, however the
//! first one ends. Delivery is at least once: every step of a job must be repeatable.

mod db;
mod lanes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

pub use db::{
    MOST_COUNTED, claim, depth, done, due, fail, failed, hasten, held, job_of, oldest, push, push_later, release,
    renew, retry, retry_failed, statements, walker_died,
};
pub use lanes::{Lane, LaneOrder};

/// How long a claim holds without being renewed.
pub const LEASE: Duration = Duration::from_secs(15);
/// How often a worker renews its claims.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After how many errors of a store that was well otherwise a job ends as failed: after two days, by [`back_off`].
pub const MAX_FAILURES: i64 = 24;
/// After how many claims a job ends as failed: a guard against one that kills its worker.
pub const MAX_CLAIMS: i64 = 200;
/// The longest pause before a job is tried again.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(4 * 3600);

/// How long a job waits after its `failures`-th failure, the first being 1: a second, then twice as long each time, up
/// to four hours.
pub fn back_off(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.max(1) - 1).unwrap_or(u32::MAX);
    let seconds = 2_u64.checked_pow(doublings).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_BACK_OFF)
}

/// What is to be done with a crash. A later variant includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Attach the build again; nothing else.
    Enrich,
    /// The whole pipeline.
    Process,
}

impl Kind {
    fn number(self) -> i64 {
        match self {
            Self::Enrich => 0,
            Self::Process => 1,
        }
    }

    fn from_number(number: i64) -> Self {
        if number == 0 { Self::Enrich } else { Self::Process }
    }
}

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
    fn name(&self) -> String {
        let number = self.claims.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.owner)
    }
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The crash.
    pub crash_id: String,
    /// What is to be done with it.
    pub kind: Kind,
    /// Where it stood.
    pub lane: Lane,
    /// When it was first pushed, microseconds UTC.
    pub pushed: i64,
    /// How often a walker process has died over it.
    pub walker_deaths: i64,
    /// How often a store failed it.
    pub failures: i64,
    /// The claim's name; no other claim ever has it.
    pub claim: String,
    /// How often it was claimed, this time included.
    pub claims: i64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its turn, or for its next try.
    Waiting,
    /// Somebody works on it.
    Claimed,
    /// It was given up.
    Failed,
}

impl JobState {
    /// The name as it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "in work",
            Self::Failed => "failed",
        }
    }
}

/// What is known of the job of one crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    /// Where it stands.
    pub state: JobState,
    /// When it was first pushed, microseconds UTC.
    pub pushed: i64,
    /// When it is due; of a failed one, when it was given up. Microseconds UTC.
    pub run_at: i64,
    /// What went wrong the last time, without protected data; empty if nothing did.
    pub reason: String,
}

/// A job that was given up, kept for people to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedJob {
    /// The crash.
    pub crash_id: String,
    /// Why it was given up.
    pub reason: String,
    /// When it was first pushed, microseconds UTC.
    pub pushed: i64,
    /// When it was given up, microseconds UTC.
    pub failed: i64,
}

/// Wakes the workers of this process when something was pushed here; workers poll as well, since
/// other processes push too.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes a waiting worker.
    pub fn now(&self) {
        self.0.notify_one();
    }

    /// Waits until woken, at most for `limit`.
    pub async fn wait(&self, limit: Duration) {
        // Timing out is the normal case of polling.
        let _ = tokio::time::timeout(limit, self.0.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_from_a_second_to_hours_and_all_of_them_to_two_days() {
        for (failures, seconds) in [(1, 1), (2, 2), (5, 16), (14, 8192), (15, 14_400), (1000, 14_400)] {
            assert_eq!(back_off(failures).as_secs(), seconds, "{failures}");
        }
        let hours: u64 = (1..MAX_FAILURES).map(|n| back_off(n).as_secs()).sum::<u64>() / 3600;
        assert!(hours >= 36, "{hours}");
    }

    #[test]
    fn no_two_claims_have_one_name() {
        let claimant = Claimant::new("one");
        assert_ne!(claimant.name(), claimant.name());
    }
}
