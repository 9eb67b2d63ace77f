//! Where to look for one build that no source has listed.

use serde::Serialize;
use serde_json::{Value, json};

use crate::build_id::BuildId;
use crate::product::{Directory, Product};
use crate::version::{Stage, Version};

/// The questions that find exactly one build, wherever a source holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FetchPlan {
    /// The build's product.
    pub product: Product,
    /// The build's channel.
    pub channel: String,
    /// The id that is looked for.
    pub build_id: BuildId,
    /// The version that crashes of the build report; betas leave their number out.
    pub reported: Option<Version>,
    /// The body of the search to Buildhub.
    pub buildhub: Value,
    /// Folders of the archive: first those that list what there is, then those where the build lies
    /// if it is there. A folder that its parent does not show needs no request.
    pub archive: Vec<String>,
}

/// The plan for a build id of a channel of which crashes report this version.
pub fn fetch_plan(
    product: Product,
    channel: &str,
    build_id: BuildId,
    reported: Option<&str>,
) -> FetchPlan {
    let reported: Option<Version> = reported.and_then(|text| text.parse().ok());
    let archive = match nightly_branch(product, channel, reported.as_ref()) {
        Some(branch) => nightly_folders(product, build_id, branch),
        None => candidate_folders(Directory::of(product, channel), channel, reported.as_ref()),
    };
    FetchPlan {
        product,
        channel: channel.to_owned(),
        build_id,
        reported,
        buildhub: json!({
            "size": 1000,
            "query": {"bool": {"filter": [{"term": {"build.id": build_id.to_string()}}]}},
            "sort": [{"download.date": {"order": "asc"}}, {"id": {"order": "asc"}}],
        }),
        archive,
    }
}

impl FetchPlan {
    /// Whether the candidates of this version can hold the build: the number is the reported one,
    /// and the suffix fits the channel. Anything can if no version was reported.
    pub fn may_be(&self, version: &Version) -> bool {
        let fits = match self.channel.as_str() {
            // A release's candidates can be offered on beta. Which ones are is not known here: without a reported version to tell, the
            // first release of a train is looked at, the only one that always is.
            "beta" => match version.stage() {
                Stage::Beta(_) => true,
                Stage::Release => self.reported.is_some() || version.is_first_of_major(),
                _ => false,
            },
            "aurora" => matches!(version.stage(), Stage::Beta(_)),
            // The folders of some lines lack the suffix (Thunderbird until 115, Firefox 10 in part).
            "esr" => match version.stage() {
                Stage::Esr => true,
                Stage::Release => self.reported.is_some(),
                _ => false,
            },
            _ => version.stage() == Stage::Release,
        };
        fits && self.reported.as_ref().is_none_or(|reported| {
            let same_stage = reported.without_esr().stage() == version.without_esr().stage();
            reported.number() == version.number()
                && (same_stage || reported.stage() == Stage::Release)
        })
    }
}

/// The branch in the names of a nightly's folders; none for what has candidates. Aurora was made of
/// nightlies (`36.0a2`) until April 2017.
fn nightly_branch(
    product: Product,
    channel: &str,
    reported: Option<&Version>,
) -> Option<&'static str> {
    let aurora = channel == "aurora"
        && reported.is_some_and(|version| matches!(version.stage(), Stage::Alpha(_)));
    match (channel, product) {
        ("nightly", Product::Firefox) => Some("mozilla-central"),
        ("nightly", Product::Thunderbird) => Some("comm-central"),
        ("nightly", Product::Fennec) => Some("mozilla-central-android-api-16"),
        ("aurora", Product::Firefox) if aurora => Some("mozilla-aurora"),
        ("aurora", Product::Thunderbird) if aurora => Some("comm-aurora"),
        _ => None,
    }
}

/// The folder of the month, and the one of the build: its name is the id with dashes.
fn nightly_folders(product: Product, build_id: BuildId, branch: &str) -> Vec<String> {
    let directory = Directory::of(product, "nightly").as_str();
    let month = format!(
        "/pub/{directory}/nightly/{}/",
        build_id.time().format("%Y/%m")
    );
    let build = format!(
        "{month}{}-{branch}/",
        build_id.time().format("%Y-%m-%d-%H-%M-%S")
    );
    vec![month, build]
}

/// The folder of all candidates, and the one of the reported version where that tells it: on esr with the suffix and without, since the
/// folders of some lines lack it.
fn candidate_folders(
    directory: Directory,
    channel: &str,
    reported: Option<&Version>,
) -> Vec<String> {
    let all = format!("/pub/{}/candidates/", directory.as_str());
    let version = reported.map(Version::without_candidate);
    // Developer Edition has no candidates without a beta's number; of a beta that hides its number
    // the folder without one holds the release candidates.
    let told = version.filter(|version| channel != "aurora" || version.stage() != Stage::Release);
    let named: Vec<Version> = match told {
        Some(version) if channel == "esr" => vec![version.with_esr(), version.without_esr()],
        told => told.into_iter().collect(),
    };
    let own: Vec<String> = named
        .iter()
        .map(|version| format!("{all}{version}-candidates/"))
        .collect();
    [vec![all], own].concat()
}
