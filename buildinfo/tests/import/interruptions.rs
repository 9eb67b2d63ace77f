//! Imports that are stopped, killed, or come while another one runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use buildinfo::db;
use buildinfo::import::{ImportError, Options, Progress, import, rebuild};
use platform::db::Db;
use platform::testing::databases;
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
