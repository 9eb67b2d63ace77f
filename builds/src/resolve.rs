//! Answers a question about a build, with reasons.

mod answer;
mod question;
mod sibling;

use crate::build::{Certainty, Reason, Status};
use crate::index::{BuildIndex, BuildRef, Place};
use crate::names::build_id::{BuildId, NotABuildId, prefix_range};
use crate::names::channel::normalise_channel;
use crate::names::product::{Directory, Product, ids_of, name_in_answers};
use crate::names::version::reported;
use crate::names::version_code;
use crate::said::files::BuildFile;

pub use crate::links::{changes_url, revision_url};
pub use answer::{Alternative, Answer, BuildInfo, PreviousBuild, rfc3339};
pub use question::{EXAMPLE, Question};
pub use sibling::Sibling;

/// Maximum alternatives in one answer.
const MAX_ALTERNATIVES: usize = 100;
/// Maximum characters of a question's text echoed in an answer.
const MAX_ECHO: usize = 200;
/// How far a build id may lie after the question, in microseconds: a day, for clock differences and time zones.
const FUTURE_TOLERANCE: i64 = 86_400_000_000;

/// Answers `question` from `index`. Every question has an answer; an invalid build id is not looked up.
pub fn resolve(index: &BuildIndex, question: &Question) -> Answer {
    let directory: Option<Directory> = question.product.parse().ok();
    let product = directory.map(Directory::product);
    // Developer Edition is one channel of Firefox, whatever its clients call the channel.
    let channel = directory
        .and_then(Directory::only_channel)
        .map_or_else(|| normalise_channel(&echo(&question.channel)), str::to_owned);
    let mut answer = Answer {
        product: name_in_answers(&question.product).map_or_else(|| echo(&question.product), str::to_owned),
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
    if !nothing || answer.reason == Reason::InTheFuture {
        return None;
    }
    let other = ids_of(&question.product)?;
    let id: BuildId = question.build_id.parse().ok()?;
    sibling::find(index, other, id, &answer.channel)
}

/// Fills in the details found and returns the answer's reason.
fn fill(index: &BuildIndex, question: &Question, product: Option<Product>, answer: &mut Answer) -> Reason {
    let text = question.build_id.trim();
    if product.is_some_and(|product| product.row().version_codes)
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
    // The 10 or 12 digits of a historic id can also be the beginning of a current one.
    if id.is_historic()
        && let Some(reason) = by_prefix(index, text, Some(product), answer)
    {
        return reason;
    }
    if product.channel(&answer.channel).is_unofficial() {
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

/// Whether a build fits a question about this channel, or about no channel.
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

/// Chooses among the builds with the requested id.
fn among(index: &BuildIndex, builds: &[BuildRef<'_>], answer: &mut Answer) -> Reason {
    let asked = answer.channel.clone();
    let on_channel: Vec<BuildRef<'_>> = builds.iter().copied().filter(|build| fits(*build, &asked)).collect();
    let differs = on_channel.is_empty();
    let mut found = if differs { builds.to_vec() } else { on_channel };
    // What is only announced of an id gives way to what other sources say it is.
    let is_announced = |build: &BuildRef<'_>| build.is_announced_alone();
    if found.iter().any(is_announced) && !found.iter().all(is_announced) {
        let name = |build: &BuildRef<'_>| (build.channel().to_owned(), build.name_on(&asked));
        let listed: Vec<_> = found.iter().filter(|build| !is_announced(build)).map(name).collect();
        found.retain(|build| !is_announced(build) || listed.contains(&name(build)));
    }
    // Partner builds matter only if there are no others.
    if found.iter().any(|build| build.status() != Status::Variant) {
        found.retain(|build| build.status() != Status::Variant);
    }
    // On the requested channel, its own builds come before a release offered there.
    if found.iter().any(|build| build.channel() == asked) {
        found.retain(|build| build.channel() == asked);
    }
    let Some(first) = found
        .iter()
        .copied()
        .min_by_key(|build| (build.status(), build.certainty(), build.is_announced_alone()))
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

fn echo(text: &str) -> String {
    text::cut(text.trim(), MAX_ECHO).to_owned()
}

#[cfg(test)]
mod tests;
