//! Exporting and loading the crash system's table, previews of corrections, and lists from the database alone.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

mod support;

use std::collections::BTreeSet;

use buildinfo::db::{self, Filter, Run};
use buildinfo::import::{correct, preview};
use buildinfo::lookup;
use buildinfo::transfer::export;
use buildinfo::transfer::load::{LoadError, LoadOptions, load_csv};
use builds::derive::correction::{Correction, CorrectionKind, Field};
use builds::{BuildId, Product, Question, Status, Version, catalog};
use demo::Fault;
use platform::db::Db;
use platform_testing::databases;
use support::{Sources, lookup as look_up, quiet};
use tokio_util::sync::CancellationToken;

async fn generation(db: &Db) -> i64 {
    db::latest_generation(db).await.unwrap().n
}

async fn table(db: &Db) -> String {
    let mut text = Vec::new();
    let written = export::table(db, generation(db).await, &mut text).await.unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(written.rows, u64::try_from(text.lines().count()).unwrap() - 1);
    text
}

async fn load(db: &Db, text: &str, origin: &str, replace: bool) -> Result<Run, LoadError> {
    let options = LoadOptions {
        origin: origin.parse().unwrap(),
        author: "ana".parse().unwrap(),
        replace,
    };
    let stop = CancellationToken::new();
    load_csv(db, text.as_bytes(), &options, "test", &stop, &quiet).await
}

async fn answer(db: &Db, channel: &str, id: &str) -> (Option<String>, Status) {
    let question = Question {
        product: "Firefox".to_owned(),
        channel: channel.to_owned(),
        build_id: id.to_owned(),
        ..Question::default()
    };
    let answer = lookup::answer_from_database(db, generation(db).await, &question)
        .await
        .unwrap();
    (answer.version, answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_table_loaded_elsewhere_is_exported_the_same() {
    let sources = Sources::standard().await;
    for (test, other) in databases().await.into_iter().zip(databases().await) {
        sources.import(&test.db).await;
        let exported = table(&test.db).await;
        for truth in &sources.world.truth {
            // The crash system's table names candidates of dot releases and of ESR differently from a look-up.
            let named_alike = truth.status.as_str() != "aborted" || matches!(truth.channel.as_str(), "beta" | "aurora");
            let is_out = matches!(truth.status.as_str(), "shipped" | "published");
            let own_row = is_out || truth.channel.as_str() == "beta";
            if named_alike && own_row {
                let product = match truth.channel.as_str() {
                    "aurora" => "DevEdition",
                    _ => truth.product,
                };
                let row = format!(",{},{},", truth.version, truth.build_id);
                let begin = format!("{product},{},", truth.channel.as_str());
                assert!(
                    exported
                        .lines()
                        .any(|line| line.starts_with(&begin) && line.contains(&row)),
                    "{truth:?}"
                );
            }
        }
        let run = load(&other.db, &exported, "export", false).await.unwrap();
        let rows = i64::try_from(exported.lines().count()).unwrap() - 1;
        assert_eq!(
            (run.outcome.as_str(), run.records, run.new_records, run.errors),
            ("complete", rows, rows, 0),
            "{}",
            run.notes
        );
        assert_eq!(table(&other.db).await, exported, "{}", other.db.engine());
        let again = load(&other.db, &exported, "export", true).await.unwrap();
        assert_eq!((again.new_records, again.unchanged), (0, rows));
        assert_eq!(again.generation, run.generation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_sorted_by_its_columns() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        let text = table(&test.db).await;
        let keys: Vec<(String, String, u32, String, String, String)> = text
            .lines()
            .skip(1)
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let cell = |place: usize| cells[place].to_owned();
                (cell(0), cell(1), cells[2].parse().unwrap(), cell(3), cell(4), cell(5))
            })
            .collect();
        assert!(keys.len() > 100);
        assert!(keys.is_sorted(), "{}", test.db.engine());
        let different: BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_table_of_an_origin_replaces_the_earlier_one_only_when_it_is_whole() {
    const FIRST: &str = "Firefox,beta,40,40.0,40.0b1,20150702173756,\n";
    const SECOND: &str = "Firefox,beta,40,40.0,40.0b2,20150706172413,\n";
    for test in databases().await {
        let db = &test.db;
        let known = |version: &str| (Some(version.to_owned()), Status::Shipped);
        load(db, &format!("{FIRST}{SECOND}"), "a", false).await.unwrap();
        assert_eq!(answer(db, "beta", "20150702173756").await, known("40.0b1"));
        // Nothing is withdrawn unless requested; nor by a table that is empty or has bad rows, nor by another origin.
        for (text, origin, replace) in [
            (SECOND.to_owned(), "a", false),
            (String::new(), "a", true),
            (format!("{SECOND}x\n"), "a", true),
            (SECOND.to_owned(), "b", true),
        ] {
            load(db, &text, origin, replace).await.unwrap();
            assert_eq!(answer(db, "beta", "20150702173756").await, known("40.0b1"));
        }
        let run = load(db, SECOND, "a", true).await.unwrap();
        assert_eq!(
            run.notes,
            "the table a, loaded by ana\n1 rows of earlier tables are withdrawn"
        );
        assert_eq!(answer(db, "beta", "20150702173756").await, (None, Status::Unknown));
        assert_eq!(answer(db, "beta", "20150706172413").await, known("40.0b2"));
        // Said again, it is valid again.
        load(db, FIRST, "b", false).await.unwrap();
        assert_eq!(answer(db, "beta", "20150702173756").await, known("40.0b1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_counted_and_named_and_the_others_count() {
    for test in databases().await {
        let bad = "Firefox,beta,1,1.0,nonsense,20150706172413,\n".repeat(30);
        let text = format!("{bad}Firefox,beta,40,40.0,40.0b1,20150702173756,\n");
        let run = load(&test.db, &text, "mixed", false).await.unwrap();
        assert_eq!(
            (run.outcome.as_str(), run.records, run.new_records, run.errors),
            ("complete", 31, 1, 30)
        );
        let notes: Vec<&str> = run.notes.lines().collect();
        assert_eq!(notes[0], "the table mixed, loaded by ana");
        assert_eq!(notes[1], "line 1: not a version: \"nonsense\"");
        assert_eq!((notes.len(), notes[21]), (22, "and 10 bad rows more"));
        let run = load(&test.db, "hello\n", "mixed", false).await.unwrap();
        assert_eq!(run.outcome, "failed");
        assert_eq!(db::recent_runs(&test.db, 9).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_a_correction_then_changes_and_changes_nothing() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.faults.buildhub.set(Fault::None);
        sources.import(&test.db).await;
        let db = &test.db;
        let before = generation(db).await;
        for (id, kind, subject, value) in [
            (1, CorrectionKind::Ignore, "firefox-152.0", None),
            (2, CorrectionKind::State, "Firefox 152.0", Some("pulled")),
        ] {
            let correction = Correction {
                id,
                kind,
                subject: subject.to_owned(),
                field: value.map(|_| Field::Status),
                value: value.map(str::to_owned),
                author: "somebody".to_owned(),
                reason: "it was".to_owned(),
            };
            let foretold = preview(db, std::slice::from_ref(&correction)).await.unwrap();
            let stop = CancellationToken::new();
            let made = correct(db, &[correction], "test", &stop, &quiet).await.unwrap();
            assert_eq!(made, before + id, "the preview made no generation");
            let cursor = db::ChangeCursor {
                generation: made - 1,
                within: None,
            };
            let changed: BTreeSet<BuildId> = db::changes_after(db, &cursor, 10_000)
                .await
                .unwrap()
                .into_iter()
                .map(|change| change.build_id)
                .collect();
            let ids: BTreeSet<BuildId> = foretold.iter().map(|change| change.build_id).collect();
            assert!(!ids.is_empty());
            assert_eq!(ids, changed, "{subject}");
            for change in foretold {
                let filter = Filter {
                    product: Some(change.product),
                    ids: Some(change.build_id.as_u64()..change.build_id.as_u64() + 1),
                    ..Filter::default()
                };
                let stored = db::list_builds(db, made, &filter, None, 1000).await.unwrap();
                for build in change.new {
                    assert!(stored.rows.iter().any(|stored| stored.key() == build.key()
                        && stored.status == build.status
                        && stored.reason == build.reason));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_from_the_database_are_those_of_the_whole_index() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        let (db, now) = (&test.db, generation(&test.db).await);
        let index = look_up(db).await.index();
        for product in [Product::FIREFOX, Product::THUNDERBIRD] {
            let whole = catalog::versions(&index, product, None);
            let (mut paged, mut after): (Vec<_>, Option<(Version, String)>) = (Vec::new(), None);
            loop {
                let page = lookup::versions(db, now, product, None, after.as_ref(), 7)
                    .await
                    .unwrap();
                after = page
                    .rows
                    .last()
                    .map(|last| (last.version.clone(), last.channel.clone()));
                paged.extend(page.rows);
                if !page.more {
                    break;
                }
            }
            assert!(!whole.is_empty());
            assert_eq!(paged, whole);
            for channel in ["nightly", "aurora", "beta", "release", "esr"] {
                let one = lookup::versions(db, now, product, Some(channel), None, 5)
                    .await
                    .unwrap();
                let of_index = catalog::versions(&index, product, Some(channel));
                assert_eq!(one.rows[..], of_index[..of_index.len().min(5)]);
                assert_eq!(
                    lookup::newest(db, now, product, channel).await.unwrap(),
                    catalog::newest(&index, product, channel, None),
                    "{product} {channel}"
                );
            }
        }
        let ids: Vec<BuildId> = index.builds().map(|build| build.build_id()).collect();
        let (first, last) = (ids[0].into(), ids[ids.len() / 3].into());
        assert_eq!(
            lookup::compare(db, now, Product::FIREFOX, &first, &last).await.unwrap(),
            catalog::compare(&index, Product::FIREFOX, &first, &last)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_is_found_by_its_name_whatever_became_of_it() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        let now = generation(&test.db).await;
        let index = look_up(&test.db).await.index();
        let mut asked = 0;
        for build in index.builds().filter(|build| build.product() == Product::FIREFOX) {
            let Some(number) = build.build_number() else {
                continue;
            };
            let name = build.version().with_candidate(number).to_string();
            for channel in [None, Some(build.channel())] {
                let filter = Filter {
                    product: Some(Product::FIREFOX),
                    channel: channel.map(str::to_owned),
                    version: Some(name.clone()),
                    ..Filter::default()
                };
                let (mut found, mut after) = (Vec::new(), None);
                loop {
                    let page = db::list_builds(&test.db, now, &filter, after.as_ref(), 3)
                        .await
                        .unwrap();
                    assert!(page.rows.len() <= 3);
                    after = page.rows.last().map(db::BuildKey::from);
                    found.extend(page.rows);
                    if !page.more {
                        break;
                    }
                }
                assert!(found.iter().any(|found| found.build_id == build.build_id()), "{name}");
                assert!(found.iter().all(|found| found.build_number == Some(number)), "{name}");
            }
            asked += 1;
            if asked == 60 {
                break;
            }
        }
        assert_eq!(asked, 60);
        let filter = Filter {
            product: Some(Product::FIREFOX),
            channel: Some("beta".to_owned()),
            version: Some("152.0rc2".to_owned()),
            ..Filter::default()
        };
        let found = db::list_builds(&test.db, now, &filter, None, 100).await.unwrap();
        assert!(!found.rows.is_empty(), "a release's candidate is offered on beta");
    }
}
