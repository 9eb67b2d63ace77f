//! The audit over imported builds, on every database.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use buildinfo::audit::read::{Filter, findings, scores, summaries};
use buildinfo::db::{self, Step, record_state, write_steps};
use buildinfo::import::{Choice, Options, rebuild};
use builds::audit::{Check, Finding, Score, Severity};
use builds::{Conflict, Observation, Product, Question, SourceName, Status};
use demo::world::Channel;
use demo::{Fault, Plan, World};
use platform::db::Db;
use platform::in_tx;
use platform_testing::databases;
use serde_json::json;
use support::{Sources, lookup, quiet};
use tokio_util::sync::CancellationToken;

/// Everything from one source.
fn only(source: SourceName) -> Options {
    Options {
        choice: Choice::Only(source),
        ..Options::default()
    }
}

/// All findings, read in pages of this size.
async fn all(db: &Db, filter: Filter, page: usize) -> Vec<Finding> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let next = findings(db, filter, after.as_ref(), page).await.unwrap();
        assert!(next.findings.len() <= page);
        found.extend(next.findings);
        after = next.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn of_check(db: &Db, check: Check) -> Vec<Finding> {
    let filter = Filter {
        check: Some(check),
        product: None,
    };
    all(db, filter, 50).await
}

#[tokio::test]
async fn what_shipped_is_missing_until_a_source_lists_its_builds() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let db = &test.db;
        sources.faults.buildhub.set(Fault::Down);
        let options = only(SourceName::PRODUCT_DETAILS);
        sources.import_as(db, &options).await.unwrap();
        let missing = of_check(db, Check::ShippedWithoutBuild).await;
        let shipped: BTreeSet<String> = sources
            .world
            .builds
            .iter()
            .filter(|build| build.shipped_on.is_some())
            .map(|build| format!("{} {}", build.product.directory(), build.version))
            .collect();
        let found: BTreeSet<String> = missing.iter().map(|one| one.subject.clone()).collect();
        assert!(shipped.is_subset(&found), "{shipped:?}\n{found:?}");
        let thunderbird = Filter {
            product: Some(Product::THUNDERBIRD),
            check: Some(Check::ShippedWithoutBuild),
        };
        let own = all(db, thunderbird, 3).await;
        assert!(own.len() < missing.len() && !own.is_empty());
        assert!(own.iter().all(|one| one.subject.starts_with("thunderbird ")));
        sources.faults.buildhub.set(Fault::None);
        sources.import(db).await;
        let left = of_check(db, Check::ShippedWithoutBuild).await;
        let left: Vec<&Finding> = left.iter().filter(|one| shipped.contains(&one.subject)).collect();
        assert_eq!(left, Vec::<&Finding>::new());
        assert!(!lookup(db).await.index().is_empty());
    }
}

#[tokio::test]
async fn a_platform_that_is_lost_on_the_way_is_found() {
    let mut world = World::generate(&Plan::default());
    let nightlies: BTreeSet<usize> = (0..world.builds.len())
        .filter(|index| {
            let build = &world.builds[*index];
            build.channel == Channel::Nightly && build.product.canonical() == "Firefox"
        })
        .rev()
        .skip(8)
        .take(4)
        .collect();
    let World { builds, records, .. } = &mut world;
    records.retain(|record| {
        let platform = builds[record.build].packages[record.package].platform;
        !(nightlies.contains(&record.build) && platform.as_str().starts_with("mac"))
    });
    for test in databases().await {
        let whole = Sources::standard().await;
        whole.import_as(&test.db, &only(SourceName::BUILDHUB)).await.unwrap();
        let is_nightly = |one: &Finding| one.subject.starts_with("Firefox nightly");
        let found = of_check(&test.db, Check::LatePlatform).await;
        assert!(!found.iter().any(is_nightly), "{found:?}");
    }
    let sources = Sources::of(world).await;
    for test in databases().await {
        sources.import_as(&test.db, &only(SourceName::BUILDHUB)).await.unwrap();
        let found = of_check(&test.db, Check::LatePlatform).await;
        let own = found
            .iter()
            .find(|one| one.subject.starts_with("Firefox nightly mac"))
            .unwrap();
        assert_eq!(own.severity, Severity::Bad);
        assert!(own.found.starts_with("missing in 4 of "), "{own:?}");
    }
}

async fn bad_file(db: &Db, path: &str) {
    const SQL: &str = "INSERT INTO archive_place (path, state, seen, run) VALUES ($1, 'bad', $2, 1)";
    let mut tx = db.begin().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(path)
        .bind(r#"{"why":"null keys"}"#)
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_page_size_lists_the_same_findings_in_one_order() {
    for test in databases().await {
        let db = &test.db;
        let conflicts = (0..5).map(|number| {
            let conflict = Conflict {
                subject: format!("Firefox 6{number}.0"),
                field: "revision",
                chosen: "aaaa".to_owned(),
                values: BTreeMap::from([
                    ("aaaa".to_owned(), BTreeSet::new()),
                    ("bbbb".to_owned(), BTreeSet::new()),
                ]),
            };
            Step::Conflict(format!("Firefox 6{number}.0"), conflict)
        });
        let conflicts: Vec<Step> = conflicts.collect();
        write_steps(db, 1, &conflicts).await.unwrap();
        for number in 0..4 {
            bad_file(db, &format!("/pub/firefox/candidates/6{number}.0-candidates/x.json")).await;
        }
        bad_file(db, "/pub/thunderbird/candidates/60.0-candidates/x.json").await;
        let unreadable: Vec<Observation> = (0..3)
            .map(|number| {
                let record = json!({
                    "build": {"id": "not an id"},
                    "source": {"product": "firefox"},
                    "target": {"channel": "beta", "platform": "win64", "locale": "en-US", "version": "65.0"},
                    "download": {"url": format!("https://archive.mozilla.org/pub/firefox/nightly/{number}.zip")},
                });
                Observation::buildhub_record(SourceName::BUILDHUB, "http://localhost/api/search", record).unwrap()
            })
            .collect();
        db::record(db, 1, &unreadable).await.unwrap();
        for (source, trouble) in [("buildhub", Some("timed out")), ("archive", None)] {
            record_state(db, source, 10, trouble.is_none().then_some(10), None, trouble)
                .await
                .unwrap();
        }
        db::say_importer(db, platform::clock::now_micros()).await.unwrap();
        let whole = all(db, Filter::default(), 1000).await;
        let checks: Vec<Check> = whole.iter().map(|one| one.check).collect();
        let mut expected = vec![Check::SilentSource];
        expected.extend([Check::Conflict; 5]);
        expected.extend([Check::BadFile; 5]);
        expected.extend([Check::UnreadableRecord; 3]);
        assert_eq!(checks, expected);
        for page in [1, 2, 3, 7, 14, 15] {
            assert_eq!(all(db, Filter::default(), page).await, whole, "{page}");
        }
        assert_eq!(whole[1].found, "aaaa is taken; the sources say aaaa, bbbb");
        assert_eq!(whole[6].found, "null keys");
        let counted: Vec<(Check, i64, i64, usize)> = summaries(db, None, 2)
            .await
            .unwrap()
            .iter()
            .map(|one| (one.check, one.count, one.bad, one.findings.len()))
            .collect();
        let expected = [0, 1, 0, 0, 0, 0, 0, 5, 5, 3].map(|count: i64| (count, i64::from(count == 1)));
        let expected: Vec<(Check, i64, i64, usize)> = Check::ALL
            .into_iter()
            .zip(expected)
            .map(|(check, (count, bad))| (check, count, bad, count.min(2) as usize))
            .collect();
        assert_eq!(counted, expected);
        let own = summaries(db, Some(Product::THUNDERBIRD), 2).await.unwrap();
        let own: Vec<i64> = own.iter().map(|one| one.count).collect();
        assert_eq!(own, [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]);
        let thunderbird = Filter {
            product: Some(Product::THUNDERBIRD),
            check: None,
        };
        let own: Vec<Check> = all(db, thunderbird, 10).await.iter().map(|one| one.check).collect();
        assert_eq!(own, [Check::SilentSource, Check::BadFile]);
    }
}

#[tokio::test]
async fn products_and_folders_with_similar_names_are_told_apart() {
    let names = ["Kite", "Kite 2", "Kite 2 Pro", "Kite!", "My_Game", "My-Game", "MY_GAME"];
    for test in databases().await {
        let db = &test.db;
        let conflicts = names.map(|name| {
            let group = format!("{name} 1.0");
            let conflict = Conflict {
                subject: group.clone(),
                field: "revision",
                chosen: "aaaa".to_owned(),
                values: BTreeMap::new(),
            };
            Step::Conflict(group, conflict)
        });
        write_steps(db, 1, &conflicts).await.unwrap();
        for name in names {
            let found = db::conflicts_after(db, name, &["", "", ""], 100).await.unwrap();
            let found: Vec<&str> = found.iter().map(|one| one.group_key.as_str()).collect();
            assert_eq!(found, [format!("{name} 1.0")]);
            assert_eq!(db::conflict_count(db, name).await.unwrap(), 1, "{name}");
        }
        assert_eq!(db::conflict_count(db, "").await.unwrap(), 7);
        assert_eq!(db::conflicts_after(db, "", &["", "", ""], 100).await.unwrap().len(), 7);
        let folders = ["my_game", "my-game", "a%b", "a!b", "ab"];
        for folder in folders {
            bad_file(db, &format!("/pub/{folder}/nightly/x.json")).await;
        }
        for folder in folders {
            let found = db::bad_files_after(db, &[folder], "", 100).await.unwrap();
            let found: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
            assert_eq!(found, [format!("/pub/{folder}/nightly/x.json")]);
            assert_eq!(db::bad_file_count(db, &[folder]).await.unwrap(), 1, "{folder}");
        }
        assert_eq!(db::bad_file_count(db, &[]).await.unwrap(), 5);
        assert_eq!(db::unreadable_count(db, &["my_game"]).await.unwrap(), 0);
        assert!(db::unreadable_after(db, &["my_game"], "", 9).await.unwrap().is_empty());
    }
}

fn row<'a>(scores: &'a [Score], source: SourceName, channel: &str) -> &'a Score {
    scores
        .iter()
        .find(|score| score.source == source && score.product == Product::FIREFOX && score.channel == channel)
        .unwrap()
}

#[tokio::test]
async fn sources_are_scored_over_what_the_others_list() {
    let sources = Sources::standard().await;
    let nightlies: BTreeSet<&str> = sources
        .world
        .truths_of("Firefox", Channel::Nightly)
        .map(|truth| &*truth.build_id)
        .collect();
    for test in databases().await {
        let db = &test.db;
        let options = only(SourceName::BUILDHUB);
        sources.import_as(db, &options).await.unwrap();
        let before = scores(db, None).await.unwrap();
        let own = row(&before, SourceName::BUILDHUB, "nightly");
        assert_eq!((own.builds, own.timed, own.holes), (nightlies.len(), 0, 0));
        // The archive is read for the first time and has two of the builds.
        let index = lookup(db).await.index();
        let mut said = Vec::new();
        for id in nightlies.iter().take(2) {
            let id = id.parse().unwrap();
            for build in index.find(Product::FIREFOX, id) {
                for stored in db::by_digests(db, build.evidence()).await.unwrap() {
                    said.push(Observation {
                        source: SourceName::ARCHIVE,
                        ..stored.observation
                    });
                }
            }
        }
        db::record(db, i64::MAX / 2, &said).await.unwrap();
        let stop = CancellationToken::new();
        rebuild(db, "test", &stop, &quiet).await.unwrap();
        let after = scores(db, Some(Product::FIREFOX)).await.unwrap();
        let archive = row(&after, SourceName::ARCHIVE, "nightly");
        // It was not asked for the builds that Buildhub lists, so it has no holes.
        assert_eq!((archive.builds, archive.timed, archive.holes), (2, 0, 0));
        let buildhub = row(&after, SourceName::BUILDHUB, "nightly");
        assert_eq!((buildhub.builds, buildhub.holes), (nightlies.len(), 0));
        assert!(after.iter().all(|score| score.product == Product::FIREFOX));
        assert!(before.iter().any(|score| score.product == Product::THUNDERBIRD));
    }
}

#[tokio::test]
async fn one_file_with_two_build_ids_is_named_by_the_audit_and_by_explanations() {
    const URL: &str =
        "https://archive.mozilla.org/pub/firefox/candidates/64.0b4-candidates/build2/win64/en-US/Setup.exe";
    for test in databases().await {
        let db = &test.db;
        let record = |id: &str| {
            let record = json!({
                "build": {"id": id}, "source": {"product": "firefox"},
                "target": {"channel": "beta", "platform": "win64", "locale": "en-US", "version": "64.0b4"},
                "download": {"url": URL},
            });
            Observation::buildhub_record(SourceName::BUILDHUB, "u", record).unwrap()
        };
        let shipped = json!({"build_number": 2});
        let first = [
            record("20181025233934"),
            Observation::shipped_release("u", "firefox-64.0b4", &shipped).unwrap(),
        ];
        let stop = CancellationToken::new();
        // Said at two times.
        for (run, said) in [(1, &first[..]), (2, &[record("20181026100000")])] {
            db::record(db, run, said).await.unwrap();
            rebuild(db, "test", &stop, &quiet).await.unwrap();
        }
        let found = of_check(db, Check::Conflict).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].found,
            "one file is said to be of the builds 20181025233934, 20181026100000; each of them is known"
        );
        let lookup = lookup(db).await;
        for id in ["20181025233934", "20181026100000"] {
            let question = Question {
                product: "Firefox".to_owned(),
                channel: "beta".to_owned(),
                build_id: id.to_owned(),
                ..Question::default()
            };
            let answer = builds::resolve(&lookup.index(), &question);
            assert_eq!(answer.version.as_deref(), Some("64.0b4"));
            assert_eq!(answer.status, Status::Shipped);
            let explained = buildinfo::explain::explain(db, &answer).await.unwrap();
            assert_eq!(explained.conflicts.len(), 1, "{id}");
            assert_eq!(explained.conflicts[0].field, "build_id");
            let text = explained.to_string();
            assert!(text.contains("one file is said to be of the builds"), "{text}");
        }
    }
}
