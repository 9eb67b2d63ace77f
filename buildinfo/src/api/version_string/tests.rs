use crate::samples::{shipped, shipped_as};
use builds::build::{Build, Status};
use builds::derive::derive_all;
use builds::index::BuildIndex;
use builds::names::product::Product;
use builds::resolve::{Question, resolve};
use builds::said::observation::{Observation, SourceName};

use super::{directory, hits};
use serde_json::json;

/// A candidate as Buildhub has it.
fn candidate(folder: &str, channel: &str, version: &str, number: u32, platform: &str, id: &str) -> Observation {
    let candidates = format!("https://archive.mozilla.org/pub/{folder}/candidates/{version}-candidates");
    let record = json!({
        "build": {"id": id},
        "source": {"product": if folder == "thunderbird" { "thunderbird" } else { "firefox" }},
        "target": {"channel": channel, "platform": platform, "locale": "en-US", "version": version},
        "download": {"url": format!("{candidates}/build{number}/{platform}/en-US/f.exe")},
    });
    Observation::buildhub_record(SourceName::BUILDHUB, "u", record).unwrap()
}

fn nightly(id: &str) -> Observation {
    let folder = "https://archive.mozilla.org/pub/firefox/nightly/2019/02/2019-02-01-10-00-00-mozilla-central";
    let record = json!({
        "build": {"id": id},
        "source": {"product": "firefox"},
        "target": {"channel": "nightly", "platform": "win64", "locale": "en-US", "version": "67.0a1"},
        "download": {"url": format!("{folder}/f.exe")},
    });
    Observation::buildhub_record(SourceName::BUILDHUB, "u", record).unwrap()
}

fn builds() -> Vec<Build> {
    let observations = [
        candidate("firefox", "beta", "64.0b4", 1, "win64", "20181025143507"),
        candidate("firefox", "beta", "64.0b4", 2, "win64", "20181025233934"),
        candidate("firefox", "beta", "64.0b4", 2, "mac", "20181025233934"),
        shipped("firefox-64.0b4", 2),
        candidate("firefox", "beta", "64.0b5", 1, "win64", "20181029164536"),
        candidate("firefox", "release", "63.0", 1, "win64", "20181015152800"),
        candidate("firefox", "release", "63.0", 2, "win64", "20181018182531"),
        shipped("firefox-63.0", 2),
        candidate("firefox", "release", "62.0.2", 1, "win64", "20180919000000"),
        candidate("firefox", "release", "62.0.2", 2, "win64", "20180920131237"),
        shipped("firefox-62.0.2", 2),
        candidate("firefox", "beta", "54.0b5", 1, "win64", "20170504103226"),
        candidate("firefox", "beta", "54.0b5", 1, "linux-x86_64", "20170504173217"),
        shipped("firefox-54.0b5", 1),
        candidate("firefox", "esr", "60.3.0esr", 1, "win64", "20181017000000"),
        candidate("firefox", "esr", "60.3.0esr", 2, "win64", "20181017185317"),
        shipped("firefox-60.3.0esr", 2),
        candidate("devedition", "aurora", "55.0b1", 1, "win64", "20170612224034"),
        shipped("devedition-55.0b1", 1),
        candidate("thunderbird", "beta", "60.0b5", 1, "win64", "20180430000000"),
        shipped("thunderbird-60.0b5", 1),
        nightly("20190201100000"),
        candidate("firefox", "release", "33.1", 1, "win64", "20141105000000"),
        candidate("firefox", "release", "33.1", 2, "win64", "20141106120505"),
        shipped_as("firefox-33.1", 2, "major"),
        candidate("firefox", "release", "38.0.5", 4, "win64", "20150525141253"),
        shipped("firefox-38.0.5", 4),
        shipped("firefox-38.0.5b3", 1),
        candidate("firefox", "esr", "17.0.3", 1, "win64", "20130216200614"),
        candidate("thunderbird", "release", "128.3.0esr", 1, "win64", "20241001000000"),
        candidate("firefox", "release", "125.0", 1, "win64", "20240408000000"),
        candidate("firefox", "release", "161.0.1", 1, "win64", "20261120000000"),
    ];
    derive_all(&observations, &[]).builds
}

#[test]
fn answers_are_those_of_crash_stats() {
    let builds = builds();
    let index = BuildIndex::from_builds(1, &builds).unwrap();
    let check = |product: &str, channel: &str, id: &str, expected: &[&str]| {
        let product = directory(product, channel);
        let found = product.map(|product| hits(index.find(product, id.parse().unwrap()), channel));
        assert_eq!(found.unwrap_or_default(), expected, "{product:?} {channel} {id}");
    };
    check("Firefox", "beta", "20181025233934", &["64.0b4"]);
    // A beta that did not ship, or not yet: its candidate is left out.
    check("Firefox", "beta", "20181025143507", &[]);
    check("Firefox", "beta", "20181029164536", &[]);
    // The file of a release is a candidate on beta.
    check("Firefox", "beta", "20181015152800", &["63.0rc1"]);
    check("Firefox", "release", "20181015152800", &[]);
    check("Firefox", "beta", "20181018182531", &["63.0rc2"]);
    check("Firefox", "release", "20181018182531", &["63.0"]);
    // Beta never got this one: its users have it from a test channel, under its own name.
    check("Firefox", "beta", "20180920131237", &["62.0.2"]);
    check("Firefox", "beta", "20180919000000", &["62.0.2rc1"]);
    check("Firefox", "release", "20180920131237", &["62.0.2"]);
    // Two platforms, two ids.
    check("Firefox", "beta", "20170504103226", &["54.0b5"]);
    check("Firefox", "beta", "20170504173217", &["54.0b5"]);
    // On other channels nothing is left out.
    check("Firefox", "esr", "20181017185317", &["60.3.0esr", "60.3.0esrrc2"]);
    check("Firefox", "esr", "20181017000000", &["60.3.0esr", "60.3.0esrrc1"]);
    check("DevEdition", "aurora", "20170612224034", &["55.0b1"]);
    check("Firefox", "aurora", "20170612224034", &["55.0b1"]);
    check("DevEdition", "beta", "20181025233934", &[]);
    check("Thunderbird", "beta", "20180430000000", &["60.0b5"]);
    check("Firefox", "nightly", "20190201100000", &["67.0a1"]);
    // Products are told apart by case, and by id.
    check("firefox", "beta", "20181025233934", &[]);
    check("Thunderbird", "beta", "20181025233934", &[]);
    check("Firefox", "beta", "20181101000000", &[]);
    check("Firefox", "release-cck-x", "20181018182531", &[]);
}

#[test]
fn a_build_that_no_release_process_made_has_no_row() {
    let mut builds = builds();
    for build in &mut builds {
        build.status = Status::Unofficial;
    }
    let index = BuildIndex::from_builds(1, &builds).unwrap();
    let id = "20181025233934".parse().unwrap();
    assert!(hits(index.find(Product::FIREFOX, id), "beta").is_empty());
}

#[test]
fn the_first_hit_never_names_a_build_otherwise_than_a_look_up() {
    let builds = builds();
    let index = BuildIndex::from_builds(1, &builds).unwrap();
    let mut compared = 0;
    for build in &builds {
        for channel in ["beta", "release", "esr", "aurora", "nightly"] {
            let hits = hits(index.find(build.product, build.build_id), channel);
            let answer = resolve(
                &index,
                &Question {
                    product: build.product.to_string(),
                    channel: channel.to_owned(),
                    build_id: build.build_id.to_string(),
                    ..Question::default()
                },
            );
            if let Some(first) = hits.first() {
                compared += 1;
                assert_eq!(Some(first), answer.version.as_ref(), "{channel} {}", build.build_id);
            }
        }
    }
    assert!(compared > 20, "{compared}");
}
