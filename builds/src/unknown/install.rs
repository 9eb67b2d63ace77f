//! Identifies the install that reported a crash, with as little data as the alarm needs.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::unknown::key::UnknownKey;

/// Distinguishes the installs that report crashes of one build, and nothing else.
///
/// It is made of the annotation `InstallTime` (when the program was installed, seconds since 1970), which Crash Stats
/// also uses to count installs. That annotation is public; client ids are protected, so they are not used. It is hashed
/// together with the build and cut to 64 bits, so that the rows of one install under two builds cannot be joined. Two
/// installs in the same second count as one: the alarm may come a crash late, never too early.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallHash(String);

impl InstallHash {
    /// The hash of an install that reports a crash of a build; `None` if the annotation contains no time.
    pub fn of(key: &UnknownKey, install_time: &str) -> Option<Self> {
        let time: u64 = install_time.trim().parse().ok().filter(|time| *time > 0)?;
        let mut hash = Sha256::new();
        for part in [&key.product, &key.channel, &key.build_id, &time.to_string()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Some(Self(hex::encode(&hash.finalize()[..8])))
    }

    /// The hash as 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstallHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
