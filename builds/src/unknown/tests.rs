use proptest::prelude::*;

use super::{InstallHash, Tally, UnknownKey, Verdict, fetch_plan};
use crate::index::BuildIndex;
use crate::names::product::Product;
use crate::resolve::{Answer, Question, resolve};

fn answer(product: &str, channel: &str, build_id: &str) -> Answer {
    let question = Question {
        product: product.to_owned(),
        channel: channel.to_owned(),
        build_id: build_id.to_owned(),
        version: Some("154.0a1".to_owned()),
        asked_at: Some(1_790_000_000_000_000),
    };
    resolve(&BuildIndex::default(), &question)
}

#[test]
fn unknown_ids_are_told_apart_and_counted_under_short_names() {
    for (asked, verdict, key) in [
        (
            ("Firefox", "nightly", "20260801093000"),
            Some(Verdict::NotSeen),
            ["Firefox", "nightly", "20260801093000"],
        ),
        (
            ("devedition", "Beta", "20260801093000"),
            Some(Verdict::NotSeen),
            ["Firefox", "aurora", "20260801093000"],
        ),
        (
            ("Firefox", "default", "20260801093000"),
            Some(Verdict::Unofficial),
            ["Firefox", "default", "20260801093000"],
        ),
        (
            ("Firefox Enterprise", "release", "20260801093000"),
            Some(Verdict::NoSource),
            ["Firefox Enterprise", "release", "20260801093000"],
        ),
        (
            ("Fenix", "nightly", "20260801093000"),
            Some(Verdict::NoSource),
            ["Fenix", "nightly", "20260801093000"],
        ),
        (
            ("<script>", "nightly", "20260801093000"),
            Some(Verdict::NoSource),
            ["other", "nightly", "20260801093000"],
        ),
        (
            ("Firefox", "beta", "2\",381,,\""),
            Some(Verdict::Junk),
            ["Firefox", "beta", "not digits"],
        ),
        (
            ("Anything", "my-own-channel", "someone@example.com"),
            Some(Verdict::Junk),
            ["other", "other", "not digits"],
        ),
        (("Firefox", "", ""), Some(Verdict::Junk), ["Firefox", "", "empty"]),
        (
            ("Firefox", "beta", "20261325233934"),
            Some(Verdict::Junk),
            ["Firefox", "beta", "not a date"],
        ),
        (
            ("Firefox", "beta", "20990101000000"),
            Some(Verdict::Junk),
            ["Firefox", "beta", "in the future"],
        ),
        (("Firefox", "beta", "20260801"), None, ["", "", ""]),
    ] {
        let answer = answer(asked.0, asked.1, asked.2);
        assert_eq!(Verdict::of(&answer), verdict, "{asked:?}");
        if let Some(verdict) = verdict {
            let found = UnknownKey::of(&answer, verdict);
            assert_eq!(
                [&found.product, &found.channel, &found.build_id],
                key.each_ref(),
                "{asked:?}"
            );
            assert_eq!(Verdict::named(verdict.as_str()), Some(verdict));
        }
    }
}

#[test]
fn a_tally_counts_and_stays_bounded() {
    let mut tally = Tally::default();
    for (time, id) in [(5, "20260801093000"), (3, "20260801093000"), (9, "20260801213000")] {
        tally.count(&answer("Firefox", "nightly", id), time);
    }
    let counted = |tally: &Tally| {
        let mut rows: Vec<_> = tally
            .asked
            .iter()
            .map(|(key, asked)| (key.build_id.clone(), asked.count, asked.first, asked.last))
            .collect();
        rows.sort();
        rows
    };
    let expected = vec![
        ("20260801093000".to_owned(), 2, 3, 5),
        ("20260801213000".to_owned(), 1, 9, 9),
    ];
    assert_eq!(counted(&tally), expected);
    let mut later = Tally::default();
    later.put_back(std::mem::take(&mut tally));
    assert!(tally.is_empty());
    assert_eq!(counted(&later), expected);
    for number in 0..10_000_u32 {
        let id = format!("202608{:02}{:06}", number / 2000 + 1, number % 2000);
        later.count(&answer("Other", "nightly", &id), 10);
        later.count(&answer("Firefox", "nightly", &format!("junk {number}")), 10);
    }
    assert_eq!(later.asked.len(), 4096);
    assert!(later.dropped > 0);
}

#[test]
fn only_installs_with_builds_that_could_be_official_are_noted() {
    let unknown = answer("Firefox", "nightly", "20260801093000");
    let mut tally = Tally::default();
    tally.sight(&unknown, "1785000000", 5);
    tally.sight(&unknown, "01785000000", 7);
    tally.sight(&unknown, "1785000001", 6);
    for nothing in ["", "0", "-5", "yesterday", "99999999999999999999999"] {
        tally.sight(&unknown, nothing, 8);
    }
    tally.sight(&answer("Firefox", "default", "20260801093000"), "7", 8);
    tally.sight(&answer("Firefox", "nightly", "x"), "7", 8);
    let mut times: Vec<i64> = tally.sightings.values().map(|seen| seen.at).collect();
    times.sort_unstable();
    assert_eq!(times, [6, 7]);
    let key = |id: &str| UnknownKey::of(&answer("Firefox", "nightly", id), Verdict::NotSeen);
    let one = InstallHash::of(&key("20260801093000"), "1785000000").unwrap();
    let other = InstallHash::of(&key("20260801213000"), "1785000000").unwrap();
    assert_ne!(one, other, "one install under two builds cannot be joined");
    assert_eq!(one.as_str().len(), 16);
}

#[test]
fn a_plan_names_the_folders_of_exactly_one_build() {
    for (product, channel, id, reported, folders) in [
        (
            Product::FIREFOX,
            "nightly",
            "20260801093000",
            Some("154.0a1"),
            vec![
                "/pub/firefox/nightly/2026/08/",
                "/pub/firefox/nightly/2026/08/2026-08-01-09-30-00-mozilla-central/",
            ],
        ),
        (
            Product::THUNDERBIRD,
            "nightly",
            "20260801101500",
            None,
            vec![
                "/pub/thunderbird/nightly/2026/08/",
                "/pub/thunderbird/nightly/2026/08/2026-08-01-10-15-00-comm-central/",
            ],
        ),
        (
            Product::FIREFOX,
            "aurora",
            "20150101004001",
            Some("36.0a2"),
            vec![
                "/pub/firefox/nightly/2015/01/",
                "/pub/firefox/nightly/2015/01/2015-01-01-00-40-01-mozilla-aurora/",
            ],
        ),
        (
            Product::FIREFOX,
            "aurora",
            "20170612224034",
            Some("55.0"),
            vec![
                "/pub/devedition/candidates/",
                "/pub/devedition/candidates/55.0bN-candidates/",
            ],
        ),
        (
            Product::FIREFOX,
            "aurora",
            "20260826101500",
            Some("154.0b2"),
            vec![
                "/pub/devedition/candidates/",
                "/pub/devedition/candidates/154.0b2-candidates/",
            ],
        ),
        (
            Product::FIREFOX,
            "beta",
            "20181025233934",
            Some("64.0"),
            vec![
                "/pub/firefox/candidates/",
                "/pub/firefox/candidates/64.0bN-candidates/",
                "/pub/firefox/candidates/64.0-candidates/",
            ],
        ),
        (
            Product::FIREFOX,
            "beta",
            "20181025233934",
            Some("64.0b4rc1"),
            vec!["/pub/firefox/candidates/", "/pub/firefox/candidates/64.0b4-candidates/"],
        ),
        (
            Product::FIREFOX,
            "beta",
            "20181025233934",
            None,
            vec!["/pub/firefox/candidates/"],
        ),
        (
            Product::FIREFOX,
            "release",
            "20260818101500",
            Some("152.0.1"),
            vec![
                "/pub/firefox/candidates/",
                "/pub/firefox/candidates/152.0.1-candidates/",
            ],
        ),
        (
            Product::THUNDERBIRD,
            "beta",
            "20260818101500",
            Some("154.0"),
            vec![
                "/pub/thunderbird/candidates/",
                "/pub/thunderbird/candidates/154.0bN-candidates/",
                "/pub/thunderbird/candidates/154.0-candidates/",
            ],
        ),
        (
            Product::THUNDERBIRD,
            "release",
            "20230818101500",
            Some("115.3.0"),
            vec![
                "/pub/thunderbird/candidates/",
                "/pub/thunderbird/candidates/115.3.0-candidates/",
                "/pub/thunderbird/candidates/115.3.0esr-candidates/",
            ],
        ),
        (
            Product::FIREFOX,
            "esr",
            "20260818101500",
            Some("140.2.0esr"),
            vec![
                "/pub/firefox/candidates/",
                "/pub/firefox/candidates/140.2.0esr-candidates/",
                "/pub/firefox/candidates/140.2.0-candidates/",
            ],
        ),
        (
            Product::FENNEC,
            "beta",
            "20190708180000",
            Some("68.1"),
            vec![
                "/pub/mobile/candidates/",
                "/pub/mobile/candidates/68.1bN-candidates/",
                "/pub/mobile/candidates/68.1-candidates/",
            ],
        ),
        (
            Product::FENNEC,
            "nightly",
            "20190506093000",
            Some("68.0a1"),
            vec![
                "/pub/mobile/nightly/2019/05/",
                "/pub/mobile/nightly/2019/05/2019-05-06-09-30-00-mozilla-central-android-api-16/",
                "/pub/mobile/nightly/2019/05/2019-05-06-09-30-00-mozilla-central-android-aarch64/",
                "/pub/mobile/nightly/2019/05/2019-05-06-09-30-00-mozilla-central-android-x86/",
                "/pub/mobile/nightly/2019/05/2019-05-06-09-30-00-mozilla-central-android-x86_64/",
            ],
        ),
        (
            Product::FENIX,
            "nightly",
            "20260801093000",
            Some("154.0a1"),
            vec!["/pub/fenix/nightly/2026/08/"],
        ),
        (
            Product::FENIX,
            "beta",
            "20260818101500",
            Some("154.0b2"),
            vec!["/pub/fenix/candidates/", "/pub/fenix/candidates/154.0b2-candidates/"],
        ),
        (
            Product::FOCUS,
            "release",
            "20260818101500",
            Some("152.0.1"),
            vec!["/pub/focus/candidates/", "/pub/focus/candidates/152.0.1-candidates/"],
        ),
        (
            Product::FIREFOX,
            "esr",
            "20181017185317",
            Some("60.3.0"),
            vec![
                "/pub/firefox/candidates/",
                "/pub/firefox/candidates/60.3.0esr-candidates/",
                "/pub/firefox/candidates/60.3.0-candidates/",
            ],
        ),
        (
            Product::FENNEC,
            "release",
            "20181018182531",
            Some("../../etc"),
            vec!["/pub/mobile/candidates/"],
        ),
    ] {
        let plan = fetch_plan(product, channel, id.parse().unwrap(), reported);
        assert_eq!(plan.archive, folders, "{channel} {id}");
        assert_eq!(plan.buildhub["query"]["bool"]["filter"][0]["term"]["build.id"], id);
    }
}

#[test]
fn a_plan_knows_which_candidates_can_be_the_build() {
    for (channel, reported, yes, no) in [
        (
            "beta",
            "64.0",
            &["64.0b4", "64.0b15", "64.0"][..],
            &["63.0b4", "64.0.1", "64.0esr"][..],
        ),
        ("beta", "64.0b4", &["64.0b4"], &["64.0b5"]),
        ("beta", "33.1", &["33.1", "33.1b1"], &["33.1.1", "33.0"]),
        ("beta", "38.0.5", &["38.0.5", "38.0.5b3"], &["38.0"]),
        ("aurora", "64.0", &["64.0b4"], &["64.0"]),
        ("release", "62.0.2", &["62.0.2"], &["62.0.3", "62.0"]),
        ("esr", "60.3.0", &["60.3.0esr", "60.3.0"], &["60.3.1", "60.4.0esr"]),
        ("esr", "45.1.0esr", &["45.1.0"], &["45.1.1", "45.1.0b1"]),
    ] {
        let id = "20181025233934".parse().unwrap();
        let plan = fetch_plan(Product::FIREFOX, channel, id, Some(reported));
        for version in yes {
            assert!(plan.may_be(&version.parse().unwrap()), "{channel} {version}");
        }
        for version in no {
            assert!(!plan.may_be(&version.parse().unwrap()), "{channel} {version}");
        }
    }
}

proptest! {
    #[test]
    fn foreign_text_never_gets_through(
        product in "\\PC{0,80}",
        channel in "\\PC{0,80}",
        id in "\\PC{0,40}|[0-9]{10,14}",
    ) {
        let answer = answer(&product, &channel, &id);
        if let Some(verdict) = Verdict::of(&answer) {
            let key = UnknownKey::of(&answer, verdict);
            for text in [&key.product, &key.channel, &key.build_id] {
                prop_assert!(text.len() <= 32);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte)));
            }
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[test]
    fn every_id_has_a_plan(seconds in 0_i64..4_000_000_000, reported in "\\PC{0,20}") {
        let id = chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y%m%d%H%M%S").to_string();
        if let Ok(id) = id.parse() {
            for channel in ["nightly", "aurora", "beta", "release", "esr"] {
                let plan = fetch_plan(Product::FIREFOX, channel, id, Some(&reported));
                for path in plan.archive {
                    prop_assert!(path.starts_with("/pub/") && path.ends_with('/') && !path.contains(".."));
                }
            }
        }
    }
}
