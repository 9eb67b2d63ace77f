//! From observations and corrections to builds: the rules that name a build and say what became of it.
//!
//! The same observations, corrections and facts give the same builds, byte for byte, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::build::{Build, Certainty, Reason, Status};
use crate::derive::claim::{Claim, Origin};
use crate::derive::correction::{Correction, correct};
use crate::derive::facts::{Facts, Shipped, facts};
use crate::derive::group::{GroupKey, group_of};
use crate::names::build_id::BuildId;
use crate::names::product::{Directory, Line};
use crate::names::version::{Stage, Version};
use crate::said::observation::{Digest, Observation, SourceName};

pub mod claim;
mod conflict;
pub mod correction;
pub mod facts;
pub mod group;

pub use conflict::Conflict;
pub use conflict::PLACE_FIELD;
use conflict::{choose, conflict_of_version, conflicts_of_places};

/// The conclusion about one group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Derived {
    /// The builds, sorted by [`Build::key`].
    pub builds: Vec<Build>,
    /// Where sources contradict each other, sorted.
    pub conflicts: Vec<Conflict>,
}

/// What the observations of one group claim, taken in one by one. Their bodies are not kept: a version of old times
/// has ten thousand.
#[derive(Debug)]
pub struct Claims {
    key: GroupKey,
    claims: Vec<Claim>,
}

impl Claims {
    /// Those of the group `key`, none yet.
    pub fn of(key: GroupKey) -> Self {
        Self {
            key,
            claims: Vec::new(),
        }
    }

    /// Takes in an observation that has this digest, unless a correction ignores it. One of another group, or that
    /// cannot be read, claims nothing.
    pub fn add(&mut self, observation: &Observation, digest: Digest, corrections: &[Correction]) {
        if corrections.iter().any(|correction| correction.ignores(observation)) {
            return;
        }
        if let Ok(Some(claim)) = Claim::read(observation, digest)
            && GroupKey::of_claim(&claim) == self.key
        {
            self.claims.push(claim);
        }
    }

    /// What follows from them. `facts` are those of all observations that no correction ignores; `corrections` are
    /// those in force.
    pub fn conclude(mut self, corrections: &[Correction], facts: &Facts) -> Derived {
        // The order in which one of several values is chosen: a build's own record before those of its repacks, the
        // record that knows the build number, the latest upload; the digest only makes the order total.
        self.claims.sort_by_key(|claim| {
            (
                claim.localised,
                claim.source,
                claim.origin,
                std::cmp::Reverse(claim.published_at),
                claim.digest,
            )
        });
        self.claims.dedup_by_key(|claim| claim.digest);
        let group = Group::new(&self.claims, facts);
        let mut conflicts = conflicts_of_places(&self.claims);
        let mut builds = BTreeMap::new();
        for (name, claims) in group.by_build() {
            let mut own = BTreeSet::new();
            let mut build = group.conclude(&name, &claims, &mut own);
            let stated = correct(&mut build, name.version, corrections);
            own.retain(|conflict| !conflict.is_settled(&stated));
            conflicts.append(&mut own);
            let key = (
                build.product,
                build.channel.clone(),
                build.version.clone(),
                build.build_id,
                build.platform.clone(),
                build.variant.clone(),
            );
            builds.entry(key).or_insert(build);
        }
        Derived {
            builds: builds.into_values().collect(),
            conflicts: conflicts.into_iter().collect(),
        }
    }
}

/// Interprets the observations of the group `key`, as [`Claims`] does.
pub fn derive(key: &GroupKey, observations: &[Observation], corrections: &[Correction], facts: &Facts) -> Derived {
    let mut claims = Claims::of(key.clone());
    for observation in observations {
        claims.add(observation, observation.digest(), corrections);
    }
    claims.conclude(corrections, facts)
}

/// Interprets all of `observations`: every group in turn, with the facts that they state.
pub fn derive_all(observations: &[Observation], corrections: &[Correction]) -> Derived {
    let mut groups: BTreeMap<GroupKey, Vec<Observation>> = BTreeMap::new();
    for observation in observations {
        if corrections.iter().any(|correction| correction.ignores(observation)) {
            continue;
        }
        if let Ok(key) = group_of(observation) {
            groups.entry(key).or_default().push(observation.clone());
        }
    }
    let facts = facts(groups.values().flatten());
    let mut all = Derived::default();
    for (key, observations) in &groups {
        let derived = derive(key, observations, corrections, &facts);
        all.builds.extend(derived.builds);
        all.conflicts.extend(derived.conflicts);
    }
    all.builds.sort_by(|left, right| left.key().cmp(&right.key()));
    all.conflicts.sort();
    all
}

/// What claims must agree in to be about one build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct BuildName<'a> {
    directory: Directory,
    channel: &'a str,
    version: &'a Version,
    build_id: BuildId,
    platform: &'a str,
    variant: &'a str,
}

impl<'a> BuildName<'a> {
    fn of(claim: &'a Claim) -> Self {
        Self {
            directory: claim.directory,
            channel: &claim.channel,
            version: &claim.version,
            build_id: claim.build_id,
            platform: &claim.platform,
            variant: claim.variant.as_deref().unwrap_or_default(),
        }
    }
}

/// The claims of a group, and what they tell only together.
struct Group<'a> {
    claims: &'a [Claim],
    versions: BTreeMap<(Directory, &'a Version), Siblings<'a>>,
    /// The folders with a beta of the group's number.
    betas: BTreeSet<Directory>,
    facts: &'a Facts,
}

/// What the claims about one version tell of its builds, but for those that are made for others.
#[derive(Default)]
struct Siblings<'a> {
    /// The ids under which the version lies among the releases.
    final_ids: BTreeSet<BuildId>,
    /// For which platforms there is a build with this id.
    platforms: BTreeSet<(BuildId, &'a str)>,
    /// The build number of an id, by the first claim that knows it.
    numbers: BTreeMap<BuildId, u32>,
    /// The highest build number.
    highest: Option<u32>,
    /// The versions of the folders that they lie in.
    folders: BTreeSet<&'a Version>,
}

impl<'a> Siblings<'a> {
    fn add(&mut self, claim: &'a Claim) {
        if claim.origin == Origin::Final {
            self.final_ids.insert(claim.build_id);
        }
        self.folders.extend(&claim.folder);
        self.platforms.insert((claim.build_id, &claim.platform));
        if let Some(number) = claim.build_number {
            self.numbers.entry(claim.build_id).or_insert(number);
            self.highest = self.highest.max(Some(number));
        }
    }
}

impl<'a> Group<'a> {
    fn new(claims: &'a [Claim], facts: &'a Facts) -> Self {
        let mut versions: BTreeMap<_, Siblings<'_>> = BTreeMap::new();
        let mut betas = BTreeSet::new();
        for claim in claims {
            if matches!(claim.version.stage(), Stage::Beta(_)) {
                betas.insert(claim.directory);
            }
            if !is_made_for_others(claim.variant.as_deref().unwrap_or_default()) {
                let version = versions.entry((claim.directory, &claim.version));
                version.or_default().add(claim);
            }
        }
        Self {
            claims,
            versions,
            betas,
            facts,
        }
    }

    /// The claims by build. What is said without naming a platform is said of every platform of that build.
    fn by_build(&self) -> BTreeMap<BuildName<'a>, Vec<&'a Claim>> {
        let mut builds: BTreeMap<BuildName<'_>, Vec<&Claim>> = BTreeMap::new();
        let (placed, unplaced): (Vec<&Claim>, Vec<&Claim>) =
            self.claims.iter().partition(|claim| !claim.platform.is_empty());
        for claim in placed {
            builds.entry(BuildName::of(claim)).or_default().push(claim);
        }
        for claim in unplaced {
            let own = BuildName::of(claim);
            let mut named = false;
            for (name, claims) in &mut builds {
                if !name.platform.is_empty()
                    && (BuildName {
                        platform: "",
                        ..name.clone()
                    }) == own
                {
                    claims.push(claim);
                    named = true;
                }
            }
            if !named {
                builds.entry(own).or_default().push(claim);
            }
        }
        // Repacks for a language carry their build's id: they count only where nothing better tells of it.
        for claims in builds.values_mut() {
            if claims.iter().any(|claim| !claim.localised) {
                claims.retain(|claim| !claim.localised);
            }
        }
        builds
    }

    fn conclude(&self, name: &BuildName<'a>, claims: &[&Claim], conflicts: &mut BTreeSet<Conflict>) -> Build {
        let subject = format!("{} {} {}", name.directory.product(), name.build_id, name.platform);
        let mut choose =
            |field, value: &dyn Fn(&Claim) -> Option<String>| choose(&subject, field, claims, value, conflicts);
        let revision = choose("revision", &|claim| claim.revision.clone());
        let repository = choose("repository", &|claim| claim.repository.clone());
        let stated_number = choose("build_number", &|claim| {
            claim.build_number.map(|number| number.to_string())
        });
        let build_number = stated_number
            .and_then(|number| number.parse().ok())
            .or_else(|| self.sibling_number(name));
        let mut stated = self.stated(name);
        // Of a key that names another version only what it confirms is taken: otherwise it is about that one.
        if stated.certainty == Certainty::Inferred {
            stated.shipped = stated
                .shipped
                .filter(|shipped| build_number == Some(shipped.build_number));
        }
        let verdict = self.verdict(name, claims, build_number, &stated, conflicts);
        let build_number = build_number.or_else(|| {
            (verdict.status == Status::Shipped)
                .then(|| stated.shipped.map(|shipped| shipped.build_number))
                .flatten()
        });

        let mut evidence: BTreeSet<Digest> = claims.iter().map(|claim| claim.digest).collect();
        let mut sources: BTreeSet<SourceName> = claims.iter().map(|claim| claim.source).collect();
        let shipped = stated.shipped;
        if let Some(shipped) = shipped {
            evidence.extend(shipped.evidence());
            sources.insert(SourceName::ProductDetails);
        }
        if let Some(digest) = stated.released {
            evidence.insert(digest);
            sources.insert(SourceName::Archive);
        }
        let version = match (name.version.stage(), build_number) {
            (Stage::Beta(_), Some(number))
                if matches!(verdict.status, Status::Candidate | Status::Aborted | Status::Pulled) =>
            {
                name.version.with_candidate(number)
            }
            _ => name.version.clone(),
        };
        Build {
            product: name.directory.product(),
            channel: name.channel.to_owned(),
            line: Line::of(name.channel, &version),
            version,
            build_id: name.build_id,
            platform: name.platform.to_owned(),
            variant: name.variant.to_owned(),
            build_number,
            status: verdict.status,
            certainty: verdict.certainty,
            reason: verdict.reason,
            offered_on: self.offered_on(name, verdict.status),
            revision,
            repository,
            archive_url: claims.iter().find_map(|claim| claim.archive_url.clone()),
            published_at: claims.iter().filter_map(|claim| claim.published_at).min(),
            shipped_on: shipped
                .filter(|_| verdict.status == Status::Shipped)
                .and_then(|shipped| shipped.date),
            sources: sources.into_iter().collect(),
            evidence: evidence.into_iter().collect(),
        }
    }

    /// What became of a build.
    fn verdict(
        &self,
        name: &BuildName<'a>,
        claims: &[&Claim],
        number: Option<u32>,
        stated: &Stated<'_>,
        conflicts: &mut BTreeSet<Conflict>,
    ) -> Verdict {
        use {Certainty as C, Reason as R, Status as S};

        if claims.iter().any(|claim| claim.origin == Origin::Unofficial) {
            return Verdict::new(S::Unofficial, C::Stated, R::UnofficialChannel);
        }
        if claims.iter().any(|claim| claim.origin == Origin::Nightly) {
            return Verdict::new(S::Published, C::Stated, R::Nightly);
        }
        if is_made_for_others(name.variant) {
            return Verdict::new(S::Variant, C::Stated, R::VariantBuild);
        }
        // The candidates of a train's first release are offered on beta; one that a later one replaced stays a
        // candidate. Of any other version a replaced build is one that will not ship.
        let goes_to_beta = self.goes_to_beta(name);
        let lost = if goes_to_beta && name.version.is_first_of_major() {
            S::Candidate
        } else {
            S::Aborted
        };
        let siblings = self.siblings(name);
        let is_final = siblings.is_some_and(|all| all.final_ids.contains(&name.build_id));
        let mut finals = claims.iter().filter(|claim| claim.origin == Origin::Final);
        let listed = match finals.next() {
            Some(first) if finals.chain([first]).all(|one| one.source == SourceName::Csv) => R::InTable,
            _ => R::InReleases,
        };
        if let Some(shipped) = stated.shipped {
            let chosen = shipped.build_number;
            if shipped.statements.len() > 1 {
                let values = shipped
                    .statements
                    .iter()
                    .map(|(number, digests)| (number.to_string(), digests.clone()));
                conflicts.insert(conflict_of_version(
                    name.directory,
                    name.version,
                    &chosen.to_string(),
                    values.collect(),
                ));
            }
            return match number {
                Some(number) if number == chosen => Verdict::new(S::Shipped, stated.certainty, R::ShippedBuildNumber),
                None if is_final => Verdict::new(S::Shipped, C::Stated, listed),
                None => Verdict::new(S::Candidate, C::Inferred, R::BuildNumberUnknown),
                Some(number) => {
                    if is_final {
                        let digests = claims.iter().map(|claim| claim.digest).collect();
                        let values = BTreeMap::from([
                            (number.to_string(), digests),
                            (chosen.to_string(), shipped.evidence().collect()),
                        ]);
                        conflicts.insert(conflict_of_version(
                            name.directory,
                            name.version,
                            &chosen.to_string(),
                            values,
                        ));
                    }
                    Verdict::new(lost, C::Inferred, R::OtherBuildShipped)
                }
            };
        }
        if is_final {
            return Verdict::new(S::Shipped, C::Stated, listed);
        }
        match self.releases_settle(name, number) {
            Some(true) => return Verdict::new(S::Shipped, C::Inferred, R::InReleases),
            Some(false) => return Verdict::new(lost, C::Inferred, R::OtherBuildShipped),
            None => {}
        }
        if stated.released.is_some() {
            return match number {
                Some(own) if siblings.is_some_and(|all| all.highest == Some(own)) => {
                    Verdict::new(S::Shipped, C::Inferred, R::HighestBuildNumberReleased)
                }
                Some(_) => Verdict::new(lost, C::Inferred, R::OtherBuildShipped),
                None => Verdict::new(S::Candidate, C::Inferred, R::BuildNumberUnknown),
            };
        }
        let is_over = |version| self.facts.later_version_shipped(name.directory, version);
        if is_over(name.version) || self.folders(name).any(is_over) {
            let status = if goes_to_beta { S::Pulled } else { S::Aborted };
            return Verdict::new(status, C::Inferred, R::LaterVersionShipped);
        }
        Verdict::new(S::Candidate, C::Stated, R::NotListedAsShipped)
    }

    /// Whether beta's users get the build before release's: [`Facts::goes_to_beta`], or there are builds of betas with
    /// its number.
    fn goes_to_beta(&self, name: &BuildName<'a>) -> bool {
        let is_release =
            name.channel == "release" && name.version.stage() == Stage::Release && !is_made_for_others(name.variant);
        is_release && (self.betas.contains(&name.directory) || self.facts.goes_to_beta(name.directory, name.version))
    }

    fn offered_on(&self, name: &BuildName<'a>, status: Status) -> Vec<String> {
        let own =
            matches!(status, Status::Shipped | Status::Published | Status::Variant).then(|| name.channel.to_owned());
        let beta = self.goes_to_beta(name).then(|| "beta".to_owned());
        beta.into_iter().chain(own).collect()
    }

    /// The builds of the same version as `name`; none if all are made for others.
    fn siblings(&self, name: &BuildName<'a>) -> Option<&Siblings<'a>> {
        self.versions.get(&(name.directory, name.version))
    }

    /// Whether a build that is not itself known among the releases shipped, judged by those that are. Ids can differ
    /// by platform, so that another id among the releases says nothing, unless its build number is known too or it is
    /// for the same platform.
    fn releases_settle(&self, name: &BuildName<'a>, number: Option<u32>) -> Option<bool> {
        let siblings = self.siblings(name)?;
        let mut numbers = siblings
            .final_ids
            .iter()
            .filter_map(|id| siblings.numbers.get(id))
            .peekable();
        if let Some(number) = number
            && numbers.peek().is_some()
        {
            return Some(numbers.any(|shipped| *shipped == number));
        }
        let same_platform = siblings
            .final_ids
            .iter()
            .any(|id| siblings.platforms.contains(&(*id, name.platform)));
        same_platform.then_some(false)
    }

    /// The build number that another claim about the same version and id knows.
    fn sibling_number(&self, name: &BuildName<'a>) -> Option<u32> {
        self.siblings(name)?.numbers.get(&name.build_id).copied()
    }

    /// The versions of the folders that the version's builds lie in, one with `esr` first.
    fn folders(&self, name: &BuildName<'a>) -> impl Iterator<Item = &'a Version> {
        let folders = self.siblings(name).map(|siblings| &siblings.folders);
        folders.into_iter().flatten().rev().copied()
    }

    /// What is stated about the version that a build was made for. The sources list it under the version of its
    /// folder, or else under the build's own. An ESR can be listed without its suffix; unless the ordinary version of
    /// that number has builds of its own, it is concluded that the ESR is meant.
    fn stated(&self, name: &BuildName<'a>) -> Stated<'a> {
        let listed = |version: &Version, certainty| {
            let key = (name.directory, version.clone());
            Stated {
                shipped: self.facts.shipped.get(&key),
                released: self.facts.released.get(&key).copied(),
                certainty,
            }
        };
        let own = || std::iter::once(name.version);
        let mut found: Vec<Stated<'_>> = self
            .folders(name)
            .chain(own())
            .map(|version| listed(version, Certainty::Stated))
            .collect();
        let plain = name.version.without_esr();
        if name.version.is_esr() && !self.versions.contains_key(&(name.directory, &plain)) {
            found.push(listed(&plain, Certainty::Inferred));
        }
        let best = |is_known: &dyn Fn(&Stated<'_>) -> bool| found.iter().position(is_known);
        let position = best(&|stated| stated.shipped.is_some())
            .or_else(|| best(&|stated| stated.released.is_some()))
            .unwrap_or(0);
        found.swap_remove(position)
    }
}

/// What the sources state about a version.
struct Stated<'a> {
    shipped: Option<&'a Shipped>,
    released: Option<Digest>,
    /// Whether it is stated of this very version, or that is concluded.
    certainty: Certainty,
}

struct Verdict {
    status: Status,
    certainty: Certainty,
    reason: Reason,
}

impl Verdict {
    fn new(status: Status, certainty: Certainty, reason: Reason) -> Self {
        Self {
            status,
            certainty,
            reason,
        }
    }
}

/// Whether a variant has builds of its own. EME-free and SHA-1 signed files are the ordinary build in another package.
fn is_made_for_others(variant: &str) -> bool {
    !matches!(variant, "" | "eme-free" | "sha1")
}

#[cfg(test)]
mod tests;
