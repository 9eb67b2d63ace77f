//! Leases, on both databases.

use std::time::Duration;

use platform::clock::micros;
use platform::db::{Db, Tx};
use platform::in_tx;
use platform::lease::{LEASE, LeaseHolder, LeaseRow, Lost};
use platform_testing::databases;

const SECOND: i64 = 1_000_000;
/// How often a lease is renewed.
const REGULAR: Duration = Duration::from_secs(4);
/// A row of a table that there is, by another name.
const ROW: LeaseRow = LeaseRow {
    table: "import_lease",
    name: "a test",
    right: "to test",
    is_changed: false,
};
const CHANGED: LeaseRow = LeaseRow {
    is_changed: true,
    ..ROW
};

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.expect("a transaction");
    in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).expect("it is done");
    tx.commit().await.expect("a commit");
}

#[tokio::test]
async fn a_renewal_that_fails_ends_nothing_before_the_lease_does() {
    for test in databases().await {
        let db = &test.db;
        let lease = ROW.take(db, "one", 0).await.unwrap().unwrap();
        let end = micros(LEASE);
        execute(db, "ALTER TABLE import_lease RENAME TO away").await;
        for (now, holds) in [(4 * SECOND, true), (end - 1, true), (end, false)] {
            match lease.renew_in_time(end, now).await {
                Ok((pause, until)) => assert!(holds && pause < REGULAR && until == end),
                Err(Lost::Db(_)) => assert!(!holds),
                Err(Lost::Taken) => panic!("nobody took it"),
            }
        }
        execute(db, "ALTER TABLE away RENAME TO import_lease").await;
        // Late, but no other process has taken it.
        let kept = lease.renew_in_time(end, end + SECOND).await;
        assert!(matches!(kept, Ok((REGULAR, until)) if until == end + SECOND + end));
        assert!(!lease.is_lost());
        lease.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn each_taking_is_another_and_ends_the_one_before() {
    for test in databases().await {
        let db = &test.db;
        for row in [ROW, CHANGED] {
            let first = row.take(db, "one", 0).await.unwrap().unwrap();
            let busy = row.take(db, "one", 5 * SECOND).await.unwrap();
            let holder = LeaseHolder {
                owner: "one".to_owned(),
                until: 15 * SECOND,
            };
            assert_eq!(busy.unwrap_err(), holder, "its own name is no right");
            let second = row.take(db, "one", 16 * SECOND).await.unwrap().unwrap();
            assert!(first.begin().await.is_err());
            assert!(first.is_lost());
            let kept = first.renew_in_time(15 * SECOND, 17 * SECOND).await;
            assert!(matches!(kept, Err(Lost::Taken)));
            // Releasing another's lease does nothing.
            first.release().await.unwrap();
            second.begin().await.unwrap().commit().await.unwrap();
            second.release().await.unwrap();
            assert!(second.begin().await.is_err());
            let third = row.take(db, "two", 0).await.unwrap().unwrap();
            assert!(second.begin().await.is_err());
            third.begin().await.unwrap().commit().await.unwrap();
            row.release_of(db, "one").await.unwrap();
            third.begin().await.unwrap().commit().await.unwrap();
            row.release_of(db, "two").await.unwrap();
            assert!(third.begin().await.is_err());
        }
    }
}

#[tokio::test]
async fn who_has_it_is_known_to_others() {
    for test in databases().await {
        let db = &test.db;
        let lease = ROW.take(db, "one", 0).await.unwrap().unwrap();
        for (now, holder) in [(0, Some("one")), (15 * SECOND - 1, Some("one")), (15 * SECOND, None)] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(ROW.holder(&mut tx, now).await.unwrap().as_deref(), holder);
        }
        lease.release().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert_eq!(ROW.holder(&mut tx, 0).await.unwrap(), None);
    }
}

#[tokio::test]
async fn its_transactions_lock_its_row() {
    const SHARE: &str = "SELECT 1 FROM import_lease WHERE name = 'a test' FOR SHARE NOWAIT";
    const UPDATE: &str = "SELECT 1 FROM import_lease WHERE name = 'a test' FOR UPDATE NOWAIT";
    for test in databases().await {
        let db = &test.db;
        for (row, may_share) in [(ROW, true), (CHANGED, false)] {
            let lease = row.take(db, "one", 0).await.unwrap().unwrap();
            let held = lease.begin().await.unwrap();
            if matches!(held, Tx::Postgres(_)) {
                for (sql, may_lock) in [(SHARE, may_share), (UPDATE, false)] {
                    let Tx::Postgres(mut tx) = db.begin().await.unwrap() else {
                        panic!("another database");
                    };
                    let locked = sqlx::query(sql).execute(&mut *tx).await;
                    assert_eq!(locked.is_ok(), may_lock, "{row:?} {sql}");
                }
            }
            held.commit().await.unwrap();
            lease.release().await.unwrap();
        }
    }
}

#[tokio::test]
async fn work_ends_with_its_lease() {
    for test in databases().await {
        let db = &test.db;
        let lease = ROW.take(db, "one", 0).await.unwrap().unwrap();
        let work = async {
            ROW.take(db, "two", 20 * SECOND).await.unwrap().unwrap();
            lease.begin().await.err().map(|_| "refused")
        };
        assert!(matches!(lease.hold(work).await, Err(Lost::Taken)));
        ROW.release_of(db, "two").await.unwrap();

        let lease = ROW.take(db, "three", 0).await.unwrap().unwrap();
        assert!(matches!(lease.hold(async { 7 }).await, Ok(7)));
        ROW.take(db, "four", 0).await.unwrap().unwrap();
    }
}
