//! Search rows of older forms, on both databases.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use crash::CrashId;
use crashstore::db::{self, MOST_OLDER, OlderRow};
use crashstore::search::SCHEMA;
use platform::db::Db;
use platform::in_tx;
use platform::queue::{self, Kind, Lane};
use platform_testing::databases;

fn id(n: i64) -> CrashId {
    format!("{n:08x}-cbbf-4589-a673-34f800260601").parse().unwrap()
}

/// Writes a row of this form.
async fn write(db: &Db, n: i64, date: i64, form: i64) {
    const FORM: &str = "UPDATE search_row SET schema = $2 WHERE crash_id = $1";
    let mut tx = db.begin_repeatable().await.unwrap();
    db::upsert_search_row(&mut tx, &id(n), date, 7, b"x").await.unwrap();
    in_tx!(&mut tx, |conn| sqlx::query(FORM)
        .bind(id(n).as_str())
        .bind(form)
        .execute(conn)
        .await
        .map(|_| ()))
    .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn older_rows_are_counted_by_form_and_listed_newest_first() {
    for test in databases().await {
        let db = &test.db;
        assert_eq!(db::older_forms(db).await.unwrap(), []);
        for (n, date, form) in [
            (1, 10, 3),
            (2, 30, 1),
            (3, 20, SCHEMA),
            (4, 20, 1),
            (5, 20, 3),
            (6, 40, 3),
            (7, 50, SCHEMA + 1),
        ] {
            write(db, n, date, form).await;
        }
        let mut tx = db.begin().await.unwrap();
        db::bury(&mut tx, &id(6), 40, 1).await.unwrap();
        queue::push(&mut tx, id(4).as_str(), Kind::Process, Lane::Standard, 0)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(db::older_forms(db).await.unwrap(), [(1, 2), (3, 2)]);

        let mut seen: Vec<OlderRow> = Vec::new();
        loop {
            let rows = db::older_rows(db, &[1, 3], seen.last(), 2).await.unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows);
        }
        let expected = [(2, 30, None), (5, 20, None), (4, 20, Some(0)), (1, 10, None)];
        let expected = expected.map(|(n, date, job)| OlderRow {
            crash_id: id(n).to_string(),
            date,
            job,
        });
        assert_eq!(seen, expected, "{}", db.engine());
        assert_eq!(db::older_rows(db, &[], None, 2).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_long_list_of_older_rows_is_not_counted_whole() {
    for test in databases().await {
        const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) \
            VALUES ($1, 0, 0, FALSE, 2, NULL, $2)";
        let mut tx = test.db.begin_repeatable().await.unwrap();
        for n in 0..MOST_OLDER + 5 {
            in_tx!(&mut tx, |conn| sqlx::query(SQL)
                .bind(id(n).as_str())
                .bind(&b"x"[..])
                .execute(conn)
                .await
                .map(|_| ()))
            .unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(db::older_forms(&test.db).await.unwrap(), [(2, MOST_OLDER)]);
    }
}

#[tokio::test]
async fn a_row_is_renewed_only_for_the_write_that_it_is_of() {
    async fn renew(db: &Db, n: i64, version: i64) -> bool {
        let mut tx = db.begin().await.unwrap();
        let renewed = db::renew_search_row(&mut tx, &id(n), version, b"new").await.unwrap();
        tx.commit().await.unwrap();
        renewed
    }
    for test in databases().await {
        let db = &test.db;
        write(db, 1, 10, 2).await;
        assert!(!renew(db, 2, 7).await, "there is none");
        assert!(!renew(db, 1, 6).await && !renew(db, 1, 8).await, "of another write");
        assert_eq!(db::form_of(db, &id(1)).await.unwrap(), Some((2, 7)));
        crashstore::sequence::step(db, "test", 1).await.unwrap();
        let before = db::search_rows_after(db, db::Place::default(), 9).await.unwrap().rows;
        assert!(renew(db, 1, 7).await);
        assert!(!renew(db, 1, 7).await, "it has the newest form");
        assert_eq!(db::form_of(db, &id(1)).await.unwrap(), Some((SCHEMA, 7)));
        assert_eq!(db::unnumbered(db).await.unwrap(), 1);
        crashstore::sequence::step(db, "test", 1).await.unwrap();
        let after = db::search_rows_after(db, db::Place::default(), 9).await.unwrap().rows;
        assert_eq!((after.len(), after[0].date, &after[0].doc[..]), (1, 10, &b"new"[..]));
        assert!(after[0].seq > before[0].seq);
        // A row of a newer release stays as it is, and so does a deleted one.
        write(db, 1, 10, SCHEMA + 1).await;
        assert!(!renew(db, 1, 7).await);
        write(db, 1, 10, 1).await;
        let mut tx = db.begin().await.unwrap();
        db::bury(&mut tx, &id(1), 10, 1).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!renew(db, 1, 7).await && !renew(db, 1, 1).await);
        assert_eq!(db::form_of(db, &id(1)).await.unwrap(), None);
    }
}
