//! A build as lists and comparisons show it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Serialize;

use crate::build::{Certainty, Status};
use crate::index::{BuildIndex, BuildRef};
use crate::links::revision_url;
use crate::names::build_id::BuildId;
use crate::names::version::Version;
use crate::resolve::rfc3339;

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
    pub(super) fn of(index: &BuildIndex, build: BuildRef<'_>) -> Self {
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
            platforms: named_platforms(platforms()),
            revision: build.revision().map(str::to_owned),
            repository: build.repository().map(str::to_owned),
            revision_url: revision_url(build),
            archive_url: build.archive_url(),
            published_at: platforms().filter_map(BuildRef::published_at).min().and_then(rfc3339),
            shipped_on: build.shipped_on(),
        }
    }
}

/// The platforms of some builds that are one's in particular.
pub(super) fn named_platforms<'a>(builds: impl IntoIterator<Item = BuildRef<'a>>) -> BTreeSet<String> {
    let platforms = builds.into_iter().map(BuildRef::platform);
    platforms
        .filter(|platform| !platform.is_empty())
        .map(str::to_owned)
        .collect()
}
