//! The limit on the length of an answer.

use crate::buildhub_search::body::Refused;

/// How many more buckets, and records in buckets, an answer may have.
#[derive(Debug)]
pub(in crate::buildhub_search) struct Room(usize);

impl Room {
    /// Room for `most`.
    pub(in crate::buildhub_search) fn new(most: usize) -> Self {
        Self(most)
    }

    /// How many more there may be.
    pub(super) fn left(&self) -> usize {
        self.0
    }

    /// Takes `count`; refuses if there is not enough room.
    pub(super) fn take(&mut self, count: usize) -> Result<(), Refused> {
        self.0 = self.0.checked_sub(count).ok_or_else(too_many)?;
        Ok(())
    }
}

/// The refusal of an answer that is too long.
pub(super) fn too_many() -> Refused {
    Refused("the answer would have too many buckets".to_owned())
}
