//! One build as concluded from its claims: its name, its source, and its status.

use std::collections::BTreeSet;

use crate::build::{Build, Certainty, Status};
use crate::derive::claim::Claim;
use crate::derive::conflict::{Conflict, choose};
use crate::derive::siblings::{BuildName, Group};
use crate::derive::{stated, status};
use crate::names::version::Stage;
use crate::said::observation::{Digest, SourceName};

/// The build called `name`, concluded from the claims about it.
pub(super) fn conclude<'a>(
    group: &Group<'a>,
    name: &BuildName<'a>,
    claims: &[&Claim],
    conflicts: &mut BTreeSet<Conflict>,
) -> Build {
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
        .or_else(|| group.sibling_number(name));
    let mut stated = stated::stated(group, name);
    // From a key that names another version only confirmations are taken: the rest is about that version.
    if stated.certainty == Certainty::Inferred {
        stated.shipped = stated
            .shipped
            .filter(|shipped| build_number == Some(shipped.build_number));
    }
    let verdict = status::verdict(group, name, claims, build_number, &stated, conflicts);
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
        sources.extend(&shipped.sources);
    }
    if let Some(released) = stated.released {
        evidence.insert(released.digest);
        sources.insert(released.source());
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
        line: name.directory.product().line(name.channel, &version),
        version,
        build_id: name.build_id,
        platform: name.platform.to_owned(),
        variant: name.variant.to_owned(),
        build_number,
        status: verdict.status,
        certainty: verdict.certainty,
        reason: verdict.reason,
        offered_on: status::offered_on(group, name, verdict.status),
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
