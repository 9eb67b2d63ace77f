//! Where to look for one build that no source has listed.

use serde::Serialize;
use serde_json::{Value, json};

use crate::names::build_id::BuildId;
use crate::names::channel::Versions;
use crate::names::product::{Directory, Product};
use crate::names::version::{Stage, Version};

/// The requests that find exactly one build, wherever a source has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FetchPlan {
    /// The build's product.
    pub product: Product,
    /// The build's channel.
    pub channel: String,
    /// The id to look for.
    pub build_id: BuildId,
    /// The version that crashes of the build report; betas omit their number.
    pub reported: Option<Version>,
    /// The body of the Buildhub search.
    pub buildhub: Value,
    /// Folders of the archive: first the listings, then the folders that hold the build if it exists. A folder missing
    /// from its parent's listing needs no request. `154.0bN-candidates/` stands for all betas of 154.0, see
    /// [`stands_for_betas`]. None if no archive has builds of the product.
    pub archive: Vec<String>,
}

/// The plan for a build id on a channel whose crashes report this version.
pub fn fetch_plan(product: Product, channel: &str, build_id: BuildId, reported: Option<&str>) -> FetchPlan {
    let reported: Option<Version> = reported.and_then(|text| text.parse().ok());
    let archive = match nightly_branches(product, channel, reported.as_ref()) {
        _ if !product.is_in_archive() => Vec::new(),
        Some(branches) => nightly_folders(product, build_id, branches),
        None => candidate_folders(product, channel, reported.as_ref()),
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
    /// Whether the candidates of this version can include the build: the number is the reported one, and the suffix
    /// fits the channel. If no version was reported, any can.
    pub fn may_be(&self, version: &Version) -> bool {
        let fits = match self.product.channel(&self.channel).versions {
            // A release's candidates can be offered on beta, but not all are. Without a reported version to decide,
            // only the first release of a train is considered, which always is.
            Versions::Betas => match version.stage() {
                Stage::Beta(_) => true,
                Stage::Release => self.reported.is_some() || version.is_first_of_major(),
                _ => false,
            },
            Versions::BetasOrAlphas => matches!(version.stage(), Stage::Beta(_)),
            // The folders of some lines lack the suffix (Thunderbird until 115, some of Firefox 10).
            Versions::Esrs => match version.stage() {
                Stage::Esr => true,
                Stage::Release => self.reported.is_some(),
                _ => false,
            },
            _ if self.product.row().esr_on_release && version.is_esr() => true,
            _ => version.stage() == Stage::Release,
        };
        fits && self.reported.as_ref().is_none_or(|reported| {
            let same_stage = reported.without_esr().stage() == version.without_esr().stage();
            reported.number() == version.number() && (same_stage || reported.stage() == Stage::Release)
        })
    }
}

/// Folder name suffix for a version's betas when it is not known which beta is meant.
const BETAS: &str = "bN-candidates/";

/// Whether a plan's folder is a placeholder for the folders of all betas of a version: `154.0bN-candidates/`.
pub fn stands_for_betas(folder: &str) -> bool {
    folder.ends_with(BETAS)
}

/// The branches in a nightly's folder names; none if the channel has candidates, and an empty list if a build's folder
/// does not show its id. Aurora was built from nightlies (`36.0a2`) until April 2017.
fn nightly_branches(product: Product, channel: &str, reported: Option<&Version>) -> Option<&'static [&'static str]> {
    let is_nightly = match product.channel(channel).versions {
        Versions::BetasOrAlphas => reported.is_some_and(|version| matches!(version.stage(), Stage::Alpha(_))),
        _ => true,
    };
    let mut present = product.row().nightlies.present.iter();
    let (_, branches) = present.find(|(made, _)| is_nightly && *made == channel)?;
    Some(branches)
}

/// The folder of the month, and the build's own folders: their names are the id with dashes.
fn nightly_folders(product: Product, build_id: BuildId, branches: &[&str]) -> Vec<String> {
    let directory = Directory::main(product).as_str();
    let month = format!("/pub/{directory}/nightly/{}/", build_id.time().format("%Y/%m"));
    let time = build_id.time().format("%Y-%m-%d-%H-%M-%S");
    let builds = branches.iter().map(|branch| format!("{month}{time}-{branch}/"));
    std::iter::once(month.clone()).chain(builds).collect()
}

/// The folder of all candidates, and those that the reported version tells. A beta reports its release's number only:
/// it lies with one of the betas of that number, or is a release candidate (which Developer Edition has none of). The
/// folders of some ESR lines lack the suffix, and some products' ESR followed the channel `release`.
fn candidate_folders(product: Product, channel: &str, reported: Option<&Version>) -> Vec<String> {
    let directory = Directory::of(product, channel).as_str();
    let all = format!("/pub/{directory}/candidates/");
    let Some(version) = reported.map(Version::without_candidate) else {
        return vec![all];
    };
    let folder = |version: Version| format!("{all}{version}-candidates/");
    let betas = || format!("{all}{}{BETAS}", version.number());
    let is_release = version.stage() == Stage::Release;
    let mut own = match product.channel(channel).versions {
        Versions::Betas if is_release => vec![betas(), folder(version.clone())],
        Versions::BetasOrAlphas if is_release => vec![betas()],
        Versions::Esrs => vec![folder(version.with_esr()), folder(version.without_esr())],
        Versions::Finals if product.row().esr_on_release => {
            vec![folder(version.without_esr()), folder(version.with_esr())]
        }
        _ => vec![folder(version.clone())],
    };
    own.dedup();
    std::iter::once(all.clone()).chain(own).collect()
}
