use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Check, Finding, OnPlatform, Scores, Severity, late_platforms, shipped_without_build};
use crate::derive::facts::facts;
use crate::names::product::{Directory, Product};
use crate::names::version::Version;
use crate::said::observation::{Observation, SourceName};

#[test]
fn checks_read_back_and_each_says_what_to_do() {
    for check in Check::ALL {
        assert_eq!(Check::named(check.as_str()), Some(check));
        assert_eq!(serde_json::to_value(check).unwrap(), check.as_str());
        assert!(check.advice().len() > 20);
    }
}

#[test]
fn what_shipped_without_a_build_is_bad_when_it_is_recent() {
    let shipped = |key: &str, date: &str| {
        let entry = json!({"build_number": 2, "date": date});
        Observation::shipped_release("https://example.org/1.0/firefox.json", key, &entry).unwrap()
    };
    let known = facts(&[
        shipped("firefox-64.0b4", "2018-10-26"),
        shipped("devedition-64.0b4", "2018-10-26"),
        shipped("firefox-3.6.3", "2010-04-01"),
        shipped("firefox-60.3.0esr", "2018-10-23"),
        // A line listed without its builds' suffix; and an ordinary release beside an ESR.
        shipped("thunderbird-45.1.0", "2018-10-26"),
        shipped("firefox-60.0", "2018-05-09"),
        shipped("firefox-60.0esr", "2018-05-09"),
        shipped("fenix-84.0.0-beta.2", "2020-11-20"),
    ]);
    let key = |directory, version: &str| (directory, version.parse::<Version>().unwrap().key());
    let built = BTreeSet::from([
        key(Directory::FIREFOX, "64.0b4"),
        key(Directory::FIREFOX, "60.3.0esr"),
        key(Directory::FIREFOX, "60.0esr"),
        key(Directory::THUNDERBIRD, "45.1.0esr"),
    ]);
    let newest = "2018-11-01".parse().ok();
    let found: Vec<(String, Severity)> = shipped_without_build(&known, &built, newest)
        .into_iter()
        .map(|finding| (finding.subject, finding.severity))
        .collect();
    assert_eq!(
        found,
        [
            ("firefox 3.6.3".to_owned(), Severity::Note),
            ("firefox 60.0".to_owned(), Severity::Note),
            ("devedition 64.0b4".to_owned(), Severity::Bad),
        ]
    );
}

fn build(id: &str, version: &str, platform: &str) -> OnPlatform {
    OnPlatform {
        build_id: id.parse().unwrap(),
        version: version.parse().unwrap(),
        platform: platform.to_owned(),
    }
}

fn short(findings: &[Finding]) -> Vec<(&str, &str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.subject.as_str(), finding.found.as_str(), finding.severity))
        .collect()
}

#[test]
fn a_platform_that_others_have_is_late_and_then_missing() {
    let mut builds = Vec::new();
    for day in 1..=6 {
        let id = format!("202608{day:02}093000");
        builds.push(build(&id, "154.0a1", "win64"));
        // Mac is missing on two days, and is not there yet for the newest build.
        if ![2, 3, 6].contains(&day) {
            builds.push(build(&id, "154.0a1", "mac"));
        }
        // A platform that most builds lack is not usual.
        if day == 1 {
            builds.push(build(&id, "154.0a1", "linux-aarch64"));
        }
    }
    // One more day of mac makes it usual.
    builds.push(build("20260731093000", "154.0a1", "mac"));
    builds.push(build("20260731093000", "154.0a1", "win64"));
    let newest = "20260806093000".parse().unwrap();
    assert_eq!(
        short(&late_platforms(Product::FIREFOX, "nightly", &builds, newest)),
        [(
            "Firefox nightly mac",
            "missing in 2 of 7 builds: 20260803093000, 20260802093000",
            Severity::Bad
        )]
    );
    // Eight hours later than the newest build, as shown by another build of the product.
    let later = "20260806173000".parse().unwrap();
    let found = late_platforms(Product::FIREFOX, "nightly", &builds, later);
    assert_eq!(
        short(&found)[0].1,
        "missing in 3 of 7 builds: 20260806093000, 20260803093000, 20260802093000"
    );
    builds.retain(|build| !["20260802093000", "20260803093000"].contains(&build.build_id.to_string().as_str()));
    let found = late_platforms(Product::FIREFOX, "nightly", &builds, later);
    assert_eq!(
        short(&found),
        [(
            "Firefox nightly mac",
            "late in 1 of 5 builds: 20260806093000",
            Severity::Warning
        )]
    );
}

#[test]
fn each_line_of_extended_support_has_platforms_of_its_own() {
    let mut builds = Vec::new();
    for (day, minor) in [("01", 1), ("08", 2), ("15", 3), ("22", 4)] {
        for (line, platforms) in [(115, ["linux-i686", "win64"]), (140, ["linux-aarch64", "win64"])] {
            let version = format!("{line}.{minor}.0esr");
            for platform in platforms {
                builds.push(build(&format!("202605{day}103226"), &version, platform));
            }
        }
    }
    let newest = "20260601000000".parse().unwrap();
    assert!(late_platforms(Product::FIREFOX, "esr", &builds, newest).is_empty());
    builds.retain(|build| build.version.as_str() != "115.2.0esr" || build.platform == "win64");
    assert_eq!(
        short(&late_platforms(Product::FIREFOX, "esr", &builds, newest)),
        [(
            "Firefox esr 115 linux-i686",
            "missing in 1 of 4 builds: 115.2.0esr",
            Severity::Bad
        )]
    );
}

#[test]
fn platforms_of_one_version_may_have_different_ids() {
    // 54.0b5: Windows and Mac have another id than Linux.
    let mut builds = vec![
        build("20170504103226", "54.0b5", "win64"),
        build("20170504173217", "54.0b5", "linux-x86_64"),
    ];
    for (id, version) in [
        ("20170501103226", "54.0b4"),
        ("20170427103226", "54.0b3"),
        ("20170423103226", "54.0b2"),
    ] {
        builds.push(build(id, version, "win64"));
        builds.push(build(id, version, "linux-x86_64"));
    }
    // A candidate that did not ship was made for one platform only.
    builds.push(build("20170430103226", "54.0b4rc1", "win64"));
    let newest = "20170601000000".parse().unwrap();
    assert!(late_platforms(Product::FIREFOX, "beta", &builds, newest).is_empty());
    builds.retain(|build| build.platform == "win64" || build.version.as_str() != "54.0b4");
    let found = late_platforms(Product::FIREFOX, "beta", &builds, newest);
    assert_eq!(
        short(&found),
        [(
            "Firefox beta linux-x86_64",
            "missing in 1 of 4 builds: 54.0b4",
            Severity::Bad
        )]
    );
    assert!(late_platforms(Product::FIREFOX, "beta", &builds[..2], newest).is_empty());
}

#[test]
fn scores_tell_who_is_late_and_who_has_holes() {
    let (buildhub, archive) = (SourceName::BUILDHUB, SourceName::ARCHIVE);
    let second = 1_000_000;
    let mut scores = Scores::default();
    // Both were first read at second 100: builds listed then tell nothing.
    scores.add_build(
        Product::FIREFOX,
        "nightly",
        BTreeMap::from([(buildhub, 100 * second), (archive, 100 * second)]),
    );
    for number in 1..=20 {
        let seen = (1000 + number) * second;
        let first = BTreeMap::from([(archive, seen), (buildhub, seen + number * second)]);
        scores.add_build(Product::FIREFOX, "nightly", first);
    }
    scores.add_build(Product::FIREFOX, "nightly", BTreeMap::from([(archive, 5000 * second)]));
    // The archive is not asked for what Buildhub knows; it is asked for what only a table has, and a table never is.
    scores.add_build(Product::FIREFOX, "release", BTreeMap::from([(buildhub, 5000 * second)]));
    scores.add_build(
        Product::FIREFOX,
        "release",
        BTreeMap::from([(SourceName::CSV, 5000 * second)]),
    );
    scores.add_contradiction(SourceName::PRODUCT_DETAILS, Product::FIREFOX, "release");
    scores.add_contradiction(buildhub, Product::FIREFOX, "nightly");
    scores.add_withdrawal(SourceName::PRODUCT_DETAILS, Product::FIREFOX, "beta");
    // An announcement that is made anew closes the one before, and the time of the first one is not known any more.
    for seen in [6000, 7000] {
        let first = BTreeMap::from([(SourceName::OWN, seen * second), (SourceName::CSV, 5500 * second)]);
        scores.add_build(Product::FIREFOX, "esr", first);
    }
    scores.add_withdrawal(SourceName::OWN, Product::FIREFOX, "esr");
    let found = scores.finish();
    let row = |source, channel: &str| {
        let found = found
            .iter()
            .find(|score| score.source == source && score.channel == channel)
            .unwrap();
        (
            (found.builds, found.timed, found.holes),
            (found.median_delay_seconds, found.p95_delay_seconds),
            (found.contradictions, found.withdrawals),
        )
    };
    assert_eq!(row(buildhub, "nightly"), ((21, 20, 1), (Some(10), Some(19)), (1, 0)));
    assert_eq!(row(archive, "nightly"), ((22, 21, 0), (Some(0), Some(0)), (0, 0)));
    assert_eq!(row(SourceName::OWN, "esr"), ((2, 0, 0), (None, None), (0, 0)));
    for (source, builds, holes) in [
        (buildhub, 1, 1),
        (archive, 0, 1),
        (SourceName::CSV, 1, 0),
        (SourceName::PRODUCT_DETAILS, 0, 0),
    ] {
        let found = row(source, "release").0;
        assert_eq!((found.0, found.2), (builds, holes), "{source:?}");
    }
    assert_eq!(
        row(SourceName::PRODUCT_DETAILS, "beta"),
        ((0, 0, 0), (None, None), (0, 1))
    );
}
