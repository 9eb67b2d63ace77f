//! Records of Buildhub, one per line.

use builds::{BuildIndex, Observation, SourceName, derive_all};

/// They give the same builds in any order, and these can be looked up.
pub(crate) fn check(bytes: &[u8]) {
    let mut observations: Vec<Observation> = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter_map(|record| {
            Observation::buildhub_record(SourceName::BUILDHUB, "http://buildhub.example/", record).ok()
        })
        .collect();
    let derived = derive_all(&observations, &[]);
    observations.reverse();
    assert_eq!(derive_all(&observations, &[]), derived);
    let index = BuildIndex::from_builds(1, &derived.builds).expect("a few builds fit");
    assert_eq!(index.len(), derived.builds.len());
}
