//! Products that carry another product's build ids, files by platform, and versions that contradict the build's.

use super::sources;
use crate::build::{Certainty, Reason, Status};
use crate::resolve::{Answer, Question, resolve};
use crate::samples::{csv, index, record};
use crate::unknown::Verdict;

const NIGHTLY: &str = "20260801093000";

fn ask(product: &str, channel: &str, id: &str, version: Option<&str>) -> Answer {
    let mut said = sources();
    said.push(record(
        NIGHTLY,
        "firefox/nightly/2026/08/2026-08-01-09-30-00-mozilla-central",
        "nightly",
        "155.0a1",
    ));
    said.push(csv("Focus", "release", "150.0", "20260401093000"));
    let question = Question {
        product: product.to_owned(),
        channel: channel.to_owned(),
        build_id: id.to_owned(),
        version: version.map(str::to_owned),
        asked_at: None,
    };
    resolve(&index(&said, &[]), &question)
}

#[test]
fn products_around_gecko_are_known_by_firefoxs_build() {
    for (name, channel, id, reason, sibling) in [
        ("Fenix", "nightly", NIGHTLY, Reason::GeckoSibling, Some("155.0a1")),
        (
            "firefox-android",
            "beta",
            "20181025233934",
            Reason::GeckoSibling,
            Some("64.0b4"),
        ),
        ("Klar", "nightly", NIGHTLY, Reason::GeckoSibling, Some("155.0a1")),
        (
            "ReferenceBrowser",
            "nightly",
            NIGHTLY,
            Reason::GeckoSibling,
            Some("155.0a1"),
        ),
        // The product's own builds are only partly known.
        ("Focus", "nightly", NIGHTLY, Reason::GeckoSibling, Some("155.0a1")),
        ("Focus", "nightly", "20260801093001", Reason::NotSeen, None),
        ("Fenix", "nightly", "20260801093001", Reason::NoSourceForProduct, None),
        // An unofficial build around a known Gecko.
        ("Fenix", "default", NIGHTLY, Reason::NotAnOfficialBuild, Some("155.0a1")),
        ("Thunderbird", "nightly", NIGHTLY, Reason::NotSeen, None),
        ("Waterfowl", "nightly", NIGHTLY, Reason::NoSourceForProduct, None),
        ("Fenix", "nightly", "2015757667", Reason::VersionCode, None),
    ] {
        let answer = ask(name, channel, id, None);
        let found = answer.sibling.as_ref();
        let version = found.map(|sibling| sibling.version.as_str());
        assert_eq!((answer.reason, version), (reason, sibling), "{name} {channel} {id}");
        assert_eq!(answer.version, None, "{name}");
        if let Some(found) = found {
            assert_eq!(
                (found.product.as_str(), found.certainty),
                ("Firefox", Certainty::Inferred)
            );
            assert!(found.revision.is_some());
            assert!(!answer.explanation.contains("so far"), "{}", answer.explanation);
        }
        if reason == Reason::GeckoSibling {
            assert_eq!(answer.status, Status::Unknown);
            assert_eq!(Verdict::of(&answer), Some(Verdict::NoSource));
        }
    }
    let own = ask("Focus", "release", "20260401093000", None);
    assert_eq!((own.version.as_deref(), own.sibling), (Some("150.0"), None));
}

#[test]
fn a_reported_version_that_no_such_build_reports_is_said() {
    for (channel, id, version, expected) in [
        ("release", "20181018182531", "63.0", false),
        ("release", "20181018182531", "63.0.1", true),
        ("beta", "20181018182531", "63.0", false),
        ("beta", "20181025233934", "64.0", false),
        ("beta", "20181025233934", "64.0b5", true),
        ("beta", "20181025143507", "64.0", false),
        ("nightly", NIGHTLY, "155.0a1", false),
        ("nightly", NIGHTLY, "154.0a1", true),
        // Nothing is said about unknown builds.
        ("nightly", "20260801093001", "154.0a1", false),
    ] {
        let answer = ask("Firefox", channel, id, Some(version));
        assert_eq!(answer.reported_differs, expected, "{channel} {id} {version}");
    }
    assert!(!ask("Firefox", "release", "20181018182531", None).reported_differs);
}

#[test]
fn files_are_told_by_platform() {
    let mut said = sources();
    said.truncate(1);
    let question = Question {
        product: "Firefox".to_owned(),
        channel: "beta".to_owned(),
        build_id: "20181025233934".to_owned(),
        ..Question::default()
    };
    let build = resolve(&index(&said, &[]), &question).build.unwrap();
    let platforms: Vec<&str> = build.files.iter().map(|file| file.platform.as_str()).collect();
    assert_eq!(platforms, build.platforms);
    assert!(build.files.iter().all(|file| file.url.contains("/pub/firefox/")));
}
