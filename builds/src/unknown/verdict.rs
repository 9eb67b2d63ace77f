//! Why no source knows a build id.

use serde::Serialize;

use crate::build::Reason;
use crate::resolve::Answer;

/// Why no source knows a build id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is not a valid build id, or lies in the future.
    Junk,
    /// Its channel is not part of a release process.
    Unofficial,
    /// None of our sources knows builds of the product.
    NoSource,
    /// It could be a build that no source has listed yet.
    NotSeen,
}

impl Verdict {
    /// Every verdict, in enum order.
    pub const ALL: [Self; 4] = [Self::Junk, Self::Unofficial, Self::NoSource, Self::NotSeen];

    /// The stored and displayed name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Unofficial => "unofficial",
            Self::NoSource => "no_source",
            Self::NotSeen => "not_seen",
        }
    }

    /// The verdict with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }

    /// The verdict on an answer's unknown id; none if the id is known, or is only the beginning of an id.
    pub fn of(answer: &Answer) -> Option<Self> {
        match answer.reason {
            Reason::Junk | Reason::InTheFuture => Some(Self::Junk),
            Reason::NotAnOfficialBuild => Some(Self::Unofficial),
            Reason::NoSourceForProduct | Reason::VersionCode | Reason::GeckoSibling => Some(Self::NoSource),
            Reason::NotSeen => Some(Self::NotSeen),
            _ => None,
        }
    }
}
