//! Which observations are interpreted together.
//!
//! A group is everything about one version number of one product (`Firefox 65.0`: its betas, candidates, release,
//! variants, on all channels and platforms), or about one build without a release of its own (`Firefox 20181101100000`:
//! nightlies). So a group is small, a new observation touches one group, and all that a group needs from outside, the
//! record of shipped versions, is in [`crate::derive::facts::Facts`].

use std::fmt;
use std::str::FromStr;

use crate::derive::claim::{Claim, Origin};
use crate::derive::facts;
use crate::names::UnknownName;
use crate::names::build_id::BuildId;
use crate::names::channel::Versions;
use crate::names::product::Product;
use crate::names::version::{Stage, Version};
use crate::said::observation::{Digest, Kind, Observation, Why};

/// The name of a group: what the `group_key` column holds, as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKey {
    /// A version number without suffix: `Firefox 65.0`.
    Number(Product, String),
    /// One build: `Firefox 20181101100000`.
    Build(Product, BuildId),
    /// A file of facts that yields no builds: `file firefox_versions.json`.
    File(String),
}

impl GroupKey {
    /// Whether the group's builds depend on facts about this major version of `product`; see
    /// [`crate::derive::facts::Facts::changes`].
    pub fn reads(&self, product: Product, major: u32) -> bool {
        match self {
            Self::Number(own, number) => {
                *own == product && number.parse::<Version>().is_ok_and(|number| number.major() == major)
            }
            Self::Build(..) | Self::File(_) => false,
        }
    }

    /// The product that the group is about; none of a file.
    pub fn product(&self) -> Option<Product> {
        match self {
            Self::Number(product, _) | Self::Build(product, _) => Some(*product),
            Self::File(_) => None,
        }
    }

    pub(crate) fn of_claim(claim: &Claim) -> Self {
        let product = claim.directory.product();
        match claim.origin {
            Origin::Candidate | Origin::Final => Self::Number(product, claim.version.number()),
            Origin::Nightly | Origin::Unofficial => Self::Build(product, claim.build_id),
            // Where other sources' claims about such a build are.
            Origin::Announced(_) => {
                let channel = product.channel(&claim.channel);
                let is_nightly =
                    matches!(claim.version.stage(), Stage::Alpha(_)) || channel.versions == Versions::Alphas;
                if is_nightly || channel.is_unofficial() {
                    Self::Build(product, claim.build_id)
                } else {
                    Self::Number(product, claim.version.number())
                }
            }
        }
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(product, number) => write!(formatter, "{product} {number}"),
            Self::Build(product, id) => write!(formatter, "{product} {id}"),
            Self::File(name) => write!(formatter, "file {name}"),
        }
    }
}

impl FromStr for GroupKey {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let unknown = || UnknownName {
            what: "group",
            text: text.to_owned(),
        };
        if let Some(name) = text.strip_prefix("file ") {
            return Ok(Self::File(name.to_owned()));
        }
        // Names of products can have blanks.
        let (product, rest) = text.rsplit_once(' ').ok_or_else(unknown)?;
        let product = Product::stored(product)?;
        if rest.contains('.') {
            let number: Version = rest.parse().map_err(|_| unknown())?;
            return Ok(Self::Number(product, number.number()));
        }
        rest.parse().map(|id| Self::Build(product, id)).map_err(|_| unknown())
    }
}

/// The group that `observation` belongs to.
///
/// # Errors
/// [`Why`] it cannot be interpreted; it then belongs to none, and yields nothing.
pub fn group_of(observation: &Observation) -> Result<GroupKey, Why> {
    group_with(observation, observation.digest())
}

/// The same, for a caller that knows the observation's digest.
pub fn group_with(observation: &Observation, digest: Digest) -> Result<GroupKey, Why> {
    if observation.kind == Kind::CurrentVersions {
        return Ok(GroupKey::File(observation.subject.clone()));
    }
    if let Some(claim) = Claim::read(observation, digest)? {
        return Ok(GroupKey::of_claim(&claim));
    }
    let (directory, version) = facts::subject_of(observation)?;
    Ok(GroupKey::Number(directory.product(), version.number()))
}
