//! From a question about a build to an answer with its reasons.

mod sibling;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::build::{Certainty, Reason, Status};
use crate::index::{BuildIndex, BuildRef, Place};
use crate::names::build_id::{BuildId, NotABuildId, prefix_range};
use crate::names::product::{
    Directory, Line, Product, is_unofficial_channel, normalise_channel, on_geckoview, shares_gecko_ids,
};
use crate::names::version::{Version, reported};
use crate::names::version_code;
use crate::said::files::BuildFile;
use crate::said::observation::{Digest, SourceName};

pub use sibling::Sibling;

/// Most alternatives in one answer.
const MAX_ALTERNATIVES: usize = 100;
/// Most characters of a question's text that an answer echoes.
const MAX_ECHO: usize = 200;
/// How far a build id may lie after the question, in microseconds: a day, for clocks and time zones.
const FUTURE_TOLERANCE: i64 = 86_400_000_000;

/// What is asked about a build: texts as a client sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The product, in any known spelling.
    pub product: String,
    /// The channel; empty if not known.
    pub channel: String,
    /// The build id, or its beginning.
    pub build_id: String,
    /// The version that the program reports about itself. It is echoed and never believed.
    pub version: Option<String>,
    /// When the question arose, in microseconds UTC: a later build id is junk.
    pub asked_at: Option<i64>,
}

/// A question as JSON.
pub const EXAMPLE: &str = r#"{"product": "Firefox", "channel": "beta", "build_id": "20260827093000"}"#;

impl Question {
    /// A question in the form of a JSON object.
    ///
    /// # Errors
    /// All that is wrong with it, and how it should look.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        // A list would be read too, as the members in their order.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        if is_object && let Ok(question) = serde_json::from_slice(json) {
            return Ok(question);
        }
        let wrong = match serde_json::from_slice::<serde_json::Value>(json) {
            Err(_) => "it is no JSON".to_owned(),
            Ok(serde_json::Value::Object(members)) => {
                let is_text = |name: &str, may_be_null: bool| match members.get(name) {
                    None | Some(serde_json::Value::String(_)) => true,
                    Some(value) => may_be_null && value.is_null(),
                };
                let wrong = [
                    ("product", false),
                    ("channel", false),
                    ("build_id", false),
                    ("version", true),
                ]
                .into_iter()
                .filter(|(name, may_be_null)| !is_text(name, *may_be_null))
                .map(|(name, _)| format!("{name} must be a text in quotation marks"));
                let time = members.get("asked_at").filter(|time| !time.is_null() && !time.is_i64());
                let time = time.map(|_| "asked_at must be a whole number of microseconds".to_owned());
                let wrong: Vec<String> = wrong.chain(time).collect();
                if wrong.is_empty() {
                    "a member is there twice".to_owned()
                } else {
                    wrong.join("; ")
                }
            }
            Ok(_) => "it is no JSON object".to_owned(),
        };
        Err(format!("this is no question: {wrong}. For example: {EXAMPLE}"))
    }
}

/// What is known about a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The product under its canonical name; as asked if it has none.
    pub product: String,
    /// The channel as asked, normalised; the build's own if none was asked and one build fits.
    pub channel: String,
    /// The build id as asked.
    pub build_id: String,
    /// The exact version on that channel; `None` if it is not known.
    pub version: Option<String>,
    /// The version of the question.
    pub reported: Option<String>,
    /// Whether no build of this version reports that one of itself: the program, its build id or the build data are
    /// wrong. What a program leaves out of its version is no difference, see [`Version::can_report`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reported_differs: bool,
    /// What became of the build.
    pub status: Status,
    /// Whether a source says so.
    pub certainty: Certainty,
    /// By which rule the answer was found.
    pub reason: Reason,
    /// The same as a sentence.
    pub explanation: &'static str,
    /// When the build was made, as RFC 3339, where all that is known of it is a version code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_at: Option<String>,
    /// All that fits, if more than one does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// The build, if one was found.
    pub build: Option<BuildInfo>,
    /// Firefox's build with the same Gecko build id, where no source knows the build itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sibling: Option<Sibling>,
    /// The generation of the index that answered.
    pub generation: i64,
}

/// One of several builds that fit a question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Alternative {
    /// The build id.
    pub build_id: BuildId,
    /// The build's own channel.
    pub channel: String,
    /// Its version on the channel asked, or on its own.
    pub version: Version,
    /// What became of it.
    pub status: Status,
}

/// Details of a build, over all its platforms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildInfo {
    /// The channel that the file itself follows.
    pub channel: String,
    /// The line it is counted in.
    pub line: Line,
    /// N of `buildN`.
    pub build_number: Option<u32>,
    /// Its own status' rule; differs from the answer's if that was found on another way.
    pub status_reason: Reason,
    /// The platforms it was made for, sorted.
    pub platforms: Vec<String>,
    /// Variants among them, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// The channels that got it.
    pub offered_on: Vec<String>,
    /// The source revision.
    pub revision: Option<String>,
    /// The repository of the revision.
    pub repository: Option<String>,
    /// A page that shows the revision.
    pub revision_url: Option<String>,
    /// Where one of its files lies.
    pub archive_url: Option<String>,
    /// Where its files lie, one for each platform, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<BuildFile>,
    /// When it was first uploaded, as RFC 3339.
    pub published_at: Option<String>,
    /// The day its version shipped.
    pub shipped_on: Option<NaiveDate>,
    /// What users of the line had before.
    pub previous_build: Option<PreviousBuild>,
    /// A page with the changes since the previous build, if both are in one repository.
    pub changes_url: Option<String>,
    /// The sources behind it.
    pub sources: Vec<SourceName>,
    /// The observations behind it.
    pub evidence: Vec<Digest>,
}

/// The build before another in its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviousBuild {
    /// Its id.
    pub build_id: BuildId,
    /// Its version on the line's channel.
    pub version: Version,
    /// Its source revision.
    pub revision: Option<String>,
}

/// Answers `question` from `index`. Every question has an answer; what is no build id is not looked up.
pub fn resolve(index: &BuildIndex, question: &Question) -> Answer {
    let directory: Option<Directory> = question.product.parse().ok();
    let product = directory.map(Directory::product);
    // Developer Edition is one channel of Firefox, whatever its clients call that.
    let channel = directory
        .and_then(Directory::only_channel)
        .map_or_else(|| normalise_channel(&echo(&question.channel)), str::to_owned);
    let mut answer = Answer {
        product: product
            .map(Product::as_str)
            .or_else(|| on_geckoview(&question.product))
            .map_or_else(|| echo(&question.product), str::to_owned),
        channel,
        build_id: echo(&question.build_id),
        version: None,
        reported: question.version.as_deref().map(echo),
        reported_differs: false,
        status: Status::Unknown,
        certainty: Certainty::Inferred,
        reason: Reason::NotSeen,
        explanation: "",
        built_at: None,
        alternatives: Vec::new(),
        build: None,
        sibling: None,
        generation: index.generation(),
    };
    answer.reason = fill(index, question, product, &mut answer);
    if let (Some(version), Some(said)) = (&answer.version, &answer.reported) {
        answer.reported_differs = reported::contradicts(version, said);
    }
    answer.sibling = sibling(index, question, &answer);
    if answer.sibling.is_some() && matches!(answer.reason, Reason::NoSourceForProduct | Reason::NotSeen) {
        answer.reason = Reason::GeckoSibling;
    }
    answer.explanation = answer.reason.sentence();
    answer
}

/// Firefox's build of the same Gecko, for an answer that found no build.
fn sibling(index: &BuildIndex, question: &Question, answer: &Answer) -> Option<Sibling> {
    let nothing = answer.build.is_none() && answer.alternatives.is_empty();
    if !nothing || answer.reason == Reason::InTheFuture || !shares_gecko_ids(&question.product) {
        return None;
    }
    let id: BuildId = question.build_id.parse().ok()?;
    sibling::find(index, id, &answer.channel)
}

/// Fills in what is found and gives the answer's reason.
fn fill(index: &BuildIndex, question: &Question, product: Option<Product>, answer: &mut Answer) -> Reason {
    let text = question.build_id.trim();
    if product == Some(Product::Fenix)
        && let Some(time) = version_code::built_at(text)
    {
        // Its 8 digits can also be the beginning of a build id.
        return by_prefix(index, text, product, answer).unwrap_or_else(|| {
            answer.built_at = rfc3339(time.timestamp_micros());
            Reason::VersionCode
        });
    }
    let id = match text.parse::<BuildId>() {
        Ok(id) => id,
        Err(NotABuildId::Length) => {
            return match prefix(text) {
                Some(_) => by_prefix(index, text, product, answer).unwrap_or(Reason::BuildIdPrefix),
                None => Reason::Junk,
            };
        }
        Err(_) => return Reason::Junk,
    };
    if question
        .asked_at
        .is_some_and(|asked| id.micros() > asked.saturating_add(FUTURE_TOLERANCE))
    {
        return Reason::InTheFuture;
    }
    let Some(product) = product else {
        return Reason::NoSourceForProduct;
    };
    let builds: Vec<BuildRef<'_>> = index.find(product, id).collect();
    if !builds.is_empty() {
        return among(index, &builds, answer);
    }
    // The 10 or 12 digits of a historic id can also be the beginning of a present one.
    if id.is_historic()
        && let Some(reason) = by_prefix(index, text, Some(product), answer)
    {
        return reason;
    }
    if is_unofficial_channel(&answer.channel) {
        answer.status = Status::Unofficial;
        return Reason::NotAnOfficialBuild;
    }
    if product.has_source() || index.knows(product) {
        Reason::NotSeen
    } else {
        Reason::NoSourceForProduct
    }
}

fn prefix(text: &str) -> Option<std::ops::Range<u64>> {
    prefix_range(text).filter(|range| (19_980_000_000_000..22_000_000_000_000).contains(&range.start))
}

/// Lists the builds whose ids begin with `text`; `None` if there are none.
fn by_prefix(index: &BuildIndex, text: &str, product: Option<Product>, answer: &mut Answer) -> Option<Reason> {
    let range = prefix(text)?;
    let Some(product) = product else {
        return Some(Reason::NoSourceForProduct);
    };
    let asked = answer.channel.clone();
    answer.alternatives = alternatives(
        index.find_range(product, range).filter(|build| fits(*build, &asked)),
        &asked,
    );
    (!answer.alternatives.is_empty()).then_some(Reason::BuildIdPrefix)
}

/// Whether a build fits a question about this channel, or about none.
fn fits(build: BuildRef<'_>, asked: &str) -> bool {
    asked.is_empty() || build.is_on(asked)
}

fn alternatives<'a>(builds: impl Iterator<Item = BuildRef<'a>>, asked: &str) -> Vec<Alternative> {
    let mut found: Vec<Alternative> = Vec::new();
    for build in builds {
        let alternative = Alternative {
            build_id: build.build_id(),
            channel: build.channel().to_owned(),
            version: build.name_on(asked),
            status: build.status(),
        };
        if !found.contains(&alternative) {
            found.push(alternative);
        }
        if found.len() == MAX_ALTERNATIVES {
            break;
        }
    }
    found.sort();
    found
}

/// Chooses among the builds with the id that was asked for.
fn among(index: &BuildIndex, builds: &[BuildRef<'_>], answer: &mut Answer) -> Reason {
    let asked = answer.channel.clone();
    let on_channel: Vec<BuildRef<'_>> = builds.iter().copied().filter(|build| fits(*build, &asked)).collect();
    let differs = on_channel.is_empty();
    let mut found = if differs { builds.to_vec() } else { on_channel };
    // What was made for a partner only matters if it is all there is.
    if found.iter().any(|build| build.status() != Status::Variant) {
        found.retain(|build| build.status() != Status::Variant);
    }
    // On the channel that was asked, the builds that follow it themselves come before a release's file.
    if found.iter().any(|build| build.channel() == asked) {
        found.retain(|build| build.channel() == asked);
    }
    let Some(first) = found
        .iter()
        .copied()
        .min_by_key(|build| (build.status(), build.certainty()))
    else {
        return Reason::NotSeen;
    };
    let version = first.name_on(&asked);
    if found
        .iter()
        .any(|build| build.name_on(&asked) != version || build.channel() != first.channel())
    {
        answer.alternatives = alternatives(found.into_iter(), &asked);
        return Reason::SeveralFit;
    }
    let (certainty, reason) = if differs {
        (Certainty::Inferred, Reason::ChannelDiffers)
    } else if asked.is_empty() {
        first.channel().clone_into(&mut answer.channel);
        (Certainty::Inferred, Reason::OnlyOneFits)
    } else if first.channel() != asked {
        (first.certainty(), Reason::ReleaseCandidateOnBeta)
    } else {
        (first.certainty(), first.reason())
    };
    let on = if reason == Reason::ReleaseCandidateOnBeta {
        asked.as_str()
    } else {
        first.channel()
    };
    let place = Place {
        product: first.product(),
        channel: on,
        line: first.line(),
        version: &version,
        build_id: first.build_id(),
    };
    answer.build = Some(build_info(index, &place, first, &found));
    answer.version = Some(version.to_string());
    (answer.status, answer.certainty) = (first.status(), certainty);
    reason
}

fn build_info(index: &BuildIndex, place: &Place<'_>, first: BuildRef<'_>, builds: &[BuildRef<'_>]) -> BuildInfo {
    let official = first.status() != Status::Unofficial;
    let previous = official.then(|| index.previous(place, builds)).flatten();
    BuildInfo {
        channel: first.channel().to_owned(),
        line: first.line(),
        build_number: first.build_number(),
        status_reason: first.reason(),
        platforms: sorted(
            builds
                .iter()
                .map(|build| build.platform().to_owned())
                .filter(|platform| !platform.is_empty()),
        ),
        variants: sorted(
            builds
                .iter()
                .map(|build| build.variant().to_owned())
                .filter(|variant| !variant.is_empty()),
        ),
        offered_on: first.offered_on().map(str::to_owned).collect(),
        revision: first.revision().map(str::to_owned),
        repository: first.repository().map(str::to_owned),
        revision_url: revision_url(first),
        archive_url: first.archive_url(),
        files: sorted(builds.iter().filter_map(|build| {
            Some(BuildFile {
                platform: build.platform().to_owned(),
                url: build.archive_url()?,
            })
        })),
        published_at: builds
            .iter()
            .filter_map(|build| build.published_at())
            .min()
            .and_then(rfc3339),
        shipped_on: first.shipped_on(),
        changes_url: previous.and_then(|previous| changes_url(previous.build, first)),
        previous_build: previous.map(|previous| PreviousBuild {
            build_id: previous.build.build_id(),
            version: previous.version.clone(),
            revision: previous.build.revision().map(str::to_owned),
        }),
        sources: sorted(builds.iter().flat_map(|build| build.sources())),
        evidence: sorted(builds.iter().flat_map(|build| build.evidence().iter().copied())),
    }
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values.dedup();
    values
}

/// A page for the build's revision, on Mercurial's or GitHub's web pages; other repositories have none that we know.
pub fn revision_url(build: BuildRef<'_>) -> Option<String> {
    let (repository, revision) = (build.repository()?, build.revision()?);
    match forge(repository)? {
        Forge::Mercurial => Some(format!("{repository}/rev/{revision}")),
        Forge::GitHub => Some(format!("{repository}/commit/{revision}")),
    }
}

/// A page for the changes from one build to another: only within one repository, since a pushlog knows nothing beyond
/// its own.
pub fn changes_url(from: BuildRef<'_>, to: BuildRef<'_>) -> Option<String> {
    let repository = to
        .repository()
        .filter(|repository| from.repository() == Some(*repository))?;
    let (from, to) = (from.revision()?, to.revision()?);
    match forge(repository)? {
        Forge::Mercurial => Some(format!("{repository}/pushloghtml?fromchange={from}&tochange={to}")),
        Forge::GitHub => Some(format!("{repository}/compare/{from}...{to}")),
    }
}

enum Forge {
    Mercurial,
    GitHub,
}

fn forge(repository: &str) -> Option<Forge> {
    let rest = repository
        .strip_prefix("https://")
        .or_else(|| repository.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#', ':', '@']).next()?;
    if host == "github.com" {
        Some(Forge::GitHub)
    } else if host.starts_with("hg.") {
        Some(Forge::Mercurial)
    } else {
        None
    }
}

fn echo(text: &str) -> String {
    text::cut(text.trim(), MAX_ECHO).to_owned()
}

/// A moment, microseconds UTC, as RFC 3339; `None` outside of what that can say.
pub fn rfc3339(micros: i64) -> Option<String> {
    DateTime::from_timestamp_micros(micros).map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

impl Answer {
    /// A digest of what the answer says about the build itself. What moves as other builds come (the previous build
    /// and the changes from it), the evidence and the generation are left out: while the digest stays, nothing that
    /// was made from the answer is out of date.
    pub fn digest(&self) -> Digest {
        let mut value = serde_json::to_value(self).expect("an answer is plain data with text keys");
        if let Some(members) = value.as_object_mut() {
            members.remove("generation");
            members.remove("reported");
            if let Some(build) = members.get_mut("build").and_then(Value::as_object_mut) {
                for moving in ["previous_build", "changes_url", "evidence"] {
                    build.remove(moving);
                }
            }
        }
        Digest::of(&value)
    }
}

#[cfg(test)]
mod tests;
