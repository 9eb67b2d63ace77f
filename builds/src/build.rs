//! What is concluded about one build.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::names::UnknownName;
use crate::names::build_id::BuildId;
use crate::names::channel::Line;
use crate::names::product::Product;
use crate::names::version::Version;
use crate::said::observation::{Digest, SourceName};

/// One build for one platform. Several builds share an id: one for each platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The product.
    pub product: Product,
    /// The channel that the file itself follows, normalised. A release candidate's is `release`.
    pub channel: String,
    /// The exact version on that channel.
    pub version: Version,
    /// The build id.
    pub build_id: BuildId,
    /// The platform, as `linux-x86_64`; empty if no source says.
    pub platform: String,
    /// `eme-free`, `funnelcake131`, …; empty for the build that everyone gets.
    pub variant: String,
    /// What previous and next builds are counted in.
    pub line: Line,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// What became of the build.
    pub status: Status,
    /// Whether a source says so.
    pub certainty: Certainty,
    /// By which rule.
    pub reason: Reason,
    /// The channels whose users got the build, sorted. Candidates of a release that goes to beta first are taken to be
    /// offered there.
    pub offered_on: Vec<String>,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision, without a slash at the end.
    pub repository: Option<String>,
    /// Where the build lies on the public host.
    pub archive_url: Option<String>,
    /// When it was first uploaded, in microseconds UTC; for what shipped this is before it shipped.
    pub published_at: Option<i64>,
    /// The day on which its version shipped.
    pub shipped_on: Option<NaiveDate>,
    /// The sources behind it, sorted.
    pub sources: Vec<SourceName>,
    /// The observations behind it, sorted.
    pub evidence: Vec<Digest>,
}

impl Build {
    /// What tells a build from all others.
    pub fn key(&self) -> (Product, &str, &Version, BuildId, &str, &str) {
        (
            self.product,
            &self.channel,
            &self.version,
            self.build_id,
            &self.platform,
            &self.variant,
        )
    }
}

/// The status of a build, by the first rule that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was released to the users of its channel.
    Shipped,
    /// It may still ship; or it is a release candidate that only beta got.
    Candidate,
    /// It will not ship: another build of its version did, or a later version.
    Aborted,
    /// It was ready for release, and was taken back.
    Pulled,
    /// It is out without a release process, as nightlies are, or its site's own pipeline announced it as made.
    Published,
    /// It was made for a partner or a test.
    Variant,
    /// No release process made it: local builds, try pushes, distributions.
    Unofficial,
    /// Nothing is known.
    Unknown,
}

/// On what a status rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// A source says so.
    Stated,
    /// It follows from what sources say.
    Inferred,
}

/// The rule that gave a build its status, or an answer its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Product-details names this build number as the one that shipped.
    ShippedBuildNumber,
    /// The build lies in its version's folder of releases, or is known by its final name.
    InReleases,
    /// A table of versions has it under its final name, and no source among its releases.
    InTable,
    /// Its version has a folder of releases or a day in the histories, and no build of it has a higher number.
    HighestBuildNumberReleased,
    /// Another build of the same version shipped.
    OtherBuildShipped,
    /// No source lists its version as shipped, and one lists a later one.
    LaterVersionShipped,
    /// No source lists its version as shipped.
    NotListedAsShipped,
    /// Its version shipped, but its build number is not known.
    BuildNumberUnknown,
    /// A nightly build or its like.
    Nightly,
    /// Made for a partner or a test.
    VariantBuild,
    /// Its channel is not part of a release process.
    UnofficialChannel,
    /// The site's own pipeline announced it so, and no source that is trusted more tells of the build.
    Announced,
    /// A correction states it.
    Corrected,
    /// A release's file, asked for on beta: there it is a release candidate.
    ReleaseCandidateOnBeta,
    /// The build is known, but not on the channel that was asked.
    ChannelDiffers,
    /// No channel was asked, and only one build fits.
    OnlyOneFits,
    /// Several builds fit.
    SeveralFit,
    /// What was asked is the beginning of build ids.
    BuildIdPrefix,
    /// What was asked is an Android version code, which tells when the build was made and names none.
    VersionCode,
    /// What was asked is no build id.
    Junk,
    /// The build id lies after the time of the question.
    InTheFuture,
    /// None of our sources knows builds of the product.
    NoSourceForProduct,
    /// No source knows the build itself, and Firefox's with the same Gecko build id is known.
    GeckoSibling,
    /// No source has said anything of this build.
    NotSeen,
    /// The channel is none of a release process, and no source knows the build.
    NotAnOfficialBuild,
}

impl Reason {
    /// The reason as a sentence for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::ShippedBuildNumber => "product-details names this build number as the one that shipped",
            Self::InReleases => "the build is listed among the releases under its final name",
            Self::InTable => "a table of versions, not a source, has the build under its final name",
            Self::HighestBuildNumberReleased => {
                "the version is in the archive's releases or product-details' histories, and no build of it has a \
                 higher number"
            }
            Self::OtherBuildShipped => "another build of this version shipped",
            Self::LaterVersionShipped => "this version is not listed as shipped, and a later one is",
            Self::NotListedAsShipped => "no source lists this version as shipped yet",
            Self::BuildNumberUnknown => "the version shipped, but which of its builds this is, is not known",
            Self::Nightly => "a nightly build: published without a release process",
            Self::VariantBuild => "made for a partner or a test",
            Self::UnofficialChannel => "the build follows a channel of no release process",
            Self::Announced => "the build was announced by the site's own pipeline",
            Self::Corrected => "a correction states this",
            Self::ReleaseCandidateOnBeta => "a release's file: on beta it is a release candidate",
            Self::ChannelDiffers => "the build is known on another channel than the one asked",
            Self::OnlyOneFits => "no channel was given, and only one build fits",
            Self::SeveralFit => "several builds fit: see the alternatives",
            Self::BuildIdPrefix => "the beginning of build ids: see the alternatives",
            Self::VersionCode => {
                "an Android version code: it tells when the build was made, and no source lists builds by it"
            }
            Self::Junk => "not a build id: 14 digits that make a date",
            Self::InTheFuture => "the build id lies in the future",
            Self::NoSourceForProduct => "no source for this product",
            Self::GeckoSibling => {
                "no source lists the product's own build; Firefox's build with the same Gecko build id is known, and \
                 the source of both is the same"
            }
            Self::NotSeen => "no source has listed this build so far",
            Self::NotAnOfficialBuild => "not an official build",
        }
    }
}

/// A unit enum's stored and shown name is what serde calls it; these read and write that name.
macro_rules! named_by_serde {
    ($name:ident, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.serialize(formatter)
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                    serde::de::IntoDeserializer::into_deserializer(text);
                Self::deserialize(text).map_err(|error| UnknownName {
                    what: $what,
                    text: error.to_string(),
                })
            }
        }
    };
}

named_by_serde!(Status, "status");
named_by_serde!(Certainty, "certainty");
named_by_serde!(Reason, "reason");
