//! Announced builds, alone and beside what other sources say.

use serde_json::{Value, json};

use crate::names::product::Product;
use crate::said::announcement::Announcement;
use crate::said::observation::{Observation, SourceName};
use crate::samples::{Record, csv, index, record, shipped};
use crate::{Build, Certainty, Question, Reason, Status, derive_all, resolve};

fn announced(members: &Value) -> Observation {
    let announcement = Announcement::read(members.to_string().as_bytes(), i64::MAX);
    announcement.unwrap_or_else(|wrong| panic!("{wrong:?}")).observation()
}

/// An announced build of Firefox with more members.
fn firefox(channel: &str, version: &str, id: &str, more: &Value) -> Observation {
    let mut members = json!({"product": "Firefox", "channel": channel, "version": version, "build_id": id});
    for (member, value) in more.as_object().unwrap() {
        members[member] = value.clone();
    }
    announced(&members)
}

#[test]
fn a_build_that_is_only_announced_has_the_status_that_was_announced() {
    let facts = [
        shipped("firefox-140.0", 2),
        shipped("firefox-140.0.1", 1),
        shipped("firefox-141.0b9", 3),
    ];
    for (channel, version, more, expected) in [
        (
            "release",
            "139.0",
            json!({}),
            "139.0 published stated announced release",
        ),
        (
            "release",
            "139.0",
            json!({"status": "shipped"}),
            "139.0 shipped stated announced release",
        ),
        (
            "release",
            "139.0",
            json!({"status": "candidate"}),
            "139.0 candidate stated announced ",
        ),
        (
            "nightly",
            "142.0a1",
            json!({}),
            "142.0a1 published stated announced nightly",
        ),
        // A later version shipped, or another build of this one; only the latter is a statement about builds.
        (
            "release",
            "140.0.0.1",
            json!({"status": "candidate"}),
            "140.0.0.1 candidate stated announced ",
        ),
        (
            "release",
            "140.0",
            json!({"status": "shipped"}),
            "140.0 shipped stated announced release",
        ),
        (
            "release",
            "140.0",
            json!({"status": "candidate", "build_number": 2}),
            "140.0 shipped stated shipped_build_number release",
        ),
        (
            "release",
            "140.0rc2",
            json!({}),
            "140.0 shipped stated shipped_build_number release",
        ),
        (
            "release",
            "140.0",
            json!({"status": "shipped", "build_number": 1}),
            "140.0 candidate inferred other_build_shipped ",
        ),
        (
            "release",
            "140.0.1",
            json!({"status": "shipped", "build_number": 2}),
            "140.0.1 aborted inferred other_build_shipped ",
        ),
        (
            "beta",
            "141.0b9",
            json!({"build_number": 2}),
            "141.0b9rc2 aborted inferred other_build_shipped ",
        ),
        (
            "beta",
            "141.0b8",
            json!({"build_number": 2, "status": "candidate"}),
            "141.0b8rc2 candidate stated announced ",
        ),
        ("esr", "140.2.0", json!({}), "140.2.0esr published stated announced esr"),
        (
            "default",
            "139.0",
            json!({"status": "shipped"}),
            "139.0 unofficial stated unofficial_channel ",
        ),
    ] {
        let mut said = facts.to_vec();
        said.push(firefox(channel, version, "20260401093000", &more));
        let builds = derive_all(&said, &[]).builds;
        let shown = |build: &Build| {
            let Build {
                version,
                status,
                certainty,
                reason,
                ..
            } = build;
            format!("{version} {status} {certainty} {reason} {}", build.offered_on.join(","))
        };
        let shown: Vec<String> = builds.iter().map(shown).collect();
        assert_eq!(shown, [expected], "{channel} {version} {more}");
    }
}

#[test]
fn everything_that_is_announced_is_in_the_build() {
    let more = json!({"platform": "win64", "revision": "abc", "repository": "https://example.org/x/",
        "archive_url": "https://example.org/x.zip", "published_at": "1999-01-01T00:00:01Z", "build_number": 7});
    let observation = firefox("beta", "141.0b8", "20260401093000", &more);
    let build = super::only(derive_all(std::slice::from_ref(&observation), &[]));
    assert_eq!(
        (
            build.platform.as_str(),
            build.revision.as_deref(),
            build.repository.as_deref()
        ),
        ("win64", Some("abc"), Some("https://example.org/x"))
    );
    assert_eq!(
        (build.archive_url.as_deref(), build.published_at, build.build_number),
        (Some("https://example.org/x.zip"), Some(915_148_801_000_000), Some(7))
    );
    assert_eq!(
        (build.sources, build.evidence),
        (vec![SourceName::OWN], vec![observation.digest()])
    );
    assert_eq!(build.shipped_on, None);
}

/// What the other sources say: candidates, a release, a nightly, one for partners, one without a platform.
fn others() -> Vec<Observation> {
    let on = |platform| Record {
        platform,
        ..Record::new(
            "20181018182531",
            "firefox/candidates/63.0-candidates/build2",
            "release",
            "63.0",
        )
    };
    let partners = Record {
        platform: "win32",
        ..Record::new("20181020000000", "firefox/releases/63.0-funnelcake1", "release", "63.0")
    };
    let localised = Record {
        locale: "de",
        ..Record::new(
            "20181029164536",
            "firefox/candidates/64.0b5-candidates/build1",
            "beta",
            "64.0",
        )
    };
    let file = json!({"build_id": "20180601120000", "channel": "beta", "version": "62.0b1"});
    let nightly = "firefox/nightly/2019/01/2019-01-01-09-30-00-mozilla-central";
    vec![
        on("win64").observation(),
        on("mac").observation(),
        shipped("firefox-63.0", 2),
        record(
            "20181015152800",
            "firefox/candidates/63.0-candidates/build1",
            "release",
            "63.0",
        ),
        record(
            "20181025233934",
            "firefox/candidates/64.0b4-candidates/build2",
            "beta",
            "64.0",
        ),
        localised.observation(),
        partners.observation(),
        record("20190101093000", nightly, "nightly", "67.0a1"),
        Observation::archive_file(
            "u",
            "https://archive.mozilla.org/pub/firefox/candidates/62.0b1-candidates/build1/x.json",
            file,
        ),
    ]
}

#[test]
fn an_announcement_changes_nothing_that_a_more_trusted_source_leads_to() {
    let others = others();
    let before = derive_all(&others, &[]).builds;
    let more = [
        json!({"status": "shipped", "revision": "other", "build_number": 9, "platform": "win64",
            "repository": "https://example.org/other", "archive_url": "https://example.org/other",
            "published_at": "1999-01-01T00:00:00Z"}),
        json!({"status": "candidate", "revision": "other", "build_number": 9, "published_at": "1999-01-01T00:00:00Z"}),
        json!({"status": "published", "platform": "aaa", "revision": "other",
            "archive_url": "https://example.org/other", "published_at": "1999-01-01T00:00:00Z"}),
    ];
    let question = |build: &Build, channel: &str| Question {
        product: "Firefox".to_owned(),
        channel: channel.to_owned(),
        build_id: build.build_id.to_string(),
        ..Question::default()
    };
    let known = index(&others, &[]);
    // What nobody else says may come from the announcement.
    let filled = |old: &Option<String>, new: &Option<String>| old.clone().or(new.clone());
    for build in &before {
        for version in [build.version.as_str(), "64.0b9", "154.0", "63.0"] {
            for channel in [build.channel.as_str(), "release", "beta"] {
                for more in &more {
                    let mut said = others.clone();
                    said.push(firefox(channel, version, &build.build_id.to_string(), more));
                    let after = derive_all(&said, &[]).builds;
                    for old in &before {
                        let new = after.iter().find(|new| new.key() == old.key());
                        let new = new.unwrap_or_else(|| panic!("{:?} is gone by {said:?}", old.key()));
                        let expected = Build {
                            build_number: old.build_number.or(new.build_number),
                            revision: filled(&old.revision, &new.revision),
                            repository: filled(&old.repository, &new.repository),
                            archive_url: filled(&old.archive_url, &new.archive_url),
                            published_at: old.published_at.or(new.published_at),
                            sources: new.sources.clone(),
                            evidence: new.evidence.clone(),
                            ..old.clone()
                        };
                        assert_eq!(*new, expected, "{version} {channel} {more}");
                        assert!(old.evidence.iter().all(|digest| new.evidence.contains(digest)));
                    }
                    let known_after = index(&said, &[]);
                    for old in &before {
                        for asked in [old.channel.as_str(), ""] {
                            let asked = question(old, asked);
                            let (was, is) = (resolve(&known, &asked), resolve(&known_after, &asked));
                            assert_eq!(
                                (&is.version, is.status, is.certainty, is.reason, &is.alternatives),
                                (&was.version, was.status, was.certainty, was.reason, &was.alternatives),
                                "{asked:?} after {version} {channel} {more}"
                            );
                            if let (Some(was), Some(is)) = (was.build, is.build) {
                                assert_eq!(is.revision, filled(&was.revision, &is.revision));
                                assert_eq!(is.archive_url, filled(&was.archive_url, &is.archive_url));
                                assert_eq!(is.published_at, filled(&was.published_at, &is.published_at));
                                assert_eq!(is.offered_on, was.offered_on);
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_announcement_is_evidence_beside_other_sources_and_fills_in_what_they_lack() {
    let folder = "firefox/candidates/64.0b4-candidates/build2";
    let known = record("20181025233934", folder, "beta", "64.0");
    let more = json!({"platform": "win64", "revision": "other", "status": "shipped"});
    let own = firefox("beta", "64.0b4", "20181025233934", &more);
    let derived = derive_all(&[known.clone(), own.clone()], &[]);
    assert_eq!(derived.conflicts.len(), 1);
    let conflict = &derived.conflicts[0];
    assert_eq!(
        (conflict.field, conflict.chosen.as_str()),
        ("revision", "rev20181025233934")
    );
    let build = super::only(derived);
    assert_eq!(build.sources, [SourceName::BUILDHUB, SourceName::OWN]);
    let mut evidence = vec![known.digest(), own.digest()];
    evidence.sort();
    assert_eq!((build.evidence, build.status), (evidence, Status::Candidate));

    // On a platform of its own it is the same build.
    let own = firefox("beta", "64.0b4", "20181025233934", &json!({"platform": "haiku"}));
    let builds = derive_all(&[known, own], &[]).builds;
    let shown: Vec<String> = builds
        .iter()
        .map(|build| {
            format!(
                "{} {} {} {:?}",
                build.platform, build.version, build.status, build.sources
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "haiku 64.0b4rc2 candidate [own]",
            "win64 64.0b4rc2 candidate [buildhub]"
        ]
    );
}

#[test]
fn an_announcement_is_believed_before_a_table() {
    let row = csv("Firefox", "beta", "40.0b1rc1", "20150702113555");
    let more = json!({"status": "published", "platform": "win64"});
    let own = firefox("beta", "40.0b1", "20150702113555", &more);
    let build = super::only(derive_all(&[row, own], &[]));
    assert_eq!(
        (
            build.version.as_str(),
            build.platform.as_str(),
            build.status,
            build.reason,
            build.certainty
        ),
        (
            "40.0b1",
            "win64",
            Status::Published,
            Reason::Announced,
            Certainty::Stated
        )
    );
    assert_eq!((build.build_number, build.evidence.len()), (Some(1), 2));
    assert_eq!(build.sources, [SourceName::OWN, SourceName::CSV]);
}

#[test]
fn one_announcement_for_all_platforms_holds_beside_those_of_single_ones() {
    let all = json!({"revision": "abc", "status": "candidate"});
    let said = [
        firefox("release", "154.0", "20260401093000", &all),
        firefox(
            "release",
            "154.0",
            "20260401093000",
            &json!({"platform": "win64", "status": "shipped"}),
        ),
    ];
    let build = super::only(derive_all(&said, &[]));
    assert_eq!(
        (
            build.platform.as_str(),
            build.revision.as_deref(),
            build.status,
            build.evidence.len()
        ),
        ("win64", Some("abc"), Status::Shipped, 2)
    );
}

#[test]
fn an_announcement_is_read_with_what_others_say_of_its_build() {
    assert!(Product::FIREFOX.has_release_process());
    let id = "20260401093000";
    let group = |observation: &Observation| crate::group_of(observation).unwrap().to_string();
    assert_eq!(group(&firefox("beta", "154.0", id, &json!({}))), "Firefox 154.0");
    assert_eq!(
        group(&firefox("nightly", "154.0a1", id, &json!({}))),
        "Firefox 20260401093000"
    );
    assert_eq!(
        group(&firefox("default", "154.0", id, &json!({}))),
        "Firefox 20260401093000"
    );
    let build = super::only(derive_all(&[firefox("beta", "154.0", id, &json!({}))], &[]));
    assert_eq!(build.channel, "beta", "nobody else tells of it");
    // Buildhub says that it is the release's file, which beta users got as its candidate.
    let known = record(id, "firefox/candidates/154.0-candidates/build1", "release", "154.0");
    let own = firefox("beta", "154.0", id, &json!({"platform": "win64"}));
    let build = super::only(derive_all(&[known, own], &[]));
    assert_eq!(
        (build.channel.as_str(), build.sources),
        ("release", vec![SourceName::BUILDHUB, SourceName::OWN])
    );
}
