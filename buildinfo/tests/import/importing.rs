//! One import and another: again, in parts, interrupted, killed, corrected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::compare::{compare, exported, only};
use crate::support::{Sources, lookup, quiet};
use buildinfo::correction::{Correction, CorrectionKind, Field};
use buildinfo::db::{self, Change, ChangeCursor};
use buildinfo::import::{
    ImportError, Options, Progress, correct, import, rebuild, undo_correction,
};
use buildinfo::{Digest, Observation, Product, Question, SourceName, Status};
use demo::serve::Fault;
use demo::world::Channel;
use demo::{Plan, World};
use futures::future::join_all;
use platform::db::Db;
use platform::testing::databases;
use tokio_util::sync::CancellationToken;

async fn changes(db: &Db) -> Vec<Change> {
    let start = ChangeCursor {
        generation: 0,
        within: None,
    };
    db::changes_after(db, &start, 100_000).await.unwrap()
}

/// What the changes amount to when they are applied one after another.
fn replayed(changes: &[Change]) -> BTreeMap<(String, String), String> {
    let mut table = BTreeMap::new();
    for change in changes {
        let key = (change.product.clone(), change.build_id.to_string());
        let before = table.remove(&key);
        assert_eq!(before.as_deref().unwrap_or("[]"), change.old, "{key:?}");
        if change.new != "[]" {
            table.insert(key, change.new.clone());
        }
    }
    table
}

#[tokio::test]
async fn groups_read_together_are_the_groups_read_one_by_one() {
    let sources = Sources::standard().await;
    for test in databases().await {
        sources.import(&test.db).await;
        db::mark_all_dirty(&test.db).await.unwrap();
        let groups = db::dirty_groups(&test.db, "", 10_000).await.unwrap();
        assert!(groups.len() > 100, "more than one statement's worth");
        let mut together: BTreeMap<String, BTreeMap<Digest, Observation>> = BTreeMap::new();
        db::each_of_groups(&test.db, &groups, |group, observation, digest| {
            assert_eq!(digest, observation.digest());
            let of_group = together.entry(group.to_owned()).or_default();
            assert_eq!(of_group.insert(digest, observation.clone()), None);
        })
        .await
        .unwrap();
        for group in &groups {
            let alone = db::of_group(&test.db, group).await.unwrap();
            let found = together.remove(group).unwrap_or_default();
            assert_eq!(found.into_values().collect::<Vec<_>>(), alone, "{group}");
        }
        assert!(together.is_empty());
    }
}

#[tokio::test]
async fn every_answer_after_an_import_of_all_sources_is_the_truth() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources.import(&test.db).await;
        assert_eq!((run.outcome.as_str(), run.notes.as_str()), ("complete", ""));
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}

#[tokio::test]
async fn buildhub_alone_knows_every_build_and_not_what_shipped() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let run = sources
            .import_as(&test.db, &only(SourceName::Buildhub))
            .await;
        assert_eq!(run.unwrap().outcome, "complete");
        assert_eq!(sources.faults.product_details.requests(), 0);
        compare(&test.db, &sources.world, |truth| {
            // Nightlies need no word from elsewhere; of old builds it has the final names too.
            if truth.only_in_buildhub || truth.channel == Channel::Nightly {
                return (truth.version.to_string(), truth.status.as_str());
            }
            let candidate = match (truth.channel, truth.build_number) {
                (Channel::Beta | Channel::Aurora, Some(number))
                    if !truth.version.contains("rc") =>
                {
                    format!("{}rc{number}", truth.version)
                }
                _ => truth.version.to_string(),
            };
            (candidate, "candidate")
        })
        .await;
        let index = lookup(&test.db).await.index();
        let shipped: BTreeSet<String> = index
            .builds()
            .filter(|build| build.status() == Status::Shipped)
            .map(|build| build.version().to_string())
            .collect();
        assert_eq!(shipped, BTreeSet::from(["61.0b4".to_owned()]));
    }
}

#[tokio::test]
async fn a_second_import_finds_nothing_new_and_makes_no_generation() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let first = sources.import(&test.db).await;
        let before = exported(&test.db).await;
        let second = sources.import(&test.db).await;
        assert_eq!(
            (second.new_records, second.generation),
            (0, first.generation)
        );
        // Only the last day's uploads are read once more.
        assert!(second.records < first.records / 2 && second.unchanged > 0);
        let full = Options {
            full: true,
            ..Options::default()
        };
        let third = sources.import_as(&test.db, &full).await.unwrap();
        assert_eq!((third.new_records, third.generation), (0, first.generation));
        assert_eq!(third.records, first.records);
        assert_eq!(exported(&test.db).await, before);
        assert_eq!(
            rebuild(&test.db, "test", &CancellationToken::new(), &quiet)
                .await
                .unwrap(),
            first.generation
        );
    }
}

/// The world as it was on the evening of a day.
fn until(whole: &World, end: chrono::NaiveDate) -> World {
    let mut world = World::empty(&whole.plan);
    let mut places = BTreeMap::new();
    for (place, build) in whole.builds.iter().enumerate() {
        let uploaded = build
            .packages
            .iter()
            .map(|package| package.uploaded.date_naive());
        if uploaded.max().is_some_and(|day| day <= end) {
            places.insert(place, world.builds.len());
            let mut build = build.clone();
            if build.shipped_on.is_some_and(|day| day > end) {
                (build.shipped_on, build.status) = (None, demo::world::Status::Candidate);
            }
            world.builds.push(build);
        }
    }
    let known = |record: &demo::world::Record| {
        let mut record = *record;
        record.build = *places.get(&record.build)?;
        Some(record)
    };
    world.records = whole.records.iter().filter_map(known).collect();
    world
}

#[tokio::test]
async fn importing_week_by_week_knows_the_same_as_importing_once() {
    let whole = World::generate(&Plan::default());
    let weeks =
        [14, 7, 0].map(|days| until(&whole, whole.plan.end - chrono::TimeDelta::days(days)));
    let whole = Sources::of(whole).await;
    for test in databases().await {
        let mut records = Vec::new();
        for part in &weeks {
            let run = Sources::of(part.clone()).await.import(&test.db).await;
            assert_eq!(run.outcome, "complete");
            records.push(run.records);
        }
        compare(&test.db, &whole.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
        assert!(
            records[1] < records[0] && records[2] < records[0],
            "{records:?}"
        );
        let parts = exported(&test.db).await;
        // The table of changes tells the same as the builds.
        let index = lookup(&test.db).await.index();
        let known: BTreeSet<_> = index
            .builds()
            .map(|build| (build.product().to_string(), build.build_id().to_string()))
            .collect();
        let replayed = replayed(&changes(&test.db).await);
        assert_eq!(replayed.keys().cloned().collect::<BTreeSet<_>>(), known);

        let fresh = databases().await;
        let fresh = fresh
            .iter()
            .find(|fresh| fresh.db.engine() == test.db.engine())
            .unwrap();
        whole.import(&fresh.db).await;
        assert_eq!(parts, exported(&fresh.db).await);
    }
}

#[tokio::test]
async fn an_import_of_the_last_days_alone_does_not_hide_what_came_before() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let end = sources
            .world
            .plan
            .end
            .and_time(chrono::NaiveTime::MIN)
            .and_utc();
        let recent = Options {
            since: Some(end.timestamp_micros()),
            ..Options::default()
        };
        sources.import_as(&test.db, &recent).await.unwrap();
        sources.import(&test.db).await;
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}

#[tokio::test]
async fn an_interrupted_import_goes_on_to_the_same_end() {
    let sources = Sources::standard().await;
    for (test, whole) in databases().await.iter().zip(&databases().await) {
        sources.import(&whole.db).await;
        let expected = exported(&whole.db).await;
        let reports = AtomicU64::new(0);
        let count = |_: Progress| {
            reports.fetch_add(1, Ordering::SeqCst);
        };
        let stop = CancellationToken::new();
        // Stopped once at each of the first reports, then at every third: in every part of the work.
        let mut finished = false;
        for attempt in 1..200 {
            let (seen, stop) = (AtomicU64::new(0), CancellationToken::new());
            let interrupt = |_: Progress| {
                if seen.fetch_add(1, Ordering::SeqCst) + 1 == attempt * 3 {
                    stop.cancel();
                }
            };
            match import(
                &test.db,
                &sources.settings,
                &Options::default(),
                "test",
                &stop,
                &interrupt,
            )
            .await
            {
                Err(ImportError::Stopped) => {}
                outcome => {
                    finished = outcome.is_ok();
                    break;
                }
            }
        }
        assert!(finished);
        import(
            &test.db,
            &sources.settings,
            &Options::default(),
            "test",
            &stop,
            &count,
        )
        .await
        .unwrap();
        assert_eq!(exported(&test.db).await, expected);
        let runs = db::recent_runs(&test.db, 300).await.unwrap();
        let outcomes: BTreeSet<&str> = runs.iter().map(|run| run.outcome.as_str()).collect();
        assert_eq!(outcomes, BTreeSet::from(["complete", "stopped"]));
        assert!(runs.len() > 3);
        replayed(&changes(&test.db).await);
    }
}

#[tokio::test]
async fn an_import_that_was_killed_is_known_as_such_and_the_next_goes_on() {
    let sources = Sources::standard().await;
    for (test, whole) in databases().await.iter().zip(&databases().await) {
        sources.import(&whole.db).await;
        for reports in [2, 8, 14, 17] {
            let seen = Arc::new(AtomicU64::new(0));
            let (dead, died) = tokio::sync::mpsc::channel::<()>(1);
            let mut died = died;
            let count = move |_: Progress| {
                if seen.fetch_add(1, Ordering::SeqCst) + 1 == reports {
                    // The task is dropped where it stands, as by a kill.
                    let _ = dead.try_send(());
                }
            };
            let (db, settings) = (test.db.clone(), sources.settings.clone());
            let task = tokio::spawn(async move {
                let stop = CancellationToken::new();
                import(&db, &settings, &Options::default(), "killed", &stop, &count).await
            });
            died.recv().await;
            task.abort();
            let _ = task.await;
            // Its lease would hold for some seconds more.
            db::release_lease(&test.db, "killed").await.unwrap();
        }
        sources.import(&test.db).await;
        assert_eq!(exported(&test.db).await, exported(&whole.db).await);
        let runs = db::recent_runs(&test.db, 10).await.unwrap();
        assert_eq!(runs[0].outcome, "complete");
        assert!(runs.iter().all(|run| run.outcome != "running"));
        assert!(runs.iter().any(|run| run.outcome == "broken"));
    }
}

#[tokio::test]
async fn product_details_that_fails_or_forgets_takes_nothing_back() {
    let cases = [Fault::Down, Fault::Garbage, Fault::Empty].map(async |fault| {
        let sources = Sources::standard().await;
        for test in databases().await {
            sources.faults.product_details.set(Fault::None);
            sources.import(&test.db).await;
            let before = exported(&test.db).await;
            sources.faults.product_details.set(fault);
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial", "{fault:?}");
            assert!(run.notes.contains("product-details"), "{}", run.notes);
            assert!(run.errors > 0);
            assert_eq!(exported(&test.db).await, before, "{fault:?}");
        }
    });
    join_all(cases).await;
}

#[tokio::test]
async fn buildhub_that_fails_makes_a_run_with_notes_and_no_error() {
    let cases = [Fault::Down, Fault::Garbage, Fault::Empty].map(async |fault| {
        let sources = Sources::standard().await;
        for test in databases().await {
            sources.faults.buildhub.set(fault);
            let run = sources.import(&test.db).await;
            assert_eq!(run.outcome, "partial", "{fault:?}");
            assert!(run.notes.contains("buildhub"), "{}", run.notes);
            let alone = sources
                .import_as(&test.db, &only(SourceName::Buildhub))
                .await;
            assert_eq!(alone.unwrap().outcome, "failed", "{fault:?}");
            sources.faults.buildhub.set(Fault::None);
            assert_eq!(sources.import(&test.db).await.outcome, "complete");
            compare(&test.db, &sources.world, |truth| {
                (truth.version.to_string(), truth.status.as_str())
            })
            .await;
        }
    });
    join_all(cases).await;
}

#[tokio::test]
async fn sources_that_fail_now_and_then_are_read_whole() {
    let sources = Sources::standard().await;
    sources.faults.buildhub.set(Fault::Flaky);
    sources.faults.product_details.set(Fault::Flaky);
    for test in databases().await {
        let run = sources.import(&test.db).await;
        assert_eq!((run.outcome.as_str(), run.notes.as_str()), ("complete", ""));
        compare(&test.db, &sources.world, |truth| {
            (truth.version.to_string(), truth.status.as_str())
        })
        .await;
    }
}

/// The build ids of one version's builds, by build number.
fn ids_of(world: &World, version: &str) -> BTreeMap<u32, String> {
    world
        .truth
        .iter()
        .filter(|truth| truth.product == "Firefox" && truth.channel == Channel::Release)
        .filter(|truth| &*truth.version == version)
        .filter_map(|truth| Some((truth.build_number?, truth.build_id.to_string())))
        .collect()
}

#[tokio::test]
async fn a_corrected_source_withdraws_the_old_conclusion_and_says_so() {
    let sources = Sources::standard().await;
    let mut other = (*sources.world).clone();
    for build in &mut other.builds {
        if &*build.version == "152.0" && build.product == demo::world::Product::Firefox {
            build.shipped_on = (build.build_number == Some(3)).then_some(other.plan.end);
        }
    }
    let other = Sources::of(other).await;
    let ids = ids_of(&sources.world, "152.0");
    for test in databases().await {
        let first = sources.import(&test.db).await;
        let second = other.import(&test.db).await;
        assert_eq!(second.generation, first.generation + 1);
        let lookup = lookup(&test.db).await;
        for (number, expected) in [(1, "candidate"), (2, "candidate"), (3, "shipped")] {
            let question = Question {
                product: "Firefox".to_owned(),
                channel: "release".to_owned(),
                build_id: ids[&number].clone(),
                ..Question::default()
            };
            let answer = lookup.answer(&question).await.unwrap();
            assert_eq!(answer.status.to_string(), expected, "build{number}");
        }
        let changes = changes(&test.db).await;
        let of_second: Vec<&Change> = changes
            .iter()
            .filter(|change| change.generation == second.generation)
            .collect();
        let changed: BTreeSet<String> = of_second
            .iter()
            .map(|change| change.build_id.to_string())
            .collect();
        assert!(changed.contains(&ids[&2]) && changed.contains(&ids[&3]));
        let second_build = of_second
            .iter()
            .find(|change| change.build_id.to_string() == ids[&2])
            .unwrap();
        assert!(second_build.old.contains("shipped_build_number"));
        assert!(second_build.new.contains("other_build_shipped"));
        assert_eq!(second_build.reason, "changed");
        replayed(&changes);
        // What was known before can still be asked.
        let before = db::builds_by_id(
            &test.db,
            first.generation,
            Product::Firefox,
            ids[&2].parse().unwrap(),
        )
        .await
        .unwrap();
        assert!(before.iter().all(|build| build.status == Status::Shipped));
    }
}

fn correction(id: i64, kind: CorrectionKind, subject: &str, value: Option<&str>) -> Correction {
    Correction {
        id,
        kind,
        subject: subject.to_owned(),
        field: value.map(|_| Field::Status),
        value: value.map(str::to_owned),
        author: "somebody".to_owned(),
        reason: "it was taken back on the day".to_owned(),
    }
}

#[tokio::test]
async fn a_correction_that_is_undone_leaves_no_trace_in_what_is_concluded() {
    let sources = Sources::standard().await;
    let id = ids_of(&sources.world, "152.0")[&2].clone();
    for test in databases().await {
        sources.import(&test.db).await;
        let before = exported(&test.db).await;
        let stop = CancellationToken::new();
        for (n, correction) in [
            correction(1, CorrectionKind::State, "Firefox 152.0", Some("pulled")),
            correction(
                2,
                CorrectionKind::State,
                &format!("Firefox {id}"),
                Some("pulled"),
            ),
            correction(3, CorrectionKind::Ignore, "firefox-152.0", None),
        ]
        .into_iter()
        .enumerate()
        {
            let corrected = correct(
                &test.db,
                std::slice::from_ref(&correction),
                "test",
                &stop,
                &quiet,
            )
            .await
            .unwrap();
            let changed = exported(&test.db).await;
            assert_ne!(changed, before, "{correction:?}");
            let undone =
                undo_correction(&test.db, correction.id, "somebody", "test", &stop, &quiet).await;
            assert_eq!(undone.unwrap(), Some(corrected + 1), "{n}");
            assert_eq!(exported(&test.db).await, before, "{correction:?}");
            let again =
                undo_correction(&test.db, correction.id, "somebody", "test", &stop, &quiet).await;
            assert_eq!(again.unwrap(), None);
        }
        replayed(&changes(&test.db).await);
    }
}

#[tokio::test]
async fn of_two_imports_at_once_the_second_waits_or_is_turned_away() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let report = move |_: Progress| {
            let _ = begun.send(());
        };
        let (db, settings) = (test.db.clone(), sources.settings.clone());
        let first = tokio::spawn(async move {
            let stop = CancellationToken::new();
            import(&db, &settings, &Options::default(), "first", &stop, &report).await
        });
        has_begun.recv().await.unwrap();
        let impatient = Options {
            wait: false,
            ..Options::default()
        };
        let stop = CancellationToken::new();
        let refused = import(
            &test.db,
            &sources.settings,
            &impatient,
            "second",
            &stop,
            &quiet,
        )
        .await;
        let Err(ImportError::Busy(lease)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(lease.owner, "first");
        let waited_for = std::sync::Mutex::new(BTreeSet::new());
        let report = |progress: Progress| {
            if let Progress::Waiting(owner) = progress {
                waited_for.lock().unwrap().insert(owner);
            }
        };
        let second = import(
            &test.db,
            &sources.settings,
            &Options::default(),
            "second",
            &stop,
            &report,
        )
        .await
        .unwrap();
        let first = first.await.unwrap().unwrap();
        assert_eq!(
            *waited_for.lock().unwrap(),
            BTreeSet::from(["first".to_owned()])
        );
        assert_eq!(second.new_records, 0);
        assert!(first.ended.unwrap() <= second.started);
    }
}

#[tokio::test]
async fn no_transaction_of_an_import_writes_more_than_500_rows() {
    let sources = Sources::standard().await;
    let tests = databases().await;
    let Some((Db::Sqlite(pools), db)) = tests.first().map(|test| (&test.db, &test.db)) else {
        panic!("the first database is SQLite");
    };
    let (rows, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    {
        // There is one writing connection, and its hooks stay with it.
        let mut connection = pools.write.acquire().await.unwrap();
        let mut handle = connection.lock_handle().await.unwrap();
        let count = Arc::clone(&rows);
        handle.set_update_hook(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let most = Arc::clone(&most);
        handle.set_commit_hook(move || {
            most.fetch_max(rows.swap(0, Ordering::SeqCst), Ordering::SeqCst);
            true
        });
    }
    sources.import(db).await;
    let mut other = (*sources.world).clone();
    for build in &mut other.builds {
        build.shipped_on = None;
    }
    // All that had shipped is gone, at once.
    let kept = other
        .builds
        .iter()
        .position(|build| &*build.version == "152.0")
        .unwrap();
    other.builds[kept].shipped_on = Some(other.plan.end);
    Sources::of(other).await.import(db).await;
    rebuild(db, "test", &CancellationToken::new(), &quiet)
        .await
        .unwrap();
    let most = most.load(Ordering::SeqCst);
    assert!((100..=500).contains(&most), "{most}");
}
