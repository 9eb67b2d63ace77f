//! A world that moves on with time: what it has that a fixed one has not.

use chrono::{DateTime, TimeDelta, Utc};

/// Time from the world's beginning until Buildhub describes a file that it had nothing about.
const MISREAD_TOLD: TimeDelta = TimeDelta::minutes(1);
/// Time from the build of a nightly that users already have until the world's beginning.
const UNLISTED_BUILT: TimeDelta = TimeDelta::hours(3);
/// Time from the world's beginning until the sources list that nightly: whole steps.
const UNLISTED_PUBLISHED: TimeDelta = TimeDelta::seconds(190);

/// The two moments that define such a world. Worlds with the same beginning agree on everything published before the
/// earlier `now`; later ones only add builds and decide what becomes of them. No build id, revision or record changes
/// from one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// When it was first looked at.
    pub began: DateTime<Utc>,
    /// Later uploads are not known yet.
    pub now: DateTime<Utc>,
}

impl Live {
    /// Returns when Buildhub describes the file that it had nothing about.
    pub fn misread_told(&self) -> DateTime<Utc> {
        self.began + MISREAD_TOLD
    }

    /// Returns when the nightly was built that no source lists at first.
    pub fn unlisted_built(&self) -> DateTime<Utc> {
        self.began - UNLISTED_BUILT
    }

    /// Returns when the sources list that nightly.
    pub fn unlisted_published(&self) -> DateTime<Utc> {
        self.began + UNLISTED_PUBLISHED
    }
}
