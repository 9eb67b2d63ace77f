//! Lists and comparisons of builds, made from an index: by version, the newest of each line, and what
//! lies between two builds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::build::{Certainty, Status};
use crate::build_id::BuildId;
use crate::index::{BuildIndex, BuildRef};
use crate::product::{Line, Product};
use crate::resolve::{changes_url, revision_url, rfc3339};
use crate::version::Version;

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
    let of_channel =
        |build: &BuildRef<'_>| channel.is_none_or(|channel| build.channel() == channel);
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
        platforms: platforms
            .iter()
            .map(|build| build.platform().to_owned())
            .collect(),
    })
}

/// The newest build of one line.
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
    fn of(index: &BuildIndex, build: BuildRef<'_>) -> Self {
        let same = |other: &BuildRef<'_>| {
            (other.channel(), other.version(), other.variant())
                == (build.channel(), build.version(), build.variant())
        };
        let platforms = || index.find(build.product(), build.build_id()).filter(same);
        Self {
            build_id: build.build_id(),
            own_channel: build.channel().to_owned(),
            own_version: build.version().clone(),
            build_number: build.build_number(),
            status: build.status(),
            certainty: build.certainty(),
            platforms: platforms()
                .map(|build| build.platform().to_owned())
                .collect(),
            revision: build.revision().map(str::to_owned),
            repository: build.repository().map(str::to_owned),
            revision_url: revision_url(build),
            archive_url: build.archive_url(),
            published_at: platforms()
                .filter_map(BuildRef::published_at)
                .min()
                .and_then(rfc3339),
            shipped_on: build.shipped_on(),
        }
    }
}

/// The newest build that users of a channel were offered, for each of its lines or for one.
pub fn latest(
    index: &BuildIndex,
    product: Product,
    channel: &str,
    line: Option<Line>,
) -> Vec<LatestBuild> {
    index
        .lines()
        .filter(|(own, name, _)| *own == product && *name == channel)
        .filter(|(_, _, own)| line.is_none_or(|line| line == *own))
        .filter_map(|(_, _, line)| {
            let newest = index.latest(product, channel, line)?;
            Some(LatestBuild {
                line,
                version: newest.version.clone(),
                build: ShortBuild::of(index, newest.build),
            })
        })
        .collect()
}

/// What lies between two builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Comparison {
    /// The product.
    #[schema(value_type = String)]
    pub product: Product,
    /// The first build as it was asked for.
    pub from: ShortBuild,
    /// The second build.
    pub to: ShortBuild,
    /// From the moment of the first build's id to that of the second's, in seconds; negative if the second is the older one.
    pub seconds: i64,
    /// A page with the changes between them, in one repository.
    pub changes_url: Option<String>,
    /// Why there is none.
    pub no_changes_url: Option<&'static str>,
}

/// A comparison that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no source has listed a build {0} of {1} so far")]
pub struct NotKnown(BuildId, Product);

/// Compares two builds of a product. Of builds that share an id, those are taken that come from one repository.
///
/// # Errors
/// [`NotKnown`] names the build that no source has listed.
pub fn compare(
    index: &BuildIndex,
    product: Product,
    from: BuildId,
    to: BuildId,
) -> Result<Comparison, NotKnown> {
    let first = |id| index.find(product, id).next().ok_or(NotKnown(id, product));
    let (mut pair, mut url) = ((first(from)?, first(to)?), None);
    'search: for left in index.find(product, from) {
        for right in index.find(product, to) {
            url = changes_url(left, right);
            if url.is_some() {
                pair = (left, right);
                break 'search;
            }
        }
    }
    let (left, right) = pair;
    let why = if from == to {
        Some("it is one build")
    } else if url.is_some() {
        None
    } else if [left, right].iter().any(|build| build.revision().is_none()) {
        Some("no source names the revision of one of them")
    } else if left.repository() != right.repository() {
        Some("they come from different repositories, and a pushlog knows nothing beyond its own")
    } else {
        Some("no web page is known for their repository")
    };
    Ok(Comparison {
        product,
        from: ShortBuild::of(index, left),
        to: ShortBuild::of(index, right),
        seconds: (right.build_id().time() - left.build_id().time()).num_seconds(),
        changes_url: url.filter(|_| from != to),
        no_changes_url: why,
    })
}

#[cfg(test)]
mod tests;
