//! The job queue: rows in the same database as everything else.
//!
//! A crash has at most one row here. A worker *claims* jobs for a short lease and renews it while it works. Every later
//! step names the claim, whose name is never reused, so a worker that lost its lease changes nothing. Pushing a crash
//! that has a job upgrades the job. A push during a claim is kept in the job's row, and the job stays open for another
//! round, however the first one ends. Delivery is at least once: every step of a job must be repeatable.

mod claim;
mod db;
mod job;
mod lanes;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

pub use claim::{Claimant, LEASE, MAX_CLAIMS, RENEW_EVERY};
pub use db::{
    MOST_COUNTED, claim, depth, done, due, due_in, fail, failed, hasten, held, job_of, oldest, push, push_later,
    push_unless_queued, release, renew, retry, retry_failed, statements, walker_died,
};
pub use job::{FailedJob, Job, JobState, JobStatus, Kind};
pub use lanes::{Lane, LaneOrder};

/// After this many failures of a store that otherwise works, a job ends as failed: after two days, by [`back_off`].
pub const MAX_FAILURES: i64 = 24;
/// Maximum pause before a job is retried.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(4 * 3600);

/// Returns how long a job waits after its `failures`-th failure, counted from 1: a second, then twice as long each
/// time, up to four hours.
pub fn back_off(failures: i64) -> Duration {
    let doublings = u32::try_from(failures.max(1) - 1).unwrap_or(u32::MAX);
    let seconds = 2_u64.checked_pow(doublings).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_BACK_OFF)
}

/// Wakes the workers of this process when it pushes a job. Workers poll as well, since other processes push too.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Wakes a waiting worker.
    pub fn now(&self) {
        self.0.notify_one();
    }

    /// Waits until woken, for at most `limit`.
    pub async fn wait(&self, limit: Duration) {
        // Timing out is normal when polling.
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
}
