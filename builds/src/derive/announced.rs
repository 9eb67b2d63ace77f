//! What announcements add to what follows from the other sources.
//!
//! The other sources are interpreted as if nothing had been announced. Then each announcement joins the build that it
//! is about, or becomes a build of its own. So it cannot change what follows from a source that is trusted more: of a
//! build that such a source tells of it fills in only what is missing.

use std::collections::BTreeSet;

use crate::build::{Build, Certainty, Reason, Status};
use crate::derive::claim::{Claim, Origin};
use crate::derive::conflict::{Conflict, choose};
use crate::derive::facts::{Facts, Shipped};
use crate::derive::siblings::BuildName;
use crate::names::version::{Stage, Version};
use crate::said::observation::SourceName;

/// The members of a build that sources can disagree on.
const DISPUTED: [&str; 3] = ["revision", "repository", "build_number"];

/// What is concluded about a build, and from what.
pub(super) struct Concluded<'a> {
    pub(super) name: BuildName<'a>,
    pub(super) build: Build,
    /// What the sources disagree on.
    pub(super) disputed: BTreeSet<Conflict>,
    /// What other sources claim about the build, first what is believed first.
    claims: Vec<&'a Claim>,
    /// What was announced of it.
    announced: Vec<&'a Claim>,
    /// Whether a source that is trusted more than announcements tells of it.
    is_told: bool,
}

impl<'a> Concluded<'a> {
    /// What follows from the claims of other sources.
    pub(super) fn new(name: BuildName<'a>, build: Build, claims: Vec<&'a Claim>, disputed: BTreeSet<Conflict>) -> Self {
        Self {
            is_told: build.sources.iter().any(|source| *source < SourceName::OWN),
            name,
            build,
            disputed,
            claims,
            announced: Vec::new(),
        }
    }

    /// A build that only announcements tell of.
    fn announced(name: BuildName<'a>, claim: &'a Claim) -> Self {
        let build = Build {
            product: name.directory.product(),
            channel: name.channel.to_owned(),
            version: name.version.clone(),
            build_id: name.build_id,
            platform: name.platform.to_owned(),
            variant: name.variant.to_owned(),
            line: name.directory.product().line(name.channel, name.version),
            build_number: None,
            status: Status::Unknown,
            certainty: Certainty::Stated,
            reason: Reason::Announced,
            offered_on: Vec::new(),
            revision: None,
            repository: None,
            archive_url: None,
            published_at: None,
            shipped_on: None,
            sources: Vec::new(),
            evidence: Vec::new(),
        };
        Self {
            announced: vec![claim],
            ..Self::new(name, build, Vec::new(), BTreeSet::new())
        }
    }

    /// The same build for a platform that only announcements name. What became of it is what became of the build.
    fn on_platform_of(&self, name: BuildName<'a>, claim: &'a Claim) -> Self {
        Self {
            build: Build {
                platform: name.platform.to_owned(),
                variant: name.variant.to_owned(),
                archive_url: None,
                sources: Vec::new(),
                ..self.build.clone()
            },
            name,
            disputed: BTreeSet::new(),
            claims: self.claims.clone(),
            announced: vec![claim],
            is_told: true,
        }
    }

    /// Whether `name` is this build's, for any platform.
    fn is_of(&self, name: &BuildName<'_>) -> bool {
        let own = &self.name;
        (own.directory, own.channel, own.version, own.build_id)
            == (name.directory, name.channel, name.version, name.build_id)
    }

    /// The build with what was announced of it.
    fn finish(mut self, facts: &Facts) -> Self {
        let Self {
            name,
            build,
            disputed,
            claims,
            announced,
            is_told,
        } = &mut self;
        let Some(first) = announced.first().copied() else {
            return self;
        };
        let [earlier, later] = if *is_told {
            [&*claims, &*announced]
        } else {
            [&*announced, &*claims]
        };
        let claims: Vec<&Claim> = earlier.iter().chain(later).copied().collect();
        let subject = format!("{} {} {}", name.directory.product(), name.build_id, name.platform);
        disputed.retain(|conflict| conflict.subject != subject || !DISPUTED.contains(&conflict.field));
        let mut chosen =
            |field, value: &dyn Fn(&Claim) -> Option<String>| choose(&subject, field, &claims, value, disputed);
        build.revision = chosen(DISPUTED[0], &|claim| claim.revision.clone());
        build.repository = chosen(DISPUTED[1], &|claim| claim.repository.clone());
        let number = chosen(DISPUTED[2], &|claim| {
            claim.build_number.map(|number| number.to_string())
        });
        let number = number.and_then(|number| number.parse().ok());
        let archive_url = announced.iter().find_map(|claim| claim.archive_url.clone());
        let published_at = announced.iter().filter_map(|claim| claim.published_at).min();
        let mut evidence: BTreeSet<_> = build.evidence.iter().copied().collect();
        let mut sources: BTreeSet<_> = build.sources.iter().copied().collect();
        if *is_told {
            build.build_number = build.build_number.or(number);
            build.archive_url = build.archive_url.take().or(archive_url);
            build.published_at = build.published_at.or(published_at);
        } else {
            build.build_number = number.or(build.build_number);
            build.archive_url = archive_url.or(build.archive_url.take());
            build.published_at = published_at.or(build.published_at);
            if let Some(shipped) = judge(build, first, facts) {
                evidence.extend(shipped.evidence());
                sources.extend(&shipped.sources);
            }
            build.version = version(build, first);
            build.line = build.product.line(&build.channel, &build.version);
        }
        evidence.extend(announced.iter().map(|claim| claim.digest));
        sources.insert(first.source);
        build.evidence = evidence.into_iter().collect();
        build.sources = sources.into_iter().collect();
        self
    }
}

/// Gives a build the status that was announced, unless the record of what shipped names its build number or another
/// one; returns that statement.
fn judge<'f>(build: &mut Build, claim: &Claim, facts: &'f Facts) -> Option<&'f Shipped> {
    let Origin::Announced(announced) = claim.origin else {
        return None;
    };
    let shipped = facts.shipped.get(&(claim.directory, claim.version.clone()));
    let shipped = shipped.filter(|_| claim.build_number.is_some());
    let (status, certainty, reason) = match shipped {
        _ if build.product.channel(&claim.channel).is_unofficial() => {
            (Status::Unofficial, Certainty::Stated, Reason::UnofficialChannel)
        }
        Some(shipped) if claim.build_number == Some(shipped.build_number) => {
            (Status::Shipped, Certainty::Stated, Reason::ShippedBuildNumber)
        }
        // A replaced candidate of a train's first release was given to beta users.
        Some(_) if claim.version.is_first_of_major() => {
            (Status::Candidate, Certainty::Inferred, Reason::OtherBuildShipped)
        }
        Some(_) => (Status::Aborted, Certainty::Inferred, Reason::OtherBuildShipped),
        None => (announced, Certainty::Stated, Reason::Announced),
    };
    (build.status, build.certainty, build.reason) = (status, certainty, reason);
    let is_out = matches!(status, Status::Shipped | Status::Published);
    build.offered_on = is_out.then(|| build.channel.clone()).into_iter().collect();
    build.shipped_on = shipped.filter(|_| is_out).and_then(|shipped| shipped.date);
    shipped.filter(|_| status != Status::Unofficial)
}

/// What a build is called of which only announcements tell: a beta that did not ship carries its build number in
/// Mozilla's release process.
fn version(build: &Build, claim: &Claim) -> Version {
    let is_out = !matches!(build.status, Status::Candidate | Status::Aborted);
    let is_beta = matches!(claim.version.stage(), Stage::Beta(_)) && build.product.has_release_process();
    match build.build_number {
        Some(number) if is_beta && !is_out => claim.version.with_candidate(number),
        _ => claim.version.clone(),
    }
}

/// The build that an announcement is about: a release that is said to be on beta is the release's own file, if the
/// sources tell of that.
fn name<'a>(claim: &'a Claim, concluded: &[Concluded<'_>]) -> BuildName<'a> {
    let own = BuildName::of(claim);
    let tried = claim.directory.product().channel(&claim.channel).tries;
    let tried = tried.filter(|_| claim.version.stage() == Stage::Release);
    let Some(channel) = tried else { return own };
    let of_release = BuildName { channel, ..own.clone() };
    if concluded.iter().any(|one| one.is_told && one.is_of(&of_release)) {
        of_release
    } else {
        own
    }
}

/// Adds what was announced to what is concluded about the builds of a group.
pub(super) fn add<'a>(mut concluded: Vec<Concluded<'a>>, announced: &'a [Claim], facts: &Facts) -> Vec<Concluded<'a>> {
    let (placed, unplaced): (Vec<&Claim>, Vec<&Claim>) = announced.iter().partition(|claim| !claim.platform.is_empty());
    for claim in placed {
        let name = name(claim, &concluded);
        if let Some(same) = concluded.iter_mut().find(|one| one.name == name) {
            same.announced.push(claim);
            continue;
        }
        // A claim without a platform applies to every platform of its build.
        let is_placeless = |one: &Concluded<'_>| one.is_of(&name) && one.name.platform.is_empty();
        if let Some(told) = concluded.iter().find(|one| one.is_told && one.is_of(&name)) {
            let other = told.on_platform_of(name, claim);
            concluded.push(other);
        } else if let Some(placeless) = concluded.iter().position(is_placeless) {
            let mut placed = concluded.swap_remove(placeless);
            placed.build.platform = name.platform.to_owned();
            placed.name = name;
            placed.announced.push(claim);
            concluded.push(placed);
        } else {
            concluded.push(Concluded::announced(name, claim));
        }
    }
    for claim in unplaced {
        let name = name(claim, &concluded);
        let mut is_known = false;
        for one in concluded.iter_mut().filter(|one| one.is_of(&name)) {
            one.announced.push(claim);
            is_known = true;
        }
        if !is_known {
            concluded.push(Concluded::announced(name, claim));
        }
    }
    concluded.into_iter().map(|one| one.finish(facts)).collect()
}
