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
    assert_eq!(view.status.text, "no build id");
    assert_eq!(view.page, None);
    assert_eq!(value(&view, "Build id").as_deref(), Some("junk"));
    assert_eq!(value(&view, "Built"), None);
    assert_eq!(view.reason, "Not a build id: 14 digits that make a date.");
}

#[test]
fn a_report_without_a_build_id_says_what_to_send() {
    let view = view(&json!({
        "product": "Firefox", "version": "64.0b0", "release_channel": "beta",
        "build_info": {"status": "unknown", "reason": "junk"},
    }));
    assert_eq!(view.status.text, "no build id");
    assert_eq!(
        view.status.meaning,
        "The report has no build id. Let the crash reporter send the annotation BuildID."
    );
    assert_eq!(view.reason, "");
}

#[test]
fn a_client_that_contradicts_its_build_is_told_from_one_that_leaves_something_out() {
    let mut crash = json!({
        "version": "153.0", "version_reported": "153.0.1",
        "build_info": {"status": "shipped", "version": "153.0", "reported_differs": true},
    });
    let differs = view(&crash);
    assert!(differs.contradiction.as_ref().unwrap().contains("153.0.1"));
    assert_eq!(value(&differs, "Reported version").as_deref(), Some("153.0.1"));
    crash["version"] = json!("153.0b5");
    crash["version_reported"] = json!("153.0");
    crash["build_info"] = json!({"status": "shipped", "version": "153.0b5"});
    let fits = view(&crash);
    assert_eq!(fits.contradiction, None);
    assert_eq!(value(&fits, "Reported version").as_deref(), Some("153.0"));
    crash["version_reported"] = json!("153.0b5");
    assert_eq!(value(&view(&crash), "Reported version"), None);
}

#[test]
fn a_product_that_nobody_lists_is_known_by_its_gecko() {
    let crash = json!({
        "product": "Fenix", "version": "155.0a1", "release_channel": "nightly", "build": "20260803091507",
        "build_info": {
            "status": "unknown", "certainty": "inferred", "reason": "gecko_sibling", "build_id": "20260803091507",
            "sibling": {
                "product": "Firefox", "channel": "nightly", "version": "155.0a1", "build_id": "20260803091507",
                "revision": "abc", "repository": "https://hg.mozilla.org/mozilla-central",
                "revision_url": "https://hg.mozilla.org/mozilla-central/rev/abc",
            },
        },
    });
    let view = view(&crash);
    assert_eq!(view.certainty.unwrap().text, "inferred");
    assert_eq!(
        value(&view, "Gecko").as_deref(),
        Some("that of Firefox 155.0a1 (nightly) -> /builds/Firefox/nightly/20260803091507")
    );
    assert_eq!(
        value(&view, "Changeset").as_deref(),
        Some("abc -> https://hg.mozilla.org/mozilla-central/rev/abc")
    );
    let said = format!("{} {}", view.status.meaning, view.reason);
    assert!(!said.contains("so far"), "{said}");
}

#[test]
fn files_are_those_of_the_machine_that_crashed() {
    const BUILD: &str = "https://a.example/pub/firefox/candidates/64.0b4-candidates/build1/";
    for (os, cpu, info, expected) in [
        (
            "Windows NT",
            "amd64",
            json!({"archive_url": "https://a.example/F.exe", "archive_platform": "win64"}),
            "https://a.example/F.exe".to_owned(),
        ),
        (
            "Windows NT",
            "arm64",
            json!({"archive_url": BUILD, "archive_platform": null}),
            format!("{BUILD} (of all platforms: no file is known for win64-aarch64)"),
        ),
        // As attached by earlier versions.
        (
            "Mac OS X",
            "arm64",
            json!({"archive_url": format!("{BUILD}linux-x86_64/en-US/f.tar.xz")}),
            format!("{BUILD} (of all platforms: no file is known for mac)"),
        ),
        (
            "Linux",
            "amd64",
            json!({"archive_url": format!("{BUILD}linux-x86_64/en-US/f.tar.xz")}),
            format!("{BUILD}linux-x86_64/en-US/f.tar.xz"),
        ),
        (
            "Linux",
            "unknown",
            json!({"archive_url": "https://a.example/f", "archive_platform": "linux-x86_64"}),
            "https://a.example/f (for linux-x86_64: the crash does not say for which processor)".to_owned(),
        ),
        (
            "Linux",
            "ppc64",
            json!({"archive_url": BUILD, "archive_platform": null}),
            format!("{BUILD} (of all platforms: no file is known for Linux on ppc64)"),
        ),
        (
            "Unknown",
            "unknown",
            json!({"archive_url": "https://a.example/F.exe", "archive_platform": "win64"}),
            "https://a.example/F.exe (for win64: the crash does not say for which platform)".to_owned(),
        ),
    ] {
        let view = view(&json!({"os_name": os, "cpu_arch": cpu, "build_info": info}));
        let found = view.facts.iter().find(|fact| fact.label == "Files").unwrap();
        assert_eq!(found.value, expected, "{os} {cpu}");
        assert!(found.link.is_some());
    }
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
