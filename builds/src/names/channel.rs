//! Channels, and the lines in which their builds follow one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::unknown_name::UnknownName;
use crate::names::version::{Stage, Version};

/// What is particular to a channel. A channel may have any name: those without a row of their own share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel {
    /// Its name, as [`normalise_channel`] makes it.
    pub name: &'static str,
    /// Who publishes builds on it.
    pub publisher: Publisher,
    /// In which lines its builds follow one another.
    pub lines: Lines,
    /// How far its versions are on their way to being released.
    pub versions: Versions,
    /// The channel whose candidates its users try out before one of them ships there. They are named as candidates
    /// here.
    pub tries: Option<&'static str>,
}

/// Who publishes the builds of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// A release process.
    Process,
    /// Nobody: local builds, try pushes, distributions.
    Nobody,
    /// As [`Publisher::Nobody`], on channels too that go on after the name with `-`.
    NobodyOnAnyWith,
    /// That is not known.
    Unknown,
}

/// In which lines the builds of a channel follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    /// All in one.
    One,
    /// Those of each major version in a line of its own.
    Major,
}

/// What the versions of a channel look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Versions {
    /// `154.0a1`: nightlies.
    Alphas,
    /// `54.0b3`, and `36.0a2` at a time when the channel was made of nightlies.
    BetasOrAlphas,
    /// `154.0b3`
    Betas,
    /// `154.0`
    Finals,
    /// `140.2.0esr`
    Esrs,
    /// Nothing is known of them.
    Any,
}

impl Versions {
    /// Whether they are betas, which programs report without the number of the beta.
    pub fn are_betas(self) -> bool {
        matches!(self, Self::Betas | Self::BetasOrAlphas)
    }
}

/// The channels of Mozilla's products, in the order of lists. A new one is one more row.
pub(crate) static MOZILLAS: &[Channel] = &[
    Channel {
        name: "nightly",
        publisher: Publisher::Process,
        lines: Lines::One,
        versions: Versions::Alphas,
        tries: None,
    },
    Channel {
        name: "aurora",
        publisher: Publisher::Process,
        lines: Lines::One,
        versions: Versions::BetasOrAlphas,
        tries: None,
    },
    Channel {
        name: "beta",
        publisher: Publisher::Process,
        lines: Lines::One,
        versions: Versions::Betas,
        tries: Some("release"),
    },
    Channel {
        name: "release",
        publisher: Publisher::Process,
        lines: Lines::One,
        versions: Versions::Finals,
        tries: None,
    },
    Channel {
        name: "esr",
        publisher: Publisher::Process,
        lines: Lines::Major,
        versions: Versions::Esrs,
        tries: None,
    },
    nobodys("default", Publisher::NobodyOnAnyWith),
    nobodys("unofficial", Publisher::Nobody),
    nobodys("nightly-try", Publisher::Nobody),
    #[cfg(test)]
    tests::ONE_MORE,
];

/// What holds of every channel without a row.
pub(crate) static UNKNOWN: Channel = nobodys("", Publisher::Unknown);

const fn nobodys(name: &'static str, publisher: Publisher) -> Channel {
    Channel {
        name,
        publisher,
        lines: Lines::One,
        versions: Versions::Any,
        tries: None,
    }
}

impl Channel {
    /// The channel of this (normalised) name among those of a product.
    pub(crate) fn among(channels: &'static [Self], name: &str) -> &'static Self {
        channels.iter().find(|row| row.has(name)).unwrap_or(&UNKNOWN)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        match name.strip_prefix(self.name) {
            Some("") => true,
            Some(rest) => self.publisher == Publisher::NobodyOnAnyWith && rest.starts_with('-'),
            None => false,
        }
    }

    /// Whether a release process publishes builds on the channel.
    pub fn is_official(&self) -> bool {
        self.publisher == Publisher::Process
    }

    /// Whether builds of the channel come from no release process: local builds, try pushes, distributions.
    pub fn is_unofficial(&self) -> bool {
        matches!(self.publisher, Publisher::Nobody | Publisher::NobodyOnAnyWith)
    }

    /// The channel that a version goes to by its stage alone: the first of them with such versions, or else with any.
    pub(crate) fn of_stage(channels: &'static [Self], stage: Stage) -> Option<&'static Self> {
        let versions = match stage {
            Stage::Alpha(_) => Versions::Alphas,
            Stage::Beta(_) => Versions::Betas,
            Stage::ReleaseCandidate(_) | Stage::Release => Versions::Finals,
            Stage::Esr => Versions::Esrs,
        };
        let with = |versions| {
            channels
                .iter()
                .find(move |row| row.is_official() && row.versions == versions)
        };
        with(versions).or_else(|| with(Versions::Any))
    }
}

/// What is appended to a channel's name for partners (`-cck-…`) and for tests.
const SUFFIXES: [&str; 3] = ["-cck", "-localtest", "-cdntest"];

/// A channel in lower case, without blanks and without what is appended for partners and tests.
pub fn normalise_channel(raw: &str) -> String {
    let lower = raw.trim().to_lowercase();
    let end = SUFFIXES
        .iter()
        .filter_map(|suffix| lower.find(suffix))
        .min()
        .unwrap_or(lower.len());
    lower[..end].to_owned()
}

/// What previous, next, latest and "builds behind" are counted in, within one product and channel: one line per major
/// on esr and its like, one elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Line(Option<u32>);

impl Line {
    /// The line of `version` on a channel.
    pub(crate) fn of(channel: &Channel, version: &Version) -> Self {
        let by_major = version.is_esr() || channel.lines == Lines::Major;
        Self(by_major.then(|| version.major()))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(major) => fmt::Display::fmt(&major, formatter),
            None => formatter.write_str("main"),
        }
    }
}

impl FromStr for Line {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "main" => Ok(Self(None)),
            major => major.parse().map(|major| Self(Some(major))).map_err(|_| UnknownName {
                what: "line",
                text: text.to_owned(),
            }),
        }
    }
}

impl From<Line> for String {
    fn from(line: Line) -> Self {
        line.to_string()
    }
}

impl TryFrom<String> for Line {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, UnknownName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, Lines, Publisher, Versions, normalise_channel};
    use crate::Product;
    use crate::resolve::{Question, resolve};
    use crate::samples::{index, record};

    /// A channel of a release process of its own, which its row alone makes known.
    pub(super) const ONE_MORE: Channel = Channel {
        name: "lts",
        publisher: Publisher::Process,
        lines: Lines::Major,
        versions: Versions::Betas,
        tries: Some("preview"),
    };

    #[test]
    fn channels_lose_case_and_test_suffixes() {
        for (raw, expected) in [
            (" Beta ", "beta"),
            ("release-cck-yahoo", "release"),
            ("esr-localtest", "esr"),
            ("release-cdntest", "release"),
            ("nightly-maple", "nightly-maple"),
            ("", ""),
        ] {
            assert_eq!(normalise_channel(raw), expected, "{raw}");
        }
    }

    #[test]
    fn esr_has_a_line_for_each_major() {
        for (channel, version, expected) in [
            ("esr", "140.12.0esr", "140"),
            ("release", "128.3.0esr", "128"),
            ("release", "128.0", "main"),
            ("beta", "65.0b4", "main"),
            ("lts", "7.2", "7"),
        ] {
            let line = Product::FIREFOX.line(channel, &version.parse().unwrap());
            assert_eq!(line.to_string(), expected);
            assert_eq!(expected.parse(), Ok(line));
        }
    }

    #[test]
    fn a_channel_is_official_or_not_or_nothing_is_known_of_it() {
        for (name, official, unofficial) in [
            ("beta", true, false),
            ("lts", true, false),
            ("default", false, true),
            ("default-fedora", false, true),
            ("defaults", false, false),
            ("unofficial", false, true),
            ("unofficial-fedora", false, false),
            ("nightly-try", false, true),
            ("nightly-maple", false, false),
            ("", false, false),
        ] {
            let channel = Product::FIREFOX.channel(name);
            assert_eq!(
                (channel.is_official(), channel.is_unofficial()),
                (official, unofficial),
                "{name}"
            );
        }
    }

    #[test]
    fn a_version_goes_to_the_first_channel_of_its_stage() {
        for (version, expected) in [
            ("154.0a1", "nightly"),
            ("154.0b1", "beta"),
            ("153.0", "release"),
            ("153.0rc1", "release"),
            ("140.2.0esr", "esr"),
        ] {
            let version: crate::Version = version.parse().unwrap();
            assert_eq!(
                Product::FIREFOX.channel_of_stage(version.stage()),
                expected,
                "{version}"
            );
        }
    }

    #[test]
    fn candidates_are_tried_on_the_channel_that_says_so() {
        assert_eq!(Product::FIREFOX.tried_on("release"), Some("beta"));
        assert_eq!(Product::FIREFOX.tried_on("preview"), Some("lts"));
        assert_eq!(Product::FIREFOX.tried_on("beta"), None);
        let folder = "firefox/candidates/9.0-candidates/build2";
        let index = index(&[record("20260101093000", folder, "preview", "9.0")], &[]);
        let question = Question {
            product: "Firefox".to_owned(),
            channel: "LTS".to_owned(),
            build_id: "20260101093000".to_owned(),
            ..Question::default()
        };
        let answer = resolve(&index, &question);
        assert_eq!(answer.version.as_deref(), Some("9.0rc2"));
    }
}
