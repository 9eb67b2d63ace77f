use proptest::prelude::*;
use serde_json::json;

use super::{AnnouncedName, Announcement, channel_in};
use crate::names::product::Product;

const NOW: i64 = 1_790_000_000_000_000;

fn read(value: &serde_json::Value) -> Result<Announcement, Vec<String>> {
    Announcement::read(value.to_string().as_bytes(), NOW).map_err(|wrong| {
        let wrong = wrong.into_iter();
        wrong.map(|bad| format!("{} {}", bad.member, bad.why)).collect()
    })
}

/// An announcement with other members in place of some.
fn with(others: &serde_json::Value) -> serde_json::Value {
    let mut value = json!({
        "product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
    });
    for (member, other) in others.as_object().unwrap() {
        value[member] = other.clone();
    }
    value
}

#[test]
fn what_is_stated_is_what_is_understood() {
    for (others, stated, subject) in [
        (
            json!({}),
            json!({"product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
                "status": "published"}),
            "Firefox beta 20260810093000",
        ),
        (
            json!({"product": " FIREFOX ", "channel": "Beta", "platform": "macosx64", "status": "candidate",
                "build_number": 2, "published_at": "2026-08-10T11:00:00.500+00:00", "revision": "abc",
                "repository": "https://Example.org/x", "archive_url": null}),
            json!({"product": "Firefox", "channel": "beta", "version": "154.0b2", "build_id": "20260810093000",
                "platform": "mac", "status": "candidate", "build_number": 2,
                "published_at": "2026-08-10T11:00:00.500Z", "revision": "abc",
                "repository": "https://example.org/x"}),
            "Firefox beta 20260810093000 mac",
        ),
        (
            json!({"product": "devedition", "channel": null}),
            json!({"product": "Firefox", "channel": "aurora", "version": "154.0b2",
                "build_id": "20260810093000", "status": "published"}),
            "Firefox aurora 20260810093000",
        ),
        (
            json!({"product": "Thunderbird", "channel": "default-distribution"}),
            json!({"product": "Thunderbird", "channel": "default-distribution", "version": "154.0b2",
                "build_id": "20260810093000", "status": "published"}),
            "Thunderbird default-distribution 20260810093000",
        ),
    ] {
        let announcement = read(&with(&others)).unwrap();
        assert_eq!(json!(announcement.stated()), stated);
        let observation = announcement.observation();
        assert_eq!(observation.subject, subject);
        assert_eq!(observation.body, stated);
        assert_eq!(observation.url, announcement.name.place());
        let product: Product = stated["product"].as_str().unwrap().parse().unwrap();
        assert_eq!(channel_in(product, subject), stated["channel"].as_str());
    }
}

#[test]
fn everything_that_is_wrong_is_named() {
    let channels = "there are nightly, aurora, beta, release, esr, default, unofficial, nightly-try, lts";
    let whole = json!({"product": 1, "channel": [], "version": true, "build_id": 20_260_810_093_000_u64,
        "platform": {}, "status": 0, "revision": 7, "repository": 7, "archive_url": 7, "published_at": 7,
        "build_number": "1"});
    assert_eq!(
        read(&whole).unwrap_err().len(),
        10,
        "a channel is read with its product"
    );
    for (others, wrong) in [
        (
            json!({"product": "Waterfowl"}),
            "product “Waterfowl” is none that builds are known of: Firefox, Th",
        ),
        (json!({"product": null}), "product is missing"),
        (json!({"channel": null}), &format!("channel is missing: {channels}")),
        (
            json!({"channel": "wolf"}),
            &format!("channel “wolf” is no channel of the product: {channels}"),
        ),
        (json!({"channel": "default-a b"}), "channel “default-a b” is no channel"),
        (
            json!({"product": "devedition", "channel": "wolf"}),
            "channel “wolf” is no channel of the product: ther",
        ),
        (json!({"version": "new"}), "version “new” is not a version"),
        (
            json!({"build_id": "2026081009"}),
            "build_id “2026081009” is not a build id",
        ),
        (
            json!({"build_id": "20260835093000"}),
            "build_id “20260835093000” is not a build id",
        ),
        (
            json!({"build_id": "20990810093000"}),
            "build_id “20990810093000” lies in the future",
        ),
        (json!({"platform": "a b"}), "platform “a b” is no platform"),
        (json!({"platform": ""}), "platform “” is no platform"),
        (json!({"status": "aborted"}), "status “aborted” cannot be announced"),
        (json!({"revision": "a\"b"}), "revision “a\"b” is no revision"),
        (
            json!({"repository": "git@example.org:x"}),
            "repository “git@example.org:x” is no address",
        ),
        (
            json!({"archive_url": "https://a:b@example.org/"}),
            "archive_url “https://a:b@example.org/” is no addre",
        ),
        (
            json!({"archive_url": format!("https://example.org/{}", "x".repeat(2048))}),
            "archive_url “https://ex",
        ),
        (
            json!({"published_at": "2026-08-10"}),
            "published_at “2026-08-10” is no time in UTC",
        ),
        (
            json!({"published_at": "2026-08-10T11:00:00+02:00"}),
            "published_at “2026-08-10T11:00:00+02:00” is no",
        ),
        (
            json!({"published_at": "1997-12-31T23:59:59Z"}),
            "published_at “1997-12-31T23:59:59Z” lies before 1998",
        ),
        (
            json!({"published_at": "2026-09-23T00:00:00Z"}),
            "published_at “2026-09-23T00:00:00Z” lies in the future",
        ),
        (
            json!({"published_at": "9999-12-31T23:59:59Z"}),
            "published_at “9999-12-31T23:59:59Z” lies in the future",
        ),
        (
            json!({"build_number": 0}),
            "build_number must be a whole number from 1 to 4294967295",
        ),
        (
            json!({"build_number": 4_294_967_296_u64}),
            "build_number must be a whole number",
        ),
        (
            json!({"buildid": "x"}),
            "buildid is no member of a build: there are product, channel, version",
        ),
        (json!({"a\u{0}b": "x"}), "a\u{fffd}b is no member of a build"),
    ] {
        let found = read(&with(&others)).unwrap_err();
        assert!(found.len() == 1 && found[0].starts_with(wrong), "{others}: {found:?}");
    }
    for (json, wrong) in [
        ("", "is no JSON"),
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ("7", "is no JSON object"),
        ("[\"Firefox\",\"beta\"]", "is no JSON object"),
        ("{\"version\": \"1.0\", \"version\": null}", "has a member twice"),
    ] {
        let found = Announcement::read(json.as_bytes(), NOW).unwrap_err();
        assert_eq!((found[0].member.as_str(), found[0].why.as_str()), ("", wrong), "{json}");
    }
}

#[test]
fn a_withdrawal_names_a_build_as_its_announcement_did() {
    let announcement = read(&with(&json!({"platform": "win64"}))).unwrap();
    let named = |channel, platform| AnnouncedName::read("firefox", channel, "20260810093000", platform);
    let name = named(Some("beta"), Some("win64")).unwrap();
    assert_eq!(name, announcement.name);
    assert_eq!(name.said_under(), [(name.place(), Some(name.subject()))]);
    let all = named(Some("beta"), None).unwrap();
    assert_eq!(all.said_under(), [(name.place(), None)]);
    assert_ne!(named(Some("release"), None).unwrap().place(), name.place());
    assert_eq!(named(None, None).unwrap_err()[0].member, "channel");
    let wrong = AnnouncedName::read("x", None, "y", Some(" ")).unwrap_err();
    let wrong: Vec<&str> = wrong.iter().map(|bad| bad.member.as_str()).collect();
    assert_eq!(wrong, ["product", "build_id", "platform"]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}", member in "[a-z_]{1,12}", value in "\\PC{0,30}") {
        prop_assert!(Announcement::read(text.as_bytes(), NOW).is_err());
        if let Ok(announcement) = read(&with(&json!({member: value}))) {
            let observation = announcement.observation();
            prop_assert!(crate::group_of(&observation).is_ok());
            prop_assert_eq!(Announcement::read(observation.body.to_string().as_bytes(), NOW), Ok(announcement));
        }
    }
}
