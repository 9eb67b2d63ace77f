//! The claims of a group by build, and what they show only in combination: about the builds of a version, and its
//! betas.

use std::collections::{BTreeMap, BTreeSet};

use crate::derive::claim::{Claim, Origin};
use crate::derive::facts::Facts;
use crate::names::build_id::BuildId;
use crate::names::product::Directory;
use crate::names::version::{Stage, Version};

/// What claims must agree on to be about one build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BuildName<'a> {
    pub(super) directory: Directory,
    pub(super) channel: &'a str,
    pub(super) version: &'a Version,
    pub(super) build_id: BuildId,
    pub(super) platform: &'a str,
    pub(super) variant: &'a str,
}

impl<'a> BuildName<'a> {
    pub(super) fn of(claim: &'a Claim) -> Self {
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

/// The claims of a group, and what they show only in combination.
pub(super) struct Group<'a> {
    claims: &'a [Claim],
    pub(super) versions: BTreeMap<(Directory, &'a Version), Siblings<'a>>,
    /// The folders with a beta of the group's number.
    pub(super) betas: BTreeSet<Directory>,
    pub(super) facts: &'a Facts,
}

/// What the claims about one version show about its builds, except those made for others.
#[derive(Default)]
pub(super) struct Siblings<'a> {
    /// The ids under which the version is among the releases.
    pub(super) final_ids: BTreeSet<BuildId>,
    /// The platforms that have a build with each id.
    pub(super) platforms: BTreeSet<(BuildId, &'a str)>,
    /// The build number of each id, by the first claim that knows it.
    pub(super) numbers: BTreeMap<BuildId, u32>,
    /// The highest build number.
    pub(super) highest: Option<u32>,
    /// The versions of the folders that the builds are in.
    pub(super) folders: BTreeSet<&'a Version>,
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
    pub(super) fn new(claims: &'a [Claim], facts: &'a Facts) -> Self {
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

    /// The claims by build. A claim without a platform applies to every platform of its build.
    pub(super) fn by_build(&self) -> BTreeMap<BuildName<'a>, Vec<&'a Claim>> {
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
        // Repacks for a language carry their build's id: they count only if no better claim describes it.
        for claims in builds.values_mut() {
            if claims.iter().any(|claim| !claim.localised) {
                claims.retain(|claim| !claim.localised);
            }
        }
        builds
    }

    /// The builds of the same version as `name`; none if all are made for others.
    pub(super) fn siblings(&self, name: &BuildName<'a>) -> Option<&Siblings<'a>> {
        self.versions.get(&(name.directory, name.version))
    }

    /// The build number from another claim about the same version and id.
    pub(super) fn sibling_number(&self, name: &BuildName<'a>) -> Option<u32> {
        self.siblings(name)?.numbers.get(&name.build_id).copied()
    }

    /// The versions of the folders that the version's builds are in, one with `esr` first.
    pub(super) fn folders(&self, name: &BuildName<'a>) -> impl Iterator<Item = &'a Version> {
        let folders = self.siblings(name).map(|siblings| &siblings.folders);
        folders.into_iter().flatten().rev().copied()
    }
}

/// Whether a variant has builds of its own. EME-free and SHA-1 signed files are the ordinary build in another package.
pub(super) fn is_made_for_others(variant: &str) -> bool {
    !matches!(variant, "" | "eme-free" | "sha1")
}
