//! Which build crashed, as the report page says it.

use chrono::SecondsFormat;
use serde_json::{Map, Value};

use super::{Fact, list, number, object, shown, text};
use crate::words::{self, Word};
use crate::{format, links};

/// The answer about the build, made of what the processor attached.
#[derive(Debug, PartialEq)]
pub(super) struct BuildView {
    product: String,
    version: String,
    /// The page of the build.
    pub(super) page: Option<String>,
    /// What became of the build.
    pub(super) status: Word,
    /// On what that rests.
    pub(super) certainty: Option<Word>,
    /// Why, as a sentence.
    pub(super) reason: String,
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
        let names = Names {
            product,
            channel,
            build_id,
        };
        Self {
            product: product.to_owned(),
            version: words::version(product, text(crash, "version")),
            page: links::build(product, channel, build_id),
            status: words::status(text(answer, "status")),
            // That nothing is known rests on nothing: it is neither stated nor inferred.
            certainty: (!certainty.is_empty() && text(answer, "status") != "unknown")
                .then(|| words::certainty_by(certainty, text(answer, "reason"))),
            reason: words::reason(text(answer, "reason")),
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

struct Names<'a> {
    product: &'a str,
    channel: &'a str,
    build_id: &'a str,
}

fn facts(crash: &Map<String, Value>, answer: &Map<String, Value>, names: &Names<'_>) -> Vec<Fact> {
    let value = |name: &str| answer.get(name).map(shown).unwrap_or_default();
    let facts = [
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
        Fact::new(
            "Built",
            "The build id as a date.",
            built(answer, names.build_id),
        ),
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
        changeset(answer),
        Fact::new("Published", "When it was uploaded. UTC.", published(answer)),
        Fact::new(
            "Files",
            "Where the build can be downloaded.",
            value("archive_url"),
        )
        .linked(links::web(text(answer, "archive_url"))),
        previous(answer, names),
        changes(answer),
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
    facts
        .into_iter()
        .filter(|fact| !fact.value.is_empty())
        .collect()
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

/// A row of a table is not a source's word, but that of whoever loaded it: the build's page names both.
fn sources(answer: &Map<String, Value>) -> String {
    let texts: Vec<String> = list(answer, "sources")
        .iter()
        .map(shown)
        .map(|source| match source.as_str() {
            "csv" => "a table of versions (csv)".to_owned(),
            _ => source,
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
        .parse::<buildinfo::BuildId>()
        .map(|id| format::time(id.micros()))
        .unwrap_or_default()
}

/// A time is stored as RFC 3339 or in microseconds UTC.
fn published(answer: &Map<String, Value>) -> String {
    match answer.get("published_at") {
        Some(Value::Number(_)) => number(answer, "published_at")
            .map(format::time)
            .unwrap_or_default(),
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

fn changeset(answer: &Map<String, Value>) -> Fact {
    Fact::new(
        "Changeset",
        "The revision of the source that it was built from.",
        text(answer, "revision"),
    )
    .linked(links::changeset(
        text(answer, "revision_url"),
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
    Fact::new(
        "Previous build",
        "The build of the line before this one.",
        name.trim(),
    )
    .linked(links::build(names.product, names.channel, build_id))
}

fn changes(answer: &Map<String, Value>) -> Fact {
    let link = links::changeset(text(answer, "changes_url"), text(answer, "repository"));
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
        Some(count) => format!(
            "{} out when it crashed",
            format::counted(count, "newer build")
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(crash: &Value) -> BuildView {
        BuildView::new(crash.as_object().unwrap())
    }

    fn value(view: &BuildView, label: &str) -> Option<String> {
        let fact = view.facts.iter().find(|fact| fact.label == label)?;
        Some(match &fact.link {
            None => fact.value.clone(),
            Some(link) => format!("{} -> {link}", fact.value),
        })
    }

    #[test]
    fn a_known_build_is_told_in_full() {
        let view = view(&json!({
            "product": "Firefox", "version": "64.0b4", "release_channel": "beta", "build": "20181025233934",
            "build_info": {
                "status": "shipped", "certainty": "stated", "reason": "shipped_build_number",
                "channel": "beta", "build_id": "20181025233934", "build_number": 1,
                "platforms": ["linux-x86_64", "win64"], "revision": "abc",
                "repository": "https://hg.mozilla.org/releases/mozilla-beta",
                "revision_url": "https://hg.mozilla.org/releases/mozilla-beta/rev/abc",
                "previous_build": {"build_id": "20181022150107", "version": "64.0b3"},
                "changes_url": "https://hg.mozilla.org/releases/mozilla-beta/pushloghtml?x=1",
                "age_at_crash_days": 1.0, "builds_behind": 2, "published_at": 1_540_512_000_000_000_i64,
            },
        }));
        assert_eq!(view.name(), "Firefox 64.0b4");
        assert_eq!(view.status.text, "shipped");
        assert_eq!(
            view.reason,
            "Product-details names this build number as the one that shipped."
        );
        for (label, expected) in [
            ("Built", Some("2018-10-25 23:39:34")),
            ("Published", Some("2018-10-26 00:00:00")),
            ("Platforms", Some("linux-x86_64, win64")),
            (
                "Changeset",
                Some("abc -> https://hg.mozilla.org/releases/mozilla-beta/rev/abc"),
            ),
            (
                "Previous build",
                Some("64.0b3 20181022150107 -> /builds/Firefox/beta/20181022150107"),
            ),
            ("Age at the crash", Some("1 day")),
            ("Builds behind", Some("2 newer builds out when it crashed")),
            ("Reported channel", None),
        ] {
            assert_eq!(value(&view, label).as_deref(), expected, "{label}");
        }
    }

    #[test]
    fn an_unknown_build_is_told_as_reported() {
        let view = view(&json!({
            "product": "Firefox", "version": "64.0b0", "release_channel": "beta", "build": "junk",
            "build_info": {"status": "unknown", "reason": "junk"},
        }));
        assert_eq!(view.status.text, "unknown build");
        assert_eq!(view.page, None);
        assert_eq!(value(&view, "Build id").as_deref(), Some("junk"));
        assert_eq!(value(&view, "Built"), None);
    }

    #[test]
    fn a_crash_without_an_answer_has_no_status() {
        let view = view(&json!({"build_info": "x"}));
        assert_eq!(
            (view.status.text, view.name().as_str()),
            ("not looked up", "Unknown product")
        );
    }

    #[test]
    fn links_to_other_hosts_than_the_repository_are_not_made() {
        let view = view(&json!({"build_info": {
            "revision": "abc", "repository": "https://hg.mozilla.org/x",
            "revision_url": "https://evil.example/", "changes_url": "javascript:alert(1)",
        }}));
        assert_eq!(value(&view, "Changeset").as_deref(), Some("abc"));
        assert_eq!(value(&view, "Changes"), None);
    }
}
