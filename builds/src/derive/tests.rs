use serde_json::json;

use crate::derive::correction::{Correction, CorrectionKind, Field};
use crate::said::observation::{Observation, SourceName};
use crate::samples::{Record, beta_copy, csv, record, shipped};
use crate::{Build, Certainty, Derived, GroupKey, Reason, Status, derive, derive_all, facts, group_of};

mod announced;
mod corrections;
mod folders;

fn state(id: i64, subject: &str, field: Field, value: &str) -> Correction {
    Correction {
        id,
        kind: CorrectionKind::State,
        subject: subject.to_owned(),
        field: Some(field),
        value: Some(value.to_owned()),
        author: "a".to_owned(),
        reason: "r".to_owned(),
    }
}

fn ignore(subject: &str) -> Correction {
    Correction {
        kind: CorrectionKind::Ignore,
        field: None,
        value: None,
        ..state(1, subject, Field::Status, "")
    }
}

fn only(derived: Derived) -> Build {
    let [build] = <[Build; 1]>::try_from(derived.builds).expect("one build");
    build
}

#[test]
fn both_generations_of_records_name_one_build() {
    let folder = "devedition/candidates/61.0b4-candidates/build1";
    let migrated = json!({
        "build": {"id": "20180510160705", "number": 1, "date": "2018-05-10T16:07:05Z"},
        "source": {
            "tree": "releases/mozilla-beta", "product": "devedition", "revision": "rev20180510160705",
            "repository": "https://hg.mozilla.org/releases/mozilla-beta",
        },
        "target": {"os": "mac", "locale": "ca", "channel": "aurora", "version": "61.0b4rc1", "platform": "macosx"},
        "download": {
            "url": format!("https://archive.mozilla.org/pub/{folder}/mac/ca/Firefox 61.0b4.dmg"),
            "date": "2018-05-10T18:02:17Z", "size": 1, "mimetype": "x",
        },
    });
    let migrated = Observation::buildhub_record(SourceName::BUILDHUB, "u", migrated).unwrap();
    let native = Record {
        platform: "mac",
        ..Record::new("20180510160705", folder, "aurora", "61.0")
    }
    .observation();
    for observations in [vec![migrated.clone()], vec![native.clone()], vec![migrated, native]] {
        let build = only(derive_all(&observations, &[]));
        assert_eq!(
            (build.product.as_str(), build.channel.as_str(), build.platform.as_str()),
            ("Firefox", "aurora", "mac")
        );
        assert_eq!(
            (build.version.as_str(), build.build_number, build.status),
            ("61.0b4rc1", Some(1), Status::Candidate)
        );
        assert_eq!(
            build.evidence.len(),
            1,
            "a repack is no evidence beside the build's own record"
        );
    }
}

#[test]
fn esr_records_of_both_generations_have_one_version() {
    let folder = "firefox/candidates/60.3.0esr-candidates/build1";
    for version in ["60.3.0", "60.3.0esr"] {
        let build = only(derive_all(
            &[
                record("20181017185317", folder, "esr", version),
                shipped("firefox-60.3.0esr", 1),
            ],
            &[],
        ));
        assert_eq!(
            (build.version.as_str(), build.line.to_string().as_str(), build.status),
            ("60.3.0esr", "60", Status::Shipped)
        );
        assert_eq!(build.sources, [SourceName::BUILDHUB, SourceName::PRODUCT_DETAILS]);
    }
}

#[test]
fn a_releases_record_and_its_copy_for_beta_are_one_build() {
    let folder = "firefox/candidates/70.0-candidates/build2";
    let records = [
        record("20191016161957", folder, "release", "70.0"),
        beta_copy("20191016161957", folder, "70.0"),
    ];
    let build = only(derive_all(&records, &[]));
    assert_eq!(
        (build.channel.as_str(), build.version.as_str(), build.evidence.len()),
        ("release", "70.0", 2)
    );
    assert_eq!(build.offered_on, ["beta"]);
    assert_eq!(only(derive_all(&records[1..], &[])).channel, "release");
}

#[test]
fn a_reuploaded_build_keeps_its_first_upload_and_both_records() {
    let first = Record::new(
        "20181025233934",
        "firefox/candidates/64.0b4-candidates/build2",
        "beta",
        "64.0",
    );
    let again = Record {
        uploaded: "2018-10-27T00:00:00+00:00",
        ..Record::new(first.id, first.folder, "beta", "64.0")
    };
    let build = only(derive_all(&[again.observation(), first.observation()], &[]));
    assert_eq!(build.evidence.len(), 2);
    assert_eq!(build.published_at, Some(1_540_511_999_000_000));
}

#[test]
fn contradicting_records_are_a_conflict_and_the_later_upload_is_believed() {
    let first = Record::new(
        "20181025233934",
        "firefox/candidates/64.0b4-candidates/build2",
        "beta",
        "64.0",
    );
    let mut value = first.value();
    value["source"]["revision"] = json!("other");
    value["download"]["date"] = json!("2018-10-27T00:00:00+00:00");
    let again = Observation::buildhub_record(SourceName::BUILDHUB, "u", value).unwrap();
    let derived = derive_all(&[first.observation(), again], &[]);
    assert_eq!(derived.conflicts.len(), 1);
    assert_eq!(
        (derived.conflicts[0].field, derived.conflicts[0].chosen.as_str()),
        ("revision", "other")
    );
    assert_eq!(derived.builds[0].revision.as_deref(), Some("other"));
}

#[test]
fn the_folder_of_releases_makes_the_highest_build_number_shipped_by_inference() {
    let mut observations = vec![
        record(
            "20181025143507",
            "firefox/candidates/64.0b4-candidates/build9",
            "beta",
            "64.0",
        ),
        record(
            "20181025233934",
            "firefox/candidates/64.0b4-candidates/build10",
            "beta",
            "64.0",
        ),
        Observation::release_directory("u", "firefox", "64.0b4"),
    ];
    let verdicts = |observations: &[Observation]| -> Vec<(String, Status, Certainty)> {
        derive_all(observations, &[])
            .builds
            .into_iter()
            .map(|build| (build.version.to_string(), build.status, build.certainty))
            .collect()
    };
    assert_eq!(
        verdicts(&observations),
        [
            ("64.0b4rc9".to_owned(), Status::Aborted, Certainty::Inferred),
            ("64.0b4".to_owned(), Status::Shipped, Certainty::Inferred)
        ]
    );
    observations.push(shipped("firefox-64.0b4", 9));
    assert_eq!(
        verdicts(&observations),
        [
            ("64.0b4rc10".to_owned(), Status::Aborted, Certainty::Inferred),
            ("64.0b4".to_owned(), Status::Shipped, Certainty::Stated)
        ]
    );
}

#[test]
fn what_lies_among_the_releases_has_shipped_without_a_known_number() {
    let released = record("20181025233934", "firefox/releases/64.0b4", "beta", "64.0b4");
    let lost = record(
        "20181025143507",
        "firefox/candidates/64.0b4-candidates/build1",
        "beta",
        "64.0",
    );
    let found: Vec<_> = derive_all(&[released, lost], &[])
        .builds
        .into_iter()
        .map(|build| (build.version.to_string(), build.reason))
        .collect();
    assert_eq!(
        found,
        [
            ("64.0b4rc1".to_owned(), Reason::OtherBuildShipped),
            ("64.0b4".to_owned(), Reason::InReleases)
        ]
    );
}

#[test]
fn a_beta_is_not_named_from_its_releases_number_alone() {
    assert!(group_of(&record("20181025233934", "elsewhere", "beta", "64.0")).is_err());
    assert_eq!(
        only(derive_all(
            &[record("20181025233934", "elsewhere", "beta", "68.0b7")],
            &[]
        ))
        .version
        .as_str(),
        "68.0b7"
    );
}

#[test]
fn metadata_files_of_the_archive_are_read_with_their_path() {
    let file =
        |path: &str, body| Observation::archive_file("u", &format!("https://archive.mozilla.org/pub/{path}"), body);
    let build = only(derive_all(
        &[
            file(
                "devedition/candidates/64.0b4-candidates/build2/win64_info.txt",
                json!({"build_id": "20181025233934", "platform": "win64"}),
            ),
            file(
                "devedition/candidates/64.0b4-candidates/build2/win64/en-US/firefox-64.0b4.json",
                json!({"build_id": "20181025233934", "version": "64.0", "channel": "aurora", "revision": "abc"}),
            ),
        ],
        &[],
    ));
    assert_eq!(
        (
            build.version.as_str(),
            build.channel.as_str(),
            build.platform.as_str(),
            build.revision.as_deref()
        ),
        ("64.0b4rc2", "aurora", "win64", Some("abc"))
    );
    assert_eq!(build.evidence.len(), 2);
}

#[test]
fn groups_are_numbers_of_a_product_or_single_nightlies() {
    for (observation, expected) in [
        (
            record(
                "20181025233934",
                "firefox/candidates/64.0b4-candidates/build2",
                "beta",
                "64.0",
            ),
            "Firefox 64.0",
        ),
        (
            record(
                "20180510160705",
                "devedition/candidates/61.0b4-candidates/build1",
                "aurora",
                "61.0",
            ),
            "Firefox 61.0",
        ),
        (
            record(
                "20181017185317",
                "firefox/candidates/60.3.0esr-candidates/build1",
                "esr",
                "60.3.0",
            ),
            "Firefox 60.3",
        ),
        (
            record(
                "20190101093000",
                "firefox/nightly/2019/01/2019-01-01-09-30-00-mozilla-central",
                "nightly",
                "67.0a1",
            ),
            "Firefox 20190101093000",
        ),
        (shipped("devedition-61.0b4", 1), "Firefox 61.0"),
        (shipped("firefox-60.3.0esr", 1), "Firefox 60.3"),
        (
            Observation::current_versions("u", "firefox_versions.json", json!({})),
            "file firefox_versions.json",
        ),
    ] {
        let key = group_of(&observation).unwrap();
        assert_eq!(key.to_string(), expected);
        assert_eq!(expected.parse::<GroupKey>(), Ok(key));
    }
}

#[test]
fn moving_copies_and_unknown_products_yield_nothing() {
    for observation in [
        record(
            "20190101093000",
            "firefox/nightly/latest-mozilla-central",
            "nightly",
            "67.0a1",
        ),
        record(
            "20181399999999",
            "firefox/candidates/64.0b4-candidates/build2",
            "beta",
            "64.0",
        ),
        csv("Unheard", "beta", "1.0b1", "20181025233934"),
    ] {
        assert!(group_of(&observation).is_err());
        assert!(derive_all(&[observation], &[]).builds.is_empty());
    }
}

#[test]
fn any_order_of_observations_gives_the_same_bytes() {
    let mut observations = vec![
        record(
            "20181025233934",
            "firefox/candidates/64.0b4-candidates/build2",
            "beta",
            "64.0",
        ),
        record(
            "20181025143507",
            "firefox/candidates/64.0b4-candidates/build1",
            "beta",
            "64.0",
        ),
        record(
            "20181018182531",
            "firefox/candidates/64.0-candidates/build2",
            "release",
            "64.0",
        ),
        beta_copy("20181018182531", "firefox/candidates/64.0-candidates/build2", "64.0"),
        Record {
            locale: "fr",
            ..Record::new("20181018182531", "firefox/releases/64.0", "release", "64.0")
        }
        .observation(),
        Record {
            platform: "macosx-eme-free",
            ..Record::new(
                "20181018182531",
                "firefox/candidates/64.0-candidates/build2",
                "release",
                "64.0",
            )
        }
        .observation(),
        csv("Firefox", "release", "64.0", "20181018182531"),
        csv("Firefox", "beta", "64.0rc2", "20181018182531"),
        shipped("firefox-64.0", 1),
        shipped("firefox-64.0", 2),
        shipped("firefox-64.0b4", 2),
    ];
    let key: GroupKey = "Firefox 64.0".parse().unwrap();
    let bytes = |observations: &[Observation]| {
        serde_json::to_string(&derive(&key, observations, &[], &facts(observations))).unwrap()
    };
    let expected = bytes(&observations);
    // Every rotation of the list and of its reverse: each observation comes both before and after every other.
    for _ in 0..2 {
        observations.reverse();
        for _ in 0..observations.len() {
            observations.rotate_left(1);
            assert_eq!(bytes(&observations), expected);
        }
    }
    let derived = derive(&key, &observations, &[], &facts(&observations));
    assert!(derived.builds.iter().all(|build| build.evidence.is_sorted()));
    assert_eq!(derived.conflicts.len(), 1, "{:#?}", derived.conflicts);
}

#[test]
fn one_file_with_two_build_ids_is_a_conflict_and_both_are_known() {
    let folder = "firefox/candidates/64.0b4-candidates/build2";
    // The later record comes from a mirror, at the same path.
    let first = Record::new("20181025233934", folder, "beta", "64.0");
    let mut second = Record::new("20181026100000", folder, "beta", "64.0").value();
    second["download"]["url"] = json!(format!(
        "https://mirror.example/pub/{folder}/win64/en-US/Setup%2064.0.exe"
    ));
    let second = Observation::buildhub_record(SourceName::BUILDHUB, "u", second).unwrap();
    // Another platform's file has its own id, which is no conflict.
    let other = Record {
        platform: "mac",
        ..Record::new("20181025235959", folder, "beta", "64.0")
    };
    let derived = derive_all(
        &[
            first.observation(),
            second,
            other.observation(),
            shipped("firefox-64.0b4", 2),
        ],
        &[],
    );
    let builds: Vec<String> = derived
        .builds
        .iter()
        .map(|build| format!("{} {} {}", build.build_id, build.version, build.status))
        .collect();
    assert_eq!(
        builds,
        [
            "20181025233934 64.0b4 shipped",
            "20181025235959 64.0b4 shipped",
            "20181026100000 64.0b4 shipped"
        ]
    );
    let [conflict] = &derived.conflicts[..] else {
        panic!("{:#?}", derived.conflicts)
    };
    assert_eq!(
        (conflict.subject.as_str(), conflict.field, conflict.chosen.as_str()),
        (
            "Firefox /pub/firefox/candidates/64.0b4-candidates/build2/win64/en-US/Setup%2064.0.exe",
            "build_id",
            "20181026100000"
        )
    );
    assert_eq!(
        conflict.values.keys().collect::<Vec<_>>(),
        ["20181025233934", "20181026100000"]
    );
}

#[test]
fn a_folder_in_which_several_builds_lie_is_no_conflict() {
    let row = |id: &str| {
        let folder = "https://archive.mozilla.org/pub/firefox/candidates/54.0b5-candidates/build1/";
        Observation::csv_row("f", "Firefox", "beta", "54.0b5", id, Some(folder))
    };
    let derived = derive_all(&[row("20170504103226"), row("20170504173217")], &[]);
    assert_eq!((derived.builds.len(), derived.conflicts), (2, Vec::new()));
}
