//! A job: the work to do on a crash, and its state.

use super::lanes::Lane;

/// The work to do on a crash. A later variant includes the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Only make the search row again, if its form is an older one.
    Renew,
    /// Attach the build again.
    Enrich,
    /// Make the signature again, and attach the build again.
    Sign,
    /// The whole pipeline.
    Process,
}

impl Kind {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Renew => -1,
            Self::Enrich => 0,
            Self::Sign => 2,
            Self::Process => 3,
        }
    }

    /// The kind with this number; one that is not known is the whole pipeline. So earlier releases read
    /// [`Self::Renew`], and so this one reads the 1 that they wrote for the whole pipeline.
    pub(super) fn from_number(number: i64) -> Self {
        match number {
            -1 => Self::Renew,
            0 => Self::Enrich,
            2 => Self::Sign,
            _ => Self::Process,
        }
    }
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The crash.
    pub crash_id: String,
    /// The work to do.
    pub kind: Kind,
    /// Its lane.
    pub lane: Lane,
    /// When it was first pushed, microseconds UTC.
    pub pushed: i64,
    /// How many walker processes have died on it.
    pub walker_deaths: i64,
    /// How many times it failed because of a store.
    pub failures: i64,
    /// The claim's name; no other claim ever has it.
    pub claim: String,
    /// How many times it was claimed, including this time.
    pub claims: i64,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It waits for its turn or its next try.
    Waiting,
    /// A worker holds it.
    Claimed,
    /// It was given up.
    Failed,
}

impl JobState {
    /// The name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "in work",
            Self::Failed => "failed",
        }
    }
}

/// The status of a crash's job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    /// Its state.
    pub state: JobState,
    /// When it was first pushed, microseconds UTC.
    pub pushed: i64,
    /// When it is due or, for a failed one, when it was given up. Microseconds UTC.
    pub run_at: i64,
    /// The reason for the last failure, without protected data; empty if there was none.
    pub reason: String,
}

/// A job that was given up, kept for people to inspect.
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

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn numbers_and_kinds_match_and_grow_with_the_work() {
        let kinds = [Kind::Renew, Kind::Enrich, Kind::Sign, Kind::Process];
        assert!(kinds.is_sorted_by(|a, b| a < b && a.number() < b.number()));
        for kind in kinds {
            assert_eq!(Kind::from_number(kind.number()), kind);
        }
        // What an earlier release wrote.
        assert_eq!(Kind::from_number(1), Kind::Process);
    }
}
