//! Crashes that somebody wants processed again, those that still wait, and where crashes are, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crash::{CrashId, RawCrash};
use crashstore::db::{self, Finished, MOST_UNPROCESSED, Output};
use crashstore::presence::{Presence, presence};
use crashstore::reprocessing::{Fate, Ruleset, reprocess};
use crashstore::{Received, keys};
use platform::access::{self, Actor};
use platform::blobs::{BlobSettings, Blobs};
use platform::db::Db;
use platform::queue::{self, Claimant, Kind, Lane};
use platform_testing::databases;

fn id(n: usize) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

fn actor() -> Actor {
    Actor {
        who: "token t (tests)".to_owned(),
        origin: "192.0.2.1".to_owned(),
    }
}

/// A crash that came in at this time; a later copy of `first`, if that is given.
async fn receive(db: &Db, n: usize, received: i64, first: Option<usize>) {
    let row = Received {
        received,
        duplicate_of: first.map(id),
        ..Received::of(&id(n), &RawCrash::default())
    };
    let mut tx = db.begin().await.unwrap();
    assert!(db::insert_received(&mut tx, &row).await.unwrap());
    tx.commit().await.unwrap();
}

async fn process(db: &Db, n: usize, claim: &str) {
    let output = Output {
        row_version: 1,
        claim: claim.to_owned(),
    };
    let mut tx = db.begin().await.unwrap();
    let finished = Finished::default();
    assert!(db::finish(&mut tx, &id(n), &finished, 0, &output, 5).await.unwrap());
    tx.commit().await.unwrap();
}

async fn bury(db: &Db, n: usize) {
    let mut tx = db.begin().await.unwrap();
    db::bury(&mut tx, &id(n), 1, 2).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_wanted_is_queued_once_and_recorded_and_the_rest_is_passed_over() {
    use Ruleset::{Default, RegenerateSignature};
    for test in databases().await {
        let db = &test.db;
        for n in 1..=4 {
            receive(db, n, 1, None).await;
        }
        receive(db, 5, 1, Some(2)).await;
        receive(db, 6, 1, Some(3)).await;
        receive(db, 7, 1, Some(77)).await;
        bury(db, 3).await;
        let wanted = [
            (id(1), RegenerateSignature),
            (id(9), Default),
            (id(5), RegenerateSignature),
            (id(3), Default),
            (id(6), Default),
            (id(7), Default),
            (id(4), Default),
            (id(2), Default),
            (id(4), RegenerateSignature),
        ];
        let fates = reprocess(db, &wanted, &actor(), 7).await.unwrap();
        let queued = |n| Fate::Queued(id(n));
        assert_eq!(
            fates,
            [
                queued(1),
                Fate::Unknown,
                queued(2),
                Fate::Deleted,
                Fate::Deleted,
                Fate::Unknown,
                queued(4),
                queued(2),
                queued(4),
            ]
        );
        let mut jobs = queue::claim(db, &Claimant::new("a"), &[Lane::Reprocessing], 10, 7)
            .await
            .unwrap();
        jobs.sort_by(|one, other| one.crash_id.cmp(&other.crash_id));
        let seen: Vec<(&str, Kind)> = jobs.iter().map(|job| (job.crash_id.as_str(), job.kind)).collect();
        let ids = [id(1), id(2), id(4)];
        let expected: Vec<(&str, Kind)> = ids
            .iter()
            .map(CrashId::as_str)
            .zip([Kind::Sign, Kind::Process, Kind::Process])
            .collect();
        assert_eq!(seen, expected);

        let lines = access::entries(db, "", i64::MIN, None, 10).await.unwrap();
        let mut lines: Vec<(&str, &str, &str, &str)> = lines
            .iter()
            .map(|line| (&*line.crash_id, &*line.action, &*line.detail, &*line.who))
            .collect();
        lines.sort_unstable();
        let line = |n: usize, ruleset: &'static str| (ids[n].as_str(), "reprocess_crash", ruleset, "token t (tests)");
        assert_eq!(
            lines,
            [line(0, "regenerate_signature"), line(1, "default"), line(2, "default")]
        );
        assert_eq!(reprocess(db, &[], &actor(), 7).await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_open_job_gets_the_greater_work_and_a_failed_one_is_taken_up_again() {
    for test in databases().await {
        let db = &test.db;
        let push = async |n, kind, lane| {
            receive(db, n, 1, None).await;
            let mut tx = db.begin().await.unwrap();
            queue::push(&mut tx, id(n).as_str(), kind, lane, 1).await.unwrap();
            tx.commit().await.unwrap();
        };
        push(1, Kind::Process, Lane::Standard).await;
        push(2, Kind::Enrich, Lane::Enrichment).await;
        push(3, Kind::Enrich, Lane::Priority).await;
        let job = queue::claim(db, &Claimant::new("a"), &[Lane::Priority], 1, 1)
            .await
            .unwrap()
            .remove(0);
        let mut tx = db.begin().await.unwrap();
        queue::fail(&mut tx, &job, 2, "for the test").await.unwrap();
        tx.commit().await.unwrap();
        let wanted = [1, 2, 3].map(|n| (id(n), Ruleset::RegenerateSignature));
        reprocess(db, &wanted, &actor(), 7).await.unwrap();
        let lanes = [Lane::Standard, Lane::Reprocessing];
        let jobs = queue::claim(db, &Claimant::new("a"), &lanes, 10, 7).await.unwrap();
        let mut seen: Vec<_> = jobs
            .iter()
            .map(|job| (job.crash_id.clone(), job.kind, job.lane))
            .collect();
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(
            seen,
            [
                (id(1).to_string(), Kind::Process, Lane::Standard),
                (id(2).to_string(), Kind::Sign, Lane::Reprocessing),
                (id(3).to_string(), Kind::Sign, Lane::Reprocessing),
            ]
        );
    }
}

#[test]
fn rulesets_have_names() {
    for ruleset in Ruleset::ALL {
        assert_eq!(Ruleset::from_name(ruleset.name()), Some(ruleset));
    }
    for name in ["", "Default", "default "] {
        assert_eq!(Ruleset::from_name(name), None);
    }
}

#[tokio::test]
async fn the_unprocessed_are_those_that_wait_or_failed_the_oldest_first() {
    for test in databases().await {
        let db = &test.db;
        for (n, received) in [(1, 10), (2, 30), (3, 20), (4, 40), (5, 15), (8, 20)] {
            receive(db, n, received, None).await;
        }
        receive(db, 6, 12, Some(1)).await;
        process(db, 5, "c").await;
        receive(db, 7, 11, None).await;
        bury(db, 7).await;
        for (until, limit, offset, expected) in [
            (40, 10, 0, vec![1, 3, 8, 2]),
            (41, 2, 0, vec![1, 3]),
            (41, 2, 2, vec![8, 2]),
            (41, 2, 4, vec![4]),
            (41, 2, 6, vec![]),
            (10, 10, 0, vec![]),
            (41, 10, MOST_UNPROCESSED, vec![]),
            (41, 10, i64::MAX, vec![]),
            (41, 1, -5, vec![1]),
        ] {
            let found = db::unprocessed(db, until, limit, offset).await.unwrap();
            let found: Vec<String> = found.into_iter().map(|one| one.crash_id).collect();
            let expected: Vec<String> = expected.into_iter().map(|n| id(n).to_string()).collect();
            assert_eq!(found, expected, "{} {until} {limit} {offset}", db.engine());
        }
        for (until, expected) in [(41, 5), (40, 4), (10, 0)] {
            assert_eq!(db::count_unprocessed(db, until).await.unwrap(), expected);
        }
    }
}

#[tokio::test]
async fn where_a_crash_is_stored_is_said_part_by_part() {
    for test in databases().await {
        let db = &test.db;
        let blobs = Blobs::open(&BlobSettings::default(), test.folder.path()).unwrap();
        let put = async |key: String| blobs.replace(&key, "{}".into()).await.unwrap();
        let found = async |n| presence(db, &blobs, &id(n)).await.unwrap();
        let nothing = Presence::default();
        assert_eq!(found(1).await, nothing);
        put(keys::raw_crash(&id(1))).await;
        receive(db, 1, 1, None).await;
        let raw = Presence { raw: true, ..nothing };
        assert_eq!(found(1).await, raw);
        // Written, but no row says so.
        put(keys::output(&id(1), "c")).await;
        assert_eq!(found(1).await, raw);
        process(db, 1, "c").await;
        let processed = Presence { processed: true, ..raw };
        assert_eq!(found(1).await, processed);
        let mut tx = db.begin().await.unwrap();
        db::upsert_search_row(&mut tx, &id(1), 1, 1, b"x").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            found(1).await,
            Presence {
                search: true,
                ..processed
            }
        );
        // The row says more than there is.
        blobs.delete(&keys::output(&id(1), "c")).await.unwrap();
        assert_eq!(found(1).await, Presence { search: true, ..raw });
        bury(db, 1).await;
        assert_eq!(found(1).await, nothing, "its objects are only still to be removed");
        // Without a row, as before a rebuild.
        put(keys::raw_crash(&id(2))).await;
        put(keys::processed_crash(&id(2))).await;
        assert_eq!(found(2).await, processed);
    }
}
