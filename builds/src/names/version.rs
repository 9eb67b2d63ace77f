//! Versions of every grammar that the sources use, in one total order.
//!
//! The order is release engineering's, with the candidate numbers of the crash system added: for one number
//! `a1 < b1rc1 < b1 < rc1 < release < esrrc1 < esr`. Text never decides an order.

pub mod reported;
mod spoken;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest version text that is read, in bytes.
const MAX_LENGTH: usize = 64;
/// Most digits of one number: nine always fit 32 bits.
const MAX_DIGITS: usize = 9;
/// Stands for "no candidate number" in a key: the final sorts after its candidates.
const NO_CANDIDATE: u32 = 1_000_000_000;

/// What a version is on its way to being released.
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
    text: Box<str>,
    numbers: [u32; 4],
    stage: Stage,
    /// `rcN` after another suffix: a candidate of that version.
    candidate: Option<u32>,
    /// `buildN` at the end.
    build: Option<u32>,
}

/// Text that follows no known grammar of versions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a version")]
pub struct NotAVersion;

impl Version {
    /// The text as it was read, without surrounding blanks.
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

    /// How far the version is on its way to being released.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether the version has the suffix `esr`.
    pub fn is_esr(&self) -> bool {
        self.stage == Stage::Esr
    }

    /// Whether this is `N.0` without any suffix: by its number alone the first release of a train. What sources say of
    /// a version tells more, see `Facts::goes_to_beta`.
    pub fn is_first_of_major(&self) -> bool {
        self.stage == Stage::Release && self.numbers[1..] == [0, 0, 0]
    }

    /// Whether this is `bN` with N = 99: until 2015 the crash system called a release's last candidate on beta so
    /// (bugs 963600, 1156961).
    pub fn is_legacy_final_beta(&self) -> bool {
        self.stage == Stage::Beta(99)
    }

    /// The number of the candidate: N of `65.0b4rcN`, `65.0rcN` or `60.3.0esrrcN`.
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

    /// The version with the suffix `esr`; itself if it has any suffix already.
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

    /// What sorts before every other version of the same number.
    pub(crate) fn first_of_number(&self) -> Self {
        Self {
            text: format!("{}a0", self.number()).into(),
            numbers: self.numbers,
            stage: Stage::Alpha(0),
            candidate: Some(0),
            build: None,
        }
    }

    /// The order as numbers: compare these instead of versions.
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

    /// The order as text, for a database column: its bytewise order is the order of versions.
    pub fn sort_key(&self) -> String {
        self.key().map(|number| format!("{number:010}")).join(".")
    }

    /// As semantic version, in the same order. Every stage is a pre-release part, the final ones too, because semantic
    /// versions know nothing that sorts after a release, and `esr` does. `None` for a number of four parts.
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

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let text = text.trim();
        if text.len() > MAX_LENGTH {
            return Err(NotAVersion);
        }
        let mut rest = text;
        let mut numbers = [0; 4];
        let mut parts = 0;
        for slot in &mut numbers {
            *slot = take_number(&mut rest).ok_or(NotAVersion)?;
            parts += 1;
            match rest.strip_prefix('.') {
                Some(after) if parts < 4 => rest = after,
                _ => break,
            }
        }
        let stage = take_stage(&mut rest)?;
        let candidate = match stage {
            Stage::Alpha(_) | Stage::Beta(_) | Stage::Esr => take_suffix(&mut rest, &["rc"])?,
            Stage::ReleaseCandidate(_) | Stage::Release => None,
        };
        let build = take_suffix(&mut rest, &["build"])?;
        if !rest.is_empty() {
            return Err(NotAVersion);
        }
        Ok(Self {
            text: text.into(),
            numbers,
            stage,
            candidate,
            build,
        })
    }
}

fn take_stage(rest: &mut &str) -> Result<Stage, NotAVersion> {
    if let Some(after) = rest.strip_prefix("esr") {
        *rest = after;
        return Ok(Stage::Esr);
    }
    if let Some(number) = take_suffix(rest, &["a", "-alpha."])? {
        return Ok(Stage::Alpha(number));
    }
    // `62.0b` without number stands for all betas, but `62.0build1` is no beta.
    if let Some(after) = rest.strip_prefix('b')
        && (after.is_empty() || after.starts_with("rc"))
    {
        *rest = after;
        return Ok(Stage::Beta(0));
    }
    if !rest.starts_with("build")
        && let Some(number) = take_suffix(rest, &["b", "-beta."])?
    {
        return Ok(Stage::Beta(number));
    }
    if let Some(number) = take_suffix(rest, &["rc", "-rc."])? {
        return Ok(Stage::ReleaseCandidate(number));
    }
    Ok(Stage::Release)
}

/// Takes one of `names` and the number that must follow it; `None` if `rest` begins with none of them.
fn take_suffix(rest: &mut &str, names: &[&str]) -> Result<Option<u32>, NotAVersion> {
    let Some(after) = names.iter().find_map(|name| rest.strip_prefix(name)) else {
        return Ok(None);
    };
    *rest = after;
    take_number(rest).map(Some).ok_or(NotAVersion)
}

fn take_number(rest: &mut &str) -> Option<u32> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > MAX_DIGITS {
        return None;
    }
    let (digits, after) = rest.split_at(length);
    *rest = after;
    digits.parse().ok()
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

/// Compares two versions as the programs themselves do (toolkit's version comparator), which differs from
/// [`Version`]'s order: a missing suffix is greater than any, so `65.0` comes after `65.0esr`; `1.*` comes after every
/// `1.N`; `1.0+` is `1.1pre`.
pub fn toolkit_cmp(a: &str, b: &str) -> Ordering {
    let mut left = a.split('.');
    let mut right = b.split('.');
    loop {
        let (left, right) = (left.next(), right.next());
        if left.is_none() && right.is_none() {
            return Ordering::Equal;
        }
        let order = ToolkitPart::read(left.unwrap_or("")).compare(&ToolkitPart::read(right.unwrap_or("")));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// One part between dots: number, text, number, rest.
struct ToolkitPart<'a> {
    first: i64,
    text: &'a str,
    second: i64,
    rest: &'a str,
}

impl<'a> ToolkitPart<'a> {
    fn read(part: &'a str) -> Self {
        if part == "*" {
            return Self {
                first: i64::MAX,
                text: "",
                second: 0,
                rest: "",
            };
        }
        let (first, after) = split_number(part);
        if after == "+" {
            return Self {
                first: first.saturating_add(1),
                text: "pre",
                second: 0,
                rest: "",
            };
        }
        let end = after
            .find(|character: char| character.is_ascii_digit() || matches!(character, '+' | '-'))
            .unwrap_or(after.len());
        let (text, after) = after.split_at(end);
        let (second, rest) = split_number(after);
        Self {
            first,
            text,
            second,
            rest,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.first
            .cmp(&other.first)
            .then_with(|| absent_is_greater(self.text, other.text))
            .then_with(|| self.second.cmp(&other.second))
            .then_with(|| absent_is_greater(self.rest, other.rest))
    }
}

fn absent_is_greater(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.as_bytes().cmp(b.as_bytes()),
    }
}

/// A leading number with optional sign, and what follows it. A number beyond 64 bits counts as the greatest.
fn split_number(text: &str) -> (i64, &str) {
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return (0, text);
    }
    let (number, rest) = text.split_at(sign + digits);
    (number.parse().unwrap_or(i64::MAX), rest)
}

#[cfg(test)]
mod tests;
