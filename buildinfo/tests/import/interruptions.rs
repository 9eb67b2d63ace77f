//! Imports that are stopped, killed, or start while another one runs.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use buildinfo::db::{self, Contents, IMPORT, Place, PlaceState, Run, Step};
use buildinfo::import::{ImportError, Options, Progress, import, rebuild};
use builds::Correction;
use builds::derive::correction::CorrectionKind;
use platform::db::Db;
use platform_testing::databases;
use tokio_util::sync::CancellationToken;

use crate::compare::{changes, exported, replayed};
use crate::support::{Sources, quiet};

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
        // Stopped once at each of the first reports, then at every third, so in every part of the work.
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
        import(&test.db, &sources.settings, &Options::default(), "test", &stop, &count)
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
                    // The task is dropped where it is, as by a kill.
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
            // Its lease would last a few more seconds.
            db::IMPORT.release_of(&test.db, "killed").await.unwrap();
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
        let refused = import(&test.db, &sources.settings, &impatient, "second", &stop, &quiet).await;
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
        assert_eq!(*waited_for.lock().unwrap(), BTreeSet::from(["first".to_owned()]));
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
    // Everything that had shipped is gone at once.
    let kept = other
        .builds
        .iter()
        .position(|build| &*build.version == "152.0")
        .unwrap();
    other.builds[kept].shipped_on = Some(other.plan.end);
    Sources::of(other).await.import(db).await;
    rebuild(db, "test", &CancellationToken::new(), &quiet).await.unwrap();
    let most = most.load(Ordering::SeqCst);
    assert!((100..=500).contains(&most), "{most}");
}

/// Blocks the importer's thread in its report with this number, like a stopped process, until the other end is dropped.
fn pausing(number: u64) -> (impl Fn(Progress) + Sync, Paused) {
    let (reached, has_reached) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (seen, wait) = (AtomicU64::new(0), std::sync::Mutex::new(wait));
    let report = move |_: Progress| {
        if seen.fetch_add(1, Ordering::SeqCst) + 1 == number {
            let _ = reached.send(());
            let _ = wait.lock().unwrap().recv();
        }
    };
    let paused = Paused { has_reached, go_on };
    (report, paused)
}

struct Paused {
    has_reached: tokio::sync::mpsc::UnboundedReceiver<()>,
    go_on: std::sync::mpsc::Sender<()>,
}

/// Everything that an import writes, as text.
async fn all(db: &Db) -> String {
    let runs = db::recent_runs(db, 300).await.unwrap();
    let states = db::source_states(db).await.unwrap();
    let mut places: Vec<_> = db::places(db).await.unwrap().into_iter().collect();
    places.sort_by(|left, right| left.0.cmp(&right.0));
    format!(
        "{:?}\n{runs:?}\n{states:?}\n{places:?}\n{:?}\n{:?}",
        exported(db).await,
        changes(db).await,
        db::dirty_count(db).await.unwrap()
    )
}

/// Ends the lease now, as if its time had passed.
async fn let_lease_end(db: &Db) {
    const SQL: &str = "UPDATE import_lease SET lease_until = 1";
    let mut tx = db.begin().await.unwrap();
    platform::in_tx!(&mut tx, |conn| sqlx::query(SQL).execute(conn).await.map(|_| ())).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_importer_that_was_paused_past_its_lease_changes_nothing_after_its_successor() {
    let sources = Sources::standard().await;
    for number in [2, 9, 14, 17] {
        for test in databases().await {
            let (report, mut paused) = pausing(number);
            let (database, folder) = (test.settings.clone(), test.folder.path().to_owned());
            let settings = sources.settings.clone();
            // A thread with everything it needs, which can stop as a whole.
            let first = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                runtime.block_on(async {
                    let db = Db::open(&database, &folder).await.unwrap();
                    let stop = CancellationToken::new();
                    import(&db, &settings, &Options::default(), "first", &stop, &report).await
                })
            });
            paused.has_reached.recv().await.unwrap();
            let_lease_end(&test.db).await;
            sources.import(&test.db).await;
            let after = all(&test.db).await;
            drop(paused.go_on);
            let outcome = tokio::task::spawn_blocking(move || first.join()).await;
            let outcome = outcome.unwrap().unwrap();
            assert!(matches!(outcome, Err(ImportError::LeaseLost)), "{outcome:?}");
            assert_eq!(all(&test.db).await, after, "{number}");
        }
    }
}

#[tokio::test]
async fn nothing_of_an_import_is_written_with_a_lease_that_another_took() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let db = &test.db;
        sources.import(db).await;
        let stale = IMPORT.take(db, "stale", 0).await.unwrap().unwrap();
        let again = IMPORT.take(db, "newer", 16_000_000).await.unwrap().unwrap();
        let before = all(db).await;
        let said = buildinfo::sources::csv::history();
        let (url, place) = (
            &said[0].url,
            Place {
                path: "/pub/x/".to_owned(),
                state: PlaceState::Open,
                contents: Contents::default(),
                etag: None,
            },
        );
        let (places, run) = (std::slice::from_ref(&place), Run::default());
        let correction = Correction {
            id: 1,
            kind: CorrectionKind::Ignore,
            subject: said[0].subject.clone(),
            field: None,
            value: None,
            author: "a".to_owned(),
            reason: "b".to_owned(),
        };
        let stale = &stale;
        let refused = [
            ("run", db::start_run(stale, &run).await.is_err()),
            ("record", db::record(stale, 1, &said[..1]).await.is_err()),
            (
                "close",
                db::close_unsaid(stale, 1, "csv", url, &HashSet::new()).await.is_err(),
            ),
            ("places", db::put_places(stale, 1, places).await.is_err()),
            ("bad", db::forget_bad(stale, &["/x".to_owned()]).await.is_err()),
            (
                "state",
                db::record_state(stale, "csv", 1, None, None, None).await.is_err(),
            ),
            ("dirty", db::mark_all_dirty(stale).await.is_err()),
            ("correction", db::add_correction(stale, &correction, 1).await.is_err()),
            (
                "steps",
                db::write_steps(stale, 9, &[Step::Clean("x".to_owned())]).await.is_err(),
            ),
        ];
        for (what, refused) in refused {
            assert!(refused, "{what}");
        }
        // There is nothing to finish, and if there were, it would be refused.
        assert!(!db::finish_generation(stale, 9, 1).await.unwrap_or(false));
        assert_eq!(all(db).await, before);
        again.release().await.unwrap();
        // A plain database is refused while there is a lease, by its own clock.
        let now = platform::clock::now_micros();
        let lease = IMPORT.take(db, "third", now).await.unwrap().unwrap();
        assert!(db::mark_all_dirty(db).await.is_err());
        lease.release().await.unwrap();
    }
}
