//! From observations and corrections to builds: the rules that name a build and say what became of it.
//!
//! The same observations, corrections and facts give the same builds, byte for byte, in whatever order they come.

mod announced;
pub mod claim;
mod conclusion;
mod conflict;
pub mod correction;
pub mod draft;
pub mod facts;
pub mod group;
mod siblings;
mod stated;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::build::Build;
use crate::derive::announced::Concluded;
use crate::derive::claim::{Claim, Origin};
use crate::derive::conclusion::conclude;
use crate::derive::conflict::conflicts_of_places;
use crate::derive::correction::{Correction, correct};
use crate::derive::facts::{Facts, facts};
use crate::derive::group::{GroupKey, group_of};
use crate::derive::siblings::Group;
use crate::said::observation::{Digest, Observation};

pub use conflict::{Conflict, PLACE_FIELD};

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
        let mut conflicts = conflicts_of_places(&self.claims);
        let is_announced = |claim: &Claim| matches!(claim.origin, Origin::Announced(_));
        let (announced, claims): (Vec<Claim>, Vec<Claim>) = self.claims.into_iter().partition(is_announced);
        let group = Group::new(&claims, facts);
        let mut concluded = Vec::new();
        for (name, claims) in group.by_build() {
            let mut disputed = BTreeSet::new();
            let build = conclude(&group, &name, &claims, &mut disputed);
            concluded.push(Concluded::new(name, build, claims, disputed));
        }
        let mut builds = BTreeMap::new();
        for one in announced::add(concluded, &announced, facts) {
            let (mut build, mut disputed) = (one.build, one.disputed);
            let stated = correct(&mut build, one.name.version, corrections);
            disputed.retain(|conflict| !conflict.is_settled(&stated));
            conflicts.append(&mut disputed);
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

#[cfg(test)]
mod tests;
