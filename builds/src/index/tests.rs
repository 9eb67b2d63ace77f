use proptest::prelude::*;

use crate::index::{BuildIndex, Place};
use crate::said::observation::{Digest, Observation, SourceName};
use crate::samples::{Record, index, record, shipped};
use crate::{Build, Certainty, Line, Product, Reason, Status, Version, derive_all};

fn main_line() -> Line {
    "main".parse().unwrap()
}

fn on(platform: &str, id: &str, folder: &str, channel: &str, version: &str) -> Observation {
    Record {
        platform,
        ..Record::new(id, folder, channel, version)
    }
    .observation()
}

fn beta_and_candidates() -> Vec<Observation> {
    vec![
        record(
            "20261109130000",
            "firefox/candidates/161.0b8-candidates/build1",
            "beta",
            "161.0b8",
        ),
        // The first beta of the next version is built before the last candidate of this one.
        record(
            "20261112130000",
            "firefox/candidates/161.0-candidates/build1",
            "release",
            "161.0",
        ),
        record(
            "20261116130000",
            "firefox/candidates/162.0b1-candidates/build1",
            "beta",
            "162.0b1",
        ),
        record(
            "20261117130000",
            "firefox/candidates/161.0-candidates/build2",
            "release",
            "161.0",
        ),
        shipped("firefox-161.0b8", 1),
        shipped("firefox-161.0", 2),
        shipped("firefox-162.0b1", 1),
    ]
}

fn names(index: &BuildIndex, channel: &str, line: &str) -> Vec<String> {
    index
        .in_order(Product::FIREFOX, channel, line.parse().unwrap())
        .map(|entry| entry.version.to_string())
        .collect()
}

#[test]
fn beta_is_ordered_by_version_and_holds_the_candidates_of_the_release() {
    let index = index(&beta_and_candidates(), &[]);
    assert_eq!(
        names(&index, "beta", "main"),
        ["162.0b1", "161.0rc2", "161.0rc1", "161.0b8"]
    );
    assert_eq!(names(&index, "release", "main"), ["161.0"]);
    assert_eq!(
        index
            .offered(Product::FIREFOX, "beta", main_line())
            .unwrap()
            .version
            .as_str(),
        "162.0b1"
    );
    assert!(index.offered(Product::FIREFOX, "esr", main_line()).is_none());
}

#[test]
fn esr_has_a_line_for_each_major() {
    let index = index(
        &[
            record(
                "20261110000000",
                "firefox/candidates/153.8.0esr-candidates/build1",
                "esr",
                "153.8.0esr",
            ),
            record(
                "20261111000000",
                "firefox/candidates/115.46.0esr-candidates/build1",
                "esr",
                "115.46.0esr",
            ),
            record(
                "20261011000000",
                "firefox/candidates/115.45.0esr-candidates/build1",
                "esr",
                "115.45.0esr",
            ),
            shipped("firefox-153.8.0esr", 1),
            shipped("firefox-115.46.0esr", 1),
            shipped("firefox-115.45.0esr", 1),
        ],
        &[],
    );
    assert_eq!(names(&index, "esr", "115"), ["115.46.0esr", "115.45.0esr"]);
    assert_eq!(names(&index, "esr", "153"), ["153.8.0esr"]);
    assert_eq!(index.lines().count(), 2);
}

#[test]
fn ids_of_one_version_are_one_step_and_the_platform_is_kept() {
    let mut observations = vec![shipped("firefox-54.0b4", 1), shipped("firefox-54.0b5", 1)];
    for (platform, id, version) in [
        ("win32", "20170501100000", "54.0b4"),
        ("linux-x86_64", "20170501110000", "54.0b4"),
        ("win32", "20170504103226", "54.0b5"),
        ("linux-x86_64", "20170504173217", "54.0b5"),
    ] {
        observations.push(on(
            platform,
            id,
            &format!("firefox/candidates/{version}-candidates/build1"),
            "beta",
            "54.0",
        ));
    }
    let index = index(&observations, &[]);
    for (id, previous) in [
        ("20170504103226", "20170501100000"),
        ("20170504173217", "20170501110000"),
    ] {
        let own: Vec<_> = index.find(Product::FIREFOX, id.parse().unwrap()).collect();
        let place = Place {
            product: Product::FIREFOX,
            channel: "beta",
            line: own[0].line(),
            version: own[0].version(),
            build_id: own[0].build_id(),
        };
        assert_eq!(
            index.previous(&place, &own).unwrap().build.build_id().to_string(),
            previous
        );
        assert_eq!(index.newer(&place, i64::MAX), Some(0));
    }
}

#[test]
fn nightlies_are_steps_by_id() {
    let index = index(
        &[
            record(
                "20190101093000",
                "firefox/nightly/2019/01/2019-01-01-09-30-00-mozilla-central",
                "nightly",
                "67.0a1",
            ),
            record(
                "20190101213000",
                "firefox/nightly/2019/01/2019-01-01-21-30-00-mozilla-central",
                "nightly",
                "67.0a1",
            ),
        ],
        &[],
    );
    let version: Version = "67.0a1".parse().unwrap();
    let place = |id: &str| Place {
        product: Product::FIREFOX,
        channel: "nightly",
        line: main_line(),
        version: &version,
        build_id: id.parse().unwrap(),
    };
    assert_eq!(
        index
            .previous(&place("20190101213000"), &[])
            .unwrap()
            .build
            .build_id()
            .to_string(),
        "20190101093000"
    );
    assert!(index.previous(&place("20190101093000"), &[]).is_none());
    assert_eq!(index.newer(&place("20190101093000"), i64::MAX), Some(1));
    assert_eq!(index.newer(&place("20190101093000"), 0), Some(0));
}

#[test]
fn builds_come_out_as_they_went_in() {
    let derived = derive_all(&beta_and_candidates(), &[]);
    let index = BuildIndex::from_builds(7, derived.builds.iter().rev()).unwrap();
    let mut found: Vec<_> = index.builds().map(crate::BuildRef::to_build).collect();
    found.sort_by(|left, right| left.key().cmp(&right.key()));
    assert_eq!(found, derived.builds);
    assert_eq!((index.generation(), index.len()), (7, derived.builds.len()));
    assert!(index.knows(Product::FIREFOX) && !index.knows(Product::FENIX));
}

const IDS: [&str; 5] = [
    "20181025233934",
    "20181025233935",
    "20181025233936",
    "201005181330",
    "2004110711",
];
const CHANNELS: [&str; 4] = ["nightly", "beta", "release", "esr"];

fn any_build() -> impl Strategy<Value = Build> {
    let product = prop::sample::select(vec![Product::FIREFOX, Product::THUNDERBIRD]);
    let channel = prop::sample::select(CHANNELS.to_vec());
    let version = prop::sample::select(vec!["64.0", "64.0.1", "64.0b4", "65.0a1"]);
    let status = prop::sample::select(vec![Status::Shipped, Status::Candidate, Status::Variant]);
    let platform = prop::sample::select(vec!["", "win32", "mac"]);
    let text = prop::option::of("[a-c]{0,2}");
    let number = prop::option::of(1_u32..3);
    (
        product,
        channel,
        version,
        prop::sample::select(IDS.to_vec()),
        (platform, status),
        (text, number, any::<i32>()),
    )
        .prop_map(
            |(product, channel, version, id, (platform, status), (text, number, time))| {
                let version: Version = version.parse().unwrap();
                Build {
                    product,
                    channel: channel.to_owned(),
                    line: product.line(channel, &version),
                    version,
                    build_id: id.parse().unwrap(),
                    platform: platform.to_owned(),
                    variant: text.clone().unwrap_or_default(),
                    build_number: number,
                    status,
                    certainty: Certainty::Stated,
                    reason: Reason::Nightly,
                    offered_on: if channel == "release" && number == Some(1) {
                        vec!["beta".to_owned(), channel.to_owned()]
                    } else {
                        vec![channel.to_owned()]
                    },
                    revision: text.clone().filter(|text| !text.is_empty()),
                    repository: None,
                    archive_url: text.map(|text| format!("https://a.example/pub/{text}{id}")),
                    published_at: Some(i64::from(time)),
                    shipped_on: None,
                    sources: vec![SourceName::CSV],
                    evidence: vec![Digest::of(&time.into())],
                }
            },
        )
}

proptest! {
    #[test]
    fn builds_are_found_as_by_looking_at_each(builds in prop::collection::vec(any_build(), 0..40)) {
        let mut sorted = builds.clone();
        sorted.sort_by(|left, right| left.key().cmp(&right.key()));
        sorted.dedup_by(|left, right| left.key() == right.key());
        let index = BuildIndex::from_builds(1, sorted.iter().rev()).unwrap();
        for product in [Product::FIREFOX, Product::THUNDERBIRD, Product::FENIX] {
            prop_assert_eq!(index.knows(product), sorted.iter().any(|build| build.product == product));
            for id in IDS.map(|id| id.parse().unwrap()) {
                let mut expected: Vec<&Build> = sorted
                    .iter()
                    .filter(|build| build.product == product && build.build_id == id)
                    .collect();
                expected.sort_by(|left, right| left.key().cmp(&right.key()));
                let found: Vec<Build> = index.find(product, id).map(crate::BuildRef::to_build).collect();
                prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.clone());
                for channel in CHANNELS {
                    let is_candidate = |build: &Build| {
                        channel == "beta"
                            && build.channel == "release"
                            && build.offered_on.iter().any(|offered| offered == "beta")
                            && build.status != Status::Variant
                            && build.build_number.is_some()
                    };
                    let expected: Vec<&Build> = expected
                        .iter()
                        .copied()
                        .filter(|build| build.channel == channel || is_candidate(build))
                        .collect();
                    let found: Vec<Build> = index
                        .find_on(product, channel, id)
                        .map(crate::BuildRef::to_build)
                        .collect();
                    prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
                }
            }
        }
    }
}
