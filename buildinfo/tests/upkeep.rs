//! Removing history: by age, in steps, and never anything that an answer needs.

#![expect(clippy::unwrap_used, reason = "what fails in a test is the test")]

#[expect(dead_code, reason = "shared with tests that import in other ways")]
#[path = "support/mod.rs"]
mod support;

use buildinfo::Settings;
use buildinfo::db::{self, Step};
use buildinfo::transfer::export;
use buildinfo::watch::upkeep::{self, Pruned};
use platform::db::Db;
use platform::in_tx;
use platform_testing::databases;

use support::Sources;

const DAY: i64 = 86_400_000_000;

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).unwrap();
    tx.commit().await.unwrap();
}

async fn exported(db: &Db, generation: i64) -> Vec<u8> {
    let mut all = Vec::new();
    export::canonical(db, generation, &mut all).await.unwrap();
    all
}

/// Runs steps in two processes at once until nothing is left to do; returns the totals removed.
async fn prune(db: &Db, settings: &Settings, now: i64) -> [u64; 5] {
    let mut sum = [0; 5];
    for _ in 0..100 {
        let (one, other) = tokio::join!(upkeep::step(db, settings, now), upkeep::step(db, settings, now));
        let (one, other) = (one.unwrap(), other.unwrap());
        for Pruned { removed, .. } in [one, other] {
            let rows = [
                removed.builds,
                removed.changes,
                removed.generations,
                removed.runs,
                removed.sightings,
            ];
            assert!(rows.iter().all(|rows| *rows <= 500), "{rows:?}");
            for (sum, rows) in sum.iter_mut().zip(rows) {
                *sum += rows;
            }
        }
        if !one.more && !other.more {
            return sum;
        }
    }
    panic!("it does not end: {sum:?}");
}

#[tokio::test]
async fn what_is_too_old_to_be_asked_for_goes_and_nothing_else() {
    let sources = Sources::standard().await;
    for test in databases().await {
        let db = &test.db;
        sources.import(db).await;
        execute(db, "UPDATE generation SET created = 8640000000000").await;
        let all = db::Filter::default();
        let builds = db::list_builds(db, 1, &all, None, 900).await.unwrap().rows;
        // A build ends with each generation, and many with the second.
        let closes = [&builds[..700], &builds[700..701], &builds[701..702]];
        for ((n, days), closes) in [(2, 200), (3, 300), (4, 900)].into_iter().zip(closes) {
            let steps: Vec<Step> = closes
                .iter()
                .map(|build| Step::Close(Box::new(build.clone())))
                .collect();
            db::write_steps(db, n, &steps).await.unwrap();
            assert!(db::finish_generation(db, n, days * DAY).await.unwrap());
        }
        let mut expected = Vec::new();
        for n in 2..=4 {
            expected.push(exported(db, n).await);
        }
        let settings = Settings::default();
        assert_eq!(settings.keep_history_days, 365);
        let forever = Settings {
            keep_history_days: 0,
            ..Settings::default()
        };
        assert_eq!(prune(db, &forever, i64::MAX).await, [0; 5]);
        // Everything is within the kept days except the first generation's changes; they are removed whether or not a
        // processor follows changes.
        let at = |days: i64| (days + 365) * DAY;
        let removed = prune(db, &settings, at(150)).await;
        assert!(removed[1] > 300, "{removed:?}");
        assert_eq!((removed[0], &removed[2..]), (0, &[0, 0, 0][..]));
        assert_eq!(db::changes_removed(db).await.unwrap(), 1);
        // The import is from today.
        let removed = prune(db, &settings, at(250)).await;
        assert!(removed[1] > 100, "{removed:?}");
        assert_eq!((removed[0], &removed[2..]), (700, &[1, 0, 0][..]));
        assert_eq!(db::changes_removed(db).await.unwrap(), 2);
        for (days, found) in [(150, Err(200)), (200, Ok(2)), (250, Ok(2)), (901, Ok(4))] {
            let known = db::known_at(db, days * DAY).await.unwrap();
            let known = known
                .map(|generation| generation.n)
                .map_err(|before| before.reaches_back_to / DAY);
            assert_eq!(known, found, "{days}");
        }
        let why = db::known_at(db, 0).await.unwrap().unwrap_err().to_string();
        assert!(why.ends_with("reaches back to 1970-07-20T00:00:00Z"), "{why}");
        // What has just left the kept days is refused, and removed a day later.
        let half = DAY / 2;
        assert_eq!(prune(db, &settings, at(300) + half).await, [0; 5]);
        assert!(!db::is_kept(db, 2).await.unwrap());
        assert_eq!(exported(db, 2).await, expected[0]);
        assert_eq!(prune(db, &settings, at(302)).await, [1, 1, 1, 0, 0]);
        for n in 3..=4 {
            assert_eq!(exported(db, n).await, expected[usize::try_from(n).unwrap() - 2]);
        }
        // At any age, the newest generation, its builds and the newest import stay.
        let now = platform::clock::now_micros() + 1000 * DAY;
        sources.import(db).await;
        let newest = db::latest_generation(db).await.unwrap().n;
        let whole = exported(db, newest).await;
        prune(db, &settings, now).await;
        assert_eq!(exported(db, newest).await, whole);
        assert_eq!(db::latest_generation(db).await.unwrap().n, newest);
        assert_eq!(db::recent_runs(db, 10).await.unwrap().len(), 1);
    }
}
