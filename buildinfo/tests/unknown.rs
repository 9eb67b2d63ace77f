//! Unknown builds from the question to the end of the alarm, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod support;

use buildinfo::db::{
    self, AlarmFilter, Unknown, UnknownFilter, alarm_candidates, list_unknown, open_alarms, record_state, source_states,
};
use buildinfo::watch::alarm;
use buildinfo::watch::importer::Importer;
use buildinfo::watch::unknown::{forget_known, write_down};
use buildinfo::{Freshness, Lookup, Settings, audit};
use builds::Question;
use builds::unknown::{Asked, InstallHash, Sighting, Tally, UnknownKey, Verdict};
use demo::world::Channel;
use demo::{Plan, Truth, World};
use platform::db::Db;
use platform_testing::databases;
use support::{Sources, lookup};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

fn question(product: &str, channel: &str, build_id: &str) -> Question {
    Question {
        product: product.to_owned(),
        channel: channel.to_owned(),
        build_id: build_id.to_owned(),
        version: Some("154.0a1".to_owned()),
        asked_at: None,
    }
}

async fn listed(db: &Db, alarm: AlarmFilter) -> Vec<Unknown> {
    let filter = UnknownFilter {
        product: None,
        verdict: None,
        alarm,
    };
    list_unknown(db, &filter, None, 1000).await.unwrap().rows
}

/// The listed ids, abbreviated.
async fn short(db: &Db) -> Vec<(String, String, String, i64)> {
    let rows = listed(db, AlarmFilter::Any).await.into_iter();
    rows.map(|row| (row.product, row.build_id, row.verdict, row.asked))
        .collect()
}

#[tokio::test]
async fn what_is_asked_for_and_unknown_is_counted_and_listed() {
    for test in databases().await {
        let lookup = lookup(&test.db).await;
        for _ in 0..3 {
            let nightly = question("firefox", "nightly", "20260801093000");
            lookup.answer(&nightly).await.unwrap();
        }
        let many = [
            question("Firefox", "default", "20260801093001"),
            question("Firefox", "nightly", "not, an id"),
            question("Firefox", "nightly", "nor this one"),
            question("Waterfowl", "nightly", "20260801093002"),
        ];
        lookup.answers(&many).await.unwrap();
        assert!(short(&test.db).await.is_empty(), "nothing is written at once");
        write_down(&lookup, &test.db).await.unwrap();
        let row = |product: &str, id: &str, verdict: &str, asked| {
            (product.to_owned(), id.to_owned(), verdict.to_owned(), asked)
        };
        let mut expected = vec![
            row("Firefox", "not digits", "junk", 2),
            row("Waterfowl", "20260801093002", "no_source", 1),
            row("Firefox", "20260801093001", "unofficial", 1),
            row("Firefox", "20260801093000", "not_seen", 3),
        ];
        assert_eq!(short(&test.db).await, expected);
        lookup.answers(&many[..1]).await.unwrap();
        write_down(&lookup, &test.db).await.unwrap();
        write_down(&lookup, &test.db).await.unwrap();
        expected[2].3 = 2;
        assert_eq!(short(&test.db).await, expected);
        let filter = UnknownFilter {
            product: Some("Firefox".to_owned()),
            verdict: Some(Verdict::NotSeen),
            alarm: AlarmFilter::Any,
        };
        let page = list_unknown(&test.db, &filter, None, 10).await.unwrap();
        assert_eq!((page.rows.len(), page.more), (1, false));
    }
}

#[tokio::test]
async fn pages_hold_every_row_once() {
    for test in databases().await {
        let lookup = lookup(&test.db).await;
        let mut questions = Vec::new();
        for number in 0..25 {
            let id = format!("202608010930{number:02}");
            questions.push(question("Firefox", "nightly", &id));
            questions.push(question("Thunderbird", "beta", &id));
        }
        lookup.answers(&questions).await.unwrap();
        write_down(&lookup, &test.db).await.unwrap();
        let filter = UnknownFilter {
            product: None,
            verdict: None,
            alarm: AlarmFilter::Any,
        };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = list_unknown(&test.db, &filter, after.as_ref(), 7).await.unwrap();
            seen.extend(page.rows.iter().map(|row| (row.build_id.clone(), row.product.clone())));
            let Some(last) = page.rows.last().filter(|_| page.more) else {
                break;
            };
            after = Some(last.key());
        }
        let mut sorted = seen.clone();
        sorted.sort_by(|a, b| b.cmp(a));
        sorted.dedup();
        assert_eq!((seen.len(), &seen), (50, &sorted));
    }
}

#[tokio::test]
async fn the_list_is_bounded_by_number_and_age() {
    for test in databases().await {
        let now = 200 * DAY;
        let mut tally = Tally::default();
        for number in 0..5200 {
            let key = UnknownKey {
                product: "Firefox".to_owned(),
                channel: "nightly".to_owned(),
                build_id: format!("2026080{}{:06}", number / 1000 + 1, number % 1000),
            };
            let last = if number < 30 { DAY } else { now - i64::from(number) };
            let asked = Asked {
                verdict: if number % 2 == 0 {
                    Verdict::NotSeen
                } else {
                    Verdict::Unofficial
                },
                count: 1,
                first: 1,
                last,
            };
            tally.asked.insert(key.clone(), asked.clone());
            if number % 2 == 0 {
                // Products without a source share one limit.
                let product = format!("Product{}", number % 40);
                let verdict = Verdict::NoSource;
                for more in ["a", "b"] {
                    let channel = more.to_owned();
                    let key = UnknownKey {
                        product: product.clone(),
                        channel,
                        ..key.clone()
                    };
                    tally.asked.insert(
                        key,
                        Asked {
                            verdict,
                            ..asked.clone()
                        },
                    );
                }
            }
        }
        db::add_unknown(&test.db, tally).await.unwrap();
        db::prune_unknown(&test.db, now).await.unwrap();
        let counts = db::unknown_counts(&test.db).await.unwrap();
        let count = |verdict: &str| counts.iter().find(|one| one.0 == verdict).unwrap().1;
        assert_eq!(count("not_seen"), 2600 - 15);
        assert_eq!(count("unofficial"), 2600 - 15);
        assert!((4990..=5000).contains(&count("no_source")), "{counts:?}");
    }
}

/// The world before its newest nightly of Firefox was published, and that nightly.
fn before_newest() -> (World, Truth) {
    let mut world = World::generate(&Plan::default());
    let newest = world.truths_of("Firefox", Channel::Nightly).last().unwrap().clone();
    let is_newest =
        |build: &demo::world::Build| build.channel == Channel::Nightly && build.product.canonical() == "Firefox";
    let end = world.builds.iter().rposition(is_newest).unwrap();
    world.builds.truncate(end);
    world.records.retain(|record| record.build < end);
    (world, newest)
}

/// A crash of a build, reported by the install with this install time.
async fn crash(lookup: &Lookup, question: &Question, install: &str, at: i64) {
    let answer = lookup.answer(question).await.unwrap();
    lookup.sight(&answer, install, at);
}

#[tokio::test]
async fn several_installs_raise_one_alarm_that_ends_when_the_build_is_known() {
    for test in databases().await {
        let (world, newest) = before_newest();
        let sources = Sources::of(world).await;
        sources.import(&test.db).await;
        let (db, settings) = (&test.db, Settings::default());
        let known = lookup(db).await;
        let nightly = question("Firefox", "nightly", &newest.build_id);
        let raise = async |now| {
            write_down(&known, db).await.unwrap();
            alarm::raise(db, &known, &settings, now).await.unwrap()
        };
        // Three crashes from only two installs; then a third install, two hours later.
        for (install, at) in [("1785000001", 10), ("1785000002", 20), ("1785000002", 30)] {
            crash(&known, &nightly, install, HOUR + at).await;
        }
        assert_eq!(raise(1).await, 0);
        crash(&known, &nightly, "1785000003", 3 * HOUR).await;
        assert_eq!(raise(2).await, 0);
        // Within one hour of each other.
        crash(&known, &nightly, "1785000001", 3 * HOUR + 10).await;
        crash(&known, &nightly, "1785000004", 3 * HOUR + 20).await;
        // Old, foreign and local builds raise no alarm.
        for odd in [
            question("Firefox", "nightly", "20200101093000"),
            question("Firefox", "default", "20260801093000"),
            question("Fenix", "nightly", "20260801093000"),
        ] {
            for install in ["1", "2", "3", "4"] {
                crash(&known, &odd, install, 3 * HOUR).await;
            }
        }
        assert_eq!(raise(3).await, 1);
        assert_eq!(raise(4).await, 0, "one alarm is enough");
        let untried = alarm::untried(db).await.unwrap();
        assert_eq!(untried.len(), 1);
        let (on, plan) = &untried[0];
        assert_eq!((on.installs, on.raised, on.reported.as_str()), (3, 3, "154.0a1"));
        assert!(plan.archive[1].starts_with("/pub/firefox/nightly/20"), "{plan:?}");
        let row = &listed(db, AlarmFilter::Open).await[0];
        assert_eq!((row.raised, row.tried), (Some(3), None));
        // An import looked for it without success.
        alarm::record_import(db, &untried, "complete").await;
        assert!(alarm::untried(db).await.unwrap().is_empty());
        assert_eq!(alarm::clear(db, &known, 5).await.unwrap(), 0);
        assert_eq!(open_alarms(db).await.unwrap().len(), 1);
        // The source has it now.
        Sources::standard().await.import(db).await;
        assert_eq!(alarm::clear(db, &known, 6).await.unwrap(), 1);
        assert!(open_alarms(db).await.unwrap().is_empty());
        let over = listed(db, AlarmFilter::Cleared).await;
        assert_eq!((over.len(), over[0].cleared), (1, Some(6)));
        assert!(over[0].outcome.as_deref().unwrap().contains("complete"));
        assert!(
            alarm_candidates(db, 1)
                .await
                .unwrap()
                .iter()
                .all(|one| one.build_id != *newest.build_id)
        );
    }
}

#[tokio::test]
async fn what_became_known_leaves_the_list() {
    for test in databases().await {
        let (world, newest) = before_newest();
        let sources = Sources::of(world).await;
        sources.import(&test.db).await;
        assert!(sources.faults.buildhub.requests() > 0);
        assert!(!sources.world.builds.is_empty());
        let lookup = lookup(&test.db).await;
        for id in [&*newest.build_id, "20260101000000"] {
            let answer = lookup.answer(&question("Firefox", "nightly", id)).await.unwrap();
            assert_eq!(answer.reason.to_string(), "not_seen");
        }
        write_down(&lookup, &test.db).await.unwrap();
        assert_eq!(listed(&test.db, AlarmFilter::Any).await.len(), 2);
        Sources::standard().await.import(&test.db).await;
        lookup.refresh().await.unwrap();
        forget_known(&lookup, &test.db).await.unwrap();
        let left = listed(&test.db, AlarmFilter::Any).await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].build_id, "20260101000000");
    }
}

#[tokio::test]
async fn states_of_sources_are_kept_and_dated() {
    for test in databases().await {
        let db = &test.db;
        record_state(db, "buildhub", 10, Some(11), Some(5), None).await.unwrap();
        record_state(db, "buildhub", 20, None, None, Some("timed out"))
            .await
            .unwrap();
        record_state(db, "buildhub", 15, Some(16), None, None).await.unwrap();
        record_state(db, "archive", 60_000_000, Some(61_000_000), None, None)
            .await
            .unwrap();
        let states = source_states(db).await.unwrap();
        let buildhub = &states[1];
        assert_eq!(
            (buildhub.tried, buildhub.answered, buildhub.newest),
            (20, Some(11), Some(5))
        );
        assert_eq!(buildhub.trouble.as_deref(), Some("timed out"));
        let freshness = Freshness::of(&states);
        assert_eq!(freshness.as_of.as_deref(), Some("1970-01-01T00:01:01Z"));
        assert_eq!(freshness.silent[0].source, "buildhub");
        let lookup = lookup(db).await;
        assert_eq!(*lookup.freshness(), freshness);
        let answer = lookup
            .answer(&question("Firefox", "beta", "20260801093000"))
            .await
            .unwrap();
        let before = answer.digest();
        let dated = serde_json::to_value(freshness.date(&answer)).unwrap();
        assert_eq!(dated["as_of"], "1970-01-01T00:01:01Z");
        assert_eq!(dated["silent"][0]["why"], "timed out");
        assert_eq!(dated["reason"], "not_seen");
        assert_eq!(answer.digest(), before);
    }
}

#[tokio::test]
async fn texts_of_clients_are_stored_short_and_without_null_characters() {
    let long = format!("\0{}", "x".repeat(12_000));
    for test in databases().await {
        let lookup = lookup(&test.db).await;
        let mut odd = vec![question("Firefox", "nightly", "20260801093000")];
        for (product, channel, id) in [
            (&*long, "nightly", "20260801093001"),
            ("Firefox", &*long, "20260801093002"),
            ("Firefox", "nightly", &*long),
            ("a\0b", "c\0d", "2026\0"),
        ] {
            odd.push(question(product, channel, id));
        }
        for question in &mut odd {
            question.version = Some(format!("1\0{long}"));
            let answer = lookup.answer(question).await.unwrap();
            lookup.sight(&answer, "1785000001", HOUR);
            lookup.sight(&answer, &long, HOUR);
        }
        write_down(&lookup, &test.db).await.unwrap();
        for alarm in alarm_candidates(&test.db, 1).await.unwrap() {
            assert_eq!(alarm.reported, format!("1{}", "x".repeat(31)));
        }
        let rows = listed(&test.db, AlarmFilter::Any).await;
        assert!(rows.len() >= 4, "{rows:?}");
        for row in rows {
            for text in [&row.product, &row.channel, &row.build_id] {
                assert!(text.len() <= 32 && !text.contains('\0'), "{row:?}");
            }
        }
    }
}

#[tokio::test]
async fn installs_that_report_another_version_than_their_builds_are_found_by_the_audit() {
    for test in databases().await {
        let db = &test.db;
        Sources::standard().await.import(db).await;
        let lookup = lookup(db).await;
        let index = lookup.index();
        let build = index
            .builds()
            .find(|build| build.channel() == "release" && build.product().as_str() == "Firefox")
            .unwrap();
        let (id, version) = (build.build_id().to_string(), build.version().to_string());
        let report = async |version: &str, install: &str, at: i64| {
            let question = Question {
                version: Some(version.to_owned()),
                ..question("Firefox", "release", &id)
            };
            let answer = lookup.answer(&question).await.unwrap();
            lookup.sight(&answer, install, at);
            write_down(&lookup, db).await.unwrap();
        };
        let findings = async || {
            let filter = audit::read::Filter {
                product: None,
                check: Some(builds::audit::Check::ReportedVersion),
            };
            let page = audit::read::findings(db, filter, None, 10).await.unwrap();
            page.findings
        };
        for (at, (version, install)) in [
            (version.as_str(), "1785000000"),
            (version.as_str(), "1785000001"),
            ("99.9.9", "1785000000"),
            ("99.9.9", "1785000000"),
            ("99.9.9", "no time"),
        ]
        .into_iter()
        .enumerate()
        {
            report(version, install, i64::try_from(at).unwrap()).await;
        }
        assert_eq!(findings().await, [], "one install is not several");
        report("99.9.9", "1785000001", HOUR).await;
        report("88.8\0.8", "1785000002", HOUR).await;
        let found = findings().await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].subject, format!("Firefox release {id}"));
        let said = format!("2 installs report 99.9.9 with the build id of {version} (");
        assert!(found[0].found.starts_with(&said), "{}", found[0].found);
        // However many versions are invented for a build, it gets one finding, about the version that most installs
        // report.
        for number in 0..5 {
            for install in ["1785000001", "1785000002"] {
                report(&format!("11.1.{number}"), install, HOUR).await;
            }
        }
        report("99.9.9", "1785000003", HOUR).await;
        let found = findings().await;
        assert_eq!(found.len(), 1, "{found:?}");
        let said = format!("3 installs report 99.9.9 with the build id of {version} (");
        let said = (found[0].found.starts_with(&said), "and 5 other versions");
        assert!(said.0 && found[0].found.contains(said.1), "{found:?}");
        db::prune_unknown(db, 20 * DAY).await.unwrap();
        assert_eq!(findings().await.len(), 1);
        db::prune_unknown(db, 31 * DAY).await.unwrap();
        assert_eq!(findings().await, []);
    }
}

/// A tally of one install of the build, with what it reports; `known` if the build is known but has another version.
fn sighting(install: u32, at: i64, known: bool) -> Tally {
    let key = UnknownKey {
        product: "Firefox".to_owned(),
        channel: "nightly".to_owned(),
        build_id: "20260801093000".to_owned(),
    };
    let install = (1_785_000_000 + install).to_string();
    let install = InstallHash::of(&key, &install).unwrap();
    let reported = "99.0".to_owned();
    let mut tally = Tally::default();
    if known {
        tally.versions.insert((key, reported, install), at);
    } else {
        let seen = Sighting { reported, at };
        tally.sightings.insert((key, install), seen);
    }
    tally
}

#[tokio::test]
async fn installs_of_a_full_group_are_still_seen_again() {
    for test in databases().await {
        let db = &test.db;
        for known in [true, false] {
            // One more than the maximum kept for one build.
            let most = if known { 1000 } else { 100 };
            let mut all = Tally::default();
            for install in 0..most {
                let one = sighting(install, HOUR, known);
                all.versions.extend(one.versions);
                all.sightings.extend(one.sightings);
            }
            let again = [all, sighting(most, 3 * HOUR, known), sighting(0, 2 * HOUR, known)];
            for tally in again {
                db::add_unknown(db, tally).await.unwrap();
            }
        }
        let seen = db::reported_versions(db, 2).await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].installs, seen[0].last), (1000, 2 * HOUR));
        let seen = alarm_candidates(db, 1).await.unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].raised, 2 * HOUR);
    }
}

#[tokio::test]
async fn the_word_of_several_importers_is_kept_and_a_wrong_clock_is_not() {
    for test in databases().await {
        let db = &test.db;
        assert_eq!(db::importer_said(db).await.unwrap(), None);
        for (now, said) in [
            (1000 * HOUR, 1000 * HOUR),
            // Another machine, whose clock is five minutes behind.
            (1000 * HOUR - HOUR / 12, 1000 * HOUR),
            (1000 * HOUR + 1, 1000 * HOUR + 1),
            (2000 * HOUR, 2000 * HOUR),
            // The clock was wrong, and was corrected.
            (1001 * HOUR, 1001 * HOUR),
        ] {
            db::say_importer(db, now).await.unwrap();
            assert_eq!(db::importer_said(db).await.unwrap(), Some(said));
        }
        db::unsay_importer(db).await.unwrap();
        assert_eq!(db::importer_said(db).await.unwrap(), None);
        db::unsay_importer(db).await.unwrap();
    }
}

#[tokio::test]
async fn tables_that_are_loaded_hide_no_import() {
    for test in databases().await {
        let db = &test.db;
        let last = async || Importer::of(db, DAY).await.unwrap().last;
        assert_eq!(last().await, None);
        let lease = db::IMPORT.take(db, "one", 0).await.unwrap().unwrap();
        for id in 1..=60 {
            let run = db::Run {
                id,
                source: if id == 1 { "auto" } else { "csv" }.to_owned(),
                started: id * HOUR,
                ..db::Run::default()
            };
            db::start_run(&lease, &run).await.unwrap();
        }
        assert_eq!(last().await, Some(HOUR));
    }
}
