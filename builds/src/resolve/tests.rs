//! The table of odd cases, each with what the sources say and the correct answer.

use crate::resolve::{Question, resolve};
use crate::said::observation::Observation;
use crate::samples::{Record, beta_copy, csv, index, record, shipped};
use crate::{Answer, BuildId, Certainty, CrashTimes, Reason, Status, crash_build_info};

mod candidates;
mod siblings;

const C64B4: &str = "firefox/candidates/64.0b4-candidates";

fn variant(id: &str, folder: &str, version: &str, platform: &str) -> Observation {
    Record {
        platform,
        ..Record::new(id, folder, "release", version)
    }
    .observation()
}

fn product(product: &'static str, id: &str, folder: &str, channel: &str, version: &str) -> Observation {
    Record {
        product,
        ..Record::new(id, folder, channel, version)
    }
    .observation()
}

/// The sources' observations for all rows.
fn sources() -> Vec<Observation> {
    let mut sources = vec![
        record("20181025233934", &format!("{C64B4}/build2"), "beta", "64.0"),
        record("20181025143507", &format!("{C64B4}/build1"), "beta", "64.0"),
        shipped("firefox-64.0b4", 2),
        record(
            "20181029164536",
            "firefox/candidates/64.0b5-candidates/build1",
            "beta",
            "64.0",
        ),
        record(
            "20181015152800",
            "firefox/candidates/63.0-candidates/build1",
            "release",
            "63.0",
        ),
        record(
            "20181018182531",
            "firefox/candidates/63.0-candidates/build2",
            "release",
            "63.0",
        ),
        // Buildhub's copy of a release's record for beta.
        beta_copy("20181018182531", "firefox/candidates/63.0-candidates/build2", "63.0"),
        shipped("firefox-63.0", 2),
        csv("Firefox", "beta", "51.0b5", "20161129164126"),
        csv("Firefox", "beta", "50.0rc2", "20161104212021"),
        csv("Firefox", "beta", "50.0b1", "20160920155715"),
        csv("Firefox", "beta", "40.0b1", "20150702173756"),
        csv("Firefox", "beta", "40.0b1rc1", "20150702113555"),
        product(
            "firefox",
            "20150101004001",
            "firefox/nightly/2015/01/2015-01-01-00-40-01-mozilla-aurora",
            "aurora",
            "36.0a2",
        ),
        Record {
            platform: "win32",
            ..Record::new(
                "20170504103226",
                "firefox/candidates/54.0b5-candidates/build1",
                "beta",
                "54.0",
            )
        }
        .observation(),
        Record {
            platform: "linux-x86_64",
            ..Record::new(
                "20170504173217",
                "firefox/candidates/54.0b5-candidates/build1",
                "beta",
                "54.0",
            )
        }
        .observation(),
        shipped("firefox-54.0b5", 1),
        Record {
            platform: "win32",
            ..Record::new(
                "20170608105825",
                "firefox/candidates/54.0-candidates/build3",
                "release",
                "54.0",
            )
        }
        .observation(),
        Record {
            platform: "linux-x86_64",
            ..Record::new(
                "20170608175746",
                "firefox/candidates/54.0-candidates/build3",
                "release",
                "54.0",
            )
        }
        .observation(),
        shipped("firefox-54.0", 3),
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
        record(
            "20181017185317",
            "firefox/candidates/60.3.0esr-candidates/build2",
            "esr",
            "60.3.0",
        ),
        record(
            "20181016185317",
            "firefox/candidates/60.3.0esr-candidates/build1",
            "esr",
            "60.3.0",
        ),
        shipped("firefox-60.3.0esr", 2),
        record(
            "20180920131237",
            "firefox/candidates/62.0.2-candidates/build1",
            "release",
            "62.0.2",
        ),
        record(
            "20180920175354",
            "firefox/candidates/62.0.2-candidates/build2",
            "release",
            "62.0.2",
        ),
        shipped("firefox-62.0.2", 2),
        record(
            "20240408000000",
            "firefox/candidates/125.0-candidates/build1",
            "release",
            "125.0",
        ),
        shipped("firefox-125.0.1", 1),
        record(
            "20120713134347",
            "firefox/candidates/14.0.1-candidates/build1",
            "release",
            "14.0.1",
        ),
        record(
            "20150501000000",
            "firefox/candidates/38.0.5b1-candidates/build1",
            "beta",
            "38.0.5",
        ),
        record(
            "20150511000000",
            "firefox/candidates/38.0.5b3-candidates/build2",
            "beta",
            "38.0.5",
        ),
        shipped("firefox-38.0.5b1", 1),
        shipped("firefox-38.0.5b3", 2),
        record(
            "20141106120505",
            "firefox/candidates/33.1-candidates/build1",
            "release",
            "33.1",
        ),
        shipped("firefox-33.1", 1),
        csv("Firefox", "beta", "40.0b99", "20150807085045"),
        csv("Firefox", "release", "40.0", "20150807085045"),
        csv("Firefox", "beta", "40.0rc2", "20150807085045"),
        product(
            "thunderbird",
            "20180501000000",
            "thunderbird/candidates/60.0b5-candidates/build1",
            "beta",
            "60.0",
        ),
        shipped("thunderbird-60.0b5", 1),
        product(
            "thunderbird",
            "20241001000000",
            "thunderbird/candidates/128.3.0esr-candidates/build1",
            "release",
            "128.3.0",
        ),
        shipped("thunderbird-128.3.0esr", 1),
        product(
            "fennec",
            "20190829134413",
            "mobile/candidates/68.1-candidates/build1",
            "release",
            "68.1",
        ),
        shipped("fennec-68.1", 1),
        product(
            "fennec",
            "20190815000000",
            "mobile/candidates/68.1b4-candidates/build1",
            "beta",
            "68.1",
        ),
        shipped("fennec-68.1b4", 1),
        record(
            "20171001000000",
            "firefox/releases/56.0.1-funnelcake131/v1",
            "release",
            "56.0.1",
        ),
        variant(
            "20181018182531",
            "firefox/candidates/63.0-candidates/build2",
            "63.0",
            "mac-EME-free",
        ),
        csv("Firefox", "nightly", "0.9a1", "2004110711"),
    ];
    for (id, version) in AURORA {
        sources.push(csv("DevEdition", "aurora", version, id));
    }
    sources
}

/// The builds of bug 1418037, which the crash system did not know.
const AURORA: [(&str, &str); 14] = [
    ("20170612224034", "55.0b1"),
    ("20170615070049", "55.0b2"),
    ("20170808170225", "56.0b1"),
    ("20170810180547", "56.0b2"),
    ("20170917031738", "57.0b1"),
    ("20170921191414", "57.0b2"),
    ("20171103003834", "58.0b1"),
    ("20171109154410", "58.0b2"),
    ("20180116202029", "59.0b1"),
    ("20180117222144", "59.0b2"),
    ("20180302190033", "60.0b1"),
    ("20180428110614", "61.0b1"),
    ("20180619022742", "62.0b1"),
    ("20180824192747", "63.0b1"),
];

fn ask(product: &str, channel: &str, build_id: &str) -> Question {
    Question {
        product: product.to_owned(),
        channel: channel.to_owned(),
        build_id: build_id.to_owned(),
        ..Question::default()
    }
}

/// Case, product, channel, build id, exact version, status, reason.
const CASES: &str = r#"
     1 | Firefox            | beta          | 20181025233934 | 64.0b4     | shipped    | shipped_build_number
     2 | Firefox            | beta          | 20181025143507 | 64.0b4rc1  | aborted    | other_build_shipped
     3 | Firefox            | beta          | 20181029164536 | 64.0b5rc1  | candidate  | not_listed_as_shipped
     4 | Firefox            | beta          | 20181015152800 | 63.0rc1    | candidate  | release_candidate_on_beta
     5 | Firefox            | beta          | 20181018182531 | 63.0rc2    | shipped    | release_candidate_on_beta
     6 | Firefox            | release       | 20181018182531 | 63.0       | shipped    | shipped_build_number
     7 | Firefox            | beta          | 20161129164126 | 51.0b5     | shipped    | in_table
     8 | Firefox            | beta          | 20161104212021 | 50.0rc2    | candidate  | release_candidate_on_beta
     9 | Firefox            | beta          | 20160920155715 | 50.0b1     | shipped    | in_table
    10 | Firefox            | beta          | 20150702173756 | 40.0b1     | shipped    | in_table
    11 | Firefox            | beta          | 20150702113555 | 40.0b1rc1  | aborted    | other_build_shipped
    12 | Firefox            | aurora        | 20170612224034 | 55.0b1     | shipped    | in_table
    12 | DevEdition         | aurora        | 20170612224034 | 55.0b1     | shipped    | in_table
    12 | devedition         |               | 20170612224034 | 55.0b1     | shipped    | in_table
    13 | Firefox            | aurora        | 20150101004001 | 36.0a2     | published  | nightly
    14 | Firefox            | beta          | 20170504103226 | 54.0b5     | shipped    | shipped_build_number
    14 | Firefox            | beta          | 20170504173217 | 54.0b5     | shipped    | shipped_build_number
    15 | Firefox            | release       | 20170608105825 | 54.0       | shipped    | shipped_build_number
    15 | Firefox            | release       | 20170608175746 | 54.0       | shipped    | shipped_build_number
    16 | Firefox            | nightly       | 20190101093000 | 67.0a1     | published  | nightly
    16 | Firefox            | nightly       | 20190101213000 | 67.0a1     | published  | nightly
    17 | Firefox            | nightly       | 20190102093000 |            | unknown    | not_seen
    18 | Firefox            | esr           | 20181017185317 | 60.3.0esr  | shipped    | shipped_build_number
    19 | Firefox            | esr           | 20181016185317 | 60.3.0esr  | aborted    | other_build_shipped
    20 | Firefox            | release       | 20180920131237 | 62.0.2     | aborted    | other_build_shipped
    21 | Firefox            | beta          | 20180920175354 | 62.0.2     | shipped    | channel_differs
    22 | Firefox            | beta          | 20181212121212 |            | unknown    | not_seen
    23 | Firefox            | beta          | 2",381,,"      |            | unknown    | junk
    23 | Firefox            | beta          | 20181325233934 |            | unknown    | junk
    24 | Firefox            | release-cck-x | 20181018182531 | 63.0       | shipped    | shipped_build_number
    25 | Firefox            | default       | 20190203040506 |            | unofficial | not_an_official_build
    26 | Firefox            | beta          | 20240408000000 | 125.0rc1   | pulled     | release_candidate_on_beta
    26 | Firefox            | release       | 20240408000000 | 125.0      | pulled     | later_version_shipped
    27 | Firefox            | release       | 20120713134300 |            | unknown    | not_seen
    28 | Firefox            | beta          | 20150501000000 | 38.0.5b1   | shipped    | shipped_build_number
    28 | Firefox            | beta          | 20150511000000 | 38.0.5b3   | shipped    | shipped_build_number
    29 | Firefox            | release       | 20141106120505 | 33.1       | shipped    | shipped_build_number
    30 | Firefox            | beta          | 20150807085045 | 40.0rc2    | shipped    | release_candidate_on_beta
    31 | Thunderbird        | beta          | 20180501000000 | 60.0b5     | shipped    | shipped_build_number
    32 | Thunderbird        | release       | 20241001000000 | 128.3.0esr | shipped    | shipped_build_number
    33 | Fenix              | beta          | 20250601000000 |            | unknown    | no_source_for_product
    33 | Firefox Enterprise | release       | 20250601000000 |            | unknown    | no_source_for_product
    34 | Fenix              | nightly       | 2015757667     |            | unknown    | version_code
    34 | Firefox            | nightly       | 2015757667     |            | unknown    | junk
    35 | Fennec             | release       | 20190829134413 | 68.1       | shipped    | shipped_build_number
    35 | Fennec             | beta          | 20190815000000 | 68.1b4     | shipped    | shipped_build_number
    36 | Firefox            | release       | 20171001000000 | 56.0.1     | variant    | variant_build
    37 | Firefox            | beta          | 20181018182531 | 63.0rc2    | shipped    | release_candidate_on_beta
    38 | Firefox            |               | 20181018182531 | 63.0       | shipped    | only_one_fits
    39 | Firefox            | Beta          | 20181025233934 | 64.0b4     | shipped    | shipped_build_number
    40 | Firefox            | nightly       | 20190101       |            | unknown    | build_id_prefix
    41 | Firefox            | nightly       | 2004110711     | 0.9a1      | published  | nightly
"#;

#[test]
fn every_odd_case_has_its_answer() {
    let index = index(&sources(), &[]);
    for line in CASES.trim().lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [case, product, channel, id, version, status, reason] = columns[..] else {
            panic!("seven columns: {line}")
        };
        let answer = resolve(&index, &ask(product, channel, id));
        let found = (
            answer.version.unwrap_or_default(),
            answer.status.to_string(),
            answer.reason.to_string(),
        );
        assert_eq!(
            found,
            (version.to_owned(), status.to_owned(), reason.to_owned()),
            "case {case}: {product} {channel} {id}"
        );
    }
    let by_version_code = resolve(&index, &ask("Fenix", "nightly", "2015757667"));
    assert_eq!(by_version_code.built_at.as_deref(), Some("2020-08-13T04:00:00Z"));
}

#[test]
fn every_early_developer_edition_is_known() {
    let index = index(&sources(), &[]);
    for (id, version) in AURORA {
        assert_eq!(
            resolve(&index, &ask("Firefox", "aurora", id)).version.as_deref(),
            Some(version)
        );
    }
}

#[test]
fn a_candidate_gets_its_final_name_when_it_ships() {
    let mut sources = sources();
    sources.push(shipped("firefox-64.0b5", 1));
    let answer = resolve(&index(&sources, &[]), &ask("Firefox", "beta", "20181029164536"));
    assert_eq!(
        (answer.version.as_deref(), answer.status, answer.certainty),
        (Some("64.0b5"), Status::Shipped, Certainty::Stated)
    );
}

#[test]
fn a_build_id_prefix_lists_the_builds_of_the_day() {
    let index = index(&sources(), &[]);
    let ids = |channel: &str, prefix: &str| -> Vec<String> {
        resolve(&index, &ask("Firefox", channel, prefix))
            .alternatives
            .iter()
            .map(|found| found.build_id.to_string())
            .collect()
    };
    assert_eq!(ids("nightly", "20190101"), ["20190101093000", "20190101213000"]);
    assert_eq!(ids("nightly", "2019010121"), ["20190101213000"]);
    assert_eq!(ids("", "20181025"), ["20181025143507", "20181025233934"]);
    assert!(ids("esr", "20190101").is_empty());
}

#[test]
fn the_reported_version_is_echoed_and_never_believed() {
    let question = Question {
        version: Some("67.0a1".to_owned()),
        ..ask("Firefox", "nightly", "20190102093000")
    };
    let answer = resolve(&index(&sources(), &[]), &question);
    assert_eq!((answer.version, answer.reported.as_deref()), (None, Some("67.0a1")));
}

#[test]
fn a_build_id_after_the_question_is_none() {
    let index = index(&sources(), &[]);
    let asked_at = |id: &str| Some(id.parse::<BuildId>().unwrap().micros());
    let ask = |asked_at| {
        resolve(
            &index,
            &Question {
                asked_at,
                ..ask("Firefox", "beta", "20181025233934")
            },
        )
        .reason
    };
    assert_eq!(ask(asked_at("20181020000000")), Reason::InTheFuture);
    assert_eq!(ask(asked_at("20181025200000")), Reason::ShippedBuildNumber);
}

#[test]
fn several_builds_of_one_id_are_alternatives() {
    let sources = [
        csv("Firefox", "beta", "64.0b4", "20181025233934"),
        csv("Firefox", "beta", "64.0b5", "20181025233934"),
    ];
    let answer = resolve(&index(&sources, &[]), &ask("Firefox", "beta", "20181025233934"));
    let versions: Vec<String> = answer
        .alternatives
        .iter()
        .map(|found| found.version.to_string())
        .collect();
    assert_eq!(
        (answer.version, answer.reason, versions),
        (None, Reason::SeveralFit, vec!["64.0b4".to_owned(), "64.0b5".to_owned()])
    );
}

fn answer(channel: &str, id: &str) -> Answer {
    resolve(&index(&sources(), &[]), &ask("Firefox", channel, id))
}

#[test]
fn changes_are_shown_within_one_repository_only() {
    let mut sources = sources();
    sources.push(record(
        "20181022150107",
        "firefox/candidates/64.0b3-candidates/build1",
        "beta",
        "64.0",
    ));
    sources.push(shipped("firefox-64.0b3", 1));
    let index = index(&sources, &[]);
    let build = |channel: &str, id: &str| resolve(&index, &ask("Firefox", channel, id)).build.unwrap();
    let within = build("beta", "20181025233934");
    assert_eq!(
        within.revision_url.as_deref(),
        Some("https://hg.mozilla.org/releases/mozilla-beta/rev/rev20181025233934")
    );
    assert_eq!(within.previous_build.unwrap().version.as_str(), "64.0b3");
    assert_eq!(
        within.changes_url.as_deref(),
        Some(
            "https://hg.mozilla.org/releases/mozilla-beta/pushloghtml\
             ?fromchange=rev20181022150107&tochange=rev20181025233934"
        )
    );
    let across = build("beta", "20181022150107");
    assert_eq!(across.previous_build.unwrap().version.as_str(), "63.0rc2");
    assert_eq!(across.changes_url, None);
}

#[test]
fn the_previous_build_is_one_that_users_were_offered() {
    let mut sources = sources();
    let beta = |number: u32| format!("firefox/candidates/64.0b3-candidates/build{number}");
    sources.extend([
        // A later candidate of the release that did not ship.
        record(
            "20181019000000",
            "firefox/candidates/63.0-candidates/build3",
            "release",
            "63.0",
        ),
        record("20181022100000", &beta(1), "beta", "64.0"),
        record("20181022150107", &beta(2), "beta", "64.0"),
        shipped("firefox-64.0b3", 2),
    ]);
    let index = index(&sources, &[]);
    let place = |channel: &str, id: &str| {
        let build = resolve(&index, &ask("Firefox", channel, id)).build.unwrap();
        build.previous_build.unwrap().version.to_string()
    };
    for (id, previous) in [
        // The aborted build and its replacement.
        ("20181022100000", "63.0rc2"),
        ("20181022150107", "63.0rc2"),
        ("20181019000000", "63.0rc2"),
        ("20181018182531", "63.0rc1"),
    ] {
        assert_eq!(place("beta", id), previous, "{id}");
    }
}

#[test]
fn the_digest_of_an_answer_stays_while_only_its_surroundings_move() {
    let mut sources = sources();
    let before = answer("beta", "20181025233934").digest();
    sources.push(record(
        "20181022150107",
        "firefox/candidates/64.0b3-candidates/build1",
        "beta",
        "64.0",
    ));
    sources.push(shipped("firefox-64.0b3", 1));
    assert_eq!(
        resolve(&index(&sources, &[]), &ask("Firefox", "beta", "20181025233934")).digest(),
        before
    );
    sources.push(shipped("firefox-64.0b4", 3));
    assert_ne!(
        resolve(&index(&sources, &[]), &ask("Firefox", "beta", "20181025233934")).digest(),
        before
    );
}

#[test]
fn a_crash_gets_its_age_only_from_a_sane_clock() {
    let index = index(&sources(), &[]);
    let micros = |id: &str| id.parse::<BuildId>().unwrap().micros();
    let info = |crashed_at: Option<&str>| {
        let times = CrashTimes {
            submitted_at: micros("20181105000000"),
            crashed_at: crashed_at.map(micros),
        };
        crash_build_info(&index, answer("beta", "20181025143507"), times)
    };
    assert_eq!(info(Some("20181028143507")).age_at_crash_days, Some(3));
    assert_eq!(info(Some("20181020000000")).age_at_crash_days, None);
    assert_eq!(info(Some("20191028143507")).age_at_crash_days, None);
    assert_eq!(info(None).age_at_crash_days, None);
    assert_eq!(info(None).build_date.as_deref(), Some("2018-10-25T14:35:07Z"));
    // The shipped build of 64.0b4 is newer than its lost candidate.
    assert_eq!(info(None).builds_behind, Some(1));
}

#[test]
fn builds_behind_counts_versions_that_were_out() {
    let mut sources = sources();
    sources.push(shipped("firefox-64.0b5", 1));
    let index = index(&sources, &[]);
    let behind = |id: &str, crashed: &str| {
        let crashed = crashed.parse::<BuildId>().unwrap().micros();
        let times = CrashTimes {
            submitted_at: crashed,
            crashed_at: Some(crashed),
        };
        crash_build_info(&index, resolve(&index, &ask("Firefox", "beta", id)), times).builds_behind
    };
    assert_eq!(behind("20181025233934", "20181029120000"), Some(0));
    assert_eq!(behind("20181025233934", "20181101000000"), Some(1));
    // 63.0rc2, 64.0b4 and 64.0b5, each counted once.
    assert_eq!(behind("20181015152800", "20181101000000"), Some(3));
}
