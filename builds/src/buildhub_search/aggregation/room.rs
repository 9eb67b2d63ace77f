//! How long an answer may become.

use crate::buildhub_search::body::Refused;

/// How many buckets and records of buckets there may still be in an answer.
#[derive(Debug)]
pub(in crate::buildhub_search) struct Room(usize);

impl Room {
    /// Room for `most`.
    pub(in crate::buildhub_search) fn new(most: usize) -> Self {
        Self(most)
    }

    /// How many there may still be.
    pub(super) fn left(&self) -> usize {
        self.0
    }

    /// Counts `count` more; refuses them if there is no room.
    pub(super) fn take(&mut self, count: usize) -> Result<(), Refused> {
        self.0 = self.0.checked_sub(count).ok_or_else(too_many)?;
        Ok(())
    }
}

/// Refuses an answer for which there is no room.
pub(super) fn too_many() -> Refused {
    Refused("the answer would have too many buckets".to_owned())
}
