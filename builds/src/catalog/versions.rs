//! The builds of a product by version.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::build::{Certainty, Status};
use crate::catalog::short_build::named_platforms;
use crate::index::{BuildIndex, BuildRef};
use crate::names::build_id::BuildId;
use crate::names::product::Product;
use crate::names::version::Version;

/// One version on one channel, with all builds that were made for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VersionBuilds {
    /// The channel that the builds follow.
    pub channel: String,
    /// The version, without candidate number.
    #[schema(value_type = String)]
    pub version: Version,
    /// N of the `buildN` that shipped; none if none did, or it is not known.
    pub shipped_build_number: Option<u32>,
    /// The day it shipped.
    #[schema(value_type = Option<String>, format = Date)]
    pub shipped_on: Option<NaiveDate>,
    /// The builds, oldest first.
    pub builds: Vec<VersionBuild>,
}

/// A build of a version, for the platforms that share its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct VersionBuild {
    /// The id.
    #[schema(value_type = String)]
    pub build_id: BuildId,
    /// Its own name: with a candidate number if it is a beta that did not ship.
    #[schema(value_type = String)]
    pub version: Version,
    /// `funnelcake131`, …; empty for the build that everyone gets.
    pub variant: String,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// What became of it.
    pub status: Status,
    /// Whether a source says so.
    pub certainty: Certainty,
    /// The source revision.
    pub revision: Option<String>,
    /// The platforms, sorted.
    pub platforms: BTreeSet<String>,
}

/// The versions of a product, the newest first; of one channel, or of all.
pub fn versions(index: &BuildIndex, product: Product, channel: Option<&str>) -> Vec<VersionBuilds> {
    type Platforms<'a> = BTreeMap<(BuildId, &'a str), Vec<BuildRef<'a>>>;
    let mut versions: BTreeMap<(Version, &str), Platforms<'_>> = BTreeMap::new();
    let of_channel = |build: &BuildRef<'_>| channel.is_none_or(|channel| build.channel() == channel);
    for build in index.find_range(product, 0..u64::MAX).filter(of_channel) {
        versions
            .entry((build.version().without_candidate(), build.channel()))
            .or_default()
            .entry((build.build_id(), build.variant()))
            .or_default()
            .push(build);
    }
    versions
        .into_iter()
        .rev()
        .map(|((version, channel), builds)| {
            let shipped = builds
                .values()
                .flatten()
                .find(|build| build.status() == Status::Shipped);
            VersionBuilds {
                channel: channel.to_owned(),
                version,
                shipped_build_number: shipped.and_then(|build| build.build_number()),
                shipped_on: shipped.and_then(|build| build.shipped_on()),
                builds: builds
                    .values()
                    .filter_map(|platforms| version_build(platforms))
                    .collect(),
            }
        })
        .collect()
}

fn version_build(platforms: &[BuildRef<'_>]) -> Option<VersionBuild> {
    let first = *platforms.first()?;
    Some(VersionBuild {
        build_id: first.build_id(),
        version: first.version().clone(),
        variant: first.variant().to_owned(),
        build_number: first.build_number(),
        status: first.status(),
        certainty: first.certainty(),
        revision: first.revision().map(str::to_owned),
        platforms: named_platforms(platforms.iter().copied()),
    })
}
