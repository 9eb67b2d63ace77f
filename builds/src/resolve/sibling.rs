//! The Firefox build made from the same Gecko as a build that no source lists.

use serde::Serialize;

use crate::build::{Certainty, Status};
use crate::index::BuildIndex;
use crate::links::revision_url;
use crate::names::build_id::BuildId;
use crate::names::product::Product;
use crate::names::version::Version;

/// A build of Firefox with the Gecko build id that another product carries.
///
/// Products for Android report the id of the Gecko in them. Gecko is built once for a push, for Firefox and for
/// Android alike, so that the source is the same. No source states it, therefore it is inferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sibling {
    /// The product that the build is of: Firefox.
    pub product: Product,
    /// The channel that its file follows.
    pub channel: String,
    /// Its version there: not the version of the product that was asked for.
    pub version: Version,
    /// The build id, which both have.
    pub build_id: BuildId,
    /// What became of Firefox's build.
    pub status: Status,
    /// That it is the same Gecko follows from the id.
    pub certainty: Certainty,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision.
    pub repository: Option<String>,
    /// A page that shows the revision.
    pub revision_url: Option<String>,
}

/// The build of `product` with this id; on `channel`, if there are several.
pub(super) fn find(index: &BuildIndex, product: Product, id: BuildId, channel: &str) -> Option<Sibling> {
    let build = index
        .find(product, id)
        .min_by_key(|build| (build.channel() != channel, build.status(), build.certainty()))?;
    Some(Sibling {
        product: build.product(),
        channel: build.channel().to_owned(),
        version: build.version().clone(),
        build_id: build.build_id(),
        status: build.status(),
        certainty: Certainty::Inferred,
        revision: build.revision().map(str::to_owned),
        repository: build.repository().map(str::to_owned),
        revision_url: revision_url(build),
    })
}
