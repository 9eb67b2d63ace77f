//! A job: what is to be done with a crash, and where it stands.

use super::lanes::Lane;

/// What is to be done with a crash. A later variant includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Attach the build again; nothing else.
    Enrich,
    /// The whole pipeline.
    Process,
}

impl Kind {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Enrich => 0,
            Self::Process => 1,
        }
    }

    pub(super) fn from_number(number: i64) -> Self {
        if number == 0 { Self::Enrich } else { Self::Process }
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
