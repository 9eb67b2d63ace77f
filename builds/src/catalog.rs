//! Lists and comparisons of builds, made from an index: by version, the newest of each line, and what
//! lies between two builds.

mod comparison;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::build::{Certainty, Status};
use crate::index::{BuildIndex, BuildRef, InLine};
use crate::names::build_id::BuildId;
use crate::names::product::{Line, Product};
use crate::names::version::Version;
use crate::resolve::{revision_url, rfc3339};

pub use comparison::{Candidate, Comparison, NoComparison, Several, Which, compare};

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
        platforms: platforms.iter().map(|build| build.platform().to_owned()).collect(),
    })
}

/// The newest of one line: what its users are offered, and what was built. Two things, which are the same build only
/// now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Newest {
    /// The line: a major version on esr, `main` elsewhere.
    #[schema(value_type = String)]
    pub line: Line,
    /// The newest build that users of the channel are offered; none if no build of the line is known to be.
    pub offered: Option<LatestBuild>,
    /// The newest build that is known on the channel, whatever became of it (see its `status`).
    pub newest_built: Option<LatestBuild>,
}

impl Newest {
    /// Whether what was built last is what users are offered.
    pub fn is_offered(&self) -> bool {
        let name = |found: &LatestBuild| (found.build.build_id, found.version.clone());
        let offered = self.offered.as_ref().map(name);
        offered.is_some() && offered == self.newest_built.as_ref().map(name)
    }
}

/// A build as the newest of its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LatestBuild {
    /// The line: a major version on esr, `main` elsewhere.
    #[schema(value_type = String)]
    pub line: Line,
    /// The build's version on the channel that was asked.
    #[schema(value_type = String)]
    pub version: Version,
    /// The build.
    #[serde(flatten)]
    pub build: ShortBuild,
}

/// A build in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShortBuild {
    /// The id.
    #[schema(value_type = String)]
    pub build_id: BuildId,
    /// The channel that the build itself follows.
    pub own_channel: String,
    /// Its version there.
    #[schema(value_type = String)]
    pub own_version: Version,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// What became of it.
    pub status: Status,
    /// Whether a source says so.
    pub certainty: Certainty,
    /// The platforms with this id, sorted.
    pub platforms: BTreeSet<String>,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision.
    pub repository: Option<String>,
    /// A page that shows the revision.
    pub revision_url: Option<String>,
    /// Where one of its files lies.
    pub archive_url: Option<String>,
    /// When it was first uploaded, as RFC 3339.
    pub published_at: Option<String>,
    /// The day it shipped.
    #[schema(value_type = Option<String>, format = Date)]
    pub shipped_on: Option<NaiveDate>,
}

impl ShortBuild {
    pub(crate) fn of(index: &BuildIndex, build: BuildRef<'_>) -> Self {
        let same = |other: &BuildRef<'_>| {
            (other.channel(), other.version(), other.variant()) == (build.channel(), build.version(), build.variant())
        };
        let platforms = || index.find(build.product(), build.build_id()).filter(same);
        Self {
            build_id: build.build_id(),
            own_channel: build.channel().to_owned(),
            own_version: build.version().clone(),
            build_number: build.build_number(),
            status: build.status(),
            certainty: build.certainty(),
            platforms: platforms().map(|build| build.platform().to_owned()).collect(),
            revision: build.revision().map(str::to_owned),
            repository: build.repository().map(str::to_owned),
            revision_url: revision_url(build),
            archive_url: build.archive_url(),
            published_at: platforms().filter_map(BuildRef::published_at).min().and_then(rfc3339),
            shipped_on: build.shipped_on(),
        }
    }
}

/// The newest builds of a channel, offered and built, for each of its lines or for one.
pub fn newest(index: &BuildIndex, product: Product, channel: &str, line: Option<Line>) -> Vec<Newest> {
    let named = |line, found: Option<InLine<'_>>| {
        found.map(|found| LatestBuild {
            line,
            version: found.version.clone(),
            build: ShortBuild::of(index, found.build),
        })
    };
    index
        .lines()
        .filter(|(own, name, _)| *own == product && *name == channel)
        .filter(|(_, _, own)| line.is_none_or(|line| line == *own))
        .map(|(_, _, line)| Newest {
            line,
            offered: named(line, index.offered(product, channel, line)),
            newest_built: named(line, index.newest_built(product, channel, line)),
        })
        .collect()
}

#[cfg(test)]
mod tests;
