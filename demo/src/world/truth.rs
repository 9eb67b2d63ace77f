//! The truth about each build, and what each source alone says about it.

use std::collections::HashMap;
use std::sync::Arc;

use super::build::{Build, Channel, Generation, Platform, Product, Status};

/// What one source alone says about a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The resulting version.
    pub version: Arc<str>,
    /// What seems to have become of the build.
    pub status: Status,
}

/// The truth about one build on one platform, asked on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// `Firefox` or `Thunderbird`; Developer Edition is `Firefox` on `aurora`.
    pub product: &'static str,
    /// The channel asked about: the build's own, or beta for a release candidate.
    pub channel: Channel,
    /// 14 digits.
    pub build_id: Arc<str>,
    /// The platform.
    pub platform: Platform,
    /// The exact version.
    pub version: Arc<str>,
    /// N of `buildN`; none for a nightly.
    pub build_number: Option<u32>,
    /// What became of the build itself, whatever the channel asked about.
    pub status: Status,
    /// The version that the client reports.
    pub reported: Arc<str>,
    /// 40 hexadecimal digits.
    pub revision: Arc<str>,
    /// Whether the archive no longer holds the candidate: only Buildhub knows its build id.
    pub only_in_buildhub: bool,
    /// What Buildhub alone says. It does not know what shipped, except for migrated records.
    pub from_buildhub: Told,
    /// What the archive alone says; none if it no longer holds the build id. Of a version in `releases/`, the highest
    /// build number seems to be the one that shipped.
    pub from_archive: Option<Told>,
    /// Whether product-details lists this build as the one that shipped.
    pub is_in_product_details: bool,
    /// Index into [`World::builds`](super::World::builds).
    pub build: usize,
}

/// What the archive says about a version as a whole.
#[derive(Default)]
struct Shelf {
    /// Whether it is in `releases/`.
    is_released: bool,
    highest_number: Option<u32>,
}

/// Returns the truth about these builds, in their order.
pub(super) fn of(builds: &[Build]) -> Vec<Truth> {
    let mut shelves: HashMap<(Product, &str), Shelf> = HashMap::new();
    for build in builds {
        let shelf = shelves.entry((build.product, &build.version)).or_default();
        shelf.is_released |= build.status == Status::Shipped;
        shelf.highest_number = shelf.highest_number.max(build.build_number);
    }
    let truths = builds.iter().enumerate().flat_map(|(index, build)| {
        let shelf = shelves.get(&(build.product, &*build.version));
        truths(index, build, shelf.unwrap_or(&Shelf::default()))
    });
    truths.collect()
}

/// Returns what became of a build when another build of its version shipped.
fn status_of_loser(build: &Build) -> Status {
    // Beta users got every candidate of a first release.
    if build.channel == Channel::Release && build.version.ends_with(".0") {
        Status::Candidate
    } else {
        Status::Aborted
    }
}

fn truths(index: usize, build: &Build, shelf: &Shelf) -> Vec<Truth> {
    let reported: Arc<str> = build.reported_version().into();
    let is_migrated = build.generation == Generation::Migrated;
    let by_status = |status| Told {
        version: build.version_if(status),
        status,
    };
    let from_buildhub = by_status(if is_migrated || build.build_number.is_none() {
        build.status
    } else {
        Status::Candidate
    });
    let from_archive = by_status(if !shelf.is_released {
        build.status
    } else if build.build_number == shelf.highest_number {
        Status::Shipped
    } else {
        status_of_loser(build)
    });
    let candidate = build.is_release_candidate().then(|| build.candidate_version());
    let mut truths = Vec::new();
    for package in &build.packages {
        let truth = Truth {
            product: build.product.canonical(),
            channel: build.channel,
            build_id: Arc::clone(&package.build_id),
            platform: package.platform,
            version: build.version_if(build.status),
            build_number: build.build_number,
            status: build.status,
            reported: Arc::clone(&reported),
            revision: Arc::clone(&build.revision),
            only_in_buildhub: is_migrated,
            from_buildhub: from_buildhub.clone(),
            from_archive: (!is_migrated).then(|| from_archive.clone()),
            is_in_product_details: build.shipped_on.is_some(),
            build: index,
        };
        if let Some(candidate) = &candidate {
            let named = |told: &Told| Told {
                version: Arc::clone(candidate),
                ..told.clone()
            };
            truths.push(Truth {
                channel: Channel::Beta,
                version: Arc::clone(candidate),
                from_buildhub: named(&truth.from_buildhub),
                from_archive: truth.from_archive.as_ref().map(named),
                ..truth.clone()
            });
        }
        truths.push(truth);
    }
    truths
}
