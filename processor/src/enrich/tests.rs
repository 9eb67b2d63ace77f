use builds::said::files::BuildFile;
use builds::{BuildIndex, crash_build_info, resolve};
use crash::{ProcessedCrash, RawCrash};
use serde_json::json;

use super::{Found, enrich_again, question, times, version_of};
use crate::pipeline;
use crate::rules::build::has_suffix;

/// The answer for an unknown build.
fn unknown(raw: &RawCrash) -> (ProcessedCrash, Found) {
    let index = BuildIndex::default();
    let identity = pipeline::identity(raw);
    let received = 1_790_000_000_000_000;
    let answer = resolve(&index, &question(&identity, received));
    let info = crash_build_info(&index, answer.clone(), times(raw, received));
    let found = Found::new(&answer, &info);
    (identity, found)
}

fn raw(product: &str, channel: &str, version: &str) -> RawCrash {
    let raw =
        json!({"ProductName": product, "ReleaseChannel": channel, "Version": version, "BuildID": "20260518091500"});
    RawCrash(raw.as_object().unwrap().clone())
}

#[test]
fn a_suffix_is_appended_only_where_it_is_missing() {
    for (product, channel, version, expected) in [
        ("Firefox", "esr", "140.2.0", "140.2.0esr"),
        ("Firefox", "esr", "140.2.0esr", "140.2.0esr"),
        ("Thunderbird", "esr", "128.3.0esr", "128.3.0esr"),
        ("Firefox", "esr", "140.0b3", "140.0b3"),
        ("Firefox", "esr", "52.0.1pre", "52.0.1pre"),
        ("Firefox", "beta", "152.0", "152.0b0"),
        ("Firefox", "beta", "152.0b3", "152.0b3"),
        ("Thunderbird", "beta", "152.0b3", "152.0b3"),
        ("Firefox", "Beta", "38.0.5", "38.0.5b0"),
        ("Firefox", "beta", "152.0rc1", "152.0rc1"),
        ("Firefox", "beta", "3.6pre", "3.6pre"),
        ("Firefox", "beta", "4.0b13pre", "4.0b13pre"),
        ("Firefox", "beta", "140.2.0esr", "140.2.0esr"),
        ("Firefox", "aurora", "54.0a2", "54.0a2"),
        ("Firefox", "aurora", "152.0", "152.0b0"),
        ("Firefox", "nightly", "155.0a1", "155.0a1"),
        ("Firefox", "release", "152.0", "152.0"),
        ("Fenix", "beta", "152.0b3", "152.0b3"),
        ("Fenix", "beta", "84.0.0-beta.2", "84.0.0-beta.2"),
    ] {
        let (identity, found) = unknown(&raw(product, channel, version));
        let named = version_of(&identity, &found);
        assert_eq!(named, expected, "{product} {channel} {version}");
    }
}

#[test]
fn the_note_says_what_was_done_and_goes_when_the_build_is_known() {
    for (version, expected) in [("152.0", "added \"b0\" suffix"), ("152.0b3", "has a suffix already")] {
        let raw = raw("Firefox", "beta", version);
        let (_, mut found) = unknown(&raw);
        let mut crash = ProcessedCrash::default();
        enrich_again(&raw, &mut crash, &found);
        let notes = crash.text("processor_notes").unwrap();
        assert!(notes.contains(expected), "{notes}");
        found.version = Some("152.0b4".to_owned());
        enrich_again(&raw, &mut crash, &found);
        let notes = crash.text("processor_notes").unwrap();
        assert!(!notes.contains("no version data"), "{notes}");
        assert_eq!(crash.text("version"), Some("152.0b4"));
    }
}

#[test]
fn a_contradiction_is_noted_while_it_is_one() {
    let raw = raw("Firefox", "release", " 153.0.1 ");
    let (_, mut found) = unknown(&raw);
    let mut crash = ProcessedCrash::default();
    crash.set("processor_notes", "first");
    enrich_again(&raw, &mut crash, &found);
    assert_eq!(crash.text("processor_notes"), Some("first"));
    assert_eq!(crash.text("version_reported"), Some("153.0.1"));
    found.version = Some("153.0".to_owned());
    found.reported_differs = true;
    assert_eq!(found.attached("153.0", "153.0.1").version_reported.as_str(), "153.0.1");
    for _ in 0..2 {
        enrich_again(&raw, &mut crash, &found);
        assert_eq!(
            crash.text("processor_notes"),
            Some("first\nthe client reports version 153.0.1, and its build id is the one of 153.0")
        );
        assert_eq!(crash.text("version"), Some("153.0"));
    }
    found.version = Some("153.0.1".to_owned());
    found.reported_differs = false;
    assert_eq!(found.attached("153.0.1", "153.0.1").version_reported.as_str(), "");
    enrich_again(&raw, &mut crash, &found);
    assert_eq!(crash.text("processor_notes"), Some("first"));
    assert_eq!(crash.text("version_reported"), Some("153.0.1"));
}

#[test]
fn the_note_stays_where_the_rules_put_it() {
    let raw = raw("Firefox", "beta", "153.0");
    let (_, mut found) = unknown(&raw);
    let mut crash = ProcessedCrash::default();
    enrich_again(&raw, &mut crash, &found);
    let without_build = crash.text("processor_notes").unwrap().trim().to_owned();
    let notes = format!("first\n{without_build}\nlast");
    crash.set("processor_notes", notes.as_str());
    found.reported_differs = true;
    for version in ["153.0b4", "153.0b5"] {
        found.version = Some(version.to_owned());
        enrich_again(&raw, &mut crash, &found);
        let expected =
            format!("first\nthe client reports version 153.0, and its build id is the one of {version}\nlast");
        assert_eq!(crash.text("processor_notes"), Some(expected.as_str()));
    }
    found.version = None;
    found.reported_differs = false;
    enrich_again(&raw, &mut crash, &found);
    assert_eq!(crash.text("processor_notes"), Some(notes.as_str()));
}

#[test]
fn details_of_notes_stay_when_the_build_becomes_known() {
    let raw = raw("Firefox", "beta", "153.0");
    let (_, mut found) = unknown(&raw);
    let details = json!([{"note": "a", "detail": "b"}, {"note": "c"}]);
    let mut crash = ProcessedCrash::default();
    crash.set("processor_details", details.clone());
    enrich_again(&raw, &mut crash, &found);
    assert!(crash.text("processor_notes").unwrap().contains("no version data"));
    found.version = Some("153.0b4".to_owned());
    enrich_again(&raw, &mut crash, &found);
    assert_eq!(crash.text("processor_notes"), Some(""));
    assert_eq!(crash.0["processor_details"], details);
}

#[test]
fn the_row_and_the_document_say_the_same_of_the_reported_version() {
    for (text, expected) in [
        (" 153.0.1 ".to_owned(), "153.0.1".to_owned()),
        ("153.0\t1\u{1c}".to_owned(), "153.0\u{fffd}1".to_owned()),
        ("ä".repeat(200), "ä".repeat(64)),
        (format!("{} b", "1".repeat(99)), "1".repeat(99)),
    ] {
        let raw = raw("Firefox", "release", &text);
        let (_, mut found) = unknown(&raw);
        found.reported_differs = true;
        let mut crash = ProcessedCrash::default();
        enrich_again(&raw, &mut crash, &found);
        let document = crash.text("version_reported").unwrap();
        assert_eq!(found.attached("", document), found.attached("", &text));
        assert_eq!(found.attached("", &text).version_reported.as_str(), expected);
    }
}

#[test]
fn the_file_is_the_one_for_the_machine_that_crashed() {
    let raw = raw("Firefox", "release", "153.0");
    let (_, mut found) = unknown(&raw);
    found.files = ["linux-x86_64", "win64"]
        .map(|platform| BuildFile {
            platform: platform.to_owned(),
            url: format!("https://a.example/pub/firefox/releases/153.0/{platform}/en-US/f"),
        })
        .to_vec();
    for (os, cpu, platform, file, url) in [
        ("Windows NT", "amd64", json!("win64"), json!("win64"), "win64/en-US/f"),
        ("Windows NT", "x86", json!("win32"), json!(null), ""),
        (
            "Linux",
            "amd64",
            json!("linux-x86_64"),
            json!("linux-x86_64"),
            "linux-x86_64/en-US/f",
        ),
        ("Unknown", "unknown", json!(null), json!(null), ""),
    ] {
        let mut crash = ProcessedCrash::default();
        crash.set("os_name", os);
        crash.set("cpu_arch", cpu);
        enrich_again(&raw, &mut crash, &found);
        let info = &crash.0["build_info"];
        assert_eq!(
            (&info["platform"], &info["archive_platform"]),
            (&platform, &file),
            "{os} {cpu}"
        );
        assert_eq!(
            info["archive_url"],
            format!("https://a.example/pub/firefox/releases/153.0/{url}")
        );
    }
}

#[test]
fn what_begins_with_no_number_has_no_suffix() {
    for (version, expected) in [
        ("152.0", false),
        ("152", false),
        ("", false),
        ("null", false),
        (" 152.0 ", false),
        ("152.0b", true),
        ("152.0+", true),
    ] {
        assert_eq!(has_suffix(version), expected, "{version}");
    }
}
