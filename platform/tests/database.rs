//! What both databases have in common beyond SQL: a time limit, telling a missing schema from a failure, and texts that
//! compare byte by byte.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use platform::db::{Db, DbError, Schema};
use platform::http::ApiError;
use platform::on;
use platform_testing::{database_settings, databases};

/// Counts to a number so high that it takes minutes.
const SLOW: &str = "\
    WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT COUNT(*) \
    FROM n";

async fn count_to(db: &Db, limit: i64) -> Result<i64, DbError> {
    Ok(on!(db, |pool| sqlx::query_scalar(SLOW)
        .bind(limit)
        .fetch_one(pool)
        .await)?)
}

#[tokio::test]
async fn a_slow_statement_is_broken_off_and_says_so() {
    for test in databases().await {
        let mut settings = test.settings.clone();
        settings.statement_seconds = 1;
        let db = Db::open(&settings, test.folder.path()).await.unwrap();
        // A reused connection is limited like a new one.
        for _ in 0..2 {
            let begun = Instant::now();
            let error = count_to(&db, 4_000_000_000).await.unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
            assert!(matches!(error, DbError::TooSlow(_)), "{error}");
            assert!(error.to_string().starts_with("the database took too long"), "{error}");
            let within = anyhow::Error::from(error).context("listing");
            let told = ApiError::from(within);
            assert_eq!(told.status(), (StatusCode::SERVICE_UNAVAILABLE, "too_slow"));
            assert!(told.to_string().contains("the database took too long"), "{told}");
        }
        // The limit applies to each statement, not to the connection, which still works.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(count_to(&db, 1000).await.unwrap(), 1000);
        db.close().await;
    }
}

#[tokio::test]
async fn unhurried_connections_have_no_time_limit() {
    for test in databases().await {
        let mut settings = test.settings.clone();
        settings.statement_seconds = 1;
        let db = Db::open(&settings, test.folder.path()).await.unwrap();
        for unhurried in [
            db.unhurried(),
            Db::open(&settings.unhurried(), test.folder.path()).await.unwrap(),
        ] {
            // Counts to the end, so that no server goes on with it after the test.
            let mut limit = 1_000_000;
            loop {
                let begun = Instant::now();
                assert_eq!(count_to(&unhurried, limit).await.unwrap(), limit);
                if begun.elapsed() > Duration::from_millis(1200) {
                    break;
                }
                limit *= 2;
            }
            unhurried.close().await;
        }
        db.close().await;
    }
}

/// Only a missing table means that nothing has been migrated yet.
#[tokio::test]
async fn an_unreadable_schema_is_not_a_missing_one() {
    const STRANGE: &str = "CREATE TABLE _sqlx_migrations (strange TEXT)";
    for settings in database_settings().await {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&settings, folder.path()).await.unwrap();
        assert!(matches!(db.schema().await, Ok(Schema::Older { found: 0, .. })));
        match &db {
            Db::Sqlite(db) => sqlx::query(STRANGE).execute(&db.write).await.map(|_| ()),
            Db::Postgres(pool) => sqlx::query(STRANGE).execute(pool).await.map(|_| ()),
        }
        .unwrap();
        let found = db.schema().await;
        assert!(matches!(found, Err(DbError::Sql(_))), "{found:?}");
    }
}

/// Names are sorted by their bytes, and their ranges are the same as in Rust.
#[tokio::test]
async fn names_are_ordered_by_their_bytes() {
    const NAMES: [&str; 7] = ["a~", "a.b", "B", "a b", "é", "a", "firefox 15."];
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        for name in NAMES {
            platform::db::set_progress(&mut tx, name, 1).await.unwrap();
        }
        tx.commit().await.unwrap();
        let ordered: Vec<String> = on!(&test.db, |pool| sqlx::query_scalar(
            "SELECT name FROM progress ORDER BY name"
        )
        .fetch_all(pool)
        .await)
        .unwrap();
        let mut expected = NAMES.to_vec();
        expected.sort_unstable();
        assert_eq!(ordered, expected, "{}", test.db.engine());
        let range: Vec<String> = on!(&test.db, |pool| sqlx::query_scalar(
            "SELECT name FROM progress WHERE name >= 'a' AND name < 'a~'"
        )
        .fetch_all(pool)
        .await)
        .unwrap();
        assert_eq!(range.len(), 3, "{range:?}");
    }
}

/// No text is a key, or part of an index, in the cluster's own collation.
#[tokio::test]
async fn every_key_of_text_compares_by_bytes() {
    const SQL: &str = "SELECT t.relname || '.' || a.attname \
        FROM pg_index i \
        JOIN pg_class t ON t.oid = i.indrelid \
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey) \
        WHERE t.relnamespace = current_schema()::regnamespace AND a.atttypid = 'text'::regtype \
        AND a.attcollation <> (SELECT oid FROM pg_collation WHERE collname = 'C') \
        ORDER BY 1";
    for test in databases().await {
        if let Db::Postgres(pool) = &test.db {
            let others: Vec<String> = sqlx::query_scalar(SQL).fetch_all(pool).await.unwrap();
            assert_eq!(others, Vec::<String>::new());
        }
    }
}
