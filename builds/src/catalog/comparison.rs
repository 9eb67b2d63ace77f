//! What lies between two builds.
//!
//! A build id can stand for several builds: the same moment on two channels, or on one channel under two versions. None
//! of them is chosen silently: an ambiguous question is answered with the candidates.

use std::fmt;

use serde::Serialize;

use crate::build::Status;
use crate::catalog::short_build::ShortBuild;
use crate::index::{BuildIndex, BuildRef};
use crate::links::changes_url;
use crate::names::build_id::BuildId;
use crate::names::channel::normalise_channel;
use crate::names::product::{Directory, Product};
use crate::names::version::Version;

/// Identifies a build: an id, and whatever else distinguishes it from others with that id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Which {
    /// The id.
    pub build_id: BuildId,
    /// The channel, normalised; a release can also be requested on beta.
    pub channel: Option<String>,
    /// The exact version on that channel, or the build's own.
    pub version: Option<Version>,
}

impl Which {
    /// The build with an id of the product that `directory` names, on the first of the `channels` given, in any known
    /// spelling, and of this version there.
    ///
    /// # Errors
    /// The product has only one channel, and another was requested; as a sentence.
    pub fn of(
        directory: Directory,
        build_id: BuildId,
        channels: [Option<&str>; 2],
        version: Option<Version>,
    ) -> Result<Self, String> {
        let asked = channels.into_iter().flatten().next().map(normalise_channel);
        let only = directory.only_channel();
        if let (Some(only), Some(asked)) = (only, &asked)
            && only != asked
        {
            return Err(format!("{} has only the channel {only}", directory.row().spoken));
        }
        Ok(Self {
            build_id,
            channel: only.map(str::to_owned).or(asked),
            version,
        })
    }
}

impl From<BuildId> for Which {
    fn from(build_id: BuildId) -> Self {
        Self {
            build_id,
            channel: None,
            version: None,
        }
    }
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
    /// From the moment of the first build's id to that of the second's, in seconds; negative if the second is the
    /// older one.
    pub seconds: i64,
    /// A page with the changes between them, in one repository.
    pub changes_url: Option<String>,
    /// Why there is none.
    pub no_changes_url: Option<&'static str>,
}

/// One of several builds that can be meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct Candidate {
    /// The channel that the build follows.
    pub channel: String,
    /// Its version there.
    #[schema(value_type = String)]
    pub version: Version,
    /// What became of it.
    pub status: Status,
}

/// A build id that stands for several builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Several {
    /// Which of the two builds it is: `from` or `to`.
    pub side: &'static str,
    /// The id.
    #[schema(value_type = String)]
    pub build_id: BuildId,
    /// All that can be meant.
    pub candidates: Vec<Candidate>,
}

impl Several {
    /// The parameters that resolve the ambiguity: `from_channel`, and `from_version` if the channel is not enough.
    pub fn parameters(&self) -> Vec<String> {
        // The candidates are sorted by channel, so equal neighbours mean that the channel is not enough.
        let mut pairs = self.candidates.windows(2);
        let alike = |pair: &[Candidate]| matches!(pair, [one, next] if one.channel == next.channel);
        let version = pairs.any(alike).then_some("version");
        let parts = std::iter::once("channel").chain(version);
        parts.map(|part| format!("{}_{part}", self.side)).collect()
    }
}

impl fmt::Display for Several {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is ", self.build_id)?;
        listed_in_words(&self.candidates, out)
    }
}

/// Why two builds cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoComparison {
    /// No source has listed a build of this product with this id.
    NotKnown(BuildId, Product),
    /// There are builds with this id, but not the requested one.
    NotThat(Several),
    /// One id, or both, are ambiguous.
    Ambiguous(Vec<Several>),
}

impl std::error::Error for NoComparison {}

impl fmt::Display for NoComparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotKnown(id, product) => {
                write!(out, "no source has listed a build {id} of {product} so far")
            }
            Self::NotThat(several) => {
                let id = several.build_id;
                write!(
                    out,
                    "no build {id} is known on that channel or of that version; there is "
                )?;
                listed_in_words(&several.candidates, out)
            }
            Self::Ambiguous(all) => {
                out.write_str("it is not clear which builds are meant: ")?;
                for (number, several) in all.iter().enumerate() {
                    let joint = if number == 0 { "" } else { "; " };
                    write!(out, "{joint}{several}")?;
                }
                Ok(())
            }
        }
    }
}

/// Builds in a sentence: `64.0b4 on beta (shipped) or 64.0b4 on aurora (shipped)`.
fn listed_in_words(builds: &[Candidate], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (number, one) in builds.iter().enumerate() {
        let joint = if number == 0 { "" } else { " or " };
        let Candidate {
            channel,
            version,
            status,
        } = one;
        write!(out, "{joint}{version} on {channel} ({status})")?;
    }
    Ok(())
}

/// Compares two builds of a product.
///
/// # Errors
/// [`NoComparison`]: one of them is unknown or ambiguous.
pub fn compare(index: &BuildIndex, product: Product, from: &Which, to: &Which) -> Result<Comparison, NoComparison> {
    let chosen = [("from", from), ("to", to)].map(|(side, which)| choose(index, product, side, which));
    let (left, right) = match chosen {
        [Ok(left), Ok(right)] => (left, right),
        [Err(NoComparison::Ambiguous(left)), Err(NoComparison::Ambiguous(right))] => {
            return Err(NoComparison::Ambiguous([left, right].concat()));
        }
        // That one build is unknown takes precedence over the other being ambiguous.
        [Err(NoComparison::Ambiguous(_)), Err(error)] | [Err(error), _] | [_, Err(error)] => {
            return Err(error);
        }
    };
    let url = changes_url(left, right);
    let is_one =
        left.build_id() == right.build_id() && (left.channel(), left.version()) == (right.channel(), right.version());
    let why = if is_one {
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
        changes_url: url.filter(|_| !is_one),
        no_changes_url: why,
    })
}

/// The one build that is meant.
fn choose<'a>(
    index: &'a BuildIndex,
    product: Product,
    side: &'static str,
    which: &Which,
) -> Result<BuildRef<'a>, NoComparison> {
    let build_id = which.build_id;
    let all: Vec<BuildRef<'_>> = index.find(product, build_id).collect();
    if all.is_empty() {
        return Err(NoComparison::NotKnown(build_id, product));
    }
    let mut found = all.clone();
    if let Some(channel) = &which.channel {
        found.retain(|build| build.is_on(channel));
        // Builds on the channel itself come before a release offered there.
        if found.iter().any(|build| build.channel() == channel) {
            found.retain(|build| build.channel() == channel);
        }
    }
    if let Some(version) = &which.version {
        let channel = which.channel.as_deref();
        found.retain(|build| {
            let on = channel.unwrap_or_else(|| build.channel());
            build.version() == version || build.name_on(on) == *version
        });
    }
    // Partner builds matter only if there are no others.
    if found.iter().any(|build| build.status() != Status::Variant) {
        found.retain(|build| build.status() != Status::Variant);
    }
    let several = |candidates| Several {
        side,
        build_id,
        candidates,
    };
    let candidates = listed(&found);
    match candidates.len() {
        0 => Err(NoComparison::NotThat(several(listed(&all)))),
        1 => Ok(best(&found)),
        _ => Err(NoComparison::Ambiguous(vec![several(candidates)])),
    }
}

/// The builds by channel and version, each with the best status of its platforms.
fn listed(builds: &[BuildRef<'_>]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = builds
        .iter()
        .map(|build| Candidate {
            channel: build.channel().to_owned(),
            version: build.version().clone(),
            status: build.status(),
        })
        .collect();
    found.sort();
    found.dedup_by(|a, b| (&a.channel, &a.version) == (&b.channel, &b.version));
    found
}

/// Among the platforms of one build, prefers one that has a revision, and then the best status.
fn best<'a>(builds: &[BuildRef<'a>]) -> BuildRef<'a> {
    *builds
        .iter()
        .min_by_key(|build| (build.revision().is_none(), build.status(), build.certainty()))
        .expect("a build was listed")
}
