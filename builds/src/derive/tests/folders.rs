//! Facts are matched by the version of a folder or record, which can differ from the build's name.

use crate::said::observation::Observation;
use crate::samples::{Record, csv, record, shipped};
use crate::{Certainty, Reason, Status, derive_all};

/// The conclusions, abbreviated: channel, version, build number, status, certainty.
fn verdicts(observations: &[Observation]) -> Vec<String> {
    let builds = derive_all(observations, &[]).builds;
    let shown = builds.iter().map(|build| {
        format!(
            "{} {} {:?} {} {}",
            build.channel, build.version, build.build_number, build.status, build.certainty
        )
    });
    shown.collect()
}

fn thunderbird(id: &str, version: &str, number: u32, channel: &str) -> Observation {
    let folder = format!("thunderbird/candidates/{version}-candidates/build{number}");
    Record {
        product: "thunderbird",
        ..Record::new(id, &folder, channel, version)
    }
    .observation()
}

#[test]
fn a_line_whose_folders_and_keys_lack_esr_is_matched_by_them() {
    let found = verdicts(&[
        thunderbird("20160510000000", "45.1.0", 2, "esr"),
        thunderbird("20160511000000", "45.1.0", 3, "esr"),
        shipped("thunderbird-45.1.0", 3),
    ]);
    assert_eq!(
        found,
        [
            "esr 45.1.0esr Some(2) aborted inferred",
            "esr 45.1.0esr Some(3) shipped stated"
        ]
    );
    let build = &derive_all(
        &[
            record(
                "20130216200614",
                "firefox/candidates/17.0.3-candidates/build1",
                "esr",
                "17.0.3",
            ),
            Observation::release_directory("u", "firefox", "17.0.3"),
        ],
        &[],
    )
    .builds[0];
    assert_eq!(
        (build.version.as_str(), build.status, build.certainty, build.reason),
        (
            "17.0.3esr",
            Status::Shipped,
            Certainty::Inferred,
            Reason::HighestBuildNumberReleased
        )
    );
    assert_eq!(build.evidence.len(), 2, "the folder of releases is evidence");
}

#[test]
fn a_key_with_esr_fits_a_folder_without_it_and_the_other_way() {
    let folder = |version: &str| {
        record(
            "20121005155445",
            &format!("firefox/candidates/{version}-candidates/build1"),
            "esr",
            "10.0.12",
        )
    };
    assert_eq!(
        verdicts(&[folder("10.0.12"), shipped("firefox-10.0.12esr", 1)]),
        ["esr 10.0.12esr Some(1) shipped stated"]
    );
    // The key does not name an ESR: that it means this one is inferred, not stated.
    assert_eq!(
        verdicts(&[folder("10.0.12esr"), shipped("firefox-10.0.12", 1)]),
        ["esr 10.0.12esr Some(1) shipped inferred"]
    );
    assert_eq!(
        verdicts(&[
            folder("10.0.12esr"),
            Observation::release_history("u", "firefox", "10.0.12", "2013-01-08", false)
        ]),
        ["esr 10.0.12esr Some(1) shipped inferred"]
    );
}

#[test]
fn an_ordinary_version_of_the_same_number_says_nothing_about_the_esr() {
    // 17.0.1 shipped as build1, 17.0.1esr as build2, each with builds of its own.
    let release = record(
        "20121128204232",
        "firefox/candidates/17.0.1-candidates/build1",
        "release",
        "17.0.1",
    );
    let esr = |number: u32, id: &str| {
        let folder = format!("firefox/candidates/17.0.1esr-candidates/build{number}");
        record(id, &folder, "esr", "17.0.1")
    };
    assert_eq!(
        verdicts(&[
            release.clone(),
            esr(1, "20121128000000"),
            esr(2, "20121129000000"),
            shipped("firefox-17.0.1", 1),
            shipped("firefox-17.0.1esr", 2),
        ]),
        [
            "esr 17.0.1esr Some(1) aborted inferred",
            "esr 17.0.1esr Some(2) shipped stated",
            "release 17.0.1 Some(1) shipped stated",
        ]
    );
    assert_eq!(
        verdicts(&[release, esr(1, "20121128000000"), shipped("firefox-17.0.1", 1)]),
        [
            "esr 17.0.1esr Some(1) candidate stated",
            "release 17.0.1 Some(1) shipped stated",
        ]
    );
}

#[test]
fn what_lies_among_the_releases_without_esr_has_shipped() {
    let released = record("20130216200614", "firefox/releases/17.0.3", "esr", "17.0.3");
    assert_eq!(
        verdicts(&[released, shipped("firefox-17.0.3", 1)]),
        ["esr 17.0.3esr Some(1) shipped stated"]
    );
    // A row of Crash Stats' table has no folder; its name is the one with esr or without.
    for version in ["17.0.3", "17.0.3esr"] {
        assert_eq!(
            verdicts(&[
                csv("Firefox", "esr", version, "20130216200614"),
                shipped("firefox-17.0.3esr", 1)
            ]),
            ["esr 17.0.3esr Some(1) shipped stated"]
        );
    }
}

#[test]
fn a_later_version_without_esr_ends_a_line_that_lacks_it() {
    assert_eq!(
        verdicts(&[
            thunderbird("20160510000000", "45.1.0", 1, "esr"),
            shipped("thunderbird-45.1.1", 1),
        ])[..1],
        ["esr 45.1.0esr Some(1) aborted inferred"]
    );
}
