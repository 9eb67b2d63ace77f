//! Compact sample observations and their conclusions, for the tests of this crate.

mod said;

pub(crate) use said::{Record, csv, record, shipped, shipped_as};

use crate::{BuildIndex, Correction, Observation, derive_all};

/// The copy of a release's record for beta, identical except for the channel.
pub(crate) fn beta_copy(id: &str, folder: &str, version: &str) -> Observation {
    Record {
        channel: "beta",
        ..Record::new(id, folder, "release", version)
    }
    .observation()
}

pub(crate) fn index(observations: &[Observation], corrections: &[Correction]) -> BuildIndex {
    BuildIndex::from_builds(1, &derive_all(observations, corrections).builds).unwrap()
}
