//! The names of a release's candidates, depending on what product-details and the archive say about their version.

use serde_json::json;

use super::{ask, product};
use crate::resolve::resolve;
use crate::said::observation::Observation;
use crate::samples::{csv, index, record, shipped, shipped_as};

/// The folder of a candidate.
fn folder(product: &str, version: &str, number: u32) -> String {
    format!("{product}/candidates/{version}-candidates/build{number}")
}

/// Two candidates of a release on its own channel, the second of which shipped with this category.
fn two_candidates(version: &str, category: &str, days: [&str; 2]) -> Vec<Observation> {
    let of = |number, id: &str| record(id, &folder("firefox", version, number), "release", version);
    vec![
        of(1, days[0]),
        of(2, days[1]),
        shipped_as(&format!("firefox-{version}"), 2, category),
    ]
}

/// Real history; where a build never shipped, only the day in its id is real.
fn sources() -> Vec<Observation> {
    let url = "https://details.example/1.0/firefox_history_major_releases.json";
    let mut sources = [
        two_candidates("33.1", "major", ["20141105000000", "20141106120505"]),
        two_candidates("38.0.5", "stability", ["20150524000000", "20150525141253"]),
        two_candidates("14.0.1", "stability", ["20120712000000", "20120713134347"]),
        two_candidates("3.6", "major", ["20100105000000", "20100115144158"]),
        two_candidates("58.0.1", "stability", ["20180127000000", "20180128191252"]),
        two_candidates("33.1.1", "stability", ["20141112000000", "20141113143407"]),
    ]
    .concat();
    sources.extend([
        shipped_as("firefox-38.0.5b3", 2, "dev"),
        // Its category says "stability"; the history of major releases is right.
        Observation::release_history(url, "firefox", "14.0.1", "2012-07-17", true),
        // Betas that appear only in the archive's folder of releases.
        Observation::release_directory("u", "mobile", "68.2b1"),
    ]);
    for (version, number, id) in [
        ("68.1", 1, "20190827000000"),
        ("68.1", 2, "20190829134413"),
        ("68.2.0", 1, "20191014000000"),
        ("68.1.1", 1, "20190916000000"),
    ] {
        let folder = folder("mobile", version, number);
        sources.push(product("fennec", id, &folder, "release", version));
    }
    sources.extend([
        shipped_as("fennec-68.1", 2, "major"),
        shipped_as("fennec-68.1.1", 1, "stability"),
    ]);
    // Neither product-details nor the archive's releases list the version yet.
    for (version, id) in [("161.0", "20261117000000"), ("161.0.1", "20261120000000")] {
        sources.push(record(id, &folder("firefox", version, 1), "release", version));
    }
    sources
}

/// Product, channel, build id, version, status, build number.
const CASES: &str = r"
    Firefox | beta    | 20141105000000 | 33.1rc1    | aborted   | 1
    Firefox | beta    | 20141106120505 | 33.1rc2    | shipped   | 2
    Firefox | release | 20141106120505 | 33.1       | shipped   | 2
    Firefox | release | 20141105000000 | 33.1       | aborted   | 1
    Firefox | beta    | 20150524000000 | 38.0.5rc1  | aborted   | 1
    Firefox | beta    | 20150525141253 | 38.0.5rc2  | shipped   | 2
    Firefox | release | 20150525141253 | 38.0.5     | shipped   | 2
    Firefox | beta    | 20120713134347 | 14.0.1rc2  | shipped   | 2
    Firefox | beta    | 20100115144158 | 3.6rc2     | shipped   | 2
    Firefox | beta    | 20180128191252 | 58.0.1     | shipped   | 2
    Firefox | beta    | 20180127000000 | 58.0.1rc1  | aborted   | 1
    Firefox | release | 20180127000000 | 58.0.1     | aborted   | 1
    Firefox | beta    | 20141113143407 | 33.1.1     | shipped   | 2
    Firefox | beta    | 20141112000000 | 33.1.1rc1  | aborted   | 1
    Fennec  | beta    | 20190827000000 | 68.1rc1    | aborted   | 1
    Fennec  | beta    | 20190829134413 | 68.1rc2    | shipped   | 2
    Fennec  | release | 20190829134413 | 68.1       | shipped   | 2
    Fennec  | beta    | 20191014000000 | 68.2.0rc1  | candidate | 1
    Fennec  | beta    | 20190916000000 | 68.1.1     | shipped   | 1
    Firefox | beta    | 20261117000000 | 161.0rc1   | candidate | 1
    Firefox | beta    | 20261120000000 | 161.0.1rc1 | candidate | 1
    Firefox | release | 20261120000000 | 161.0.1    | candidate | 1
";

#[test]
fn on_beta_a_candidate_never_carries_the_finals_name() {
    let index = index(&sources(), &[]);
    for line in CASES.trim().lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [product, channel, id, version, status, number] = columns[..] else {
            panic!("six columns: {line}")
        };
        let answer = resolve(&index, &ask(product, channel, id));
        let found = json!([
            answer.version,
            answer.status,
            answer.build.and_then(|build| build.build_number),
        ]);
        let number: u32 = number.parse().unwrap();
        assert_eq!(found, json!([version, status, number]), "{line}");
    }
}

#[test]
fn what_beta_got_stands_in_its_line_under_its_name_there() {
    let index = index(&sources(), &[]);
    let mut names = Vec::new();
    for (product, line) in index
        .lines()
        .filter(|(_, channel, _)| *channel == "beta")
        .map(|(product, _, line)| (product, line))
        .collect::<Vec<_>>()
    {
        let entries = index.in_order(product, "beta", line);
        names.extend(entries.map(|entry| format!("{product} {}", entry.version)));
    }
    assert_eq!(
        names,
        [
            "Firefox 161.0rc1",
            "Firefox 38.0.5rc2",
            "Firefox 38.0.5rc1",
            "Firefox 33.1rc2",
            "Firefox 33.1rc1",
            "Firefox 14.0.1rc2",
            "Firefox 14.0.1rc1",
            "Firefox 3.6rc2",
            "Firefox 3.6rc1",
            "Fennec 68.2.0rc1",
            "Fennec 68.1rc2",
            "Fennec 68.1rc1",
        ]
    );
}

#[test]
fn a_version_that_was_passed_by_a_later_one_will_not_ship() {
    let candidate = |id: &str, version: &str| record(id, &folder("firefox", version, 1), "release", version);
    let esr = |id: &str, version: &str| record(id, &folder("firefox", version, 1), "esr", version);
    let sources = [
        candidate("20141106120505", "33.1"),
        shipped_as("firefox-33.1b1", 1, "dev"),
        shipped("firefox-33.1.1", 1),
        candidate("20180919000000", "62.0.2"),
        shipped("firefox-62.0.3", 1),
        candidate("20181001000000", "62.0.4"),
        esr("20250819000000", "140.2.0esr"),
        shipped("firefox-140.2.1esr", 1),
        // Before 4.0 each minor version was its own branch (3.0, 3.5 and 3.6 were maintained in parallel).
        candidate("20100601000000", "3.5.10"),
        shipped("firefox-3.6.4", 1),
    ];
    let index = index(&sources, &[]);
    for (channel, id, expected) in [
        ("release", "20141106120505", "pulled"),
        ("release", "20180919000000", "aborted"),
        ("release", "20181001000000", "candidate"),
        ("esr", "20250819000000", "aborted"),
        ("release", "20100601000000", "candidate"),
    ] {
        let answer = resolve(&index, &ask("Firefox", channel, id));
        assert_eq!(answer.status.to_string(), expected, "{id}");
    }
}

#[test]
fn a_candidate_without_a_known_number_has_no_name_on_beta_of_its_own() {
    let sources = [csv("Firefox", "release", "33.1", "20141106120505")];
    let answer = resolve(&index(&sources, &[]), &ask("Firefox", "beta", "20141106120505"));
    assert_eq!(answer.reason.to_string(), "channel_differs");
}
