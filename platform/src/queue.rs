//! The job queue: rows in the same database as everything else.
//!
//! A crash has at most one row here. A worker *claims* jobs for a short lease and renews it while
//! it works; every later step names the claim (owner and count of claims), so a worker that lost
//! its lease changes nothing. Pushing a crash that has a job upgrades the job; pushing one that is
//! being worked on leaves a note on it, and the job stays open for another round. Delivery is
//! at least once: every step of a job must be repeatable.

mod db;
mod lanes;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

pub use db::{
    claim, depth, done, due, fail, failed, hasten, oldest, push, release, renew, retry, walker_died,
};
pub use lanes::{Lane, LaneOrder};

/// How long a claim holds without being renewed.
pub const LEASE: Duration = Duration::from_secs(15);
/// How often a worker renews its claims.
pub const RENEW_EVERY: Duration = Duration::from_secs(5);
/// After how many storage errors in a row a job ends as failed.
pub const MAX_FAILURES: i64 = 8;
/// After how many claims a job ends as failed: a guard against one that kills its worker.
pub const MAX_CLAIMS: i64 = 200;

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
        if number == 0 {
            Self::Enrich
        } else {
            Self::Process
        }
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
    /// Who claimed it.
    pub owner: String,
    /// How often it was claimed, this time included.
    pub claims: i64,
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
