//! The status of a build: the rules that tell whether it shipped.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::{Certainty, Reason, Status};
use crate::derive::claim::{Claim, Origin};
use crate::derive::conflict::{Conflict, conflict_of_version};
use crate::derive::siblings::{BuildName, Group, is_made_for_others};
use crate::derive::stated::Stated;
use crate::names::version::Stage;

/// The status of a build, and the rule that gave it.
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) certainty: Certainty,
    pub(super) reason: Reason,
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

/// The status of a build, by the first rule that applies.
pub(super) fn verdict<'a>(
    group: &Group<'a>,
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
    // The candidates of a train's first release are offered on beta; one replaced by a later one stays a candidate. Of
    // any other version, a replaced build is one that will not ship.
    let goes_to_beta = goes_to_beta(group, name);
    let lost = if goes_to_beta && name.version.is_first_of_major() {
        S::Candidate
    } else {
        S::Aborted
    };
    let siblings = group.siblings(name);
    let is_final = siblings.is_some_and(|all| all.final_ids.contains(&name.build_id));
    let mut finals = claims.iter().filter(|claim| claim.origin == Origin::Final);
    let listed = match finals.next() {
        Some(first) if finals.chain([first]).all(|one| one.source.row().is_loaded()) => R::InTable,
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
    match releases_settle(group, name, number) {
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
    let is_over = |version| group.facts.later_version_shipped(name.directory, version);
    if is_over(name.version) || group.folders(name).any(is_over) {
        let status = if goes_to_beta { S::Pulled } else { S::Aborted };
        return Verdict::new(status, C::Inferred, R::LaterVersionShipped);
    }
    Verdict::new(S::Candidate, C::Stated, R::NotListedAsShipped)
}

/// Whether beta users get the build before release users: `Facts::goes_to_beta`, or there are builds of betas with its
/// number.
fn goes_to_beta(group: &Group<'_>, name: &BuildName<'_>) -> bool {
    let is_release = name.directory.product().tried_on(name.channel).is_some()
        && name.version.stage() == Stage::Release
        && !is_made_for_others(name.variant);
    is_release && (group.betas.contains(&name.directory) || group.facts.goes_to_beta(name.directory, name.version))
}

/// The channels whose users get the build.
pub(super) fn offered_on(group: &Group<'_>, name: &BuildName<'_>, status: Status) -> Vec<String> {
    let own = matches!(status, Status::Shipped | Status::Published | Status::Variant).then(|| name.channel.to_owned());
    let beta = name
        .directory
        .product()
        .tried_on(name.channel)
        .filter(|_| goes_to_beta(group, name));
    beta.map(str::to_owned).into_iter().chain(own).collect()
}

/// Whether a build that is not itself among the known releases shipped, judged by those that are. Ids can differ by
/// platform, so another id among the releases proves nothing unless its build number is known too or it is for the same
/// platform.
fn releases_settle<'a>(group: &Group<'a>, name: &BuildName<'a>, number: Option<u32>) -> Option<bool> {
    let siblings = group.siblings(name)?;
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
