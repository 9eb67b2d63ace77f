//! The build that crashed, as shown on the report page.

use builds::SourceName;
use builds::said::files::{BuildFile, file_for_machine, platform_of, platforms_of, why_not_own};
use builds::said::location::{Location, normalise_platform};
use chrono::SecondsFormat;
use serde_json::{Map, Value};

use super::document::{list, number, object, shown, text};
use super::fact::Fact;
use crate::words::{self, Word};
use crate::{format, links};

/// The answer about the build, made from what the processor attached.
#[derive(Debug, PartialEq)]
pub(super) struct BuildView {
    product: String,
    version: String,
    /// The page of the build.
    pub(super) page: Option<String>,
    /// The status of the build.
    pub(super) status: Word,
    /// What the status is based on.
    pub(super) certainty: Option<Word>,
    /// Why, as a sentence.
    pub(super) reason: String,
    /// The contradiction with what the client reports, as a sentence.
    pub(super) contradiction: Option<String>,
    /// The details, in reading order.
    pub(super) facts: Vec<Fact>,
}

impl BuildView {
    pub(super) fn new(crash: &Map<String, Value>) -> Self {
        let nothing = Map::new();
        let answer = object(crash, "build_info").unwrap_or(&nothing);
        // The fields of the crash hold what the client reported.
        let or_reported = |name, reported| match text(answer, name) {
            "" => text(crash, reported),
            known => known,
        };
        let product = text(crash, "product");
        let channel = or_reported("channel", "release_channel");
        let build_id = or_reported("build_id", "build");
        let certainty = text(answer, "certainty");
        let (status, why) = (text(answer, "status"), text(answer, "reason"));
        // No id is wrong in another way than a text that is none.
        let is_empty = build_id.is_empty() && why == "junk";
        let has_sibling = object(answer, "sibling").is_some();
        let names = Names {
            product,
            channel,
            build_id,
        };
        Self {
            product: product.to_owned(),
            version: words::version(product, text(crash, "version")),
            page: links::build(product, channel, build_id),
            status: if is_empty {
                words::EMPTY_ID
            } else {
                words::answer_status(status, why)
            },
            // An unknown status has no basis: it is neither stated nor inferred.
            certainty: (!certainty.is_empty() && (status != "unknown" || has_sibling))
                .then(|| words::certainty_by(certainty, why)),
            reason: if is_empty { String::new() } else { words::reason(why) },
            contradiction: contradiction(crash, answer),
            facts: facts(crash, answer, &names),
        }
    }

    /// Product and exact version, as far as known.
    pub(super) fn name(&self) -> String {
        let name = format!("{} {}", self.product, self.version);
        if name.trim().is_empty() {
            "Unknown product".to_owned()
        } else {
            name.trim().to_owned()
        }
    }
}

/// The statement that no build of the version reports what the client does.
fn contradiction(crash: &Map<String, Value>, answer: &Map<String, Value>) -> Option<String> {
    let differs = answer.get("reported_differs") == Some(&Value::Bool(true));
    differs.then(|| {
        format!(
            "The client says that it is {}, and its build id is the one of {}: no build of {} says that of itself. \
             The program may have been updated in part only, or be somebody's own version; or the build data are \
             wrong.",
            text(crash, "version_reported"),
            text(crash, "version"),
            text(crash, "version"),
        )
    })
}

struct Names<'a> {
    product: &'a str,
    channel: &'a str,
    build_id: &'a str,
}

fn facts(crash: &Map<String, Value>, answer: &Map<String, Value>, names: &Names<'_>) -> Vec<Fact> {
    let value = |name: &str| answer.get(name).map(shown).unwrap_or_default();
    let sibling = object(answer, "sibling");
    let facts = [
        Fact::new(
            "Reported version",
            "What the client itself said: betas and candidates leave out what stands behind the number.",
            reported_version(crash),
        ),
        Fact::new(
            "Channel",
            "The stream of updates that the installation follows.",
            names.channel,
        ),
        Fact::new(
            "Reported channel",
            "What the client itself said.",
            reported_channel(crash, names),
        ),
        Fact::new(
            "Build id",
            "The moment at which the build was started, YYYYMMDDhhmmss UTC.",
            names.build_id,
        )
        .linked(links::build(names.product, names.channel, names.build_id)),
        Fact::new("Built", "The build id as a date.", built(answer, names.build_id)),
        Fact::new(
            "Build number",
            "Release builds of one version are numbered; the last one usually ships.",
            value("build_number"),
        ),
        Fact::new(
            "Line",
            "The series of builds in which previous and newer builds are counted.",
            value("line"),
        ),
        Fact::new(
            "Platforms",
            "The platforms for which this build is known.",
            joined(answer, "platforms"),
        ),
        gecko(sibling),
        changeset(crash, answer),
        Fact::new("Published", "When it was uploaded. UTC.", published(answer)),
        files(crash, answer),
        previous(answer, names),
        changes(crash, answer),
        Fact::new(
            "Age at the crash",
            "From the build to the crash, by the client's clock if that can be right.",
            age(answer),
        ),
        Fact::new(
            "Builds behind",
            "Newer builds of the line that were out when it crashed.",
            behind(answer),
        ),
        Fact::new("Sources", "Who says so.", sources(answer)),
        Fact::new(
            "Generation",
            "The state of the build data that gave this answer; it grows with every import that changes something.",
            value("generation"),
        ),
    ];
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

fn reported_version(crash: &Map<String, Value>) -> String {
    let reported = text(crash, "version_reported");
    if reported == text(crash, "version") {
        String::new()
    } else {
        reported.to_owned()
    }
}

/// Firefox's build made from the same Gecko.
fn gecko(sibling: Option<&Map<String, Value>>) -> Fact {
    let member = |name: &str| sibling.map_or("", |sibling| text(sibling, name));
    let (product, channel) = (member("product"), member("channel"));
    let value = match sibling {
        None => String::new(),
        Some(_) => format!("that of {product} {} ({channel})", member("version")),
    };
    Fact::new(
        "Gecko",
        "Firefox's build with the same build id: both were made of one source. It is inferred from the id.",
        value,
    )
    .linked(links::build(product, channel, member("build_id")))
}

/// The build's file for the machine that crashed; if none is known, what there is, marked as not for this machine.
fn files(crash: &Map<String, Value>, answer: &Map<String, Value>) -> Fact {
    const HINT: &str = "Where the build can be downloaded, for the platform that crashed.";
    let (os, cpu) = (text(crash, "os_name"), text(crash, "cpu_arch"));
    let attached = text(answer, "archive_url");
    // Files attached before they were chosen by platform are for any platform.
    let found = if answer.contains_key("archive_platform") {
        let platform = text(answer, "archive_platform");
        (!attached.is_empty()).then(|| (attached.to_owned(), platform.to_owned()))
    } else {
        let of = Location::parse(attached).and_then(|place| place.platform);
        let file = BuildFile {
            platform: of.unwrap_or_default(),
            url: attached.to_owned(),
        };
        let known = !attached.is_empty();
        let file = known.then(|| file_for_machine(&[file], os, cpu)).flatten();
        file.map(|file| (file.url, file.platform.unwrap_or_default()))
    };
    let Some((url, platform)) = found else {
        return Fact::new("Files", HINT, "");
    };
    let fits = platforms_of(os, cpu).contains(&normalise_platform(&platform).0.as_str());
    let own = fits && platform_of(os, cpu).is_some();
    let why = why_not_own(os, cpu);
    let value = match (own, platform.as_str()) {
        (true, _) => url.clone(),
        (false, "") => format!("{url} (of all platforms: {why})"),
        (false, other) => format!("{url} (for {other}: {why})"),
    };
    Fact::new("Files", HINT, value).linked(links::web(&url))
}

fn reported_channel(crash: &Map<String, Value>, names: &Names<'_>) -> String {
    let reported = text(crash, "release_channel");
    if reported == names.channel {
        String::new()
    } else {
        reported.to_owned()
    }
}

fn joined(answer: &Map<String, Value>, name: &str) -> String {
    let texts: Vec<String> = list(answer, name).iter().map(shown).collect();
    texts.join(", ")
}

/// The build's page names the table and who loaded it.
fn sources(answer: &Map<String, Value>) -> String {
    let texts: Vec<String> = list(answer, "sources")
        .iter()
        .map(shown)
        .map(|source| match source.parse::<SourceName>() {
            Ok(known) => words::source(known),
            Err(_) => source,
        })
        .collect();
    texts.join(", ")
}

fn built(answer: &Map<String, Value>, build_id: &str) -> String {
    let date = text(answer, "build_date");
    if !date.is_empty() {
        return readable_time(date);
    }
    build_id
        .parse::<builds::BuildId>()
        .map(|id| format::time(id.micros()))
        .unwrap_or_default()
}

/// A time is stored as RFC 3339 or in microseconds UTC.
fn published(answer: &Map<String, Value>) -> String {
    match answer.get("published_at") {
        Some(Value::Number(_)) => number(answer, "published_at").map(format::time).unwrap_or_default(),
        _ => readable_time(text(answer, "published_at")),
    }
}

fn readable_time(rfc3339: &str) -> String {
    chrono::DateTime::parse_from_rfc3339(rfc3339).map_or_else(
        |_| rfc3339.to_owned(),
        |time| {
            time.to_utc()
                .to_rfc3339_opts(SecondsFormat::Secs, true)
                .replace('T', " ")
                .replace('Z', "")
        },
    )
}

/// What the crash's build, or the Gecko in it, was built from: the product and the answer that says so.
pub(super) fn built_from<'a>(
    crash: &'a Map<String, Value>,
    answer: &'a Map<String, Value>,
) -> (&'a str, &'a Map<String, Value>) {
    match object(answer, "sibling") {
        Some(sibling) => (text(sibling, "product"), sibling),
        None => (text(crash, "product"), answer),
    }
}

fn changeset(crash: &Map<String, Value>, answer: &Map<String, Value>) -> Fact {
    let (product, answer) = built_from(crash, answer);
    Fact::new(
        "Changeset",
        "The revision of the source that it was built from.",
        text(answer, "revision"),
    )
    .linked(links::changeset(
        text(answer, "revision_url"),
        product,
        text(answer, "repository"),
    ))
}

fn previous(answer: &Map<String, Value>, names: &Names<'_>) -> Fact {
    let Some(previous) = object(answer, "previous_build") else {
        return Fact::new("Previous build", "", "");
    };
    let build_id = text(previous, "build_id");
    let version = words::version(names.product, text(previous, "version"));
    let name = format!("{version} {build_id}");
    Fact::new("Previous build", "The build of the line before this one.", name.trim()).linked(links::build(
        names.product,
        names.channel,
        build_id,
    ))
}

fn changes(crash: &Map<String, Value>, answer: &Map<String, Value>) -> Fact {
    let (product, repository) = (text(crash, "product"), text(answer, "repository"));
    let link = links::changeset(text(answer, "changes_url"), product, repository);
    let value = if link.is_some() {
        "what changed since the previous build"
    } else {
        ""
    };
    Fact::new(
        "Changes",
        "The changesets between the previous build and this one.",
        value,
    )
    .linked(link)
}

fn age(answer: &Map<String, Value>) -> String {
    match answer.get("age_at_crash_days").and_then(Value::as_f64) {
        Some(days) if days.is_finite() => {
            let rounded = format!("{days:.1}");
            let rounded = rounded.strip_suffix(".0").unwrap_or(&rounded);
            format!("{rounded} day{}", if rounded == "1" { "" } else { "s" })
        }
        _ => String::new(),
    }
}

fn behind(answer: &Map<String, Value>) -> String {
    match number(answer, "builds_behind") {
        None => String::new(),
        Some(0) => "none: it was the newest of its line".to_owned(),
        Some(count) => format!("{} out when it crashed", format::counted(count, "newer build")),
    }
}

#[cfg(test)]
mod tests;
