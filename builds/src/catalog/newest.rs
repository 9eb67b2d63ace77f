//! The newest builds of a channel: the one offered to users, and the one built last.

use serde::Serialize;

use crate::catalog::short_build::ShortBuild;
use crate::index::{BuildIndex, InLine};
use crate::names::channel::Line;
use crate::names::product::Product;
use crate::names::version::Version;

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
    /// Whether the newest build is the one offered to users.
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
