//! A full disk fails a write, and only that write.

use platform::db::{Db, DbError, Tx, progress, set_progress};
use platform::in_tx;
use platform_testing::databases;

async fn write(db: &Db, bytes: usize) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO search_row (crash_id, date, row_version, deleted, schema, seq, doc) \
        VALUES ('x', 0, 0, FALSE, 0, 0, $1)";
    let mut tx: Tx = db.begin().await?;
    let doc = vec![7_u8; bytes];
    in_tx!(&mut tx, |conn| sqlx::query(SQL)
        .bind(doc)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

#[tokio::test]
async fn after_a_write_that_found_the_disk_full_the_next_one_works() {
    let test = databases().await.remove(0);
    let Db::Sqlite(sqlite) = &test.db else {
        panic!("the first database is SQLite");
    };
    // The engine's own simulation of a full disk: no page can be added.
    sqlx::query("PRAGMA max_page_count = 1")
        .execute(&sqlite.write)
        .await
        .unwrap();
    assert!(write(&test.db, 10_000_000).await.is_err());
    let mut tx = test.db.begin().await.unwrap();
    set_progress(&mut tx, "x", 5).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(progress(&test.db, "x").await.unwrap(), 5);
}
