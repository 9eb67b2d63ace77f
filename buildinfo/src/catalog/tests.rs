use super::{compare, latest, versions};
use crate::build::{Build, Status};
use crate::derive::derive_all;
use crate::index::BuildIndex;
use crate::observation::{Observation, SourceName};
use crate::product::Product;
use serde_json::json;

fn record(channel: &str, version: &str, number: u32, platform: &str, id: &str) -> Observation {
    let repository = match channel {
        "release" => "mozilla-release",
        "esr" => "mozilla-esr60",
        _ => "mozilla-beta",
    };
    let record = json!({
        "build": {"id": id},
        "source": {
            "product": "firefox",
            "repository": format!("https://hg.mozilla.org/releases/{repository}"),
            "revision": format!("rev{id}"),
        },
        "target": {"channel": channel, "platform": platform, "locale": "en-US", "version": version},
        "download": {"url": format!("https://archive.mozilla.org/pub/firefox/candidates/{version}-candidates/build{number}/{platform}/en-US/f.exe")},
    });
    Observation::buildhub_record(SourceName::Buildhub, "u", record).unwrap()
}

fn index() -> BuildIndex {
    let shipped = |key: &str, number: u32| {
        let entry = json!({ "build_number": number, "date": "2018-10-26" });
        Observation::shipped_release("u", key, &entry).unwrap()
    };
    let observations = [
        record("beta", "64.0b4", 1, "win64", "20181025143507"),
        record("beta", "64.0b4", 2, "win64", "20181025233934"),
        record("beta", "64.0b4", 2, "mac", "20181025233934"),
        record("beta", "64.0b4", 2, "linux-x86_64", "20181026010101"),
        shipped("firefox-64.0b4", 2),
        record("beta", "64.0b5", 1, "win64", "20181029164536"),
        record("release", "63.0", 2, "win64", "20181018182531"),
        shipped("firefox-63.0", 2),
        record("esr", "60.3.0esr", 1, "win64", "20181017185317"),
        record("esr", "52.9.0esr", 1, "win64", "20180621064021"),
        shipped("firefox-60.3.0esr", 1),
        shipped("firefox-52.9.0esr", 1),
    ];
    let builds: Vec<Build> = derive_all(&observations, &[]).builds;
    BuildIndex::from_builds(7, &builds).unwrap()
}

#[test]
fn a_version_has_all_its_builds_and_the_number_that_shipped() {
    let index = index();
    let all = versions(&index, Product::Firefox, None);
    let names: Vec<String> = all
        .iter()
        .map(|one| format!("{} {}", one.channel, one.version))
        .collect();
    assert_eq!(
        names,
        [
            "beta 64.0b5",
            "beta 64.0b4",
            "release 63.0",
            "esr 60.3.0esr",
            "esr 52.9.0esr"
        ]
    );
    let b4 = &all[1];
    assert_eq!(b4.shipped_build_number, Some(2));
    assert_eq!(b4.shipped_on.unwrap().to_string(), "2018-10-26");
    let builds: Vec<_> = b4
        .builds
        .iter()
        .map(|one| {
            (
                one.version.as_str(),
                one.build_number,
                one.platforms.len(),
                one.status,
            )
        })
        .collect();
    assert_eq!(
        builds,
        [
            ("64.0b4rc1", Some(1), 1, Status::Aborted),
            ("64.0b4", Some(2), 2, Status::Shipped),
            ("64.0b4", Some(2), 1, Status::Shipped),
        ]
    );
    assert_eq!(all[0].shipped_build_number, None);
    assert_eq!(versions(&index, Product::Firefox, Some("esr")).len(), 2);
    assert!(versions(&index, Product::Thunderbird, None).is_empty());
}

#[test]
fn each_line_has_its_newest_build() {
    let index = index();
    let names = |channel: &str, line: Option<&str>| {
        latest(
            &index,
            Product::Firefox,
            channel,
            line.map(|line| line.parse().unwrap()),
        )
        .iter()
        .map(|one| format!("{} {} {}", one.line, one.version, one.build.build_id))
        .collect::<Vec<_>>()
    };
    assert_eq!(names("beta", None), ["main 64.0b4 20181026010101"]);
    assert_eq!(names("release", Some("main")), ["main 63.0 20181018182531"]);
    assert_eq!(
        names("esr", None),
        ["52 52.9.0esr 20180621064021", "60 60.3.0esr 20181017185317"]
    );
    assert_eq!(names("esr", Some("60")), ["60 60.3.0esr 20181017185317"]);
    assert!(names("nightly", None).is_empty());
}

#[test]
fn two_builds_of_one_repository_have_a_page_of_changes_and_others_a_reason() {
    let index = index();
    let check = |from: &str, to: &str, url: Option<&str>, why: Option<&str>, seconds: i64| {
        let found = compare(
            &index,
            Product::Firefox,
            from.parse().unwrap(),
            to.parse().unwrap(),
        )
        .unwrap();
        assert_eq!(found.changes_url.as_deref(), url);
        assert_eq!(found.no_changes_url.map(|text| &text[..12]), why);
        assert_eq!(found.seconds, seconds);
    };
    let url = "https://hg.mozilla.org/releases/mozilla-beta/pushloghtml?fromchange=rev20181025143507&tochange=rev20181025233934";
    check("20181025143507", "20181025233934", Some(url), None, 32_667);
    check(
        "20181018182531",
        "20181025233934",
        None,
        Some("they come fr"),
        623_643,
    );
    check(
        "20181018182531",
        "20181018182531",
        None,
        Some("it is one bu"),
        0,
    );
    let unknown = compare(
        &index,
        Product::Firefox,
        "20181018182531".parse().unwrap(),
        "20190101000000".parse().unwrap(),
    );
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "no source has listed a build 20190101000000 of Firefox so far"
    );
}
