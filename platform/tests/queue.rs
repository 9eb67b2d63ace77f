//! The job queue on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::atomic::{AtomicU64, Ordering};

use platform::clock;
use platform::db::Db;
use platform::queue::{self, Claimant, Job, JobState, Kind, Lane};
use platform_testing::databases;

const LANES: [Lane; 4] = [Lane::Priority, Lane::Standard, Lane::Reprocessing, Lane::Enrichment];
const NOW: i64 = 1_800_000_000_000_000;
const LATER: i64 = NOW + 3_600_000_000;

async fn push(db: &Db, id: &str, kind: Kind, lane: Lane) {
    let mut tx = db.begin().await.unwrap();
    queue::push(&mut tx, id, kind, lane, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim(db: &Db, owner: &str, now: i64) -> Vec<Job> {
    // Every claim has a unique name, in every process.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let claimant = Claimant::new(format!("{owner}-{count}"));
    queue::claim(db, &claimant, &LANES, 10, now).await.unwrap()
}

async fn done(db: &Db, job: &Job, now: i64) -> bool {
    let mut tx = db.begin().await.unwrap();
    let held = queue::done(&mut tx, job, now).await.unwrap();
    tx.commit().await.unwrap();
    held
}

#[tokio::test]
async fn a_job_is_claimed_once_and_gone_when_done() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        assert!(queue::due(db, NOW).await.unwrap());
        let jobs = claim(db, "one", NOW).await;
        assert_eq!(jobs.len(), 1);
        assert_eq!((jobs[0].kind, jobs[0].claims), (Kind::Process, 1));
        assert_eq!(claim(db, "two", NOW).await, []);
        assert!(done(db, &jobs[0], NOW).await);
        assert!(!queue::due(db, LATER).await.unwrap());
    }
}

#[tokio::test]
async fn lanes_are_served_in_the_order_asked_and_pushing_again_upgrades() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Enrich, Lane::Enrichment).await;
        push(db, "b", Kind::Process, Lane::Standard).await;
        push(db, "a", Kind::Process, Lane::Priority).await;
        push(db, "a", Kind::Enrich, Lane::Enrichment).await;
        let jobs = claim(db, "one", NOW).await;
        let seen: Vec<_> = jobs
            .iter()
            .map(|job| (job.crash_id.as_str(), job.kind, job.lane))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", Kind::Process, Lane::Priority),
                ("b", Kind::Process, Lane::Standard)
            ]
        );
    }
}

#[tokio::test]
async fn a_push_during_the_work_opens_another_round_of_what_was_pushed() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        let first = claim(db, "one", NOW).await.remove(0);
        push(db, "a", Kind::Enrich, Lane::Enrichment).await;
        assert!(done(db, &first, NOW).await);
        let second = claim(db, "one", NOW).await.remove(0);
        assert_eq!((second.kind, second.lane), (Kind::Enrich, Lane::Enrichment));
        assert!(done(db, &second, NOW).await);
        assert_eq!(claim(db, "one", LATER).await, []);
    }
}

#[tokio::test]
async fn a_crash_that_is_waited_for_comes_first_and_is_not_done_twice() {
    async fn hasten(db: &Db, id: &str) {
        let mut tx = db.begin().await.unwrap();
        queue::hasten(&mut tx, id, NOW).await.unwrap();
        tx.commit().await.unwrap();
    }
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        hasten(db, "a").await;
        hasten(db, "missing").await;
        push(db, "small", Kind::Renew, Lane::Reprocessing).await;
        hasten(db, "small").await;
        let mut jobs = claim(db, "one", NOW).await;
        jobs.sort_by(|a, b| a.crash_id.cmp(&b.crash_id));
        let seen: Vec<_> = jobs
            .iter()
            .map(|job| (job.crash_id.as_str(), job.kind, job.lane))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", Kind::Process, Lane::Priority),
                ("missing", Kind::Process, Lane::Priority),
                ("small", Kind::Process, Lane::Priority)
            ]
        );
        // Hastening a claimed job does not open a second round.
        hasten(db, "a").await;
        assert!(done(db, &jobs[0], NOW).await);
        assert_eq!(claim(db, "two", NOW).await, []);
    }
}

#[tokio::test]
async fn the_smallest_work_waits_for_no_other_and_changes_none() {
    async fn offer(db: &Db, id: &str) -> bool {
        let mut tx = db.begin().await.unwrap();
        let pushed = queue::push_unless_queued(&mut tx, id, Kind::Renew, Lane::Reprocessing, NOW);
        let pushed = pushed.await.unwrap();
        tx.commit().await.unwrap();
        pushed
    }
    for test in databases().await {
        let db = &test.db;
        assert!(offer(db, "a").await && offer(db, "b").await && offer(db, "c").await);
        assert!(!offer(db, "a").await, "it is queued already");
        assert_eq!(queue::due_in(db, Lane::Reprocessing, NOW, 10).await.unwrap(), 3);
        assert_eq!(queue::due_in(db, Lane::Reprocessing, NOW, 2).await.unwrap(), 2);
        assert_eq!(queue::due_in(db, Lane::Reprocessing, NOW - 1, 10).await.unwrap(), 0);
        assert_eq!(queue::due_in(db, Lane::Standard, NOW, 10).await.unwrap(), 0);
        // Greater work takes its place.
        push(db, "a", Kind::Process, Lane::Standard).await;
        push(db, "b", Kind::Enrich, Lane::Enrichment).await;
        let mut jobs = claim(db, "one", NOW).await;
        jobs.sort_by(|a, b| a.crash_id.cmp(&b.crash_id));
        let seen: Vec<_> = jobs
            .iter()
            .map(|job| (job.crash_id.as_str(), job.kind, job.lane))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", Kind::Process, Lane::Standard),
                ("b", Kind::Enrich, Lane::Reprocessing),
                ("c", Kind::Renew, Lane::Reprocessing),
            ]
        );
        // Neither a claimed nor a given-up job is taken up again.
        assert!(!offer(db, "a").await);
        assert!(done(db, &jobs[0], NOW).await);
        let mut tx = db.begin().await.unwrap();
        assert!(queue::fail(&mut tx, &jobs[1], NOW, "x").await.unwrap());
        tx.commit().await.unwrap();
        assert!(!offer(db, "b").await);
        let status = queue::job_of(db, "b").await.unwrap().unwrap();
        assert_eq!(status.state, JobState::Failed);
        assert_eq!(queue::job_of(db, "a").await.unwrap(), None);
        // Greater work that comes while the smallest is done follows it.
        push(db, "c", Kind::Process, Lane::Standard).await;
        assert!(done(db, &jobs[2], NOW).await);
        let next = claim(db, "two", NOW).await;
        assert_eq!(
            (next.len(), next[0].kind, next[0].lane),
            (1, Kind::Process, Lane::Standard)
        );
    }
}

#[tokio::test]
async fn each_transaction_says_how_durable_it_is() {
    for test in databases().await {
        for (repeatable, sqlite, postgres) in [(true, "1", "off"), (false, "2", "on")] {
            let mut tx = match repeatable {
                true => test.db.begin_repeatable().await.unwrap(),
                false => test.db.begin().await.unwrap(),
            };
            let (mode, expected): (String, &str) = match &mut tx {
                platform::db::Tx::Sqlite(tx) => {
                    let mode: i64 = sqlx::query_scalar("PRAGMA synchronous")
                        .fetch_one(&mut **tx)
                        .await
                        .unwrap();
                    (mode.to_string(), sqlite)
                }
                platform::db::Tx::Postgres(tx) => {
                    let mode = sqlx::query_scalar("SHOW synchronous_commit")
                        .fetch_one(&mut **tx)
                        .await
                        .unwrap();
                    (mode, postgres)
                }
            };
            assert_eq!(mode, expected, "{}", test.db.engine());
            tx.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_lost_claim_changes_nothing() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        let dead = claim(db, "one", NOW).await.remove(0);
        let alive = claim(db, "two", LATER).await.remove(0);
        assert_eq!(alive.claims, 2);
        assert!(!done(db, &dead, LATER).await);
        let mut tx = db.begin().await.unwrap();
        assert!(!queue::renew(&mut tx, &dead, LATER).await.unwrap());
        assert!(queue::renew(&mut tx, &alive, LATER).await.unwrap());
        assert!(!queue::fail(&mut tx, &dead, LATER, "x").await.unwrap());
        tx.commit().await.unwrap();
        assert!(done(db, &alive, LATER).await);
    }
}

#[tokio::test]
async fn a_failure_delays_and_a_failed_job_is_kept_until_it_is_wanted_again() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        let job = claim(db, "one", NOW).await.remove(0);
        let mut tx = db.begin().await.unwrap();
        assert!(queue::retry(&mut tx, &job, LATER, "no disk").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(claim(db, "one", LATER - 1).await, []);
        let waiting = queue::job_of(db, "a").await.unwrap().unwrap();
        assert_eq!(
            (waiting.state, waiting.run_at, &*waiting.reason),
            (JobState::Waiting, LATER, "no disk")
        );
        let job = claim(db, "one", LATER).await.remove(0);
        assert_eq!(job.failures, 1);
        let mut tx = db.begin().await.unwrap();
        assert!(queue::fail(&mut tx, &job, LATER, "still none").await.unwrap());
        tx.commit().await.unwrap();
        let failed = queue::failed(db, None, 10).await.unwrap();
        let seen: Vec<_> = failed
            .iter()
            .map(|job| (&*job.reason, job.pushed, job.failed))
            .collect();
        assert_eq!(seen, [("still none", NOW, LATER)]);
        assert_eq!(queue::failed(db, failed.last(), 10).await.unwrap(), []);
        assert_eq!(claim(db, "one", LATER * 2).await, []);

        let mut tx = db.begin().await.unwrap();
        assert!(queue::retry_failed(&mut tx, "a", LATER).await.unwrap());
        assert!(!queue::retry_failed(&mut tx, "b", LATER).await.unwrap());
        tx.commit().await.unwrap();
        let job = claim(db, "one", LATER).await.remove(0);
        assert_eq!((job.failures, job.claims, job.kind), (0, 1, Kind::Process));
        let mut tx = db.begin().await.unwrap();
        assert!(queue::fail(&mut tx, &job, LATER, "x").await.unwrap());
        tx.commit().await.unwrap();
        // A push of a lesser kind reopens it for all that was pushed.
        push(db, "a", Kind::Enrich, Lane::Enrichment).await;
        let job = claim(db, "one", LATER).await.remove(0);
        assert_eq!((job.kind, job.lane), (Kind::Process, Lane::Enrichment));
        assert_eq!(queue::failed(db, None, 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_released_job_can_be_taken_at_once_and_walker_deaths_are_counted() {
    for test in databases().await {
        let db = &test.db;
        push(db, "a", Kind::Process, Lane::Standard).await;
        let job = claim(db, "one", NOW).await.remove(0);
        let mut tx = db.begin().await.unwrap();
        assert!(queue::walker_died(&mut tx, &job).await.unwrap());
        assert!(queue::release(&mut tx, &job, "").await.unwrap());
        tx.commit().await.unwrap();
        let again = claim(db, "two", NOW).await.remove(0);
        assert_eq!((again.walker_deaths, again.claims), (1, 1));
        let depth = queue::depth(db).await.unwrap();
        assert!(depth.contains(&(Some(Lane::Standard), 1)), "{depth:?}");
    }
}

#[tokio::test]
async fn progress_never_goes_back() {
    for test in databases().await {
        for (value, stored) in [(5, 5), (3, 5), (9, 9)] {
            let mut tx = test.db.begin().await.unwrap();
            platform::db::set_progress(&mut tx, "x", value).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(platform::db::progress(&test.db, "x").await.unwrap(), stored);
        }
        assert!(clock::now_micros() > 0);
    }
}
