//! Questions and crash reports counted since the last write to the database.

use std::collections::HashMap;

use crate::resolve::Answer;
use crate::unknown::install::InstallHash;
use crate::unknown::key::{MAX_NAME, UnknownKey};
use crate::unknown::verdict::Verdict;

/// Maximum different ids, and maximum different sightings, held at a time; more are dropped.
const MOST: usize = 4096;

/// How often an unknown id was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Why it is unknown.
    pub verdict: Verdict,
    /// The number of requests.
    pub count: i64,
    /// First, microseconds UTC.
    pub first: i64,
    /// Last, microseconds UTC.
    pub last: i64,
}

/// A crash of an unknown build reported by an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The version that the program reported about itself; empty if none.
    pub reported: String,
    /// When the last such report came in, microseconds UTC.
    pub at: i64,
}

/// Unknown ids with their request counts, and the installs that reported crashes of them; in memory, and bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The requested ids.
    pub asked: HashMap<UnknownKey, Asked>,
    /// The installs that reported crashes.
    pub sightings: HashMap<(UnknownKey, InstallHash), Sighting>,
    /// The installs that reported crashes with a version other than the build's, that version, and when the last such
    /// report came in.
    pub versions: HashMap<(UnknownKey, String, InstallHash), i64>,
    /// The number not counted because there were too many different ones.
    pub dropped: u64,
}

impl Tally {
    /// Counts an answer, given at `now` (microseconds UTC), if it is about an unknown id.
    pub fn count(&mut self, answer: &Answer, now: i64) {
        let Some(verdict) = Verdict::of(answer) else {
            return;
        };
        let one = Asked {
            verdict,
            count: 1,
            first: now,
            last: now,
        };
        self.add(UnknownKey::of(answer, verdict), one);
    }

    /// Notes that an install reported a crash of the answer's build, if no source may have listed that build yet, or if
    /// it is known and has another version than the program reports. `install_time` is the annotation, `at` is when the
    /// report came in.
    pub fn sight(&mut self, answer: &Answer, install_time: &str, at: i64) {
        let differs = answer.build.is_some() && answer.reported_differs;
        if !differs && Verdict::of(answer) != Some(Verdict::NotSeen) {
            return;
        }
        let key = UnknownKey::of(answer, Verdict::NotSeen);
        let Some(install) = InstallHash::of(&key, install_time) else {
            return;
        };
        let reported = answer.reported.as_deref().unwrap_or_default();
        // Untrusted text; PostgreSQL text cannot contain a null character.
        let reported = reported.chars().filter(|one| !one.is_control());
        let reported = reported.take(MAX_NAME).collect();
        if differs {
            self.add_version((key, reported, install), at);
        } else {
            self.add_sighting((key, install), Sighting { reported, at });
        }
    }

    fn add_version(&mut self, key: (UnknownKey, String, InstallHash), at: i64) {
        if let Some(last) = self.versions.get_mut(&key) {
            *last = at.max(*last);
        } else if self.versions.len() < MOST {
            self.versions.insert(key, at);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn add(&mut self, key: UnknownKey, more: Asked) {
        if let Some(asked) = self.asked.get_mut(&key) {
            asked.verdict = more.verdict;
            asked.count = asked.count.saturating_add(more.count);
            asked.first = asked.first.min(more.first);
            asked.last = asked.last.max(more.last);
        } else if self.asked.len() < MOST {
            self.asked.insert(key, more);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn add_sighting(&mut self, key: (UnknownKey, InstallHash), more: Sighting) {
        if let Some(seen) = self.sightings.get_mut(&key) {
            seen.at = seen.at.max(more.at);
        } else if self.sightings.len() < MOST {
            self.sightings.insert(key, more);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Puts back counts that could not be written.
    pub fn put_back(&mut self, other: Self) {
        for (key, asked) in other.asked {
            self.add(key, asked);
        }
        for (key, seen) in other.sightings {
            self.add_sighting(key, seen);
        }
        for (key, at) in other.versions {
            self.add_version(key, at);
        }
        self.dropped = self.dropped.saturating_add(other.dropped);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.sightings.is_empty() && self.versions.is_empty()
    }
}
