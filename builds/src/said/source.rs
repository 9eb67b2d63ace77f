//! The sources: one row for each, which tells all that is declared of it.
//!
//! Command line, settings, freshness, audit, index and the order of trust read the rows; how a source is fetched stands
//! in a file of its own beside the importer. A new source is a row here and that file.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::canonical::canonical_json;
use crate::names::UnknownName;

/// Maximum number of sources: the room in an index's set of them.
pub const MOST: usize = 32;
/// Maximum length of a name in bytes.
const LONGEST_NAME: usize = 32;
/// What is kept of an answer that may name people and cannot be read.
const HIDDEN: &str = "an answer that is no JSON; it is not shown, as it may name people";

/// What is declared of a source.
#[derive(Debug)]
pub struct Source {
    /// Its name as it is stored, shown and asked for: letters `a` to `z`, digits and `-`, at most 32 of them.
    pub name: &'static str,
    /// What people call it, as the first words of a sentence.
    pub title: &'static str,
    /// Whose word is taken where sources differ: that of the source with the lower number.
    pub trust: u8,
    /// How its words get here.
    pub way: Way,
    /// For which builds it is asked.
    pub asked: Asked,
    /// The members of its answers that name people or tell how to reach them, whatever they are in; upper and lower
    /// case are the same. They are left out of all that is kept. The answers of a source with such members are JSON.
    pub personal: &'static [&'static str],
}

/// How the words of a source get here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Imports read it below an address. Its silence matters.
    Read(Address),
    /// Somebody loads a table of rows. It is not asked, and never silent.
    Loaded,
    /// The site's own pipeline announces each build as it makes it. It is not asked, and never silent.
    Announced,
    /// Another release of the program knows how. What it said is told and used; it is not asked.
    Elsewhere,
}

/// The address of a source, as the settings have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The setting that holds it, with its section.
    pub setting: &'static str,
    /// What it is unless set.
    pub usual: &'static str,
}

/// For which builds a source is asked: one of these that it does not list is a hole in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Every build.
    Every,
    /// Those that this source does not list.
    WhatLacks(SourceName),
    /// None: it lists no builds, or not all of them.
    None,
}

static BUILDHUB: Source = Source {
    name: "buildhub",
    title: "Buildhub",
    trust: 10,
    way: Way::Read(Address {
        setting: "buildinfo.buildhub_url",
        usual: "https://buildhub.moz.tools",
    }),
    asked: Asked::Every,
    personal: &[],
};

static ARCHIVE: Source = Source {
    name: "archive",
    title: "The archive",
    trust: 20,
    way: Way::Read(Address {
        setting: "buildinfo.archive_url",
        usual: "https://archive.mozilla.org",
    }),
    asked: Asked::WhatLacks(SourceName::BUILDHUB),
    personal: &[],
};

static PRODUCT_DETAILS: Source = Source {
    name: "product-details",
    title: "product-details",
    trust: 30,
    way: Way::Read(Address {
        setting: "buildinfo.product_details_url",
        usual: "https://product-details.mozilla.org",
    }),
    asked: Asked::None,
    personal: &[],
};

static OWN: Source = Source {
    name: "own",
    title: "Announced builds",
    trust: 35,
    way: Way::Announced,
    asked: Asked::None,
    personal: &[],
};

static CSV: Source = Source {
    name: "csv",
    title: "Tables of versions",
    trust: 40,
    way: Way::Loaded,
    asked: Asked::None,
    personal: &[],
};

/// The rows of all sources, in the order in which they are shown.
static STANDARD: [&Source; 5] = [&BUILDHUB, &ARCHIVE, &PRODUCT_DETAILS, &OWN, &CSV];

/// The rows that the running program has beside those; empty as soon as the rows were read without.
static ADDED: OnceLock<&'static [&'static Source]> = OnceLock::new();

/// The sources of which there is a name and no row.
static ELSEWHERE: Mutex<Vec<&'static Source>> = Mutex::new(Vec::new());

/// The rows cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// Sources were named before, or other rows were added.
    #[error("rows of sources are added once, before any source is named")]
    Late,
    /// A name is taken, or none that a source can have.
    #[error("{0:?} cannot be the name of another source")]
    Name(&'static str),
    /// There would be more than [`MOST`].
    #[error("there can be {MOST} sources")]
    TooMany,
}

/// Adds the rows of a program that has sources of its own, before it reads anything. The same rows may be added again.
///
/// # Errors
/// See [`NotAdded`].
pub fn add(rows: &'static [&'static Source]) -> Result<(), NotAdded> {
    let mut names: BTreeSet<&str> = STANDARD.iter().map(|row| row.name).collect();
    if let Some(row) = rows.iter().find(|row| !is_name(row.name) || !names.insert(row.name)) {
        return Err(NotAdded::Name(row.name));
    }
    if names.len() > MOST {
        return Err(NotAdded::TooMany);
    }
    let added = *ADDED.get_or_init(|| rows);
    if std::ptr::eq(added, rows) {
        Ok(())
    } else {
        Err(NotAdded::Late)
    }
}

fn rows() -> impl Iterator<Item = &'static Source> {
    let added = *ADDED.get_or_init(|| &[]);
    STANDARD.iter().chain(added).copied()
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(plain)
}

impl Source {
    /// Whether imports read it.
    pub fn is_read(&self) -> bool {
        matches!(self.way, Way::Read(_))
    }

    /// Whether it is a table of rows that somebody loads.
    pub fn is_loaded(&self) -> bool {
        self.way == Way::Loaded
    }

    /// Whether its words are handed in, as tables and announcements are: a run that takes them in reads no source.
    pub fn is_handed_in(&self) -> bool {
        matches!(self.way, Way::Loaded | Way::Announced)
    }

    /// Whether it tells of builds one by one. What imports read without asking it for builds tells of versions as a
    /// whole.
    pub fn lists_builds(&self) -> bool {
        self.asked != Asked::None || !self.is_read()
    }

    /// Its address in the settings, if imports read it.
    pub fn address(&self) -> Option<Address> {
        match self.way {
            Way::Read(address) => Some(address),
            Way::Loaded | Way::Announced | Way::Elsewhere => None,
        }
    }

    /// Whether it is asked for a build that these sources list.
    pub fn is_asked_for(&self, mut listed: impl Iterator<Item = SourceName>) -> bool {
        match self.asked {
            Asked::Every => true,
            Asked::WhatLacks(other) => listed.all(|source| source != other),
            Asked::None => false,
        }
    }

    /// What it said without the members that are personal.
    pub fn public<'a>(&self, said: &'a Value) -> Cow<'a, Value> {
        if self.personal.is_empty() {
            return Cow::Borrowed(said);
        }
        let mut said = said.clone();
        self.remove_personal(&mut said);
        Cow::Owned(said)
    }

    /// An answer as it came, without the members that are personal; one that is no JSON is replaced if it may have
    /// any.
    pub fn public_answer(&self, answer: Vec<u8>) -> Vec<u8> {
        if self.personal.is_empty() || answer.is_empty() {
            return answer;
        }
        match serde_json::from_slice(&answer) {
            Ok(mut said) => {
                self.remove_personal(&mut said);
                canonical_json(&said).into_bytes()
            }
            Err(_) => HIDDEN.into(),
        }
    }

    // The depth is bounded by the parser that made the value.
    fn remove_personal(&self, said: &mut Value) {
        match said {
            Value::Object(members) => {
                members.retain(|name, _| !self.personal.iter().any(|own| own.eq_ignore_ascii_case(name)));
                members.values_mut().for_each(|member| self.remove_personal(member));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.remove_personal(item)),
            _ => {}
        }
    }
}

/// Where an observation comes from: a handle to the row of a source. Sources are in the order of trust.
#[derive(Clone, Copy)]
pub struct SourceName(&'static Source);

impl SourceName {
    /// The build database that is fed by `buildhub.json` files.
    pub const BUILDHUB: Self = Self(&BUILDHUB);
    /// The file archive: listings and the small files beside the builds.
    pub const ARCHIVE: Self = Self(&ARCHIVE);
    /// The published record of what has shipped.
    pub const PRODUCT_DETAILS: Self = Self(&PRODUCT_DETAILS);
    /// Builds that the site's own pipeline announces.
    pub const OWN: Self = Self(&OWN);
    /// Rows in the crash system's own table format.
    pub const CSV: Self = Self(&CSV);

    /// The source that this row, which was [added](add), is of.
    pub const fn of(row: &'static Source) -> Self {
        Self(row)
    }

    /// Every source that has a row, in the order of the rows.
    pub fn all() -> impl Iterator<Item = Self> {
        rows().map(Self)
    }

    /// The source that has this name in stored data. A name without a row was stored by another release of the program:
    /// it is kept, and trusted least.
    ///
    /// # Errors
    /// The text is no name, or there are more than [`MOST`] of them.
    pub fn stored(text: &str) -> Result<Self, UnknownName> {
        if let Ok(known) = text.parse() {
            return Ok(known);
        }
        let mut elsewhere = ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = elsewhere.iter().find(|row| row.name == text) {
            return Ok(Self(known));
        }
        if !is_name(text) || rows().count() + elsewhere.len() >= MOST {
            return Err(unknown(text));
        }
        // Kept for as long as the program runs: there are few of them.
        let row: &'static Source = Box::leak(Box::new(Source {
            name: text.to_owned().leak(),
            title: "A source of another release",
            trust: u8::MAX,
            way: Way::Elsewhere,
            asked: Asked::None,
            personal: &[],
        }));
        elsewhere.push(row);
        Ok(Self(row))
    }

    /// What is declared of it.
    pub fn row(self) -> &'static Source {
        self.0
    }

    /// The stored and displayed name.
    pub fn as_str(self) -> &'static str {
        self.0.name
    }
}

fn unknown(text: &str) -> UnknownName {
    UnknownName {
        what: "source",
        text: text.chars().take(80).collect(),
    }
}

impl PartialEq for SourceName {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.0.name == other.0.name
    }
}

impl Eq for SourceName {}

impl Hash for SourceName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl Ord for SourceName {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.trust, self.0.name).cmp(&(other.0.trust, other.0.name))
    }
}

impl PartialOrd for SourceName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

impl fmt::Debug for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

/// Reads the name of a source that has a row.
impl FromStr for SourceName {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::all().find(|source| source.as_str() == text);
        found.ok_or_else(|| unknown(text))
    }
}

impl Serialize for SourceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

/// Reads a [stored](SourceName::stored) name.
impl<'de> Deserialize<'de> for SourceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::stored(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Asked, CSV, NotAdded, STANDARD, Source, SourceName, Way, add, is_name};
    use crate::said::observation::{Kind, Observation};

    static PEOPLED: Source = Source {
        name: "peopled",
        title: "A source that names people",
        trust: 50,
        way: Way::Loaded,
        asked: Asked::None,
        personal: &["email", "completed_by"],
    };

    #[test]
    fn every_row_can_be_told_from_the_others_and_be_part_of_a_statement() {
        for row in STANDARD {
            assert!(is_name(row.name), "{}", row.name);
            let same = |other: &&&Source| other.name == row.name || other.trust == row.trust;
            assert_eq!(STANDARD.iter().filter(same).count(), 1, "{}", row.name);
            assert_eq!(row.name.parse(), Ok(SourceName::of(row)));
        }
        let by_trust: Vec<&str> = {
            let mut all: Vec<SourceName> = SourceName::all().collect();
            all.sort();
            all.into_iter().map(SourceName::as_str).collect()
        };
        assert_eq!(by_trust, ["buildhub", "archive", "product-details", "own", "csv"]);
    }

    #[test]
    fn a_name_without_a_row_is_kept_and_trusted_least() {
        let other: SourceName = serde_json::from_value(json!("of-another-release")).unwrap();
        assert_eq!(other, SourceName::stored("of-another-release").unwrap());
        assert_eq!(serde_json::to_value(other).unwrap(), "of-another-release");
        assert!(other > SourceName::CSV);
        assert!("of-another-release".parse::<SourceName>().is_err());
        for text in ["", "A", "a b", "ä", &"x".repeat(33)] {
            assert!(SourceName::stored(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rows_are_added_once_and_before_any_is_read() {
        static TAKEN: [&Source; 1] = [&CSV];
        static LATE: [&Source; 1] = [&PEOPLED];
        assert_eq!(add(&TAKEN), Err(NotAdded::Name("csv")));
        assert_eq!(SourceName::all().count(), STANDARD.len());
        assert_eq!(add(&LATE), Err(NotAdded::Late));
    }

    #[test]
    fn personal_members_are_in_nothing_that_is_kept() {
        let said = json!({
            "version": "1.0",
            "Email": "a@example.org",
            "phases": [{"name": "ship", "completed_by": {"name": "a@example.org"}}],
        });
        let public = json!({"version": "1.0", "phases": [{"name": "ship"}]});
        assert_eq!(*PEOPLED.public(&said), public);
        let kept = PEOPLED.public_answer(said.to_string().into_bytes());
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&kept).unwrap(), public);
        for page in ["<p>a@example.org", "{\"email\": \"a@example.org\""] {
            let kept = String::from_utf8(PEOPLED.public_answer(page.into())).unwrap();
            assert!(!kept.contains("example"), "{kept}");
        }
        assert_eq!(CSV.public_answer(b"a@example.org".to_vec()), b"a@example.org");
        let observation = |body| Observation {
            source: SourceName::of(&PEOPLED),
            kind: Kind::CsvRow,
            subject: "s".to_owned(),
            url: "u".to_owned(),
            body,
        };
        assert_eq!(observation(said).digest(), observation(public).digest());
    }
}
