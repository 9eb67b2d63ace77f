use platform::clock::micros;
use platform::db::Db;
use platform::in_tx;
use platform_testing::databases;

use super::{Kept, RENEW_EVERY, renew};
use crate::db::{IMPORT_LEASE, Lease, Writes};
use crate::import::ImportError;

const SECOND: i64 = 1_000_000;

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ())).unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_renewal_that_fails_ends_nothing_before_the_lease_does() {
    for test in databases().await {
        let db = &test.db;
        let lease = Lease::take(db, "one", 0).await.unwrap().unwrap();
        let end = micros(IMPORT_LEASE);
        execute(db, "ALTER TABLE import_lease RENAME TO away").await;
        for (now, holds) in [(4 * SECOND, true), (end - 1, true), (end, false)] {
            let kept = renew(&lease, end, now).await;
            match kept {
                Kept::For(pause, until) => assert!(holds && pause < RENEW_EVERY && until == end),
                Kept::Lost(error) => {
                    assert!(!holds && matches!(error, ImportError::Db(_)), "{error}");
                }
            }
        }
        execute(db, "ALTER TABLE away RENAME TO import_lease").await;
        // Late, but no other process has taken it.
        let kept = renew(&lease, end, end + SECOND).await;
        assert!(matches!(kept, Kept::For(RENEW_EVERY, until) if until == end + SECOND + end));
        assert!(!lease.is_lost());
        lease.begin_import().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn each_taking_is_another_and_ends_the_one_before() {
    for test in databases().await {
        let db = &test.db;
        let first = Lease::take(db, "one", 0).await.unwrap().unwrap();
        let busy = Lease::take(db, "one", 5 * SECOND).await.unwrap();
        assert_eq!(busy.unwrap_err().owner, "one", "its own name is no right");
        let second = Lease::take(db, "one", 16 * SECOND).await.unwrap().unwrap();
        assert!(first.begin_import().await.is_err());
        assert!(first.begin_import_repeatable().await.is_err());
        assert!(first.is_lost());
        let kept = renew(&first, 15 * SECOND, 17 * SECOND).await;
        assert!(matches!(kept, Kept::Lost(ImportError::LeaseLost)));
        // Releasing another's lease does nothing.
        first.release().await.unwrap();
        second.begin_import().await.unwrap().commit().await.unwrap();
        second.release().await.unwrap();
        assert!(second.begin_import().await.is_err());
        let third = Lease::take(db, "two", 0).await.unwrap().unwrap();
        assert!(second.begin_import().await.is_err());
        third.begin_import().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn an_import_cannot_write_around_its_lease() {
    for test in databases().await {
        let db = &test.db;
        db.begin_import().await.unwrap().commit().await.unwrap();
        let now = platform::clock::now_micros();
        let lease = Lease::take(db, "one", now).await.unwrap().unwrap();
        assert!(db.begin_import().await.is_err());
        lease.release().await.unwrap();
        db.begin_import().await.unwrap().commit().await.unwrap();
    }
}
