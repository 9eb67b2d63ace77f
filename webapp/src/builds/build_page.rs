//! The contents of the page of one build, made from the answer about it.

use askama::Template;
use buildinfo::db::Stored;
use buildinfo::sources::table::Table;
use builds::audit::Contradiction;
use builds::derive::correction::Correction;
use builds::index::BuildRef;
use builds::names::version::Stage;
use builds::resolve::{Answer, BuildInfo, Sibling};
use builds::{BuildId, BuildIndex, Line, Product, Reason, Status};

use crate::words::{self, Word};
use crate::{format, links};

/// Maximum contradictions and corrections shown; the audit and `datil buildinfo explain` have them all.
const MAX_DISPUTES: usize = 10;
/// Longer sentences about them are cut. In characters.
const MAX_SENTENCE: usize = 400;
/// Longer statements of sources are cut. In characters.
const MAX_BODY: usize = 2000;
/// Maximum tables of versions named as sources; the evidence names them all.
const MAX_TABLES: usize = 5;

/// A build next to another one.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) version: String,
    pub(super) build_id: BuildId,
    pub(super) page: String,
}

/// One platform's build.
#[derive(Debug)]
pub(super) struct PlatformRow {
    pub(super) platform: String,
    pub(super) variant: String,
    pub(super) version: String,
    pub(super) channel: String,
    pub(super) status: Word,
    pub(super) certainty: Word,
    pub(super) reason: String,
    pub(super) number: String,
    pub(super) published: String,
    pub(super) files: Option<String>,
}

/// What a source said.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) source: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) url: Option<String>,
    pub(super) first_seen: String,
    pub(super) digest: String,
    /// The statement as JSON, cut short.
    pub(super) body: String,
}

/// Where the sources contradict each other about the build.
#[derive(Debug)]
struct Dispute {
    subject: String,
    field: String,
    sentence: String,
    /// The command that states the value not taken.
    command: Option<String>,
}

impl Dispute {
    fn new(contradiction: &Contradiction) -> Self {
        Self {
            subject: contradiction.subject.trim().to_owned(),
            field: contradiction.field.replace('_', " "),
            sentence: text::shortened(&contradiction.sentence(), MAX_SENTENCE),
            command: contradiction.command(),
        }
    }
}

/// The statement of a correction in force.
fn corrected(correction: &Correction) -> String {
    let what = match (correction.field, &correction.value) {
        (Some(field), Some(value)) => format!("{} is {value}", field.as_str().replace('_', " ")),
        _ => "is passed over".to_owned(),
    };
    let sentence = format!("{}: {what}: {}", correction.subject, correction.reason);
    text::shortened(&sentence, MAX_SENTENCE)
}

/// Another build that fits.
#[derive(Debug)]
pub(super) struct Fitting {
    pub(super) version: String,
    pub(super) channel: String,
    pub(super) status: Word,
    pub(super) page: String,
}

#[derive(Debug, Template)]
#[template(path = "build.html")]
pub(super) struct BuildPage {
    title: String,
    answer: Answer,
    built: String,
    status: Word,
    certainty: Word,
    reason: String,
    /// The rule behind the build's own status, if the answer has another reason.
    status_reason: Option<String>,
    disputes: Vec<Dispute>,
    corrections: Vec<String>,
    details: Option<Details>,
    fitting: Vec<Fitting>,
    platforms: Vec<PlatformRow>,
    evidence: Vec<Evidence>,
    evidence_left_out: usize,
    /// Why the build may not be known.
    causes: Vec<&'static str>,
    /// The warning that no process imports on its own, so that the build will not become known by itself.
    nobody: Option<String>,
    /// Firefox's build of the same Gecko.
    sibling: Option<SiblingView>,
    /// Whether a source may still list it.
    may_come: bool,
    crashes: String,
    list: String,
}

/// Firefox's build with the same Gecko build id.
#[derive(Debug)]
struct SiblingView {
    name: String,
    page: String,
    status: Word,
    certainty: Word,
    revision: String,
    revision_link: Option<String>,
}

impl SiblingView {
    fn new(sibling: &Sibling) -> Self {
        let product = sibling.product.as_str();
        let checked = |link: &str| links::changeset(link, product, sibling.repository.as_deref()?);
        Self {
            name: format!("{product} {} ({})", sibling.version, sibling.channel),
            page: links::build_page(product, &sibling.channel, sibling.build_id),
            status: words::status(&sibling.status.to_string()),
            certainty: words::certainty(&sibling.certainty.to_string()),
            revision: sibling.revision.clone().unwrap_or_default(),
            revision_link: sibling.revision_url.as_deref().and_then(checked),
        }
    }
}

/// What is known about a build across all its platforms.
#[derive(Debug)]
struct Details {
    line: String,
    number: String,
    platforms: String,
    offered_on: String,
    revision: String,
    revision_link: Option<String>,
    repository: String,
    published: String,
    shipped_on: String,
    sources: String,
    previous: Option<Neighbour>,
    next: Option<Neighbour>,
    changes: Option<String>,
}

/// Whether any build has the requested id.
pub(super) fn is_known(answer: &Answer) -> bool {
    answer.build.is_some() || !answer.alternatives.is_empty()
}

impl BuildPage {
    /// `index` holds the builds with this id and those around it; `nobody` is the warning that an unknown build stays
    /// unknown, if no process imports.
    pub(super) fn new(
        index: &BuildIndex,
        id: BuildId,
        answer: Answer,
        evidence: &[Stored],
        (conflicts, corrections): (&[Contradiction], &[Correction]),
        nobody: Option<String>,
    ) -> Self {
        let product: Option<Product> = answer.product.parse().ok();
        let name = format!(
            "{} {}",
            answer.product,
            words::version(&answer.product, answer.version.as_deref().unwrap_or_default())
        );
        let known = is_known(&answer);
        let of_id = |product| index.find(product, id);
        let evidence_count = answer.build.as_ref().map_or(0, |build| build.evidence.len());
        Self {
            title: name.trim().to_owned(),
            built: format::time(id.micros()),
            may_come: !known && answer.reason == Reason::NotSeen,
            sibling: answer.sibling.as_ref().map(SiblingView::new),
            status: words::status(&answer.status.to_string()),
            certainty: words::certainty_by(&answer.certainty.to_string(), &answer.reason.to_string()),
            reason: words::reason(answer.reason.sentence()),
            status_reason: answer
                .build
                .as_ref()
                .map(|build| build.status_reason)
                .filter(|reason| *reason != answer.reason)
                .map(|reason| words::reason(reason.sentence())),
            disputes: conflicts.iter().take(MAX_DISPUTES).map(Dispute::new).collect(),
            corrections: corrections.iter().take(MAX_DISPUTES).map(corrected).collect(),
            details: answer
                .build
                .as_ref()
                .zip(product)
                .map(|(build, product)| Details::new(index, id, product, &answer, build, &tables(evidence))),
            fitting: product.map(|product| fitting(product, &answer)).unwrap_or_default(),
            platforms: product.into_iter().flat_map(of_id).map(platform).collect(),
            evidence: evidence.iter().map(Evidence::new).collect(),
            evidence_left_out: evidence_count.saturating_sub(evidence.len()),
            causes: if known { Vec::new() } else { causes(answer.reason) },
            nobody,
            crashes: links::crashes(&[("product", &answer.product), ("build_id", &answer.build_id)]),
            list: links::channel(&answer.product, &answer.channel),
            answer,
        }
    }

    /// Whether anything can be said about the id.
    pub(super) fn says_something(&self) -> bool {
        self.known() || self.sibling.is_some()
    }

    /// Whether any build has the id.
    fn known(&self) -> bool {
        is_known(&self.answer)
    }
}

impl Details {
    fn new(
        index: &BuildIndex,
        id: BuildId,
        product: Product,
        answer: &Answer,
        build: &BuildInfo,
        tables: &[String],
    ) -> Self {
        // A release's file requested on beta belongs to beta's line.
        let channel = if answer.reason == Reason::ReleaseCandidateOnBeta {
            &answer.channel
        } else {
            &build.channel
        };
        let repository = build.repository.clone().unwrap_or_default();
        let checked = |link: &Option<String>| links::changeset(link.as_deref()?, product.as_str(), &repository);
        Self {
            line: build.line.to_string(),
            number: build.build_number.map(|number| number.to_string()).unwrap_or_default(),
            platforms: build.platforms.join(", "),
            offered_on: build.offered_on.join(", "),
            revision: build.revision.clone().unwrap_or_default(),
            revision_link: checked(&build.revision_url),
            published: build
                .published_at
                .as_deref()
                .map(|time| time.replace('T', " ").replace('Z', ""))
                .unwrap_or_default(),
            shipped_on: build.shipped_on.map(|day| day.to_string()).unwrap_or_default(),
            sources: build
                .sources
                .iter()
                .filter(|source| tables.is_empty() || !source.row().is_loaded())
                .map(|source| words::source(*source))
                .chain(tables.iter().cloned())
                .collect::<Vec<_>>()
                .join(if tables.is_empty() { ", " } else { "; " }),
            previous: build.previous_build.as_ref().map(|previous| Neighbour {
                version: words::version(product.as_str(), previous.version.as_str()),
                build_id: previous.build_id,
                page: links::build_page(product.as_str(), channel, previous.build_id),
            }),
            next: next(index, product, channel, build.line, id),
            changes: checked(&build.changes_url),
            repository,
        }
    }
}

/// A few of the tables in the evidence: their statements are only as good as the people who loaded them.
fn tables(evidence: &[Stored]) -> Vec<String> {
    let mut found: Vec<String> = evidence
        .iter()
        .filter_map(|stored| Table::of(&stored.observation, stored.first_seen))
        .map(|table| table.to_string())
        .collect();
    found.sort();
    found.dedup();
    found.truncate(MAX_TABLES);
    found
}

/// The next build of the line after the one with this id. Several builds of one version count as one step, since their
/// ids can differ by platform; each nightly of a version is its own step. Builds that users never got are skipped.
fn next(index: &BuildIndex, product: Product, channel: &str, line: Line, id: BuildId) -> Option<Neighbour> {
    let own = index
        .in_order(product, channel, line)
        .find(|entry| entry.build.build_id() == id)?;
    let nightly = matches!(own.version.stage(), Stage::Alpha(_));
    index
        .in_order(product, channel, line)
        .take_while(|entry| entry.build.build_id() != id)
        .filter(|entry| nightly || entry.version != own.version)
        .filter(|entry| !matches!(entry.build.status(), Status::Aborted | Status::Pulled))
        // After the candidate that shipped, users got no other build of its version.
        .filter(|entry| own.build.status() != Status::Shipped || entry.build.reason() != Reason::OtherBuildShipped)
        .last()
        .map(|entry| Neighbour {
            version: words::version(product.as_str(), entry.version.as_str()),
            build_id: entry.build.build_id(),
            page: links::build_page(product.as_str(), channel, entry.build.build_id()),
        })
}

fn fitting(product: Product, answer: &Answer) -> Vec<Fitting> {
    answer
        .alternatives
        .iter()
        .map(|other| Fitting {
            version: words::version(product.as_str(), other.version.as_str()),
            channel: other.channel.clone(),
            status: words::status(&other.status.to_string()),
            page: links::build_page(product.as_str(), &other.channel, other.build_id),
        })
        .collect()
}

fn platform(build: BuildRef<'_>) -> PlatformRow {
    PlatformRow {
        platform: build.platform().to_owned(),
        variant: build.variant().to_owned(),
        version: words::version(build.product().as_str(), build.version().as_str()),
        channel: build.channel().to_owned(),
        status: words::status(&build.status().to_string()),
        certainty: words::certainty_by(&build.certainty().to_string(), &build.reason().to_string()),
        reason: words::reason(build.reason().sentence()),
        number: build
            .build_number()
            .map(|number| number.to_string())
            .unwrap_or_default(),
        published: build.published_at().map(format::time).unwrap_or_default(),
        files: build.archive_url().as_deref().and_then(links::web),
    }
}

impl Evidence {
    fn new(stored: &Stored) -> Self {
        let observation = &stored.observation;
        Self {
            source: Table::of(observation, stored.first_seen)
                .map_or_else(|| words::source(observation.source), |table| table.to_string()),
            kind: observation.kind.to_string().replace('_', " "),
            subject: text::shortened(&observation.subject, 300),
            url: links::web(&observation.url),
            first_seen: format::time(stored.first_seen),
            digest: stored.digest.clone(),
            body: {
                let text = serde_json::to_string_pretty(&observation.body).unwrap_or_default();
                text::shortened(&text, MAX_BODY)
            },
        }
    }
}

fn causes(reason: Reason) -> Vec<&'static str> {
    match reason {
        Reason::NoSourceForProduct | Reason::GeckoSibling | Reason::VersionCode => {
            vec!["No source that is read here publishes the build ids of this product."]
        }
        Reason::NotAnOfficialBuild => vec![
            "It was built by somebody's own hands, by a try push or by a distribution: no public record names such \
             builds.",
        ],
        _ => vec![
            "It is very new: the sources list a build some time after it was made, and they are read at intervals.",
            "It was made outside of the release process: a local build, a try push or a distribution's own.",
            "It is older than what the sources still hold.",
            "The product or channel in the address is not the one of the build.",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::build;

    #[test]
    fn the_next_build_is_one_step_newer() {
        let check = |channel: &str, ids: &[(&str, &str)], of: &str, expected: Option<&str>| {
            let builds: Vec<_> = ids
                .iter()
                .map(|(version, id)| build(channel, version, id, "win64"))
                .collect();
            let line = Product::FIREFOX.line(channel, &builds[0].version);
            let found = next(
                &BuildIndex::from_builds(1, &builds).unwrap(),
                Product::FIREFOX,
                channel,
                line,
                of.parse().unwrap(),
            );
            assert_eq!(found.map(|found| found.build_id.to_string()).as_deref(), expected);
        };
        let betas = [
            ("64.0b3", "20181022150107"),
            ("64.0b4", "20181025233934"),
            ("64.0b4", "20181026000000"),
            ("64.0b5", "20181029174105"),
        ];
        check("beta", &betas, "20181022150107", Some("20181025233934"));
        check("beta", &betas, "20181025233934", Some("20181029174105"));
        check("beta", &betas, "20181029174105", None);
        check("beta", &betas, "20200101000000", None);
        let nightlies = [("65.0a1", "20181023100123"), ("65.0a1", "20181023220047")];
        check("nightly", &nightlies, "20181023100123", Some("20181023220047"));
    }

    #[test]
    fn a_build_that_never_shipped_is_nobodys_next_build() {
        let mut aborted = build("beta", "64.0b4", "20181025233934", "win64");
        aborted.status = Status::Aborted;
        let builds = [
            build("beta", "64.0b3", "20181022150107", "win64"),
            aborted,
            build("beta", "64.0b4", "20181026113000", "win64"),
        ];
        let index = BuildIndex::from_builds(1, &builds).unwrap();
        let of = builds[0].build_id;
        let found = next(&index, Product::FIREFOX, "beta", builds[0].line, of);
        assert_eq!(found.map(|found| found.build_id), Some(builds[2].build_id));
    }
}
