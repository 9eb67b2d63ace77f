//! A world that goes on with the time: what it has that a world that stands still has not.

use chrono::{DateTime, TimeDelta, Utc};

/// So long after it began, Buildhub tells of a file that it had nothing of.
const MISREAD_TOLD: TimeDelta = TimeDelta::minutes(1);
/// So long before it began, a nightly was built that its users already have;
const UNLISTED_BUILT: TimeDelta = TimeDelta::hours(3);
/// so long after it began, the sources list it: full steps.
const UNLISTED_PUBLISHED: TimeDelta = TimeDelta::seconds(190);

/// The two moments that such a world is made of. Worlds of one beginning agree in everything that was told before the
/// earlier `now`: what comes later is added, and what becomes of builds is decided. From one to the other no build id,
/// no revision and no record changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// When it was looked at for the first time.
    pub began: DateTime<Utc>,
    /// What is uploaded later is not known yet.
    pub now: DateTime<Utc>,
}

impl Live {
    /// When Buildhub tells of the file that it had nothing of.
    pub fn misread_told(&self) -> DateTime<Utc> {
        self.began + MISREAD_TOLD
    }

    /// When the nightly was built that no source lists at first.
    pub fn unlisted_built(&self) -> DateTime<Utc> {
        self.began - UNLISTED_BUILT
    }

    /// When the sources list that nightly.
    pub fn unlisted_published(&self) -> DateTime<Utc> {
        self.began + UNLISTED_PUBLISHED
    }
}
