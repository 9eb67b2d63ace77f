//! The sources' statements about versions as a whole, which many groups read.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde_json::Value;

use crate::names::product::{Directory, Product};
use crate::names::version::{Stage, Version};
use crate::said::observation::{Digest, Kind, Observation, SourceName, Why};

/// The shipped sets, the ESR majors and the current versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Product-details' record of what has shipped: the authority on which build number it was.
    pub shipped: BTreeMap<(Directory, Version), Shipped>,
    /// Versions that have a folder under `releases/` in the archive, or else a day in product-details' histories.
    pub released: BTreeMap<(Directory, Version), Released>,
    /// The values of product-details' files of current versions, by (file, key); empty values are left out.
    pub current: BTreeMap<(String, String), String>,
    /// The versions that product-details calls major releases, by their category or in the histories of major
    /// releases: either knows some that the other does not (33.1 and Fennec 68.1 by category, 14.0.1 and 125.0.1 by
    /// history).
    pub major_releases: BTreeSet<(Directory, Version)>,
    /// Majors with a version that carries `esr`. Read from the versions' suffix, because product-details' category
    /// `esr` changes later.
    pub esr_majors: BTreeSet<(Product, u32)>,
}

/// A version that has shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipped {
    /// N of the `buildN` that shipped.
    pub build_number: u32,
    /// The day it shipped.
    pub date: Option<NaiveDate>,
    /// Every build number stated, with the observations that state it. The highest is believed.
    pub statements: BTreeMap<u32, BTreeSet<Digest>>,
    /// Who says so.
    pub sources: BTreeSet<SourceName>,
}

/// That a version was released, without a word on which build of it. In the order in which it is believed: what lies
/// in the archive is a better word than a history, and the source that is trusted more than the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Released {
    /// Whether a history says so, and nobody of a folder.
    is_history: bool,
    /// Who says so.
    said_by: SourceName,
    /// The observation that says so.
    pub digest: Digest,
}

impl Released {
    fn of(observation: &Observation) -> Self {
        Self {
            is_history: observation.kind == Kind::ReleaseHistory,
            said_by: observation.source,
            digest: observation.digest(),
        }
    }

    /// The source that a build names for it. Product-details' histories stand in for the folders of the archive, and
    /// builds have always named that.
    pub fn source(self) -> SourceName {
        if self.is_history && self.said_by == SourceName::PRODUCT_DETAILS {
            return SourceName::ARCHIVE;
        }
        self.said_by
    }
}

impl Shipped {
    /// The observations that state that the version shipped.
    pub fn evidence(&self) -> impl Iterator<Item = Digest> {
        self.statements.values().flatten().copied()
    }
}

impl Facts {
    /// Whether the candidates of `version` were given to beta users before one of them shipped on release:
    /// product-details calls it a major release, or betas of the same number are listed (38.0.5, Fennec 68.2). Release
    /// engineering decides the same way: the first release of a train goes to beta, and so does any other with a beta
    /// among the builds that it updates from (ship-it's `is_rc`). `N.0` needs no listing: product-details lists a
    /// version only once it has shipped, and until then only its number is known.
    pub(crate) fn goes_to_beta(&self, directory: Directory, version: &Version) -> bool {
        version.stage() == Stage::Release
            && (version.is_first_of_major()
                || self.major_releases.contains(&(directory, version.clone()))
                || self.has_betas(directory, version))
    }

    /// Whether a beta with the number of `version` is known to have shipped from `directory`.
    fn has_betas(&self, directory: Directory, version: &Version) -> bool {
        let from = || (directory, version.first_of_number())..(directory, version.clone());
        let mut shipped = self.shipped.range(from()).map(|(key, _)| key);
        let mut released = self.released.range(from()).map(|(key, _)| key);
        let is_beta = |(_, other): &(Directory, Version)| matches!(other.stage(), Stage::Beta(_));
        shipped.any(is_beta) || released.any(is_beta)
    }

    /// Whether a later version than `version` in its number family is known to have shipped from `directory`, by the
    /// record of shipped versions or by its folder under `releases/`: another beta or the final of the same number, or
    /// for a release or an ESR, a later one of the same major. Before 4.0 each minor version was its own branch: 3.0,
    /// 3.5 and 3.6 were maintained in parallel.
    pub(crate) fn later_version_shipped(&self, directory: Directory, version: &Version) -> bool {
        let family = |other: &Version| {
            let same_number = other.number() == version.number();
            let same_branch = version.major() >= 4 || other.minor() == version.minor();
            let follows = matches!(version.stage(), Stage::Release | Stage::Esr)
                && other.stage() == version.stage()
                && same_branch;
            other.is_esr() == version.is_esr() && (same_number || follows)
        };
        let from = || (directory, version.clone())..;
        let shipped = self.shipped.range(from()).map(|(key, _)| key);
        let released = self.released.range(from()).map(|(key, _)| key);
        let is_later = |(other_directory, other): &(Directory, Version)| {
            *other_directory == directory && other > version && family(other)
        };
        let same_major = |key: &&(Directory, Version)| key.0 == directory && key.1.major() == version.major();
        shipped.take_while(same_major).any(is_later) || released.take_while(same_major).any(is_later)
    }

    /// The (product, major) pairs on which `self` and `newer` differ: every group that reads one of them must be
    /// derived again.
    pub fn changes(&self, newer: &Self) -> BTreeSet<(Product, u32)> {
        let touched = |(directory, version): &(Directory, Version)| (directory.product(), version.major());
        different_keys(&self.shipped, &newer.shipped)
            .chain(different_keys(&self.released, &newer.released))
            .chain(self.major_releases.symmetric_difference(&newer.major_releases))
            .map(touched)
            .chain(self.esr_majors.symmetric_difference(&newer.esr_majors).copied())
            .collect()
    }
}

fn different_keys<'a, K: Ord, V: PartialEq>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = &'a K> {
    let changed = old
        .iter()
        .filter(|(key, value)| new.get(key) != Some(*value))
        .map(|(key, _)| key);
    changed.chain(new.keys().filter(|key| !old.contains_key(key)))
}

/// Collects the statements of `observations` about versions; other kinds, and unreadable observations, are skipped.
pub fn facts<'a>(observations: impl IntoIterator<Item = &'a Observation>) -> Facts {
    let mut facts = Facts::default();
    for observation in observations {
        match observation.kind {
            Kind::ShippedRelease => add_shipped(&mut facts, observation),
            Kind::ReleaseDirectory => {
                if let Ok((directory, version)) = subject_of(observation) {
                    add_esr_major(&mut facts, directory, &version);
                    add_released(&mut facts, observation, (directory, version));
                }
            }
            // An ESR version without its suffix would be another version, of which there are no builds.
            Kind::ReleaseHistory => {
                if let Ok(key) = subject_of(observation) {
                    add_major_release(&mut facts, observation, &key);
                    add_released(&mut facts, observation, key);
                }
            }
            Kind::CurrentVersions => add_current(&mut facts, observation),
            Kind::BuildhubRecord | Kind::ArchiveFile | Kind::CsvRow | Kind::Announced => {}
        }
    }
    facts
}

fn add_shipped(facts: &mut Facts, observation: &Observation) {
    let Ok((directory, version)) = subject_of(observation) else {
        return;
    };
    let number = observation
        .body
        .get("build_number")
        .and_then(Value::as_u64)
        .and_then(|number| u32::try_from(number).ok());
    let Some(build_number) = number else { return };
    let date = observation
        .body
        .get("date")
        .and_then(Value::as_str)
        .and_then(|date| date.parse().ok());
    add_esr_major(facts, directory, &version);
    let key = (directory, version);
    add_major_release(facts, observation, &key);
    let said = facts.shipped.entry(key).or_insert_with(|| Shipped {
        build_number,
        date,
        statements: BTreeMap::new(),
        sources: BTreeSet::new(),
    });
    said.sources.insert(observation.source);
    said.statements
        .entry(build_number)
        .or_default()
        .insert(observation.digest());
    match build_number.cmp(&said.build_number) {
        Ordering::Greater => (said.build_number, said.date) = (build_number, date),
        // Two observations that differ only in the day: the earlier day, whichever comes first.
        Ordering::Equal => said.date = [said.date, date].into_iter().flatten().min(),
        Ordering::Less => {}
    }
}

fn add_released(facts: &mut Facts, observation: &Observation, key: (Directory, Version)) {
    let said = Released::of(observation);
    let known = facts.released.entry(key).or_insert(said);
    *known = said.min(*known);
}

fn add_esr_major(facts: &mut Facts, directory: Directory, version: &Version) {
    if version.is_esr() {
        facts.esr_majors.insert((directory.product(), version.major()));
    }
}

fn add_major_release(facts: &mut Facts, observation: &Observation, key: &(Directory, Version)) {
    if observation.body.get("category").and_then(Value::as_str) == Some("major") {
        facts.major_releases.insert(key.clone());
    }
}

fn add_current(facts: &mut Facts, observation: &Observation) {
    let Some(members) = observation.body.as_object() else {
        return;
    };
    for (key, value) in members {
        if let Some(value) = value.as_str().filter(|value| !value.is_empty()) {
            facts
                .current
                .insert((observation.subject.clone(), key.clone()), value.to_owned());
        }
    }
}

/// The folder and version that a shipped release or a release directory is about. This reads product-details' key, not
/// its member `version`, which has lost `esr`.
pub fn subject_of(observation: &Observation) -> Result<(Directory, Version), Why> {
    let subject = observation.subject.as_str();
    let (directory, version) = match observation.kind {
        Kind::ReleaseDirectory | Kind::ReleaseHistory => subject.split_once(' '),
        // Both parts may contain a `-`: `firefox-android-109.0b1`, `fenix-84.0.0-beta.2`.
        _ => subject
            .find(|character: char| character.is_ascii_digit())
            .and_then(|at| {
                let (product, version) = subject.split_at(at);
                Some((product.strip_suffix('-')?, version))
            }),
    }
    .ok_or(Why::Malformed("subject"))?;
    let version = version
        .parse()
        .map_err(|_| Why::NotAVersion(text::cut(version, 80).to_owned()))?;
    let directory = directory
        .parse()
        .map_err(|_| Why::UnknownProduct(text::cut(directory, 80).to_owned()))?;
    Ok((directory, version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::facts;
    use crate::names::product::{Directory, Product};
    use crate::said::observation::Observation;

    fn shipped(key: &str, build_number: u32, category: &str) -> Observation {
        let entry = json!({
            "product": "firefox", "version": "1.0", "build_number": build_number, "category": category,
            "date": "2025-08-19", "description": "x",
        });
        Observation::shipped_release("u", key, &entry).unwrap()
    }

    #[test]
    fn esr_is_read_from_the_key_and_not_from_the_category() {
        let facts = facts(&[
            shipped("firefox-140.2.0esr", 1, "stability"),
            shipped("firefox-141.0", 2, "esr"),
        ]);
        assert_eq!(
            facts.esr_majors.into_iter().collect::<Vec<_>>(),
            [(Product::FIREFOX, 140)]
        );
    }

    #[test]
    fn keys_of_every_product_are_read() {
        let facts = facts(&[
            shipped("firefox-android-109.0b1", 3, "dev"),
            shipped("fenix-84.0.0-beta.2", 1, "dev"),
            shipped("devedition-54.0b11", 4, "dev"),
            shipped("nonsense", 1, "dev"),
        ]);
        let keys: Vec<_> = facts
            .shipped
            .iter()
            .map(|((directory, version), shipped)| (*directory, version.to_string(), shipped.build_number))
            .collect();
        assert_eq!(
            keys,
            [
                (Directory::DEVEDITION, "54.0b11".to_owned(), 4),
                (Directory::FENIX, "84.0.0-beta.2".to_owned(), 1),
                (Directory::FENIX, "109.0b1".to_owned(), 3),
            ]
        );
    }

    #[test]
    fn a_changed_category_changes_no_fact_but_its_evidence() {
        let (old, new) = (
            facts(&[shipped("firefox-140.0", 2, "esr")]),
            facts(&[shipped("firefox-140.0", 2, "major")]),
        );
        let key = (Directory::FIREFOX, "140.0".parse().unwrap());
        assert_eq!(old.shipped[&key].build_number, new.shipped[&key].build_number);
        assert_eq!(new.shipped[&key].statements.len(), 1);
    }

    #[test]
    fn the_highest_of_disputed_build_numbers_is_believed_in_any_order() {
        let (low, high) = (
            shipped("firefox-140.0", 1, "major"),
            shipped("firefox-140.0", 2, "major"),
        );
        let (one, other) = (facts(&[low.clone(), high.clone()]), facts(&[high, low]));
        assert_eq!(one, other);
        let said = one.shipped.values().next().unwrap();
        assert_eq!(
            (said.build_number, said.statements.keys().copied().collect::<Vec<_>>()),
            (2, vec![1, 2])
        );
    }

    #[test]
    fn changed_facts_name_their_major() {
        let (old, new) = (facts(&[]), facts(&[shipped("devedition-64.0b4", 2, "dev")]));
        assert_eq!(
            old.changes(&new).into_iter().collect::<Vec<_>>(),
            [(Product::FIREFOX, 64)]
        );
        assert!(new.changes(&new).is_empty());
    }
}
