//! A version as sources and programs write it: its parts and its order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Means "no candidate number" in a key: the final version sorts after its candidates.
const NO_CANDIDATE: u32 = 1_000_000_000;

/// A version's stage on its way to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// `aN`: nightly (`a1`) and the former Aurora (`a2`).
    Alpha(u32),
    /// `bN` or `-beta.N`; 0 for `65.0b`, which stands for all betas of a number.
    Beta(u32),
    /// `rcN` directly after the number.
    ReleaseCandidate(u32),
    /// No suffix.
    Release,
    /// `esr`.
    Esr,
}

/// A version, with the text it was read from.
///
/// Equality and order go by meaning: `65.0`, `065.0` and `65.0.0` are equal.
#[derive(Debug, Clone)]
pub struct Version {
    pub(super) text: Box<str>,
    pub(super) numbers: [u32; 4],
    pub(super) stage: Stage,
    /// `rcN` after another suffix: a candidate of that version.
    pub(super) candidate: Option<u32>,
    /// `buildN` at the end.
    pub(super) build: Option<u32>,
}

/// Text that matches no known version grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a version")]
pub struct NotAVersion;

impl Version {
    /// The text as read, without surrounding whitespace.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first number.
    pub fn major(&self) -> u32 {
        self.numbers[0]
    }

    /// The second number; 0 if there is none.
    pub fn minor(&self) -> u32 {
        self.numbers[1]
    }

    /// The version's stage on its way to release.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether the version has the suffix `esr`.
    pub fn is_esr(&self) -> bool {
        self.stage == Stage::Esr
    }

    /// Whether this is `N.0` without any suffix: by its number alone, the first release of a train. The sources'
    /// statements about a version tell more, see `Facts::goes_to_beta`.
    pub fn is_first_of_major(&self) -> bool {
        self.stage == Stage::Release && self.numbers[1..] == [0, 0, 0]
    }

    /// Whether this is `bN` with N = 99: until 2015 the crash system gave this name to a release's last candidate on
    /// beta (bugs 963600, 1156961).
    pub fn is_legacy_final_beta(&self) -> bool {
        self.stage == Stage::Beta(99)
    }

    /// The candidate number: N of `65.0b4rcN`, `65.0rcN` or `60.3.0esrrcN`.
    pub fn candidate(&self) -> Option<u32> {
        match self.stage {
            Stage::ReleaseCandidate(number) => Some(number),
            _ => self.candidate,
        }
    }

    /// The version of which this is a candidate or a build: `65.0b4` for `65.0b4rc1`, `65.0` for `65.0rc2`; otherwise
    /// itself.
    pub fn without_candidate(&self) -> Self {
        match (self.stage, self.candidate, self.build) {
            (Stage::ReleaseCandidate(_), ..) => self.cut("rc", Stage::Release),
            (stage, Some(_), _) => self.cut("rc", stage),
            (stage, None, Some(_)) => self.cut("build", stage),
            (_, None, None) => self.clone(),
        }
    }

    /// The version without the suffix `b99`, see [`Self::is_legacy_final_beta`]; otherwise itself.
    pub fn without_legacy_final_beta(&self) -> Self {
        if self.is_legacy_final_beta() {
            self.cut("b", Stage::Release)
        } else {
            self.clone()
        }
    }

    fn cut(&self, suffix: &str, stage: Stage) -> Self {
        let end = self.text.find(suffix).unwrap_or(self.text.len());
        let text = self.text[..end].trim_end_matches('-').into();
        Self {
            text,
            numbers: self.numbers,
            stage,
            candidate: None,
            build: None,
        }
    }

    /// The version as `rcN` of itself: `65.0b4` → `65.0b4rc1`.
    pub fn with_candidate(&self, number: u32) -> Self {
        let base = self.without_candidate();
        let text = format!("{}rc{number}", base.text).into();
        match base.stage {
            Stage::Release => Self {
                text,
                stage: Stage::ReleaseCandidate(number),
                ..base
            },
            _ => Self {
                text,
                candidate: Some(number),
                ..base
            },
        }
    }

    /// The version with the suffix `esr`; itself if it already has any suffix.
    pub fn with_esr(&self) -> Self {
        match self.stage {
            Stage::Release => {
                let (number, build) = self.text.split_at(self.text.find("build").unwrap_or(self.text.len()));
                Self {
                    text: format!("{number}esr{build}").into(),
                    stage: Stage::Esr,
                    ..self.clone()
                }
            }
            _ => self.clone(),
        }
    }

    /// The version without the suffix `esr`; itself if it has none.
    pub fn without_esr(&self) -> Self {
        match self.stage {
            Stage::Esr => self.cut("esr", Stage::Release),
            _ => self.clone(),
        }
    }

    /// The number without any suffix, in its shortest usual form: `65.0`, `60.3`, `3.6.28`. Equal numbers give equal
    /// texts.
    pub fn number(&self) -> String {
        let [major, minor, patch, fourth] = self.numbers;
        match (patch, fourth) {
            (0, 0) => format!("{major}.{minor}"),
            (patch, 0) => format!("{major}.{minor}.{patch}"),
            (patch, fourth) => format!("{major}.{minor}.{patch}.{fourth}"),
        }
    }

    /// A version that sorts before every other version of the same number.
    pub(crate) fn first_of_number(&self) -> Self {
        Self {
            text: format!("{}a0", self.number()).into(),
            numbers: self.numbers,
            stage: Stage::Alpha(0),
            candidate: Some(0),
            build: None,
        }
    }

    /// The order as numbers, to compare instead of versions.
    pub fn key(&self) -> [u32; 8] {
        let [major, minor, patch, fourth] = self.numbers;
        let (rank, number) = match self.stage {
            Stage::Alpha(number) => (0, number),
            Stage::Beta(number) => (1, number),
            Stage::ReleaseCandidate(number) => (2, number),
            Stage::Release => (3, 0),
            Stage::Esr => (4, 0),
        };
        let candidate = self.candidate.unwrap_or(NO_CANDIDATE);
        [
            major,
            minor,
            patch,
            fourth,
            rank,
            number,
            candidate,
            self.build.unwrap_or(0),
        ]
    }

    /// The order as text, for a database column: its bytewise order is version order.
    pub fn sort_key(&self) -> String {
        self.key().map(|number| format!("{number:010}")).join(".")
    }

    /// As a semantic version, in the same order. Every stage is a pre-release part, even the final ones, because in
    /// semantic versions nothing sorts after a release, but `esr` does. `None` for a number of four parts.
    pub fn to_semver(&self) -> Option<semver::Version> {
        let [major, minor, patch, fourth] = self.numbers;
        if fourth != 0 {
            return None;
        }
        let stage = match self.stage {
            Stage::Alpha(number) => format!("alpha.{number}"),
            Stage::Beta(number) => format!("beta.{number}"),
            Stage::ReleaseCandidate(number) => format!("rc.{number}"),
            Stage::Release => "release".to_owned(),
            Stage::Esr => "supported".to_owned(),
        };
        let candidate = self
            .candidate
            .map_or_else(|| "z".to_owned(), |number| format!("rc.{number}"));
        Some(semver::Version {
            major: major.into(),
            minor: minor.into(),
            patch: patch.into(),
            pre: semver::Prerelease::new(&format!("{stage}.{candidate}")).ok()?,
            build: semver::BuildMetadata::EMPTY,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
