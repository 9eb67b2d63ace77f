//! An observation translated into our terms: what it claims about one build. Nothing is concluded here.

use chrono::DateTime;
use serde_json::Value;

use crate::build::Status;
use crate::names::build_id::BuildId;
use crate::names::channel::{Versions, normalise_channel};
use crate::names::product::Directory;
use crate::names::version::{Stage, Version};
use crate::said::location::{Area, Location, normalise_platform};
use crate::said::observation::{Digest, Kind, Observation, SourceName, Why, member};

/// Maximum length of a text taken from a source, in bytes.
const MAX_TEXT: usize = 2048;

/// What one observation says about one build.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The observation that it was read from.
    pub digest: Digest,
    /// Who says it.
    pub source: SourceName,
    /// The folder that the build was released under.
    pub directory: Directory,
    /// The channel that the file itself follows, normalised.
    pub channel: String,
    /// The version that the build was made for, without candidate number.
    pub version: Version,
    /// The version of the folder that the build is in, if it has one: the version that the sources list it under. It
    /// can lack `esr`.
    pub folder: Option<Version>,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// The build id.
    pub build_id: BuildId,
    /// Normalised; empty if the source does not say.
    pub platform: String,
    /// Its variant; `None` if the place does not tell.
    pub variant: Option<String>,
    /// What kind of place it was read at.
    pub origin: Origin,
    /// One of many repacks of the same build for a language.
    pub localised: bool,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision.
    pub repository: Option<String>,
    /// Where the file lies.
    pub archive_url: Option<String>,
    /// When it was uploaded, microseconds UTC.
    pub published_at: Option<i64>,
}

/// How a build came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It lies among the candidates, or is called one.
    Candidate,
    /// It is in the folder of releases, or has its final name.
    Final,
    /// A build of every day.
    Nightly,
    /// No release process made it.
    Unofficial,
    /// It was announced, with this status.
    Announced(Status),
}

impl Claim {
    /// What `observation`, which has this digest, claims about a build; `None` if its kind is about something else.
    pub fn read(observation: &Observation, digest: Digest) -> Result<Option<Self>, Why> {
        match observation.kind {
            Kind::BuildhubRecord => buildhub_record(observation, digest).map(Some),
            Kind::ArchiveFile => archive_file(observation, digest).map(Some),
            Kind::CsvRow => csv_row(observation, digest).map(Some),
            Kind::Announced => announced(observation, digest).map(Some),
            Kind::ShippedRelease | Kind::CurrentVersions | Kind::ReleaseDirectory | Kind::ReleaseHistory => Ok(None),
        }
    }
}

fn buildhub_record(observation: &Observation, digest: Digest) -> Result<Claim, Why> {
    let body = &observation.body;
    let url = required(body, "/download/url")?;
    let product = required(body, "/source/product")?;
    let named: Directory = product.parse().map_err(|_| Why::UnknownProduct(product.to_owned()))?;
    let channel = normalise_channel(required(body, "/target/channel")?);
    let (platform, variant) = normalise_platform(required(body, "/target/platform")?);
    let locale = required(body, "/target/locale")?;
    let facts = FileFacts {
        build_id: required(body, "/build/id")?,
        channel: Some(channel),
        version: Some(required(body, "/target/version")?),
        build_number: member(body, "/build/number")
            .and_then(Value::as_u64)
            .and_then(|number| u32::try_from(number).ok()),
        platform: Some(platform),
        variant,
        revision: optional(body, "/source/revision"),
        repository: optional(body, "/source/repository"),
        published: optional(body, "/download/date"),
    };
    let mut claim = file_claim(observation, digest, url, Some(named), facts)?;
    claim.localised = !matches!(locale, "en-US" | "multi");
    Ok(claim)
}

fn archive_file(observation: &Observation, digest: Digest) -> Result<Claim, Why> {
    let body = &observation.body;
    let (platform, variant) = match optional(body, "/platform") {
        Some(platform) => {
            let (platform, variant) = normalise_platform(platform);
            (Some(platform), variant)
        }
        None => (None, None),
    };
    let facts = FileFacts {
        build_id: required(body, "/build_id")?,
        channel: optional(body, "/channel").map(normalise_channel),
        version: optional(body, "/version"),
        build_number: None,
        platform,
        variant,
        revision: optional(body, "/revision"),
        repository: optional(body, "/repository"),
        published: optional(body, "/published"),
    };
    file_claim(observation, digest, &observation.subject, None, facts)
}

/// What a metadata file says about its build; anything missing is read from its path.
struct FileFacts<'a> {
    build_id: &'a str,
    channel: Option<String>,
    version: Option<&'a str>,
    build_number: Option<u32>,
    platform: Option<String>,
    variant: Option<String>,
    revision: Option<&'a str>,
    repository: Option<&'a str>,
    published: Option<&'a str>,
}

fn file_claim(
    observation: &Observation,
    digest: Digest,
    url: &str,
    named: Option<Directory>,
    facts: FileFacts<'_>,
) -> Result<Claim, Why> {
    let build_id = parse_build_id(facts.build_id)?;
    let location = Location::parse(url);
    let stated = facts.version.map(parse_version).transpose();
    let (version, build_number, origin, exact) = match location.as_ref().map(|location| &location.area) {
        Some(Area::Moving) => return Err(Why::MovingCopy),
        Some(Area::Candidates(version, number)) => (version.clone(), Some(*number), Origin::Candidate, true),
        Some(Area::Releases(version)) => (version.clone(), facts.build_number, Origin::Final, true),
        Some(Area::Nightly) => (stated?.ok_or(Why::Malformed("/version"))?, None, Origin::Nightly, true),
        Some(Area::Unofficial) => (
            stated?.ok_or(Why::Malformed("/version"))?,
            None,
            Origin::Unofficial,
            true,
        ),
        None => {
            let stated = stated?.ok_or(Why::Malformed("/version"))?;
            let number = stated.candidate().or(facts.build_number);
            let origin = if matches!(stated.stage(), Stage::Alpha(_)) {
                Origin::Nightly
            } else {
                Origin::Candidate
            };
            let exact = stated.stage() != Stage::Release;
            (stated.without_candidate(), number, origin, exact)
        }
    };
    let directory = match (&location, named) {
        (Some(location), _) => location.directory,
        (None, Some(named)) if named.only_channel().is_none() => {
            Directory::of(named.product(), facts.channel.as_deref().unwrap_or_default())
        }
        (None, Some(named)) => named,
        (None, None) => return Err(Why::Malformed("/url")),
    };
    let channel = match facts.channel {
        Some(channel) => channel,
        None => channel_of_path(directory, &version, origin),
    };
    // Files of 2018 give every beta its release's number: only the path, if anything, tells which beta it is.
    if !exact && directory.product().channel(&channel).versions.are_betas() {
        return Err(Why::NoExactVersion);
    }
    let folder = folder_of(location.as_ref());
    let (place, place_variant) = location.map_or((None, None), |location| (location.platform, location.variant));
    let origin = if directory.product().channel(&channel).is_unofficial() {
        Origin::Unofficial
    } else {
        origin
    };
    Ok(named_for_its_file(Claim {
        digest,
        source: observation.source,
        directory,
        channel,
        version,
        folder,
        build_number,
        build_id,
        platform: facts.platform.or(place).unwrap_or_default(),
        variant: place_variant.or(facts.variant),
        origin,
        localised: false,
        revision: facts.revision.map(str::to_owned),
        repository: facts.repository.map(repository_url),
        archive_url: Some(url.to_owned()),
        published_at: facts
            .published
            .and_then(|date| DateTime::parse_from_rfc3339(date).ok())
            .map(|date| date.timestamp_micros()),
    }))
}

/// The version that a folder of candidates or releases is named after.
fn folder_of(location: Option<&Location>) -> Option<Version> {
    match &location?.area {
        Area::Candidates(version, _) | Area::Releases(version) => Some(version.clone()),
        Area::Nightly | Area::Moving | Area::Unofficial => None,
    }
}

/// The channel of a build whose metadata does not give it.
fn channel_of_path(directory: Directory, version: &Version, origin: Origin) -> String {
    let channel = match (directory.only_channel(), version.stage(), origin) {
        (Some(channel), ..) => channel,
        (None, _, Origin::Nightly) => directory.product().channel_of_stage(Stage::Alpha(1)),
        (None, Stage::Alpha(_), _) => directory.product().channel_of_stage(Stage::Release),
        (None, stage, _) => directory.product().channel_of_stage(stage),
    };
    channel.to_owned()
}

fn csv_row(observation: &Observation, digest: Digest) -> Result<Claim, Why> {
    let body = &observation.body;
    let product = required(body, "/product_name")?;
    let named: Directory = product.parse().map_err(|_| Why::UnknownProduct(product.to_owned()))?;
    let channel = normalise_channel(required(body, "/release_channel")?);
    let stated = parse_version(required(body, "/version_string")?)?;
    let build_id = parse_build_id(required(body, "/build_id")?)?;
    // The column can also hold a word such as `manual`.
    let archive_url =
        optional(body, "/archive_url").filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let location = archive_url.and_then(Location::parse);
    let directory = location.as_ref().map_or_else(
        || Directory::of(named.product(), &channel),
        |location| location.directory,
    );
    let number = match location.as_ref().map(|location| &location.area) {
        Some(Area::Candidates(_, number)) => Some(*number),
        _ => stated.candidate(),
    };
    // `b99` was the name of a release's last candidate on beta.
    let origin = match stated.stage() {
        _ if directory.product().channel(&channel).is_unofficial() => Origin::Unofficial,
        Stage::Alpha(_) => Origin::Nightly,
        _ if stated.candidate().is_some() || stated.is_legacy_final_beta() => Origin::Candidate,
        _ => Origin::Final,
    };
    let folder = folder_of(location.as_ref());
    let (platform, variant) = location.map_or((None, None), |location| (location.platform, location.variant));
    Ok(named_for_its_file(Claim {
        digest,
        source: observation.source,
        directory,
        channel: directory.only_channel().map_or(channel, str::to_owned),
        version: stated.without_candidate().without_legacy_final_beta(),
        folder,
        build_number: number,
        build_id,
        platform: platform.unwrap_or_default(),
        variant,
        origin,
        localised: false,
        revision: None,
        repository: None,
        archive_url: archive_url.map(str::to_owned),
        published_at: None,
    }))
}

fn announced(observation: &Observation, digest: Digest) -> Result<Claim, Why> {
    let body = &observation.body;
    let product = required(body, "/product")?;
    let named: Directory = product.parse().map_err(|_| Why::UnknownProduct(product.to_owned()))?;
    let channel = normalise_channel(required(body, "/channel")?);
    let directory = Directory::of(named.product(), &channel);
    let stated = parse_version(required(body, "/version")?)?;
    // Elsewhere `rc1` is a version of its own, not the number of a build.
    let (version, candidate) = if directory.product().has_release_process() {
        let version = stated.without_candidate();
        let is_esr = directory.product().channel(&channel).versions == Versions::Esrs;
        (if is_esr { version.with_esr() } else { version }, stated.candidate())
    } else {
        (stated, None)
    };
    let status = optional(body, "/status").and_then(|status| status.parse().ok());
    let number = member(body, "/build_number").and_then(Value::as_u64);
    let (platform, variant) = optional(body, "/platform").map(normalise_platform).unwrap_or_default();
    Ok(Claim {
        digest,
        source: observation.source,
        directory,
        channel,
        version,
        folder: None,
        build_number: number.and_then(|number| u32::try_from(number).ok()).or(candidate),
        build_id: parse_build_id(required(body, "/build_id")?)?,
        platform,
        variant,
        origin: Origin::Announced(status.ok_or(Why::Malformed("/status"))?),
        localised: false,
        revision: optional(body, "/revision").map(str::to_owned),
        repository: optional(body, "/repository").map(repository_url),
        archive_url: optional(body, "/archive_url").map(str::to_owned),
        published_at: optional(body, "/published_at")
            .and_then(|date| DateTime::parse_from_rfc3339(date).ok())
            .map(|date| date.timestamp_micros()),
    })
}

/// Corrects the channel given by a source: a build of a release version said to be on beta is the release's own file,
/// which the source lists a second time for beta (bug 1470948). On esr the version always includes `esr`.
fn named_for_its_file(mut claim: Claim) -> Claim {
    let official = matches!(claim.origin, Origin::Candidate | Origin::Final);
    let said = claim.directory.product().channel(&claim.channel);
    if official
        && claim.version.stage() == Stage::Release
        && let Some(tried) = said.tries
    {
        tried.clone_into(&mut claim.channel);
    }
    if official && said.versions == Versions::Esrs {
        claim.version = claim.version.with_esr();
    }
    claim
}

fn required<'a>(body: &'a Value, pointer: &'static str) -> Result<&'a str, Why> {
    optional(body, pointer).ok_or(Why::Malformed(pointer))
}

fn optional<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    member(body, pointer)
        .and_then(Value::as_str)
        .filter(|text| text.len() <= MAX_TEXT)
}

fn parse_version(text: &str) -> Result<Version, Why> {
    text.parse()
        .map_err(|_| Why::NotAVersion(text::cut(text, 80).to_owned()))
}

fn parse_build_id(text: &str) -> Result<BuildId, Why> {
    text.parse()
        .map_err(|_| Why::NotABuildId(text::cut(text, 80).to_owned()))
}

/// A repository without the variable name that old files put before it.
fn repository_url(text: &str) -> String {
    text.trim()
        .trim_start_matches("MOZ_SOURCE_REPO=")
        .trim_end_matches('/')
        .to_owned()
}
